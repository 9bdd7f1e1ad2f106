/** A tab of sections, drawn from the run's dashboard document: Overview and Timings are no more than that. */

import { ChartGrid } from "../components/chart-grid.js";
import { Below } from "../components/parts.js";
import { Percentiles } from "../components/percentiles.js";
import { RunTags } from "../components/run-tags.js";
import { RequestsCard, ThresholdsCard } from "../components/short-tables.js";
import { Tile } from "../components/tile.js";
import { useComparison } from "../data/comparison.js";
import { useGrownRun } from "../data/grown-run.js";
import { Fragment, html, useMemo } from "../html.js";
import { sectionsOf } from "../model/panels.js";
import { metaOf } from "../model/thresholds.js";

/** @import { Panel, Props, Run } from "../types.js" */

/**
 * `chosen` and `choose` as in `Percentiles`.
 *
 * @param {Props<"run" | "session" | "api" | "tab" | "route" | "navigate">} props
 */
export function Panels({ run, session, api, tab, route, navigate, chosen, choose }) {
  const sections = sectionsOf(run, tab, chosen);
  const grown = useGrownRun(run, run.revision);
  const counts = sections.some(({ panels }) => panels.some(({ kind }) => kind === "stat"));
  // Of a run that is still being replayed there is nothing to compare yet.
  const asked = counts && (run.current || run.stop !== null) ? session.state.info.id : null;
  const { comparison } = useComparison(api, asked, null, { stamp: run.stop });
  // Clocks tick and pointers move between windows: nothing here changes then.
  const content = useMemo(() => {
    const { run } = grown;
    if (sections.length === 0) {
      const nothing = run.current || run.stop !== null;
      return html`<p class="card nothing">
        ${nothing ? "This run has no data for the panels of this tab." : "Loading…"}
      </p>`;
    }
    const choice = sections.find((section) => section.panels.some((panel) => showsTrend(run, panel)));
    return sections.map(
      (section, i) =>
        html`<div key=${i} class="panels">
          ${
            (section.title || section === choice) &&
            html`<header class="section-head">
              ${section.title && html`<h2>${section.title}</h2>`}
              ${section === choice && html`<${Percentiles} chosen=${chosen} choose=${choose} />`}
            </header>`
          }
          <${section.title ? Below : Fragment}>
            ${groups(section.panels).map(
              ({ kind, panels }) =>
                html`<${Group}
                  key=${panels[0].key}
                  kind=${kind}
                  panels=${panels}
                  run=${run}
                  comparison=${comparison}
                  route=${route}
                  navigate=${navigate}
                />`,
            )}
          <//>
        </div>`,
    );
  }, [grown, sections, comparison, route, navigate, chosen, choose]);
  return html`${counts && html`<${RunTags} item=${session.state.info} route=${route} navigate=${navigate} />`}${content}`;
}

/**
 * @param {Run} run
 * @param {Panel} panel
 */
function showsTrend(run, panel) {
  return panel.kind === "chart" && !panel.empty && metaOf(run, panel.series[0].metric)?.type === "trend";
}

/** Neighbours of one kind stand in one grid. */
function groups(panels) {
  const found = [];
  for (const panel of panels) {
    const last = found.at(-1);
    if (last?.kind === panel.kind) last.panels.push(panel);
    else found.push({ kind: panel.kind, panels: [panel] });
  }
  return found;
}

/** @param {Props<"panels" | "run" | "route" | "navigate">} props */
function Group({ kind, panels, run, comparison, route, navigate }) {
  switch (kind) {
    case "stat":
      return html`<div class="tiles">
        ${panels.map((panel) => html`<${Tile} key=${panel.key} run=${run} panel=${panel} comparison=${comparison} />`)}
      </div>`;
    case "chart":
      return html`<${ChartGrid}
        run=${run}
        panels=${panels}
        zoom=${route.zoom}
        onZoom=${(zoom) => navigate({ zoom })}
      />`;
    case "requests":
      return panels.map(
        (panel) =>
          html`<${RequestsCard}
            key=${panel.key}
            run=${run}
            panel=${panel}
            route=${route}
            navigate=${navigate}
          />`,
      );
    default:
      return panels.map((panel) => html`<${ThresholdsCard} key=${panel.key} run=${run} panel=${panel} />`);
  }
}
