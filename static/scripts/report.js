/** Brings the report's charts to life: the same as the Overview's, from the events in the file itself. */

import { html, render, useState } from "./html.js";
import { apply, newRun } from "./model.js";
import { Charts } from "./views/charts.js";

const run = newRun();
for (const [id, { event, data }] of JSON.parse(document.getElementById("events").textContent).entries()) {
  apply(run, event, data, id);
}

function Report() {
  const [zoom, setZoom] = useState(null);
  return html`<${Charts} run=${run} zoom=${zoom} onZoom=${setZoom} />`;
}

const place = document.getElementById("charts");
place.hidden = false;
render(html`<${Report} />`, place);
