/** A choice among the runs of a test and, behind them, those of others. */

import { moment } from "../model/format.js";
import { html } from "../html.js";
import { runLabel } from "../model/runs.js";

/** `items` are the runs of the shown run's test, `all` those that are known of any. */
export function RunChoice({ items, all, shown, chosen, onChoose }) {
  const groups = new Map([[shown.test, items.filter((item) => item.id !== shown.id)]]);
  for (const item of all) {
    if (item.test === shown.test) continue;
    if (!groups.has(item.test)) groups.set(item.test, []);
    groups.get(item.test).push(item);
  }
  const known = chosen === null || [...groups.values()].flat().some((item) => item.id === chosen);
  return html`<select
    id="other"
    class="input select"
    value=${chosen ?? ""}
    onChange=${(event) => event.target.value && onChoose(event.target.value)}
  >
    ${chosen === null && html`<option value="">choose a run…</option>`}
    ${!known && html`<option value=${chosen}>${chosen === shown.id ? `${runLabel(shown)} (itself)` : chosen}</option>`}
    ${[...groups]
      .filter(([, list]) => list.length > 0)
      .map(
        ([test, list]) =>
          html`<optgroup key=${test} label=${short(test)}>
            ${list.map((item) => html`<option key=${item.id} value=${item.id}>${optionOf(item)}</option>`)}
          </optgroup>`,
      )}
  </select>`;
}

function optionOf(item) {
  const star = item.baseline ? "★ baseline, " : "";
  const live = item.state === "live" ? ", live" : "";
  return `${star}${short(runLabel(item))}, ${moment(item.start)}${live}`;
}

/** A list of choices is as wide as its widest. */
function short(text) {
  const characters = [...text];
  return characters.length > 48 ? characters.slice(0, 47).join("") + "…" : text;
}
