/** Windows as a chart draws them: what only the server can merge is asked of it, once for all charts of a page. */

import { useEffect, useState } from "../html.js";
import { drawnWindows, takeMerged, unmerged } from "../model/windows.js";

/** @import { Api, RowKey, Run, Series, TableName, Zoom } from "../types.js" */

/** After a failure, so much later again. */
const AGAIN_MS = 10_000;

/**
 * What asks for wider windows of a run, or of a row of it: what charts want within one turn is one request.
 *
 * @param {Api} api
 * @param {string} id
 * @param {{ table?: TableName, key?: RowKey }} [row]
 */
export function createAsker(api, id, row = {}) {
  /** @type {Map<number, { metrics: Set<string>, answer: Promise<any> }>} */
  const gathered = new Map();
  return (/** @type {number} */ width, /** @type {string[]} */ metrics) => {
    let request = gathered.get(width);
    if (!request) {
      const wanted = new Set();
      const answer = Promise.resolve().then(() => {
        gathered.delete(width);
        return api.series(id, { step: width, metrics: [...wanted], ...row });
      });
      gathered.set(width, (request = { metrics: wanted, answer }));
    }
    for (const metric of metrics) request.metrics.add(metric);
    return request.answer;
  };
}

/**
 * The windows to draw, and what is wrong with them, or null. Draws again when the server has answered.
 *
 * @param {Run} run
 * @param {Pick<Series, "metric" | "aggregate">[]} series
 * @param {Zoom | null} [zoom]
 */
export function useWindows(run, series, zoom = null, wanted = true) {
  const [problem, setProblem] = useState(/** @type {string | null} */ (null));
  const [, redraw] = useState(0);
  const windows = drawnWindows(run, zoom);
  const missing =
    wanted && run.askMerged && (run.current || run.stop !== null) ? unmerged(run, windows, series) : [];
  const names = JSON.stringify(missing);
  const { width } = windows;
  useEffect(() => {
    const metrics = JSON.parse(names);
    if (metrics.length === 0) return undefined;
    let current = true;
    /** @type {number | undefined} */
    let timer;
    const ask = () =>
      run.askMerged?.(width, metrics).then(
        (document) => {
          takeMerged(run, width, document, metrics);
          if (!current) return;
          setProblem(null);
          redraw((n) => n + 1);
        },
        (error) => {
          if (!current) return;
          setProblem(error.message);
          timer = setTimeout(ask, AGAIN_MS);
        },
      );
    ask();
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [run, width, names]);
  return { windows, problem };
}
