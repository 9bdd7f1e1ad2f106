/** Why requests failed, whichever they were: rows of failures by status, error code and message. Pure. */

/** @import { StatusRow } from "../types.js" */

/**
 * `{status, code, error, url, count, requests}`, the most frequent first: what was said of it, what one of them had asked
 * for, and how many rows it is in. The report's are in `report/src/causes.rs`; `tests/cause-vectors.json` holds both to
 * the same.
 *
 * @param {StatusRow[]} rows
 */
export function causesOf(rows) {
  /** @type {Map<string, { status: string, code: string, error: string, url: string, count: number, requests: number }>} */
  const causes = new Map();
  for (const row of rows) {
    const [, , status = "", code = ""] = row.key;
    const { error = "" } = row;
    const id = JSON.stringify([status, code, error]);
    const cause = causes.get(id) ?? { status, code, error, url: "", count: 0, requests: 0 };
    cause.count += row.count;
    cause.requests += 1;
    cause.url ||= row.url ?? "";
    causes.set(id, cause);
  }
  return [...causes.values()].sort((a, b) => b.count - a.count);
}
