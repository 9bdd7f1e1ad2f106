/** The runs of the shown run's test, as the Runs page lists and changes them. */

import { useCallback, useEffect, useRef, useState } from "../html.js";
import { TYPED_MS } from "./found.js";
import { mergeRuns } from "../model/runs.js";

/** @import { Api, RunList, Session } from "../types.js" */

const PAGE = 50;
/** How often the figures of a live run are asked for again. */
const LIVE_MS = 5000;

/**
 * The runs of the shown run's test, newest first, those that are looked for, and what can be done with them.
 *
 * @param {Api} api
 * @param {Session} session
 * @param {string} search words that stand in the id, label, tags or day of a run
 */
export function useRuns(api, session, search = "") {
  const { info, newer } = session.state;
  const [state, setState] = useState(
    /** @type {RunList} */ ({ test: null, search, items: [], more: false, problem: null }),
  );
  const [busy, setBusy] = useState(false);
  const { test } = info;
  const of = `${test} ${search}`;
  const shown = useRef(of);
  shown.current = of;

  const load = useCallback(
    async (/** @type {{ before?: string }} */ { before } = {}) => {
      try {
        const list = await api.runs({ test, search, before, limit: PAGE, figures: true });
        if (shown.current !== of) return;
        setState((old) => {
          const known = old.test === test && old.search === search ? old : { items: [], more: null };
          const more = before || known.more === null ? list.length >= PAGE : known.more;
          return { test, search, items: mergeRuns(known.items, list), more, problem: null };
        });
      } catch (error) {
        setState((old) => ({ ...old, problem: error.message }));
      }
    },
    [api, test, search, of],
  );

  /** Does what changes a run, then what `change` makes of the list. */
  async function act(action, change) {
    await action();
    setState((old) => ({ ...old, items: change(old.items), problem: null }));
    session.refreshRuns().catch(() => {});
  }

  useEffect(() => {
    const timer = setTimeout(load, search ? TYPED_MS : 0);
    return () => clearTimeout(timer);
  }, [load, search, info.state, newer?.id]);

  const live = state.items.some((item) => item.state === "live");
  useEffect(() => {
    if (!live) return undefined;
    const timer = setInterval(() => load(), LIVE_MS);
    return () => clearInterval(timer);
  }, [live, load]);

  return {
    ...state,
    items: state.test === info.test ? state.items : [],
    busy,
    async older() {
      setBusy(true);
      await load({ before: state.items.at(-1)?.id });
      setBusy(false);
    },
    async pin(item) {
      const pinned = !item.baseline;
      try {
        await act(
          () => api.setBaseline(item.test, pinned ? item.id : null),
          (items) => items.map((other) => ({ ...other, baseline: pinned && other.id === item.id })),
        );
      } catch (error) {
        setState((old) => ({ ...old, problem: `The baseline stays as it is: ${error.message}` }));
      }
    },
    describe: (item, change) =>
      act(
        () => api.describe(item.id, change),
        (items) => items.map((other) => (other.id === item.id ? { ...other, ...change } : other)),
      ),
    remove: (item) =>
      act(
        () => api.remove(item.id),
        (items) => items.filter((other) => other.id !== item.id),
      ),
  };
}
