/**
 * Where axes begin, end and have their steps. Pure. The report's are in `report/src/axis.rs`;
 * `tests/axis-vectors.json` holds both to the same.
 */

import { axisUnit } from "../model/format.js";

/** @import { Unit } from "../types.js" */

/** A mark further than this above the data is named at the edge rather than allowed to flatten the data. */
const REACH = 2.5;

/**
 * The scale of values from `min` to `max` (null where there are none) and of `marks`, values that
 * should be in view if they are near: `{low, high, step, divisor, suffix}`, the divisor and the suffix
 * being those of the axis' unit.
 *
 * @param {Unit | null | undefined} unit
 */
export function scaleOf(unit, min, max, marks = []) {
  const none = min === null || max === null;
  // Zeros are flattened by nothing: the least mark is their measure.
  const least = Math.min(...marks.filter((mark) => mark > 0));
  const reach = min === 0 && max === 0 && Number.isFinite(least) ? least : Math.max(max * REACH, 0);
  const near = none ? marks : marks.filter((mark) => mark <= reach);
  // Above a mark there is room for its words.
  const top = Math.max(0, none ? 0 : max, ...near.map((mark) => mark * 1.06));
  const bottom = Math.min(0, none ? 0 : min, ...near);
  // No share is greater than the whole.
  const whole = unit === "ratio" && Math.max(none ? 0 : max, ...near) <= 1;
  let scale = stepped(
    unit,
    bottom,
    whole ? Math.min(1, top) : top,
    axisUnit(unit, Math.max(top, -bottom)),
    whole,
  );
  // 950 ms end at 1,000 ms, which is one second.
  const reached = axisUnit(unit, Math.max(scale.high, -scale.low));
  if (reached.divisor !== scale.divisor) scale = stepped(unit, bottom, top, reached, whole);
  return scale;
}

/** @param {Unit | null | undefined} unit */
function stepped(unit, bottom, top, { divisor, suffix }, whole) {
  const rough = niceStep((top - bottom || divisor) / 4, divisor);
  const step = unit === "count" ? Math.max(1, Number.isInteger(rough) ? rough : rough * 2) : rough;
  // A little more than the data, so that its line does not run along the edge.
  const room = top > 0 || bottom < 0 ? top * 1.02 : step * 4;
  const high = Math.ceil(room / step) * step;
  return {
    low: Math.floor(bottom / step) * step,
    high: whole ? Math.min(1, high) : high,
    step,
    divisor,
    suffix,
  };
}

/** The next of 1, 2, 2.5 and 5 times a power of ten, in the axis' unit. */
function niceStep(rough, divisor = 1) {
  const scaled = Math.max(rough / divisor, 2 ** -1022);
  const power = 10 ** Math.floor(Math.log10(scaled));
  const factor = [1, 2, 2.5, 5, 10].find((f) => f * power >= scaled * 0.999) ?? 10;
  return factor * power * divisor;
}

const CLOCK_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400,
];

/** The next step in seconds that a clock has. */
export function clockStep(rough) {
  return CLOCK_STEPS.find((s) => s >= rough) ?? Math.ceil(rough / 86400) * 86400;
}

/** Multiples of `step` from `min` to `max`. */
export function steps(min, max, step) {
  const found = [];
  for (let i = Math.ceil(min / step - 1e-6) + 0; i * step <= max + step * 1e-6; i += 1) found.push(i * step);
  return found;
}
