/** Go or no-go: what the gate says of the run, what that rests on, and every objective. */

import { Problem } from "../components/distribution.js";
import { ObjectiveTable } from "../components/objective-table.js";
import { Card, Chip, Command } from "../components/parts.js";
import { format, moment } from "../model/format.js";
import { byOrigin, chipOf, otherJudgements, placeOf } from "../model/gate.js";
import { SIGNS } from "../model/thresholds.js";
import { html, useState } from "../html.js";

/** @import { Gate, GateVerdict, Props, ViewProps } from "../types.js" */

/** @param {ViewProps} props */
export function Verdict({ session, gate, route, navigate }) {
  const { info, runs } = session.state;
  const { verdict, problem } = gate;
  if (!verdict) {
    return html`<${Card} id="verdict" title="Verdict">
      ${
        problem
          ? html`<${Problem} what="verdict" problem=${problem} retry=${gate.retry} />`
          : html`<p class="nothing">Asking for the verdict…</p>`
      }
    <//>`;
  }
  const { file, thresholds } = byOrigin(verdict.objectives);
  const table = { verdict, runs, route, navigate };
  return html`<${Whole} key=${info.id} gate=${gate} verdict=${verdict} live=${info.state === "live"} />
    ${
      file.length > 0 &&
      html`<${Card}
        id="objectives"
        title="Objectives"
        caption=${html`of the file of <bdi>${info.test}</bdi> · ${format(file.length, "count")}`}
      >
        <${ObjectiveTable} ...${table} label="Objectives" objectives=${file} />
      <//>`
    }
    ${
      thresholds.length > 0 &&
      html`<${Card}
        id="judged-thresholds"
        title="k6's thresholds"
        caption=${`of the script · ${format(thresholds.length, "count")}`}
      >
        <${ObjectiveTable} ...${table} label="k6's thresholds" objectives=${thresholds} />
      <//>`
    }
    ${
      file.length === 0 &&
      html`<${NoFile} test=${info.test} some=${thresholds.length > 0} live=${info.state === "live"} />`
    }
    <${Earlier} verdict=${verdict} />`;
}

/** @param {{ gate: Gate, verdict: GateVerdict, live: boolean }} props */
function Whole({ gate, verdict, live }) {
  const { state, text } = chipOf(verdict);
  const { missing, number, judged, score } = verdict;
  const when =
    number === null || judged === null
      ? "if the run ended now"
      : `judged ${moment(judged)}${number > 1 ? `, verdict ${format(number, "count")}` : ""}`;
  const place = placeOf(verdict, verdict.window);
  return html`<section class=${`card verdict-card verdict-${state}`} aria-labelledby="verdict">
    <div class="verdict-head">
      <h2 id="verdict" class="verdict-state">
        <span aria-hidden="true">${SIGNS[state]}</span> <span class="unseen">Verdict: </span>${text}
      </h2>
      ${
        score !== null &&
        html`<p class="verdict-score">
          <span class="caption">Score</span> ${format(score / 100, "ratio", { trim: true })}
        </p>`
      }
      <p class="caption">${when}</p>
      ${!live && html`<${JudgeAgain} gate=${gate} />`}
    </div>
    <p class="verdict-reason"><bdi>${verdict.reason}</bdi></p>
    ${place && html`<p class="caption">Judged ${place} of the run</p>`}
    ${
      missing.length > 0 &&
      html`<div class="verdict-missing">
        <h3>What is missing</h3>
        <ul class="reasons">
          ${missing.map((sentence) => html`<li key=${sentence}><bdi>${sentence}</bdi></li>`)}
        </ul>
      </div>`
    }
    ${gate.problem && html`<p class="bad" role="alert">Not the newest: ${gate.problem}</p>`}
  </section>`;
}

/** @param {Props<"gate">} props */
function JudgeAgain({ gate }) {
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState(null);
  const [problem, setProblem] = useState(null);
  async function judge() {
    setBusy(true);
    setSaid(null);
    setProblem(null);
    try {
      setSaid((await gate.judge()) ? "Judged anew." : "Nothing has changed; the verdict stands.");
    } catch (error) {
      setProblem(`It did not work: ${error.message}`);
    }
    setBusy(false);
  }
  return html`<span class="verdict-again">
    <span class="caption" role="status">${said}</span>
    ${problem && html`<span class="bad" role="alert">${problem}</span>`}
    <button
      type="button"
      class="button"
      disabled=${busy}
      title="By the objectives, thresholds and baseline of now; what was said before stays beside it"
      onClick=${judge}
    >
      ${busy ? "Judging…" : "Judge again"}
    </button>
  </span>`;
}

/** What is said where no file had a say; `some` thresholds may have had. */
function NoFile({ test, some, live }) {
  return html`<section class="card no-file" aria-labelledby="no-file">
    <h2 id="no-file">
      ${some ? "This verdict is of k6's thresholds alone" : "No objectives had a say in this verdict"}
    </h2>
    <p class="caption">
      A file can ask for more than thresholds: of one request, against a baseline, with warnings and weights.
      This drafts it from the last runs of <bdi>${test}</bdi>:
    </p>
    <${Command}
      text=${`loadgate objectives suggest ${test} > ${test}.yaml`}
      label="command that drafts objectives"
    />
    <p class="caption">Read it, change it, and put it in force:</p>
    <${Command}
      text=${`loadgate objectives put ${test}.yaml`}
      label="command that puts objectives in force"
    />
    ${!live && html`<p class="caption">Judge again then applies it to this run.</p>`}
  </section>`;
}

/** @param {{ verdict: GateVerdict }} props */
function Earlier({ verdict }) {
  const others = otherJudgements(verdict);
  if (others.length === 0) return null;
  return html`<${Card}
    id="judgements"
    title="Other verdicts on this run"
    caption=${format(others.length, "count")}
  >
    <ul class="judgements">
      ${others.map(({ number, judged, state }) => {
        const chip = chipOf({ state, missing: [] });
        return html`<li key=${number}>
          <span class="caption">${format(number, "count")}</span>
          <${Chip} state=${chip.state}>${chip.text}<//>
          <span>${moment(judged)}</span>
        </li>`;
      })}
    </ul>
  <//>`;
}
