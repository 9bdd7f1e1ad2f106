/** Wanted against achieved: what scenarios of an arrival rate asked for, in words. Pure. */

import { format } from "./format.js";

/**
 * `{state, title, lines}` of `health.wanted`; lines are `{scenario, text}`. Loud where the load was
 * less than the test asked for.
 */
export function describeWanted(wanted) {
  const short = wanted.some((row) => row.short);
  const lines = wanted.map((row) => ({ scenario: row.scenario, text: describeRow(row) }));
  return {
    state: short ? "bad" : "none",
    title: short ? "The load that was asked for was not reached." : "Wanted against achieved:",
    lines,
  };
}

function describeRow({ wanted, reached, dropped, seconds }) {
  const over = Math.max(seconds, 1);
  const figure = (count, of = "") =>
    count === null ? "not known" : `${format(count, "count")}${of} (${format(count / over, "rate")})`;
  return `wanted ${figure(wanted, " iterations")}, reached ${figure(reached)}, dropped ${format(dropped, "count")}`;
}
