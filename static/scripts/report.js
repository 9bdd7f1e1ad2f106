/**
 * Brings the report to life: where a chart stands still, the pages' own takes its place, from the events
 * in the file itself. On paper the still ones come back.
 */

import { ChartCard } from "./components/chart-card.js";
import { Level } from "./components/parts.js";
import { moment } from "./model/format.js";
import { html, render } from "./html.js";
import { apply, newRun } from "./model/run.js";
import { takeMerged } from "./model/windows.js";

const read = (id) => JSON.parse(document.getElementById(id)?.textContent ?? "null");

const run = newRun();
for (const [id, { event, data }] of read("events").entries()) apply(run, event, data, id);

const series = read("series");
if (series)
  takeMerged(
    run,
    series.step / 1000,
    series,
    series.series.map(({ metric }) => metric),
  );

const totals = (run.totals = new Map());
const charts = read("panels").map((panel, i) => {
  // The tables know of the whole run what events do not say, a gauge's peak within a window.
  panel.series.forEach(({ metric, aggregate }, at) => totals.set(`${aggregate} ${metric}`, panel.totals[at]));
  const still = /** @type {HTMLElement} */ (document.querySelector(`[data-panel="${i}"]`));
  const place = document.createElement("div");
  place.className = "live";
  const level = Number(still.querySelector(".card-head :is(h3, h4)")?.tagName.slice(1));
  still.append(place);
  return { panel, still, place, level, alive: false };
});

/** Of the part that the report is of: its ends in seconds, and what it is called. */
const part = read("part");
if (part) run.place = part.place;
/** All charts share one zoom; at most it shows all of the part. */
let zoom = part;

function zoomTo(range) {
  zoom = range ?? part;
  for (const chart of charts) if (chart.alive) draw(chart);
}

function draw({ panel, place, level }) {
  const chart = html`<${ChartCard} run=${run} panel=${panel} zoom=${zoom} onZoom=${zoomTo} />`;
  render(html`<${Level.Provider} value=${level}>${chart}<//>`, place);
}

/** What is far from the view stands still until it comes near. */
const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      const chart = charts.find(({ still }) => still === target);
      chart.alive = true;
      draw(chart);
      target.classList.add("alive");
    }
  },
  { rootMargin: "80px" },
);
for (const { still } of charts) observer.observe(still);

for (const time of document.querySelectorAll("time")) {
  const local = document.createElement("span");
  local.className = "caption local";
  local.textContent = `${moment(Date.parse(time.dateTime))} here`;
  time.after(" ", local);
}
