/** What requests are filtered and grouped by: a few quiet choices, which the page's address keeps. */

import { useLook } from "../data/page-state.js";
import { html } from "../html.js";
import { BY_TAG, choicesOf, FILTERS, groupingsOf, GROUPINGS, LOOKS } from "../model/facets.js";

/** @import { Filters, Grouping } from "../model/facets.js" */
/** @import { Props } from "../types.js" */

const TITLES = {
  name: "name",
  status: "status",
  scenario: "scenario",
  group: "group",
  expected: "expected answer",
  tag: "tag",
};
const ANY = {
  scenario: "All scenarios",
  group: "All groups",
  status: "All statuses",
  expected: "All answers",
  tag: "All tags",
};

/** What a select takes for "no choice": no scenario, group or status is called so. */
const ALL = "*";

/**
 * `{by, filters, set(look, value), clear()}`, as the address has them.
 *
 * @returns {{ by: Grouping, filters: Filters, set: Record<string, (value: string | null) => void>, clear: () => void }}
 */
export function useFacets() {
  const [by, setBy] = useLook(LOOKS.by);
  const [scenario, setScenario] = useLook(LOOKS.scenario);
  const [group, setGroup] = useLook(LOOKS.group);
  const [status, setStatus] = useLook(LOOKS.status);
  const [expected, setExpected] = useLook(LOOKS.expected);
  const [tag, setTag] = useLook(LOOKS.tag);
  const values = { scenario, group, status, expected, tag };
  const set = {
    by: setBy,
    scenario: setScenario,
    group: setGroup,
    status: setStatus,
    expected: setExpected,
    tag: setTag,
  };
  const chosen = FILTERS.filter((facet) => values[facet] !== null);
  return {
    by: /** @type {Grouping} */ (
      by?.startsWith(BY_TAG) ? by : (GROUPINGS.find((name) => name === by) ?? GROUPINGS[0])
    ),
    filters: Object.fromEntries(chosen.map((facet) => [facet, values[facet]])),
    set,
    clear: () => chosen.forEach((facet) => set[facet](null)),
  };
}

/** @param {Props<"run"> & { facets: ReturnType<typeof useFacets> }} props */
export function FacetBar({ run, facets }) {
  const choices = choicesOf(run);
  const { by, filters, set, clear } = facets;
  const groupings = groupingsOf(run, by);
  if (groupings.length === 1 && Object.keys(filters).length === 0) return null;
  return html`<div class="facets" role="group" aria-label="Filter and group requests">
    ${FILTERS.map((facet) => html`<${Choice} key=${facet} facet=${facet} options=${choices[facet]} value=${filters[facet]} onChoose=${set[facet]} />`)}
    <label class="choice"
      >Group by
      <select
        class="select"
        aria-label="Group by"
        onChange=${(event) => set.by(event.target.value === "name" ? null : event.target.value)}
      >
        ${groupings.map((name) => html`<option key=${name} value=${name} selected=${name === by}>${TITLES[name] ?? `tag ${name.slice(BY_TAG.length)}`}</option>`)}
      </select></label
    >
    ${
      Object.keys(filters).length > 0 &&
      html`<button type="button" class="button button-quiet" onClick=${clear}>Clear filters</button>`
    }
  </div>`;
}

/** A value that the run does not have (any more) can be chosen still: an address may name it. */
function Choice({ facet, options, value, onChoose }) {
  const known = value === undefined || options.some(([option]) => option === value);
  const all = known ? options : [...options, [value, value || "none"]];
  if (all.length === 0) return null;
  return html`<select
    class=${value === undefined ? "select" : "select select-chosen"}
    aria-label=${TITLES[facet][0].toUpperCase() + TITLES[facet].slice(1)}
    onChange=${(event) => onChoose(event.target.value === ALL ? null : event.target.value)}
  >
    <option value=${ALL} selected=${value === undefined}>${ANY[facet]}</option>
    ${all.map(([option, words]) => html`<option key=${option} value=${option} selected=${option === value}>${words}</option>`)}
  </select>`;
}
