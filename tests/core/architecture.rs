//! `docs/architecture.md` held against the code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The modules of the core, each with those that it names.
fn uses() -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in sources(&root) {
        let place = path.strip_prefix(&root).expect("below it");
        let whole = place.to_string_lossy();
        if whole == "lib.rs" || ["tests", "testing", "simulation"].iter().any(|part| whole.contains(part)) {
            continue;
        }
        let module = whole.split(['/', '.']).next().expect("a name").to_owned();
        let text = fs::read_to_string(&path).expect("a file");
        let code = text.split("#[cfg(test)]\nmod tests {").next().expect("the beginning");
        let own = found.entry(module.clone()).or_default();
        for line in code.lines().map(|line| line.split("//").next().unwrap_or_default()) {
            for after in line.split("crate::").skip(1) {
                let named: String = after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if root.join(&named).is_dir() || root.join(format!("{named}.rs")).is_file() {
                    own.insert(named);
                }
            }
        }
        own.remove(&module);
    }
    found
}

/// What the table says.
fn told() -> BTreeMap<String, BTreeSet<String>> {
    let manual = include_str!("../../docs/architecture.md");
    let table = manual.split("| Module | Uses |").nth(1).expect("the table");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let mut names = row.split('`').skip(1).step_by(2).map(str::to_owned);
        (names.next().expect("a module"), names.collect())
    })
    .collect()
}

#[test]
fn modules_use_those_that_the_manual_says() {
    assert_eq!(uses(), told());
}

#[test]
fn no_two_modules_use_each_other_by_whatever_way() {
    let uses = uses();
    let mut left: BTreeSet<&String> = uses.keys().collect();
    while !left.is_empty() {
        let free = left.iter().copied().find(|module| uses[*module].iter().all(|used| !left.contains(used)));
        let free = free.unwrap_or_else(|| panic!("a circle among {left:?}"));
        left.remove(free);
    }
}
