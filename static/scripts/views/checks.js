/** Checks of a run. */

import { Card } from "../components/parts.js";
import { html } from "../html.js";

export function Checks() {
  return html`<${Card} id="checks" title="Checks"><p class="nothing">Nothing yet.</p><//>`;
}
