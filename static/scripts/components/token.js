/** Asks for the token where the server wants one for what was just tried, and then it is tried again. */

import { html, useEffect, useState } from "../html.js";
import { Dialog } from "./dialog.js";

/** @import { Props } from "../types.js" */

/** @param {Props<"api">} props */
export function TokenDialog({ api }) {
  /** Whom the answer is for: true, it may be tried again. */
  const [asked, setAsked] = useState(/** @type {{ done: (signedIn: boolean) => void } | null} */ (null));
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState(/** @type {string | null} */ (null));
  useEffect(() => {
    api.onUnauthorized(
      (again) =>
        new Promise((done) => {
          setToken("");
          setProblem(again ? "This token is not enough for that." : null);
          setAsked({ done });
        }),
    );
    return () => api.onUnauthorized(null);
  }, [api]);
  if (!asked) return null;
  const close = (signedIn) => {
    setAsked(null);
    asked.done(signedIn);
  };
  async function signIn(event) {
    event.preventDefault();
    setProblem(null);
    try {
      if (await api.signIn(token.trim())) close(true);
      else setProblem("This is not a token of this server.");
    } catch (error) {
      setProblem(error.message);
    }
  }
  return html`<${Dialog} title="This needs the token" onClose=${() => close(false)}>
    <form class="dialog-form" onSubmit=${signIn}>
      <p class="dialog-text">
        The server lets only those in who know its token; to change something, the one for writing. It stays
        in this browser.
      </p>
      <label class="field"
        >Token
        <input
          type="password"
          class="input"
          autocomplete="current-password"
          value=${token}
          onInput=${(event) => setToken(event.target.value)}
        />
      </label>
      ${problem && html`<p class="bad" role="alert">${problem}</p>`}
      <p class="dialog-actions">
        <button type="button" class="button" onClick=${() => close(false)}>Cancel</button>
        <button type="submit" class="button button-primary" disabled=${token.trim() === ""}>Go on</button>
      </p>
    </form>
  <//>`;
}
