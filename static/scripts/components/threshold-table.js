/** The table of thresholds: limit, what was observed, how far apart, and the outcome. */

import { clock, format, moment, NOTHING, plural, unitOf } from "../model/format.js";
import { html } from "../html.js";
import {
  isComplete,
  margin,
  metaOf,
  outcomeOf,
  parseExpression,
  formatExpression,
  tally,
} from "../model/thresholds.js";
import { Chip } from "./parts.js";
import { DataTable } from "./table.js";

/** @import { Props, Run, Threshold } from "../types.js" */

/** What failed stands first, then what nobody can say. */
const RANK = { false: 0, null: 1, true: 2 };

/** @param {Run} run */
export function thresholdColumns(run) {
  return [
    {
      id: "metric",
      title: "Metric",
      left: true,
      sort: (row) => row.metric,
      text: (row) => `${row.metric} ${row.expression}`,
      cell: (row) => html`<bdi class="metric-name" title=${row.metric}>${row.metric}</bdi>`,
    },
    {
      id: "limit",
      title: "Limit",
      left: true,
      cell: (row) =>
        html`<code title=${row.expression}
          >${formatExpression(row.expression, metaOf(run, row.metric))}</code
        >`,
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
      cell: (row) => {
        const share = margin(row.expression, row.observed);
        return html`<span class=${row.passes === false ? "bad" : ""}>${format(share, "ratio")}</span>`;
      },
    },
    {
      id: "first",
      title: "First failed",
      sort: (row) => row.firstFailed,
      cell: (row) =>
        row.firstFailed === null
          ? NOTHING
          : html`<span title=${moment(row.firstFailed)}>${clock(row.firstFailed - run.start)}</span>`,
    },
    {
      id: "state",
      title: "Outcome",
      left: true,
      sort: (row) => RANK[row.passes],
      cell: (row) => html`<${Outcome} threshold=${row} complete=${isComplete(run)} />`,
    },
  ];
}

/** @param {Props<"run">} props */
export function ThresholdTable({ run, filter }) {
  return html`<${DataTable}
    label="Thresholds"
    columns=${thresholdColumns(run)}
    rows=${run.thresholds}
    rowKey=${(row) => `${row.metric} ${row.expression}`}
    initial=${{ by: "state", down: false }}
    filter=${filter}
  />`;
}

function Outcome({ threshold, complete }) {
  const { state, word } = outcomeOf(threshold, complete);
  return html`<${Chip} state=${state}>${word}<//>`;
}

/**
 * The same of a run, and of which part of it.
 *
 * @param {Run} run
 * @param {Threshold[]} thresholds
 */
export function tallyOf(run, thresholds) {
  return run.place ? `in this part: ${formatTally(thresholds)}` : formatTally(thresholds);
}

/**
 * `3 of 4 thresholds pass, 1 has no data`.
 *
 * @param {Threshold[]} thresholds
 */
export function formatTally(thresholds) {
  const { pass, fail, noData, unknown, untold, total } = tally(thresholds);
  return [
    `${format(pass, "count")} of ${plural(total, "threshold")} ${pass === 1 ? "passes" : "pass"}`,
    fail > 0 && `${format(fail, "count")} ${fail === 1 ? "fails" : "fail"}`,
    unknown > 0 && `${format(unknown, "count")} on metrics of unknown type`,
    untold > 0 && `${format(untold, "count")} ${untold === 1 ? "is" : "are"} not known`,
    noData > 0 && `${format(noData, "count")} ${noData === 1 ? "has" : "have"} no data`,
  ]
    .filter(Boolean)
    .join(", ");
}
