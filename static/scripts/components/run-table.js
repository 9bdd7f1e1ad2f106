/** The runs of a test as a table: figures, verdicts, and what can be done with each. */

import { clock, format, wallClock, zone } from "../model/format.js";
import { html } from "../html.js";
import { keptRank } from "../model/gate.js";
import { runLabel, verdictOf, verdictRank } from "../model/runs.js";
import { KeptVerdict } from "./kept-verdict.js";
import { RouteLink } from "./link.js";
import { Chip } from "./parts.js";
import { RunTags } from "./run-tags.js";
import { DataTable } from "./table.js";

/** @import { Props } from "../types.js" */

const figure = (id, title, unit) => ({
  id,
  title,
  sort: (item) => item.figures?.[id] ?? null,
  cell: (item) => format(item.figures?.[id], unit),
});

/**
 * `changeTo(item)` is the change of the address that shows a run; `baseline` an item or null.
 *
 * @param {Props<"items" | "route" | "navigate">} props
 */
export function RunTable({
  items,
  empty,
  shown,
  baseline,
  route,
  navigate,
  changeTo,
  onPin,
  onEdit,
  onDelete,
}) {
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
          <${RunTags} item=${item} route=${route} navigate=${navigate} />
        </span>`,
    },
    {
      id: "verdict",
      title: "Verdict",
      left: true,
      sort: keptRank,
      cell: (item) => html`<${KeptVerdict} item=${item} />`,
    },
    {
      id: "state",
      title: "State",
      left: true,
      sort: verdictRank,
      cell: (item) => html`<${State} item=${item} />`,
    },
    {
      id: "start",
      title: `Start, ${zone(Date.now())}`,
      sort: (item) => item.start,
      cell: (item) => wallClock(item.start),
    },
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
      empty=${empty}
      rowKey=${(item) => item.id}
      initial=${{ by: "start", down: true }}
    />
  </div>`;
}

/**
 * The shown run with this one; the shown run itself with the baseline.
 *
 * @param {Props<"item" | "route" | "navigate">} props
 */
function CompareLink({ item, shown, baseline, route, navigate }) {
  const own = item.id === shown;
  if (own && (!baseline || baseline.id === shown)) return html`<span class="run-action-none"></span>`;
  const other = own ? baseline.id : item.id;
  return html`<${RouteLink}
    class="button button-quiet"
    route=${route}
    navigate=${navigate}
    change=${{ tab: "compare", other }}
    aria-label=${own ? "Compare the shown run with the baseline" : `Compare the shown run with ${runLabel(item)}`}
    >Compare<//
  >`;
}

/** @param {Props<"item">} props */
function State({ item }) {
  const { state, text } = verdictOf(item);
  return html`<span class="run-state">
    ${
      item.state === "live" &&
      html`<span class="chip chip-good"><span class="dot" aria-hidden="true"></span>live</span>`
    }
    <${Chip} state=${state}>${text}<//>
    ${
      item.outcome &&
      item.outcome.state !== "none" &&
      html`<span title=${item.outcome.exit === null ? undefined : `k6 exit code ${item.outcome.exit}`}
        ><${Chip} state=${item.outcome.state}>${item.outcome.text}<//></span
      >`
    }
  </span>`;
}
