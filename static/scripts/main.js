/** Starts the dashboard. */

import { createApi, serverRoot } from "./data/api.js";
import { App } from "./app.js";
import { html, render } from "./html.js";
import { measureRendering } from "./measure.js";
import { createSession } from "./data/session.js";
import { sharedStreams } from "./data/shared-stream.js";

measureRendering();
/** @type {HTMLLinkElement | null} */
const worker = document.querySelector('link[rel="loadgate-streams"]');
const api = createApi(serverRoot(document), sharedStreams(worker?.href));
render(
  html`<${App} api=${api} session=${createSession(api)} />`,
  /** @type {HTMLElement} */ (document.getElementById("app")),
);
