/** The charts of one tab of the run's dashboard, without tiles and tables: as the report draws them. */

import { ChartCard } from "../components/chart-card.js";
import { plural } from "../format.js";
import { html } from "../html.js";
import { chartsOf, tabsOf } from "../panels.js";

/** `tab` is one of `tabsOf(run)`, the first by default. */
export function Charts({ run, tab = tabsOf(run)[0], zoom, onZoom }) {
  return html`<${ChartGrid} run=${run} panels=${chartsOf(run, tab)} zoom=${zoom} onZoom=${onZoom} />`;
}

export function ChartGrid({ run, panels, zoom, onZoom }) {
  return html`<div class="charts">
    ${panels.map(
      (panel) =>
        html`<${ChartCard}
          key=${panel.key}
          run=${run}
          panel=${panel}
          zoom=${zoom}
          onZoom=${onZoom}
          caption=${panel.series[0].metric === "vus" ? generators(run, panel) : undefined}
        />`,
    )}
  </div>`;
}

function generators(run, panel) {
  const count = run.health?.generators?.length ?? 0;
  return count > 1 ? `sum of ${plural(count, "generator")}` : panel.caption;
}
