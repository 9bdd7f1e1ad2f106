/**
 * A name that is longer than its place: what begins it and what ends it stay, for of addresses the end tells one from
 * another. The whole one shows on hover, by focus, and where a row is opened.
 */

import { html } from "../html.js";

/** Names up to this length are never cut. */
const SHORT = 24;
/** So much of its end stays. */
const END = 18;

export function Name({ text, class: className = "" }) {
  const characters = [...text];
  if (characters.length <= SHORT) return html`<bdi class=${`name ${className}`} title=${text}>${text}</bdi>`;
  const end = characters.slice(-END).join("");
  const begin = characters.slice(0, -END).join("");
  return html`<bdi class=${`name name-long ${className}`} title=${text}
    ><span class="name-begin">${begin}</span><span class="name-end">${end}</span></bdi
  >`;
}

/** A row's whole name, where the row is open. */
export function WholeName({ parts }) {
  return html`<p class="whole-name">
    ${parts.map((part, i) => html`${i > 0 ? " " : ""}<bdi>${part}</bdi>`)}
  </p>`;
}
