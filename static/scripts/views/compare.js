/** A run against another one: what the server says of it, up to five runs by elapsed time, and every figure. */

import { ChartCard } from "../components/chart-card.js";
import { Differences } from "../components/differences.js";
import { RouteLink } from "../components/link.js";
import { Card, Sign } from "../components/parts.js";
import { RequestName } from "../components/request-table.js";
import { RunChoice } from "../components/run-choice.js";
import { useComparison } from "../data/comparison.js";
import { useWindows } from "../data/merged.js";
import { useChoices, useOther } from "../data/other-run.js";
import { usePart } from "../data/part.js";
import { html, useMemo, useRef } from "../html.js";
import { defaultOther, figuresOf, figureTitle, overlay, SAYS, thresholdRows } from "../model/compare.js";
import { checkName } from "../model/export.js";
import { format, plural } from "../model/format.js";
import { nameOf as partName } from "../model/part.js";
import { newRowRun, setColumn } from "../model/rows.js";
import { wholeRun } from "../model/run.js";
import { runLabel, tagDifferences } from "../model/runs.js";
import { metaOf } from "../model/thresholds.js";
import { MOST_MORE } from "../router.js";

/** @import { ComparedPanel, Comparison, Props, Run, RunItem } from "../types.js" */

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

/** What the lines of other runs are called among the columns of a chart; dashed, and no colour of a panel. */
const LINES = [
  { name: "other", color: "--series-8" },
  { name: "more 1", color: "--series-3" },
  { name: "more 2", color: "--series-6" },
  { name: "more 3", color: "--series-7" },
];

/** A panel's lines: solid the shown run, dashed the others. */
function withLines({ of: [metric, aggregate], color, ...panel }, names) {
  const [own, ...others] = names;
  return {
    ...panel,
    id: `both-${metric}-${aggregate}`,
    series: [
      { label: own, metric, aggregate, color, fill: true },
      ...others.map((label, i) => ({
        label,
        metric: LINES[i].name,
        aggregate,
        color: LINES[i].color,
        dash: true,
      })),
    ],
  };
}

/**
 * Brings the run that a chart of several is drawn from up to date.
 *
 * @param {Run} drawn
 * @param {Run[]} runs
 */
function drawAll(drawn, runs, [metric, aggregate]) {
  const revision = runs.map((run) => `${run.id} ${run.revision} ${run.place}`).join(" ");
  if (drawn.revision === revision) return;
  const { times, columns } = overlay(runs, metric, aggregate);
  const [{ start, thresholds }] = runs;
  Object.assign(drawn, { revision, start, times, thresholds, asDrawn: true });
  // Of a part, and of runs that are over, legends say what the tables say; of further runs no part is asked for.
  const place = runs[0].place ?? null;
  const whole = runs.map((run) => (place === null || run.place ? wholeRun(run, metric, aggregate) : null));
  const known = whole.every((value) => value !== undefined);
  drawn.place = known ? (place ?? "whole run") : null;
  drawn.totals = new Map(
    known
      ? whole.map((value, i) => [`${aggregate} ${i === 0 ? metric : LINES[i - 1].name}`, value ?? null])
      : [],
  );
  if (columns.every((values) => values.every((value) => value === null))) return;
  const meta = runs.map((run) => metaOf(run, metric)).find(Boolean);
  columns.forEach((values, i) =>
    setColumn(drawn, i === 0 ? metric : LINES[i - 1].name, aggregate, values, meta),
  );
}

/** @param {Props<"run" | "session" | "api" | "route" | "navigate">} props */
export function Compare({ run, session, api, route, navigate }) {
  const { info } = session.state;
  const list = useChoices(api, session);
  const shown = list.items?.find((item) => item.id === info.id) ?? info;
  const chosen = route.other ?? (list.items ? (defaultOther(list.items, shown)?.id ?? null) : null);
  const itself = chosen === info.id;
  const other = useOther(api, itself ? null : chosen);
  const more = (route.more ?? []).filter((id) => id !== chosen && id !== info.id);
  // Of the run that is compared with, the same part, by its own time.
  const against = usePart(api, other.run, route.zoom);
  const others = [{ ...other, run: against.shown }, ...useMore(api, more)];
  const asks = !itself && chosen !== null;
  const stamp = `${run.stop} ${other.run?.stop}`;
  const said = useComparison(api, asks ? info.id : null, chosen, { zoom: route.zoom, stamp });
  const choose = (id) => navigate({ other: id });
  const items = [...(list.items ?? []), ...session.state.runs];
  const nameOf = (id) => nameIn(items, id, info.test);

  return html`<${Card}
      id="compare"
      title=${html`<span title=${runLabel(shown)}>Compare <bdi>${runLabel(shown)}</bdi></span>`}
      caption=${route.zoom ? `${partName(route.zoom)} of both` : ""}
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
        ${
          route.zoom &&
          html`<button type="button" class="button" onClick=${() => navigate({ zoom: null })}>
            Whole runs
          </button>`
        }
      </div>
      ${list.problem && html`<p class="bad" role="alert">The runs cannot be listed: ${list.problem}</p>`}
      <${Answer}
        list=${list}
        chosen=${chosen}
        itself=${itself}
        other=${other}
        said=${said}
        test=${info.test}
        tags=${tagDifferences(shown.tags, items.find((item) => item.id === chosen)?.tags)}
      />
    <//>
    ${
      other.run?.current &&
      html`<${Lines}
          key=${[info.id, chosen, ...more].join(" ")}
          runs=${[run, ...others.flatMap((of) => (of.run?.current ? [of.run] : []))]}
          names=${[runLabel(shown), ...others.flatMap((of) => (of.run?.current ? [nameOf(of.run.id)] : []))]}
          zoom=${route.zoom}
          onZoom=${(zoom) => navigate({ zoom })}
        />
        <${More}
          items=${items}
          taken=${[info.id, chosen, ...more]}
          more=${more}
          nameOf=${nameOf}
          onChange=${(ids) => navigate({ more: ids })}
        />`
    }
    ${
      said.comparison &&
      other.run?.current &&
      html`<${Figures} key=${chosen} comparison=${said.comparison} run=${run} other=${other.run} />`
    }`;
}

/** Further runs; always as many hooks. */
function useMore(api, ids) {
  const first = useOther(api, ids[0] ?? null);
  const second = useOther(api, ids[1] ?? null);
  const third = useOther(api, ids[2] ?? null);
  return [first, second, third];
}

/**
 * What there is to say before the figures, or instead of them.
 */
function Answer({ list, chosen, itself, other, said, test, tags }) {
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
  if (said.problem) return html`<p class="bad" role="alert">The runs cannot be compared: ${said.problem}</p>`;
  if (!said.comparison) return html`<p class="nothing">Comparing with <bdi>${chosen}</bdi>…</p>`;
  return html`<${Said} comparison=${said.comparison} tags=${tags} />`;
}

/** @param {{ comparison: Comparison, tags: { key: string, own: string, other: string }[] }} props */
function Said({ comparison, tags }) {
  const { says, sentence, notes, conditions } = comparison;
  const differing = conditions.filter((condition) => condition.differs);
  return html`<p class="compare-answer" id="compare-answer">
      <${Sign} state=${says === "none" ? "good" : (SAYS[says].state ?? "none")}
        ><span class="unseen">${SAYS[says].word}: </span>${sentence}<//
      >
    </p>
    <div class="conditions">
      ${
        differing.length === 0
          ? html`<p>
              <${Sign} state="good">Same conditions<//>
              <span class="caption"
                >${conditions.map(({ title, value }) => `${title} ${value}`).join(" · ")}</span
              >
            </p>`
          : html`<p>
              <${Sign} state="warning">Conditions differ<//>
              ${differing.map(
                ({ title, value, other }) =>
                  html`<span class="condition" key=${title}>
                    <span>${title}</span> <b><bdi>${value}</bdi></b> <span>against</span>
                    <b><bdi>${other}</bdi></b>
                  </span>`,
              )}
            </p>`
      }
      ${
        tags.length > 0 &&
        html`<p>
          <span class="caption">Tags</span>
          ${tags.map(
            ({ key, own, other }) =>
              html`<span class="condition" key=${key}>
                <span><bdi>${key}</bdi></span> <b><bdi>${own}</bdi></b> <span>against</span>
                <b><bdi>${other}</bdi></b>
              </span>`,
          )}
        </p>`
      }
      ${notes.map((note) => html`<p class="caption compare-note" key=${note}>${note}</p>`)}
      <p class="caption compare-note">
        Worse and better are said where a difference is larger than chance, tested over blocks of the run for
        all figures together, and large enough to matter. Extremes are never judged.
      </p>
    </div>`;
}

/**
 * To be keyed by all runs.
 *
 * @param {Props<"zoom" | "onZoom">} props
 */
function Lines({ runs, names, zoom, onZoom }) {
  const drawn = useRef(null);
  drawn.current ??= PANELS.map(() => newRowRun());
  useMerged(runs);
  PANELS.forEach(({ of }, i) => drawAll(drawn.current[i], runs, of));
  const named = names.join("\n");
  const panels = useMemo(() => PANELS.map((panel) => withLines(panel, named.split("\n"))), [named]);
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
  </div>`;
}

/** Asks for what charts draw of each run; always as many hooks. */
function useMerged(runs) {
  useWindows(runs[0], COMPARED);
  useWindows(runs[1] ?? runs[0], COMPARED);
  useWindows(runs[2] ?? runs[0], COMPARED);
  useWindows(runs[3] ?? runs[0], COMPARED);
  useWindows(runs[4] ?? runs[0], COMPARED);
}

/** Which further runs the charts show. */
function More({ items, taken, more, nameOf, onChange }) {
  const ids = new Set();
  const free = items.filter(({ id }) => !taken.includes(id) && !ids.has(id) && ids.add(id));
  if (more.length === 0 && free.length === 0) return null;
  return html`<div class="card compare-more">
    <span class="caption">Also on the charts</span>
    ${more.map(
      (id) =>
        html`<button
          type="button"
          class="button"
          key=${id}
          aria-label=${`Remove ${nameOf(id)} from the charts`}
          onClick=${() => onChange(more.filter((other) => other !== id))}
        >
          <bdi>${nameOf(id)}</bdi> <span aria-hidden="true">×</span>
        </button>`,
    )}
    ${
      more.length < MOST_MORE &&
      free.length > 0 &&
      html`<select
        class="input select"
        aria-label="Add a run to the charts"
        value=""
        onChange=${(event) => event.target.value && onChange([...more, event.target.value])}
      >
        <option value="">add a run…</option>
        ${free.map(({ id }) => html`<option key=${id} value=${id}>${nameOf(id)}</option>`)}
      </select>`
    }
  </div>`;
}

const requestCell = ({ key }) => html`<${RequestName} parts=${key} />`;
const metricCell = ({ metric }) => html`<bdi class="metric-name" title=${metric}>${metric}</bdi>`;
const checkCell = ({ key }) => html`<bdi class="metric-name">${checkName(key)}</bdi>`;
const metricOf = ({ metric }) => metric;

const TABLES = [
  {
    id: "compare-run",
    title: "The run as a whole",
    tables: ["run"],
    nameCell: metricCell,
    nameOf: metricOf,
    nothing: "Neither run has any.",
    all: true,
  },
  {
    id: "compare-requests",
    title: "Requests",
    tables: ["requests"],
    nameCell: requestCell,
    nameOf: ({ key }) => key.join(" "),
    nothing: "Neither run has requests.",
  },
  {
    id: "compare-checks",
    title: "Checks",
    tables: ["checks"],
    nameCell: checkCell,
    nameOf: ({ key }) => checkName(key),
    nothing: "Neither run has checks.",
  },
  {
    id: "compare-metrics",
    title: "Other metrics",
    tables: ["metrics"],
    nameCell: metricCell,
    nameOf: metricOf,
    nothing: "Neither run has others.",
  },
];

/** Of the run as a whole, what nobody judges would only hide the rest. */
const isWanted = (row) => row.table !== "run" || row.says !== "shown";

/** @param {{ comparison: Comparison, run: Run, other: Run }} props */
function Figures({ comparison, run, other }) {
  const tables = useMemo(
    () =>
      TABLES.map(({ tables, ...table }) => ({
        ...table,
        rows: figuresOf(comparison, tables).filter(isWanted),
      })),
    [comparison],
  );
  const [whole, ...parts] = tables;
  return html`<${Differences} ...${whole} figureOf=${figureTitle} />
    <${Thresholds} comparison=${comparison} run=${run} other=${other} />
    ${parts.map((table) => html`<${Differences} key=${table.id} ...${table} figureOf=${figureTitle} />`)}`;
}

const TURNS = {
  fails: { says: "worse", word: "fails now" },
  holds: { says: "better", word: "holds now" },
  added: { says: "added", word: "added" },
  gone: { says: "gone", word: "gone" },
  same: { says: "none", word: "as it was" },
};

/** @param {{ comparison: Comparison, run: Run, other: Run }} props */
function Thresholds({ comparison, run, other }) {
  const rows = thresholdRows(comparison, run, other);
  const turned = rows.filter(({ turn }) => turn !== "same").length;
  return html`<${Card}
    id="compare-thresholds"
    title="Thresholds"
    caption=${rows.length > 0 ? `${plural(turned, "differs", "differ")} of ${rows.length}` : ""}
  >
    ${
      rows.length === 0
        ? html`<p class="nothing">Neither run has thresholds.</p>`
        : html`<table class="differences" aria-label="Thresholds, differences">
            <thead>
              <tr>
                <th scope="col" class="left">Metric</th>
                <th scope="col" class="left">Limit</th>
                <th scope="col">Other</th>
                <th scope="col">Shown</th>
                <th scope="col" class="left">Verdict</th>
              </tr>
            </thead>
            <tbody>
              ${rows.map(
                (row) =>
                  html`<tr key=${`${row.metric} ${row.expression}`}>
                    <th scope="row" class="left difference-name">${metricCell(row)}</th>
                    <td class="left difference-figure">${row.limit}</td>
                    <td class="difference-other">
                      <${Outcome} row=${row} outcome=${row.was} value=${row.other} />
                    </td>
                    <td class="difference-value">
                      <${Outcome} row=${row} outcome=${row.outcome} value=${row.value} />
                    </td>
                    <td class="left difference-says"><${Turned} row=${row} /></td>
                  </tr>`,
              )}
            </tbody>
          </table>`
    }
  <//>`;
}

/** A threshold that holds now is not shown as good while others may be missing. */
function Turned({ row: { turn, complete } }) {
  const { says, word } = TURNS[turn];
  if (turn === "same") return html`<span class="caption">${word}</span>`;
  const { state } = SAYS[says];
  return html`<${Sign} state=${state === "good" && !complete ? "open" : state}>${word}<//>`;
}

function Outcome({ row, outcome, value }) {
  if (outcome === null) return html`<span class="caption">not asked</span>`;
  const { state, word } = outcome;
  if (value === null) return html`<${Sign} state=${state}>${word}<//>`;
  return html`<${Sign} state=${state}><span class="unseen">${word}</span><//> ${format(value, row.unit)}`;
}

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
