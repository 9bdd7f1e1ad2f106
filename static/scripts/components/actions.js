/** What one can do with a run: compare and share it; and the theme. */

import { html, useEffect, useRef, useState } from "../html.js";
import { tabOfView } from "../model/panels.js";
import { hrefOf } from "../router.js";
import { cycleTheme, themeName } from "../theme.js";
import { onPlainClick } from "./link.js";

/** @import { Props } from "../types.js" */

const COPIED_MS = 2000;

/** @param {Props<"run" | "route" | "navigate">} props */
export function CompareLink({ run, route, navigate }) {
  const change = { tab: tabOfView(run, "compare") };
  return html`<a class="button" href=${hrefOf(route, change)} onClick=${onPlainClick(() => navigate(change))}
    >Compare</a
  >`;
}

/** Copies the page's whole address; where that is forbidden, shows it to be copied by hand. */
export function Share() {
  const [outcome, setOutcome] = useState(null);
  const box = useRef(null);
  const field = useRef(null);
  async function share() {
    try {
      await navigator.clipboard.writeText(location.href);
      setOutcome("copied");
      setTimeout(() => setOutcome((now) => (now === "copied" ? null : now)), COPIED_MS);
    } catch {
      setOutcome("by hand");
    }
  }
  useEffect(() => {
    if (outcome !== "by hand") return undefined;
    field.current.select();
    const leave = (event) => {
      const escape = event.type === "keydown" && event.key === "Escape";
      const outside = event.type === "pointerdown" && !box.current.contains(event.target);
      if (escape) box.current.querySelector("button").focus();
      if (escape || outside) setOutcome(null);
    };
    addEventListener("keydown", leave);
    addEventListener("pointerdown", leave);
    return () => {
      removeEventListener("keydown", leave);
      removeEventListener("pointerdown", leave);
    };
  }, [outcome]);
  return html`<span class="popover" ref=${box}>
    <button type="button" class="button share-button" onClick=${share} title="Copies this page's address">
      ${outcome === "copied" ? "Copied" : "Share"}
    </button>
    <span class="unseen" role="status">${outcome === "copied" ? "The address is copied." : ""}</span>
    ${
      outcome === "by hand" &&
      html`<div class="menu menu-right ask">
        <label for="share-address">The address of what you see:</label>
        <input id="share-address" class="filter" ref=${field} readonly value=${location.href} />
      </div>`
    }
  </span>`;
}

const THEME_SIGNS = { auto: "◐", light: "☀", dark: "☾" };

export function ThemeButton() {
  const [name, setName] = useState(themeName());
  const label = `Theme: ${name}`;
  return html`<button
    type="button"
    class="button button-icon"
    aria-label=${label}
    title=${label}
    onClick=${() => setName(cycleTheme())}
  >
    <span aria-hidden="true">${THEME_SIGNS[name]}</span>
  </button>`;
}
