/** The short tables of a page of panels: the requests that took most time, and the thresholds. */

import { clock, format, NOTHING, unitOf } from "../format.js";
import { html, useEffect, useMemo, useRef, useState } from "../html.js";
import { tabsOf } from "../panels.js";
import { formatRoute } from "../router.js";
import { margin, metaOf, parseExpression, sayExpression, tally } from "../thresholds.js";
import { onPlainClick } from "./link.js";
import { Bar, Card, Chip } from "./parts.js";
import { DataTable } from "./table.js";

/** Rows of the short table; the Requests tab has all. */
const MOST = 10;
/** Tables change no more often than they can be read. */
const STEADY_MS = 1000;

const figure = (id, title, unit) => ({
  id,
  title,
  sort: (row) => row[id],
  cell: (row) => format(row[id], unit),
});

function requestColumns(time, open) {
  return [
    {
      id: "name",
      title: "Name",
      left: true,
      sort: (row) => row.key.at(-1),
      cell: (row) => html`<${RequestName} parts=${row.key} open=${open} />`,
    },
    figure("count", "Count", "count"),
    figure("rate", "Rate", "rate"),
    {
      id: "failed",
      title: "Failed",
      sort: (row) => row.failed,
      cell: (row) => html`<span class=${row.failed > 0 ? "bad" : ""}>${format(row.failed, "ratio")}</span>`,
    },
    figure("med", "Median", "time"),
    figure("p95", "p95", "time"),
    figure("p99", "p99", "time"),
    figure("max", "Max", "time"),
    {
      id: "time",
      title: "Time",
      sort: (row) => row.time,
      cell: (row) =>
        html`<span class="share"
          ><${Bar} share=${row.time / time} /><span>${format(row.time / time, "ratio")}</span></span
        >`,
    },
  ];
}

function RequestName({ parts, open }) {
  const [method, name] = parts.length > 1 ? parts : [null, parts[0]];
  return html`<span class="request-name"
    >${method && html`<span class="method">${method}</span>`}${
      open
        ? html`<a class="name-link" ...${open(parts)}><bdi title=${name}>${name}</bdi></a>`
        : html`<bdi title=${name}>${name}</bdi>`
    }</span
  >`;
}

/** `value`, exchanged at most once a second; at once when `final`. */
function useSteady(value, final) {
  const held = useRef({ value, at: 0 });
  const [, again] = useState(0);
  const wait = held.current.at + STEADY_MS - performance.now();
  if (held.current.value !== value && (final || wait <= 0)) held.current = { value, at: performance.now() };
  const late = held.current.value !== value;
  useEffect(() => {
    if (!late) return undefined;
    const timer = setTimeout(() => again((n) => n + 1), wait);
    return () => clearTimeout(timer);
  }, [late]);
  return held.current.value;
}

export function RequestsCard({ run, panel, route, navigate }) {
  const [filter, setFilter] = useState("");
  const all = useSteady(run.tables.requests, run.stop !== null || !run.current);
  const tab = tabsOf(run).find((t) => t.view === "requests")?.id;
  return useMemo(() => {
    const time = all.reduce((sum, row) => sum + row.time, 0) || 1;
    const wanted = filter.trim().toLowerCase();
    const found = wanted ? all.filter((row) => row.key.join(" ").toLowerCase().includes(wanted)) : all;
    const rows = [...found].sort((a, b) => b.time - a.time).slice(0, MOST);
    const link = (change) => ({
      href: formatRoute({ ...route, ...change }),
      onClick: onPlainClick(() => navigate(change)),
    });
    const open = tab && ((key) => link({ tab, row: ["requests", ...key] }));
    return html`<${Card}
      id=${panel.id}
      title=${panel.title}
      caption=${requestsCaption(rows.length, found.length, all.length)}
      actions=${html`${tab && all.length > MOST && html`<a class="button button-quiet" ...${link({ tab, row: null })}>All requests</a>`}
        <input
          type="search"
          class="filter"
          placeholder="Filter…"
          aria-label="Filter requests"
          value=${filter}
          onInput=${(event) => setFilter(event.target.value)}
        />`}
    >
      <${DataTable}
        label="Requests"
        columns=${requestColumns(time, open)}
        rows=${rows}
        rowKey=${(row) => JSON.stringify(row.key)}
        initial=${{ by: "time", down: true }}
      />
    <//>`;
  }, [all, filter, panel, tab, formatRoute(route)]);
}

function requestsCaption(shown, found, all) {
  if (all === 0) return "by name and method";
  const of = `of ${format(all, "count")}`;
  if (found > shown) return `the ${shown} that took most time, ${of}`;
  return found < all ? `${found} ${of}` : `by name and method · ${format(all, "count")}`;
}

const RANK = { false: 0, null: 1, true: 2 };

export function ThresholdsCard({ run, panel }) {
  const thresholds = useSteady(run.thresholds, run.stop !== null || !run.current);
  return useMemo(() => {
    if (thresholds.length === 0) return null;
    const { pass, fail, noData } = tally(thresholds);
    const caption = [`${pass} pass`, fail && `${fail} fail`, noData && `${noData} without data`]
      .filter(Boolean)
      .join(" · ");
    return html`<${Card} id=${panel.id} title=${panel.title} caption=${caption}>
      <${DataTable}
        label="Thresholds"
        columns=${thresholdColumns(run)}
        rows=${thresholds}
        rowKey=${(row) => `${row.metric} ${row.expression}`}
        initial=${{ by: "state", down: false }}
      />
    <//>`;
  }, [thresholds, panel, run.layout]);
}

function thresholdColumns(run) {
  return [
    {
      id: "metric",
      title: "Metric",
      left: true,
      sort: (row) => row.metric,
      cell: (row) => html`<bdi class="metric-name" title=${row.metric}>${row.metric}</bdi>`,
    },
    {
      id: "limit",
      title: "Limit",
      left: true,
      cell: (row) =>
        html`<code title=${row.expression}>${sayExpression(row.expression, metaOf(run, row.metric))}</code>`,
    },
    {
      id: "observed",
      title: "Observed",
      cell: (row) => {
        const aggregate = parseExpression(row.expression)?.aggregate;
        return format(row.observed, unitOf(metaOf(run, row.metric), aggregate));
      },
    },
    {
      id: "margin",
      title: "Margin",
      sort: (row) => margin(row.expression, row.observed),
      cell: (row) => format(margin(row.expression, row.observed), "ratio"),
    },
    {
      id: "first",
      title: "First crossed",
      sort: (row) => row.firstFailed,
      cell: (row) => (row.firstFailed === null ? NOTHING : clock(row.firstFailed - run.start)),
    },
    {
      id: "state",
      title: "State",
      left: true,
      sort: (row) => RANK[row.passes],
      cell: (row) => html`<${Outcome} passes=${row.passes} />`,
    },
  ];
}

function Outcome({ passes }) {
  if (passes === null) return html`<${Chip} state="none">no data<//>`;
  return passes ? html`<${Chip} state="good">pass<//>` : html`<${Chip} state="bad">fail<//>`;
}
