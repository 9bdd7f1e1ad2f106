/** Two runs by elapsed time, and what differs between them. */

import { Differences } from "../components/differences.js";
import { RouteLink } from "../components/link.js";
import { OverlayChart } from "../components/overlay-chart.js";
import { Card, Sign } from "../components/parts.js";
import { RunChoice } from "../components/run-choice.js";
import {
  compareChecks,
  compareMetrics,
  compareRequests,
  compareThresholds,
  conditions,
  defaultOther,
  overlay,
} from "../compare.js";
import { clock, format, NOTHING } from "../format.js";
import { html, useMemo } from "../html.js";
import { useChoices, useOther } from "../other-run.js";
import { runLabel } from "../runs.js";
import { limitsFor } from "../thresholds.js";

const PANELS = [
  panel("rate", "HTTP requests", "per second", "rate", "http_reqs", "rate", "--series-1"),
  panel("p95", "Request duration p95", "all requests", "time", "http_req_duration", "p(95)", "--series-2"),
  panel(
    "median",
    "Request duration median",
    "all requests",
    "time",
    "http_req_duration",
    "med",
    "--series-1",
  ),
  panel("failed", "Failed requests", "share of requests", "ratio", "http_req_failed", "rate", "--bad"),
  panel("vus", "Virtual users", "", "count", "vus", "value", "--series-4"),
  panel("iterations", "Iterations", "per second", "rate", "iterations", "rate", "--series-5"),
];

function panel(id, title, caption, unit, metric, aggregate, color) {
  return { id, title, caption, unit, metric, aggregate, color };
}

export function Compare({ run, session, api, route, navigate }) {
  const { info } = session.state;
  const list = useChoices(api, session);
  const shown = list.items?.find((item) => item.id === info.id) ?? info;
  const chosen = route.other ?? (list.items ? (defaultOther(list.items, shown)?.id ?? null) : null);
  const itself = chosen === info.id;
  const other = useOther(api, itself ? null : chosen);
  const choose = (id) => navigate({ other: id });
  const nameOfOther = nameIn([...(list.items ?? []), ...session.state.runs], chosen, info.test);

  return html`<${Card}
      id="compare"
      title=${html`Compare <bdi>${runLabel(shown)}</bdi>`}
      caption="by elapsed time; solid is the shown run, dashed the other"
    >
      <div class="compare-choice">
        <label for="other">with</label>
        <${RunChoice}
          items=${list.items ?? []}
          all=${session.state.runs}
          shown=${shown}
          chosen=${chosen}
          onChoose=${choose}
        />
        ${
          other.run?.current &&
          html`<${RouteLink}
            class="button"
            route=${route}
            navigate=${navigate}
            change=${{ run: chosen, other: info.id }}
            >Swap<//
          >`
        }
      </div>
      ${list.problem && html`<p class="bad" role="alert">The runs cannot be listed: ${list.problem}</p>`}
      <${Said} list=${list} chosen=${chosen} itself=${itself} other=${other} run=${run} test=${info.test} />
    <//>
    ${
      other.run?.current &&
      html`<${Both}
        run=${run}
        other=${other.run}
        names=${[runLabel(shown), nameOfOther]}
        zoom=${route.zoom}
        onZoom=${(zoom) => navigate({ zoom })}
      />`
    }`;
}

/** What there is to say before, or instead of, the figures. */
function Said({ list, chosen, itself, other, run, test }) {
  if (itself)
    return html`<p class="nothing">This is the shown run itself: nothing differs. Choose another run.</p>`;
  if (!chosen) {
    if (!list.items) return list.problem ? null : html`<p class="nothing">Asking for the runs…</p>`;
    return html`<p class="nothing">
      There is no earlier run of <bdi>${test}</bdi> and no baseline. Run the test again, or choose a later run
      or one of another test.
    </p>`;
  }
  if (other.lost && !other.run?.current) {
    return html`<p class="nothing">
      Run <bdi>${chosen}</bdi> cannot be loaded. It may have been deleted; choose another.
    </p>`;
  }
  if (!other.run?.current) return html`<p class="nothing">Loading <bdi>${chosen}</bdi>…</p>`;
  return html`<${Conditions} run=${run} other=${other.run} />`;
}

function Conditions({ run, other }) {
  const list = conditions(run, other);
  const differing = list.filter((condition) => condition.differs);
  const live = [run.stop === null && "the shown run", other.stop === null && "the other run"].filter(Boolean);
  return html`<div class="conditions">
    ${
      differing.length === 0
        ? html`<p>
            <${Sign} state="good">Same conditions<//>
            <span class="caption">
              ${list.map(({ title, value, unit }) => `${title} ${say(value, unit)}`).join(" · ")}
            </span>
          </p>`
        : html`<p>
            <${Sign} state="warning">Conditions differ<//>
            ${differing.map(
              ({ title, value, other: against, unit }) =>
                html`<span class="condition" key=${title}>
                  <span>${title}</span>
                  <b><bdi>${say(value, unit)}</bdi></b>
                  <span>against</span>
                  <b><bdi>${say(against, unit)}</bdi></b>
                </span>`,
            )}
            <span class="caption">What differs below may come from this.</span>
          </p>`
    }
    ${live.length > 0 && html`<p class="caption">Still running: ${live.join(" and ")}. The figures are those of now.</p>`}
  </div>`;
}

function say(value, unit) {
  if (value === null) return NOTHING;
  if (unit === "text") return value;
  return unit === "clock" ? clock(value) : format(value, unit);
}

function Both({ run, other, names, zoom, onZoom }) {
  const revision = `${run.revision} ${other.revision} ${other.id}`;
  const charts = useMemo(
    () =>
      PANELS.map((p) => ({
        panel: p,
        ...overlay(run, other, p.metric, p.aggregate),
        limits: limitsFor(run, [p]),
      })),
    [run, other, revision],
  );
  const rows = useMemo(
    () => ({
      thresholds: compareThresholds(run, other),
      requests: compareRequests(run, other),
      checks: compareChecks(run, other),
      metrics: compareMetrics(run, other),
    }),
    [run, other, revision],
  );
  return html`<div class="charts">
      ${charts.map(
        (chart) =>
          html`<${OverlayChart}
            key=${chart.panel.id}
            ...${chart}
            names=${names}
            revision=${revision}
            zoom=${zoom}
            onZoom=${onZoom}
          />`,
      )}
    </div>
    <${Differences}
      id="compare-thresholds"
      title="Thresholds"
      rows=${rows.thresholds}
      names=${names}
      nameTitle="Metric"
      nameCell=${metricCell}
      figureTitle="Limit"
      valueCell=${thresholdCell}
      nothing="Neither run has thresholds."
    />
    <${Differences}
      id="compare-requests"
      title="Requests"
      rows=${rows.requests}
      names=${names}
      nameTitle="Name"
      nameCell=${requestCell}
      figureTitle="Figure"
      nothing="Neither run has requests."
    />
    <${Differences}
      id="compare-checks"
      title="Checks"
      rows=${rows.checks}
      names=${names}
      nameTitle="Check"
      nameCell=${metricCell}
      figureTitle="Figure"
      nothing="Neither run has checks."
    />
    <${Differences}
      id="compare-metrics"
      title="Metrics"
      rows=${rows.metrics}
      names=${names}
      nameTitle="Metric"
      nameCell=${metricCell}
      figureTitle="Figure"
      nothing="Neither run has metrics yet."
    />`;
}

const metricCell = (row) => html`<bdi class="metric-name" title=${row.name}>${row.name}</bdi>`;

function requestCell({ parts, name }) {
  const [method, ...rest] = parts.length > 1 ? parts : [null, ...parts];
  return html`<span class="request-name" title=${name}
    >${method && html`<span class="method">${method}</span>`}<bdi>${rest.join(" ")}</bdi></span
  >`;
}

function thresholdCell(row, which) {
  const passes = which === "value" ? row.passes : row.passed;
  const text = format(row[which], row.unit);
  if (passes === undefined) return html`<span class="caption">not asked</span>`;
  if (passes === null) return html`<${Sign} state="none">no data<//>`;
  return html`<${Sign} state=${passes ? "good" : "bad"}
      ><span class="unseen">${passes ? "passes" : "fails"}</span><//
    >
    ${text}`;
}

/** A run of another test is called by its test too. */
function nameIn(items, id, test) {
  const item = items.find((entry) => entry.id === id);
  if (!item) return id ?? "";
  return item.test === test ? runLabel(item) : `${item.test} ${runLabel(item)}`;
}
