/** A chart's legend: the value at the cursor, at rest the newest, of a run that is over that of all of it, or of the part that is shown; it hides series and shows one alone. */

import { clock, format } from "../model/format.js";
import { html, useState } from "../html.js";
import { NO_SAMPLES } from "../model/part.js";
import { newest, wholeRun } from "../model/run.js";

/** @import { Props } from "../types.js" */

const HELP = "Hides the series; double click, Shift+click or Shift+Enter shows it alone";

/**
 * `cursorListener.current` is set to a function that takes the cursor's index or null.
 *
 * @param {Props<"run" | "panel">} props
 */
export function Legend({ run, times, panel, columns, cursorListener, hidden, onHidden }) {
  const [cursor, setCursor] = useState(null);
  cursorListener.current = setCursor;
  const at = cursor !== null && cursor < times.length ? cursor : null;

  const whole = panel.series.map((s) => wholeRun(run, s.metric, s.aggregate));
  const over = whole.every((value) => value !== undefined);
  const gauge = (s) => run.metrics.get(s.metric)?.type === "gauge";
  const rest = over ? restOf(whole) : "";

  /** What the values at rest are. */
  function restOf(values) {
    if (run.place && values.every((value) => value === null)) return NO_SAMPLES;
    return [panel.series.every(gauge) && "peak", run.place].filter(Boolean).join(", ") || "whole run";
  }

  function valueOf(index) {
    if (over && at === null) return whole[index];
    if (!columns) return null;
    return at === null ? newest(columns[index]) : columns[index][at];
  }

  function toggle(index) {
    const next = new Set(hidden);
    if (!next.delete(index)) next.add(index);
    onHidden(next);
  }

  function isolate(index) {
    const others = panel.series.map((_, i) => i).filter((i) => i !== index);
    const alone = !hidden.has(index) && others.every((i) => hidden.has(i));
    onHidden(new Set(alone ? [] : others));
  }

  return html`<div class="legend">
    ${panel.series.map(
      (s, i) =>
        html`<button
          key=${`${s.metric} ${s.aggregate}`}
          type="button"
          class="legend-item"
          title=${panel.series.length > 1 ? HELP : undefined}
          aria-pressed=${!hidden.has(i)}
          onClick=${(event) => (event.shiftKey ? isolate(i) : toggle(i))}
          onDblClick=${() => isolate(i)}
        >
          <span class=${`swatch${s.dash ? " swatch-dash" : ""}`} style=${{ color: `var(${s.color})` }}></span>
          <bdi class="legend-label">${s.label}</bdi
          >${s.right ? html` <span title="on the right axis" aria-hidden="true">→</span>` : ""} ${" "}<b
            >${format(valueOf(i), s.unit ?? panel.unit)}</b
          >
        </button>`,
    )}
    <span class="legend-time">${at !== null ? `at ${clock(times[at] * 1000)}` : rest}</span>
  </div>`;
}
