/** The answer first: figures that decide, when it happened, which request did it. */

import { Card } from "../components/parts.js";
import { requestColumns, totalTime } from "../components/request-table.js";
import { DataTable } from "../components/table.js";
import { ThresholdTable } from "../components/threshold-table.js";
import { Tile } from "../components/tile.js";
import { format } from "../format.js";
import { html, useState } from "../html.js";
import { TILES } from "../panels.js";
import { tally } from "../thresholds.js";
import { Charts } from "./charts.js";

export function Overview({ run, route, navigate }) {
  return html`<div class="tiles">
      ${TILES.map((tile) => html`<${Tile} key=${tile.metric} run=${run} tile=${tile} />`)}
    </div>
    <${Charts} run=${run} zoom=${route.zoom} onZoom=${(zoom) => navigate({ zoom })} />
    <${Requests} run=${run} />
    <${Thresholds} run=${run} />`;
}

function Requests({ run }) {
  const [filter, setFilter] = useState("");
  const rows = run.tables.requests;
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
      columns=${requestColumns(totalTime(rows))}
      rows=${rows}
      rowKey=${(row) => JSON.stringify(row.key)}
      initial=${{ by: "time", down: true }}
      filter=${filter}
    />
  <//>`;
}

function Thresholds({ run }) {
  if (run.thresholds.length === 0) return null;
  const { pass, fail, noData } = tally(run.thresholds);
  const caption = [`${pass} pass`, fail && `${fail} fail`, noData && `${noData} without data`]
    .filter(Boolean)
    .join(" · ");
  return html`<${Card} id="thresholds" title="Thresholds" caption=${caption}>
    <${ThresholdTable} run=${run} />
  <//>`;
}
