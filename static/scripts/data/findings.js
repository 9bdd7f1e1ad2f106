/** What an expert would notice in the shown run, asked of the server; and which kinds of it a test has muted. */

import { useCallback, useEffect, useRef, useState } from "../html.js";
import { createPoller } from "./poller.js";

/** @import { Api, Findings, Session } from "../types.js" */

/** How often a live run is looked at again: its course changes slowly. */
const LIVE_MS = 30_000;

/**
 * `{found, problem, mute}`: `found` is null before the first answer. Without an answer nothing is said: a page
 * is no worse for it. `mute(kinds)` mutes these and no others, for all runs of the test.
 *
 * @param {Api} api
 * @param {Session} session
 */
export function useFindings(api, session) {
  const { phase, info } = session.state;
  const id = phase === "run" ? info.id : null;
  const live = phase === "run" && info.state === "live";
  const [found, setFound] = useState(/** @type {Findings | null} */ (null));
  const [problem, setProblem] = useState(/** @type {string | null} */ (null));
  const poller = useRef(null);

  useEffect(() => {
    setProblem(null);
    if (id === null) return undefined;
    let turn = 0;
    const mine = createPoller(
      () => api.findings(id),
      () => {
        if (mine.state.value) setFound(mine.state.value);
      },
      { wait: 0 },
    );
    poller.current = mine;
    const ask = () => document.visibilityState === "visible" && mine.request((turn += 1));
    ask();
    const timer = live ? setInterval(ask, LIVE_MS) : null;
    return () => {
      mine.close();
      clearInterval(timer ?? undefined);
    };
  }, [api, id, live]);

  const test = found?.test;
  const mute = useCallback(
    async (kinds) => {
      try {
        await api.muteFindings(test, kinds);
        setProblem(null);
      } catch (error) {
        setProblem(error.message);
      }
      poller.current?.retry();
    },
    [api, test],
  );
  return { found: found?.run === id ? found : null, problem, mute };
}
