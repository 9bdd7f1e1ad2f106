/** Speaks to the server: runs, the event stream, finishing. Paths are relative to the page's own place. */

import { timed } from "../measure.js";
import { partQuery } from "../model/part.js";
import { openStream } from "./stream.js";

/** @import { Comparison, Distribution, Findings, FoundRequests, GateVerdict, RowKey, RowsDocument, RunItem, SeriesDocument, Summary, TableName, TestPage, Zoom } from "../types.js" */

/** Where the server is: the folder above the page's, unless the page says otherwise. */
export function serverRoot(document) {
  const named = document.querySelector('meta[name="loadgate-server"]')?.content;
  return new URL(named || "../", document.baseURI).href;
}

/** `streams` follows event streams, as `openStream` does. */
export function createApi(root, streams = openStream) {
  const at = (path) => new URL(path, root).href;
  /** How far the server's clock is ahead of this one, in ms, to about a second. */
  let ahead = 0;

  /**
   * Asks a person for a token, `again` where the last one was not enough; true: there is one now.
   *
   * @type {((again: boolean) => Promise<boolean>) | null}
   */
  let unauthorized = null;

  /** One question for all that is refused meanwhile; what is only read asks once. */
  /** @type {Promise<boolean> | null} */
  let asking = null;
  let declined = false;

  async function signedIn(writes, again) {
    if (!unauthorized || (declined && !writes)) return false;
    asking ??= unauthorized(again).finally(() => (asking = null));
    const given = await asking;
    declined = !given;
    return given;
  }

  /**
   * @param {string} path
   * @param {RequestInit} [options]
   * @returns {Promise<Response>}
   */
  async function request(path, options, again = false) {
    const response = await fetch(at(path), options);
    if (response.status === 401) {
      const writes = options?.method !== undefined && options.method !== "GET";
      if (await signedIn(writes, again)) return request(path, options, true);
    }
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
    /** Who asks for a token where a write needs one; null: nobody. */
    onUnauthorized(ask) {
      unauthorized = ask;
    },
    /** Keeps a token in the browser, out of reach of scripts. False: it is none of this server. */
    async signIn(token) {
      const query = new URLSearchParams({ token });
      const answer = await fetch(at(`ui/?${query}`), { redirect: "manual" });
      return answer.type === "opaqueredirect" || answer.ok;
    },
    now: () => Date.now() + ahead,
    /**
     * Newest first. `before` is the id of the oldest run that is known already; `search` are words that stand in the
     * run's id, label or day (UTC).
     *
     * @param {{ test?: string, before?: string, limit?: number, figures?: boolean, search?: string }} [options]
     * @returns {Promise<RunItem[]>}
     */
    async runs({ test, before, limit = 50, figures = false, search } = {}) {
      const query = new URLSearchParams({ limit: String(limit) });
      if (test) query.set("test", test);
      if (before) query.set("before", before);
      if (search) query.set("q", search);
      if (figures) query.set("figures", "1");
      return (await request(`runs?${query}`)).json();
    },
    /**
     * Tests in whose names `search` stands, the one that ran last first; a page may be short of `limit` and yet
     * have a next one.
     *
     * @param {{ search?: string, after?: number | null, limit?: number }} [options]
     * @returns {Promise<TestPage>}
     */
    async tests({ search, after = null, limit = 50 } = {}) {
      const query = new URLSearchParams({ limit: String(limit) });
      if (search) query.set("q", search);
      if (after !== null) query.set("after", String(after));
      return (await request(`tests?${query}`)).json();
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
     * Requests filtered and grouped, of the run or a part of it; `query` as `model/facets.js` makes it.
     *
     * @param {string} run
     * @param {[string, string][]} query
     * @param {Zoom | null} [part]
     * @returns {Promise<FoundRequests>}
     */
    async requests(run, query, part = null) {
      const all = new URLSearchParams([...query, ...Object.entries(partQuery(part))]);
      return (await request(`runs/${encodeURIComponent(run)}/requests?${all}`)).json();
    },
    /**
     * How the values of a row's metric are distributed over the run, or a part of it.
     *
     * @param {string} run
     * @param {{ table: TableName, key: RowKey, metric: string, part?: Zoom | null }} row
     * @returns {Promise<Distribution>}
     */
    async distribution(run, { table, key, metric, part = null }) {
      const query = new URLSearchParams({ table, key: JSON.stringify(key), metric, ...partQuery(part) });
      return (await request(`runs/${encodeURIComponent(run)}/distribution?${query}`)).json();
    },
    /**
     * Metrics over time in windows of `step` seconds; of a row of a table where one is named.
     *
     * @param {string} run
     * @param {{ step: number, metrics: string[], table?: TableName, key?: RowKey }} wanted
     * @returns {Promise<SeriesDocument>}
     */
    async series(run, { step, metrics, table, key }) {
      const query = new URLSearchParams({ step: `${step}s`, metrics: JSON.stringify(metrics) });
      if (table) query.set("table", table);
      if (key) query.set("key", JSON.stringify(key));
      return (await request(`runs/${encodeURIComponent(run)}/series?${query}`)).json();
    },
    /**
     * What differs from another run, or from the baseline where none is named: null where there is none. `zoom` is
     * the part of both that is meant, in seconds since each began.
     *
     * @param {string} run
     * @param {{ other?: string | null, zoom?: Zoom | null }} [asked]
     * @returns {Promise<Comparison | null>}
     */
    async comparison(run, { other, zoom } = {}) {
      const query = new URLSearchParams({ with: other ?? "baseline", ...partQuery(zoom ?? null) });
      return (await request(`runs/${encodeURIComponent(run)}/comparison?${query}`)).json();
    },
    /** @param {Zoom | null} [part] */
    report: (run, part = null) => at(`report?${new URLSearchParams({ run, ...partQuery(part) })}`),
    /**
     * Follows a run's events until `close` is called. `on` is `{event(kind, data, id), open(), lost()}`; it is told
     * events that it knows again where a stream had to begin anew.
     */
    follow(run, on) {
      const take = (list) => {
        for (const [kind, data, id] of list) timed(() => on.event(kind, JSON.parse(data), id));
      };
      return streams(at(`events?run=${encodeURIComponent(run)}`), { ...on, events: take });
    },
    /** @param {Zoom | null} [part] */
    summaryAddress: (run, part = null) => at(summaryPath(run, partQuery(part))),
    /**
     * Every figure of a run, or of a part of it.
     *
     * @param {string} run
     * @param {Zoom | null} [part]
     * @returns {Promise<Summary>}
     */
    async summary(run, part = null) {
      return (await request(summaryPath(run, partQuery(part)))).json();
    },
    /**
     * The same of where the load was steady; an error that says why, where it never was.
     *
     * @param {string} run
     * @returns {Promise<Summary>}
     */
    async steady(run) {
      return (await request(summaryPath(run, { window: "steady" }))).json();
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
     * What an expert would notice in the run.
     *
     * @param {string} run
     * @returns {Promise<Findings>}
     */
    async findings(run) {
      return (await request(`runs/${encodeURIComponent(run)}/findings`)).json();
    },
    /**
     * Mutes kinds of findings for a test, these and no others.
     *
     * @param {string} test
     * @param {string[]} muted
     */
    async muteFindings(test, muted) {
      await request(`tests/${encodeURIComponent(test)}/findings`, sending("PUT", { muted }));
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

/** @param {Record<string, string>} part */
function summaryPath(run, part) {
  const query = new URLSearchParams(part).toString();
  return `runs/${encodeURIComponent(run)}/summary${query ? `?${query}` : ""}`;
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
