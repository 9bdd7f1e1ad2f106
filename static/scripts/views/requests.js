/** Which request, group or scenario did it: a table whose rows open their charts and distribution. */

import { Filter, PhaseChoice, Segments } from "../components/choices.js";
import { Problem } from "../components/distribution.js";
import { FacetBar, useFacets } from "../components/facets.js";
import { onPlainClick } from "../components/link.js";
import { Card } from "../components/parts.js";
import { Mark, Missed, noRequests, requestColumns, totalTime } from "../components/request-table.js";
import { RowDetail } from "../components/row-detail.js";
import { DataTable } from "../components/table.js";
import { useGrownRun, windowOf } from "../data/grown-run.js";
import { useRequests } from "../data/requests.js";
import { BY_TAG, filterWords, likeRequests, LOOKS, queryOf, statusWords } from "../model/facets.js";
import { format, plural, unitOf } from "../model/format.js";
import { html, useMemo } from "../html.js";
import { chooseRows, phaseOf } from "../model/phases.js";
import { hrefOf } from "../router.js";

/** @import { Metric, Props } from "../types.js" */

/** @type {["requests" | "groups" | "scenarios", string][]} */
const TABLES = [
  ["requests", "Requests"],
  ["groups", "Groups"],
  ["scenarios", "Scenarios"],
];
const CAPTIONS = {
  groups: "by group, those in it included; a group’s duration is its own, from its begin to its end",
  scenarios: "by scenario",
};
const EMPTY = {
  groups: "The test has no groups.",
  scenarios: "No samples name their scenario.",
};
const BY = {
  name: "by method and name",
  status: "by status",
  scenario: "by scenario",
  group: "by group, the innermost",
  expected: "by whether the answer was expected",
};

/** @param {Props<"run" | "api" | "route" | "navigate">} props */
export function Requests(props) {
  const { route, navigate } = props;
  // `row` holds the table alone while no row of it is open.
  const [table] = TABLES.find(([id]) => id === route.row?.[0]) ?? TABLES[0];
  const choose = html`<${Segments}
    label="Table"
    options=${TABLES}
    value=${table}
    onChoose=${(id) => navigate({ row: id === "requests" ? null : [id] })}
  />`;
  return table === "requests"
    ? html`<${RequestsOfRun} key=${props.run.id} ...${props} choose=${choose} />`
    : html`<${PartsOfRun} key=${table} ...${props} table=${table} choose=${choose} />`;
}

/** @param {Props<"run" | "api" | "route" | "navigate"> & { choose: unknown }} props */
function RequestsOfRun({ run, api, route, navigate, choose }) {
  const facets = useFacets();
  const query = queryOf(facets.by, facets.filters, route.rows);
  const all = run.tables.requests;
  const { shown: own, choice } = useMemo(() => chooseRows("requests", all, route.rows), [all, route.rows]);
  const grown = useGrownRun(run, windowOf(run));
  const { found, stale, problem, retry } = useRequests(api, run, route.zoom, query, windowOf(run));
  const asked = query !== null;
  // Until the answer is there, the one before stands.
  const by = (asked && found && byOf(found.by)) || facets.by;
  const rows = useMemo(() => {
    if (!asked) return own;
    return by === "name" ? (found?.rows.map(likeRequests) ?? []) : (found?.rows ?? []);
  }, [asked, own, found, by]);
  const open = by === "name" && route.row && route.row.length > 1 ? keyOf(route.row.slice(1)) : null;
  const words = filterWords(facets.filters);
  const content = useMemo(
    () =>
      html`<${DataTable}
        label="Requests"
        columns=${columnsBy(by, totalTime(rows), (value) => {
          const only = by.startsWith(BY_TAG)
            ? { [LOOKS.tag]: `${by.slice(BY_TAG.length)}:${value}` }
            : { [LOOKS[by]]: value };
          const look = { ...route.look, ...only };
          delete look[LOOKS.by];
          const change = { look };
          return {
            href: hrefOf(route, change),
            onClick: onPlainClick(() => navigate(change)),
          };
        })}
        rows=${rows}
        rowKey=${(row) => keyOf(row.key)}
        initial=${{ by: "time", down: true }}
        filter=${route.filter}
        empty=${emptyText(grown.run, !asked || (found !== null && !stale), words)}
        open=${open}
        onOpen=${(row) => navigate({ row: row ? ["requests", ...row.key] : null })}
        detail=${
          by === "name"
            ? (row) =>
                html`${words && html`<p class="caption">All of this request, whatever is filtered by:</p>`}<${RowDetail}
                    key=${`${grown.run.id} requests ${keyOf(row.key)}`}
                    run=${grown.run}
                    api=${api}
                    route=${route}
                    navigate=${navigate}
                    table="requests"
                    row=${row.key}
                  />`
            : null
        }
      />`,
    // What is filtered by stands in the route.
    [grown, api, navigate, rows, open, route, by, asked, found, stale, words],
  );
  return html`<div class="toolbar">
      ${choose} ${choice && html`<${PhaseChoice} route=${route} navigate=${navigate} />`}
      <${Filter} label="Filter requests" route=${route} navigate=${navigate} />
      <${FacetBar} run=${run} facets=${facets} />
    </div>
    ${problem && html`<${Problem} what="filtered requests" problem=${problem} retry=${retry} />`}
    <${Card} id="requests" title="Requests" caption=${captionOf(by, rows, stale ? null : found, words)}>
      ${content}
      ${words && found && !stale && found.other > 0 && html`<p class="nothing">${beyond(found.other)}</p>`}
    <//>`;
}

/** What a document's `by` is called on the page. */
const byOf = (by) => (by.includes("name") ? "name" : by[0]);

function captionOf(by, rows, found, words) {
  const count = words && found ? `${plural(found.whole.count, "request")} of ${words}, ` : "";
  return `${count}${BY[by] ?? `by tag ${by.slice(BY_TAG.length)}`} · ${format(rows.length, "count")}`;
}

/** Rows beyond those that are kept have no facets. */
function beyond(other) {
  return `${plural(other, "request")} of too many kinds to be kept apart: whether they match is not known.`;
}

function emptyText(run, answered, words) {
  if (!run.current || !answered) return "";
  if (words) return `No request matches${run.place ? " in this part of the run" : ""}: ${words}.`;
  return noRequests(run);
}

/** `narrow(value)` makes the attributes of a link to the requests of one row. */
function columnsBy(by, time, narrow) {
  const columns = requestColumns(time, { full: true });
  if (by === "name") return columns;
  const title =
    { status: "Status", scenario: "Scenario", group: "Group", expected: "Answer" }[by] ??
    by.slice(BY_TAG.length);
  const wordsOf = WORDS[by] ?? ((value) => value || `no ${title}`);
  const words = (row) => (row.key[0] === "(other)" ? row.key[0] : wordsOf(row.key[0]));
  const name = {
    id: "name",
    title,
    left: true,
    sort: (row) => row.key[0],
    text: words,
    cell: (row) =>
      row.key[0] === "(other)"
        ? words(row)
        : html`<a class="name-link metric-name" ...${narrow(row.key[0])}><bdi>${words(row)}</bdi></a
            ><${Missed} row=${row} />`,
  };
  return [name, ...columns.slice(1)];
}

const WORDS = {
  status: statusWords,
  scenario: (name) => name || "no scenario",
  group: (group) => formatGroup(group) || "outside of groups",
  expected: (word) => ({ true: "expected", false: "not expected" })[word] ?? "not known",
};

/** @param {Props<"run" | "api" | "route" | "navigate"> & { table: "groups" | "scenarios", choose: unknown }} props */
function PartsOfRun({ run, api, route, navigate, table, choose }) {
  const title = table === "groups" ? "Groups" : "Scenarios";
  const all = run.tables[table];
  const { shown: rows, choice } = useMemo(() => chooseRows(table, all, route.rows), [table, all, route.rows]);
  const open = route.row && route.row.length > 1 ? keyOf(route.row.slice(1)) : null;
  const grown = useGrownRun(run, windowOf(run));
  // Between windows, while only clocks move, nothing of this is drawn again.
  const content = useMemo(
    () =>
      html`<${DataTable}
        label=${title}
        columns=${partColumns(table, rows)}
        rows=${rows}
        rowKey=${(row) => keyOf(row.key)}
        initial=${{ by: "name", down: false }}
        tree=${table === "groups"}
        filter=${route.filter}
        empty=${grown.run.current ? (grown.run.place ? "No samples in this part of the run." : EMPTY[table]) : ""}
        open=${open}
        onOpen=${(row) => navigate({ row: row ? [table, ...row.key] : [table] })}
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
      ${choose} ${choice && html`<${PhaseChoice} route=${route} navigate=${navigate} />`}
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
      // What is measured of a group as a whole has no share of its own.
      row.whole && name !== "group_duration"
        ? html`${say(value(row.whole))}<span class="whole">${say(value(row.metrics))}</span>`
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
      // In the tree the groups around it stand above it.
      cell: (row, { depth = 0 } = {}) =>
        html`<span
          ><bdi class="metric-name" title=${row.key[0]}
            >${table === "groups" ? formatGroup(depth > 0 ? lastOf(row.key[0]) : row.key[0]) : row.key[0]}</bdi
          >${phaseOf(table, row.key) && html`<${Mark} word=${phaseOf(table, row.key)} />`}<${Missed}
            row=${row}
          />${row.whole && html`<span class="whole">without the groups in it</span>`}</span
        >`,
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

const lastOf = (group) => group.slice(group.lastIndexOf("::"));
