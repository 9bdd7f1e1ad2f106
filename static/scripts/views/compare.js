/** Compare of a run. */

import { Card } from "../components/parts.js";
import { html } from "../html.js";

export function Compare() {
  return html`<${Card} id="compare" title="Compare"><p class="nothing">Nothing yet.</p><//>`;
}
