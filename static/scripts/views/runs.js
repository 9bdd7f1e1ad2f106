/** All runs of a test: what they measured, what they passed, how it went from run to run. */

import { Dialog } from "../components/dialog.js";
import { runLabel } from "../components/frame.js";
import { Heatmap } from "../components/heatmap.js";
import { RouteLink } from "../components/link.js";
import { Card, Chip } from "../components/parts.js";
import { DataTable } from "../components/table.js";
import { Trend } from "../components/trend.js";
import { clock, format, moment, plural } from "../format.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { formatRoute } from "../router.js";
import {
  figuresOf,
  mergeRuns,
  oldestFirst,
  thresholdsByRun,
  TRENDS,
  verdictOf,
  verdictRank,
} from "../runs.js";

const PAGE = 50;
/** How often the figures of a live run are asked for again. */
const LIVE_MS = 5000;

export function Runs({ run, session, api, route, navigate }) {
  const { info } = session.state;
  const list = useRuns(api, session);
  const [asked, setAsked] = useState(null);
  const items = oldestFirst(list.items);
  const baseline = items.find((item) => item.baseline) ?? null;
  const rows = thresholdsByRun(items);
  const changeTo = (item) => ({ run: item.id, tab: "overview", zoom: null, row: null, other: null });

  if (list.items.length === 0) {
    return html`<${Card} id="runs" title="Runs">
      <p class="nothing">
        ${list.problem ? `The runs cannot be listed: ${list.problem}` : "Asking for the runs…"}
      </p>
    <//>`;
  }
  return html`<${Card}
      id="runs"
      title="Runs"
      caption=${html`of <bdi>${info.test}</bdi> · ${captionOf(list)}`}
    >
      ${list.problem && html`<p class="bad" role="alert">${list.problem}</p>`}
      <${Table}
        items=${list.items}
        shown=${info.id}
        baseline=${baseline}
        route=${route}
        navigate=${navigate}
        changeTo=${changeTo}
        onPin=${(item) => list.pin(item)}
        onEdit=${(item) => setAsked({ what: "edit", item })}
        onDelete=${(item) => setAsked({ what: "delete", item })}
      />
      ${
        list.more &&
        html`<p class="more">
          <button type="button" class="button" disabled=${list.busy} onClick=${list.older}>Older runs</button>
        </p>`
      }
    <//>
    <div class="charts">
      ${TRENDS.map(
        (trend) =>
          html`<${Trend}
            key=${trend.figure}
            trend=${trend}
            items=${items}
            values=${figuresOf(items, trend.figure)}
            shown=${info.id}
            nameOf=${runLabel}
            hrefOf=${(item) => formatRoute({ ...route, ...changeTo(item) })}
            go=${(item) => navigate(changeTo(item))}
          />`,
      )}
    </div>
    <${Card} id="heatmap" title="Thresholds by run" caption="oldest to newest">
      ${
        rows.length === 0
          ? html`<p class="nothing">No run of this test has thresholds.</p>`
          : html`<${Heatmap}
              run=${run}
              items=${items}
              rows=${rows}
              shown=${info.id}
              nameOf=${runLabel}
              headOf=${(item) =>
                html`<${RouteLink}
                  class="heat-run"
                  route=${route}
                  navigate=${navigate}
                  change=${changeTo(item)}
                  title=${runLabel(item)}
                  >${item.baseline && "★ "}<bdi>${runLabel(item)}</bdi><//
                >`}
            />`
      }
    <//>
    ${asked?.what === "edit" && html`<${Edit} item=${asked.item} list=${list} onClose=${() => setAsked(null)} />`}
    ${
      asked?.what === "delete" &&
      html`<${Delete}
        item=${asked.item}
        list=${list}
        onClose=${() => setAsked(null)}
        onGone=${(item) => leave(item, list, session, navigate)}
      />`
    }`;
}

function captionOf(list) {
  return list.more ? `newest ${format(list.items.length, "count")}` : plural(list.items.length, "run");
}

/** After the shown run was deleted: the newest of its test, or of all, or the empty page. */
function leave(item, list, session, navigate) {
  session.forget(item.id);
  if (session.state.info.id !== item.id) return;
  const next = list.items.find((other) => other.id !== item.id) ?? session.state.runs[0];
  if (next)
    navigate({ run: next.id, tab: next.test === item.test ? "runs" : "overview", zoom: null, other: null });
  else location.assign("?");
}

/** The runs of the shown run's test, newest first, and what can be done with them. */
function useRuns(api, session) {
  const { info, newer } = session.state;
  const [state, setState] = useState({ test: null, items: [], more: false, problem: null });
  const [busy, setBusy] = useState(false);
  const test = useRef(info.test);
  test.current = info.test;

  async function load({ before } = {}) {
    const wanted = info.test;
    try {
      const list = await api.runs({ test: wanted, before, limit: PAGE, figures: true });
      if (test.current !== wanted) return;
      setState((old) => {
        const known = old.test === wanted ? old : { items: [], more: null };
        const more = before || known.more === null ? list.length >= PAGE : known.more;
        return { test: wanted, items: mergeRuns(known.items, list), more, problem: null };
      });
    } catch (error) {
      setState((old) => ({ ...old, problem: error.message }));
    }
  }

  /** Does what changes a run, then what `change` makes of the list. */
  async function act(action, change) {
    await action();
    setState((old) => ({ ...old, items: change(old.items), problem: null }));
    session.refreshRuns().catch(() => {});
  }

  useEffect(() => {
    load();
  }, [info.test, info.state, newer?.id]);

  const live = state.items.some((item) => item.state === "live");
  useEffect(() => {
    if (!live) return undefined;
    const timer = setInterval(load, LIVE_MS);
    return () => clearInterval(timer);
  }, [live, info.test]);

  return {
    ...state,
    items: state.test === info.test ? state.items : [],
    busy,
    async older() {
      setBusy(true);
      await load({ before: state.items.at(-1)?.id });
      setBusy(false);
    },
    async pin(item) {
      const pinned = !item.baseline;
      try {
        await act(
          () => api.setBaseline(item.test, pinned ? item.id : null),
          (items) => items.map((other) => ({ ...other, baseline: pinned && other.id === item.id })),
        );
      } catch (error) {
        setState((old) => ({ ...old, problem: `The baseline stays as it is: ${error.message}` }));
      }
    },
    describe: (item, change) =>
      act(
        () => api.describe(item.id, change),
        (items) => items.map((other) => (other.id === item.id ? { ...other, ...change } : other)),
      ),
    remove: (item) =>
      act(
        () => api.remove(item.id),
        (items) => items.filter((other) => other.id !== item.id),
      ),
  };
}

const figure = (id, title, unit) => ({
  id,
  title,
  sort: (item) => item.figures?.[id] ?? null,
  cell: (item) => format(item.figures?.[id], unit),
});

function Table({ items, shown, baseline, route, navigate, changeTo, onPin, onEdit, onDelete }) {
  const columns = [
    {
      id: "run",
      title: "Run",
      left: true,
      text: (item) => `${runLabel(item)} ${item.note ?? ""}`,
      cell: (item) =>
        html`<span class="run-name">
          <span class="run-title">
            <${RouteLink}
              route=${route}
              navigate=${navigate}
              change=${changeTo(item)}
              title=${runLabel(item)}
              aria-current=${item.id === shown ? "true" : undefined}
              ><bdi>${runLabel(item)}</bdi><//
            >
            ${item.id === shown && html`<span class="tag">shown</span>`}
            ${item.baseline && html`<span class="tag tag-star">★ baseline</span>`}
          </span>
          ${item.note && html`<bdi class="caption run-note" title=${item.note}>${item.note}</bdi>`}
        </span>`,
    },
    {
      id: "state",
      title: "State",
      left: true,
      sort: verdictRank,
      cell: (item) => html`<${State} item=${item} />`,
    },
    { id: "start", title: "Start", sort: (item) => item.start, cell: (item) => moment(item.start) },
    {
      id: "duration",
      title: "Duration",
      sort: (item) => (item.end === null ? null : item.end - item.start),
      cell: (item) => clock(item.end === null ? null : item.end - item.start),
    },
    figure("requests", "Requests", "count"),
    figure("rate", "Rate", "rate"),
    figure("p95", "p95", "time"),
    figure("failed", "Failed", "ratio"),
    figure("checks", "Checks", "ratio"),
    {
      id: "actions",
      title: "Actions",
      left: true,
      cell: (item) => {
        const name = runLabel(item);
        return html`<span class="run-actions">
          <${CompareLink}
            item=${item}
            shown=${shown}
            baseline=${baseline}
            route=${route}
            navigate=${navigate}
          />
          <button
            type="button"
            class="button button-quiet run-pin"
            aria-pressed=${item.baseline}
            aria-label=${`${item.baseline ? "Pinned" : "Pin"}: ${name} as the baseline`}
            onClick=${() => onPin(item)}
          >
            <span aria-hidden="true">${item.baseline ? "★" : "☆"}</span> ${item.baseline ? "Pinned" : "Pin"}
          </button>
          <button
            type="button"
            class="button button-quiet"
            aria-label=${`Edit name and note of ${name}`}
            onClick=${() => onEdit(item)}
          >
            Edit
          </button>
          <button
            type="button"
            class="button button-quiet"
            aria-label=${`Delete ${name}`}
            onClick=${() => onDelete(item)}
          >
            Delete
          </button>
        </span>`;
      },
    },
  ];
  return html`<div class="tall-table">
    <${DataTable}
      label="Runs, table"
      columns=${columns}
      rows=${items}
      rowKey=${(item) => item.id}
      initial=${{ by: "start", down: true }}
    />
  </div>`;
}

/** The shown run with this one; the shown run itself with the baseline. */
function CompareLink({ item, shown, baseline, route, navigate }) {
  const own = item.id === shown;
  if (own && (!baseline || baseline.id === shown)) return html`<span class="run-action-none"></span>`;
  const other = own ? baseline.id : item.id;
  return html`<${RouteLink}
    class="button button-quiet"
    route=${route}
    navigate=${navigate}
    change=${{ tab: "compare", other, zoom: null }}
    aria-label=${own ? "Compare the shown run with the baseline" : `Compare the shown run with ${runLabel(item)}`}
    >Compare<//
  >`;
}

function State({ item }) {
  const { state, text } = verdictOf(item);
  return html`<span class="run-state">
    ${
      item.state === "live" &&
      html`<span class="chip chip-good"><span class="dot" aria-hidden="true"></span>live</span>`
    }
    <${Chip} state=${state}>${text}<//>
  </span>`;
}

function Edit({ item, list, onClose }) {
  const [label, setLabel] = useState(item.label ?? "");
  const [note, setNote] = useState(item.note ?? "");
  const [problem, setProblem] = useState(null);
  async function save(event) {
    event.preventDefault();
    try {
      await list.describe(item, { label: label.trim() || null, note: note.trim() || null });
      onClose();
    } catch (error) {
      setProblem(error.message);
    }
  }
  return html`<${Dialog} title=${html`Name and note of <bdi>${item.id}</bdi>`} onClose=${onClose}>
    <form class="dialog-form" onSubmit=${save}>
      <label class="field"
        >Name
        <input
          type="text"
          class="input"
          value=${label}
          placeholder=${runLabel({ ...item, label: null })}
          onInput=${(event) => setLabel(event.target.value)}
        />
      </label>
      <label class="field"
        >Note
        <textarea
          class="input"
          rows="4"
          value=${note}
          placeholder="What was different in this run?"
          onInput=${(event) => setNote(event.target.value)}
        ></textarea>
      </label>
      ${problem && html`<p class="bad" role="alert">Not saved: ${problem}</p>`}
      <p class="dialog-actions">
        <button type="button" class="button" onClick=${onClose}>Cancel</button>
        <button type="submit" class="button button-primary">Save</button>
      </p>
    </form>
  <//>`;
}

function Delete({ item, list, onClose, onGone }) {
  const [problem, setProblem] = useState(null);
  const name = runLabel(item);
  if (item.state === "live") {
    return html`<${Dialog} title="This run is live" onClose=${onClose}>
      <p class="dialog-text">
        <bdi>${name}</bdi> still receives samples and cannot be deleted. Finish it first: stop k6, or press
        Finish when no data comes any more.
      </p>
      <p class="dialog-actions"><button type="button" class="button" onClick=${onClose}>Close</button></p>
    <//>`;
  }
  async function remove() {
    try {
      await list.remove(item);
      onClose();
      onGone(item);
    } catch (error) {
      setProblem(error.message);
    }
  }
  return html`<${Dialog} title=${html`Delete <bdi>${name}</bdi>?`} onClose=${onClose}>
    <p class="dialog-text">
      Run <bdi>${item.id}</bdi>, which began ${moment(item.start)}, its figures, its note and its report go
      for good.${item.baseline && " It is the baseline of its test; the test then has none."}
    </p>
    ${problem && html`<p class="bad" role="alert">Not deleted: ${problem}</p>`}
    <p class="dialog-actions">
      <button type="button" class="button" onClick=${onClose}>Keep it</button>
      <button type="button" class="button button-bad" onClick=${remove}>Delete the run</button>
    </p>
  <//>`;
}
