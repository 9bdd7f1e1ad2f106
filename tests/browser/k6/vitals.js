/** A page in k6's own browser: `SERVER=host:port`. */

import { browser } from "k6/browser";

export const options = {
  scenarios: {
    page: {
      executor: "shared-iterations",
      vus: 1,
      iterations: 3,
      options: { browser: { type: "chromium" } },
    },
  },
};

export default async function () {
  const page = await browser.newPage();
  await page.goto(`http://${__ENV.SERVER}/`);
  await page.locator("button").click();
  await page.waitForTimeout(300);
  await page.close();
}
