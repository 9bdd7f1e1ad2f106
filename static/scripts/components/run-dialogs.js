/** What asks before a run is changed: its name and note, its deletion. */

import { moment } from "../model/format.js";
import { html, useState } from "../html.js";
import { runLabel } from "../model/runs.js";
import { Dialog } from "./dialog.js";

/** @import { Props } from "../types.js" */

/**
 * `list` as of `useRuns`.
 *
 * @param {Props<"item">} props
 */
export function EditRun({ item, list, onClose }) {
  const [label, setLabel] = useState(item.label ?? "");
  const [note, setNote] = useState(item.note ?? "");
  const [problem, setProblem] = useState(null);
  async function save(event) {
    event.preventDefault();
    try {
      await list.describe(item, { label: label.trim() || null, note: note.trim() || null });
      onClose();
    } catch (error) {
      setProblem(error.message);
    }
  }
  return html`<${Dialog} title=${html`Name and note of <bdi>${item.id}</bdi>`} onClose=${onClose}>
    <form class="dialog-form" onSubmit=${save}>
      <label class="field"
        >Name
        <input
          type="text"
          class="input"
          value=${label}
          placeholder=${runLabel({ ...item, label: null })}
          onInput=${(event) => setLabel(event.target.value)}
        />
      </label>
      <label class="field"
        >Note
        <textarea
          class="input"
          rows="4"
          value=${note}
          placeholder="What was different in this run?"
          onInput=${(event) => setNote(event.target.value)}
        ></textarea>
      </label>
      ${problem && html`<p class="bad" role="alert">Not saved: ${problem}</p>`}
      <p class="dialog-actions">
        <button type="button" class="button" onClick=${onClose}>Cancel</button>
        <button type="submit" class="button button-primary">Save</button>
      </p>
    </form>
  <//>`;
}

/**
 * `onGone` is called once the run is deleted.
 *
 * @param {Props<"item">} props
 */
export function DeleteRun({ item, list, onClose, onGone }) {
  const [problem, setProblem] = useState(null);
  const name = runLabel(item);
  if (item.state === "live") {
    return html`<${Dialog} title="This run is live" onClose=${onClose}>
      <p class="dialog-text">
        <bdi>${name}</bdi> still receives samples and cannot be deleted. Finish it first: stop k6, or press
        Finish when no data comes any more.
      </p>
      <p class="dialog-actions"><button type="button" class="button" onClick=${onClose}>Close</button></p>
    <//>`;
  }
  async function remove() {
    try {
      await list.remove(item);
      onClose();
      onGone(item);
    } catch (error) {
      setProblem(error.message);
    }
  }
  return html`<${Dialog} title=${html`Delete <bdi>${name}</bdi>?`} onClose=${onClose}>
    <p class="dialog-text">
      Run <bdi>${item.id}</bdi>, which began ${moment(item.start)}, its figures, its note and its report go
      for good.${item.baseline && " It is the baseline of its test; the test then has none."}
    </p>
    ${problem && html`<p class="bad" role="alert">Not deleted: ${problem}</p>`}
    <p class="dialog-actions">
      <button type="button" class="button" onClick=${onClose}>Keep it</button>
      <button type="button" class="button button-bad" onClick=${remove}>Delete the run</button>
    </p>
  <//>`;
}
