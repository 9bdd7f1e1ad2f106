/** The part of the run that all figures are of: named, chosen by two fields or one click, and given up again. */

import { checkFields, describePart, moment, nameOf } from "../model/part.js";
import { elapsed } from "../model/run.js";
import { html, useEffect, useRef, useState } from "../html.js";

/** @import { Api, Chosen, Navigate, Route, Run } from "../types.js" */

/** Tabs that are of whole runs, whatever part is chosen. */
const OF_RUNS = { verdict: "The verdict is", runs: "This list is" };

/**
 * @param {{ run: Run, chosen: Chosen, api: Api, tab: { view?: string }, route: Route, navigate: Navigate }} props
 */
export function Range({ run, chosen, api, tab, route, navigate }) {
  const [open, setOpen] = useState(false);
  const [said, setSaid] = useState(/** @type {string | null} */ (null));
  const [seeking, setSeeking] = useState(false);
  const { zoom } = route;
  const { part, awaited, problem } = chosen;
  const whole = OF_RUNS[tab.view ?? ""];
  const button = useRef(null);

  useEffect(() => setSaid(null), [run, zoom]);
  if (whole && !zoom) return null;

  function close() {
    setOpen(false);
    button.current?.focus();
  }

  function giveUp() {
    navigate({ zoom: null });
    // The button that had the focus goes.
    button.current?.focus();
  }

  async function steady() {
    setSeeking(true);
    setSaid(null);
    try {
      const { window, start } = await api.steady(run.id);
      if (!window) throw new Error("The server named no part.");
      navigate({ zoom: { from: (window.start - start) / 1000, to: (window.end - start) / 1000 } });
    } catch (error) {
      setSaid(error.message);
    }
    setSeeking(false);
  }

  const { name, of } = describePart(run, part);
  const words = awaited
    ? html`Loading ${nameOf(awaited)}…`
    : html`<b>${name}</b> <span class="range-of">${of}</span>`;
  return html`<section
    class=${`range${zoom || open || said ? " range-wide" : ""}${zoom ? " range-chosen" : ""}`}
    aria-label="Part of the run"
  >
    <p class="range-words">${words}</p>
    <span class="unseen" role="status"
      >${awaited ? `Loading ${nameOf(awaited)}` : zoom ? `Showing ${name}` : ""}</span
    >
    <span class="range-actions">
      ${zoom && html`<button type="button" class="button" onClick=${giveUp}>Whole run</button>`}
      <button
        type="button"
        class="button"
        ref=${button}
        aria-expanded=${open}
        aria-controls="range-fields"
        onClick=${() => setOpen(!open)}
      >
        ${zoom ? "Change" : "Choose a part"}
      </button>
      <button type="button" class="button" disabled=${seeking} onClick=${steady}>
        ${seeking ? "Looking…" : "Steady state"}
      </button>
    </span>
    ${open && html`<${Fields} key=${`${zoom?.from} ${zoom?.to}`} run=${run} zoom=${zoom} navigate=${navigate} close=${close} />`}
    ${whole && html`<p class="range-said caption">${whole} of the whole run.</p>`}
    ${said && html`<p class="range-said bad" role="alert">${said}</p>`}
    ${problem && html`<p class="range-said bad" role="alert">${problem}</p>`}
  </section>`;
}

/** Two fields, in the run's own time; what they refuse, they say. */
function Fields({ run, zoom, navigate, close }) {
  const seconds = elapsed(run) / 1000;
  const [from, setFrom] = useState(moment(zoom?.from ?? 0));
  const [to, setTo] = useState(
    zoom ? (zoom.to === null ? "" : moment(zoom.to)) : run.stop === null ? "" : moment(seconds),
  );
  const [wrong, setWrong] = useState(/** @type {{ field: string, problem: string } | null} */ (null));
  const first = useRef(null);
  useEffect(() => first.current.focus(), []);

  function submit(event) {
    event.preventDefault();
    const checked = checkFields({ from, to }, seconds);
    if (checked.problem !== undefined) {
      setWrong(checked);
      event.currentTarget.querySelector(`[name="${checked.field}"]`).focus();
      return;
    }
    setWrong(null);
    navigate({ zoom: checked.zoom });
    close();
  }

  const field = (name, label, value, set, hint) =>
    html`<label class="range-field">
      ${label}
      <input
        ref=${name === "from" ? first : undefined}
        type="text"
        name=${name}
        class="filter"
        inputmode="text"
        autocomplete="off"
        spellcheck=${false}
        placeholder=${hint}
        value=${value}
        aria-invalid=${wrong?.field === name}
        aria-describedby=${wrong?.field === name ? "range-wrong" : "range-help"}
        onInput=${(event) => set(event.target.value)}
      />
    </label>`;

  return html`<form
    id="range-fields"
    class="range-fields"
    novalidate
    onSubmit=${submit}
    onKeyDown=${(event) => event.key === "Escape" && close()}
  >
    ${field("from", "From", from, setFrom, "0:00")}
    ${field("to", "To", to, setTo, run.stop === null ? "now, and on" : "the end")}
    <button type="submit" class="button button-primary">Show</button>
    ${
      wrong
        ? html`<p id="range-wrong" class="bad" role="alert">${wrong.problem}</p>`
        : html`<p id="range-help" class="caption">
            Times since the run began: 0:30, 90s or 1m30s. Without an end the part goes on with the run. Or
            drag over any chart; by keyboard, Shift with the arrow keys selects there, and Enter chooses.
          </p>`
    }
  </form>`;
}
