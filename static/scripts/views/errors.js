/** Errors of a run. */

import { Card } from "../components/parts.js";
import { html } from "../html.js";

export function Errors() {
  return html`<${Card} id="errors" title="Errors"><p class="nothing">Nothing yet.</p><//>`;
}
