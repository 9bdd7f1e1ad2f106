/**
 * Turns figures into text: the only place where numbers become strings. Pure.
 *
 * Three significant digits, kept in full (`0.550`) so that live figures do not change their width;
 * whole counts exactly; thousands separated; one minus sign (U+2212); a no-break space before
 * units. `report/src/format.rs` follows the same rules, and both are held to
 * `tests/format-vectors.json`.
 */

/** @import { Metric } from "../types.js" */

/** Stands where there is no figure. */
export const NOTHING = "–";

const MINUS = "−";
const SPACE = "\u00a0";
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Steps of a unit, each with how many of the base unit (ms, byte) it holds, smallest first. */
const TIME = [
  [1e-6, "ns"],
  [1e-3, "µs"],
  [1, "ms"],
  [1e3, "s"],
  [6e4, "min"],
  [36e5, "h"],
];
const DATA = [
  [1, "B"],
  [1e3, "kB"],
  [1e6, "MB"],
  [1e9, "GB"],
  [1e12, "TB"],
  [1e15, "PB"],
];

/**
 * A figure as text.
 *
 * `unit` is `time` (ms), `data` (bytes), `data/s`, `ratio` (shown as a percentage), `rate` (per
 * second), `count` (whole numbers exactly) or `number`. With `trim`, zeros at the end go: for
 * limits and axes, which stand still.
 */
export function format(value, unit = "number", { trim = false } = {}) {
  if (value === null || value === undefined || !Number.isFinite(value)) return NOTHING;
  const text = magnitude(Math.abs(value), unit, trim);
  return value < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}

/** A difference as text: what is more says so, `+12.0 %`. */
export function signed(value, unit = "number") {
  const text = format(value, unit);
  return value > 0 ? `+${text}` : text;
}

function magnitude(value, unit, trim) {
  switch (unit) {
    case "time":
      return stepped(value, TIME, 2, "", trim);
    case "data":
      return stepped(value, DATA, 0, "", trim);
    case "data/s":
      return stepped(value, DATA, 0, "/s", trim);
    case "ratio":
      return percent(value * 100, trim) + SPACE + "%";
    case "rate":
      return significant(value, trim) + "/s";
    case "count":
      return Number.isInteger(value) && value < 1e15 ? group(String(value)) : significant(value, trim);
    default:
      return significant(value, trim);
  }
}

/** Chooses the step by the rounded value, so that 999.9 ms is 1.00 s and never 1000 ms. */
function stepped(value, steps, base, suffix, trim) {
  if (value === 0) return "0" + SPACE + steps[base][1] + suffix;
  let i = 0;
  while (i + 1 < steps.length && round3(value / steps[i][0]) * steps[i][0] >= steps[i + 1][0]) i += 1;
  const [size, name] = steps[i];
  const whole = steps === DATA && i === 0 && Number.isInteger(value);
  // 59.96 s rounds up into minutes, of which it is a little less than one.
  const scaled = i > 0 ? Math.max(1, value / size) : value / size;
  return (whole ? String(value) : significant(scaled, trim)) + SPACE + name + suffix;
}

/** Nothing but zero is `0`, and nothing but all is `100`: a single failure is never rounded away. */
function percent(value, trim) {
  if (value > 0 && value < 0.01) return "<0.01";
  if (value < 100 && round3(value) >= 100) return "99.9";
  return significant(value, trim || value === 100);
}

function round3(value) {
  return Number(value.toPrecision(3));
}

function significant(value, trim) {
  if (value === 0) return "0";
  const rounded = round3(value);
  if (rounded >= 1e15 || rounded < 1e-6) return scientific(value);
  if (rounded >= 1000) return group(Math.round(value).toFixed(0));
  const decimals = Math.max(0, 2 - exponentOf(rounded));
  const text = rounded.toFixed(decimals);
  return trim && decimals > 0 ? text.replace(/\.?0+$/, "") : text;
}

function exponentOf(value) {
  return Number(value.toExponential().split("e")[1]);
}

function scientific(value) {
  const [digits, exponent] = value.toExponential(2).split("e");
  const raised = [...String(Math.abs(Number(exponent)))].map((digit) => SUPERSCRIPTS[Number(digit)]).join("");
  return `${digits}×10${Number(exponent) < 0 ? "⁻" : ""}${raised}`;
}

function group(digits) {
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

/**
 * The unit of a metric's aggregate, as `format` takes it. `meta` is `{type, contains}`.
 *
 * @param {Pick<Metric, "type" | "contains"> | undefined} meta
 * @param {string} aggregate
 */
export function unitOf(meta, aggregate = "") {
  const contains = meta?.contains;
  if (aggregate === "passes" || aggregate === "fails") return "count";
  switch (meta?.type) {
    case "counter":
      if (aggregate === "rate") return contains === "data" ? "data/s" : "rate";
      return contains === "data" || contains === "time" ? contains : "count";
    case "gauge":
      return contains === "data" || contains === "time" ? contains : "count";
    case "rate":
      return "ratio";
    default:
      if (aggregate === "count") return "count";
      return contains === "data" || contains === "time" ? contains : "number";
  }
}

/** One unit for a whole axis: what to divide its values by, and what to write behind the topmost. */
export function axisUnit(unit, max) {
  const pick = (steps, suffix) => {
    const [size, name] = steps.findLast(([step]) => max >= step) ?? steps[0];
    return { divisor: size, suffix: SPACE + name + suffix };
  };
  switch (unit) {
    case "time":
      return max > 0 ? pick(TIME, "") : { divisor: 1, suffix: SPACE + "ms" };
    case "data":
      return pick(DATA, "");
    case "data/s":
      return pick(DATA, "/s");
    case "ratio":
      return { divisor: 0.01, suffix: SPACE + "%" };
    case "rate":
      return { divisor: 1, suffix: "/s" };
    default:
      return { divisor: 1, suffix: "" };
  }
}

/** An axis label: `value` in the unit that `axisUnit` gave, with no more digits than its step needs. */
export function formatTick(value) {
  return format(Number(value.toPrecision(12)), "count", { trim: true });
}

/** Elapsed time as a clock: `0:32`, `1:02:03`. Whole seconds, rounded down. */
export function clock(ms) {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return NOTHING;
  const seconds = Math.floor(Math.abs(ms) / 1000);
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const head = hours > 0 ? `${hours}:${two(minutes)}` : String(minutes);
  return `${ms <= -1000 ? MINUS : ""}${head}:${two(seconds % 60)}`;
}

/** A span as people say it: `12 s`, `2 min`, `3 h`. Whole units, rounded. */
export function span(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds}${SPACE}s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)}${SPACE}min`;
  return `${Math.round(seconds / 3600)}${SPACE}h`;
}

/** The reader's time zone at a moment: `CET`, `GMT-5`, `UTC`. */
export function zone(ms) {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" }).formatToParts(ms);
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
}

/** A moment in the reader's own time zone, which it names: `2026-11-21 01:41:52 CET`. */
export function moment(ms) {
  return Number.isFinite(ms) ? `${wallClock(ms)} ${zone(ms)}` : NOTHING;
}

/** The same without its zone, for columns whose head has it. */
export function wallClock(ms) {
  if (!Number.isFinite(ms)) return NOTHING;
  const at = new Date(ms);
  const two = (n) => String(n).padStart(2, "0");
  return (
    `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ` +
    `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
  );
}

/** `3 thresholds`, `1 threshold`. */
export function plural(count, one, many = one + "s") {
  return `${format(count, "count")}${SPACE}${count === 1 ? one : many}`;
}
