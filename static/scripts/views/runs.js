/** Runs of a run. */

import { Card } from "../components/parts.js";
import { html } from "../html.js";

export function Runs() {
  return html`<${Card} id="runs" title="Runs"><p class="nothing">Nothing yet.</p><//>`;
}
