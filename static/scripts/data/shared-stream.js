/** Following runs through the worker that all tabs share; by streams of the page's own where there is none. */

import { openStream } from "./stream.js";

/** A page says so often that it is there. */
const ALIVE_MS = 20_000;

/**
 * What follows streams: as `openStream`, of which there is one for all tabs. `address` is the worker's script; without
 * it, or where the browser knows no such workers, every follower has a stream of its own.
 *
 * @param {string | null | undefined} address
 * @returns {typeof openStream}
 */
export function sharedStreams(address) {
  if (!address || typeof SharedWorker === "undefined") return openStream;
  /** @type {MessagePort | null} */
  let port = null;
  let broken = false;
  let count = 0;
  /** @type {Map<number, { url: string, on: any, newest: number, own: { close(): void } | null }>} */
  const followed = new Map();

  function connect() {
    try {
      const worker = new SharedWorker(address ?? "", { name: "loadgate-streams", type: "module" });
      worker.onerror = fallBack;
      port = worker.port;
    } catch {
      // A policy can forbid workers.
      fallBack();
      return;
    }
    port.onmessage = ({ data }) => {
      if (data.forgotten) followAgain();
      else take(data);
    };
    addEventListener("visibilitychange", () => isSeen() && port?.postMessage({ visible: true }));
    setInterval(() => port?.postMessage({ alive: true }), ALIVE_MS);
    addEventListener("pagehide", () => port?.postMessage({ leave: true, bye: true }));
    // Back from the browser's memory: the worker has forgotten this page, and says so.
    addEventListener("pageshow", ({ persisted }) => persisted && port?.postMessage({ alive: true }));
  }

  function take({ id, open, lost, events }) {
    const follower = followed.get(id);
    if (!follower) return;
    if (open) follower.on.open();
    if (lost) follower.on.lost();
    if (!events) return;
    for (const [, , number] of events)
      if (number !== null) follower.newest = Math.max(follower.newest, number);
    follower.on.events(events);
  }

  function followAgain() {
    const visible = isSeen();
    for (const [id, { url, newest }] of followed)
      port?.postMessage({ id, follow: url, after: newest, visible });
  }

  function fallBack() {
    broken = true;
    port = null;
    for (const follower of followed.values()) {
      follower.own ??= openStream(follower.url, follower.on, follower.newest);
    }
  }

  return (url, on, after = -1) => {
    if (!port && !broken) connect();
    if (broken) return openStream(url, on, after);
    const id = (count += 1);
    followed.set(id, { url, on, newest: after, own: null });
    port?.postMessage({ id, follow: url, after, visible: isSeen() });
    return {
      close() {
        followed.get(id)?.own?.close();
        followed.delete(id);
        port?.postMessage({ id, leave: true });
      },
    };
  };
}

const isSeen = () => document.visibilityState === "visible";
