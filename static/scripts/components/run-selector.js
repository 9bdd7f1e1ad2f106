/** Which test and run is shown, and which others there are, with their verdicts: found by typing. */

import { useFound } from "../data/found.js";
import { clock, moment } from "../model/format.js";
import { html, useCallback, useEffect, useLayoutEffect, useRef, useState } from "../html.js";
import { hrefOf, TESTS } from "../router.js";
import { keptVerdict } from "../model/gate.js";
import { runLabel } from "../model/runs.js";
import { thresholdsKnown, verdict } from "../model/thresholds.js";
import { onPlainClick, RouteLink } from "./link.js";
import { Sign } from "./parts.js";
import { Popover } from "./popover.js";

/** @import { Props, RunItem } from "../types.js" */

const PAGE = 50;
const keyOf = (/** @type {RunItem} */ { id }) => id;

/** @param {Props<"session" | "api" | "route" | "navigate">} props */
export function RunSelector({ session, api, route, navigate }) {
  const { info } = session.state;
  return html`<${Popover}
    kind="selector"
    label=${html`<bdi class="selector-test" title=${info.test}>${info.test}</bdi>
      <bdi class="selector-run caption" title=${runLabel(info)}>${runLabel(info)}</bdi>
      <span class="caption" aria-hidden="true">▾</span>`}
  >
    ${(close) =>
      html`<${Choice} session=${session} api=${api} route=${route} navigate=${navigate} close=${close} />`}
  <//>`;
}

/**
 * A combobox whose list is always open, by the ARIA pattern: the focus stays in the field, arrows move what Enter
 * chooses, and Escape empties the field before it closes.
 *
 * @param {Props<"session" | "api" | "route" | "navigate">} props
 */
function Choice({ session, api, route, navigate, close }) {
  const { info, run } = session.state;
  const [text, setText] = useState("");
  const [active, setActive] = useState(/** @type {string | null} */ (null));
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const ask = useCallback(
    async (search, before) => {
      const items = await api.runs({ search, before: before ?? undefined, limit: PAGE, figures: !search });
      return { items, next: (items.length >= PAGE && items.at(-1)?.id) || null };
    },
    [api],
  );
  const found = useFound(ask, text.trim(), { keyOf });
  // Until the server has answered, what the session knows.
  const items = found.text === null ? session.state.runs : found.items;
  const groups = byTest(items);
  const order = groups.flatMap(([, runs]) => runs);
  const at = order.findIndex((entry) => entry.id === active);

  useEffect(() => field.current?.focus(), []);
  useLayoutEffect(() => {
    list.current?.querySelector(".option-active")?.scrollIntoView({ block: "nearest" });
  }, [active]);

  function choose(entry) {
    close(true);
    navigate(changeTo(entry));
  }

  function pressed(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (step && order.length > 0) {
      event.preventDefault();
      const next = at < 0 ? (step > 0 ? 0 : order.length - 1) : at + step;
      if (next >= order.length && found.next !== null && !found.busy) found.more();
      setActive(order[Math.min(Math.max(next, 0), order.length - 1)].id);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const entry = order[at] ?? (text.trim() && !found.awaited ? order[0] : null);
      if (entry) choose(entry);
    } else if (event.key === "Escape" && text !== "") {
      event.preventDefault();
      event.stopPropagation();
      setText("");
      setActive(null);
    }
  }

  return html`<div class="selector-head">
      <input
        ref=${field}
        type="text"
        class="filter"
        role="combobox"
        aria-label="Search runs"
        aria-expanded="true"
        aria-controls="runs-found"
        aria-autocomplete="list"
        aria-activedescendant=${at < 0 ? undefined : optionId(order[at])}
        placeholder="Test, number, label, tag or date"
        autocomplete="off"
        spellcheck="false"
        value=${text}
        onInput=${(event) => {
          setText(event.currentTarget.value);
          setActive(null);
        }}
        onKeyDown=${pressed}
      />
      <${RouteLink} class="button" route=${route} navigate=${navigate} change=${{ page: TESTS }}>All tests<//>
    </div>
    <div id="runs-found" role="listbox" aria-label="Runs" aria-busy=${found.awaited} ref=${list}>
      ${groups.map(
        ([test, runs]) =>
          html`<div key=${test} role="group" aria-label=${test} class="selector-group">
            <div class="selector-title" role="presentation"><bdi>${test}</bdi></div>
            ${runs.map(
              (entry) =>
                html`<a
                  key=${entry.id}
                  id=${optionId(entry)}
                  role="option"
                  tabindex="-1"
                  class=${entry.id === active ? "option-active" : ""}
                  href=${hrefOf(route, changeTo(entry))}
                  aria-selected=${entry.id === info.id}
                  onClick=${onPlainClick(() => choose(entry))}
                  ><${Run} entry=${entry} shown=${entry.id === info.id ? run : null}
                /></a>`,
            )}
          </div>`,
      )}
    </div>
    <p class="caption selector-said" role="status">${said(found, items)}</p>
    ${
      found.next !== null &&
      html`<button type="button" class="button" disabled=${found.busy} onClick=${found.more}>
        Older runs
      </button>`
    }`;
}

const changeTo = (entry) => ({ run: entry.id, row: null, filter: "" });
const optionId = (entry) => `run-${entry.id}`;

/** What a search came to, for those who do not see the list as well. */
function said({ text, problem, awaited }, items) {
  if (problem) return `The runs cannot be listed: ${problem}`;
  if (awaited || !text) return "";
  return items.length === 0 ? `No run for “${text}”. Dates are like 2026-11-27 (UTC).` : "";
}

/** `shown` is the model of the run that the page shows. */
function Run({ entry, shown }) {
  return html`<${Verdict}
      kept=${keptVerdict(entry)}
      thresholds=${shown ? shown.thresholds : entry.thresholds}
      known=${shown ? thresholdsKnown(shown) : entry.thresholdsKnown}
    />
    <bdi>${runLabel(entry)}</bdi>
    <span class="caption">${moment(entry.start)}</span>
    ${
      entry.state === "live"
        ? html`<span class="sign sign-good"><span class="dot" aria-hidden="true"></span>live</span>`
        : html`<span class="caption">${clock(entry.end === null ? null : entry.end - entry.start)}</span>`
    }`;
}

/** What the gate kept of a run, or else what its thresholds say; without those there is no verdict. */
function Verdict({ kept, thresholds, known }) {
  if (kept) return html`<${Sign} state=${kept.state}><span class="unseen">${kept.text}</span><//>`;
  const { state } = verdict(thresholds ?? [], known ?? false);
  if (state === "bad") return html`<${Sign} state="bad"><span class="unseen">fails</span><//>`;
  if (state === "good") return html`<${Sign} state="good"><span class="unseen">passes</span><//>`;
  return html`<${Sign} state="none"><span class="unseen">no verdict</span><//>`;
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
