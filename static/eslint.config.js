import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
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
    // Preact's hooks have React's rules.
    files: ["scripts/**/*.js"],
    plugins: { "react-hooks": reactHooks },
    rules: { "react-hooks/rules-of-hooks": "error", "react-hooks/exhaustive-deps": "error" },
  },
  {
    // The chart library has one door.
    files: ["scripts/**/*.js"],
    ignores: ["scripts/charts/chart.js"],
    rules: { "no-restricted-imports": ["error", { paths: ["uplot"] }] },
  },
];
