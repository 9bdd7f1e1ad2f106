/** Which request, group or scenario did it: a table whose rows open their charts and distribution. */

import { Filter, PhaseChoice, Segments } from "../components/choices.js";
import { Card } from "../components/parts.js";
import { Mark, Missed, requestColumns, totalTime } from "../components/request-table.js";
import { RowDetail } from "../components/row-detail.js";
import { DataTable } from "../components/table.js";
import { useGrownRun, windowOf } from "../data/grown-run.js";
import { format, unitOf } from "../model/format.js";
import { html, useMemo } from "../html.js";
import { chooseRows, phaseOf } from "../model/phases.js";

/** @import { Metric, Props } from "../types.js" */

/** @type {["requests" | "groups" | "scenarios", string][]} */
const TABLES = [
  ["requests", "Requests"],
  ["groups", "Groups"],
  ["scenarios", "Scenarios"],
];
const CAPTIONS = { requests: "by method and name", groups: "by group", scenarios: "by scenario" };
const EMPTY = {
  requests: "No HTTP requests.",
  groups: "The test has no groups.",
  scenarios: "No samples name their scenario.",
};

/** @param {Props<"run" | "api" | "route" | "navigate">} props */
export function Requests({ run, api, route, navigate }) {
  // `row` holds the table alone while no row of it is open.
  const [table, title] = TABLES.find(([id]) => id === route.row?.[0]) ?? TABLES[0];
  const all = run.tables[table];
  const { shown: rows, choice } = useMemo(() => chooseRows(table, all, route.rows), [table, all, route.rows]);
  const open = route.row && route.row.length > 1 ? keyOf(route.row.slice(1)) : null;
  const grown = useGrownRun(run, windowOf(run));
  // Between windows, while only clocks move, nothing of this is drawn again.
  const content = useMemo(
    () =>
      html`<${DataTable}
        key=${table}
        label=${title}
        columns=${table === "requests" ? requestColumns(totalTime(rows), { full: true }) : partColumns(table, rows)}
        rows=${rows}
        rowKey=${(row) => keyOf(row.key)}
        initial=${table === "requests" ? { by: "time", down: true } : { by: "name", down: false }}
        filter=${route.filter}
        empty=${grown.run.current ? (grown.run.place ? "No samples in this part of the run." : EMPTY[table]) : ""}
        open=${open}
        onOpen=${(row) => navigate({ row: row ? [table, ...row.key] : table === "requests" ? null : [table] })}
        detail=${(row) =>
          html`<${RowDetail}
            key=${`${grown.run.id} ${table} ${keyOf(row.key)}`}
            run=${grown.run}
            api=${api}
            route=${route}
            navigate=${navigate}
            table=${table}
            row=${row.key}
          />`}
      />`,
    [grown, api, navigate, table, title, rows, open, route],
  );
  return html`<div class="toolbar">
      <${Segments}
        label="Table"
        options=${TABLES}
        value=${table}
        onChoose=${(id) => navigate({ row: id === "requests" ? null : [id] })}
      />
      ${choice && html`<${PhaseChoice} route=${route} navigate=${navigate} />`}
      <${Filter} label=${`Filter ${table}`} route=${route} navigate=${navigate} />
    </div>
    <${Card} id="requests" title=${title} caption=${`${CAPTIONS[table]} · ${format(rows.length, "count")}`}>
      ${content}
    <//>`;
}

const keyOf = (key) => JSON.stringify(key);

/** @type {Record<string, Pick<Metric, "type" | "contains">>} */
const TYPES = {
  http_reqs: { type: "counter" },
  http_req_duration: { type: "trend", contains: "time" },
  http_req_failed: { type: "rate" },
  checks: { type: "rate" },
  iterations: { type: "counter" },
  group_duration: { type: "trend", contains: "time" },
  iteration_duration: { type: "trend", contains: "time" },
};

/**
 * @param {string} name
 * @param {string} aggregate
 */
function metric(
  title,
  name,
  aggregate,
  bad = /** @type {((share: any) => boolean) | undefined} */ (undefined),
) {
  const unit = unitOf(TYPES[name], aggregate);
  const value = (metrics) => metrics[name]?.[aggregate] ?? null;
  const say = (figure) =>
    bad?.(figure) ? html`<span class="bad">${format(figure, unit)}</span>` : format(figure, unit);
  return {
    id: `${name} ${aggregate}`,
    title,
    metric: name,
    sort: (row) => value(row.whole ?? row.metrics),
    cell: (row) =>
      row.whole
        ? html`${say(value(row.metrics))}<span class="whole">${say(value(row.whole))}</span>`
        : say(value(row.metrics)),
  };
}

/** Columns for groups and scenarios; those that no row has a figure for are left out. */
function partColumns(table, rows) {
  const whole = table === "groups" ? "group_duration" : "iteration_duration";
  const title = table === "groups" ? "Group" : "Iteration";
  return [
    {
      id: "name",
      title: table === "groups" ? "Group" : "Scenario",
      left: true,
      sort: (row) => row.key[0],
      text: (row) => formatGroup(row.key[0]),
      cell: (row) =>
        html`<bdi class="metric-name" title=${row.key[0]}
            >${table === "groups" ? formatGroup(row.key[0]) : row.key[0]}</bdi
          >${phaseOf(table, row.key) && html`<${Mark} word=${phaseOf(table, row.key)} />`}<${Missed}
            row=${row}
          />${row.whole && html`<span class="whole">with the groups in it</span>`}`,
    },
    metric("Iterations", "iterations", "count"),
    table === "groups" && metric("Executions", "group_duration", "count"),
    metric(`${title} avg`, whole, "avg"),
    metric(`${title} p95`, whole, "p(95)"),
    metric("Requests", "http_reqs", "count"),
    metric("Duration avg", "http_req_duration", "avg"),
    metric("p95", "http_req_duration", "p(95)"),
    metric("p99", "http_req_duration", "p(99)"),
    metric("Failed", "http_req_failed", "rate", (share) => share > 0),
    metric("Checks passed", "checks", "rate", (share) => share !== null && share < 1),
  ].filter(
    (column) => column && (!column.metric || rows.some((row) => (row.whole ?? row.metrics)[column.metric])),
  );
}

/** `::cart::pay` is `cart › pay`. */
export function formatGroup(group) {
  return group.replace(/^::/, "").replaceAll("::", " › ");
}
