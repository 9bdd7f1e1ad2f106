/**
 * How a line's figures went, in words, for those who do not see it. The report's are in `report/src/course.rs`;
 * `tests/course-vectors.json` holds both to the same.
 */

/** Fewer figures lead nowhere. */
const FEW = 6;
/** Less is no trend. */
const APART = 0.1;

/**
 * The least and the greatest figure, and where they led: the mean of the last third against that of the first.
 *
 * @param {(number | null)[]} values
 * @returns {{ min: number, max: number, trend: "rising" | "falling" | "steady" | null } | null}
 */
export function courseOf(values) {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  const [min, max] = known.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [known[0], known[0]]);
  if (known.length < FEW) return { min, max, trend: null };
  const third = Math.floor(known.length / 3);
  const mean = (/** @type {number[]} */ some) => some.reduce((sum, value) => sum + value, 0) / some.length;
  const [first, last] = [mean(known.slice(0, third)), mean(known.slice(-third))];
  const apart = Math.abs(last - first) > APART * Math.abs(first);
  return { min, max, trend: apart ? (last > first ? "rising" : "falling") : "steady" };
}
