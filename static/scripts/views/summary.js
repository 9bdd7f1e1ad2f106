/** Every metric of the run as tables by type, submetrics below their metric. */

import { Card, Sign } from "../components/parts.js";
import { DataTable } from "../components/table.js";
import { format, unitOf } from "../format.js";
import { html, useState } from "../html.js";
import { splitName, total } from "../model.js";

const TYPES = [
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

export function Summary({ run }) {
  const [filter, setFilter] = useState("");
  return html`<div class="toolbar">
      <input
        type="search"
        class="filter"
        placeholder="Filter metrics…"
        aria-label="Filter metrics"
        value=${filter}
        onInput=${(event) => setFilter(event.target.value)}
      />
    </div>
    ${TYPES.map((table) => html`<${TypeTable} key=${table.type} run=${run} table=${table} filter=${filter} />`)}`;
}

function TypeTable({ run, table, filter }) {
  const rows = [...run.metrics]
    .filter(([name, meta]) => meta.type === table.type && name !== "time")
    .map(([name, meta]) => ({ name, meta }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  if (rows.length === 0) return null;
  const said = run.param.aggregates[table.type] ?? [];
  const aggregates = [
    ...table.order.filter((a) => said.includes(a)),
    ...said.filter((a) => !table.order.includes(a)),
  ];
  const columns = [
    {
      id: "name",
      title: "Metric",
      left: true,
      sort: (row) => row.name,
      text: (row) => row.name,
      cell: (row) => html`<${MetricName} run=${run} row=${row} />`,
    },
    ...aggregates.map((aggregate) => ({
      id: aggregate,
      title: title(table.type, aggregate),
      sort: (row) => total(run, row.name, aggregate),
      cell: (row) => format(total(run, row.name, aggregate), unitOf(row.meta, aggregate)),
    })),
  ];
  return html`<${Card}
    id=${`type-${table.type}`}
    title=${table.title}
    caption=${format(rows.length, "count")}
  >
    <${DataTable}
      label=${table.title}
      columns=${columns}
      rows=${rows}
      rowKey=${(row) => row.name}
      filter=${filter}
    />
  <//>`;
}

function title(type, aggregate) {
  if (type === "rate") return "Share";
  return TITLES[aggregate] ?? aggregate.replace(/^p\((.*)\)$/, "p$1");
}

function MetricName({ run, row }) {
  const { metric, selector } = splitName(row.name);
  const thresholds = run.thresholds.filter((t) => t.metric === row.name);
  const fails = thresholds.some((t) => t.passes === false);
  const passes = thresholds.length > 0 && thresholds.every((t) => t.passes === true);
  return html`<span class=${selector === null ? "metric-name" : "metric-name submetric"} title=${row.name}>
    <bdi>${selector === null ? metric : html`<span class="caption">${metric}</span>{${selector}}`}</bdi>
    ${fails && html` <${Sign} state="bad"><span class="unseen">a threshold fails</span><//>`}
    ${passes && html` <${Sign} state="good"><span class="unseen">thresholds pass</span><//>`}
    ${row.meta.partial && html` <span class="tag" title="Counts from when its threshold became known">partial</span>`}
  </span>`;
}
