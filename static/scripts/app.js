/** The app: binds the session, the address and the views. Data goes down, events come up. */

import { useGate } from "./data/gate.js";
import { Findings } from "./components/findings.js";
import { Frame } from "./components/frame.js";
import { Notices } from "./components/notices.js";
import { useTabSign } from "./components/tab-sign.js";
import { TokenDialog } from "./components/token.js";
import { snap } from "./model/part.js";
import { Look } from "./data/page-state.js";
import { usePart } from "./data/part.js";
import { html, useCallback, useEffect, useMemo, useRef, useState } from "./html.js";
import { Checks } from "./views/checks.js";
import { Compare } from "./views/compare.js";
import { Empty, Missing, Unreachable } from "./views/empty.js";
import { Errors } from "./views/errors.js";
import { Panels } from "./views/panels.js";
import { Requests } from "./views/requests.js";
import { Runs } from "./views/runs.js";
import { Tests } from "./views/tests.js";
import { Summary } from "./views/summary.js";
import { Verdict } from "./views/verdict.js";
import { tabOf, tabsOf } from "./model/panels.js";
import { changeRoute, formatRoute, parseRoute, TESTS } from "./router.js";

/** @import { Props } from "./types.js" */

/** The views that a tab can name. Every one gets `ViewProps`. */
const VIEWS = {
  requests: Requests,
  errors: Errors,
  checks: Checks,
  summary: Summary,
  verdict: Verdict,
  runs: Runs,
  compare: Compare,
};

const FOLLOW_KEY = "loadgate-follow";
const SHOWN_KEY = "loadgate-shown";

/** @param {Props<"api" | "session">} props */
export function App({ api, session }) {
  const [, redraw] = useState(0);
  const [route, setRoute] = useState(() => parseRoute(location.search));
  const [following, setFollowing] = useState(() => stored(FOLLOW_KEY) === "yes");
  const [remembered, setRemembered] = useState(() => parseShown(stored(SHOWN_KEY)));
  const { state } = session;
  const tab = tabOf(state.run, route.tab);
  const gate = useGate(api, session);
  const View = VIEWS[tab.view] ?? Panels;
  const chosen = usePart(api, state.run, route.zoom);
  const { zoom } = chosen;
  const drawn = useMemo(() => ({ ...route, zoom }), [route, zoom]);

  /** The route of the newest rendering, or of what was navigated to since. */
  const latest = useRef(route);
  latest.current = route;

  /** `replace` is for what changes letter by letter: it makes no new entry to go back to. */
  const navigate = useCallback(
    (change, { replace = false } = {}) => {
      const { run } = session.state;
      // Figures are kept of whole windows.
      const fitted = change.zoom && run ? { ...change, zoom: snap(run, change.zoom) } : change;
      const next = changeRoute(latest.current, fitted);
      if (formatRoute(next) !== formatRoute(latest.current)) {
        history[replace ? "replaceState" : "pushState"](null, "", formatRoute(next));
      }
      latest.current = next;
      setRoute(next);
    },
    [session],
  );

  useEffect(() => session.subscribe(() => redraw((n) => n + 1)), [session]);

  useEffect(() => {
    const back = () => setRoute(parseRoute(location.search));
    addEventListener("popstate", back);
    return () => removeEventListener("popstate", back);
  }, []);

  useEffect(() => {
    if (route.page) return undefined;
    const timer = setInterval(() => session.tick(route), 1000);
    return () => clearInterval(timer);
  }, [session, route]);

  // The address leads; without a run in it, the session's choice is written there.
  const { run: named, page } = route;
  useEffect(() => {
    if (page) return;
    const { phase, info } = session.state;
    if (phase === "loading") session.load(latest.current);
    else if (named && named !== info?.id) session.show(named);
    else if (!named && phase === "missing") session.load(latest.current);
  }, [session, named, page]);
  const shownRun = state.phase === "run" ? state.info.id : null;
  useEffect(() => {
    if (shownRun && !route.run && !route.page) {
      const next = { ...route, run: shownRun };
      history.replaceState(null, "", formatRoute(next));
      setRoute(next);
    }
  }, [shownRun, route]);

  const { newer } = state;
  useEffect(() => {
    if (following && newer && !page) navigate({ run: newer.id });
  }, [following, newer, page, navigate]);

  useTabSign(session, gate, page === TESTS ? "Tests" : null);

  /** The address leads, what was chosen last is the rest: so a link shows what its sender saw. */
  const choose = useCallback(
    (shown) => {
      store(SHOWN_KEY, shown ? shown.join(".") : "");
      setRemembered(shown);
      navigate({ shown });
    },
    [navigate],
  );

  /** What only looks otherwise makes no entry to go back to. */
  const change = useCallback(
    (key, value) => {
      const look = { ...latest.current.look };
      if (value === null) delete look[key];
      else look[key] = value;
      navigate({ look }, { replace: true });
    },
    [navigate],
  );
  const looks = JSON.stringify(route.look);
  const arranged = useMemo(() => ({ look: JSON.parse(looks), change }), [looks, change]);

  function follow(always) {
    store(FOLLOW_KEY, always ? "yes" : "no");
    setFollowing(always);
  }

  // A page of its own stands instead of whatever is known of a run.
  const phase = page ? null : state.phase;

  return html`<${Frame}
    session=${session}
    api=${api}
    gate=${gate}
    tab=${tab}
    chosen=${chosen}
    route=${route}
    navigate=${navigate}
  >
    <${TokenDialog} api=${api} />
    ${
      page === TESTS &&
      html`<${Look.Provider} value=${arranged}
        ><${Tests} api=${api} route=${route} navigate=${navigate}
      /><//>`
    }
    ${phase === "empty" && html`<${Empty} api=${api} test=${route.test} />`}
    ${phase === "missing" && html`<${Missing} id=${state.info.id} />`}
    ${phase === "unreachable" && html`<${Unreachable} problem=${state.problem} />`}
    ${
      phase === "run" &&
      html`<h1 class="unseen">Run ${state.info.id}</h1>
        <${Notices}
          session=${session}
          api=${api}
          navigate=${navigate}
          following=${following}
          setFollowing=${follow}
        />
        ${
          tab === tabsOf(state.run)[0] &&
          html`<${Findings} api=${api} session=${session} route=${route} navigate=${navigate} />`
        }
        <div
          class=${`figures${chosen.awaited ? " figures-former" : ""}`}
          aria-busy=${chosen.awaited !== null}
        >
          <${Look.Provider} value=${arranged}
            ><${View}
              key=${tab.id}
              tab=${tab}
              chosen=${route.shown ?? remembered}
              choose=${choose}
              run=${chosen.shown}
              session=${session}
              api=${api}
              gate=${gate}
              route=${drawn}
              navigate=${navigate}
          /><//>
        </div>`
    }
  <//>`;
}

function parseShown(text) {
  return parseRoute("?" + new URLSearchParams({ shown: text ?? "" })).shown;
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
