/** The answer first: figures that decide, when it happened, which request did it. */

import { Bar, Card, Chip } from "../components/parts.js";
import { DataTable } from "../components/table.js";
import { Tile } from "../components/tile.js";
import { clock, format, NOTHING, unitOf } from "../format.js";
import { html, useState } from "../html.js";
import { TILES } from "../panels.js";
import { margin, metaOf, parseExpression, sayExpression, tally } from "../thresholds.js";
import { Charts } from "./charts.js";

export function Overview({ run, route, navigate }) {
  return html`<div class="tiles">
      ${TILES.map((tile) => html`<${Tile} key=${tile.metric} run=${run} tile=${tile} />`)}
    </div>
    <${Charts} run=${run} zoom=${route.zoom} onZoom=${(zoom) => navigate({ zoom })} />
    <${Requests} run=${run} />
    <${Thresholds} run=${run} />`;
}

const figure = (id, title, unit) => ({
  id,
  title,
  sort: (row) => row[id],
  cell: (row) => format(row[id], unit),
});

function requestColumns(time) {
  return [
    {
      id: "name",
      title: "Name",
      left: true,
      sort: (row) => row.key.at(-1),
      text: (row) => row.key.join(" "),
      cell: (row) => html`<${RequestName} parts=${row.key} />`,
    },
    figure("count", "Count", "count"),
    figure("rate", "Rate", "rate"),
    {
      id: "failed",
      title: "Failed",
      sort: (row) => row.failed,
      cell: (row) => html`<span class=${row.failed > 0 ? "bad" : ""}>${format(row.failed, "ratio")}</span>`,
    },
    figure("med", "Median", "time"),
    figure("p95", "p95", "time"),
    figure("p99", "p99", "time"),
    figure("max", "Max", "time"),
    {
      id: "time",
      title: "Time",
      sort: (row) => row.time,
      cell: (row) =>
        html`<span class="share"
          ><${Bar} share=${row.time / time} /><span>${format(row.time / time, "ratio")}</span></span
        >`,
    },
  ];
}

function RequestName({ parts }) {
  const [method, name] = parts.length > 1 ? parts : [null, parts[0]];
  return html`<span class="request-name"
    >${method && html`<span class="method">${method}</span>`}<bdi title=${name}>${name}</bdi></span
  >`;
}

function Requests({ run }) {
  const [filter, setFilter] = useState("");
  const rows = run.tables.requests;
  const time = rows.reduce((sum, row) => sum + row.time, 0) || 1;
  const caption = rows.length ? `by name and method · ${format(rows.length, "count")}` : "by name and method";
  return html`<${Card}
    id="requests"
    title="Requests"
    caption=${caption}
    actions=${html`<input
      type="search"
      class="filter"
      placeholder="Filter…"
      aria-label="Filter requests"
      value=${filter}
      onInput=${(event) => setFilter(event.target.value)}
    />`}
  >
    <${DataTable}
      label="Requests"
      columns=${requestColumns(time)}
      rows=${rows}
      rowKey=${(row) => JSON.stringify(row.key)}
      initial=${{ by: "time", down: true }}
      filter=${filter}
    />
  <//>`;
}

const RANK = { false: 0, null: 1, true: 2 };

function Thresholds({ run }) {
  if (run.thresholds.length === 0) return null;
  const { pass, fail, noData } = tally(run.thresholds);
  const caption = [`${pass} pass`, fail && `${fail} fail`, noData && `${noData} without data`]
    .filter(Boolean)
    .join(" · ");
  const columns = [
    {
      id: "metric",
      title: "Metric",
      left: true,
      sort: (row) => row.metric,
      cell: (row) => html`<bdi class="metric-name" title=${row.metric}>${row.metric}</bdi>`,
    },
    {
      id: "limit",
      title: "Limit",
      left: true,
      cell: (row) =>
        html`<code title=${row.expression}>${sayExpression(row.expression, metaOf(run, row.metric))}</code>`,
    },
    {
      id: "observed",
      title: "Observed",
      cell: (row) => {
        const aggregate = parseExpression(row.expression)?.aggregate;
        return format(row.observed, unitOf(metaOf(run, row.metric), aggregate));
      },
    },
    {
      id: "margin",
      title: "Margin",
      sort: (row) => margin(row.expression, row.observed),
      cell: (row) => format(margin(row.expression, row.observed), "ratio"),
    },
    {
      id: "first",
      title: "First crossed",
      sort: (row) => row.firstFailed,
      cell: (row) => (row.firstFailed === null ? NOTHING : clock(row.firstFailed - run.start)),
    },
    {
      id: "state",
      title: "State",
      left: true,
      sort: (row) => RANK[row.passes],
      cell: (row) => html`<${Outcome} passes=${row.passes} />`,
    },
  ];
  return html`<${Card} id="thresholds" title="Thresholds" caption=${caption}>
    <${DataTable}
      label="Thresholds"
      columns=${columns}
      rows=${run.thresholds}
      rowKey=${(row) => `${row.metric} ${row.expression}`}
      initial=${{ by: "state", down: false }}
    />
  <//>`;
}

function Outcome({ passes }) {
  if (passes === null) return html`<${Chip} state="none">no data<//>`;
  return passes ? html`<${Chip} state="good">pass<//>` : html`<${Chip} state="bad">fail<//>`;
}
