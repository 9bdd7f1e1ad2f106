/** Figures of two runs against each other, the worst first. */

import { tallyRows } from "../model/compare.js";
import { format, NOTHING, plural, signed } from "../model/format.js";
import { html, useState } from "../html.js";
import { Card, Sign } from "./parts.js";
import { DataTable } from "./table.js";

const VERDICTS = {
  worse: { state: "bad", word: "worse" },
  better: { state: "good", word: "better" },
};
const PLAIN = {
  same: "≈ same",
  higher: "↑ higher",
  lower: "↓ lower",
  added: "+ added",
  gone: "− gone",
};

/**
 * `rows` as of compare.js. `nameCell(row)` draws what the row is about, `figureTitle` heads the column
 * of its figure, `valueCell(row, "value" or "other")` may draw more than the number. `nothing` is said
 * where there are no rows.
 */
export function Differences({
  id,
  title,
  rows,
  names,
  nameTitle,
  nameCell,
  figureTitle,
  valueCell,
  nothing,
}) {
  const [filter, setFilter] = useState("");
  const [withSame, setWithSame] = useState(false);
  const counts = tallyRows(rows);
  const differing = rows.filter((row) => row.verdict !== "same" && row.verdict !== null);
  const shown = withSame || filter ? rows : differing;
  const figure = valueCell ?? ((row, which) => format(row[which], row.unit));
  const columns = [
    {
      id: "name",
      title: nameTitle,
      left: true,
      sort: (row) => row.name,
      text: (row) => row.name,
      cell: nameCell,
    },
    figureTitle && {
      id: "figure",
      title: figureTitle,
      left: true,
      sort: (row) => row.figure,
      text: (row) => row.figure,
      cell: (row) => row.figure,
    },
    {
      id: "value",
      title: html`<bdi class="run-head" title=${names[0]}>${names[0]}</bdi>`,
      cell: (row) => figure(row, "value"),
    },
    {
      id: "other",
      title: html`<bdi class="run-head" title=${names[1]}>${names[1]}</bdi>`,
      cell: (row) => figure(row, "other"),
    },
    { id: "difference", title: "Difference", cell: formatDifference },
    {
      id: "share",
      title: "Percent",
      sort: (row) => row.share,
      cell: (row) => (row.share === null ? NOTHING : signed(row.share, "ratio")),
    },
    {
      id: "verdict",
      title: "Verdict",
      left: true,
      sort: (row) => row.score,
      cell: (row) => html`<${Verdict} verdict=${row.verdict} complete=${row.complete ?? true} />`,
    },
  ].filter(Boolean);
  return html`<${Card}
    id=${id}
    title=${title}
    caption=${rows.length > 0 ? formatCounts(counts) : ""}
    actions=${
      rows.length > 0 &&
      html`<span class="difference-actions">
        ${
          counts.same > 0 &&
          html`<label class="check">
            <input
              type="checkbox"
              checked=${withSame}
              onChange=${(event) => setWithSame(event.target.checked)}
            />
            <span class="caption">show the ${plural(counts.same, "same", "same")}</span>
          </label>`
        }
        <input
          type="search"
          class="filter"
          placeholder="Filter…"
          aria-label=${`Filter ${title.toLowerCase()}`}
          value=${filter}
          onInput=${(event) => setFilter(event.target.value)}
        />
      </span>`
    }
  >
    ${
      shown.length === 0
        ? html`<p class="nothing">${rows.length === 0 ? nothing : "Nothing differs by 1 % or more."}</p>`
        : html`<div class="tall-table">
            <${DataTable}
              label=${`${title}, differences`}
              columns=${columns}
              rows=${shown}
              rowKey=${(row) => row.id}
              initial=${{ by: "verdict", down: true }}
              filter=${filter}
            />
          </div>`
    }
  <//>`;
}

function formatCounts({ worse, better, same, rest }) {
  return [
    `${format(worse, "count")} worse`,
    `${format(better, "count")} better`,
    `${format(same, "count")} same`,
    rest > 0 && `${format(rest, "count")} other`,
  ]
    .filter(Boolean)
    .join(" · ");
}

/** A threshold that does better is not shown as good while others may be missing (`complete` is false). */
function Verdict({ verdict, complete }) {
  const judged = VERDICTS[verdict];
  if (judged) {
    const state = judged.state === "good" && !complete ? "open" : judged.state;
    return html`<${Sign} state=${state}>${judged.word}<//>`;
  }
  if (verdict === null) return html`<${Sign} state="none">no data<//>`;
  return html`<span class="caption">${PLAIN[verdict]}</span>`;
}

/** Shares differ in percentage points: per cent of a per cent would mislead. */
function formatDifference(row) {
  if (row.difference === null) return NOTHING;
  if (row.unit !== "ratio") return signed(row.difference, row.unit);
  return html`${signed(row.difference * 100, "number")} <abbr title="percentage points">pp</abbr>`;
}
