/** Starts the dashboard. */

import { createApi, serverRoot } from "./data/api.js";
import { App } from "./app.js";
import { html, render } from "./html.js";
import { measureRendering } from "./measure.js";
import { createSession } from "./data/session.js";

measureRendering();
const api = createApi(serverRoot(document));
render(
  html`<${App} api=${api} session=${createSession(api)} />`,
  /** @type {HTMLElement} */ (document.getElementById("app")),
);
