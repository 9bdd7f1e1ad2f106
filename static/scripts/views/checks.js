/** What was asked of the answers, and of the run: checks and thresholds. */

import { ChartCard } from "../components/chart-card.js";
import { Filter, PhaseChoice } from "../components/choices.js";
import { Problem } from "../components/distribution.js";
import { WholeName } from "../components/name.js";
import { Bar, Card, Chip } from "../components/parts.js";
import { Mark, Missed } from "../components/request-table.js";
import { DataTable } from "../components/table.js";
import { tallyOf, ThresholdTable } from "../components/threshold-table.js";
import { useGrownRun, windowOf } from "../data/grown-run.js";
import { clock, format, moment, NOTHING, plural } from "../model/format.js";
import { html, useCallback, useMemo, useRef } from "../html.js";
import { chooseRows, phaseOf } from "../model/phases.js";
import { wholeRun } from "../model/run.js";
import { drawnColumn } from "../model/windows.js";
import { useWindows } from "../data/merged.js";
import { useDrawnRow } from "../data/rows.js";
import { newRowRun, setColumn } from "../model/rows.js";
import { thresholdsKnown, verdict } from "../model/thresholds.js";
import { formatGroup } from "./requests.js";

/** @import { DrawnWindows, Props, Run, ViewProps } from "../types.js" */

/** @param {ViewProps} props */
export function Checks(props) {
  return html`<${Thresholds} ...${props} /><${ChecksOfRun} key=${props.run.id} ...${props} />`;
}

/** @param {Props<"run">} props */
function Thresholds({ run }) {
  if (!run.current) return null;
  const total = run.thresholds.length;
  const { state, text } = verdict(run.thresholds, thresholdsKnown(run));
  return html`<${Card}
    id="thresholds"
    title="Thresholds"
    caption=${
      total > 0 &&
      html`<${Chip} state=${state}>${thresholdsKnown(run) ? tallyOf(run, run.thresholds) : text}<//>`
    }
  >
    ${total > 0 && html`<${ThresholdTable} run=${run} />`}
    ${
      total === 0 &&
      html`<p class="nothing">
        ${thresholdsKnown(run) ? "The test has no thresholds." : "Not known; the command above tells them."}
      </p>`
    }
  <//>`;
}

const FAILURES = {
  id: "check-failures",
  title: "Failed checks",
  caption: "share of checks",
  unit: "ratio",
  series: [{ label: "failed", metric: "checks", aggregate: "failed", color: "--bad", fill: true }],
};

const PASSED = [{ metric: "checks", aggregate: "rate" }];

/**
 * The run's own checks, as the share that failed.
 *
 * @param {Run} drawn
 * @param {Run} run
 * @param {DrawnWindows} windows
 */
function drawFailures(drawn, run, windows) {
  if (drawn.revision === run.revision && drawn.times === windows.times) return;
  const passed = drawnColumn(run, windows, "checks", "rate");
  const share = wholeRun(run, "checks", "rate");
  const known = share !== undefined;
  drawn.totals = known ? new Map([["failed checks", share === null ? null : 1 - share]]) : undefined;
  drawn.place = run.place;
  Object.assign(drawn, { start: run.start, stop: run.stop, times: windows.times, asDrawn: true });
  setColumn(
    drawn,
    "checks",
    "failed",
    passed.map((share) => (share === null ? null : 1 - share)),
    { type: "rate" },
  );
  drawn.revision = run.revision;
}

/** @param {Props<"run" | "api" | "route" | "navigate">} props */
function ChecksOfRun({ run, api, route, navigate }) {
  const drawn = useRef(null);
  drawn.current ??= newRowRun();
  const { windows } = useWindows(run, PASSED, route.zoom);
  drawFailures(drawn.current, run, windows);
  const { shown: checks, choice } = useMemo(
    () => chooseRows("checks", run.tables.checks, route.rows),
    [run.tables.checks, route.rows],
  );
  const fails = checks.reduce((count, row) => count + row.fails, 0);
  const all = fails + checks.reduce((count, row) => count + row.passes, 0);
  const onZoom = useCallback((zoom) => navigate({ zoom }), [navigate]);
  const grown = useGrownRun(run, windowOf(run));
  // Between windows, while only clocks move, nothing of this is drawn again.
  const content = useMemo(
    () =>
      html`<${DataTable}
        label="Checks"
        columns=${columns(grown.run)}
        rows=${checks}
        rowKey=${(row) => JSON.stringify(row.key)}
        initial=${{ by: "share", down: false }}
        filter=${route.filter}
        empty=${emptyText(grown.run)}
        open=${route.row?.[0] === "checks" ? JSON.stringify(route.row.slice(1)) : null}
        onOpen=${(row) => navigate({ row: row ? ["checks", ...row.key] : null })}
        detail=${(row) =>
          html`<${CheckDetail}
            key=${JSON.stringify(row.key)}
            run=${grown.run}
            api=${api}
            row=${row}
            zoom=${route.zoom}
            onZoom=${onZoom}
          />`}
      />`,
    [grown, api, navigate, onZoom, checks, route],
  );
  return html`<${Card}
      id="checks"
      title="Checks"
      caption=${all > 0 && html`<${Verdict} fails=${fails} all=${all} />`}
      actions=${html`${choice && html`<${PhaseChoice} route=${route} navigate=${navigate} />`}<${Filter}
          label="Filter checks"
          route=${route}
          navigate=${navigate}
        />`}
    >
      ${content}
    <//>
    ${all > 0 && html`<${ChartCard} run=${drawn.current} panel=${FAILURES} zoom=${route.zoom} onZoom=${onZoom} />`}`;
}

/** @param {Run} run */
function emptyText(run) {
  if (!run.current) return "";
  if (run.place) return "No checks in this part of the run.";
  return run.stop === null ? "No checks yet." : "The test has no checks.";
}

function Verdict({ fails, all }) {
  if (fails === 0) return html`<${Chip} state="good">All ${plural(all, "check")} passed<//>`;
  return html`<${Chip} state="bad"
    >${format(fails, "count")} of ${plural(all, "check")} failed, ${format(fails / all, "ratio")}<//
  >`;
}

const ONE_CHECK = {
  id: "check-row",
  title: "This check",
  caption: "per second",
  unit: "rate",
  series: [
    { label: "failed", metric: "checks", aggregate: "fails", color: "--bad", fill: true },
    { label: "passed", metric: "checks", aggregate: "passes", color: "--series-3" },
  ],
};

/** @param {Props<"run" | "api" | "zoom" | "onZoom">} props */
function CheckDetail({ run, api, row, zoom, onZoom }) {
  const { drawn, problem, retry } = useDrawnRow({ api, run, table: "checks", row: row.key });
  if (problem && !drawn) return html`<${Problem} what="row" problem=${problem} retry=${retry} />`;
  if (!drawn) return html`<div class="detail-wait"></div>`;
  return html`<${WholeName} parts=${row.key} /><${ChartCard}
      run=${drawn}
      panel=${ONE_CHECK}
      zoom=${zoom}
      onZoom=${onZoom}
    />`;
}

const share = (row) => row.passes / (row.passes + row.fails || 1);

/** @param {Run} run */
function columns(run) {
  return [
    {
      id: "name",
      title: "Check",
      left: true,
      sort: (row) => row.key.at(-1),
      text: (row) => row.key.map(formatGroup).join(" "),
      cell: (row) =>
        html`<bdi class="metric-name" title=${row.key.at(-1)}>${row.key.at(-1)}</bdi
          ><${Missed} row=${row} />`,
    },
    {
      id: "group",
      title: "Group",
      left: true,
      sort: (row) => groupOf(row),
      cell: (row) =>
        groupOf(row)
          ? html`<bdi class="metric-name" title=${groupOf(row)}>${formatGroup(groupOf(row))}</bdi
              >${phaseOf("checks", row.key) && html`<${Mark} word=${phaseOf("checks", row.key)} />`}<${Missed}
                row=${row}
              />`
          : NOTHING,
    },
    { id: "passes", title: "Passed", sort: (row) => row.passes, cell: (row) => format(row.passes, "count") },
    {
      id: "fails",
      title: "Failed",
      sort: (row) => row.fails,
      cell: (row) => html`<span class=${row.fails > 0 ? "bad" : ""}>${format(row.fails, "count")}</span>`,
    },
    {
      id: "share",
      title: "Share passed",
      sort: share,
      cell: (row) =>
        html`<span class="share"
          ><${Bar} share=${share(row)} /><span>${format(share(row), "ratio")}</span></span
        >`,
    },
    {
      id: "last",
      title: "Last failed",
      sort: (row) => row.lastFailed,
      cell: (row) =>
        row.lastFailed === null
          ? NOTHING
          : html`<span title=${moment(row.lastFailed)}>${clock(row.lastFailed - run.start)}</span>`,
    },
    {
      id: "state",
      title: "Outcome",
      left: true,
      sort: (row) => Number(row.fails === 0),
      cell: (row) =>
        row.fails > 0 ? html`<${Chip} state="bad">failed<//>` : html`<${Chip} state="good">passed<//>`,
    },
  ];
}

const groupOf = (row) => (row.key.length > 1 ? row.key[0] : "");
