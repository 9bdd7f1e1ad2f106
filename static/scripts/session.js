/**
 * What the page is doing: which run it shows, whether the stream lives, which runs there are.
 *
 * It owns the model of the run and tells its listeners, at most once a frame, that something changed.
 */

import { apply, newRun } from "./model.js";

const POLL_MS = 3000;
/** While old events pour in, drawing each would cost more than it shows. */
const REPLAY_DRAW_MS = 250;
/** A connection that comes back within this was not worth a word. */
const LOST_AFTER_MS = 1500;

export function createSession(api, { frame = requestAnimationFrame } = {}) {
  const state = {
    /** `loading`, `empty` (no runs), `unreachable`, `run`. */
    phase: "loading",
    problem: null,
    runs: [],
    moreRuns: false,
    run: null,
    info: null,
    /** Since when the connection is lost (server's ms), or null. */
    lostSince: null,
    connected: false,
    /** Server's ms when the newest window came. */
    windowAt: null,
    /** A run of the same test that began after the one shown. */
    newer: null,
    now: api.now(),
  };
  const listeners = new Set();
  let stream = null;
  let scheduled = false;
  let polling = false;
  let lastPoll = 0;
  let generation = 0;

  function changed() {
    if (scheduled) return;
    scheduled = true;
    const tell = () => {
      scheduled = false;
      for (const listener of listeners) listener();
    };
    if (state.run && !state.run.current && !state.lostSince) setTimeout(tell, REPLAY_DRAW_MS);
    else frame(tell);
  }

  function close() {
    stream?.close();
    stream = null;
    generation += 1;
  }

  function open(info) {
    close();
    const mine = generation;
    Object.assign(state, {
      phase: "run",
      info,
      run: newRun(info.id),
      lostSince: null,
      connected: false,
      newer: null,
      windowAt: null,
    });
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
        if (mine !== generation || !apply(state.run, kind, data, id)) return;
        if (kind === "snapshot") state.windowAt = api.now();
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
  }

  /** Takes a newer list into the one that is known, which may reach further back. */
  function merge(list) {
    const fresh = new Map(list.map((run) => [run.id, run]));
    const older = state.runs.filter((run) => !fresh.has(run.id));
    state.runs = [...list, ...older].sort((a, b) => b.start - a.start);
    // Whether the run has ended is told by its stream.
    const shown = fresh.get(state.info?.id);
    if (shown) state.info = { ...shown, state: state.info.state, end: state.info.end };
  }

  async function load(route) {
    try {
      const runs = await api.runs();
      state.moreRuns = runs.length >= 50;
      merge(runs);
      const wanted = route.run
        ? (runs.find((run) => run.id === route.run) ?? strangerOf(route.run))
        : route.test
          ? ((await api.runs({ test: route.test, limit: 1 }))[0] ?? null)
          : (runs[0] ?? null);
      if (wanted) open(wanted);
      else state.phase = "empty";
    } catch (error) {
      state.phase = "unreachable";
      state.problem = error.message;
    }
    changed();
  }

  /** A run that the newest list does not hold: the stream tells the rest. */
  function strangerOf(id) {
    const [test, ...rest] = id.split(".");
    return { id, test, number: null, name: rest.join("."), state: "live", start: 0, end: null };
  }

  async function poll(route) {
    if (polling) return;
    polling = true;
    try {
      if (state.phase !== "run") {
        await load(route);
      } else if (state.run.stop !== null) {
        const known = new Set(state.runs.map((run) => run.id));
        const [newest] = await api.runs({ test: state.info.test, limit: 1 });
        if (newest && newest.id !== state.info.id && !known.has(newest.id)) state.newer = newest;
        if (newest) merge([newest]);
        changed();
      }
    } catch {
      // The next poll tells; a run that is over needs no connection.
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
      open(state.runs.find((run) => run.id === id) ?? strangerOf(id));
    },
    /** Called every second: moves clocks, and asks for news where no stream brings them. */
    tick(route) {
      state.now = api.now();
      const waiting = state.phase !== "run" || state.run.stop !== null;
      if (waiting && Date.now() - lastPoll >= POLL_MS) poll(route);
      if (state.phase !== "run" || state.run.stop === null) changed();
    },
    async refreshRuns() {
      const runs = await api.runs();
      state.moreRuns = runs.length >= 50;
      merge(runs);
      changed();
    },
    async olderRuns() {
      const runs = await api.runs({ before: state.runs.at(-1)?.id });
      state.moreRuns = runs.length >= 50;
      merge(runs);
      changed();
    },
    /** A run that has been deleted. */
    forget(id) {
      state.runs = state.runs.filter((run) => run.id !== id);
      if (state.newer?.id === id) state.newer = null;
      changed();
    },
    finish: () => api.finish(state.info.id),
    /** Ms for which the connection has been lost, or null where it lives or only blinked. */
    lostFor() {
      if (state.lostSince === null) return null;
      const ms = state.now - state.lostSince;
      return ms >= LOST_AFTER_MS ? ms : null;
    },
  };
}
