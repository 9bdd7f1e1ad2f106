/** Which test and run is shown, and which others there are, with their verdicts. */

import { clock, moment } from "../model/format.js";
import { html } from "../html.js";
import { hrefOf } from "../router.js";
import { keptVerdict } from "../model/gate.js";
import { runLabel } from "../model/runs.js";
import { thresholdsKnown, verdict } from "../model/thresholds.js";
import { onPlainClick } from "./link.js";
import { Sign } from "./parts.js";
import { Popover } from "./popover.js";

/** @import { Props } from "../types.js" */

/** @param {Props<"session" | "route" | "navigate">} props */
export function RunSelector({ session, route, navigate }) {
  const { info, run, runs, moreRuns } = session.state;
  return html`<${Popover}
    kind="selector"
    onOpen=${() => session.refreshRuns().catch(() => {})}
    label=${html`<bdi class="selector-test" title=${info.test}>${info.test}</bdi>
      <bdi class="selector-run caption">${runLabel(info)}</bdi>
      <span class="caption" aria-hidden="true">▾</span>`}
  >
    ${(close) =>
      html`${byTest(runs).map(
        ([test, list]) =>
          html`<section key=${test} aria-label=${test}>
            <h2><bdi>${test}</bdi></h2>
            <ul>
              ${list.map((entry) => {
                const change = { run: entry.id, row: null, filter: "" };
                return html`<li key=${entry.id}>
                  <a
                    href=${hrefOf(route, change)}
                    aria-current=${entry.id === info.id ? "true" : undefined}
                    onClick=${onPlainClick(() => {
                      close();
                      navigate(change);
                    })}
                  >
                    <${Verdict}
                      kept=${keptVerdict(entry)}
                      thresholds=${entry.id === info.id ? run.thresholds : entry.thresholds}
                      known=${entry.id === info.id ? thresholdsKnown(run) : entry.thresholdsKnown}
                    />
                    <bdi>${runLabel(entry)}</bdi>
                    <span class="caption">${moment(entry.start)}</span>
                    ${
                      entry.state === "live"
                        ? html`<span class="sign sign-good"
                            ><span class="dot" aria-hidden="true"></span>live</span
                          >`
                        : html`<span class="caption">${clock(entry.end - entry.start)}</span>`
                    }
                  </a>
                </li>`;
              })}
            </ul>
          </section>`,
      )}
      ${
        moreRuns &&
        html`<button type="button" class="button" onClick=${() => session.olderRuns().catch(() => {})}>
          Older runs
        </button>`
      }`}
  <//>`;
}

/** What the gate kept of a run, or else what its thresholds say; without those there is no verdict. */
function Verdict({ kept, thresholds, known }) {
  if (kept) return html`<${Sign} state=${kept.state}><span class="unseen">${kept.text}</span><//>`;
  const { state } = verdict(thresholds ?? [], known ?? false);
  if (state === "bad") return html`<${Sign} state="bad"><span class="unseen">fails</span><//>`;
  if (state === "good") return html`<${Sign} state="good"><span class="unseen">passes</span><//>`;
  return html`<${Sign} state="none"><span class="unseen">no verdict</span><//>`;
}

/** Tests in the order of their newest run. */
function byTest(runs) {
  const tests = new Map();
  for (const run of runs) {
    if (!tests.has(run.test)) tests.set(run.test, []);
    tests.get(run.test).push(run);
  }
  return [...tests];
}
