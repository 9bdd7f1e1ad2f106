/**
 * How a person arranged what a tab shows: sorted by what, which lines are hidden, which charts are tables. It stands in
 * the page's address, so that a link shows what its sender saw; in the report, which has none, with the component.
 */

import { createContext, useCallback, useContext, useState } from "../html.js";

/** `{look, change(key, value)}`: `look` is the route's; null where there is no address. */
export const Look = createContext(
  /** @type {{ look: Record<string, string>, change: (key: string, value: string | null) => void } | null} */ (
    null
  ),
);

/**
 * A text under a key of the address, and what changes it; null is what stands when nobody has chosen.
 *
 * @param {string | null} key null: of no address
 * @returns {[string | null, (value: string | null) => void]}
 */
export function useLook(key) {
  const page = useContext(Look);
  const [own, setOwn] = useState(/** @type {string | null} */ (null));
  const change = page?.change;
  const set = useCallback(
    (value) => (change && key !== null ? change(key, value) : setOwn(value)),
    [change, key],
  );
  return [page && key !== null ? (page.look[key] ?? null) : own, set];
}
