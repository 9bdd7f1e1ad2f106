/** All tests: how the newest run of each went, and how that compares with those before. */

import { TestTable } from "../components/test-table.js";
import { Card } from "../components/parts.js";
import { Filter } from "../components/choices.js";
import { useFound } from "../data/found.js";
import { html, useCallback } from "../html.js";
import { format, plural } from "../model/format.js";
import { Empty } from "./empty.js";

/** @import { Props, TestItem } from "../types.js" */

const PAGE = 50;
/** How often the beginning of the list is asked for again. */
const AGAIN_MS = 10_000;

const keyOf = (/** @type {TestItem} */ { test }) => test;

/** @param {Props<"api" | "route" | "navigate">} props */
export function Tests({ api, route, navigate }) {
  const ask = useCallback(
    async (search, after) => {
      const { tests, next } = await api.tests({ search, after, limit: PAGE });
      return { items: tests, next };
    },
    [api],
  );
  const list = useFound(ask, route.filter.trim(), { keyOf, every: AGAIN_MS });
  const { items, problem } = list;
  const asking = list.awaited && items.length === 0;
  if (!asking && !problem && items.length === 0 && list.text === "" && list.next === null) {
    return html`<${Empty} api=${api} />`;
  }
  return html`<h1 class="unseen">Tests</h1>
    <div class="toolbar">
      <${Filter} label="Search tests" route=${route} navigate=${navigate} />
    </div>
    <${Card} id="tests" title="Tests" caption=${asking || problem ? "" : captionOf(list)}>
      ${problem && html`<p class="bad" role="alert">The tests cannot be listed: ${problem}</p>`}
      ${
        asking
          ? html`<p class="nothing">Asking for the tests…</p>`
          : items.length === 0
            ? !problem && html`<p class="nothing">No test has “<bdi>${list.text}</bdi>” in its name.</p>`
            : html`<${TestTable} items=${items} route=${route} navigate=${navigate} />`
      }
      ${
        list.next !== null &&
        html`<p class="more">
          <button type="button" class="button" disabled=${list.busy} onClick=${list.more}>More tests</button>
        </p>`
      }
    <//>`;
}

function captionOf({ items, next }) {
  return next === null ? plural(items.length, "test") : `the ${format(items.length, "count")} that ran last`;
}
