/** Trouble, shown above the figures it concerns. */

import { clock, format, plural, span } from "../model/format.js";
import { html, useState } from "../html.js";
import { runLabel } from "../model/runs.js";
import { declareCommand, thresholdsKnown, untyped } from "../model/thresholds.js";
import { describeWanted } from "../model/wanted.js";
import SHOWN from "../../../report/src/shown.json" with { type: "json" };
import { Command } from "./parts.js";

/** @import { Health, Props } from "../types.js" */

/** Silence shorter than this is k6's usual rhythm and our own grace time. */
const SILENT_MS = 6000;
/** Clocks that differ by less are not mentioned. */
const AHEAD_MS = 2000;
/** Windows close some seconds after their samples; what is behind by more is late or misdated. */
const BEHIND_MS = 20_000;
/** A run that may be silent for so long is an import, which sends samples of the past. */
const IMPORT_IDLE_MS = 1_800_000;
/** The row that holds what a table has no room for. */
const OTHER = "(other)";
const TABLE_WORDS = {
  requests: "request names",
  statuses: "statuses",
  checks: "checks",
  groups: "groups",
  scenarios: "scenarios",
};

/** @param {Props<"session" | "api" | "navigate">} props */
export function Notices({ session, api, navigate, following, setFollowing }) {
  const { state } = session;
  const { run } = state;
  const live = session.isLive();
  const lost = session.lostFor();
  const health = run.health;
  return html`<div class="notices" role="status" aria-live="polite">
    ${
      lost !== null &&
      html`<${Notice} key="lost" state="warning" title=${`Connection lost ${clock(lost)} ago.`}>
        The figures stand still; nothing is missed, the page resumes where it was.
      <//>`
    }
    ${live && lost === null && health && html`<${Silence} key="silence" session=${session} now=${state.now} />`}
    ${
      state.newer &&
      html`<${RunNotice}
        key="newer"
        entry=${state.newer}
        what="began"
        action="Follow"
        navigate=${navigate}
        following=${following}
        setFollowing=${setFollowing}
      />`
    }
    ${
      !state.newer &&
      state.elsewhere &&
      html`<${RunNotice}
        key="elsewhere"
        entry=${state.elsewhere}
        what="is live"
        action="Show"
        navigate=${navigate}
      />`
    }
    ${run.current && html`<${Shortfall} key="wanted" wanted=${health?.wanted ?? []} />`}
    ${run.current && html`<${Untyped} key="untyped" run=${run} test=${state.info.test} api=${api} live=${live} />`}
    ${
      run.current &&
      !thresholdsKnown(run) &&
      html`<${Unknown} key="unknown" test=${state.info.test} some=${run.thresholds.length > 0} api=${api} />`
    }
    ${health && html`<${Losses} key="losses" health=${health} />`}
    ${live && lost === null && health && html`<${Clocks} key="clocks" health=${health} />`}
    <${Shortened} key="shortened" requests=${run.tables.requests} />
    <${Overflow} key="overflow" tables=${run.tables} />
  </div>`;
}

function Notice({ state, title, children }) {
  return html`<div class=${`notice notice-${state}`}>
    <strong>${title}</strong>
    <div class="notice-body">${children}</div>
  </div>`;
}

/**
 * A run that began or goes on elsewhere; with `setFollowing`, new ones may be followed always.
 *
 * @param {Props<"navigate">} props
 */
function RunNotice({ entry, what, action, navigate, following, setFollowing }) {
  return html`<${Notice}
    state="accent"
    title=${html`<bdi>${entry.test}</bdi> <bdi>${runLabel(entry)}</bdi> ${what}.`}
  >
    <span class="notice-actions">
      <button
        type="button"
        class="button button-primary"
        onClick=${() => navigate({ run: entry.id, row: null, filter: "" })}
      >
        ${action}
      </button>
      ${
        setFollowing &&
        html`<label class="check">
          <input
            type="checkbox"
            checked=${following}
            onChange=${(event) => setFollowing(event.target.checked)}
          />
          follow new runs always
        </label>`
      }
    </span>
  <//>`;
}

/** @param {Props<"session">} props */
function Silence({ session, now }) {
  const { received, idle } = /** @type {Health} */ (session.state.run.health);
  const [problem, setProblem] = useState(null);
  const [finishing, setFinishing] = useState(false);
  // That nothing is heard says nothing of the test: the server has to say so.
  if (!Number.isFinite(received) || (session.state.silent === null && !finishing)) return null;
  const silent = now - received;
  if (silent < SILENT_MS && !finishing) return null;
  const rest = idle - silent;
  async function finish() {
    setFinishing(true);
    setProblem(null);
    try {
      await session.finish();
    } catch (error) {
      setFinishing(false);
      setProblem(error.message);
    }
  }
  const ends = !Number.isFinite(rest) ? "" : rest > 0 ? `, ends in ${span(rest)}` : ", ends now";
  return html`<${Notice} state="warning" title=${`No data for ${span(silent)}${ends}.`}>
    <span class="notice-actions">
      <button type="button" class="button" disabled=${finishing} onClick=${finish}>
        ${finishing ? "Finishing…" : "Finish"}
      </button>
      ${problem && html`<span class="bad">Could not finish: ${problem}</span>`}
    </span>
  <//>`;
}

/** @param {Props<"api">} props */
function Unknown({ test, some, api }) {
  const command = `k6 inspect --execution-requirements script.js | curl -T - ${api.root}tests/${encodeURIComponent(test)}/options`;
  const title = some ? "Limits of this test may be missing." : "The thresholds of this test are not known.";
  return html`<${Notice} state=${some ? "warning" : "none"} title=${title}>
    ${
      some
        ? "k6's samples do not tell the limits of submetrics. This tells all, before the next run:"
        : "k6 does not send them with its samples. This tells them, now or before the next run:"
    }
    <${Command} text=${command} label="command that tells the thresholds" />
    ${some && html`For saved results: <code>loadgate import --options FILE</code>, with what <code>k6 inspect</code> prints.`}
  <//>`;
}

/** A rate that was finishing for, against what came of it. */
function Shortfall({ wanted }) {
  const { state, title, lines } = describeWanted(wanted);
  if (lines.length === 0) return null;
  return html`<${Notice} state=${state} title=${title}>
    ${
      lines.length === 1
        ? html`<${WantedOf} ...${lines[0]} />`
        : html`<ul class="reasons">
            ${lines.map((line) => html`<li key=${line.scenario}><${WantedOf} ...${line} /></li>`)}
          </ul>`
    }
  <//>`;
}

function WantedOf({ scenario, text }) {
  return html`${scenario && html`<b><bdi>${scenario}</bdi></b> `}${text}`;
}

/**
 * Figures of a metric of unknown type are a guess, and no threshold passes on them.
 *
 * @param {Props<"run" | "api">} props
 */
function Untyped({ run, test, api, live }) {
  const list = untyped(run.metrics);
  if (list.length === 0) return null;
  const names = list
    .slice(0, SHOWN.untypedNames)
    .map(({ name }, i) => html`${i > 0 ? ", " : ""}<bdi class="metric-name">${name}</bdi>`);
  const more = list.length - names.length;
  const command = html`<${Command}
    text=${declareCommand(api.root, test, list)}
    label="command that declares the metrics"
  />`;
  return html`<${Notice}
    state="warning"
    title=${list.length === 1 ? "The type of a metric is not known." : `The types of ${list.length} metrics are not known.`}
  >
    ${names}${more > 0 && ` and ${more} more`}: figures are a guess by values, and no threshold passes on
    them. Leave one word for each and
    ${" "}${
      live
        ? "send this; it counts at once:"
        : "send this, then load the page again. Totals and limits of this run follow; its charts over time stay a guess:"
    }
    ${
      more > 0
        ? html`<details>
            <summary>the command for all of them</summary>
            ${command}
          </details>`
        : command
    }
    Or let <code>loadgate metrics script.js --test ${test}</code> read them off the script.
  <//>`;
}

/** @param {Props<"health">} props */
function Losses({ health }) {
  const refused = health.refused ?? 0;
  const late = health.late ?? 0;
  const misdated = health.misdated ?? 0;
  if (refused + late + misdated === 0) return null;
  const title = [
    refused && `${plural(refused, "sample")} refused`,
    late && `${format(late, "count")} late`,
    misdated && `${format(misdated, "count")} misdated`,
  ]
    .filter(Boolean)
    .join(", ");
  return html`<${Notice}
    state="warning"
    title=${`${title}, of ${plural(health.samples + refused, "sample")}.`}
  >
    ${
      refused > 0 &&
      html`<ul class="reasons">
        ${(health.refusals ?? []).map(
          ([reason, count]) =>
            html`<li key=${reason}><b>${format(count, "count")}</b> <bdi>${reason}</bdi></li>`,
        )}
      </ul>`
    }
    ${late > 0 && html`<p>Late samples came after their window had closed; they count in the one that was open.</p>`}
    ${misdated > 0 && html`<p>Misdated samples lie far ahead of the run: a generator's clock is wrong.</p>`}
  <//>`;
}

/**
 * Generators date their samples by their own clocks; health says when each was last heard, so dated.
 *
 * @param {Props<"health">} props
 */
function Clocks({ health }) {
  if (health.idle >= IMPORT_IDLE_MS) return null;
  const seen = (health.generators ?? []).map((g) => ({ ...g, ahead: g.lastSeen - health.received }));
  const ahead = seen.filter((g) => g.ahead > AHEAD_MS);
  const newest = Math.max(...seen.map((g) => g.ahead));
  if (ahead.length > 0) {
    return html`<${Notice}
      state="warning"
      title=${`Clocks differ: ${plural(ahead.length, "generator")} up to ${span(newest)} ahead of the server.`}
    >
      Their samples count at the moments they name: ${names(ahead)}.
    <//>`;
  }
  if (seen.length === 0 || newest > -BEHIND_MS) return null;
  return html`<${Notice} state="warning" title=${`Samples are dated ${span(-newest)} before they arrive.`}>
    A generator's clock is behind the server's, or it sends late.
  <//>`;
}

function names(generators) {
  return generators.map((g, i) => html`${i > 0 ? ", " : ""}<bdi class="metric-name">${g.source}</bdi>`);
}

/** Names that hold ids were too many to tell apart. */
function Shortened({ requests }) {
  const short = requests?.filter(({ names }) => names) ?? [];
  if (short.length === 0) return null;
  const names = short.reduce((sum, row) => sum + row.names, 0);
  return html`<${Notice}
    state="none"
    title=${`Request names had too many numbers, ids or values: about ${plural(names, "name")} share ${plural(short.length, "row")}.`}
  >
    <p>Parts of paths became <code>${"{id}"}</code>, values of queries <code>${"{value}"}</code>.</p>
    <p>The tag <code>name</code> says it better; <code>LOADGATE_REQUEST_NAMES=keep</code> keeps all names.</p>
  <//>`;
}

/** Tables have an end; what is beyond it counts in one row. */
function Overflow({ tables }) {
  const full = Object.entries(TABLE_WORDS).filter(([table]) =>
    tables[table]?.some(({ key }) => key.length === 1 && key[0] === OTHER),
  );
  if (full.length === 0) return null;
  return html`<${Notice} state="warning" title=${`Too many ${full.map(([, words]) => words).join(" and ")}.`}>
    <p>The 300 with the most samples have rows, the others count together as <code>${OTHER}</code>.</p>
    <p>A row that came late says how many of its earlier samples may be there.</p>
    <p>Requests that are alike should share a <code>name</code> tag.</p>
  <//>`;
}
