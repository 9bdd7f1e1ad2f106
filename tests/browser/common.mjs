/** A Chromium, and pages that keep a list of everything that goes wrong in them. */

import { chromium } from "playwright-core";

/** Longer than a window and the server's patience take, also on a busy machine. */
export const PATIENCE = 60_000;
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

export function launch() {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
}

/** A page, and what it should not have said: errors, breaches of its policy, requests elsewhere. */
export async function open(browser, url, options = {}) {
  const page = await browser.newPage({
    viewport: { width: 1280, height: 900 },
    ...options,
  });
  page.setDefaultTimeout(PATIENCE);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // Violations of the Content-Security-Policy come here, too.
    if (message.type() === "error")
      complaints.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (
      !request.url().startsWith(url) &&
      !/^(data|blob):/.test(request.url())
    ) {
      complaints.push(`asks elsewhere: ${request.url()}`);
    }
  });
  return { page, complaints };
}
