/** Two runs by elapsed time, and what differs between them. */

import { ChartCard } from "../components/chart-card.js";
import { Differences } from "../components/differences.js";
import { RouteLink } from "../components/link.js";
import { Card, Sign } from "../components/parts.js";
import { RequestName } from "../components/request-table.js";
import { RunChoice } from "../components/run-choice.js";
import { useGrownRun } from "../data/grown-run.js";
import {
  compareChecks,
  compareMetrics,
  compareRequests,
  compareThresholds,
  conditions,
  defaultOther,
  overlay,
} from "../model/compare.js";
import { clock, format, NOTHING } from "../model/format.js";
import { html, useMemo, useRef } from "../html.js";
import { useWindows } from "../data/merged.js";
import { useChoices, useOther } from "../data/other-run.js";
import { usePart } from "../data/part.js";
import { newRowRun, setColumn } from "../model/rows.js";
import { wholeRun } from "../model/run.js";
import { runLabel } from "../model/runs.js";
import { metaOf } from "../model/thresholds.js";

/** @import { ComparedPanel, Props, Run, RunItem, Unit } from "../types.js" */

/** @type {ComparedPanel[]} */
const PANELS = [
  {
    title: "HTTP requests",
    caption: "per second",
    unit: "rate",
    of: ["http_reqs", "rate"],
    color: "--series-1",
  },
  {
    title: "Request duration p95",
    caption: "all requests",
    unit: "time",
    of: ["http_req_duration", "p(95)"],
    color: "--series-2",
  },
  {
    title: "Request duration median",
    caption: "all requests",
    unit: "time",
    of: ["http_req_duration", "med"],
    color: "--series-1",
  },
  {
    title: "Failed requests",
    caption: "share of requests",
    unit: "ratio",
    of: ["http_req_failed", "rate"],
    color: "--bad",
  },
  { title: "Virtual users", caption: "", unit: "count", of: ["vus", "value"], color: "--series-4" },
  {
    title: "Iterations",
    caption: "per second",
    unit: "rate",
    of: ["iterations", "rate"],
    color: "--series-5",
  },
];

const COMPARED = PANELS.map(({ of: [metric, aggregate] }) => ({ metric, aggregate }));

/** What the other run's line is called among the columns of a chart. */
const OTHER = "other";

/** A panel's two lines: solid the shown run, dashed the other. */
function withLines({ of: [metric, aggregate], color, ...panel }, names) {
  return {
    ...panel,
    id: `both-${metric}-${aggregate}`,
    series: [
      { label: names[0], metric, aggregate, color, fill: true },
      { label: names[1], metric: OTHER, aggregate, color: "--series-8", dash: true },
    ],
  };
}

/**
 * Brings the run that a chart of both is drawn from up to date.
 *
 * @param {Run} drawn
 * @param {Run} run
 * @param {Run} other
 */
function drawBoth(drawn, run, other, [metric, aggregate]) {
  const revision = `${run.revision} ${other.revision}`;
  if (drawn.revision === revision) return;
  const { times, columns } = overlay(run, other, metric, aggregate);
  Object.assign(drawn, { revision, start: run.start, times, thresholds: run.thresholds, asDrawn: true });
  // Of a part, and of runs that are over, legends say what the tables say.
  const whole = [wholeRun(run, metric, aggregate), wholeRun(other, metric, aggregate)];
  const known = whole.every((value) => value !== undefined);
  drawn.place = known ? (run.place ?? "whole run") : null;
  drawn.totals = new Map(
    known ? [metric, OTHER].map((name, i) => [`${aggregate} ${name}`, whole[i] ?? null]) : [],
  );
  if (columns.every((values) => values.every((value) => value === null))) return;
  const meta = metaOf(run, metric) ?? metaOf(other, metric);
  setColumn(drawn, metric, aggregate, columns[0], meta);
  setColumn(drawn, OTHER, aggregate, columns[1], meta);
}

/** @param {Props<"run" | "session" | "api" | "route" | "navigate">} props */
export function Compare({ run, session, api, route, navigate }) {
  const { info } = session.state;
  const list = useChoices(api, session);
  const shown = list.items?.find((item) => item.id === info.id) ?? info;
  const chosen = route.other ?? (list.items ? (defaultOther(list.items, shown)?.id ?? null) : null);
  const itself = chosen === info.id;
  const other = useOther(api, itself ? null : chosen);
  const choose = (id) => navigate({ other: id });
  // Of both runs the same part, each by its own time.
  const against = usePart(api, other.run, route.zoom);
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
            change=${{ run: chosen, other: info.id, zoom: route.zoom }}
            >Swap<//
          >`
        }
      </div>
      ${list.problem && html`<p class="bad" role="alert">The runs cannot be listed: ${list.problem}</p>`}
      <${ComparisonState}
        list=${list}
        chosen=${chosen}
        itself=${itself}
        other=${other}
        run=${run}
        test=${info.test}
      />
    <//>
    ${
      other.run?.current &&
      html`<div class=${`figures${against.awaited ? " figures-former" : ""}`}>
        ${against.problem && html`<p class="bad" role="alert"><bdi>${nameOfOther}</bdi>: ${against.problem}</p>`}
        <${Both}
          key=${`${info.id} ${chosen}`}
          run=${run}
          other=${against.shown}
          names=${[runLabel(shown), nameOfOther]}
          zoom=${route.zoom}
          onZoom=${(zoom) => navigate({ zoom })}
        />
      </div>`
    }`;
}

/**
 * What there is to say before, or instead of, the figures.
 *
 * @param {Props<"run">} props
 */
function ComparisonState({ list, chosen, itself, other, run, test }) {
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

/** @param {Props<"run">} props */
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
              ${list.map(({ title, value, unit }) => `${title} ${formatCondition(value, unit)}`).join(" · ")}
            </span>
          </p>`
        : html`<p>
            <${Sign} state="warning">Conditions differ<//>
            ${differing.map(
              ({ title, value, other: against, unit }) =>
                html`<span class="condition" key=${title}>
                  <span>${title}</span>
                  <b><bdi>${formatCondition(value, unit)}</bdi></b>
                  <span>against</span>
                  <b><bdi>${formatCondition(against, unit)}</bdi></b>
                </span>`,
            )}
            <span class="caption">What differs below may come from this.</span>
          </p>`
    }
    ${live.length > 0 && html`<p class="caption">Still running: ${live.join(" and ")}. The figures are those of now.</p>`}
  </div>`;
}

/** @param {Unit | "text" | "clock"} unit */
function formatCondition(value, unit) {
  if (value === null) return NOTHING;
  if (unit === "text") return value;
  return unit === "clock" ? clock(value) : format(value, unit);
}

/**
 * To be keyed by both runs.
 *
 * @param {Props<"run" | "zoom" | "onZoom">} props
 */
function Both({ run, other, names, zoom, onZoom }) {
  const drawn = useRef(null);
  drawn.current ??= PANELS.map(() => newRowRun());
  useWindows(run, COMPARED);
  useWindows(other, COMPARED);
  PANELS.forEach(({ of }, i) => drawBoth(drawn.current[i], run, other, of));
  const [own, others] = names;
  const panels = useMemo(() => PANELS.map((panel) => withLines(panel, [own, others])), [own, others]);
  const grown = useGrownRun(run, run.revision);
  const against = useGrownRun(other, other.revision);
  const tables = useMemo(
    () => DIFFERENCES.map(({ compare, ...table }) => ({ ...table, rows: compare(grown.run, against.run) })),
    [grown, against],
  );
  return html`<div class="charts both">
      ${panels.map(
        (panel, i) =>
          html`<${ChartCard}
            key=${panel.id}
            run=${drawn.current[i]}
            panel=${panel}
            zoom=${zoom}
            onZoom=${onZoom}
          />`,
      )}
    </div>
    ${tables.map((table) => html`<${Differences} key=${table.id} ...${table} names=${names} />`)}`;
}

const metricCell = (row) => html`<bdi class="metric-name" title=${row.name}>${row.name}</bdi>`;

const requestCell = ({ parts }) => html`<${RequestName} parts=${parts} />`;

function thresholdCell(row, which) {
  const outcome = which === "value" ? row.outcome : row.was;
  if (outcome === null) return html`<span class="caption">not asked</span>`;
  const { state, word } = outcome;
  if (row[which] === null) return html`<${Sign} state=${state}>${word}<//>`;
  return html`<${Sign} state=${state}><span class="unseen">${word}</span><//>
    ${format(row[which], row.unit)}`;
}

const DIFFERENCES = [
  {
    id: "compare-thresholds",
    title: "Thresholds",
    compare: compareThresholds,
    nameTitle: "Metric",
    nameCell: metricCell,
    figureTitle: "Limit",
    valueCell: thresholdCell,
    nothing: "Neither run has thresholds.",
  },
  {
    id: "compare-requests",
    title: "Requests",
    compare: compareRequests,
    nameTitle: "Name",
    nameCell: requestCell,
    figureTitle: "Figure",
    nothing: "Neither run has requests.",
  },
  {
    id: "compare-checks",
    title: "Checks",
    compare: compareChecks,
    nameTitle: "Check",
    nameCell: metricCell,
    figureTitle: "Figure",
    nothing: "Neither run has checks.",
  },
  {
    id: "compare-metrics",
    title: "Metrics",
    compare: compareMetrics,
    nameTitle: "Metric",
    nameCell: metricCell,
    figureTitle: "Figure",
    nothing: "Neither run has metrics yet.",
  },
];

/**
 * A run of another test is called by its test too.
 *
 * @param {RunItem[]} items
 */
function nameIn(items, id, test) {
  const item = items.find((entry) => entry.id === id);
  if (!item) return id ?? "";
  return item.test === test ? runLabel(item) : `${item.test} ${runLabel(item)}`;
}
