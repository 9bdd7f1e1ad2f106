/** A run for hooks, which compare objects: a run is one object that grows in place. */

import { useMemo } from "../html.js";

/** @import { Run } from "../types.js" */

/**
 * `{run}`, another object whenever the run or `stamp` is another. `stamp` says how far the run has come, as far as
 * that matters to what is made of it.
 *
 * @param {Run} run
 * @param {unknown} stamp
 */
export function useGrownRun(run, stamp) {
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the stamp stands for what has changed inside of the run
  return useMemo(() => ({ run }), [run, stamp]);
}

/**
 * What tables of a run wait for: a window, the end of the replay, the end of the run, figures of another part.
 *
 * @param {Run} run
 */
export const windowOf = (run) =>
  `${run.times.length} ${run.current} ${run.stop} ${run.part ? `${run.place} ${run.revision}` : ""}`;
