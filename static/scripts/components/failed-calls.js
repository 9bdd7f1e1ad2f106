/** gRPC's calls that failed, by method and status: they have no rows of HTTP's statuses. */

import { html, useMemo } from "../html.js";
import { format, plural } from "../model/format.js";
import { failedCalls } from "../model/failed-calls.js";
import { Card, Chip } from "./parts.js";
import { RequestName } from "./request-table.js";
import { DataTable } from "./table.js";

/** @import { Run } from "../types.js" */

const COLUMNS = [
  {
    id: "call",
    title: "Call",
    left: true,
    sort: (row) => row.key[1],
    cell: (row) => html`<${RequestName} parts=${row.key.slice(0, 2)} row=${row} />`,
  },
  {
    id: "status",
    title: "Status",
    left: true,
    cell: (row) => html`<bdi class="bad">${row.key[2] || "–"}</bdi>`,
  },
  {
    id: "failed",
    title: "Failed",
    sort: (row) => row.failures,
    cell: (row) => format(row.failures, "count"),
  },
  {
    id: "share",
    title: "Share of its calls",
    sort: (row) => row.failed,
    cell: (row) => format(row.failed, "ratio"),
  },
];

/** @param {{ run: Run }} props */
export function FailedCalls({ run }) {
  const all = run.tables.requests;
  const { rows, failed, count } = useMemo(() => failedCalls(all), [all]);
  if (failed === 0) return null;
  return html`<p class="verdict">
      <${Chip} state="bad">${plural(failed, "failed call")}<//> of ${format(count, "count")}
    </p>
    <${Card}
      id="failed-calls"
      title="Failed calls"
      caption=${`gRPC, by method and status · ${format(rows.length, "count")}`}
    >
      <${DataTable}
        label="Failed calls"
        columns=${COLUMNS}
        rows=${rows}
        rowKey=${({ key }) => JSON.stringify(key)}
        initial=${{ by: "failed", down: true }}
      />
    <//>`;
}
