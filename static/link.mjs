/**
 * Joins modules into one script, for the report alone: a file opened from disk cannot import others.
 *
 * Each module becomes a function that fills an object of its exports; order is that of imports. It
 * knows the forms of import and export that the pages and their packages use, and refuses others.
 */

import { parse } from "acorn";

const OPTIONS = { ecmaVersion: "latest", sourceType: "module" };

/**
 * Where a module's import specifiers stand: `{specifier, start, end}`, quotes included, in order. What
 * an import says of its type (`with { type: "json" }`) belongs to it: it is a module when it is served.
 */
export function importsOf(text) {
  return parse(text, OPTIONS)
    .body.filter((node) => node.source)
    .map((node) => ({
      specifier: node.source.value,
      start: node.source.start,
      end: node.attributes?.length ? node.end - (text[node.end - 1] === ";" ? 1 : 0) : node.source.end,
    }));
}

/** One script of the module at `entry` and all that it needs. `source(path)`, `resolveImport(specifier, path)`. */
export async function link(entry, source, resolveImport) {
  const numbers = new Map();
  const parts = [];
  async function add(path) {
    if (numbers.has(path)) return;
    const text = await source(path);
    const needs = importsOf(text).map(({ specifier }) => resolveImport(specifier, path));
    for (const need of needs) await add(need);
    numbers.set(path, numbers.size);
    const body = unwrap(text, path, (specifier) => `m${numbers.get(resolveImport(specifier, path))}`);
    parts.push(`const m${numbers.get(path)} = {};\n((exports) => {\n${body}\n})(m${numbers.get(path)});\n`);
  }
  await add(entry);
  return parts.join("");
}

/** The module's text with imports read from, and exports written to, plain objects. */
function unwrap(text, path, nameOf) {
  let result = "";
  let from = 0;
  const exported = [];
  for (const node of parse(text, OPTIONS).body) {
    const replacement = replace(node, text, path, nameOf, exported);
    if (replacement === null) continue;
    result += text.slice(from, node.start) + replacement;
    from = node.end;
  }
  // Getters: an export may be declared anywhere, and change later.
  const getters = exported.map(([name, local]) => `get ${name}() { return ${local}; }`);
  return `${getters.length ? `Object.defineProperties(exports, Object.getOwnPropertyDescriptors({ ${getters.join(", ")} }));\n` : ""}${result}${text.slice(from)}`;
}

function replace(node, text, path, nameOf, exported) {
  switch (node.type) {
    case "ImportDeclaration":
      return node.specifiers
        .map((s) => {
          if (s.type === "ImportNamespaceSpecifier")
            return `const ${s.local.name} = ${nameOf(node.source.value)};`;
          const name = s.type === "ImportDefaultSpecifier" ? "default" : s.imported.name;
          return `const { ${name}: ${s.local.name} } = ${nameOf(node.source.value)};`;
        })
        .join(" ");
    case "ExportDefaultDeclaration":
      if (node.declaration.type === "Identifier") {
        exported.push(["default", node.declaration.name]);
        return "";
      }
      exported.push(["default", "exportedDefault"]);
      return `const exportedDefault = ${text.slice(node.declaration.start, node.declaration.end)};`;
    case "ExportNamedDeclaration":
      if (node.source) {
        for (const s of node.specifiers)
          exported.push([s.exported.name, `${nameOf(node.source.value)}.${s.local.name}`]);
        return "";
      }
      for (const s of node.specifiers) exported.push([s.exported.name, s.local.name]);
      if (!node.declaration) return "";
      for (const name of declared(node.declaration, path)) exported.push([name, name]);
      return text.slice(node.declaration.start, node.declaration.end);
    case "ExportAllDeclaration":
      throw new Error(`${path}: "export *" is not linked`);
    default:
      return null;
  }
}

function declared(declaration, path) {
  if (declaration.id) return [declaration.id.name];
  return declaration.declarations.map(({ id }) => {
    if (id.type !== "Identifier") throw new Error(`${path}: an exported pattern is not linked`);
    return id.name;
  });
}
