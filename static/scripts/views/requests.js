/** Requests of a run. */

import { Card } from "../components/parts.js";
import { html } from "../html.js";

export function Requests() {
  return html`<${Card} id="requests" title="Requests"><p class="nothing">Nothing yet.</p><//>`;
}
