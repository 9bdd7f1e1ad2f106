/** The Overview's charts, on the page and in the report. */

import { ChartCard } from "../components/chart-card.js";
import { plural } from "../format.js";
import { html } from "../html.js";
import { OVERVIEW } from "../panels.js";

export function Charts({ run, zoom, onZoom }) {
  return html`<div class="charts">
    ${OVERVIEW.map(
      (panel) =>
        html`<${ChartCard}
          key=${panel.id}
          run=${run}
          panel=${panel}
          zoom=${zoom}
          onZoom=${onZoom}
          caption=${panel.id === "vus" ? generators(run) : undefined}
        />`,
    )}
  </div>`;
}

function generators(run) {
  const count = run.health?.generators?.length ?? 0;
  return count > 1 ? `sum of ${plural(count, "generator")}` : "";
}
