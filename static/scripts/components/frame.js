/** The frame around every view: which run, live or over, how far, does it pass. */

import { isError } from "../model/codes.js";
import { clock, format } from "../model/format.js";
import { chipOf } from "../model/gate.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { elapsed, latest } from "../model/run.js";
import { tabOfView, tabsOf, VERDICT_TAB } from "../model/panels.js";
import { hrefOf, TESTS } from "../router.js";
import { tally, thresholdsKnown, verdict } from "../model/thresholds.js";
import { CompareLink, Share, ThemeButton } from "./actions.js";
import { onPlainClick, RouteLink } from "./link.js";
import { NewRun } from "./new-run.js";
import { Chip } from "./parts.js";
import { Range } from "./range.js";
import { RunSelector } from "./run-selector.js";

/** @import { Props, Run } from "../types.js" */

/**
 * `tab` is the one that is shown, of `tabsOf(run)`, `chosen` the part of the run. The chips are of the whole run.
 *
 * @param {Props<"session" | "api" | "gate" | "tab" | "route" | "navigate">} props
 */
export function Frame({ session, api, gate, tab, chosen, route, navigate, children }) {
  const { state } = session;
  // A page that is of no run has nothing of one around it.
  const run = route.page ? null : state.run;
  /** On a phone, where actions have no room beside the chips. */
  const [open, setOpen] = useState(false);
  return html`<a class="skip" href="#main">Skip to content</a>
    <header class="top">
      <div class="top-row">
        <a class="brand" href="?"
          ><span class="logo" aria-hidden="true"></span><span class="brand-word">Loadgate</span></a
        >
        <${RouteLink}
          class="top-link"
          route=${route}
          navigate=${navigate}
          change=${{ page: TESTS }}
          aria-current=${route.page === TESTS ? "page" : undefined}
          >Tests<//
        >
        ${
          run &&
          html`<${RunSelector} session=${session} api=${api} route=${route} navigate=${navigate} />
            <${Liveness} session=${session} />
            <${VerdictChip} gate=${gate} route=${route} navigate=${navigate} />
            <${ThresholdsChip} run=${run} route=${route} navigate=${navigate} />
            ${route.zoom && html`<span class="caption of-whole">whole run</span>`}
            <${Ending} info=${state.info} />`
        }
        <span class="grow"></span>
        <button
          type="button"
          class="button button-icon actions-toggle"
          aria-label="Actions"
          aria-expanded=${open}
          aria-controls="actions"
          onClick=${() => setOpen(!open)}
        >
          <span aria-hidden="true">⋯</span>
        </button>
        <span id="actions" class=${`actions${open ? " actions-open" : ""}`}>
          ${
            run &&
            html`<${NewRun} session=${session} />
              <${CompareLink} run=${run} route=${route} navigate=${navigate} />
              <${Share} />
              <a class="button button-primary" href=${api.report(state.info.id, route.zoom)}>Report</a>`
          }
          <${ThemeButton} />
        </span>
      </div>
      ${
        run &&
        html`<div class="views">
          <${Tabs} run=${chosen.shown} tab=${tab} route=${route} navigate=${navigate} />
          <${Range}
            key=${state.info.id}
            run=${run}
            chosen=${chosen}
            api=${api}
            tab=${tab}
            route=${route}
            navigate=${navigate}
          />
        </div>`
      }
    </header>
    <main id="main" tabindex="-1">${children}</main>`;
}

/** @param {Props<"session">} props */
function Liveness({ session }) {
  const { state } = session;
  const { run } = state;
  const live = session.isLive();
  const lost = session.lostFor();
  // Where it is known without graceful stops, that is what people planned.
  const planned = run.param.planned ?? run.param.endOffset ?? null;
  const loaded = session.loaded();
  const done = elapsed(run) + (live && !lost ? sinceWindow(state) : 0);
  const vus = live ? latest(run, "vus", "value") : null;
  return html`<span class="liveness">
    <${LiveChip} live=${live} loaded=${loaded} lost=${lost} />
    ${
      loaded !== null &&
      html`<progress class="progress" max="1" value=${loaded} aria-label="Loading"></progress>`
    }
    <span class="elapsed">${clock(done)}${live && planned ? ` of ${clock(planned)}` : ""}</span>
    ${
      live &&
      planned &&
      loaded === null &&
      html`<progress
        class="progress"
        max=${planned}
        value=${Math.min(planned, done)}
        aria-label="Progress"
      ></progress>`
    }
    ${vus !== null && html`<span class="elapsed elapsed-vus"><b>${format(vus, "count")}</b> ${vus === 1 ? "VU" : "VUs"}</span>`}
  </span>`;
}

function LiveChip({ live, loaded, lost }) {
  if (loaded !== null) return html`<span class="chip chip-none">loading ${percent(loaded)}</span>`;
  if (!live) {
    return html`<span class="chip chip-none"><span class="square" aria-hidden="true"></span>ended</span>`;
  }
  return html`<span class=${`chip chip-good live${lost === null ? "" : " live-lost"}`}>
    <span class="dot" aria-hidden="true"></span>${lost === null ? "live" : `lost ${clock(lost)}`}
  </span>`;
}

/** Whole ones: a word that says whether it moves. */
const percent = (share) => `${Math.floor(share * 100)}\u00a0%`;

/** Time goes on between windows, but no further than the next one should be away. */
function sinceWindow({ run, windowAt, now }) {
  if (windowAt === null) return 0;
  const n = run.times.length;
  const period = n > 1 ? (run.times[n - 1] - run.times[n - 2]) * 1000 : 2000;
  return Math.max(0, Math.min(now - windowAt, period));
}

/**
 * What the gate says of the run; nothing before it said something.
 *
 * @param {Props<"gate" | "route" | "navigate">} props
 */
function VerdictChip({ gate, route, navigate }) {
  if (!gate.verdict) return null;
  const { state, text } = chipOf(gate.verdict);
  return html`<${RouteLink}
    class="chip-link verdict-chip"
    route=${route}
    navigate=${navigate}
    change=${{ tab: VERDICT_TAB }}
    title=${gate.verdict.reason}
    ><${Chip} state=${state}><span class="unseen">Verdict: </span>${text}<//><//
  >`;
}

/** @param {Props<"run" | "route" | "navigate">} props */
function ThresholdsChip({ run, route, navigate }) {
  const chip = thresholdsChip(run);
  const tab = tabOfView(run, "checks");
  if (!chip || !tab) return chip;
  return html`<a
    class="chip-link"
    href=${hrefOf(route, { tab })}
    onClick=${onPlainClick(() => navigate({ tab }))}
    >${chip}</a
  >`;
}

/** @param {Run} run */
function thresholdsChip(run) {
  const known = thresholdsKnown(run);
  if (run.thresholds.length === 0 && (!run.current || known)) return null;
  const { state, text } = verdict(run.thresholds, known);
  // Where there is little room, the word is left to the chip's place beside the verdict.
  const [before, word, after] = text.split(/( thresholds?)/);
  if (!word) return html`<${Chip} state=${state}>${text}<//>`;
  return html`<${Chip} state=${state}>${before}<span class="roomy-word">${word}</span>${after}<//>`;
}

/**
 * How the run ended, where that says more than that it did.
 *
 * @param {Props<"info">} props
 */
function Ending({ info }) {
  const { outcome } = info;
  if (!outcome || outcome.state === "none") return null;
  return html`<span class="ending" title=${outcome.exit === null ? undefined : `k6 exit code ${outcome.exit}`}
    ><${Chip} state=${outcome.state}>${outcome.text}<//></span
  >`;
}

/** @param {Props<"run" | "tab" | "route" | "navigate">} props */
function Tabs({ run, tab, route, navigate }) {
  const list = useRef(null);
  const entries = tabsOf(run).map((entry) => ({ ...entry, trouble: troubleOf(run, entry) }));
  const troubles = entries.map(({ trouble }) => trouble).join();
  // On a narrow screen the tabs scroll: the one that is shown is in view. After the page is painted: to ask
  // for places before that lays out a whole table within the click.
  useEffect(() => {
    const box = list.current;
    const current = box.querySelector("[aria-current]");
    const beyond = current.offsetLeft + current.offsetWidth - (box.scrollLeft + box.clientWidth);
    if (beyond > 0) box.scrollLeft += beyond + current.offsetWidth / 2;
    else box.scrollLeft = Math.min(box.scrollLeft, current.offsetLeft - 4);
  }, [tab.id, troubles]);
  return html`<nav class="tabs" aria-label="Views" ref=${list}>
    ${entries.map((entry) => {
      const { trouble } = entry;
      const change = { tab: entry.id };
      return html`<a
        key=${entry.id}
        href=${hrefOf(route, change)}
        aria-current=${entry.id === tab.id ? "page" : undefined}
        onClick=${onPlainClick(() => navigate(change))}
        title=${trouble > 0 ? `${format(trouble, "count")} ${TROUBLE[entry.view]}` : undefined}
        ><bdi class="tab-title">${entry.title}</bdi>${
          trouble > 0 &&
          html`<span class="badge" aria-hidden="true" data-count=${format(trouble, "count")}></span>`
        }</a
      >`;
    })}
  </nav>`;
}

const TROUBLE = { checks: "thresholds fail", errors: "kinds of errors" };

/**
 * How much there is to look at on a tab: thresholds that fail, kinds of errors.
 *
 * @param {Run} run
 */
function troubleOf(run, { view }) {
  if (view === "checks") return tally(run.thresholds).fail;
  if (view !== "errors") return 0;
  const failed = run.tables.statuses.filter(({ key }) => key.length >= 4 && isError(key[2], key[3]));
  return new Set(failed.map(({ key }) => `${key[2]} ${key[3]}`)).size;
}
