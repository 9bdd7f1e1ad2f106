/** Neighbouring charts of a tab. */

import { ChartCard } from "./chart-card.js";
import { plural } from "../model/format.js";
import { html } from "../html.js";

/** @import { Panel, Props, Run } from "../types.js" */

/** @param {Props<"run" | "panels" | "zoom" | "onZoom">} props */
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

/**
 * @param {Run} run
 * @param {Panel} panel
 */
function generators(run, panel) {
  const count = run.health?.generators?.length ?? 0;
  return count > 1 ? `sum of ${plural(count, "generator")}` : panel.caption;
}
