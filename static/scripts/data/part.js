/** Asks for the figures of the part of a run that was chosen, and again while the part still grows. */

import { createShown, partOf, partQuery, unknownPart } from "../model/part.js";
import { useEffect, useRef, useState } from "../html.js";
import { createPoller } from "./poller.js";

/** @import { Api, Chosen, Part, Run, Zoom } from "../types.js" */

/** No more often than somebody can read. */
const WAIT_MS = 2000;
/** What comes sooner needs no word: the former figures stand until then. */
const DIM_MS = 150;
/** Parts that are remembered, so that the way back is short. */
const KEPT = 8;

/** @param {Zoom | null} zoom */
const keyOf = (zoom) => (zoom ? new URLSearchParams(partQuery(zoom)).toString() : null);

/**
 * How far a run has come, as far as that matters to a part of it: what lies in the past does not change.
 *
 * @param {Run} run
 * @param {Zoom} zoom
 */
export function stampOf(run, { to }) {
  const newest = run.times.at(-1) ?? 0;
  if (to !== null && newest >= to) return "complete";
  return run.stop === null ? `${newest}` : "over";
}

/**
 * A run with the figures of `zoom`; without one, with its own.
 *
 * @param {Api} api
 * @param {Run | null} run
 * @param {Zoom | null} zoom
 * @returns {Chosen}
 */
export function usePart(api, run, zoom) {
  const [, redraw] = useState(0);
  const state = useRef(/** @type {ReturnType<typeof createState> | null} */ (null));
  if (run && state.current?.run !== run) state.current = createState(run);
  const current = run ? state.current : null;
  const key = keyOf(zoom);
  // Before anything is drawn: what is named and what is shown are never of two parts.
  current?.choose(key);
  const ready = run !== null && (run.current || run.stop !== null);
  useEffect(() => {
    if (!current || !zoom || !ready) return undefined;
    return current.ask(api, zoom, () => redraw((n) => n + 1));
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the key stands for the part
  }, [api, current, key, ready]);
  const stamp = run && zoom ? stampOf(run, zoom) : null;
  useEffect(() => current?.request(stamp), [current, key, stamp, ready]);
  if (!current) return { shown: /** @type {any} */ (run), part: null, zoom, awaited: null, problem: null };
  const part = current.part();
  return {
    shown: current.shown,
    part,
    zoom: part && keyOf(part.zoom) === key ? part.drawn : zoom,
    awaited: current.awaited(zoom),
    problem: current.problem(key),
  };
}

/** @param {Run} run */
function createState(run) {
  const { shown, show } = createShown(run);
  /** @type {Map<string, Part>} */
  const kept = new Map();
  /** @type {ReturnType<typeof createPoller> | null} */
  let poller = null;
  /** @type {string | null} */
  let shownKey = null;
  /** @type {string | null} */
  let lateKey = null;
  /** @type {{ key: string, text: string } | null} */
  let problem = null;

  function take(key, part) {
    kept.delete(key);
    kept.set(key, part);
    if (kept.size > KEPT) kept.delete(/** @type {string} */ (kept.keys().next().value));
    shownKey = key;
    show(part);
  }

  return {
    run,
    shown,
    part: () => shown.part ?? null,
    problem: (key) => (problem !== null && problem.key === key ? problem.text : null),
    /** The part that the figures are not yet of, once that is worth a word. */
    awaited: (zoom) => (zoom && keyOf(zoom) !== shownKey && lateKey === keyOf(zoom) ? zoom : null),
    /** Shows what is known already. */
    choose(key) {
      if (key === shownKey) return;
      const known = key === null ? null : kept.get(key);
      if (known === undefined) return;
      shownKey = key;
      show(known);
    },
    ask(api, zoom, changed) {
      const key = /** @type {string} */ (keyOf(zoom));
      const late = setTimeout(() => {
        lateKey = key;
        if (shownKey !== key) changed();
      }, DIM_MS);
      const load = () => api.summary(run.id, zoom);
      const own = createPoller(
        load,
        () => {
          const { value, problem: text } = own.state;
          problem = text === null ? null : { key, text };
          if (text !== null && shownKey !== key) take(key, unknownPart(run, zoom));
          else if (value) take(key, partOf(run, zoom, value));
          changed();
        },
        { wait: WAIT_MS },
      );
      poller = own;
      return () => {
        clearTimeout(late);
        own.close();
        if (poller === own) poller = null;
        lateKey = null;
      };
    },
    request: (stamp) => poller?.request(stamp),
  };
}
