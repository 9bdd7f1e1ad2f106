/** Before the first run: how to start one, with this server's own address. */

import { Command } from "../components/parts.js";
import { html } from "../html.js";

/** @import { Props } from "../types.js" */

/** @param {Props<"api">} props */
export function Empty({ api, test }) {
  const root = api.root.replace(/\/$/, "");
  const name = test ?? "shop";
  const below = new URL(api.root).pathname !== "/";
  return html`<section class="empty" aria-labelledby="empty-title">
    <h1 id="empty-title">${test ? html`No run of <bdi>${test}</bdi> yet` : "No runs yet"}</h1>
    <p class="lead">Start one; this page follows by itself.</p>
    <div class="ways">
      ${
        !below &&
        html`<${Way} title="Any k6" text=${`k6 run -o influxdb=${root}/${name} script.js`}>
          The path names the test. No plugin, no build of k6 is needed.
        <//>`
      }
      <${Way}
        title="k6 with its thresholds"
        text=${`loadgate k6 run --server ${root} ${test ? `--test ${test} ` : ""}script.js`}
      >
        Runs your k6, tells its thresholds and planned duration, and says when it is
        over.${below && " Stock k6's own output cannot send to a path below a host."}
      <//>
      <${Way} title="Nothing at hand?" text="loadgate serve --demo">
        Replays a recorded test. From a checkout: <code>cargo xtask serve --demo</code>.
      <//>
    </div>
  </section>`;
}

function Way({ title, text, children }) {
  return html`<div class="card way">
    <h2>${title}</h2>
    <${Command} text=${text} />
    <p class="caption">${children}</p>
  </div>`;
}

export function Missing({ id }) {
  return html`<section class="empty" aria-labelledby="empty-title">
    <h1 id="empty-title">There is no run <bdi>${id}</bdi></h1>
    <p class="lead">It may have been deleted.</p>
    <a class="button button-primary" href="?">Open the newest run</a>
  </section>`;
}

export function Unreachable({ problem }) {
  return html`<section class="empty" aria-labelledby="empty-title">
    <h1 id="empty-title">The server does not answer</h1>
    <p class="lead">${problem}. Trying again every few seconds.</p>
  </section>`;
}
