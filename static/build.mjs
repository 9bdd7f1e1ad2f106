/**
 * Lays the pages out as they are served: `node build.mjs [OUTDIR]`, after `npm ci`.
 *
 * No bundler. Modules stay modules; their imports, and the pages' links, are rewritten to names that
 * hold a hash of the content, so that a browser may keep them for ever. The report becomes one file.
 */

import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, posix, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { importsOf, link } from "./link.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));

/** What packages are called where they are served. uPlot's minified build is a script: it gets an export. */
const VENDOR = {
  "vendor/preact.js": { file: "preact/dist/preact.mjs" },
  "vendor/preact-hooks.js": { file: "preact/hooks/dist/hooks.mjs" },
  "vendor/htm.js": { file: "htm/dist/htm.mjs" },
  "vendor/uplot.js": { file: "uplot/dist/uPlot.iife.min.js", tail: "\nexport default uPlot;\n" },
  "vendor/uplot.css": { file: "uplot/dist/uPlot.min.css" },
};
const BARE = {
  preact: "vendor/preact.js",
  "preact/hooks": "vendor/preact-hooks.js",
  htm: "vendor/htm.js",
  uplot: "vendor/uplot.js",
};

/** Data that modules import: served as a module, for not every browser takes JSON for one. */
const DATA = {
  "../documents/src/dashboard/default.json": "data/dashboard.js",
  "../documents/src/metric/aggregates.json": "data/aggregates.js",
  "../report/src/codes.json": "data/codes.js",
};

async function source(path) {
  const data = Object.keys(DATA).find((file) => DATA[file] === path);
  if (data) {
    const value = JSON.parse(await readFile(join(HERE, data), "utf8"));
    return `/** ${posix.basename(data)}, as the server has it. */\nexport default ${JSON.stringify(value)};\n`;
  }
  const vendor = VENDOR[path];
  if (!vendor) return readFile(join(HERE, path), "utf8");
  const text = await readFile(join(HERE, "node_modules", vendor.file), "utf8");
  // Maps are not served.
  return text.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "\n") + (vendor.tail ?? "");
}

/** The path that `specifier` means in the module at `path`. */
function resolveImport(specifier, path) {
  if (specifier.startsWith(".")) {
    const file = posix.join(posix.dirname(path), specifier);
    return DATA[file] ?? file;
  }
  const known = BARE[specifier];
  if (!known) throw new Error(`${path} imports ${specifier}, which is not among the packages served`);
  return known;
}

function relative(from, to) {
  const path = posix.relative(posix.dirname(from), to);
  return path.startsWith(".") ? path : "./" + path;
}

function hashed(path, text) {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 10);
  return path.replace(/(\.\w+)$/, `.${hash}$1`);
}

/** Writes assets under hashed names, what they import first, and remembers the names. */
function assets(out) {
  const done = new Map();
  async function emit(path, waiting = []) {
    if (waiting.includes(path)) throw new Error(`circular import: ${[...waiting, path].join(" → ")}`);
    if (!done.has(path)) {
      let text = await source(path);
      if (path.endsWith(".js")) text = await rewritten(path, text, [...waiting, path]);
      const name = hashed(path, text);
      await writeServed(join(out, name), text);
      done.set(path, name);
    }
    return done.get(path);
  }
  async function rewritten(path, text, waiting) {
    // From the end, so that places in the text stay right.
    for (const { specifier, start, end } of importsOf(text).reverse()) {
      const name = await emit(resolveImport(specifier, path), waiting);
      text = text.slice(0, start) + JSON.stringify(relative(path, name)) + text.slice(end);
    }
    return text;
  }
  return { emit, names: () => [...done.values()] };
}

/** Beside each file that is served, the same compressed: the component has only to choose. */
async function writeServed(path, text) {
  await write(path, text);
  await write(path + ".gz", gzipSync(text, { level: 9 }));
}

async function write(path, text) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** A page without its stylesheets, and their text as one. */
async function joinStyles(page) {
  let text = "";
  for (const [tag, path] of page.matchAll(/ *<link rel="stylesheet" href="([^"]+)" \/>\n/g)) {
    text += await source(path);
    page = page.replace(tag, "");
  }
  return { page, text };
}

async function buildPages(out) {
  const { emit, names } = assets(join(out, "ui"));
  let page = await readFile(join(HERE, "index.html"), "utf8");
  const styles = await joinStyles(page);
  page = styles.page;
  const sheet = hashed("styles/app.css", styles.text);
  await writeServed(join(out, "ui", sheet), styles.text);
  page = page.replace("</title>\n", `</title>\n    <link rel="stylesheet" href="${sheet}" />\n`);
  for (const [, attribute, path] of [...page.matchAll(/\b(src|href)="([^"]+\.(?:js|svg))"/g)]) {
    page = page.replace(`${attribute}="${path}"`, `${attribute}="${await emit(path)}"`);
  }
  // Modules import each other: told at once, they are fetched at once.
  const preloads = names()
    .filter((name) => /^(scripts|vendor|data)\//.test(name))
    .filter((name) => name.endsWith(".js") && !page.includes(name))
    .map((name) => `    <link rel="modulepreload" href="${name}" />\n`);
  page = page.replace("  </head>", () => preloads.join("") + "  </head>");
  await writeServed(join(out, "ui/index.html"), page);
}

/** One file: styles and one script inline, allowed by their hashes and nothing else allowed. */
async function buildReport(out) {
  const joined = await joinStyles(await readFile(join(HERE, "report.html"), "utf8"));
  const styles = joined.text;
  let { page } = joined;
  const script = await link("scripts/report.js", source, resolveImport);
  // These would end the element early, wherever they stand.
  if (/<\/(script|style)/i.test(script + styles)) throw new Error("the report's code holds an end tag");
  const policy = [
    "default-src 'none'",
    `script-src '${sri(script)}'`,
    `style-src '${sri(styles)}'`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  // As functions: `$&` in the code is code.
  page = page
    .replace("<!--loadgate:csp-->", () => `<meta http-equiv="Content-Security-Policy" content="${policy}" />`)
    .replace("</title>\n", () => `</title>\n    <style>${styles}</style>\n`)
    .replace(
      /<script type="module" src="[^"]+"><\/script>/,
      () => `<script type="module">${script}</script>`,
    );
  await write(join(out, "report.html"), page);
}

function sri(text) {
  return "sha256-" + createHash("sha256").update(text).digest("base64");
}

const out = resolve(process.argv[2] ?? join(HERE, "../target/static"));
await rm(join(out, "ui"), { recursive: true, force: true });
await buildPages(out);
await buildReport(out);
