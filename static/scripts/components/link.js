/** A link inside the app: a plain click is ours, any other the browser's. */

import { html } from "../html.js";
import { hrefOf } from "../router.js";

/** @import { Props } from "../types.js" */

/** Click handler of a link to `change` of the address. */
export function onPlainClick(go) {
  return (event) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go();
  };
}

/** @param {Props<"route" | "navigate">} props */
export function RouteLink({ route, navigate, change, children, ...rest }) {
  return html`<a href=${hrefOf(route, change)} onClick=${onPlainClick(() => navigate(change))} ...${rest}
    >${children}</a
  >`;
}
