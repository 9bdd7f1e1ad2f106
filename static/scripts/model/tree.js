/** Rows whose keys are paths (`::cart::pay`) as a tree. Pure. */

/**
 * The rows as they stand below each other, each with its depth and whether there is something in it. Siblings keep the
 * order of `rows`; what is in a row of `closed` is left out. A row whose parent is missing stands below the next
 * that is there.
 *
 * @template {{ key: string[] }} Row
 * @param {Row[]} rows
 * @param {ReadonlySet<string>} closed
 * @returns {{ row: Row, depth: number, inner: boolean }[]}
 */
export function treeOf(rows, closed) {
  const known = new Set(rows.map((row) => row.key[0]));
  /** @type {Map<string | null, Row[]>} */
  const within = new Map();
  for (const row of rows) {
    const parent = parentOf(row.key[0], known);
    const siblings = within.get(parent) ?? [];
    siblings.push(row);
    within.set(parent, siblings);
  }
  const flat = [];
  const add = (parent, depth) => {
    for (const row of within.get(parent) ?? []) {
      const path = row.key[0];
      flat.push({ row, depth, inner: within.has(path) });
      if (!closed.has(path)) add(path, depth + 1);
    }
  };
  add(null, 0);
  return flat;
}

/** @param {ReadonlySet<string>} known */
function parentOf(path, known) {
  for (let at = path.lastIndexOf("::"); at > 0; at = path.lastIndexOf("::", at - 1)) {
    const parent = path.slice(0, at);
    if (known.has(parent)) return parent;
  }
  return null;
}
