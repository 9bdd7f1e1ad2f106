/** Trouble, told where people look: above the figures it concerns. */

import { clock, format, plural, span } from "../format.js";
import { html, useState } from "../html.js";
import { thresholdsKnown } from "../thresholds.js";
import { runLabel } from "./frame.js";
import { Command } from "./parts.js";

/** Silence shorter than this is k6's usual rhythm and our own grace time. */
const SILENT_MS = 6000;

export function Notices({ session, api, navigate, following, setFollowing }) {
  const { state } = session;
  const { run } = state;
  const live = run.stop === null;
  const lost = session.lostFor();
  const health = run.health;
  return html`<div class="notices" role="status" aria-live="polite">
    ${
      lost !== null &&
      html`<${Notice} key="lost" state="warning" title=${`Connection lost ${clock(lost)} ago.`}>
        The figures stand still; nothing is missed, the page resumes where it was.
      <//>`
    }
    ${live && lost === null && health && html`<${Silence} key="silence" session=${session} now=${state.now} />`}
    ${
      state.newer &&
      html`<${Notice}
        key="newer"
        state="accent"
        title=${`${state.newer.test} ${runLabel(state.newer)} began.`}
      >
        <span class="notice-actions">
          <button
            type="button"
            class="button button-primary"
            onClick=${() => navigate({ run: state.newer.id, zoom: null })}
          >
            Follow
          </button>
          <label class="check">
            <input
              type="checkbox"
              checked=${following}
              onChange=${(event) => setFollowing(event.target.checked)}
            />
            follow new runs always
          </label>
        </span>
      <//>`
    }
    ${run.current && !thresholdsKnown(run) && html`<${Unknown} key="unknown" test=${state.info.test} api=${api} />`}
    ${health && html`<${Losses} key="losses" health=${health} />`}
  </div>`;
}

function Notice({ state, title, children }) {
  return html`<div class=${`notice notice-${state}`}>
    <strong>${title}</strong>
    <div class="notice-body">${children}</div>
  </div>`;
}

function Silence({ session, now }) {
  const { received, idle } = session.state.run.health;
  const [problem, setProblem] = useState(null);
  const [asked, setAsked] = useState(false);
  if (!Number.isFinite(received)) return null;
  const silent = now - received;
  if (silent < SILENT_MS && !asked) return null;
  const rest = idle - silent;
  async function finish() {
    setAsked(true);
    setProblem(null);
    try {
      await session.finish();
    } catch (error) {
      setAsked(false);
      setProblem(error.message);
    }
  }
  const ends = !Number.isFinite(rest) ? "" : rest > 0 ? `, ends in ${span(rest)}` : ", ends now";
  return html`<${Notice} state="warning" title=${`No data for ${span(silent)}${ends}.`}>
    <span class="notice-actions">
      <button type="button" class="button" disabled=${asked} onClick=${finish}>
        ${asked ? "Finishing…" : "Finish"}
      </button>
      ${problem && html`<span class="bad">Could not finish: ${problem}</span>`}
    </span>
  <//>`;
}

function Unknown({ test, api }) {
  const command = `k6 inspect --execution-requirements script.js | curl -T - ${api.root}tests/${encodeURIComponent(test)}/options`;
  return html`<${Notice} state="none" title="The thresholds of this test are not known.">
    k6 does not send them with its samples. This tells them, now or before the next run:
    <${Command} text=${command} label="command that tells the thresholds" />
  <//>`;
}

function Losses({ health }) {
  const refused = health.refused ?? 0;
  const late = health.late ?? 0;
  const misdated = health.misdated ?? 0;
  if (refused + late + misdated === 0) return null;
  const title = [
    refused && `${plural(refused, "sample")} refused`,
    late && `${format(late, "count")} late`,
    misdated && `${format(misdated, "count")} misdated`,
  ]
    .filter(Boolean)
    .join(", ");
  return html`<${Notice}
    state="warning"
    title=${`${title}, of ${plural(health.samples + refused, "sample")}.`}
  >
    ${
      refused > 0 &&
      html`<ul class="reasons">
        ${(health.refusals ?? []).map(
          ([reason, count]) =>
            html`<li key=${reason}><b>${format(count, "count")}</b> <bdi>${reason}</bdi></li>`,
        )}
      </ul>`
    }
    ${late > 0 && html`<p>Late samples came after their window had closed; they count in the one that was open.</p>`}
    ${misdated > 0 && html`<p>Misdated samples lie far ahead of the run: a generator's clock is wrong.</p>`}
  <//>`;
}
