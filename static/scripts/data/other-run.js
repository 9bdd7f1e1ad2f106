/** The run that the shown one is compared with: which there are, and following one of them. */

import { useEffect, useRef, useState } from "../html.js";
import { apply, newRun } from "../model/run.js";
import { createAsker } from "./merged.js";

/** @import { Api, FollowedRun, RunChoices, Session } from "../types.js" */

/** Of one test; older ones are reached from the Runs page. */
const CHOICE = 100;
/** While old events pour in, drawing each would cost more than it shows. */
const DRAW_MS = 250;

/**
 * The runs of the shown run's test, newest first; `items` is null until they are known.
 *
 * @param {Api} api
 * @param {Session} session
 */
export function useChoices(api, session) {
  const { info, newer } = session.state;
  const [state, setState] = useState(/** @type {RunChoices} */ ({ test: null, items: null, problem: null }));
  useEffect(() => {
    let wanted = true;
    api.runs({ test: info.test, limit: CHOICE }).then(
      (items) => wanted && setState({ test: info.test, items, problem: null }),
      (error) => wanted && setState({ test: info.test, items: null, problem: error.message }),
    );
    return () => (wanted = false);
  }, [api, info.test, newer?.id]);
  return state.test === info.test ? state : { items: null, problem: null };
}

/**
 * Follows the other run to its end, in a model of its own: `{run, lost}`.
 *
 * @param {Api} api
 */
export function useOther(api, id) {
  const [, redraw] = useState(0);
  const followed = useRef(/** @type {FollowedRun} */ ({ id: null, run: null, lost: false }));
  useEffect(() => {
    followed.current = { id, run: null, lost: false };
    if (id === null) return undefined;
    const mine = { id, run: newRun(id), lost: false };
    mine.run.askMerged = createAsker(api, id);
    followed.current = mine;
    /** @type {number | null} */
    let timer = null;
    const changed = () => {
      timer ??= setTimeout(() => {
        timer = null;
        redraw((n) => n + 1);
      }, DRAW_MS);
    };
    const stream = api.follow(id, {
      open() {
        mine.lost = false;
        changed();
      },
      lost() {
        mine.lost = true;
        changed();
      },
      event(kind, data, eventId) {
        if (!apply(mine.run, kind, data, eventId)) return;
        if (kind === "stop") {
          stream.close();
          mine.run.current = true;
        }
        changed();
      },
    });
    return () => {
      clearTimeout(timer ?? undefined);
      stream.close();
    };
  }, [api, id]);
  return followed.current.id === id ? followed.current : { run: null, lost: false };
}
