/** What a browser's tab says of a run while it is not in view: its title and its picture. */

import { useEffect } from "../html.js";
import { chipOf } from "../model/gate.js";
import { SIGNS, thresholdsKnown, verdict } from "../model/thresholds.js";

/** @import { Gate, Session, State } from "../types.js" */

/** The pages' colours; a picture knows nothing of custom properties. Both are legible on light and on dark. */
const COLORS = { good: "#0a9a5f", warning: "#c98a00", bad: "#dc3d44" };

/**
 * The run's state in a sign and words: the verdict, else its thresholds; null where neither says anything.
 *
 * @param {Session} session
 * @param {Gate} gate
 * @returns {{ state: State, text: string } | null}
 */
export function signOf(session, gate) {
  const { phase, run } = session.state;
  if (phase !== "run" || !run) return null;
  if (gate.verdict && gate.verdict.state !== "info") return chipOf(gate.verdict);
  if (run.thresholds.length === 0) return null;
  return /** @type {{ state: State, text: string }} */ (verdict(run.thresholds, thresholdsKnown(run)));
}

/** The title of the page: `✗ fail · shop.12 · live · Loadgate`. */
export function titleOf({ id, sign, live }) {
  if (!id) return "Loadgate";
  return [sign && `${SIGNS[sign.state]} ${sign.text}`, id, live && "live", "Loadgate"]
    .filter(Boolean)
    .join(" · ");
}

/** The picture with a dot in the colour of what it says; null: as the page came. */
export function pictureOf(sign) {
  const color = COLORS[sign?.state];
  if (!color) return null;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#2563d9"/>` +
    `<path d="M7 22l6-9 5 6 7-10" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/>` +
    `<circle cx="23" cy="23" r="9" fill="#fff"/><circle cx="23" cy="23" r="7.5" fill="${color}"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

/**
 * Keeps the tab's title and picture by what is known; `page` is the title of one that is of no run.
 *
 * @param {Session} session
 * @param {Gate} gate
 * @param {string | null} page
 */
export function useTabSign(session, gate, page) {
  const id = session.state.info?.id;
  const sign = page ? null : signOf(session, gate);
  const title = page ? `${page} · Loadgate` : titleOf({ id, sign, live: session.isLive() });
  const picture = pictureOf(sign);
  useEffect(() => {
    document.title = title;
  }, [title]);
  useEffect(() => {
    /** @type {HTMLLinkElement | null} */
    const link = document.querySelector('link[rel="icon"]');
    if (!link) return;
    link.dataset.own ??= link.getAttribute("href") ?? "";
    link.href = picture ?? link.dataset.own;
  }, [picture]);
}
