//! What no compiler checks: the size of files, and what must not be in them.

use crate::workspace::root;
use anyhow::{Result, ensure};
use std::fs;
use xshell::{Shell, cmd};

/// Longer files have a seam (docs say 500; the rest is leeway for a table or a test module).
const LINES: usize = 600;

/// Downloads go through the clients' own settings: a mirror must be able to stand in.
const REGISTRY_URLS: [&str; 4] = ["//registry.", "//index.", "//static.", "//proxy."];

/// Written by hand.
const SOURCES: [&str; 4] = [".rs", ".js", ".mjs", ".go"];

/// Every tracked file.
pub fn check(shell: &Shell) -> Result<()> {
    let mut complaints = Vec::new();
    for path in cmd!(shell, "git ls-files").read()?.lines() {
        if path.starts_with("tests/fixtures/") {
            continue;
        }
        // Deleted but still tracked, or not text.
        let Ok(text) = fs::read_to_string(root().join(path)) else { continue };
        complaints.extend(complain(path, &text).into_iter().map(|what| format!("{path}: {what}")));
    }
    ensure!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    Ok(())
}

fn complain(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let source = SOURCES.iter().any(|end| path.ends_with(end));
    let lines = text.lines().count();
    if source && lines > LINES {
        found.push(format!("{lines} lines: look for the seam"));
    }
    // This file spells out what it looks for.
    if path != "xtask/src/tidy.rs" {
        for host in REGISTRY_URLS.iter().filter(|host| text.contains(**host)) {
            found.push(format!("names the host of a package registry ({host}…)"));
        }
        for word in ["TODO", "FIXME", "XXX"].iter().filter(|word| source && mentions(text, word)) {
            found.push(format!("{word}: do it or leave it out"));
        }
    }
    if path.ends_with(".rs")
        && !["//!", "#![", "//"].iter().any(|start| text.starts_with(start))
        && text.lines().count() > 20
    {
        found.push("the first line does not say what the file answers for".to_owned());
    }
    if !text.is_empty() && !text.ends_with('\n') && source {
        found.push("no newline at the end".to_owned());
    }
    found
}

/// As a word of its own: not a part of a longer name.
fn mentions(text: &str, word: &str) -> bool {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word)
        .any(|(at, _)| !part(text[..at].chars().next_back()) && !part(text[at + word.len()..].chars().next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_not_be_in_a_source_is_found() {
        let long = "//! Says.\n".repeat(LINES + 1);
        assert_eq!(complain("src/a.rs", &long).len(), 1);
        assert_eq!(complain("src/a.rs", "//! Says.\n// TODO\n").len(), 1);
        assert_eq!(complain("src/a.rs", "//! Says.\nlet METODO = 1;\n"), Vec::<String>::new());
        assert_eq!(complain("README.md", "see https://registry.example\n").len(), 1);
        assert_eq!(complain("README.md", "the registry.\n"), Vec::<String>::new());
        assert_eq!(complain("src/a.rs", &format!("use b;\n{}", "//\n".repeat(30))).len(), 1);
    }
}
