/**
 * What two runs of a test have different: figures, their direction, and both on one axis of elapsed
 * time. Pure. `run` is the one that is shown, `other` the one that it is compared with; both are
 * runs of `run.js`.
 */

import { checkName } from "./export.js";
import { unitOf } from "./format.js";
import { elapsed, peak, splitName, total } from "./run.js";
import { METRIC_TABLES, titleOf } from "./metric-tables.js";
import { isComplete, metaOf, outcomeOf, parseExpression, formatExpression } from "./thresholds.js";
import { drawnColumn, drawnWindows } from "./windows.js";

/** @import { Metric, Run, Threshold, Unit } from "../types.js" */

/** A smaller share of the figure is noise. */
const SAME = 0.01;
/** Runs whose lengths differ by more have counts that cannot be compared. */
const SAME_LENGTH = 0.05;

const MORE_IS_BETTER = new Set(["http_reqs", "iterations", "checks", "grpc_reqs"]);
const LESS_IS_BETTER = new Set(["http_req_failed", "dropped_iterations", "browser_http_req_failed"]);

/**
 * 1 where a higher figure is better, -1 where a lower one is, 0 where nobody can say. What k6's own
 * metrics mean is known; of others, times are better short, and a threshold says which way its
 * metric should go.
 *
 * @param {string} name
 * @param {Metric | undefined} meta
 * @param {string} aggregate
 * @param {Threshold[]} [thresholds]
 */
export function direction(name, meta, aggregate, thresholds = []) {
  const { metric } = splitName(name);
  if (meta?.type === "trend" && aggregate === "count") return 0;
  if (MORE_IS_BETTER.has(metric)) return 1;
  if (LESS_IS_BETTER.has(metric)) return -1;
  if (meta?.type === "trend" && (meta.contains === "time" || metric.startsWith("browser_web_vital_")))
    return -1;
  const directions = new Set(
    thresholds.filter((t) => splitName(t.metric).metric === metric).map((t) => directionOf(t.expression)),
  );
  directions.delete(0);
  return directions.size === 1 ? [...directions][0] : 0;
}

/** @param {string} expression */
function directionOf(expression) {
  const operator = parseExpression(expression)?.operator ?? "";
  if (operator.startsWith(">")) return 1;
  return operator.startsWith("<") ? -1 : 0;
}

/**
 * Two figures against each other: `{value, other, difference, share, verdict, score}`. `share` is of
 * the other figure, null where that is zero or missing. `verdict` is `better`, `worse`, `same`,
 * `higher`, `lower`, `added` (only the shown run has it), `gone` or, where neither has it, null.
 * `score` orders from the worst (greatest) to the best.
 * @param {number | null | undefined} value
 * @param {number | null | undefined} other
 */
export function difference(value, other, goodDirection) {
  if (!isFigure(value) || !isFigure(other)) {
    const has = isFigure(value);
    const had = isFigure(other);
    const verdict = has ? "added" : had ? "gone" : null;
    const score = has ? 2.4 : had ? 2.5 : 0;
    return {
      value: has ? value : null,
      other: had ? other : null,
      difference: null,
      share: null,
      verdict,
      score,
    };
  }
  const change = value - other;
  const share = other === 0 ? (change === 0 ? 0 : null) : change / Math.abs(other);
  const size = share === null ? Infinity : Math.abs(share);
  const verdict = verdictOf(change, size, goodDirection);
  return { value, other, difference: change, share, verdict, score: scoreOf(verdict, size) };
}

/**
 * @param {number | null | undefined} value
 * @returns {value is number}
 */
function isFigure(value) {
  return value !== null && value !== undefined && Number.isFinite(value);
}

function verdictOf(change, size, goodDirection) {
  if (change === 0 || size < SAME) return "same";
  if (goodDirection === 0) return change > 0 ? "higher" : "lower";
  return change > 0 === goodDirection > 0 ? "better" : "worse";
}

function scoreOf(verdict, size) {
  const part = size === Infinity ? 1 : size / (1 + size);
  if (verdict === "worse") return 3 + part;
  if (verdict === "better") return -part;
  return verdict === "same" ? 0.5 : 1 + part;
}

/** Worst first; what is equally bad keeps its order. */
function byWorst(rows) {
  return [...rows].sort((a, b) => b.score - a.score);
}

/** `{worse, better, same, rest}`: how many rows say what. Without data on either side nothing changed. */
export function tallyRows(rows) {
  const count = { worse: 0, better: 0, same: 0, rest: 0 };
  for (const { verdict } of rows)
    count[Object.hasOwn(count, verdict ?? "same") ? (verdict ?? "same") : "rest"] += 1;
  return count;
}

/**
 * Whether the runs lasted about as long, so that their counts can be compared.
 *
 * @param {Run} run
 * @param {Run} other
 */
function sameLength(run, other) {
  const a = elapsed(run);
  const b = elapsed(other);
  return Math.abs(a - b) <= SAME_LENGTH * Math.max(a, b);
}

/**
 * Every aggregate of every metric: rows `{id, name, figure, unit, …difference}`.
 *
 * @param {Run} run
 * @param {Run} other
 */
export function compareMetrics(run, other) {
  const names = new Set([...run.metrics.keys(), ...other.metrics.keys()]);
  names.delete("time");
  const countable = sameLength(run, other);
  const thresholds = [...run.thresholds, ...other.thresholds];
  const rows = [...names].sort().flatMap((name) => {
    const meta = /** @type {Metric} */ (run.metrics.get(name) ?? other.metrics.get(name));
    const found = aggregatesOf(run, other, meta.type).flatMap((aggregate) => {
      const counts = meta.type === "counter" && aggregate === "count";
      const goodDirection = counts && !countable ? 0 : direction(name, meta, aggregate, thresholds);
      const row = difference(total(run, name, aggregate), total(other, name, aggregate), goodDirection);
      if (row.verdict === null) return [];
      return [
        {
          id: `${name} ${aggregate}`,
          name,
          figure: titleOf(meta.type, aggregate),
          unit: unitOf(meta, aggregate),
          ...row,
        },
      ];
    });
    return onceWhereAlone(found, "p95");
  });
  return byWorst(rows);
}

/** What only one of the runs has is one row, with the figure that says most, not one for every figure. */
function onceWhereAlone(rows, figure) {
  const alone =
    rows.length > 0 && rows.every((row) => row.verdict === rows[0].verdict && row.difference === null);
  return alone ? [rows.find((row) => row.figure === figure) ?? rows[0]] : rows;
}

/**
 * In the tables' order, then what only this test asks for.
 *
 * @param {Run} run
 * @param {Run} other
 */
function aggregatesOf(run, other, type) {
  const available = new Set([...(run.param.aggregates[type] ?? []), ...(other.param.aggregates[type] ?? [])]);
  const order = METRIC_TABLES.find((table) => table.type === type)?.columns ?? [];
  return [...order.filter((a) => available.has(a)), ...[...available].filter((a) => !order.includes(a))];
}

const REQUEST_FIGURES = [
  { figure: "Median", of: (row) => row.med, unit: "time", goodDirection: -1 },
  { figure: "p95", of: (row) => row.p95, unit: "time", goodDirection: -1 },
  { figure: "p99", of: (row) => row.p99, unit: "time", goodDirection: -1 },
  { figure: "Failed", of: (row) => row.failed, unit: "ratio", goodDirection: -1 },
  { figure: "Rate", of: (row) => row.rate, unit: "rate", goodDirection: 1 },
];
const CHECK_FIGURES = [
  { figure: "Passed", of: (row) => row.passes / (row.passes + row.fails), unit: "ratio", goodDirection: 1 },
];

/**
 * Rows `{id, name, parts, figure, unit, …difference}` of the requests of both.
 *
 * @param {Run} run
 * @param {Run} other
 */
export function compareRequests(run, other) {
  return compareTables(run.tables.requests, other.tables.requests, REQUEST_FIGURES, (key) => key.join(" "));
}

/**
 * @param {Run} run
 * @param {Run} other
 */
export function compareChecks(run, other) {
  return compareTables(run.tables.checks, other.tables.checks, CHECK_FIGURES, checkName);
}

function compareTables(rows, others, figures, nameOf) {
  const byKey = (list) => new Map(list.map((row) => [JSON.stringify(row.key), row]));
  const mine = byKey(rows);
  const theirs = byKey(others);
  const compared = [...new Set([...mine.keys(), ...theirs.keys()])].flatMap((key) => {
    const row = mine.get(key);
    const before = theirs.get(key);
    const parts = (row ?? before).key;
    const found = figures.flatMap(({ figure, of, unit, goodDirection }) => {
      const against = difference(row ? of(row) : null, before ? of(before) : null, goodDirection);
      if (against.verdict === null) return [];
      return [{ id: `${key} ${figure}`, name: nameOf(parts), parts, figure, unit, ...against }];
    });
    return onceWhereAlone(found, "p95");
  });
  return byWorst(compared);
}

/** A threshold that fails now and did not before is worse than any figure. */
const TURNED = 5;

/**
 * Rows of the thresholds of both: also `{expression, outcome, was}`, what the threshold comes to in
 * the shown run and in the other (`outcomeOf`), null where it is none of that run's; and `complete`, whether all
 * that would decide is known of both.
 *
 * @param {Run} run
 * @param {Run} other
 */
export function compareThresholds(run, other) {
  const key = (t) => JSON.stringify([t.metric, t.expression]);
  const mine = new Map(run.thresholds.map((t) => [key(t), t]));
  const theirs = new Map(other.thresholds.map((t) => [key(t), t]));
  const countable = sameLength(run, other);
  const complete = isComplete(run) && isComplete(other);
  const rows = [...new Set([...mine.keys(), ...theirs.keys()])].map((id) => {
    const threshold = mine.get(id);
    const against = theirs.get(id);
    const { metric, expression } = /** @type {Threshold} */ (threshold ?? against);
    const meta = metaOf(run, metric) ?? metaOf(other, metric);
    const aggregate = parseExpression(expression)?.aggregate;
    const goodDirection = aggregate === "count" && !countable ? 0 : directionOf(expression);
    const found = difference(threshold?.observed, against?.observed, goodDirection);
    const row = {
      id,
      name: metric,
      figure: formatExpression(expression, meta),
      unit: unitOf(meta, aggregate),
      expression,
      outcome: threshold ? outcomeOf(threshold, isComplete(run)) : null,
      was: against ? outcomeOf(against, isComplete(other)) : null,
      complete,
      ...found,
    };
    if (!threshold || !against) {
      const verdict = threshold ? "added" : "gone";
      return { ...row, verdict, score: verdict === "gone" ? 2.5 : 2.4 };
    }
    if (row.verdict === null) return { ...row, score: 0.4 };
    if (threshold.passes === false && against.passes) return { ...row, verdict: "worse", score: TURNED };
    if (threshold.passes && against.passes === false) return { ...row, verdict: "better" };
    return row;
  });
  return byWorst(rows);
}

/**
 * What should be equal for the figures to be comparable, as far as both report it: `{title, value, other, unit, differs}`.
 *
 * @param {Run} run
 * @param {Run} other
 */
export function conditions(run, other) {
  /** @type {{ title: string, value: any, other: any, unit: Unit | "clock" | "text", differs: boolean }[]} */
  const list = [
    {
      title: "duration",
      value: elapsed(run),
      other: elapsed(other),
      unit: "clock",
      differs: !sameLength(run, other),
    },
  ];
  const exact = (title, value, against, unit) => {
    if (value !== null && against !== null) {
      list.push({ title, value, other: against, unit, differs: value !== against });
    }
  };
  exact("planned duration", run.param.endOffset ?? null, other.param.endOffset ?? null, "clock");
  exact("most VUs", peak(run, "vus", "value"), peak(other, "vus", "value"), "count");
  exact("scenarios", scenarios(run), scenarios(other), "text");
  exact("generators", generators(run), generators(other), "count");
  return list;
}

/** @param {Run} run */
function scenarios(run) {
  return [...run.param.scenarios].sort().join(", ") || null;
}

/** @param {Run} run */
function generators(run) {
  return run.health?.generators?.length || null;
}

/** Ends of the windows of both, in seconds since each began, ascending and without repetition. */
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
 * One metric's aggregate of both on one axis: `{times, columns: [run's, other's]}`.
 *
 * @param {Run} run
 * @param {Run} other
 * @param {string} metric
 * @param {string} aggregate
 */
export function overlay(run, other, metric, aggregate) {
  const windows = [run, other].map((of) => drawnWindows(of));
  const times = commonTimes(windows[0].times, windows[1].times);
  return {
    times,
    columns: [run, other].map((of, i) =>
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
