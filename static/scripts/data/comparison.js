/** What the server says of the shown run against another one. */

import { useEffect, useState } from "../html.js";

/** @import { Api, ComparisonState, Zoom } from "../types.js" */

/** The server reads both runs whole: while one goes on, this is often enough. */
const AGAIN_MS = 15_000;

/** @type {ComparisonState} */
const NOTHING_YET = { comparison: null, problem: null, known: false };

/**
 * The comparison with `other`, or with the baseline where that is null; asked again while a run goes on, and where
 * `stamp` is another. Without an `id` nothing is asked.
 *
 * @param {Api} api
 * @param {string | null} id
 * @param {string | null} other
 * @param {{ zoom?: Zoom | null, stamp?: unknown }} [asked]
 * @returns {ComparisonState}
 */
export function useComparison(api, id, other, { zoom = null, stamp } = {}) {
  const asked = JSON.stringify([id, other, zoom]);
  const [state, setState] = useState({ asked: "", ...NOTHING_YET });
  useEffect(() => {
    if (id === null) return undefined;
    const run = id;
    let wanted = true;
    /** @type {number | undefined} */
    let timer;
    async function ask() {
      const found = { asked, ...NOTHING_YET, known: true };
      try {
        found.comparison = await api.comparison(run, { other, zoom: JSON.parse(asked)[2] });
      } catch (error) {
        found.problem = error.message;
      }
      if (!wanted) return;
      setState(found);
      if (found.comparison?.provisional) timer = setTimeout(ask, AGAIN_MS);
    }
    void ask();
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [api, id, other, asked, stamp]);
  return state.asked === asked ? state : NOTHING_YET;
}
