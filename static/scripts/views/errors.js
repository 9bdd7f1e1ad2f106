/** What failed, how, and when: statuses over time, and every kind of failure in words. */

import { ChartCard } from "../components/chart-card.js";
import { Filter, PhaseChoice, Segments } from "../components/choices.js";
import { Problem } from "../components/distribution.js";
import { FailedCalls } from "../components/failed-calls.js";
import { Bar, Card, Chip } from "../components/parts.js";
import { RequestName } from "../components/request-table.js";
import { DataTable } from "../components/table.js";
import { useGrownRun, windowOf } from "../data/grown-run.js";
import { causesOf } from "../model/causes.js";
import { CLASSES, classOf, isError, errorText, statusText } from "../model/codes.js";
import { failedCalls } from "../model/failed-calls.js";
import { clock, format, moment, plural } from "../model/format.js";
import { html, useMemo, useRef } from "../html.js";
import { tabOfView } from "../model/panels.js";
import { ALL, withChoice, chooseRows, hasChoice } from "../model/phases.js";
import { useDrawnRow, useRows } from "../data/rows.js";
import { elapsed } from "../model/run.js";
import SHOWN from "../../../report/src/shown.json" with { type: "json" };
import { ratePerSecond, newRowRun, setColumn, setTimes, sumOf } from "../model/rows.js";

/** @import { Metric, Props, Run, ViewProps } from "../types.js" */

/** @param {ViewProps} props */
export function Errors(props) {
  return html`<${ErrorsOfRun} key=${props.run.id} ...${props} />`;
}

/** @param {Props<"run" | "api" | "route" | "navigate">} props */
function ErrorsOfRun({ run, api, route, navigate }) {
  const all = hasChoice(route.rows, ALL);
  const drawn = useRef(null);
  const { value: rows, problem, retry } = useRows({ api, run, table: "statuses" });
  if (rows && run.current) {
    drawn.current ??= newRowRun();
    drawStatuses(drawn.current, rows, run);
  }
  const { shown: statuses, choice } = useMemo(
    () => chooseRows("statuses", run.tables.statuses, route.rows),
    [run.tables.statuses, route.rows],
  );
  const errors = useMemo(() => statuses.filter((row) => isError(parts(row)[2], parts(row)[3])), [statuses]);
  const isCallsAlone = run.tables.statuses.length === 0 && failedCalls(run.tables.requests).failed > 0;
  const responses = sum(statuses);
  const failed = sum(errors);
  const shown = all ? statuses : errors;
  const grown = useGrownRun(run, windowOf(run));
  // Between windows, while only clocks move, nothing of this is drawn again.
  const content = useMemo(
    () =>
      html`<${DataTable}
        label=${all ? "Statuses" : "Errors"}
        columns=${columns(grown.run, responses, all)}
        rows=${shown}
        rowKey=${(row) => JSON.stringify(row.key)}
        initial=${{ by: "count", down: true }}
        filter=${route.filter}
        empty=${emptyText(grown.run, statuses, all)}
        open=${route.row?.[0] === "statuses" ? JSON.stringify(route.row.slice(1)) : null}
        onOpen=${(row) => navigate({ row: row ? ["statuses", ...row.key] : null })}
        detail=${(row) =>
          html`<${StatusDetail}
            key=${JSON.stringify(row.key)}
            run=${grown.run}
            api=${api}
            row=${row}
            route=${route}
            navigate=${navigate}
          />`}
      />`,
    [grown, api, navigate, statuses, shown, responses, all, route],
  );
  return html`<p class="verdict">
      ${run.current && !isCallsAlone && html`<${Verdict} failed=${failed} responses=${responses} />`}
    </p>
    ${problem && html`<${Problem} what="statuses over time" problem=${problem} retry=${retry} />`}
    ${drawn.current && statuses.length > 0 && html`<${Charts} drawn=${drawn.current} whole=${run.tables.statuses.length > statuses.length} route=${route} navigate=${navigate} />`}
    <${Causes} errors=${errors} failed=${failed} />
    <${FailedCalls} run=${run} />
    ${
      !isCallsAlone &&
      html`<${Card}
        id="errors"
        title=${all ? "Statuses" : "Errors"}
        caption=${`by request, status and error code · ${format(shown.length, "count")}`}
        actions=${html`<div class="toolbar">
          <${Segments}
            label="Rows"
            options=${[
              ["errors", "Errors"],
              ["all", "All statuses"],
            ]}
            value=${all ? "all" : "errors"}
            onChoose=${(id) => navigate({ rows: withChoice(route.rows, ALL, id === "all") })}
          />
          ${choice && html`<${PhaseChoice} route=${route} navigate=${navigate} />`}
          <${Filter} label="Filter errors" route=${route} navigate=${navigate} />
        </div>`}
      >
        ${content}
      <//>`
    }`;
}

const sum = (rows) => rows.reduce((count, row) => count + row.count, 0);

/** The key of the request: without status and code, with the phase. */
const requestOf = (key) => [...key.slice(0, 2), ...key.slice(4)];

/** `[method, name, status, code]`, and the phase where there is one; rows beyond those that are kept apart have one name for all. */
const parts = (row) => (row.key.length >= 4 ? row.key : ["", row.key[0], "", ""]);

function Verdict({ failed, responses }) {
  if (responses === 0) return html`<${Chip} state="none">no requests<//>`;
  if (failed === 0) return html`<${Chip} state="good">no errors<//> in ${plural(responses, "request")}`;
  const rest = ` in ${plural(responses, "request")}, ${format(failed / responses, "ratio")}`;
  return html`<${Chip} state="bad">${plural(failed, "error")}<//>${rest}`;
}

/** What several requests died of alike: where each failed in its own way, the table of errors says it all. */
function Causes({ errors, failed }) {
  const causes = useMemo(() => causesOf(errors), [errors]);
  const content = useMemo(
    () =>
      html`<${DataTable}
        label="Causes"
        columns=${[
          {
            id: "code",
            title: "Code",
            left: true,
            cell: ({ status, code }) => html`<bdi class="code">${code || status || "(other)"}</bdi>`,
          },
          {
            id: "meaning",
            title: "Meaning",
            left: true,
            cell: ({ status, code, error, url }) =>
              html`<${Message} text=${error} meaning=${errorText(status, code)} />${
                  url && html`<span class="whole sample-url" title=${url}>such as <bdi>${url}</bdi></span>`
                }`,
          },
          { id: "count", title: "Count", cell: ({ count }) => format(count, "count") },
          {
            id: "share",
            title: "Share of errors",
            cell: ({ count }) =>
              html`<span class="share"
                ><${Bar} share=${count / failed} /><span>${format(count / failed, "ratio")}</span></span
              >`,
          },
          { id: "requests", title: "Requests", cell: ({ requests }) => format(requests, "count") },
        ]}
        rows=${causes.slice(0, SHOWN.causes)}
        rowKey=${({ status, code, error }) => JSON.stringify([status, code, error])}
      />`,
    [causes, failed],
  );
  if (causes.length === errors.length) return null;
  const caption =
    causes.length > SHOWN.causes
      ? `the ${SHOWN.causes} most frequent of ${causes.length}`
      : "the most frequent first";
  return html`<${Card} id="causes" title="Causes" caption=${caption}>${content}<//>`;
}

/** k6's own words for what went wrong, and what they mean; of a row, those of the first that came. */
function Message({ text, meaning }) {
  if (!text) return meaning || "–";
  return html`<bdi class="message" title=${text}>${text}</bdi>${
      meaning && html`<span class="whole">${meaning}</span>`
    }`;
}

/** @param {Run} run */
function emptyText(run, statuses, all) {
  if (!run.current) return "";
  if (statuses.length === 0 && run.place) return "No HTTP requests in this part of the run.";
  if (statuses.length === 0) return run.stop === null ? "No requests yet." : "The run made no HTTP requests.";
  return all ? "" : "No errors: every request got a response with a status below 400.";
}

/** @param {Run} run */
function columns(run, responses, all) {
  const when = (id, title) => ({
    id,
    title,
    sort: (row) => row[id],
    cell: (row) => html`<span title=${moment(row[id])}>${clock(row[id] - run.start)}</span>`,
  });
  return [
    {
      id: "request",
      title: "Request",
      left: true,
      sort: (row) => parts(row)[1],
      text: (row) => parts(row).join(" "),
      cell: (row) => html`<${RequestName} parts=${requestOf(row.key)} row=${row} />`,
    },
    {
      id: "status",
      title: "Status",
      left: true,
      sort: (row) => Number(parts(row)[2]),
      cell: (row) => html`<${Status} status=${parts(row)[2]} code=${parts(row)[3]} />`,
    },
    {
      id: "code",
      title: "Code",
      left: true,
      sort: (row) => parts(row)[3],
      cell: (row) => html`<bdi class="code">${parts(row)[3] || "–"}</bdi>`,
    },
    {
      id: "meaning",
      title: "Meaning",
      left: true,
      text: (row) => [row.error, row.url, meaning(row)].join(" "),
      cell: (row) => html`<${Message} text=${row.error} meaning=${meaning(row)} />`,
    },
    when("first", "First"),
    when("last", "Last"),
    { id: "count", title: "Count", sort: (row) => row.count, cell: (row) => format(row.count, "count") },
    {
      id: "share",
      title: "Share of requests",
      sort: (row) => row.count,
      // Bars tell statuses apart; failures among all requests are too few for that.
      cell: (row) =>
        all
          ? html`<span class="share"
              ><${Bar} share=${row.count / responses} /><span
                >${format(row.count / responses, "ratio")}</span
              ></span
            >`
          : format(row.count / responses, "ratio"),
    },
  ];
}

function meaning(row) {
  const [, , status, code] = parts(row);
  return isError(status, code) ? errorText(status, code) : statusText(status);
}

function Status({ status, code }) {
  return html`<bdi class=${isError(status, code) ? "bad" : ""}>${status || "–"}</bdi>`;
}

/** @type {Metric} */
const RATE = { type: "counter" };

/**
 * Columns by class and, of failures, by status, as requests per second.
 *
 * @param {Run} drawn
 * @param {Run} run
 */
function drawStatuses(drawn, rows, run) {
  setTotals(drawn, run);
  if (drawn.revision === rows.revision) return;
  setTimes(drawn, rows, run);
  const classes = new Map();
  for (const series of rows.series.values()) {
    const [status] = series.key;
    const values = ratePerSecond(rows, series);
    if (isError(status, "")) setColumn(drawn, `status ${status}`, "rate", values, RATE);
    const id = classOf(status);
    classes.set(id, [...(classes.get(id) ?? []), values]);
  }
  for (const [id, columns] of classes) setColumn(drawn, `class ${id}`, "rate", sumOf(rows, columns), RATE);
  drawn.revision = rows.revision;
}

/**
 * What the legends say of a run that is over, and of a part of one: by the server's counts.
 *
 * @param {Run} drawn
 * @param {Run} run
 */
function setTotals(drawn, run) {
  drawn.place = run.place;
  drawn.totals = new Map();
  if (run.stop === null && !run.place) return;
  const seconds = Math.max(1, run.part?.seconds ?? elapsed(run) / 1000);
  for (const row of run.tables.statuses) {
    const status = row.key.length >= 4 ? row.key[2] : "";
    for (const name of [`rate status ${status}`, `rate class ${classOf(status)}`]) {
      drawn.totals.set(name, (drawn.totals.get(name) ?? 0) + row.count / seconds);
    }
  }
  // What did not come in a part came no times.
  for (const name of drawn.metrics.keys()) {
    if (!drawn.totals.has(`rate ${name}`)) drawn.totals.set(`rate ${name}`, 0);
  }
}

/** Further statuses of a class, whose first has the class's colour. */
const LINES = ["--series-6", "--series-7", "--series-1", "--series-8"];
/** More lines than this would be a tangle. */
const MOST_LINES = 6;

function colorsOf(statuses) {
  const taken = new Set();
  const rest = [...LINES];
  return statuses.map((status) => {
    const color = CLASSES.find(({ id }) => id === classOf(status))?.color;
    if (taken.has(color)) return rest.shift() ?? LINES.at(-1);
    taken.add(color);
    return color;
  });
}

/**
 * `whole`: the table leaves setup and teardown out, which the charts cannot.
 *
 * @param {Props<"route" | "navigate">} props
 */
function Charts({ drawn, whole, route, navigate }) {
  const also = whole ? ", setup and teardown too" : "";
  const names = [...drawn.metrics.keys()];
  // As text: the same names make the same panel, and its chart is not made anew.
  const classes = JSON.stringify(names.filter((name) => name.startsWith("class ")));
  const failing = names
    .filter((name) => name.startsWith("status "))
    .map((name) => name.slice("status ".length))
    .sort()
    .slice(0, MOST_LINES);
  const statuses = JSON.stringify(failing);
  const byClass = useMemo(
    () => ({
      id: "statuses",
      title: "Responses",
      caption: `per second, by class of status${also}`,
      unit: "rate",
      series: CLASSES.filter(({ id }) => JSON.parse(classes).includes(`class ${id}`)).map(
        ({ id, label, color }) => ({
          label,
          metric: `class ${id}`,
          aggregate: "rate",
          color,
        }),
      ),
    }),
    [classes, also],
  );
  const byStatus = useMemo(() => {
    const failing = JSON.parse(statuses);
    const colors = colorsOf(failing);
    return {
      id: "failures",
      title: "Failures",
      caption: `per second, by status${also}`,
      unit: "rate",
      series: failing.map((status, i) => ({
        label: status === "0" ? "0 no response" : status || "other",
        metric: `status ${status}`,
        aggregate: "rate",
        color: colors[i],
      })),
    };
  }, [statuses, also]);
  const onZoom = (zoom) => navigate({ zoom });
  return html`<div class="charts statuses">
    ${[byClass, byStatus]
      .filter((panel) => panel.series.length > 0)
      .map(
        (panel) =>
          html`<${ChartCard}
            key=${panel.id}
            run=${drawn}
            panel=${panel}
            zoom=${route.zoom}
            onZoom=${onZoom}
          />`,
      )}
  </div>`;
}

/** @param {Props<"run" | "api" | "route" | "navigate">} props */
function StatusDetail({ run, api, row, route, navigate }) {
  const { drawn, problem, retry } = useDrawnRow({ api, run, table: "statuses", row: row.key });
  const [, , status, code] = parts(row);
  const requests = tabOfView(run, "requests");
  const panel = useMemo(
    () => ({
      id: "status-row",
      title: isError(status, code) ? "These failures" : "These responses",
      caption: "per second",
      unit: "rate",
      series: [
        {
          label: status === "0" ? "no response" : status || "requests",
          metric: "http_reqs",
          aggregate: "rate",
          color: isError(status, code) ? "--bad" : "--series-1",
          fill: true,
        },
      ],
    }),
    [status, code],
  );
  if (problem && !drawn) return html`<${Problem} what="row" problem=${problem} retry=${retry} />`;
  if (!drawn) return html`<div class="detail-wait"></div>`;
  return html`${
      row.error &&
      html`<p class="sample">
        <span class="caption">The first of them:</span> <bdi class="code">${row.error}</bdi>
      </p>`
    }${
      row.url &&
      row.url !== row.key[1] &&
      html`<p class="sample">
        <span class="caption">It asked for:</span> <bdi class="code">${row.url}</bdi>
      </p>`
    }<${ChartCard} run=${drawn} panel=${panel} zoom=${route.zoom} onZoom=${(zoom) => navigate({ zoom })} /> ${
      row.key.length >= 4 &&
      requests &&
      html`<div>
        <button
          type="button"
          class="button"
          onClick=${() => navigate({ tab: requests, row: ["requests", ...requestOf(row.key)] })}
        >
          Open the request
        </button>
      </div>`
    }`;
}
