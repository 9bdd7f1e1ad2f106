/**
 * What is drawn by width and with colours has to be drawn anew for paper, which is narrower than the
 * screen, and light.
 */

/** Two charts stand side by side. */
export const PAPER_WIDTH = 310;

let printing = false;

export const onPaper = () => printing;

function turn(on) {
  printing = on;
  document.documentElement.style.colorScheme = on ? "light" : "";
}

// Listeners of what is drawn are younger than these: their turn comes when all is set.
globalThis.addEventListener?.("beforeprint", () => turn(true));
globalThis.addEventListener?.("afterprint", () => turn(false));

/** Calls `draw` before and after printing; the answer ends that. */
export function redrawForPaper(draw) {
  addEventListener("beforeprint", draw);
  addEventListener("afterprint", draw);
  return () => {
    removeEventListener("beforeprint", draw);
    removeEventListener("afterprint", draw);
  };
}
