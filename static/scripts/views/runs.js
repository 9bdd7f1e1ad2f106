/** All runs of a test: what they measured, what they passed, how it went from run to run. */

import { Heatmap } from "../components/heatmap.js";
import { Filter } from "../components/choices.js";
import { RouteLink } from "../components/link.js";
import { Card } from "../components/parts.js";
import { DeleteRun, EditRun } from "../components/run-dialogs.js";
import { RunTable } from "../components/run-table.js";
import { Trend } from "../components/trend.js";
import { format, plural } from "../model/format.js";
import { html, useState } from "../html.js";
import { hrefOf } from "../router.js";
import { useRuns } from "../data/run-list.js";
import { useVerdicts } from "../data/gate.js";
import { objectivesByRun } from "../model/gate.js";
import { figuresOf, oldestFirst, runLabel, thresholdHeat, TRENDS } from "../model/runs.js";

/** @import { Props, RunItem, Session } from "../types.js" */

/** @param {Props<"run" | "session" | "api" | "route" | "navigate">} props */
export function Runs({ run, session, api, route, navigate }) {
  const { info } = session.state;
  const search = route.filter.trim();
  const list = useRuns(api, session, search);
  const [dialog, setDialog] = useState(null);
  const items = oldestFirst(list.items);
  const baseline = items.find((item) => item.baseline) ?? null;
  const rows = thresholdHeat(run, items);
  const { compared, verdicts } = useVerdicts(api, items);
  const objectives = objectivesByRun(compared, verdicts);
  const changeTo = (item) => ({ run: item.id, tab: "overview", other: null });
  const headOf = (item) =>
    html`<${RouteLink}
      class="heat-run"
      route=${route}
      navigate=${navigate}
      change=${changeTo(item)}
      title=${runLabel(item)}
      >${item.baseline && "★ "}<bdi>${runLabel(item)}</bdi><//
    >`;

  if (list.items.length === 0 && !search) {
    return html`<${Card} id="runs" title="Runs">
      <p class="nothing">
        ${list.problem ? `The runs cannot be listed: ${list.problem}` : "Asking for the runs…"}
      </p>
    <//>`;
  }
  return html`<${Card}
      id="runs"
      title="Runs"
      caption=${html`of <bdi>${info.test}</bdi> · ${captionOf(list)}`}
      actions=${html`<${Filter} label="Search runs by label, tag, number or day" route=${route} navigate=${navigate} />`}
    >
      ${list.problem && html`<p class="bad" role="alert">${list.problem}</p>`}
      <${RunTable}
        empty=${list.search === search ? `No run of this test for “${search}”. Tags are like env:staging, dates like 2026-11-27 (UTC).` : "Asking for the runs…"}
        items=${list.items}
        shown=${info.id}
        baseline=${baseline}
        route=${route}
        navigate=${navigate}
        changeTo=${changeTo}
        onPin=${(item) => list.pin(item)}
        onEdit=${(item) => setDialog({ what: "edit", item })}
        onDelete=${(item) => setDialog({ what: "delete", item })}
      />
      ${
        list.more &&
        html`<p class="more">
          <button type="button" class="button" disabled=${list.busy} onClick=${list.older}>Older runs</button>
        </p>`
      }
    <//>
    <div class="charts">
      ${TRENDS.map(
        (trend) =>
          html`<${Trend}
            key=${trend.figure}
            trend=${trend}
            items=${items}
            values=${figuresOf(items, trend.figure)}
            shown=${info.id}
            nameOf=${runLabel}
            hrefOf=${(item) => hrefOf(route, changeTo(item))}
            go=${(item) => navigate(changeTo(item))}
          />`,
      )}
    </div>
    ${
      objectives.length > 0 &&
      html`<${Card}
        id="objectives-by-run"
        title="Objectives by run"
        caption=${compared.length < items.length ? `the newest ${format(compared.length, "count")}` : "oldest to newest"}
      >
        <${Heatmap}
          title="Objectives by run"
          nameTitle="Objective"
          items=${compared}
          rows=${objectives}
          shown=${info.id}
          nameOf=${runLabel}
          headOf=${headOf}
        />
      <//>`
    }
    <${Card} id="heatmap" title="Thresholds by run" caption="oldest to newest">
      ${
        rows.length === 0
          ? html`<p class="nothing">No run of this test has thresholds.</p>`
          : html`<${Heatmap}
              title="Thresholds by run"
              nameTitle="Threshold"
              items=${items}
              rows=${rows}
              shown=${info.id}
              nameOf=${runLabel}
              headOf=${headOf}
            />`
      }
    <//>
    ${dialog?.what === "edit" && html`<${EditRun} item=${dialog.item} list=${list} onClose=${() => setDialog(null)} />`}
    ${
      dialog?.what === "delete" &&
      html`<${DeleteRun}
        item=${dialog.item}
        list=${list}
        onClose=${() => setDialog(null)}
        onGone=${(item) => leave(item, list, session, navigate)}
      />`
    }`;
}

function captionOf(list) {
  return list.more ? `newest ${format(list.items.length, "count")}` : plural(list.items.length, "run");
}

/**
 * After the shown run was deleted: the newest of its test, or of all, or the empty page.
 *
 * @param {RunItem} item
 * @param {Session} session
 */
function leave(item, list, session, navigate) {
  session.forget(item.id);
  if (session.state.info.id !== item.id) return;
  const next = list.items.find((other) => other.id !== item.id) ?? session.state.runs[0];
  if (next) navigate({ run: next.id, tab: next.test === item.test ? "runs" : "overview", other: null });
  else location.assign("?");
}
