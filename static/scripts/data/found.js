/** Lists that the server searches and gives page by page. */

import { useCallback, useEffect, useRef, useState } from "../html.js";

/** @import { Found } from "../types.js" */

/** Nobody types a letter more within this. */
export const TYPED_MS = 200;
/** Pages without anything new that are passed over at once. */
const EMPTY_PAGES = 20;

/**
 * What a search finds, and more of it when asked. `ask(text, from)` gives a page `{items, next}`, from the beginning
 * where `from` is null; `keyOf` tells items apart. With `every`, the beginning is asked for again after so many ms,
 * while somebody looks. An answer that was overtaken by another text counts for nothing.
 *
 * @template Item
 * @param {(text: string, from: any) => Promise<{ items: Item[], next: any }>} ask
 * @param {string} text
 * @param {{ keyOf: (item: Item) => string, every?: number, when?: boolean }} options
 */
export function useFound(ask, text, { keyOf, every = 0, when = true }) {
  const [state, setState] = useState(
    /** @type {Found<Item>} */ ({ text: null, items: [], next: null, problem: null }),
  );
  const [busy, setBusy] = useState(false);
  const wanted = useRef(text);
  wanted.current = text;

  const first = useCallback(async () => {
    try {
      const page = await ask(text, null);
      if (wanted.current !== text) return;
      setState((old) => {
        if (old.text !== text) return { text, ...page, problem: null };
        // What was asked for beyond the beginning stays.
        const fresh = new Set(page.items.map(keyOf));
        const behind = old.items.filter((item) => !fresh.has(keyOf(item)));
        const more = old.items.length > page.items.length;
        return { text, items: [...page.items, ...behind], next: more ? old.next : page.next, problem: null };
      });
    } catch (error) {
      if (wanted.current === text) setState((old) => ({ ...old, text, problem: error.message }));
    }
  }, [ask, text, keyOf]);

  const started = useRef(false);
  useEffect(() => {
    if (!when) return undefined;
    // The first question need not wait, nor does one that takes the text away.
    const timer = setTimeout(first, started.current && text ? TYPED_MS : 0);
    started.current = true;
    const again = every
      ? setInterval(() => document.visibilityState === "visible" && first(), every)
      : undefined;
    return () => {
      clearTimeout(timer);
      clearInterval(again);
    };
  }, [first, every, when, text]);

  async function more() {
    setBusy(true);
    const known = new Set(state.items.map(keyOf));
    let { next } = state;
    try {
      /** @type {Item[]} */
      let items = [];
      for (let page = 0; page < EMPTY_PAGES && next !== null && items.length === 0; page += 1) {
        const found = await ask(text, next);
        items = found.items.filter((item) => !known.has(keyOf(item)));
        next = found.next;
      }
      if (wanted.current === text)
        setState((old) => ({ ...old, items: [...old.items, ...items], next, problem: null }));
    } catch (error) {
      setState((old) => ({ ...old, problem: error.message }));
    }
    setBusy(false);
  }

  return { ...state, busy, more, awaited: state.text !== text };
}
