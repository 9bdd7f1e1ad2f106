import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    rules: {
      eqeqeq: "error",
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "Names from a test are text, never markup." },
        { property: "outerHTML", message: "Names from a test are text, never markup." },
      ],
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  { files: ["scripts/**/*.js"], languageOptions: { globals: globals.browser } },
  { files: ["*.mjs", "*.js", "tests/**/*.mjs"], languageOptions: { globals: globals.node } },
  {
    // The chart library has one door.
    files: ["scripts/**/*.js"],
    ignores: ["scripts/charts/chart.js"],
    rules: { "no-restricted-imports": ["error", { paths: ["uplot"] }] },
  },
];
