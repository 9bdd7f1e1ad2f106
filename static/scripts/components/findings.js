/** What an expert would notice: each with its evidence, where it shows, and a way to hear of it no more. */

import { useFindings } from "../data/findings.js";
import { html, useState } from "../html.js";
import { plural } from "../model/format.js";
import { sectionsOf, tabOfView, tabsOf } from "../model/panels.js";
import { chartAnchor } from "./chart-card.js";
import { RouteLink } from "./link.js";

/** @import { Finding, Props, Run } from "../types.js" */

/**
 * Above the tiles of the first tab; nothing where nothing was found.
 *
 * @param {Props<"api" | "session" | "route" | "navigate">} props
 */
export function Findings({ api, session, route, navigate }) {
  const { found, problem, mute } = useFindings(api, session);
  const [all, setAll] = useState(false);
  if (!found || found.findings.length + found.muted.length === 0) return null;
  const { run } = session.state;
  const muted = found.muted.map(({ kind }) => kind);
  return html`<section class="card findings" aria-label="Findings">
    <header class="findings-head">
      <h2>
        ${found.findings.length > 0 ? "Worth a look" : "Nothing else to look at"}
        ${route.zoom && html` <span class="caption">in the whole run</span>`}
      </h2>
      ${
        muted.length > 0 &&
        html`<button type="button" class="button" aria-expanded=${all} onClick=${() => setAll(!all)}>
          ${plural(muted.length, "muted finding")}
        </button>`
      }
    </header>
    ${problem && html`<p class="bad" role="alert">Could not mute: ${problem}</p>`}
    <ul class="finding-list">
      ${found.findings.map(
        (finding) =>
          html`<${Row}
            key=${finding.kind}
            finding=${finding}
            action="Mute"
            about="Not to be told of this in any run of the test"
            onAction=${() => mute([...muted, finding.kind])}
          >
            <${Where} run=${run} finding=${finding} route=${route} navigate=${navigate} />
          <//>`,
      )}
      ${
        all &&
        found.muted.map(
          (finding) =>
            html`<${Row}
              key=${finding.kind}
              finding=${finding}
              action="Unmute"
              about="To be told of this again in runs of the test"
              onAction=${() => mute(muted.filter((kind) => kind !== finding.kind))}
            />`,
        )
      }
    </ul>
  </section>`;
}

/** What was found, `children` that lead to it, and what can be done about it. */
function Row({ finding, action, about, onAction, children }) {
  return html`<li class="finding">
    <p class="finding-text"><strong>${finding.title}</strong> ${finding.evidence.join(" ")}</p>
    <span class="finding-actions">
      ${children}
      <button
        type="button"
        class="button"
        title=${about}
        aria-label=${`${action}: ${finding.title}`}
        onClick=${onAction}
      >
        ${action}
      </button>
    </span>
  </li>`;
}

/**
 * Leads to the chart, or to the tab, where a finding shows.
 *
 * @param {Props<"run" | "route" | "navigate"> & { finding: Finding }} props
 */
function Where({ run, finding, route, navigate }) {
  const tab = tabOf(run, finding.view);
  if (!tab) return null;
  if (tab.id !== tabsOf(run)[0].id) {
    return html`<${RouteLink} class="button" route=${route} navigate=${navigate} change=${{ tab: tab.id }}
      >Show in ${tab.title}<//
    >`;
  }
  const chart = chartOf(run, tab, finding.metrics ?? []);
  if (!chart) return null;
  return html`<a class="button" href=${`#${chart}`}>Show the chart</a>`;
}

/**
 * The tab with that view or id; a dashboard of one's own may leave it out.
 *
 * @param {Run} run
 * @param {string} view
 */
function tabOf(run, view) {
  const id = tabOfView(run, view) ?? view;
  return tabsOf(run).find((tab) => tab.id === id);
}

/** The anchor of the first chart of a tab that draws the first of these metrics that is drawn at all. */
function chartOf(run, tab, metrics) {
  const panels = sectionsOf(run, tab)
    .flatMap((section) => section.panels)
    .filter((panel) => panel.kind === "chart" && !panel.empty);
  for (const metric of metrics) {
    const panel = panels.find(({ series }) => series.some((one) => one.metric === metric));
    if (panel) return chartAnchor(panel);
  }
  return null;
}
