/** Why requests failed, whichever they were: rows of failures by status, error code and message. Pure. */

/** @import { StatusRow } from "../types.js" */

/**
 * `{key: [status, code, message], count, requests}`, the most frequent first; `requests` is how many rows a cause is in.
 *
 * @param {StatusRow[]} rows
 */
export function causesOf(rows) {
  /** @type {Map<string, { key: string[], count: number, requests: number }>} */
  const causes = new Map();
  for (const row of rows) {
    const [, , status = "", code = ""] = row.key;
    const key = [status, code, row.error ?? ""];
    const id = JSON.stringify(key);
    const cause = causes.get(id) ?? { key, count: 0, requests: 0 };
    cause.count += row.count;
    cause.requests += 1;
    causes.set(id, cause);
  }
  return [...causes.values()].sort((a, b) => b.count - a.count);
}
