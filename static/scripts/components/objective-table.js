/** The table of objectives: what was asked of each, what was observed, how far apart, and why. */

import { format, NOTHING, plural, signed } from "../model/format.js";
import {
  baselineLabel,
  linksOf,
  marksOf,
  objectiveOutcome,
  placeOf,
  rankOf,
  sharedBaseline,
} from "../model/gate.js";
import { VERDICT_TAB } from "../model/panels.js";
import { html } from "../html.js";
import { RouteLink } from "./link.js";
import { Chip } from "./parts.js";
import { DataTable } from "./table.js";

/** @import { GateVerdict, ObjectiveResult, Props, RunItem } from "../types.js" */

/**
 * `objectives` are some of the verdict's, no two of one name; `runs` those whose names are known.
 *
 * @param {Props<"route" | "navigate"> & { verdict: GateVerdict, objectives: ObjectiveResult[], runs: RunItem[] }} props
 */
export function ObjectiveTable({ label, verdict, objectives, runs, route, navigate }) {
  const shared = sharedBaseline(objectives);
  const runsOf = (baseline) =>
    html`<${BaselineRuns}
      baseline=${baseline}
      test=${verdict.test}
      runs=${runs}
      route=${route}
      navigate=${navigate}
    />`;
  const columns = [
    {
      id: "name",
      title: "Objective",
      left: true,
      sort: (row) => row.name,
      cell: (row) => html`<${Name} objective=${row} place=${placeOf(verdict, row.window)} />`,
    },
    {
      id: "state",
      title: "State",
      left: true,
      sort: (row) => rankOf(row.state),
      cell: (row) => {
        const { state, word } = objectiveOutcome(row, verdict);
        return html`<${Chip} state=${state}>${word}<//>`;
      },
    },
    { id: "observed", title: "Observed", cell: (row) => format(row.observed, row.unit) },
    {
      id: "criterion",
      title: "Criterion",
      left: true,
      cell: (row) => html`<${Criterion} objective=${row} />`,
    },
    {
      id: "margin",
      title: "Margin",
      sort: (row) => row.margin,
      cell: (row) =>
        html`<span class=${row.state === "fail" ? "bad" : ""}>${format(row.margin, "ratio")}</span>`,
    },
    {
      id: "baseline",
      title: "Baseline",
      sort: (row) => row.baseline?.change ?? null,
      cell: (row) =>
        html`<${Baseline} objective=${row} of=${!shared && row.baseline && runsOf(row.baseline)} />`,
    },
    { id: "reason", title: "Reason", left: true, cell: (row) => html`<${Reason} objective=${row} />` },
  ];
  const compares = objectives.some(({ baseline }) => baseline);
  return html`<div class="objectives">
    ${shared && html`<div class="caption">Baseline: ${runsOf(shared)}</div>`}
    <${DataTable}
      label=${label}
      columns=${columns.filter(({ id }) => compares || id !== "baseline")}
      rows=${objectives}
      rowKey=${(row) => row.name}
      initial=${{ by: "state", down: false }}
    />
  </div>`;
}

/** A threshold has no other name than what it looks at. */
function Name({ objective, place }) {
  const { name, origin, expression } = objective;
  const own = origin !== "threshold";
  return html`<span class="objective-name">
    ${own && html`<bdi>${name}</bdi>`}
    <code class=${own ? "caption" : ""}><bdi>${expression}</bdi></code>
    ${place && html`<span class="caption">${place}</span>`}
    ${
      marksOf(objective).length > 0 &&
      html`<span class="tags"
        >${marksOf(objective).map(
          ({ word, title }) => html`<span key=${word} class="tag" title=${title}>${word}</span>`,
        )}</span
      >`
    }
  </span>`;
}

function Criterion({ objective: { criterion, warn } }) {
  if (!criterion) return html`<span class="caption">nothing asked</span>`;
  return html`<code><bdi>${criterion}</bdi></code
    >${
      warn &&
      html`<span class="whole"
        >else warning: <code><bdi>${warn}</bdi></code></span
      >`
    }`;
}

const AGGREGATES = { med: "median", avg: "average", min: "least", max: "most" };

/**
 * Of which runs a baseline is, each a link to its verdict.
 *
 * @param {Props<"route" | "navigate">} props
 */
function BaselineRuns({ baseline, test, runs, route, navigate }) {
  const { aggregate } = baseline;
  const of = aggregate ? `${AGGREGATES[aggregate] ?? aggregate} of ` : "";
  const links = baseline.runs.map(
    (id, i) =>
      html`${i > 0 ? ", " : ""}<${RouteLink}
          key=${id}
          route=${route}
          navigate=${navigate}
          change=${{ run: id, tab: VERDICT_TAB }}
          ><bdi>${baselineLabel(id, test, runs)}</bdi><//
        >`,
  );
  if (baseline.runs.length === 1) return html`${of}${links}`;
  return html`<details class="of-runs">
    <summary>${of}${plural(baseline.runs.length, "run")}</summary>
    ${links}
  </details>`;
}

function Baseline({ objective: { baseline, unit }, of }) {
  if (!baseline) return NOTHING;
  const change = baseline.change === null ? "" : ` (${signed(baseline.change, "ratio")})`;
  return html`${format(baseline.value, unit)}${change}${of && html`<span class="whole">${of}</span>`}`;
}

function Reason({ objective }) {
  const links = linksOf(objective);
  return html`<span class="objective-reason">
    <bdi>${objective.reason}</bdi>
    ${objective.description && html`<bdi class="whole">${objective.description}</bdi>`}
    ${
      links.length > 0 &&
      html`<span class="whole"
        >${links.map(
          ({ title, url }, i) =>
            html`${i > 0 ? " · " : ""}<a href=${url} target="_blank" rel="noopener noreferrer"
                ><bdi>${title || url}</bdi></a
              >`,
        )}</span
      >`
    }
  </span>`;
}
