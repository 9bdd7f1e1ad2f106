/**
 * What the pages draw, from the run's dashboard document: its tabs, and its panels resolved against
 * the metrics that the run has. Pure. The report's are in `report/src/panels.rs`;
 * `tests/panel-vectors.json` holds both to the same.
 *
 * The document is the newest `config` event; an empty one means the default. Its shape is described by
 * the schema at `/dashboard/schema.json`.
 */

import DEFAULT from "../../../documents/src/dashboard/default.json" with { type: "json" };
import { unitOf } from "./format.js";
import { adaptedSections } from "./protocols.js";
import { splitName } from "./run.js";
import { metaOf } from "./thresholds.js";

/** @import { Run, Tab } from "../types.js" */

export const VERDICT_TAB = "verdict";

/** Tabs that every run has, whatever its document says. */
/** @type {Tab[]} */
const OWN_TABS = [
  { id: VERDICT_TAB, title: "Verdict", view: "verdict" },
  { id: "runs", title: "Runs", view: "runs" },
  { id: "compare", title: "Compare", view: "compare" },
];

/** What a chart of a trend can show, as the control names it; `aggregate` as the events do. */
export const PERCENTILES = [
  { id: "avg", aggregate: "avg", label: "average" },
  { id: "p50", aggregate: "med", label: "median" },
  { id: "p90", aggregate: "p(90)", label: "p90" },
  { id: "p95", aggregate: "p(95)", label: "p95" },
  { id: "p99", aggregate: "p(99)", label: "p99" },
  { id: "max", aggregate: "max", label: "max" },
];

/** Colours by what an aggregate means, so that charts read without their legend. */
const BY_AGGREGATE = {
  med: "series-1",
  "p(90)": "series-7",
  "p(95)": "series-2",
  "p(99)": "series-6",
  avg: "series-3",
  max: "series-8",
  min: "series-5",
};
const BY_METRIC = { vus: "series-4", vus_max: "series-8", checks: "series-3" };
const FIXED_ORDER = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `series-${n}`);
const COLOR = /^(series-[1-8]|good|warning|bad)$/;

/** What a custom metric's chart shows, by its type. */
const BY_TYPE = {
  trend: ["p(99)", "p(95)", "med"],
  counter: ["rate"],
  rate: ["rate"],
  gauge: ["value"],
};
const TYPE_CAPTIONS = { counter: "per second", rate: "share", gauge: "value", trend: "" };

/**
 * The document that draws this run; without a run, the default.
 *
 * @param {Run} run
 */
export function documentOf(run) {
  const config = run?.config;
  const document = Array.isArray(config?.tabs) && config.tabs.length > 0 ? config : DEFAULT;
  // In either, every tab has its id.
  return /** @type {{ tabs: Tab[] }} */ (document);
}

/**
 * Tabs as `{id, title, view, sections}`: the document's, then the pages' own, no id twice.
 *
 * @param {Run} run
 */
export function tabsOf(run) {
  return memo(run, "tabs", [documentOf(run)], () => {
    const taken = new Set(OWN_TABS.map((tab) => tab.id));
    const tabs = documentOf(run).tabs.filter((tab) => !taken.has(tab.id) && taken.add(tab.id));
    return [...tabs, ...OWN_TABS];
  });
}

/**
 * The tab with this id; an id that is not known, or none, means the first.
 *
 * @param {Run} run
 */
export function tabOf(run, id) {
  const tabs = tabsOf(run);
  return tabs.find((tab) => tab.id === id) ?? tabs[0];
}

/**
 * The id of the first tab with this view, or undefined: a document may leave it out.
 *
 * @param {Run} run
 * @param {string} view
 */
export function tabOfView(run, view) {
  return tabsOf(run).find((tab) => tab.view === view)?.id;
}

/**
 * A tab's sections with something to show, as `{title, panels}`.
 *
 * A resolved panel is `{key, id, kind, title, caption, unit, rightUnit, bands, empty, series}`; a series
 * `{metric, aggregate, label, color, fill, dash, right, unit}`, its colour a custom property. `empty` is
 * available by panels of the first tab that have no data; others are left out. A panel that did not change
 * is the same object from call to call. `chosen` are ids of `PERCENTILES`, or null for the document's.
 *
 * @param {Run} run
 * @param {Tab} tab
 * @param {string[] | null} [chosen]
 */
export function sectionsOf(run, tab, chosen = null) {
  const tabs = tabsOf(run);
  const given = [tab, run.layout, run.param, run.current, run.stop, String(chosen)];
  return memo(run, `sections ${tab.id}`, given, () => {
    const known = (run.resolvedPanels ??= new Map());
    const ids = new Set();
    const leads = tabs[0] === tab;
    const { sections, adapted } = leads
      ? adaptedSections(run, tab, tabs)
      : { sections: tab.sections ?? [], adapted: false };
    // What has no data is told where it was expected.
    const first = leads && !adapted;
    return sections
      .map((section) => ({
        title: section.title ?? null,
        panels: section.panels
          .flatMap((panel) => (panel.kind === "custom" ? customPanels(run, panel) : [panel]))
          .map((panel) => resolve(run, { ...panel, id: uniqueId(panel.id, ids) }, { first, chosen, tab }))
          .filter(Boolean)
          .map((panel) => reused(known, panel)),
      }))
      .filter((section) => section.panels.length > 0);
  });
}

/** `panel`, or an equal one that was resolved before under its key. */
function reused(known, panel) {
  const serialized = JSON.stringify(panel);
  if (known.get(panel.key)?.serialized !== serialized) known.set(panel.key, { serialized, panel });
  return known.get(panel.key).panel;
}

function uniqueId(wanted, ids) {
  let id = wanted;
  for (let n = 2; ids.has(id); n += 1) id = `${wanted}-${n}`;
  ids.add(id);
  return id;
}

/**
 * Computes anew only when one of `given` is another; kept on the run.
 *
 * @param {Run} run
 * @param {string} name
 */
function memo(run, name, given, compute) {
  if (!run) return compute();
  const cache = (run.memo ??= new Map());
  const last = cache.get(name);
  if (last && last.given.every((value, i) => value === given[i])) return last.result;
  const result = compute();
  cache.set(name, { given, result });
  return result;
}

/** @param {Run} run */
function resolve(run, panel, { first, chosen, tab }) {
  const { id, kind, title } = panel;
  const key = `${tab.id} ${id}`;
  if (kind === "requests" || kind === "thresholds")
    return { key, id, kind, title, caption: panel.caption ?? "" };
  if (kind !== "chart" && kind !== "stat") return null;
  const all = panel.series ?? [];
  const present = all.filter((s) => run.metrics.has(s.metric));
  // What stands on the right is read beside what is on the left: alone it is no panel.
  const left = all.filter((s) => s.axis !== "right");
  const empty = !present.some((s) => left.length === 0 || left.includes(s));
  if (all.length === 0 || (empty && !first)) return null;
  const shown = kind === "chart" ? withPercentiles(run, empty ? all : present, chosen) : all;
  const series = withColors(shown).map((s) => ({
    metric: s.metric,
    aggregate: s.aggregate,
    label: s.label ?? labelOf(s, shown),
    color: `--${s.color}`,
    fill: s.fill === true,
    dash: s.dash === true,
    // An axis on the right has its meaning beside one on the left.
    right: s.axis === "right" && shown.some((other) => other.axis !== "right"),
    unit: unitOf(metaOf(run, s.metric), s.aggregate),
  }));
  const unit = panel.unit ?? series.find((s) => !s.right).unit;
  const rightUnit = series.find((s) => s.right)?.unit ?? null;
  return {
    key,
    id,
    kind,
    title,
    caption: panel.caption ?? "",
    unit,
    rightUnit,
    bands: panel.bands ?? null,
    empty,
    // An axis has one unit; a tile's figures have their own.
    series: kind === "chart" ? series.map((s) => ({ ...s, unit: s.right ? rightUnit : unit })) : series,
  };
}

/**
 * The chosen aggregates in place of the document's, where a chart shows nothing but one trend.
 *
 * @param {Run} run
 * @param {string[] | null} chosen
 */
function withPercentiles(run, series, chosen) {
  if (!chosen) return series;
  const { metric } = series[0];
  const available = run.param.aggregates.trend;
  if (metaOf(run, metric)?.type !== "trend" || series.some((s) => s.metric !== metric)) return series;
  const wanted = PERCENTILES.filter(
    (p) => chosen.includes(p.id) && available.includes(p.aggregate),
  ).reverse();
  if (wanted.length === 0) return series;
  return wanted.map(
    ({ aggregate, label }) => series.find((s) => s.aggregate === aggregate) ?? { metric, aggregate, label },
  );
}

/** Colours as given, else by meaning, else the first that no series of this panel has. */
function withColors(series) {
  const given = (s) => (COLOR.test(s.color ?? "") ? s.color : null);
  const taken = new Set(series.map(given).filter(Boolean));
  return series.map((s) => {
    const meant = [given(s), meaning(s)].find((color, i) => color && (i === 0 || !taken.has(color)));
    const color = meant ?? FIXED_ORDER.find((name) => !taken.has(name)) ?? "series-8";
    taken.add(color);
    return { ...s, color };
  });
}

function meaning({ metric, aggregate }) {
  const { metric: parent } = splitName(metric);
  if (parent.endsWith("_failed")) return "bad";
  return BY_METRIC[parent] ?? BY_AGGREGATE[aggregate] ?? null;
}

/** What distinguishes a series from the panel's others: its aggregate, its metric, or both. */
function labelOf(series, all) {
  const aggregate = aggregateLabel(series.aggregate);
  const metrics = new Set(all.map((s) => s.metric));
  if (metrics.size === 1) return aggregate;
  const again = all.filter((s) => s.metric === series.metric).length > 1;
  return again ? `${series.metric} ${aggregate}` : series.metric;
}

/**
 * An aggregate in words.
 *
 * @param {string} aggregate
 */
function aggregateLabel(aggregate) {
  const known = PERCENTILES.find((p) => p.aggregate === aggregate);
  if (known) return known.label;
  const words = { count: "total", rate: "rate", value: "value", min: "min" };
  return words[aggregate] ?? aggregate.replace(/^p\((.*)\)$/, "p$1");
}

/**
 * A chart for every custom metric that no panel of the document shows, by type and name.
 *
 * @param {Run} run
 * @returns {any[]}
 */
function customPanels(run, panel) {
  const shown = memo(run, "shown", [documentOf(run)], () => shownMetrics(documentOf(run)));
  const order = Object.keys(BY_TYPE);
  return [...run.metrics]
    .filter(
      ([name, meta]) =>
        meta.custom && BY_TYPE[meta.type] && !shown.has(name) && splitName(name).selector === null,
    )
    .sort(([a, x], [b, y]) => order.indexOf(x.type) - order.indexOf(y.type) || (a < b ? -1 : 1))
    .map(([name, meta]) => ({
      id: `${panel.id}-${name}`,
      kind: "chart",
      title: name,
      caption: TYPE_CAPTIONS[meta.type],
      series: BY_TYPE[meta.type].map((aggregate) => ({
        metric: name,
        aggregate,
        label: meta.type === "trend" ? undefined : name,
        fill: meta.type !== "trend",
      })),
    }));
}

function shownMetrics(document) {
  const panels = document.tabs.flatMap((tab) => tab.sections ?? []).flatMap((section) => section.panels);
  return new Set(panels.flatMap((panel) => panel.series ?? []).map((s) => s.metric));
}
