/** Where the time goes: the panels of the tab Timings. */

import { Card } from "../components/parts.js";
import { html } from "../html.js";

export function Timings() {
  return html`<${Card} id="timings" title="Timings"><p class="nothing">Nothing yet.</p><//>`;
}
