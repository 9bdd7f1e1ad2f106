/** The gate's verdict on a run: its words, signs and order. Pure; documents of `GET /runs/ID/verdict`. */

import { clock, format } from "./format.js";
import { runLabel } from "./runs.js";

/** @import { GateVerdict, ObjectiveResult, ObjectiveState, RunItem, State } from "../types.js" */

/**
 * What a state is called, of all objectives together and of one alone, and how it looks; the worst first.
 *
 * @type {Record<string, { whole: string, word: string, chip: State }>}
 */
const STATES = {
  fail: { whole: "No-go", word: "fail", chip: "bad" },
  error: { whole: "Not known", word: "not known", chip: "unknown" },
  warning: { whole: "Warning", word: "warning", chip: "warning" },
  pass: { whole: "Go", word: "pass", chip: "good" },
  info: { whole: "Info", word: "info", chip: "info" },
};
const WORST_FIRST = Object.keys(STATES);

/** A state that this page does not know yet is none to rely on. */
const lookOf = (state) => (Object.hasOwn(STATES, state) ? STATES[state] : STATES.error);

/**
 * The verdict as a chip, `{state, text}`. A "Go" is green only as the last word on complete evidence.
 *
 * @param {Pick<GateVerdict, "state" | "provisional" | "missing">} verdict
 * @returns {{ state: State, text: string }}
 */
export function chipOf({ state, provisional, missing }) {
  const { whole, chip } = lookOf(state);
  const looks = chip === "good" ? goodOr({ provisional, missing }) : chip;
  return { state: looks, text: provisional ? `${whole} so far` : whole };
}

/**
 * What one objective came to, `{state, word}`; as the whole, it is green only when nothing is open.
 *
 * @param {Pick<ObjectiveResult, "state">} objective
 * @param {Pick<GateVerdict, "provisional" | "missing">} verdict
 * @returns {{ state: State, word: string }}
 */
export function objectiveOutcome(objective, verdict) {
  const { word, chip } = lookOf(objective.state);
  const open = verdict.provisional || (verdict.missing ?? []).length > 0;
  return { state: chip === "good" && open ? "open" : chip, word };
}

/** @returns {State} */
function goodOr({ provisional, missing }) {
  if (provisional) return "open";
  return (missing ?? []).length > 0 ? "warning" : "good";
}

/**
 * The kept verdict of a run in a list, as a chip; null while there is none. One that passed has nothing missing:
 * the server makes it a warning otherwise. Where nobody gave objectives, nothing is amiss.
 *
 * @param {Pick<RunItem, "verdict" | "objectives">} item
 * @returns {{ state: State, text: string } | null}
 */
export function keptVerdict({ verdict, objectives }) {
  if (verdict && objectives === 0) return { state: "none", text: "No objectives" };
  return verdict ? chipOf({ state: verdict, missing: [] }) : null;
}

/**
 * The same for sorting, the worst first.
 *
 * @param {Pick<RunItem, "verdict" | "objectives">} item
 */
export const keptRank = ({ verdict, objectives }) => (objectives === 0 ? null : rankOf(verdict));

/**
 * For sorting, the worst first; null without a verdict.
 *
 * @param {ObjectiveState | null | undefined} state
 */
export function rankOf(state) {
  if (!state) return null;
  const rank = WORST_FIRST.indexOf(state);
  return rank < 0 ? WORST_FIRST.indexOf("error") : rank;
}

/**
 * k6's thresholds and the objectives of the test's file, each in their order.
 *
 * @param {ObjectiveResult[]} objectives
 */
export function byOrigin(objectives) {
  return {
    file: objectives.filter(({ origin }) => origin !== "threshold"),
    thresholds: objectives.filter(({ origin }) => origin === "threshold"),
  };
}

/**
 * A window of the run by the times since its begin, `from 1:00 to 10:00`; null where all of it was judged.
 *
 * @param {Pick<GateVerdict, "start">} verdict
 * @param {{ start: number, end: number } | undefined} window
 */
export function placeOf({ start }, window) {
  if (!window || start === undefined) return null;
  return `from ${clock(window.start - start)} to ${clock(window.end - start)}`;
}

/**
 * What sets an objective apart, each `{word, title}`. All thresholds are key, which then says nothing.
 *
 * @param {ObjectiveResult} objective
 */
export function marksOf({ origin, key, weight, abort }) {
  const marks = [];
  if (key && origin !== "threshold") {
    marks.push({ word: "key", title: "Its failure fails the whole, whatever the score" });
  }
  if (weight !== 1) {
    const word = `weight ${format(weight, "number", { trim: true })}`;
    marks.push({ word, title: "How much it counts in the score" });
  }
  if (Number.isFinite(abort)) {
    const after = format(abort, "time", { trim: true });
    marks.push({ word: "stops", title: `Where it fails, the test is to be stopped after ${after}` });
  }
  return marks;
}

/**
 * Links that lead somewhere harmless: what comes from a file is not to run as code.
 *
 * @param {ObjectiveResult} objective
 */
export function linksOf({ links }) {
  return (links ?? []).filter(({ url }) => /^https?:\/\//i.test(url));
}

/**
 * What a run of a baseline is called: as the list that is known has it, else what its id says beyond the test.
 *
 * @param {string} id
 * @param {string} test
 * @param {RunItem[]} runs
 */
export function baselineLabel(id, test, runs) {
  const known = runs.find((run) => run.id === id);
  if (known) return runLabel(known);
  return id.startsWith(`${test}.`) ? id.slice(test.length + 1) : id;
}

/**
 * The baseline that all of these objectives which have one share, by its runs; null where they differ.
 *
 * @param {ObjectiveResult[]} objectives
 */
export function sharedBaseline(objectives) {
  const found = objectives.flatMap(({ baseline }) => (baseline ? [baseline] : []));
  const kinds = new Set(found.map(({ runs, aggregate }) => JSON.stringify([aggregate ?? null, runs])));
  return kinds.size === 1 ? found[0] : null;
}

/**
 * Earlier verdicts than the one that is shown, the newest first.
 *
 * @param {GateVerdict} verdict
 */
export function otherJudgements({ number, judgements }) {
  return (judgements ?? []).filter((one) => one.number !== number).sort((a, b) => b.number - a.number);
}

/**
 * Objectives × runs, as `Heatmap` takes rows: first the whole verdicts, then every objective of a file, in the
 * order of the newest run that has it. `verdicts` are by a run's id, as far as they are known.
 *
 * @param {RunItem[]} items
 * @param {Map<string, GateVerdict>} verdicts
 */
export function objectivesByRun(items, verdicts) {
  const rows = new Map();
  [...items.keys()].reverse().forEach((i) => {
    const verdict = verdicts.get(items[i].id);
    for (const objective of byOrigin(verdict?.objectives ?? []).file) {
      const { name, expression, criterion } = objective;
      if (!rows.has(name)) {
        rows.set(name, { key: name, name, limit: criterion, hint: expression, cells: items.map(() => null) });
      }
      const { state, word } = objectiveOutcome(objective, /** @type {GateVerdict} */ (verdict));
      const observed = format(objective.observed, objective.unit);
      rows.get(name).cells[i] = { state, word, note: criterion ? `${observed} for ${criterion}` : observed };
    }
  });
  if (rows.size === 0) return [];
  const whole = items.map((item) => {
    const chip = keptVerdict(item);
    return chip && { state: chip.state, word: chip.text, note: "" };
  });
  return [{ key: "", name: "Verdict", limit: "", hint: "", cells: whole }, ...rows.values()];
}
