/** A question in front of the page. The browser keeps the focus inside and closes it by Escape. */

import { html, useEffect, useRef } from "../html.js";

/** `onClose` is called however it closes; `children` hold their own buttons. */
export function Dialog({ title, onClose, children }) {
  const box = useRef(null);
  useEffect(() => {
    const dialog = box.current;
    dialog.showModal();
    return () => dialog.close();
  }, []);
  return html`<dialog class="dialog card" ref=${box} aria-labelledby="dialog-title" onClose=${onClose}>
    <h2 id="dialog-title">${title}</h2>
    ${children}
  </dialog>`;
}
