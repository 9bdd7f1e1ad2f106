/** Asks for the windows of a table's rows, and again whenever the run has new ones. */

import { useRef } from "../html.js";
import { appendRows, drawRow, newRows, newRowRun, rowTotals } from "../model/rows.js";
import { endOfWindows } from "../model/run.js";
import { createAsker } from "./merged.js";
import { usePolled } from "./poller.js";

/** @import { Api, RowKey, Run, TableName } from "../types.js" */

/**
 * Follows a row's windows, or those of all statuses without a `key`: `{value, problem, retry}`.
 *
 * @param {{ api: Api, run: Run, table: TableName, key?: RowKey }} row
 */
export function useRows({ api, run, table, key }) {
  async function load(known) {
    const rows = known ?? newRows();
    const after = rows.times.at(-1);
    // Half a millisecond: `endOfWindows` has been through seconds and back.
    if (after !== undefined && endOfWindows(run) - after < 0.5) return rows;
    return appendRows(rows, await api.rows(run.id, { table, key, after }));
  }
  return usePolled(load, run.current ? `${run.times.length} ${run.stop}` : "first", 2000);
}

/**
 * A row as a run that grows while the real one does: `{drawn, problem, retry}`; `drawn` is null until
 * both the windows and the run's own events are there. To be keyed by run, table and row.
 *
 * @param {{ api: Api, run: Run, table: TableName, row: RowKey }} row
 */
export function useDrawnRow({ api, run, table, row }) {
  const drawn = useRef(null);
  const { value, problem, retry } = useRows({ api, run, table, key: row });
  if (value && run.current) {
    drawn.current ??= Object.assign(newRowRun(), {
      askMerged: createAsker(api, run.id, { table, key: row }),
    });
    drawRow(drawn.current, value, run, row);
    Object.assign(drawn.current, { current: run.current, stop: run.stop });
    drawn.current.totals = rowTotals(value, run, table, row);
    drawn.current.place = run.place;
  }
  return { drawn: drawn.current, problem, retry };
}
