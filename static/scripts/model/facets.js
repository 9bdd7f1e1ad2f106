/** What requests are filtered and grouped by (`GET /runs/ID/requests`), and how an address says it. Pure. */

import { statusText } from "./codes.js";
import { hasChoice, LOAD } from "./phases.js";

/** @import { Run, RequestRow } from "../types.js" */

/** What a table of requests can have a row for each of; the first is the table that every run has. */
export const GROUPINGS = /** @type {const} */ (["name", "status", "scenario", "group", "expected"]);
/** Before the key of a tag that requests are grouped by. */
export const BY_TAG = "tag:";
/** What requests are filtered by. */
export const FILTERS = /** @type {const} */ (["scenario", "group", "status", "expected", "tag"]);

/** @typedef {typeof GROUPINGS[number] | `tag:${string}`} Grouping */
/** @typedef {Partial<Record<typeof FILTERS[number], string>>} Filters */

/** Under which key of the address a choice stands. */
export const LOOKS = {
  by: "by.requests",
  scenario: "only.scenario",
  group: "only.group",
  status: "only.status",
  expected: "only.expected",
  tag: "only.tag",
};

/**
 * What to ask the server for; null: what every run has by itself.
 *
 * @param {Grouping} by
 * @param {Filters} filters
 * @param {string | null} rows which rows the table shows, as an address says it
 * @returns {[string, string][] | null}
 */
export function queryOf(by, filters, rows) {
  const wanted = FILTERS.filter((facet) => filters[facet] !== undefined);
  if (by === "name" && wanted.length === 0) return null;
  /** @type {[string, string][]} */
  const query = [["by", by === "name" ? "method,name,phase" : by]];
  for (const facet of wanted) query.push([facet, /** @type {string} */ (filters[facet])]);
  if (hasChoice(rows, LOAD)) query.push(["phase", LOAD]);
  return query;
}

/** Rows by name have the keys of the run's own table, which names no phase but setup and teardown. */
export function likeRequests(row) {
  return row.key[2] === LOAD ? { ...row, key: row.key.slice(0, 2) } : row;
}

/**
 * The values that a run can be filtered by, each with its words; what has but one makes no choice.
 *
 * @param {Pick<Run, "tables">} run
 * @returns {Record<typeof FILTERS[number], [string, string][]>}
 */
export function choicesOf({ tables }) {
  const scenarios = namesOf(tables.scenarios);
  const groups = namesOf(tables.groups);
  const statuses = [
    ...new Set(tables.statuses.filter(({ key }) => key.length >= 4).map(({ key }) => key[2])),
  ].sort();
  const classes = [...new Set(statuses.map((status) => status[0]))].filter((digit) => /[1-9]/.test(digit));
  return {
    scenario: scenarios.length > 1 ? scenarios.map((name) => [name, name]) : [],
    group: groups.length > 0 ? [...groups.map(groupChoice), ["", "outside of groups"]] : [],
    status:
      statuses.length > 1
        ? [
            ...classes.map((digit) => /** @type {[string, string]} */ ([`${digit}xx`, `all ${digit}xx`])),
            ...statuses.map((status) => /** @type {[string, string]} */ ([status, statusWords(status)])),
          ]
        : [],
    expected: tables.requests.some((row) => (row.failed ?? 0) > 0)
      ? [
          ["true", "expected"],
          ["false", "not expected"],
        ]
      : [],
    tag: Object.entries(tables.requestTags ?? {}).flatMap(([key, values]) =>
      values.map((value) => /** @type {[string, string]} */ ([`${key}:${value}`, tagValueWords(key, value)])),
    ),
  };
}

/** `region: eu`. */
const tagValueWords = (key, value) => (value === "" ? `no ${key}` : `${key}: ${value}`);

/**
 * What requests can be grouped by; `by` is among it, whatever there is.
 *
 * @param {Pick<Run, "tables">} run
 * @param {Grouping} by
 * @returns {Grouping[]}
 */
export function groupingsOf(run, by) {
  const choices = choicesOf(run);
  const tags = Object.keys(run.tables.requestTags ?? {}).map((key) => /** @type {Grouping} */ (BY_TAG + key));
  const own = GROUPINGS.filter((name) => name === "name" || name === by || choices[name].length > 0);
  return [...new Set([...own, ...tags, by])];
}

const namesOf = (rows) =>
  rows
    .filter((row) => row.key[0] !== "(other)")
    .map((row) => row.key[0])
    .sort();

/** A group with those around it left of it. @returns {[string, string]} */
function groupChoice(group) {
  return [group, group.replace(/^::/, "").replaceAll("::", " › ")];
}

/** `404 Not Found`; what got no answer has no number that says so. */
export function statusWords(status) {
  if (status === "0") return "0, no answer";
  if (status === "") return "no status";
  const words = statusText(status);
  return words ? `${status} ${words}` : status;
}

const ANSWERS = { true: "expected answers", false: "answers that were not expected" };

/** What is filtered by, for a sentence: `scenario buy, status 5xx`. @param {Filters} filters */
export function filterWords(filters) {
  return FILTERS.filter((facet) => filters[facet] !== undefined)
    .map((facet) => {
      const value = /** @type {string} */ (filters[facet]);
      if (facet === "tag") {
        const at = value.indexOf(":");
        return tagValueWords(value.slice(0, at), value.slice(at + 1));
      }
      if (facet === "expected") return ANSWERS[value] ?? "answers of which it is not known";
      if (facet === "group") return value === "" ? "outside of groups" : `group ${groupChoice(value)[1]}`;
      return value === "" ? `no ${facet}` : `${facet} ${value}`;
    })
    .join(", ");
}
