/** A finger on a chart: sideways it selects a part of the run, up and down it scrolls the page as everywhere. */

/** Less is a tap, in pixels. */
const LEAST = 12;

/**
 * The library knows the mouse alone. Returns what ends it.
 *
 * @param {any} plot
 * @param {(from: number, to: number) => void} select draws a selection, in pixels of the plot
 * @param {(from: number, to: number) => void} choose takes it, in seconds
 */
export function selectByTouch(plot, select, choose) {
  const { over } = plot;
  /** @type {{ id: number, from: number } | null} */
  let finger = null;
  over.style.touchAction = "pan-y pinch-zoom";

  const placeOf = (event) => {
    const box = over.getBoundingClientRect();
    return Math.min(box.width, Math.max(0, event.clientX - box.left));
  };

  function down(event) {
    if (event.pointerType !== "touch" || !event.isPrimary) return;
    finger = { id: event.pointerId, from: placeOf(event) };
    over.setPointerCapture(event.pointerId);
  }

  function move(event) {
    if (finger === null || finger.id !== event.pointerId) return;
    const at = placeOf(event);
    plot.setCursor({ left: at, top: 0 }, true, true);
    select(finger.from, at);
  }

  /** The browser takes the finger for scrolling. */
  function cancel(event) {
    if (finger === null || finger.id !== event.pointerId) return;
    finger = null;
    select(0, 0);
  }

  function up(event) {
    if (finger === null || finger.id !== event.pointerId) return;
    const [from, to] = [finger.from, placeOf(event)].sort((a, b) => a - b);
    cancel(event);
    if (to - from < LEAST) return;
    choose(Math.max(0, plot.posToVal(from, "x")), plot.posToVal(to, "x"));
  }

  const listeners = { pointerdown: down, pointermove: move, pointerup: up, pointercancel: cancel };
  for (const [name, listener] of Object.entries(listeners)) over.addEventListener(name, listener);
  return () => {
    for (const [name, listener] of Object.entries(listeners)) over.removeEventListener(name, listener);
  };
}
