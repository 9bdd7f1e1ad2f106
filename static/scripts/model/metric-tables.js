/** How metrics are laid out as tables: by type, submetrics below their metric. Pure. */

import METRIC_TABLES from "../../../report/src/metric-tables.json" with { type: "json" };

/** Tables in their order, with the columns that events have figures for; the report's are of the same file. */
export { METRIC_TABLES };

const TITLES = {
  count: "Count",
  rate: "Per second",
  value: "Latest",
  avg: "Average",
  min: "Min",
  med: "Median",
  max: "Max",
};

/** An aggregate as a column's title. */
export function titleOf(type, aggregate) {
  if (type === "rate") return "Share";
  return TITLES[aggregate] ?? aggregate.replace(/^p\((.*)\)$/, "p$1");
}

/** `{name, meta}` of the metrics of a type, by name; `metrics` are pairs of name and meta. */
export function metricRows(metrics, type) {
  return [...metrics]
    .filter(([name, meta]) => meta.type === type && name !== "time")
    .map(([name, meta]) => ({ name, meta }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
