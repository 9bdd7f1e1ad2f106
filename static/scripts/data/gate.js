/** Asks for the gate's verdicts: of the shown run as long as it may change, and of the newest runs of a test. */

import { useCallback, useEffect, useRef, useState } from "../html.js";
import { createPoller } from "./poller.js";

/** @import { Api, Gate, GateVerdict, RunItem, Session } from "../types.js" */

/** How often the verdict of a live run is asked for; somebody has to be looking. */
const LIVE_MS = 5000;
/** How often it is asked for again after the end, where the server had none or not yet its last. */
const TRIES = 5;
/** How many runs' objectives are compared. */
const COMPARED = 20;

/**
 * The verdict of the shown run. While the run is live its stream tells it; without a stream it is asked for every
 * few seconds, after its end until the last word is there, and when somebody comes back to the page.
 *
 * @param {Api} api
 * @param {Session} session
 * @returns {Gate}
 */
export function useGate(api, session) {
  const { phase, info } = session.state;
  const [, redraw] = useState(0);
  const held = useRef(
    /** @type {{ id: string | null, verdict: GateVerdict | null, problem: string | null }} */ (none(null)),
  );
  const poller = useRef(null);
  const id = phase === "run" && info.state !== null ? info.id : null;
  const live = id !== null && info.state === "live";
  // The stream tells it, too.
  const told = id === null ? null : (session.state.run?.verdict ?? null);
  const heard = useRef(/** @type {GateVerdict | null} */ (null));
  if (told !== null && told !== heard.current) {
    heard.current = told;
    held.current = { id, verdict: told, problem: null };
  }

  useEffect(() => {
    if (held.current.id !== id) held.current = none(id);
    if (id === null) return undefined;
    let turn = 0;
    let tries = 0;
    const mine = createPoller(
      () => api.verdict(id),
      () => {
        const { problem } = mine.state;
        const value = /** @type {GateVerdict | null} */ (mine.state.value);
        held.current = { id, verdict: value ?? held.current.verdict, problem };
        const { run } = session.state;
        if (value && run?.id === id) heard.current = run.verdict = value;
        if (!live && value && !value.provisional) clearInterval(timer);
        redraw((n) => n + 1);
      },
      { wait: LIVE_MS },
    );
    const streams = () => live && session.state.connected && heard.current?.run === id;
    const ask = () => document.visibilityState === "visible" && !streams() && mine.request((turn += 1));
    const timer = setInterval(() => {
      if (!live && (tries += 1) >= TRIES) clearInterval(timer);
      ask();
    }, LIVE_MS);
    poller.current = mine;
    ask();
    document.addEventListener("visibilitychange", ask);
    return () => {
      mine.close();
      clearInterval(timer);
      document.removeEventListener("visibilitychange", ask);
    };
  }, [api, session, id, live]);

  /** Judges by what is in force now; whether that came to another verdict than before. */
  const judge = useCallback(async () => {
    const before = held.current;
    if (before.id === null) return false;
    const verdict = await api.judge(before.id);
    if (held.current.id !== before.id) return false;
    if (poller.current) poller.current.state.value = verdict;
    held.current = { id: before.id, verdict, problem: null };
    redraw((n) => n + 1);
    return verdict.number !== before.verdict?.number;
  }, [api]);

  const { verdict, problem } = held.current.id === id ? held.current : none(id);
  return { verdict, problem, judge, retry: () => poller.current?.retry() };
}

const none = (id) => ({ id, verdict: null, problem: null });

/**
 * Verdicts by id of the newest runs that have one, asked for one after the other; null before the first.
 *
 * @param {Api} api
 * @param {RunItem[]} items oldest first
 */
export function useVerdicts(api, items) {
  const [verdicts, setVerdicts] = useState(() => /** @type {Map<string, GateVerdict>} */ (new Map()));
  const known = useRef(/** @type {Map<string, { state: any, verdict: GateVerdict }>} */ (new Map()));
  const wanted = items.slice(-COMPARED).filter((item) => item.verdict);
  const stamp = wanted.map(({ id, verdict }) => `${id} ${verdict}`).join();
  const list = useRef(wanted);
  list.current = wanted;

  useEffect(() => {
    let here = true;
    async function ask() {
      for (const { id, verdict: state } of [...list.current].reverse()) {
        if (known.current.get(id)?.state === state) continue;
        try {
          known.current.set(id, { state, verdict: await api.verdict(id) });
        } catch {
          // One that cannot be had leaves a gap.
          continue;
        }
        if (!here) return;
        setVerdicts(new Map([...known.current].map(([run, { verdict }]) => [run, verdict])));
      }
    }
    ask();
    return () => {
      here = false;
    };
  }, [api, stamp]);
  return { compared: items.slice(-COMPARED), verdicts };
}
