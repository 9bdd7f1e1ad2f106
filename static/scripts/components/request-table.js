/** The table of requests by method and name: its columns, wherever it is shown. */

import { format, plural } from "../model/format.js";
import { html } from "../html.js";
import { Name } from "./name.js";
import { Bar } from "./parts.js";

/** @import { Run } from "../types.js" */

export const figure = (id, title, unit) => ({
  id,
  title,
  sort: (row) => row[id] ?? null,
  cell: (row) => format(row[id], unit),
});

/**
 * Why a table of requests has no rows.
 *
 * @param {Run} run
 */
export function noRequests(run) {
  if (!run.current) return "";
  if (run.place) return "No samples in this part of the run.";
  // A summary has figures of them all together.
  if (run.metrics.has("http_reqs")) return "What was sent does not tell requests apart.";
  return run.stop === null ? "No requests yet." : "No HTTP requests.";
}

/** `open`, if given, makes the attributes of a link to the row with a key. */
export const nameColumn = (open) => ({
  id: "name",
  title: "Name",
  left: true,
  sort: (row) => row.key[1] ?? row.key[0],
  text: (row) => row.key.join(" "),
  cell: (row) => html`<${RequestName} parts=${row.key} open=${open} row=${row} />`,
});

/** All requests' time together, in ms, never zero: what shares are shares of. */
export const totalTime = (rows) => rows.reduce((sum, row) => sum + row.time, 0) || 1;

/** `time` is `totalTime`; `full` adds the columns for which a short table has no room. */
export function requestColumns(
  time,
  /** @type {{ full?: boolean, open?: any }} */ { full = false, open } = {},
) {
  return [
    nameColumn(open),
    figure("count", "Count", "count"),
    figure("rate", "Rate", "rate"),
    {
      id: "failed",
      title: "Failed",
      sort: (row) => row.failed,
      cell: (row) => html`<span class=${row.failed > 0 ? "bad" : ""}>${format(row.failed, "ratio")}</span>`,
    },
    full && figure("avg", "Average", "time"),
    figure("med", "Median", "time"),
    full && figure("p90", "p90", "time"),
    figure("p95", "p95", "time"),
    figure("p99", "p99", "time"),
    figure("max", "Max", "time"),
    {
      id: "time",
      title: full ? "Share of time" : "Time",
      sort: (row) => row.time,
      cell: (row) =>
        html`<span class="share"
          ><${Bar} share=${row.time / time} /><span>${format(row.time / time, "ratio")}</span></span
        >`,
    },
  ].filter(Boolean);
}

/** A word beside a row's name. */
export function Mark({ word }) {
  return html`<span class="mark">${word}</span>`;
}

/** What a row may lack: it came when there were rows enough, and took the place of a lighter one. */
export function Missed({ row }) {
  if (!row?.missed) return null;
  const count = format(row.missed, "count");
  return html`<span
    class="mark"
    title=${`This row was too light to have a place at first: up to ${count} earlier ones count in (other).`}
    >up to ${count} more in (other)</span
  >`;
}

/** How many names a shortened one stands for. */
export function Names({ row }) {
  if (!row?.names) return null;
  return html`<span
    class="mark"
    title="Names that only differed in numbers, ids and values of queries; the count is an estimate."
    >about ${plural(row.names, "name")}</span
  >`;
}

/** `row`, if given, is what the name is of. */
export function RequestName({ parts, open, row }) {
  // Behind the name: the status of calls that failed, and the phase of what is no load.
  const [method, name, ...marks] = parts.length > 1 ? parts : [null, parts[0]];
  return html`<span class="request-name"
    >${method && html`<span class="method">${method}</span>`}${
      open
        ? html`<a class="name-link" ...${open(parts)}><${Name} text=${name} /></a>`
        : html`<${Name} text=${name} />`
    }${marks.map((word) => html`<${Mark} key=${word} word=${word} />`)}<${Names} row=${row} /><${Missed}
      row=${row}
  /></span>`;
}
