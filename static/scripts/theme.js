/** Light, dark, or as the system says. `theme-early.js` applies the choice before the first paint. */

const KEY = "loadgate-theme";
const NAMES = ["auto", "light", "dark"];

export function themeName() {
  const name = document.documentElement.dataset.theme ?? "";
  return NAMES.includes(name) ? name : "auto";
}

/** Goes to the next theme and says which. */
export function cycleTheme() {
  const name = NAMES[(NAMES.indexOf(themeName()) + 1) % NAMES.length];
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // Storage can be forbidden; the choice then lasts as long as the page.
  }
  dispatchEvent(new Event("themechange"));
  return name;
}
