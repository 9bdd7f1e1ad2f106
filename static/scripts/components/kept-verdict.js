/** The gate's kept word on a run, in tables of many. */

import { html } from "../html.js";
import { NOTHING } from "../model/format.js";
import { keptVerdict } from "../model/gate.js";
import { Chip } from "./parts.js";

/** @import { Props } from "../types.js" */

/** @param {Props<"item">} props */
export function KeptVerdict({ item }) {
  const chip = keptVerdict(item);
  if (!chip) return NOTHING;
  // Where nobody asked for anything, nothing stands out.
  if (chip.state === "none") return html`<span class="caption">${chip.text}</span>`;
  return html`<${Chip} state=${chip.state}>${chip.text}<//>`;
}
