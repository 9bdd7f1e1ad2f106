/** Tests as a table: the newest run of each, its verdict, and the trend that it ends. */

import { html } from "../html.js";
import { format, wallClock, zone } from "../model/format.js";
import { keptRank } from "../model/gate.js";
import { runLabel } from "../model/runs.js";
import { KeptVerdict } from "./kept-verdict.js";
import { RouteLink } from "./link.js";
import { Chip } from "./parts.js";
import { Sparkline } from "./sparkline.js";
import { DataTable } from "./table.js";

/** @import { Props, TestItem } from "../types.js" */

/** The newest value; of a live run, what it is so far. */
const newest = (/** @type {TestItem} */ { last, trend }, figure) =>
  last.figures ? (last.figures[figure] ?? null) : (trend.at(-1)?.[figure] ?? null);

/** A figure of the newest run, and its course over those before. */
function course(figure, title, unit, color) {
  return {
    id: figure,
    title,
    sort: (item) => newest(item, figure),
    cell: (item) => {
      const values = item.trend.map((point) => point[figure]);
      const known = values.filter((value) => value !== null);
      const words =
        known.length < 2
          ? ""
          : `, from ${format(Math.min(...known), unit)} to ${format(Math.max(...known), unit)} in ${known.length} runs`;
      return html`<span class="course"
        ><${Sparkline} values=${values} color=${color} /><span class="course-figure"
          >${format(newest(item, figure), unit)}<span class="unseen">${words}</span></span
        ></span
      >`;
    },
  };
}

/** @param {Props<"items" | "route" | "navigate">} props */
export function TestTable({ items, route, navigate }) {
  const columns = [
    {
      id: "test",
      title: "Test",
      left: true,
      sort: (item) => item.test.toLowerCase(),
      cell: ({ test, last }) =>
        html`<${RouteLink}
          class="test-name"
          route=${route}
          navigate=${navigate}
          change=${{ run: last.id, tab: "runs" }}
          title=${test}
          ><bdi>${test}</bdi><//
        >`,
    },
    {
      id: "verdict",
      title: "Verdict",
      left: true,
      sort: (item) => keptRank(item.last),
      cell: ({ last }) => html`<${KeptVerdict} item=${last} />`,
    },
    course("p95", "p95", "time", "--series-2"),
    course("failed", "Failed", "ratio", "--bad"),
    {
      id: "last",
      title: "Newest run",
      left: true,
      cell: ({ last }) =>
        html`<span class="run-title"
          ><${RouteLink}
            route=${route}
            navigate=${navigate}
            change=${{ run: last.id, tab: "overview" }}
            title=${runLabel(last)}
            ><bdi>${runLabel(last)}</bdi><//
          >
          ${
            last.state === "live" &&
            html`<span class="chip chip-good"><span class="dot" aria-hidden="true"></span>live</span>`
          }
          ${last.state === "unreadable" && html`<${Chip} state="bad">damaged<//>`}
          ${last.baseline && html`<span class="tag tag-star">★ baseline</span>`}</span
        >`,
    },
    {
      id: "start",
      title: `Start, ${zone(Date.now())}`,
      sort: (item) => item.last.start,
      cell: (item) => wallClock(item.last.start),
    },
    {
      id: "runs",
      title: "Runs",
      sort: (item) => item.runs,
      cell: (item) => `${format(item.runs, "count")}${item.moreRuns ? " or more" : ""}`,
    },
  ];
  return html`<${DataTable} label="Tests" columns=${columns} rows=${items} rowKey=${(item) => item.test} />`;
}
