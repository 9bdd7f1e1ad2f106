/**
 * Runs of a test on one axis of elapsed time, and what the server's comparison of two says in signs. What is worse
 * or better is decided there and nowhere else. Pure. Runs are those of `run.js`.
 */

import { titleOf } from "./metric-tables.js";
import { formatExpression, isComplete, metaOf, outcomeOf } from "./thresholds.js";
import { drawnColumn, drawnWindows } from "./windows.js";

/** @import { ComparedFigure, Comparison, Run, Says, State } from "../types.js" */

/** How each of the document's words looks. */
/** @type {Record<Says, { state: State | null, word: string }>} */
export const SAYS = {
  worse: { state: "bad", word: "worse" },
  better: { state: "good", word: "better" },
  differs: { state: "warning", word: "differs" },
  none: { state: null, word: "no difference shown" },
  little: { state: null, word: "too little data" },
  unknown: { state: "unknown", word: "chance not known" },
  unlike: { state: null, word: "loads differ" },
  added: { state: "info", word: "added" },
  gone: { state: "info", word: "gone" },
  shown: { state: null, word: "not judged" },
};

/** What a table shows without being asked. */
const NEWS = new Set(["worse", "better", "differs", "unknown", "added", "gone"]);

/** @param {ComparedFigure} row */
export const isNews = (row) => NEWS.has(row.says);

/** `{worse, better, rest}`: how many figures say what. */
export function tallyFigures(figures) {
  const count = { worse: 0, better: 0, rest: 0 };
  for (const { says } of figures) count[says === "worse" || says === "better" ? says : "rest"] += 1;
  return count;
}

/**
 * The figures of some of the document's tables; what only one of the runs has is one row for all of its figures.
 *
 * @param {Comparison} comparison
 * @param {string[]} tables
 */
export function figuresOf(comparison, tables) {
  const alone = new Set();
  return comparison.figures.filter((row) => {
    if (!tables.includes(row.table)) return false;
    if (row.says !== "added" && row.says !== "gone") return true;
    const subject = JSON.stringify([row.key, row.key ? "" : row.metric]);
    if (alone.has(subject)) return false;
    alone.add(subject);
    return true;
  });
}

/**
 * What heads a figure: `p95`, `Failed`.
 *
 * @param {ComparedFigure} row
 */
export function figureTitle({ table, metric, figure, unit }) {
  if (metric === "http_req_failed" && table === "requests") return "Failed";
  if (table === "checks") return "Passed";
  return titleOf(figure === "rate" ? (unit === "ratio" ? "rate" : "counter") : "trend", figure);
}

/**
 * A figure of the run as a whole.
 *
 * @param {Comparison | null} comparison
 * @returns {ComparedFigure | null}
 */
export function figureOf(comparison, metric, aggregate) {
  const found = comparison?.figures.find(
    (row) => row.metric === metric && row.figure === aggregate && !row.key?.length,
  );
  return found ?? null;
}

/**
 * Rows of the thresholds of both, each with what it comes to in the shown run and in the other (`outcomeOf`), null
 * where it is none of that run's.
 *
 * @param {Comparison} comparison
 * @param {Run} run
 * @param {Run} other
 */
export function thresholdRows(comparison, run, other) {
  const outcome = (of, row, passes) => {
    const own = of.thresholds.find((t) => t.metric === row.metric && t.expression === row.expression);
    return own ? outcomeOf({ ...own, passes }, isComplete(of)) : null;
  };
  const complete = isComplete(run) && isComplete(other);
  return comparison.thresholds.map((row) => ({
    ...row,
    complete,
    limit: formatExpression(row.expression, metaOf(run, row.metric) ?? metaOf(other, row.metric)),
    outcome: outcome(run, row, row.passes),
    was: outcome(other, row, row.passed),
  }));
}

/** Ends of the windows of two, in seconds since each began, ascending and without repetition. */
export function commonTimes(a, b) {
  const found = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const next = j >= b.length || (i < a.length && a[i] <= b[j]) ? a[i++] : b[j++];
    // Times are whole ms: closer ones are the same.
    if (found.length === 0 || next - found.at(-1) > 0.0005) found.push(next);
  }
  return found;
}

/**
 * A column on another axis: between two windows what the line between them says, null where either
 * has nothing and outside of the run. At its own windows it is itself, so that the line keeps its shape.
 */
export function resample(times, values, axis) {
  let i = 0;
  return axis.map((at) => {
    while (i < times.length && times[i] < at - 0.0005) i += 1;
    if (i >= times.length) return null;
    const value = values[i] ?? null;
    if (times[i] <= at + 0.0005) return value;
    const before = i > 0 ? (values[i - 1] ?? null) : null;
    if (before === null || value === null) return null;
    return before + ((value - before) * (at - times[i - 1])) / (times[i] - times[i - 1]);
  });
}

/**
 * One metric's aggregate of several runs on one axis: `{times, columns}`, a column for each run.
 *
 * @param {Run[]} runs
 * @param {string} metric
 * @param {string} aggregate
 */
export function overlay(runs, metric, aggregate) {
  const windows = runs.map((of) => drawnWindows(of));
  const times = windows.map((of) => of.times).reduce(commonTimes, []);
  return {
    times,
    columns: runs.map((of, i) =>
      resample(windows[i].times, drawnColumn(of, windows[i], metric, aggregate), times),
    ),
  };
}

/**
 * The run to compare with where nobody has chosen: the test's baseline, else the run before. `runs`
 * are items of `GET /runs`; null where there is none.
 */
export function defaultOther(runs, shown) {
  const others = runs.filter((item) => item.test === shown.test && item.id !== shown.id);
  const baseline = others.find((item) => item.baseline);
  if (baseline) return baseline;
  const older = others.filter((item) => item.start <= shown.start).sort((a, b) => b.start - a.start);
  return older[0] ?? null;
}
