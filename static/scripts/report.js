/**
 * Brings the report to life: where a chart stands still, the pages' own takes its place, from the events
 * in the file itself. On paper the still ones come back.
 */

import { ChartCard } from "./components/chart-card.js";
import { moment } from "./format.js";
import { html, render } from "./html.js";
import { apply, newRun } from "./model.js";

const read = (id) => JSON.parse(document.getElementById(id).textContent);

const run = newRun();
for (const [id, { event, data }] of read("events").entries()) apply(run, event, data, id);

const charts = read("panels").map((panel, i) => {
  const still = document.querySelector(`[data-panel="${i}"]`);
  const place = document.createElement("div");
  place.className = "live";
  still.append(place);
  return { panel, still, place };
});

/** All charts share one zoom. */
function draw(zoom) {
  for (const { panel, still, place } of charts) {
    render(html`<${ChartCard} run=${run} panel=${panel} zoom=${zoom} onZoom=${draw} />`, place);
    still.classList.add("alive");
  }
}

for (const time of document.querySelectorAll("time")) {
  const local = document.createElement("span");
  local.className = "caption local";
  local.textContent = `${moment(Date.parse(time.dateTime))} here`;
  time.after(" ", local);
}

draw(null);
