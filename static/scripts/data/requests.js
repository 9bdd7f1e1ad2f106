/** Asks for requests as they are filtered and grouped, and again whenever the run has new windows. */

import { useEffect, useRef, useState } from "../html.js";
import { createPoller } from "./poller.js";

/** @import { Api, FoundRequests, Run, Zoom } from "../types.js" */

/** No more often than somebody can read. */
const WAIT_MS = 2000;

/**
 * `{found, stale, problem, retry}`. `found` is what was answered last; `stale`: that was something else than what is
 * being asked for now, and comes in its place. Without a `query` nothing is asked.
 *
 * @param {Api} api
 * @param {Run} run
 * @param {Zoom | null} zoom
 * @param {[string, string][] | null} query
 * @param {string} stamp how far the run has come
 * @returns {{ found: FoundRequests | null, stale: boolean, problem: string | null, retry: () => void }}
 */
export function useRequests(api, run, zoom, query, stamp) {
  const [, redraw] = useState(0);
  const answer = useRef(/** @type {{ key: string | null, value: FoundRequests } | null} */ (null));
  const poller = useRef(/** @type {ReturnType<typeof createPoller> | null} */ (null));
  const key = query && JSON.stringify([run.id, zoom, query]);
  useEffect(() => {
    if (query === null) return undefined;
    const mine = createPoller(
      () => api.requests(run.id, query, zoom),
      () => {
        if (mine.state.value) answer.current = { key, value: mine.state.value };
        redraw((n) => n + 1);
      },
      { wait: WAIT_MS },
    );
    poller.current = mine;
    return () => {
      mine.close();
      poller.current = null;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the key stands for what is asked
  }, [api, key]);
  useEffect(() => poller.current?.request(stamp), [key, stamp]);
  const problem = (query && poller.current?.state.problem) || null;
  const stale = answer.current?.key !== key;
  return {
    // What was asked for and did not come is not what came before it.
    found: query === null || (stale && problem !== null) ? null : (answer.current?.value ?? null),
    stale,
    problem,
    retry: () => poller.current?.retry(),
  };
}
