/**
 * A run, built from its event stream: events in, figures out. Pure: no DOM, no clock, no network.
 *
 * A snapshot costs one push: its array is kept as it came, beside the layout (names and types in
 * force) that it is parallel to, and columns for charts are drawn from these when asked for.
 */

import AGGREGATES from "../../../documents/src/metric/aggregates.json" with { type: "json" };

/** @import { Run } from "../types.js" */

/** Kinds without an id, of which only the newest matters. */
const STATE_KINDS = new Set(["cumulative", "thresholds", "tables", "health", "verdict"]);

/** Every kind of `docs/events.md`: what a page listens to. */
export const KINDS = ["config", "param", "metric", "start", "threshold", "snapshot", "stop", ...STATE_KINDS];

/** @returns {Run} */
export function newRun(/** @type {string | null} */ id = null) {
  return {
    id,
    /** Id of the newest event of the log; -1 before the first. */
    lastEvent: -1,
    /** Grows with every event, so that a reader knows whether there is anything new. */
    revision: 0,
    /** When it was opened, until its charts are drawn: one object for the run and for what is shown of it. */
    opened: null,
    /** Whether state has come: the stream is past what had happened before. */
    current: false,
    param: { aggregates: AGGREGATES, thresholds: {}, scenarios: [] },
    /** The dashboard document; `{}` stands for the pages' own. */
    config: {},
    /** Name to `{type, contains, custom, partial}`. */
    metrics: new Map(),
    layout: { names: [], index: new Map(), types: new Map() },
    /** Unix ms. */
    start: null,
    /** Unix ms; set by `stop`, which alone means the end. */
    stop: null,
    /** Window ends, in seconds since `start`. */
    times: [],
    snapshots: [],
    layouts: [],
    columns: new Map(),
    cumulative: null,
    thresholds: [],
    tables: { requests: [], statuses: [], checks: [], groups: [], scenarios: [] },
    health: null,
    /** The gate's newest, as the stream or whoever asked for it told. */
    verdict: null,
  };
}

/**
 * Applies one event in place and says whether it changed anything.
 *
 * `id` is the event's own, or null. A repeated event of the log (after a reconnection) and kinds that
 * are not known change nothing.
 *
 * @param {Run} run
 */
export function apply(run, kind, data, id = null) {
  const handler = Object.hasOwn(HANDLERS, kind) ? HANDLERS[kind] : null;
  if (!handler) return false;
  if (STATE_KINDS.has(kind)) {
    run.current = true;
  } else if (id !== null) {
    if (id <= run.lastEvent) return false;
    run.lastEvent = id;
  }
  handler(run, data);
  run.revision += 1;
  return true;
}

const HANDLERS = {
  param(run, data) {
    run.param = { ...data, aggregates: { ...AGGREGATES, ...data.aggregates } };
    run.param.thresholds ??= {};
    run.param.scenarios ??= [];
    if (data.run) run.id = data.run;
  },
  metric(run, data) {
    for (const [name, meta] of Object.entries(data)) {
      run.metrics.set(name, meta);
      forget(run, name);
    }
    const names = [...run.metrics.keys()].sort(byBytes);
    run.layout = {
      names,
      index: new Map(names.map((name, i) => [name, i])),
      types: new Map(names.map((name) => [name, run.metrics.get(name).type])),
    };
  },
  start(run, data) {
    run.start = data[0]?.[0] ?? null;
  },
  snapshot(run, data) {
    const time = data[run.layout.index.get("time")]?.[0];
    if (time === undefined) return;
    run.start ??= time;
    run.times.push((time - run.start) / 1000);
    run.snapshots.push(data);
    run.layouts.push(run.layout);
  },
  cumulative(run, data) {
    run.cumulative = { data, layout: run.layout };
  },
  stop(run, data) {
    run.stop = data[run.layout.index.get("time")]?.[0] ?? endOfWindows(run);
  },
  thresholds(run, data) {
    run.thresholds = data;
  },
  tables(run, data) {
    run.tables = { ...run.tables, ...data };
  },
  health(run, data) {
    run.health = data;
  },
  verdict(run, data) {
    run.verdict = data;
  },
  config(run, data) {
    run.config = data.dashboard ?? {};
  },
  // What fails at each window is in `thresholds` too, with its moment.
  threshold() {},
};

/** Columns of a name that is known otherwise now: what was a gap may be zero. */
function forget(run, name) {
  for (const key of run.columns.keys()) if (key.endsWith(` ${name}`)) run.columns.delete(key);
}

/**
 * UTF-8's byte order, which is that of code points; JavaScript's own compares UTF-16 units. */
function byBytes(a, b) {
  const n = Math.min(a.length, b.length);
  for (let i = 0; i < n; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/**
 * Surrogates stand for code points above every other unit.
 *
 * @param {number} unit
 */
function rank(unit) {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/**
 * A metric's aggregate over time, parallel to `run.times`, null where there was nothing; of a counter that is zero,
 * for nothing happened. The same array is extended from call to call.
 *
 * @param {Run} run
 * @param {string} metric
 * @param {string} aggregate
 */
export function column(run, metric, aggregate) {
  const key = `${aggregate} ${metric}`;
  let values = run.columns.get(key);
  if (!values) run.columns.set(key, (values = []));
  const meta = run.metrics.get(metric);
  for (let i = values.length; i < run.snapshots.length; i += 1) {
    const value = pick(run, run.snapshots[i], run.layouts[i], metric, aggregate);
    const zero = value === null && meta?.type === "counter" && isEmpty(run, i, metric);
    // What came before a submetric was asked for is not known.
    values.push(zero && (!meta.partial || values.some((before) => before !== null)) ? 0 : value);
  }
  return values;
}

/** Whether a window had no samples of the metric; it may have had some of what was taken for another type. */
function isEmpty(run, at, metric) {
  return !run.snapshots[at][run.layouts[at].index.get(metric)]?.length;
}

/**
 * A metric's aggregate over the whole run, or the part that is shown, or null.
 *
 * @param {Run} run
 * @param {string} metric
 * @param {string} aggregate
 */
export function total(run, metric, aggregate) {
  if (run.part) {
    const { summary, silent } = run.part;
    return silent.has(metric) ? null : (summary.metrics[metric]?.values[aggregate] ?? null);
  }
  if (!run.cumulative) return null;
  return pick(run, run.cumulative.data, run.cumulative.layout, metric, aggregate);
}

/**
 * @param {Run} run
 * @param {string} metric
 * @param {string} aggregate
 */
function pick(run, data, layout, metric, aggregate) {
  const values = data[layout.index.get(metric)];
  if (!values || values.length === 0) return null;
  const at = run.param.aggregates[layout.types.get(metric)]?.indexOf(aggregate) ?? -1;
  return at < 0 ? null : (values[at] ?? null);
}

/**
 * What a legend and a tile say of a run that is over: the figure of the whole run, of a gauge its peak, since what it
 * says when all users have gone says little. Undefined while the run goes on, and where nothing says it. Of a part of a
 * run it is the part's, whether or not the run goes on.
 *
 * @param {Run} run
 * @param {string} metric
 * @param {string} aggregate
 */
export function wholeRun(run, metric, aggregate) {
  if (run.stop === null && !run.place) return undefined;
  const told = run.totals?.get(`${aggregate} ${metric}`);
  if (told !== undefined) return told;
  if (run.place) return null;
  if (run.metrics.get(metric)?.type === "gauge") return peak(run, metric, aggregate);
  return run.cumulative ? total(run, metric, aggregate) : undefined;
}

/**
 * Whether the stream is still telling what has been: neither live nor over, as far as the page knows.
 *
 * @param {Run} run
 */
export const isReplaying = (run) => run.stop === null && !run.current;

/**
 * Whether anything was measured under this name.
 *
 * @param {Run} run
 * @param {string} metric
 */
export function hasMetric(run, metric) {
  return run.metrics.has(metric);
}

/**
 * The newest value of a metric's column, or null.
 *
 * @param {Run} run
 * @param {string} metric
 * @param {string} aggregate
 */
export function latest(run, metric, aggregate) {
  return newest(column(run, metric, aggregate));
}

/** The newest value that a column has, or null: windows at its end may be without samples. */
export function newest(values) {
  return values.findLast((value) => value !== null) ?? null;
}

/**
 * The greatest value of a column, or null.
 *
 * @param {Run} run
 * @param {string} metric
 * @param {string} aggregate
 */
export function peak(run, metric, aggregate) {
  return column(run, metric, aggregate).reduce(
    (max, v) => (v !== null && (max === null || v > max) ? v : max),
    null,
  );
}

/**
 * Unix ms of the newest window's end, or of the start, or null.
 *
 * @param {Run} run
 */
export function endOfWindows(run) {
  if (run.start === null) return null;
  return run.start + (run.times.at(-1) ?? 0) * 1000;
}

/**
 * Ms from the start to the end, or to the newest window's end while the run lives.
 *
 * @param {Run} run
 */
export function elapsed(run) {
  if (run.start === null) return 0;
  return (run.stop ?? endOfWindows(run)) - run.start;
}

/**
 * A submetric's parts, `{metric, selector}`; the selector of a metric itself is null.
 *
 * @param {string} name
 */
export function splitName(name) {
  const brace = name.indexOf("{");
  if (brace < 0 || !name.endsWith("}")) return { metric: name, selector: null };
  return { metric: name.slice(0, brace), selector: name.slice(brace + 1, -1) };
}
