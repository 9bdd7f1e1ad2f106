/** What a row of requests, groups or scenarios opens: its charts over time and its distribution. */

import { html } from "../html.js";
import { useDrawnRow } from "../data/rows.js";
import { ROW_DURATIONS, thresholdsOf } from "../model/rows.js";
import { ChartCard } from "./chart-card.js";
import { WholeName } from "./name.js";
import { Distributions, Problem } from "./distribution.js";

/** @import { Props } from "../types.js" */

const RATE = {
  id: "row-rate",
  title: "Request rate",
  caption: "per second",
  unit: "rate",
  series: [
    { label: "request rate", metric: "http_reqs", aggregate: "rate", color: "--series-1", fill: true },
  ],
};
const FAILED = {
  id: "row-failed",
  title: "Failed",
  caption: "share of requests",
  unit: "ratio",
  series: [{ label: "failed", metric: "http_req_failed", aggregate: "rate", color: "--bad", fill: true }],
};
const DURATION = percentiles("row-duration", "Request duration", "http_req_duration");
const CALL = percentiles("row-call", "Call duration", "grpc_req_duration");

const PANELS = {
  requests: [DURATION, CALL, RATE, FAILED],
  groups: [DURATION, RATE, FAILED, percentiles("row-group", "Group duration", "group_duration")],
  scenarios: [
    DURATION,
    RATE,
    FAILED,
    percentiles("row-iteration", "Iteration duration", "iteration_duration"),
  ],
};

/** @param {string} metric */
function percentiles(id, title, metric) {
  return {
    id,
    title,
    caption: "median, p95, p99",
    unit: "time",
    series: [
      { label: "p99", metric, aggregate: "p(99)", color: "--series-6" },
      { label: "p95", metric, aggregate: "p(95)", color: "--series-2" },
      { label: "median", metric, aggregate: "med", color: "--series-1" },
    ],
  };
}

/**
 * To be keyed by run, table and row.
 *
 * @param {Props<"run" | "api" | "route" | "navigate">} props
 */
export function RowDetail({ run, api, route, navigate, table, row }) {
  const { drawn, problem, retry } = useDrawnRow({ api, run, table, row });
  if (problem && !drawn) return html`<${Problem} what="row" problem=${problem} retry=${retry} />`;
  if (!drawn) return html`<div class="detail-wait"></div>`;
  drawn.thresholds = thresholdsOf(run, table, row);
  const { metrics } = drawn;
  const panels = PANELS[table].filter((panel) => metrics.has(panel.series[0].metric));
  const trends = [...metrics].filter(([, meta]) => meta.type === "trend").map(([name]) => name);
  const first = [...ROW_DURATIONS, "group_duration", "iteration_duration"].find((m) => trends.includes(m));
  return html`${problem && html`<${Problem} what="newest part" problem=${problem} retry=${retry} />`}
    <${WholeName} parts=${row} />
    <div class="charts">
      ${panels.map(
        (panel) =>
          html`<${ChartCard}
            key=${panel.id}
            run=${drawn}
            panel=${panel}
            zoom=${route.zoom}
            onZoom=${(zoom) => navigate({ zoom })}
          />`,
      )}
      ${panels.length === 0 && trends.length === 0 && html`<p class="nothing">No data over time.</p>`}
    </div>
    <${Distributions}
      api=${api}
      run=${run}
      table=${table}
      row=${row}
      metrics=${first ? [first, ...trends.filter((name) => name !== first).sort()] : trends.sort()}
    />`;
}
