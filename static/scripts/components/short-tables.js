/** The short tables of a page of panels: the requests that took most time, and the thresholds. */

import { useGrownRun } from "../data/grown-run.js";
import { format } from "../model/format.js";
import { html, useEffect, useMemo, useRef, useState } from "../html.js";
import { tabOfView } from "../model/panels.js";
import { hrefOf } from "../router.js";
import { onPlainClick } from "./link.js";
import { Card } from "./parts.js";
import { noRequests, requestColumns, totalTime } from "./request-table.js";
import { DataTable } from "./table.js";
import { tallyOf, thresholdColumns } from "./threshold-table.js";

/** @import { Props } from "../types.js" */

/** Rows of the short table; the Requests tab has all. */
const MOST = 10;
/** Tables change no more often than they can be read. */
const STEADY_MS = 1000;

/** `value`, exchanged at most once a second; at once when `final`, and when it is of something else. */
function useSteady(value, final, of = /** @type {unknown} */ (null)) {
  const steady = useRef({ value, of, at: 0 });
  const [, again] = useState(0);
  const due = performance.now() - steady.current.at >= STEADY_MS || steady.current.of !== of;
  if (steady.current.value !== value && (final || due)) steady.current = { value, of, at: performance.now() };
  const late = steady.current.value !== value;
  useEffect(() => {
    if (!late) return undefined;
    const rest = steady.current.at + STEADY_MS - performance.now();
    const timer = setTimeout(() => again((n) => n + 1), rest);
    return () => clearTimeout(timer);
  }, [late]);
  return steady.current.value;
}

/** @param {Props<"run" | "panel" | "route" | "navigate">} props */
export function RequestsCard({ run, panel, route, navigate }) {
  const [filter, setFilter] = useState("");
  const all = useSteady(run.tables.requests, run.stop !== null || !run.current, run.place);
  const tab = tabOfView(run, "requests");
  const empty = noRequests(run);
  return useMemo(() => {
    const time = totalTime(all);
    const wanted = filter.trim().toLowerCase();
    const found = wanted ? all.filter((row) => row.key.join(" ").toLowerCase().includes(wanted)) : all;
    const rows = [...found].sort((a, b) => b.time - a.time).slice(0, MOST);
    const link = (change) => ({
      href: hrefOf(route, change),
      onClick: onPlainClick(() => navigate(change)),
    });
    const open = tab && ((key) => link({ tab, row: ["requests", ...key] }));
    return html`<${Card}
      id=${panel.id}
      title=${panel.title}
      caption=${requestsCaption(rows.length, found.length, all.length)}
      actions=${html`${tab && all.length > MOST && html`<a class="button button-quiet" ...${link({ tab })}>All requests</a>`}
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
        columns=${requestColumns(time, { open })}
        rows=${rows}
        rowKey=${(row) => JSON.stringify(row.key)}
        initial=${{ by: "time", down: true }}
        empty=${empty}
      />
    <//>`;
  }, [all, empty, filter, panel, tab, route, navigate]);
}

function requestsCaption(shown, found, all) {
  if (all === 0) return "by name and method";
  const of = `of ${format(all, "count")}`;
  if (found > shown) return `the ${shown} that took most time, ${of}`;
  return found < all ? `${found} ${of}` : `by name and method · ${format(all, "count")}`;
}

/** @param {Props<"run" | "panel">} props */
export function ThresholdsCard({ run, panel }) {
  const thresholds = useSteady(run.thresholds, run.stop !== null || !run.current, run.place);
  const grown = useGrownRun(run, run.layout);
  return useMemo(() => {
    if (thresholds.length === 0) return null;
    return html`<${Card} id=${panel.id} title=${panel.title} caption=${tallyOf(grown.run, thresholds)}>
      <${DataTable}
        label="Thresholds"
        columns=${thresholdColumns(grown.run)}
        rows=${thresholds}
        rowKey=${(row) => `${row.metric} ${row.expression}`}
        initial=${{ by: "state", down: false }}
      />
    <//>`;
  }, [thresholds, panel, grown]);
}
