/**
 * Lays the pages out as they are served: `node build.mjs [OUTDIR]`, after `npm ci`.
 *
 * esbuild bundles what a page names. Files are called by a hash of their content, so that a browser may keep
 * them for ever, and lie there compressed, too. The report becomes one file.
 */

import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const HERE = dirname(fileURLToPath(import.meta.url));

/** Scripts, style sheets and pictures that a page names. */
const NAMED = /\b(?:src|href)="([^"]+\.(?:js|css|svg))"/g;

/** A page's text, and `{path, text}` of every file that it names, bundled; all from one run of esbuild. */
async function bundled(name) {
  const page = await readFile(join(HERE, name), "utf8");
  const paths = [...page.matchAll(NAMED)].map(([, path]) => path);
  const { outputFiles, metafile } = await build({
    absWorkingDir: HERE,
    entryPoints: paths,
    bundle: true,
    minify: true,
    format: "esm",
    loader: { ".svg": "copy" },
    outbase: HERE,
    outdir: HERE,
    write: false,
    metafile: true,
  });
  const outputs = new Map(outputFiles.map((file) => [file.path, file.text]));
  const files = Object.entries(metafile.outputs).map(([output, { entryPoint }]) => ({
    path: entryPoint ?? output,
    text: outputs.get(join(HERE, output)),
  }));
  return { page, files };
}

async function buildPages(out) {
  const { page, files } = await bundled("index.html");
  const names = new Map();
  for (const { path, text } of files) {
    names.set(path, hashed(path, text));
    await writeServed(join(out, names.get(path)), text);
  }
  const named = page.replace(NAMED, (attribute, path) => attribute.replace(path, names.get(path)));
  await writeServed(join(out, "index.html"), named);
}

/** One file: style and script inline, allowed by their hashes and nothing else allowed. */
async function buildReport(out) {
  const { page, files } = await bundled("report.html");
  const [style, script] = [".css", ".js"].map((end) => files.find(({ path }) => path.endsWith(end)).text);
  const policy = [
    "default-src 'none'",
    `script-src '${sri(script)}'`,
    `style-src '${sri(style)}'`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  // As functions: `$&` in the code is code.
  const whole = page
    .replace("<!--loadgate:csp-->", () => `<meta http-equiv="Content-Security-Policy" content="${policy}" />`)
    .replace(/<link rel="stylesheet"[^>]+>/, () => `<style>${style}</style>`)
    .replace(
      /<script type="module" src="[^"]+"><\/script>/,
      () => `<script type="module">${script}</script>`,
    );
  await write(join(out, "report.html"), whole);
}

function hashed(path, text) {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 10);
  return path.replace(/(\.\w+)$/, `.${hash}$1`);
}

function sri(text) {
  return "sha256-" + createHash("sha256").update(text).digest("base64");
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

const out = resolve(process.argv[2] ?? join(HERE, "../target/static"));
await rm(join(out, "ui"), { recursive: true, force: true });
await buildPages(join(out, "ui"));
await buildReport(out);
