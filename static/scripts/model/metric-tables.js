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
  passes: "Passes",
  fails: "Fails",
};

/** An aggregate as a column's title. */
export function titleOf(type, aggregate) {
  if (type === "rate" && aggregate === "rate") return "Share";
  return TITLES[aggregate] ?? aggregate.replace(/^p\((.*)\)$/, "p$1");
}

/** `{name, meta}` of the metrics of a type, by name; `metrics` are pairs of name and meta. */
export function metricRows(metrics, type) {
  return [...metrics]
    .filter(([name, meta]) => meta.type === type && name !== "time")
    .map(([name, meta]) => ({ name, meta }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

const RANK = /^p\(([\d.]+)\)$/;
const rankOf = (aggregate) => Number(RANK.exec(aggregate)?.[1]);

/**
 * The figures of a table in their order: at least what k6's own summary prints, how many values a trend has and every
 * percentile that somebody asked for among them. `values` are those of the table's rows, as the server's summary has them.
 *
 * @param {(typeof METRIC_TABLES)[number]} table
 * @param {Record<string, number>[]} values
 */
export function figuresOf({ type, columns, inDocument = [] }, values) {
  if (type !== "trend") return [...columns, ...inDocument];
  const asked = new Set(values.flatMap((of) => Object.keys(of)));
  const named = columns.filter((aggregate) => !RANK.test(aggregate));
  const percentiles = new Set([...columns, ...asked].filter((aggregate) => RANK.test(aggregate)));
  return ["count", ...named, ...[...percentiles].sort((a, b) => rankOf(a) - rankOf(b))];
}
