/** Something that opens below its button, and closes by Escape or a click elsewhere. */

import { html, useEffect, useRef, useState } from "../html.js";

/**
 * `label` is the button's content, `title` its name where that does not say enough. `children(close)`
 * gives what is inside, made only while it is open.
 */
export function Popover({ label, title, kind = "", side = "left", onOpen, children }) {
  const box = useRef(null);
  const [isOpen, setOpen] = useState(false);

  useEffect(() => {
    if (!isOpen) return undefined;
    const leave = (event) => {
      const escape = event.type === "keydown" && event.key === "Escape";
      const outside = event.type === "pointerdown" && !box.current.contains(event.target);
      if (escape || outside) close(escape);
    };
    addEventListener("keydown", leave);
    addEventListener("pointerdown", leave);
    return () => {
      removeEventListener("keydown", leave);
      removeEventListener("pointerdown", leave);
    };
  }, [isOpen]);

  function close(refocus = false) {
    if (!box.current) return;
    box.current.open = false;
    if (refocus) box.current.querySelector("summary").focus();
  }

  function toggled(event) {
    setOpen(event.currentTarget.open);
    if (event.currentTarget.open) onOpen?.();
  }

  return html`<details class=${`popover ${kind}`} ref=${box} onToggle=${toggled}>
    <summary class="button" aria-label=${title} title=${title}>${label}</summary>
    ${isOpen && html`<div class=${`menu menu-${side}`}>${children(close)}</div>`}
  </details>`;
}
