/** Which percentiles the charts of trends show: one choice for all of them. */

import { html } from "../html.js";
import { PERCENTILES } from "../model/panels.js";

/** What most charts of the default document show, from where a choice begins. */
const USUAL = ["p50", "p95", "p99"];

/** `chosen` are ids of `PERCENTILES`, or null where the dashboard's own are shown. */
export function Percentiles({ chosen, choose }) {
  const shown = chosen ?? USUAL;
  function toggle(id) {
    const next = shown.includes(id) ? shown.filter((other) => other !== id) : [...shown, id];
    // Charts without a line say nothing.
    if (next.length > 0) choose(PERCENTILES.map((p) => p.id).filter((known) => next.includes(known)));
  }
  return html`<div class="percentiles" role="group" aria-label="Percentiles of all charts">
    ${
      chosen &&
      html`<button type="button" class="button button-quiet" onClick=${() => choose(null)}>Default</button>`
    }
    <span class="segments">
      ${PERCENTILES.map(
        ({ id }) =>
          html`<button
            key=${id}
            type="button"
            class="segment"
            aria-pressed=${shown.includes(id)}
            onClick=${() => toggle(id)}
          >
            ${id}
          </button>`,
      )}
    </span>
  </div>`;
}
