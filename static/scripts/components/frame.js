/** The frame around every view: which run, live or over, how far, does it pass. */

import { clock, format, moment, plural } from "../format.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { elapsed } from "../model.js";
import { formatRoute, TABS } from "../router.js";
import { tally, thresholdsKnown } from "../thresholds.js";
import { cycleTheme, themeName } from "../theme.js";
import { Chip } from "./parts.js";

export function Frame({ session, api, route, navigate, children }) {
  const { state } = session;
  const { run } = state;
  return html`<a class="skip" href="#main">Skip to content</a>
    <header class="top">
      <div class="top-row">
        <a class="brand" href="?"><span class="logo" aria-hidden="true"></span>Loadgate</a>
        ${
          run &&
          html`<${RunSelector} session=${session} navigate=${navigate} />
            <${Liveness} session=${session} />
            <${ThresholdsChip} run=${run} />`
        }
        <span class="grow"></span>
        ${run && html`<a class="button button-primary" href=${api.report(state.info.id)}>Report</a>`}
        <${ThemeButton} />
      </div>
      ${run && html`<${Tabs} route=${route} navigate=${navigate} />`}
    </header>
    <main id="main" tabindex="-1">${children}</main>`;
}

function Liveness({ session }) {
  const { state } = session;
  const { run } = state;
  const live = run.stop === null;
  const lost = session.lostFor();
  const planned = run.param.endOffset ?? null;
  const done = elapsed(run) + (live && !lost ? sinceWindow(state) : 0);
  return html`<span class="liveness">
    ${
      live
        ? html`<span class=${`chip chip-good live${lost === null ? "" : " live-lost"}`}>
            <span class="dot" aria-hidden="true"></span>${lost === null ? "live" : `lost ${clock(lost)}`}
          </span>`
        : html`<span class="chip chip-none"><span class="square" aria-hidden="true"></span>ended</span>`
    }
    <span class="elapsed">${clock(done)}${live && planned ? ` of ${clock(planned)}` : ""}</span>
    ${
      live &&
      planned &&
      html`<progress
        class="progress"
        max=${planned}
        value=${Math.min(planned, done)}
        aria-label="Progress"
      ></progress>`
    }
  </span>`;
}

/** Time goes on between windows, but no further than the next one should be away. */
function sinceWindow({ run, windowAt, now }) {
  if (windowAt === null) return 0;
  const n = run.times.length;
  const period = n > 1 ? (run.times[n - 1] - run.times[n - 2]) * 1000 : 2000;
  return Math.max(0, Math.min(now - windowAt, period));
}

function ThresholdsChip({ run }) {
  const { pass, fail, noData, total } = tally(run.thresholds);
  if (total === 0) {
    if (!run.current || thresholdsKnown(run)) return null;
    return html`<${Chip} state="none">thresholds not known<//>`;
  }
  if (fail) return html`<${Chip} state="bad">${fail} of ${plural(total, "threshold")} fail<//>`;
  if (noData) return html`<${Chip} state="warning">${pass} of ${plural(total, "threshold")} pass<//>`;
  return html`<${Chip} state="good">${plural(total, "threshold")} pass<//>`;
}

function Tabs({ route, navigate }) {
  return html`<nav class="tabs" aria-label="Views">
    ${TABS.map(
      (tab) =>
        html`<a
          key=${tab.id}
          href=${formatRoute({ ...route, tab: tab.id })}
          aria-current=${route.tab === tab.id ? "page" : undefined}
          onClick=${(event) => follow(event, () => navigate({ tab: tab.id }))}
          >${tab.title}</a
        >`,
    )}
  </nav>`;
}

/** Links stay links: only a plain click is ours. */
function follow(event, go) {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go();
}

function RunSelector({ session, navigate }) {
  const { info, runs, moreRuns } = session.state;
  const box = useRef(null);
  const [isOpen, setOpen] = useState(false);

  useEffect(() => {
    if (!isOpen) return undefined;
    const close = (event) => {
      if (event.type === "keydown" ? event.key === "Escape" : !box.current.contains(event.target)) {
        box.current.open = false;
        if (event.type === "keydown") box.current.querySelector("summary").focus();
      }
    };
    addEventListener("keydown", close);
    addEventListener("pointerdown", close);
    return () => {
      removeEventListener("keydown", close);
      removeEventListener("pointerdown", close);
    };
  }, [isOpen]);

  function toggled(event) {
    setOpen(event.currentTarget.open);
    if (event.currentTarget.open) session.refreshRuns().catch(() => {});
  }

  return html`<details class="selector" ref=${box} onToggle=${toggled}>
    <summary class="button">
      <bdi class="selector-test">${info.test}</bdi> <bdi class="caption">${runLabel(info)}</bdi>
      <span class="caption" aria-hidden="true">▾</span>
    </summary>
    ${
      isOpen &&
      html`<div class="menu">
        ${byTest(runs).map(
          ([test, list]) =>
            html`<section key=${test} aria-label=${test}>
              <h2><bdi>${test}</bdi></h2>
              <ul>
                ${list.map(
                  (entry) =>
                    html`<li key=${entry.id}>
                      <a
                        href=${formatRoute({ run: entry.id, tab: "overview", zoom: null })}
                        aria-current=${entry.id === info.id ? "true" : undefined}
                        onClick=${(event) =>
                          follow(event, () => {
                            box.current.open = false;
                            navigate({ run: entry.id, zoom: null });
                          })}
                      >
                        <bdi>${runLabel(entry)}</bdi>
                        <span class="caption">${moment(entry.start)}</span>
                        ${
                          entry.state === "live"
                            ? html`<span class="sign sign-good"
                                ><span class="dot" aria-hidden="true"></span>live</span
                              >`
                            : html`<span class="caption">${clock(entry.end - entry.start)}</span>`
                        }
                      </a>
                    </li>`,
                )}
              </ul>
            </section>`,
        )}
        ${
          moreRuns &&
          html`<button type="button" class="button" onClick=${() => session.olderRuns().catch(() => {})}>
            Older runs
          </button>`
        }
      </div>`
    }
  </details>`;
}

/** What tells a run from others of its test: what people called it, its name, or `run 14`. */
export function runLabel({ id, test, label, name, number }) {
  if (label || name) return label || name;
  if (number !== null && number !== undefined) return `run ${format(number, "count")}`;
  return id.slice(test.length + 1);
}

/** Tests in the order of their newest run. */
function byTest(runs) {
  const tests = new Map();
  for (const run of runs) {
    if (!tests.has(run.test)) tests.set(run.test, []);
    tests.get(run.test).push(run);
  }
  return [...tests];
}

const THEME_SIGNS = { auto: "◐", light: "☀", dark: "☾" };

function ThemeButton() {
  const [name, setName] = useState(themeName());
  const label = `Theme: ${name}`;
  return html`<button
    type="button"
    class="button button-icon"
    aria-label=${label}
    title=${label}
    onClick=${() => setName(cycleTheme())}
  >
    <span aria-hidden="true">${THEME_SIGNS[name]}</span>
  </button>`;
}
