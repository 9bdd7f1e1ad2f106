/** What a table shows: one of a few choices, and a text that rows must hold. */

import { html } from "../html.js";
import { withChoice, hasChoice, LOAD } from "../model/phases.js";

/** @import { Props } from "../types.js" */

/** `options` are `[id, title]`. */
export function Segments({ label, options, value, onChoose }) {
  return html`<div class="segments" role="group" aria-label=${label}>
    ${options.map(
      ([id, title]) =>
        html`<button
          key=${id}
          type="button"
          class="segment"
          aria-pressed=${id === value}
          onClick=${() => onChoose(id)}
        >
          ${title}
        </button>`,
    )}
  </div>`;
}

/**
 * Whether rows of setup and teardown are shown: `route.rows`.
 *
 * @param {Props<"route" | "navigate">} props
 */
export function PhaseChoice({ route, navigate }) {
  return html`<label class="choice"
    ><input
      type="checkbox"
      checked=${!hasChoice(route.rows, LOAD)}
      onChange=${(event) =>
        navigate({ rows: withChoice(route.rows, LOAD, !event.target.checked) }, { replace: true })}
    />
    Setup and teardown</label
  >`;
}

/**
 * `route.filter` as a field.
 *
 * @param {Props<"route" | "navigate">} props
 */
export function Filter({ label, route, navigate }) {
  return html`<input
    type="search"
    class="filter"
    placeholder="Filter…"
    aria-label=${label}
    value=${route.filter}
    onInput=${(event) => navigate({ filter: event.target.value }, { replace: true })}
  />`;
}
