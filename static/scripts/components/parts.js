/** Small parts that every view uses: chips, cards, commands to copy. */

import { createContext, html, useContext, useRef, useState } from "../html.js";
import { SIGNS } from "../model/thresholds.js";

/**
 * `state` is `good`, `warning`, `bad`, `none` (no data), `open` (not decided yet), `unknown` (nobody can tell) or
 * `info` (nothing was asked).
 */
export function Chip({ state, children }) {
  return html`<span class=${`chip chip-${state}`}
    ><span aria-hidden="true">${SIGNS[state]}</span> ${children}</span
  >`;
}

export function Sign({ state, children }) {
  return html`<span class=${`sign sign-${state}`}
    ><span aria-hidden="true">${SIGNS[state]}</span> ${children}</span
  >`;
}

/** The level of the headings at this place: each lies one below that of what it is in. */
export const Level = createContext(2);

export function Heading({ id, title, children }) {
  const tag = `h${Math.min(useContext(Level), 6)}`;
  return html`<${tag} id=${id} title=${title}>${children}<//>`;
}

/** Whatever stands below a heading of its own. */
export function Below({ children }) {
  return html`<${Level.Provider} value=${useContext(Level) + 1}>${children}<//>`;
}

/** A group and no landmark: a page has dozens, some of one name. */
export function Card({ title, caption, actions, children, id }) {
  return html`<section class="card" role="group" aria-labelledby=${id}>
    <header class="card-head">
      <${Heading} id=${id}>${title}<//>
      <span class="caption">${caption}</span>
      <span class="card-actions">${actions}</span>
    </header>
    <${Below}>${children}<//>
  </section>`;
}

/** A command and a button that copies it. */
export function Command({ text, label }) {
  const [copied, setCopied] = useState(false);
  const code = useRef(null);
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // No clipboard without a secure context: select, so that the reader's own copy works.
      getSelection()?.selectAllChildren(code.current);
      return;
    }
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  }
  return html`<div class="command">
    <code ref=${code}>${text}</code>
    <button type="button" class="button" onClick=${copy} aria-label=${`Copy: ${label ?? text}`}>
      ${copied ? "Copied" : "Copy"}
    </button>
  </div>`;
}

/** A share as a bar, its figure beside it: decoration for those who see. */
export function Bar({ share }) {
  return html`<span class="bar" aria-hidden="true"
    ><span style=${{ width: `${Math.min(100, Math.max(0, share * 100))}%` }}></span
  ></span>`;
}
