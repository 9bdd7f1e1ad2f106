/**
 * What the page is doing: which run it shows, whether the stream lives, which runs there are.
 *
 * It owns the model of the run and tells its listeners, at most once a frame, that something changed.
 */

import { runOpened, windowCame } from "../measure.js";
import { apply, isReplaying, newRun } from "../model/run.js";
import { createAsker } from "./merged.js";

/** @import { Api, SessionState } from "../types.js" */

const POLL_MS = 3000;
/** How many of the newest runs are looked at for new ones. */
const NEWEST = 10;
/** Live runs are looked for among so many of a test's newest. */
const LIVE_AMONG = 200;
/** While old events pour in, drawing each would cost more than it shows; most have come by then. */
const REPLAY_DRAW_MS = 500;
/** A connection that comes back within this was not worth a word. */
const LOST_AFTER_MS = 1500;

/** @param {Api} api */
export function createSession(api, { frame = requestAnimationFrame } = {}) {
  const state = /** @type {SessionState} */ (
    /** @type {unknown} */ ({
      /** `loading`, `empty` (no runs), `missing` (no such run), `unreachable`, `run`. */
      phase: "loading",
      problem: null,
      runs: [],
      run: null,
      info: null,
      /** Since when the connection is lost (server's ms), or null. */
      lostSince: null,
      connected: false,
      /** Server's ms when the newest window came. */
      windowAt: null,
      /** When the server said that no data came since the newest event, by its own clock; else null. */
      silent: null,
      /** A run of the same test that began after the one shown. */
      newer: null,
      /** A live run of another test, while the one shown is over. */
      elsewhere: null,
      now: api.now(),
    })
  );
  const listeners = new Set();
  /** @type {{ close(): void } | null} */
  let stream = null;
  /** @type {"frame" | "later" | null} */
  let scheduled = null;
  let polling = false;
  let lastPoll = 0;
  let generation = 0;

  function changed() {
    const replaying = state.run && isReplaying(state.run) && state.run.lastEvent >= 0 && !state.lostSince;
    const wanted = replaying ? "later" : "frame";
    if (scheduled === "frame" || scheduled === wanted) return;
    // A replay that is over need not wait for its next turn; that turn then finds nothing to report.
    scheduled = wanted;
    if (replaying) setTimeout(() => scheduled === "later" && notify(), REPLAY_DRAW_MS);
    else frame(notify);
  }

  function notify() {
    scheduled = null;
    for (const listener of listeners) listener();
  }

  function close() {
    stream?.close();
    stream = null;
    generation += 1;
  }

  function open(info) {
    const first = state.run === null;
    close();
    const mine = generation;
    const run = newRun(info.id);
    run.askMerged = createAsker(api, info.id);
    runOpened(run, first);
    Object.assign(state, {
      phase: "run",
      info,
      run,
      lostSince: null,
      connected: false,
      newer: null,
      elsewhere: null,
      windowAt: null,
      silent: null,
    });
    if (info.state === null) identify(info.id, mine);
    stream = api.follow(info.id, {
      open() {
        state.connected = true;
        state.lostSince = null;
        changed();
      },
      lost() {
        if (mine !== generation) return;
        state.connected = false;
        state.lostSince ??= api.now();
        changed();
      },
      event(kind, data, id) {
        if (mine !== generation) return;
        if (kind === "heartbeat") {
          state.silent = data.silent ? data.time : null;
          changed();
        }
        if (!apply(state.run, kind, data, id)) return;
        state.silent = null;
        if (kind === "snapshot") {
          state.windowAt = api.now();
          if (state.run.current) windowCame();
        }
        if (kind === "stop") ended();
        changed();
      },
    });
    changed();
  }

  function ended() {
    stream?.close();
    stream = null;
    state.lostSince = null;
    state.run.current = true;
    state.info = { ...state.info, state: "ended", end: state.run.stop };
    state.runs = state.runs.map((run) => (run.id === state.info.id ? state.info : run));
    // How it ended, where that is known.
    identify(state.info.id, generation);
  }

  /** Takes a newer list into the one that is known, which may reach further back. */
  function merge(list) {
    const all = new Map(state.runs.map((run) => [run.id, run]));
    // An answer without figures does not take those away that came before, while they still stand.
    for (const run of list) {
      const before = all.get(run.id);
      all.set(run.id, before?.state === run.state ? { ...before, ...run } : run);
    }
    state.runs = [...all.values()].sort((a, b) => b.start - a.start);
    // Whether the run has ended is for its stream to say; of a placeholder the list decides.
    const shown = list.find((run) => run.id === state.info?.id);
    if (shown) {
      const { state: known, end, outcome } = state.info;
      state.info = known === null ? shown : { ...shown, state: known, end };
      // A list knows less of how a run ended than the run's own document.
      if (shown.outcome && !outcome) identify(shown.id, generation);
      else state.info.outcome = outcome;
    }
  }

  async function load(route) {
    try {
      // A run that the address names need not wait for the list of all.
      if (route.run) open(placeholderOf(route.run));
      const runs = await api.runs();
      merge(runs);
      if (!route.run) {
        const [wanted] = route.test ? await api.runs({ test: route.test, limit: 1 }) : runs;
        if (wanted) open(wanted);
        else state.phase = "empty";
      }
    } catch (error) {
      close();
      Object.assign(state, { phase: "unreachable", problem: error.message });
    }
    changed();
  }

  /** A run that the newest list does not hold; its state is null until the server has answered. */
  function placeholderOf(id) {
    const [test, ...rest] = id.split(".");
    return { id, test, number: null, name: rest.join("."), state: null, start: null, end: null };
  }

  /** Asks the server for what the placeholder stands for. */
  async function identify(id, mine) {
    try {
      const found = await api.run(id);
      if (mine !== generation) return;
      if (found) {
        // The stream may have had its end already.
        const over = state.run.stop !== null;
        state.info = { ...found, ...(over && { state: "ended", end: state.run.stop }) };
      } else {
        close();
        Object.assign(state, { phase: "missing", run: null });
      }
    } catch (error) {
      if (mine === generation && state.run.lastEvent < 0) state.problem = error.message;
    }
    changed();
  }

  async function poll(route) {
    if (polling) return;
    polling = true;
    try {
      if (state.phase !== "run") {
        if (state.phase !== "missing") await load(route);
      } else if (state.run.stop !== null) {
        const mine = generation;
        const known = new Set(state.runs.map((run) => run.id));
        const newest = await api.runs({ limit: NEWEST });
        if (mine !== generation) return;
        const [ofTest] = newest.filter((run) => run.test === state.info.test);
        if (ofTest && ofTest.id !== state.info.id && !known.has(ofTest.id)) state.newer = ofTest;
        state.elsewhere =
          newest.find(
            (run) => run.state === "live" && run.id !== state.info.id && run.id !== state.newer?.id,
          ) ?? null;
        merge(newest);
        changed();
      }
    } catch {
      // The next poll tries again; a run that is over needs no connection.
    } finally {
      polling = false;
      lastPoll = Date.now();
    }
  }

  return {
    state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    load,
    /** Shows a run that is known by its id alone. */
    show(id) {
      open(state.runs.find((run) => run.id === id) ?? placeholderOf(id));
    },
    /** Called every second: moves clocks, and asks for new runs where no stream brings them. */
    tick(route) {
      state.now = api.now();
      const waiting = state.phase !== "run" || state.run.stop !== null;
      if (waiting && Date.now() - lastPoll >= POLL_MS) poll(route);
      if (state.phase !== "run" || state.run.stop === null) changed();
    },
    async refreshRuns() {
      const runs = await api.runs({ figures: true });
      merge(runs);
      changed();
    },
    /** A run that has been deleted. */
    forget(id) {
      state.runs = state.runs.filter((run) => run.id !== id);
      if (state.newer?.id === id) state.newer = null;
      if (state.elsewhere?.id === id) state.elsewhere = null;
      changed();
    },
    finish: () => api.finish(state.info.id),
    /** The live runs of the shown run's test by the server's word, newest first. */
    async liveRuns() {
      const runs = await api.runs({ test: state.info.test, limit: LIVE_AMONG });
      return runs.filter((run) => run.state === "live");
    },
    /** Ends these runs and no others. */
    async newRuns(runs) {
      for (const run of runs) await api.newRun(run.test, run.id);
    },
    /** Whether the run goes on, as far as is known: what is being replayed may be long over. */
    isLive: () => state.run?.stop === null && state.info.state === "live",
    /** How much of the run has been told, 0 to 1; null where it has been, or where nobody can say. */
    loaded() {
      const { run, info, now } = state;
      if (!run || !isReplaying(run)) return null;
      const end = info.state === "ended" ? info.end : info.state === "live" ? now : null;
      if (run.start === null || end === null || end <= run.start) return 0;
      return Math.min(1, ((run.times.at(-1) ?? 0) * 1000) / (end - run.start));
    },
    /** Ms for which the connection has been lost, or null where it lives or only blinked. */
    lostFor() {
      if (state.lostSince === null) return null;
      const ms = state.now - state.lostSince;
      return ms >= LOST_AFTER_MS ? ms : null;
    },
  };
}
