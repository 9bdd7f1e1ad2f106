/** Bands of good and poor that a metric's makers give, as `{good, poor}`. Pure. */

/** @import { State } from "../types.js" */

/**
 * Where a figure stands: up to `good` it is good, above `poor` it is poor.
 *
 * @param {{ good: number, poor: number }} bands
 * @param {number} figure
 * @returns {{ state: State, word: string }}
 */
export function bandOf({ good, poor }, figure) {
  if (figure <= good) return { state: "good", word: "good" };
  if (figure <= poor) return { state: "warning", word: "needs improvement" };
  return { state: "bad", word: "poor" };
}
