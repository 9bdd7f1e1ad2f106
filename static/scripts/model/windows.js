/**
 * Which windows a chart draws: of one length, enough for its pixels, without a sliver at the end. Pure. The report's
 * are in `report/src/windows.rs`; `tests/window-vectors.json` holds both to the same.
 *
 * The server's windows grow with the age of the run, so that a day has no more than some thousands. Side by side on
 * one chart, two seconds look like noise beside five minutes. So a chart's windows are all as long as the longest
 * in view: counters add up, gauges say their last; shares and percentiles come from the server, which merges what
 * it kept of each window (`GET /runs/ID/series`), since percentiles cannot be merged. Until they have come there is
 * a gap.
 */

import { column } from "./run.js";

/** @typedef {{ metric: string, aggregate: string, type: string | undefined }} Figure */
/** @import { Column, DrawnWindows, Run, Series, Zoom } from "../types.js" */

/** From which age windows have which length, in seconds: the fold's own rungs. */
const RUNGS = [
  [0, 2],
  [1800, 10],
  [10_800, 60],
  [43_200, 300],
];

/** Windows end at whole milliseconds. */
const INSTANT = 5e-4;

/**
 * How long a window is that begins at an age; both, and the shortest that the server makes, in seconds.
 *
 * @param {number} age
 */
export function widthAt(age, period = 2) {
  return Math.max(RUNGS.findLast(([from]) => age >= from)?.[1] ?? 2, period);
}

/** @param {Run} run */
const periodOf = (run) => (run.param.period ?? 2000) / 1000;

/** Of each run the windows that were drawn last, by zoom. */
const drawn = new WeakMap();

/**
 * The windows to draw of a run: `{width, times, groups, last}`. `groups` are places in `run.times`, from and up to,
 * of each window, or null where they are the run's own; `last` says that the newest is a sliver, for `drawnColumn`.
 *
 * @param {Run} run
 * @param {Zoom | null} [zoom]
 * @returns {DrawnWindows}
 */
export function drawnWindows(run, zoom = null) {
  if (run.asDrawn) return { width: 0, times: run.times, groups: null, last: false };
  const known = drawn.get(run) ?? drawn.set(run, new Map()).get(run);
  const key = zoom ? `${zoom.from} ${zoom.to}` : "";
  const before = known.get(key);
  if (before?.of === run.times && before.length === run.times.length) return before.windows;
  if (known.size > 3) known.clear();
  const windows = compute(run, zoom);
  known.set(key, { of: run.times, length: run.times.length, windows });
  return windows;
}

/**
 * @param {Run} run
 * @param {Zoom | null} zoom
 * @returns {DrawnWindows}
 */
function compute(run, zoom) {
  const { times } = run;
  const period = periodOf(run);
  const shortest = widthAt(startOf(times, zoom ? firstIn(times, zoom.from) : 0), period);
  const newest = zoom ? lastIn(times, zoom.to ?? Infinity) : times.length - 1;
  const width = times.length > 0 ? widthAt(startOf(times, newest), period) : shortest;
  const groups = width > shortest ? grouped(times, width) : null;
  const ends = groups ? groups.map(([, to]) => times[to - 1]) : times;
  const last = isSliver(ends, width);
  return { width, groups, last, times: last ? [...ends.slice(0, -2), ends[ends.length - 1]] : ends };
}

const startOf = (times, at) => (at > 0 ? times[at - 1] : 0);
const firstIn = (times, from) =>
  Math.max(
    0,
    times.findIndex((time) => time > from),
  );
const lastIn = (times, to) => {
  const beyond = times.findIndex((time) => time >= to);
  return beyond < 0 ? times.length - 1 : beyond;
};

/** The step of the run in which a window ends. */
export const stepOf = (time, width) => Math.max(0, Math.floor((time - INSTANT) / width));

function grouped(times, width) {
  const groups = [];
  let step = -1;
  times.forEach((time, at) => {
    const own = stepOf(time, width);
    if (own === step) groups[groups.length - 1][1] = at + 1;
    else groups.push([at, at + 1]);
    step = own;
  });
  return groups;
}

/** Whether the last window is shorter than half its width, and the one before it is its neighbour. */
function isSliver(ends, width) {
  if (ends.length < 2) return false;
  const [before, last] = ends.slice(-2);
  const own = stepOf(last, width) * width;
  return before >= own - INSTANT && last - Math.max(before, own) < width / 2;
}

/**
 * A metric's aggregate parallel to the windows' times, null where there was nothing.
 *
 * @param {Run} run
 * @param {DrawnWindows} windows
 * @param {string} metric
 * @param {string} aggregate
 * @returns {Column}
 */
export function drawnColumn(run, windows, metric, aggregate) {
  const own = column(run, metric, aggregate);
  if (!windows.groups && !windows.last) return own;
  const type = run.metrics.get(metric)?.type;
  const values = windows.groups ? widened(run, windows, { metric, aggregate, type }, own) : own;
  if (!windows.last) return values;
  const ends = windows.groups ? windows.groups.map(([, to]) => run.times[to - 1]) : run.times;
  const requests = metric.startsWith("http_req_failed")
    ? windows.groups
      ? widened(
          run,
          windows,
          { metric: "http_reqs", aggregate: "count", type: "counter" },
          column(run, "http_reqs", "count"),
        )
      : column(run, "http_reqs", "count")
    : [];
  return mergeLast(values, { metric, aggregate, type }, ends, requests);
}

/**
 * @param {Run} run
 * @param {DrawnWindows} windows
 * @param {Figure} of
 * @param {Column} own
 * @returns {Column}
 */
function widened(run, { groups, width }, { metric, aggregate, type }, own) {
  const merged = run.merged?.get(`${width} ${metric}`);
  const at = run.param.aggregates[type ?? ""]?.indexOf(aggregate) ?? -1;
  return (groups ?? []).map(([from, to]) => {
    const values = own.slice(from, to).filter((value) => value !== null);
    if (values.length === 0) return null;
    if (to - from === 1) return values[0];
    if (type === "gauge") return values[values.length - 1];
    if (type === "counter" && aggregate === "count") return sum(values);
    if (type === "counter" || PER_SECOND.has(aggregate)) return perSecond(run.times, own, from, to);
    if (aggregate === "max") return Math.max(...values);
    if (aggregate === "min") return Math.min(...values);
    return merged?.get(stepOf(run.times[to - 1], width))?.[at] ?? null;
  });
}

/** Of a row's shares, how many a second. */
const PER_SECOND = new Set(["passes", "fails"]);

const sum = (values) => values.reduce((total, value) => total + value, 0);

/** What rates of neighbouring windows come to over all of them. */
function perSecond(times, values, from, to) {
  const lengths = values.slice(from, to).map((_, i) => times[from + i] - startOf(times, from + i));
  const total = values.slice(from, to).reduce((all, value, i) => all + (value ?? 0) * lengths[i], 0);
  return total / Math.max(sum(lengths), INSTANT);
}

/**
 * The column with its last value merged into the one before: what adds up is added up; shares and averages weigh by
 * requests or else by time; percentiles and gauges are those of the longer window.
 *
 * @param {Column} values
 * @param {Figure} of
 * @param {number[]} ends
 * @param {Column} requests
 */
export function mergeLast(values, { metric, aggregate, type }, ends, requests = []) {
  const at = ends.length - 1;
  const [a, b] = [values[at - 1] ?? null, values[at] ?? null];
  const longer = ends[at - 1] - (ends[at - 2] ?? 0);
  const sliver = ends[at] - ends[at - 1];
  const counts = [requests[at - 1] ?? null, requests[at] ?? null];
  function merged() {
    if (a === null || b === null) return a ?? b;
    const weighed = (x, y) => (x + y > 0 ? (a * x + b * y) / (x + y) : a);
    if (type === "counter" && aggregate === "count") return a + b;
    // The server's rates are over whole seconds, one at least.
    if (type === "counter" || PER_SECOND.has(aggregate)) {
      const whole = (seconds) => Math.max(1, Math.ceil(seconds - INSTANT));
      return (a * whole(longer) + b * whole(sliver)) / Math.max(1, longer + sliver);
    }
    if (type === "rate") {
      const known = metric.startsWith("http_req_failed") && counts.every((count) => count !== null);
      return known ? weighed(counts[0], counts[1]) : weighed(longer, sliver);
    }
    if (aggregate === "max") return Math.max(a, b);
    if (aggregate === "min") return Math.min(a, b);
    return aggregate === "avg" ? weighed(longer, sliver) : a;
  }
  return [...values.slice(0, at - 1), merged()];
}

/**
 * For tests and for columns that stand alone: times and columns without a sliver at the end.
 *
 * @param {number[]} times
 */
export function withoutSliver(times, columns, requests = [], period = 2) {
  if (times.length < 2 || !isSliver(times, widthAt(times[times.length - 2], period)))
    return { times, columns };
  return {
    times: [...times.slice(0, -2), times[times.length - 1]],
    columns: columns.map((of) => mergeLast(of.values, of, times, requests)),
  };
}

/**
 * Metrics of which only the server can say what wider windows come to, and that it was not asked for.
 *
 * @param {Run} run
 * @param {DrawnWindows} windows
 * @param {Pick<Series, "metric" | "aggregate">[]} series
 */
export function unmerged(run, { groups, width }, series) {
  if (!groups) return [];
  const wanted = series.filter(({ metric, aggregate }) => {
    const type = run.metrics.get(metric)?.type;
    const local = aggregate === "max" || aggregate === "min" || PER_SECOND.has(aggregate);
    return (type === "trend" || type === "rate") && !local && !run.merged?.has(`${width} ${metric}`);
  });
  return [...new Set(wanted.map(({ metric }) => metric))];
}

/**
 * Takes the server's document of merged windows.
 *
 * @param {Run} run
 * @param {number} width in seconds
 * @param {{ times: number[], series: { metric: string, values: number[][] }[] }} document
 * @param {string[]} asked
 */
export function takeMerged(run, width, document, asked) {
  run.merged ??= new Map();
  for (const metric of asked) {
    const found = document.series.find((series) => series.metric === metric);
    run.merged.set(
      `${width} ${metric}`,
      new Map((found?.values ?? []).map((values, step) => [step, values])),
    );
  }
  run.revision = typeof run.revision === "number" ? run.revision + 1 : run.revision;
}
