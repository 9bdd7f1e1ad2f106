/** Begins a new run: names what is live by the server's word, and ends that and nothing else. */

import { moment, plural } from "../model/format.js";
import { html, useEffect, useState } from "../html.js";
import { runLabel } from "../model/runs.js";
import { Popover } from "./popover.js";

/** @import { Props } from "../types.js" */

/** @param {Props<"session">} props */
export function NewRun({ session }) {
  return html`<${Popover} side="right" label="New run">
    ${(close) => html`<${Ask} session=${session} close=${close} />`}
  <//>`;
}

/** @param {Props<"session">} props */
function Ask({ session, close }) {
  const { info } = session.state;
  const [live, setLive] = useState(null);
  /** Ids of those that are to end. */
  const [chosen, setChosen] = useState([]);
  const [ended, setEnded] = useState(null);
  const [problem, setProblem] = useState(null);

  useEffect(() => {
    async function ask() {
      try {
        const runs = await session.liveRuns();
        setLive(runs);
        const [first] = runs.filter((run) => run.id === session.state.info.id).concat(runs);
        setChosen(first ? [first.id] : []);
      } catch (error) {
        setProblem(`The live runs cannot be listed: ${error.message}`);
      }
    }
    ask();
  }, [session]);

  const ending = (live ?? []).filter((run) => chosen.includes(run.id));
  async function begin() {
    setProblem(null);
    try {
      await session.newRuns(ending);
      setEnded(ending);
    } catch (error) {
      setProblem(`It did not work: ${error.message}`);
    }
  }
  function toggle(id) {
    setChosen(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id]);
  }

  const many = !ended && live?.length > 1;
  return html`<div class="ask">
    <p role="status">
      ${ended ? describeEnded(ended) : live ? describeLive(live, info) : !problem && "Asking the server what is live…"}
    </p>
    ${
      many &&
      html`<div class="live-runs" role="group" aria-label="Live runs">
        ${live.map(
          (run) =>
            html`<label class="check" key=${run.id}>
              <input type="checkbox" checked=${chosen.includes(run.id)} onChange=${() => toggle(run.id)} />
              <span
                ><b><bdi>${runLabel(run)}</bdi></b
                >${" "}<span class="caption"
                  >since ${moment(run.start)}${run.id === info.id ? ", the one you see" : ""}</span
                ></span
              >
            </label>`,
        )}
      </div>`
    }
    ${problem && html`<p class="bad" role="alert">${problem}</p>`}
    <p class="notice-actions">
      ${
        !ended &&
        live?.length > 0 &&
        html`<button
          type="button"
          class="button button-primary"
          disabled=${ending.length === 0}
          onClick=${begin}
        >
          ${
            ending.length > 1
              ? `End ${plural(ending.length, "run")} and begin new ones`
              : html`End <bdi>${ending.length === 1 ? runLabel(ending[0]) : "nothing"}</bdi> and begin a new
                  one`
          }
        </button>`
      }
      <button type="button" class="button" onClick=${() => close(true)}>
        ${ended || live?.length === 0 ? "Close" : "Cancel"}
      </button>
    </p>
  </div>`;
}

function describeLive(live, info) {
  const test = html`<bdi>${info.test}</bdi>`;
  const next = html`The next samples of ${test} begin a new run; nothing is deleted.`;
  if (live.length === 0) {
    return html`No run of ${test} is live: the next samples begin a new one by themselves.`;
  }
  if (live.length > 1)
    return html`${plural(live.length, "run")} of ${test} are live. What is ticked ends. ${next}`;
  const name = html`<b><bdi>${runLabel(live[0])}</bdi></b>`;
  if (live[0].id === info.id) return html`This ends the live run ${name}, which you see. ${next}`;
  return html`Live is ${name}, not <bdi>${runLabel(info)}</bdi> that you see: this ends ${name}. ${next}`;
}

function describeEnded(ended) {
  const names = ended.map((run, i) => html`${i > 0 ? ", " : ""}<bdi>${runLabel(run)}</bdi>`);
  return html`${names} ${ended.length === 1 ? "has" : "have"} ended. The next samples of
    <bdi>${ended[0].test}</bdi> begin a new run.`;
}
