/** How metrics are laid out as tables: by type, submetrics below their metric. Pure. */

export const TYPES = [
  { type: "trend", title: "Trends", order: ["avg", "min", "med", "max", "p(90)", "p(95)", "p(99)"] },
  { type: "counter", title: "Counters", order: ["count", "rate"] },
  { type: "rate", title: "Rates", order: ["rate"] },
  { type: "gauge", title: "Gauges", order: ["value"] },
];

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
