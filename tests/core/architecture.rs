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

const TESTS: [&str; 4] = ["tests", "testing", "simulation", "fault"];

/// What of a file is no test and no comment.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a file");
    let code = text.split("#[cfg(test)]\nmod tests {").next().expect("the beginning");
    code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The first name of each path that follows `prefix`, braces included.
fn named(code: &str, prefix: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for after in code.split(prefix).skip(1) {
        let Some(group) = after.strip_prefix('{') else {
            found.insert(first_name(after));
            continue;
        };
        let (mut depth, mut begins) = (0, true);
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => begins = true,
                _ if begins && !c.is_whitespace() => {
                    begins = false;
                    found.insert(first_name(&group[at..]));
                }
                _ => {}
            }
        }
    }
    found
}

fn first_name(path: &str) -> String {
    path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The modules below a folder, each with those of its siblings that it names by one of these prefixes.
fn uses(root: &Path, prefixes: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in sources(root) {
        let place = path.strip_prefix(root).expect("below it");
        let whole = place.to_string_lossy();
        let module = first_name(&whole);
        if ["lib.rs", "mod.rs"].contains(&&*whole) || TESTS.iter().any(|part| whole.contains(part)) {
            continue;
        }
        let code = code(&path);
        let own = found.entry(module.clone()).or_default();
        for prefix in prefixes {
            let is_there =
                |name: &String| root.join(name).is_dir() || root.join(format!("{name}.rs")).is_file();
            let siblings = named(&code, prefix).into_iter().filter(is_there);
            own.extend(siblings.filter(|name| *name != module && !TESTS.contains(&name.as_str())));
        }
    }
    found
}

fn core() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
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

fn assert_no_circle(mut uses: BTreeMap<String, BTreeSet<String>>) {
    while !uses.is_empty() {
        let free = uses.iter().find(|(_, used)| used.iter().all(|module| !uses.contains_key(module)));
        let free = free.map(|(module, _)| module.clone());
        let free = free.unwrap_or_else(|| panic!("a circle among {uses:#?}"));
        uses.remove(&free);
    }
}

#[test]
fn modules_use_those_that_the_manual_says() {
    assert_eq!(uses(&core(), &["crate::"]), told());
}

#[test]
fn no_two_modules_use_each_other_by_whatever_way() {
    assert_no_circle(uses(&core(), &["crate::"]));
}

#[test]
fn nor_do_two_files_of_a_module() {
    let modules = fs::read_dir(core()).expect("a folder").map(|entry| entry.expect("an entry").path());
    for folder in modules.filter(|path| path.is_dir()) {
        let module = folder.file_name().expect("a name").to_string_lossy().into_owned();
        assert_no_circle(uses(&folder, &["super::", &format!("crate::{module}::")]));
    }
}

#[test]
fn paths_are_read_with_their_braces() {
    let read = |code, prefix| named(code, prefix).into_iter().collect::<Vec<_>>();
    assert_eq!(read("use super::{a, b::{c, d}, e::f};\nuse super::g::h;", "super::"), ["a", "b", "e", "g"]);
}
