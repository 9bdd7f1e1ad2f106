/** What all samples of a run were tagged with, such as k6's `--tag env=staging`. */

import { html } from "../html.js";
import { RouteLink } from "./link.js";

/** @import { Props, RunItem } from "../types.js" */

/**
 * The tags of a run as words that runs are searched by: `env:staging`.
 *
 * @param {RunItem} item
 */
function tagsOf(item) {
  return Object.entries(item.tags ?? {}).flatMap(([key, values]) =>
    values.map((value) => ({ key, value, word: `${key}:${value}` })),
  );
}

/**
 * Each leads to the runs of the test that have it, too.
 *
 * @param {Props<"item" | "route" | "navigate">} props
 */
export function RunTags({ item, route, navigate }) {
  const tags = tagsOf(item);
  if (tags.length === 0) return null;
  return html`<span class="run-tags" role="group" aria-label="Tags of the run">
    ${tags.map(
      ({ key, value, word }) =>
        // A word ends at a space.
        html`<${RouteLink}
          key=${word}
          class="tag tag-link"
          route=${route}
          navigate=${navigate}
          change=${{ run: item.id, tab: "runs", filter: word.split(/\s/)[0] }}
          title=${`Runs tagged ${word}`}
          ><span class="tag-key">${key}</span> <bdi>${value}</bdi><//
        >`,
    )}
  </span>`;
}
