/** Speaks to the server: runs, the event stream, finishing. Paths are relative to the page's own place. */

import { timed } from "../measure.js";
import { KINDS } from "../model/run.js";

/** @import { Distribution, GateVerdict, RowKey, RowsDocument, RunItem, Summary, TableName } from "../types.js" */

/** Where the server is: the folder above the page's, unless the page says otherwise. */
export function serverRoot(document) {
  const named = document.querySelector('meta[name="loadgate-server"]')?.content;
  return new URL(named || "../", document.baseURI).href;
}

export function createApi(root) {
  const at = (path) => new URL(path, root).href;
  /** How far the server's clock is ahead of this one, in ms, to about a second. */
  let ahead = 0;

  async function request(path, options) {
    const response = await fetch(at(path), options);
    const date = Date.parse(response.headers.get("date") ?? "");
    if (Number.isFinite(date)) {
      const offset = date - Date.now();
      ahead = Math.abs(offset) < 1500 ? 0 : offset;
    }
    if (!response.ok) throw new Error(await reasonOf(response));
    return response;
  }

  return {
    root,
    now: () => Date.now() + ahead,
    /**
     * Newest first. `before` is the id of the oldest run that is known already.
     *
     * @param {{ test?: string, before?: string, limit?: number, figures?: boolean }} [options]
     * @returns {Promise<RunItem[]>}
     */
    async runs({ test, before, limit = 50, figures = false } = {}) {
      const query = new URLSearchParams({ limit: String(limit) });
      if (test) query.set("test", test);
      if (before) query.set("before", before);
      if (figures) query.set("figures", "1");
      return (await request(`runs?${query}`)).json();
    },
    /**
     * One run as the list has it, or null where there is none of this id.
     *
     * @param {string} id
     * @returns {Promise<RunItem | null>}
     */
    async run(id) {
      const response = await fetch(at(`runs/${encodeURIComponent(id)}`));
      if (response.status === 404) return null;
      if (!response.ok) throw new Error(await reasonOf(response));
      return response.json();
    },
    /** Ends this run of the test, if it is live, and no other: what comes next begins a new one. */
    async newRun(test, run) {
      const query = new URLSearchParams({ run });
      await request(`tests/${encodeURIComponent(test)}/new-run?${query}`, { method: "POST" });
    },
    async finish(run) {
      await request(`runs/${encodeURIComponent(run)}/finish`, { method: "POST" });
    },
    /**
     * A row's windows that end after `after` (ms); of statuses without a `key`, summed by status.
     *
     * @param {string} run
     * @param {{ table: TableName, key?: RowKey, after?: number }} row
     * @returns {Promise<RowsDocument>}
     */
    async rows(run, { table, key, after }) {
      const query = new URLSearchParams({ table });
      if (key) query.set("key", JSON.stringify(key));
      if (after !== undefined) query.set("after", String(after));
      return (await request(`runs/${encodeURIComponent(run)}/rows?${query}`)).json();
    },
    /**
     * How the values of a row's metric are distributed over the whole run.
     *
     * @param {string} run
     * @param {{ table: TableName, key: RowKey, metric: string }} row
     * @returns {Promise<Distribution>}
     */
    async distribution(run, { table, key, metric }) {
      const query = new URLSearchParams({ table, key: JSON.stringify(key), metric });
      return (await request(`runs/${encodeURIComponent(run)}/distribution?${query}`)).json();
    },
    report: (run) => at(`report?run=${encodeURIComponent(run)}`),
    /**
     * Follows a run's events until `close` is called. `on` is `{event(kind, data, id), open(), lost()}`.
     *
     * The browser resumes with Last-Event-ID by itself. Where it gives up (an answer that is no stream),
     * this begins again from the first event: events that are known already change nothing in the model.
     */
    follow(run, on) {
      const url = at(`events?run=${encodeURIComponent(run)}`);
      /** @type {EventSource} */
      let source;
      /** @type {number | undefined} */
      let timer;
      let wait = 1000;

      function open() {
        source = new EventSource(url);
        source.onopen = () => {
          wait = 1000;
          on.open();
        };
        source.onerror = () => {
          on.lost();
          if (source.readyState !== EventSource.CLOSED) return;
          timer = setTimeout(open, wait);
          wait = Math.min(15_000, wait * 2);
        };
        for (const kind of KINDS) {
          source.addEventListener(kind, (message) => {
            const id = message.lastEventId === "" ? null : Number(message.lastEventId);
            timed(() => on.event(kind, JSON.parse(message.data), id));
          });
        }
      }

      open();
      return {
        close() {
          clearTimeout(timer);
          source.close();
        },
      };
    },
    summaryAddress: (run) => at(`runs/${encodeURIComponent(run)}/summary`),
    /**
     * @param {string} run
     * @returns {Promise<Summary>}
     */
    async summary(run) {
      return (await request(`runs/${encodeURIComponent(run)}/summary`)).json();
    },
    /**
     * What the gate says of the run; provisional while it goes on.
     *
     * @param {string} run
     * @returns {Promise<GateVerdict>}
     */
    async verdict(run) {
      return (await request(`runs/${encodeURIComponent(run)}/verdict`)).json();
    },
    /**
     * Judges an ended run by what is in force now: a new verdict, or the one that there was.
     *
     * @param {string} run
     * @returns {Promise<GateVerdict>}
     */
    async judge(run) {
      return (await request(`runs/${encodeURIComponent(run)}/verdict`, { method: "POST" })).json();
    },
    /**
     * `change` is `{label, note}`, null for none; the run's item as it is then.
     *
     * @param {string} run
     * @param {Pick<RunItem, "label" | "note">} change
     * @returns {Promise<RunItem>}
     */
    async describe(run, change) {
      return (await request(`runs/${encodeURIComponent(run)}`, sending("PATCH", change))).json();
    },
    async remove(run) {
      await request(`runs/${encodeURIComponent(run)}`, { method: "DELETE" });
    },
    /** The run that others of the test are held to; null for none. */
    async setBaseline(test, run) {
      const path = `tests/${encodeURIComponent(test)}/baseline`;
      await request(path, run === null ? { method: "DELETE" } : sending("PUT", { run }));
    },
  };
}

function sending(method, body) {
  return { method, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

/** The sentence of a problem document (RFC 9457), or the status. */
async function reasonOf(response) {
  try {
    const problem = await response.json();
    return problem.detail || problem.title || `HTTP ${response.status}`;
  } catch {
    return `HTTP ${response.status}`;
  }
}
