/** The app: binds the session, the address and the views. Data goes down, wishes come up. */

import { Frame } from "./components/frame.js";
import { Notices } from "./components/notices.js";
import { html, useEffect, useState } from "./html.js";
import { Checks } from "./views/checks.js";
import { Compare } from "./views/compare.js";
import { Empty, Unreachable } from "./views/empty.js";
import { Errors } from "./views/errors.js";
import { Overview } from "./views/overview.js";
import { Requests } from "./views/requests.js";
import { Runs } from "./views/runs.js";
import { Summary } from "./views/summary.js";
import { Timings } from "./views/timings.js";
import { formatRoute, parseRoute } from "./router.js";

/** Every view gets `{run, session, api, route, navigate}`. */
const BY_TAB = {
  overview: Overview,
  timings: Timings,
  requests: Requests,
  errors: Errors,
  checks: Checks,
  summary: Summary,
  runs: Runs,
  compare: Compare,
};

const FOLLOW_KEY = "loadgate-follow";

export function App({ api, session }) {
  const [, redraw] = useState(0);
  const [route, setRoute] = useState(() => parseRoute(location.search));
  const [following, setFollowing] = useState(() => stored(FOLLOW_KEY) === "yes");
  const { state } = session;

  /** `replace` is for what changes letter by letter: it makes no new entry to go back to. */
  function navigate(change, { replace = false } = {}) {
    const next = { ...route, ...change };
    if (formatRoute(next) !== formatRoute(route)) {
      history[replace ? "replaceState" : "pushState"](null, "", formatRoute(next));
    }
    setRoute(next);
  }

  useEffect(() => session.subscribe(() => redraw((n) => n + 1)), [session]);

  useEffect(() => {
    const back = () => setRoute(parseRoute(location.search));
    addEventListener("popstate", back);
    return () => removeEventListener("popstate", back);
  }, []);

  useEffect(() => {
    const timer = setInterval(() => session.tick(route), 1000);
    return () => clearInterval(timer);
  }, [session, route]);

  // The address leads; without a run in it, the session's choice is written there.
  useEffect(() => {
    if (state.phase === "loading") session.load(route);
    else if (route.run && route.run !== state.info?.id) session.show(route.run);
  }, [route.run]);
  useEffect(() => {
    if (state.info && !route.run) {
      const next = { ...route, run: state.info.id };
      history.replaceState(null, "", formatRoute(next));
      setRoute(next);
    }
  });

  useEffect(() => {
    if (following && state.newer) navigate({ run: state.newer.id, zoom: null });
  }, [following, state.newer]);

  useEffect(() => {
    document.title = state.info ? `${state.info.id} · Loadgate` : "Loadgate";
  }, [state.info?.id]);

  function follow(always) {
    store(FOLLOW_KEY, always ? "yes" : "no");
    setFollowing(always);
  }

  return html`<${Frame} session=${session} api=${api} route=${route} navigate=${navigate}>
    ${state.phase === "empty" && html`<${Empty} api=${api} test=${route.test} />`}
    ${state.phase === "unreachable" && html`<${Unreachable} problem=${state.problem} />`}
    ${
      state.phase === "run" &&
      html`<h1 class="unseen">Run ${state.info.id}</h1>
        <${Notices}
          session=${session}
          api=${api}
          navigate=${navigate}
          following=${following}
          setFollowing=${follow}
        />
        ${
          route.zoom &&
          html`<p class="zoomed">
            Showing a part of the run.
            <button type="button" class="button" onClick=${() => navigate({ zoom: null })}>Show all</button>
          </p>`
        }
        <${BY_TAB[route.tab] ?? Overview}
          run=${state.run}
          session=${session}
          api=${api}
          route=${route}
          navigate=${navigate}
        />`
    }
  <//>`;
}

function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function store(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Storage can be forbidden; the choice then lasts as long as the page.
  }
}
