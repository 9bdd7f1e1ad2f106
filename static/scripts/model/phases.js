/** Which part of a test a row is of: setup and teardown run once, before and after the load. */

/** @import { RowKey, TableName } from "../types.js" */

const PHASES = ["setup", "teardown"];
const PHASE = /^::(setup|teardown)(::|$)/;

/**
 * "setup", "teardown", or null for a row of the load itself.
 *
 * @param {TableName} table
 * @param {RowKey} key
 */
export function phaseOf(table, key) {
  // A call that failed has its status before it.
  if (table === "requests") return key.slice(2).find((part) => PHASES.includes(part)) ?? null;
  if (table === "statuses") return key[4] ?? null;
  const group = table === "groups" || (table === "checks" && key.length > 1) ? key[0] : "";
  return PHASE.exec(group)?.[1] ?? null;
}

/**
 * The rows of the load alone.
 *
 * @param {TableName} table
 */
export function withoutPhases(table, rows) {
  return rows.filter((row) => phaseOf(table, row.key) === null);
}

/**
 * `{shown, choice}`: the rows to show, and whether there is anything that could be left out.
 *
 * @param {TableName} table
 * @param {string | null} chosen
 */
export function chooseRows(table, rows, chosen) {
  const load = withoutPhases(table, rows);
  return { shown: hasChoice(chosen, LOAD) ? load : rows, choice: load.length < rows.length };
}

/** What an address calls the choice to leave setup and teardown out, and that to show all statuses. */
export const LOAD = "load";
export const ALL = "all";

/** Choices of rows as an address has them: `all-load`. */
export const hasChoice = (chosen, word) => words(chosen).includes(word);

/** @param {string | null} chosen */
export function withChoice(chosen, word, on) {
  const rest = words(chosen).filter((other) => other !== word);
  return (on ? [...rest, word] : rest).sort().join("-") || null;
}

const words = (chosen) => chosen?.split("-") ?? [];
