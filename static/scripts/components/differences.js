/** Figures of two runs against each other, as the server's comparison has them, the worst first. */

import { isNews, SAYS, tallyFigures } from "../model/compare.js";
import { format, plural } from "../model/format.js";
import { html, useState } from "../html.js";
import { Card, Sign } from "./parts.js";

/** Rows that a table shows without being asked. */
const SHOWN = 40;

/**
 * `rows` are the document's figures. `nameCell(row)` draws what a row is about, `nameOf(row)` is that as text;
 * `figureOf(row)` heads its figure. `nothing` is said where there are no rows; with `all` every row is shown.
 */
export function Differences({ id, title, rows, nameCell, nameOf, figureOf, nothing, all = false }) {
  const [filter, setFilter] = useState("");
  const [withRest, setWithRest] = useState(all);
  const [whole, setWhole] = useState(false);
  const wanted = filter.trim().toLowerCase();
  const matching = wanted
    ? rows.filter((row) => `${nameOf(row)} ${figureOf(row)}`.toLowerCase().includes(wanted))
    : rows.filter((row) => withRest || isNews(row));
  const shown = whole ? matching : matching.slice(0, SHOWN);
  const rest = rows.filter((row) => !isNews(row)).length;
  return html`<${Card}
    id=${id}
    title=${title}
    caption=${rows.length > 0 ? formatCounts(tallyFigures(rows)) : ""}
    actions=${
      rows.length > 0 &&
      !all &&
      html`<span class="difference-actions">
        ${
          rest > 0 &&
          html`<label class="check">
            <input
              type="checkbox"
              checked=${withRest}
              onChange=${(event) => setWithRest(event.target.checked)}
            />
            <span class="caption">show all ${plural(rows.length, "figure", "figures")}</span>
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
        ? html`<p class="nothing">
            ${rows.length === 0 ? nothing : wanted ? "Nothing matches." : "Nothing differs by more than chance and enough to matter."}
          </p>`
        : html`<table class="differences" aria-label=${`${title}, differences`}>
            <thead>
              <tr>
                <th scope="col" class="left">Name</th>
                <th scope="col" class="left">Figure</th>
                <th scope="col">Other</th>
                <th scope="col">Shown</th>
                <th scope="col">Difference</th>
                <th scope="col" class="left">Verdict</th>
              </tr>
            </thead>
            <tbody>
              ${shown.map(
                (row) =>
                  html`<tr key=${`${row.table} ${JSON.stringify(row.key)} ${row.metric} ${row.figure}`}>
                    <th scope="row" class="left difference-name">${nameCell(row)}</th>
                    <td class="left difference-figure">${figureOf(row)}</td>
                    <td class="difference-other">${format(row.other, row.unit)}</td>
                    <td class="difference-value">${format(row.value, row.unit)}</td>
                    <td class="difference-text">${row.text}</td>
                    <td class="left difference-says"><${SaysSign} says=${row.says} /></td>
                  </tr>`,
              )}
            </tbody>
          </table>`
    }
    ${
      matching.length > shown.length &&
      html`<p class="difference-more">
        <button type="button" class="button" onClick=${() => setWhole(true)}>
          Show ${plural(matching.length - shown.length, "more row", "more rows")}
        </button>
      </p>`
    }
  <//>`;
}

/** What the server says, as a sign where it is one. */
export function SaysSign({ says }) {
  const { state, word } = SAYS[says];
  return state ? html`<${Sign} state=${state}>${word}<//>` : html`<span class="caption">${word}</span>`;
}

function formatCounts({ worse, better, rest }) {
  return [worse > 0 && `${worse} worse`, better > 0 && `${better} better`, `${rest} other`]
    .filter(Boolean)
    .join(" · ");
}
