//! The custom metrics that a script declares: `new Counter('orders')`, found by a plain scan of its
//! text. What it cannot see it names.

use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

/// The classes of `k6/metrics`, and the types that they are.
const CLASSES: [(&str, &str); 4] =
    [("Counter", "counter"), ("Gauge", "gauge"), ("Rate", "rate"), ("Trend", "trend")];

/// Files that are followed from one script.
const FILES: usize = 200;

/// What a scan found.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Found {
    /// Name to type, and whether its values are times.
    pub metrics: BTreeMap<String, (&'static str, bool)>,
    /// Sentences about what could not be seen.
    pub unseen: Vec<String>,
}

impl Found {
    /// As `PUT /tests/TEST/metrics` takes it.
    pub(crate) fn document(&self) -> Value {
        let entries = self.metrics.iter().map(|(name, &(kind, time))| {
            let said = if time { json!({"type": kind, "contains": "time"}) } else { json!(kind) };
            (name.clone(), said)
        });
        Value::Object(entries.collect::<Map<_, _>>())
    }
}

/// Scans a script and the local files that it imports.
pub(crate) fn scan(script: &Path) -> Found {
    let mut found = Found::default();
    let mut torn = BTreeSet::new();
    let mut seen = HashSet::new();
    let mut waiting = vec![script.to_path_buf()];
    while let Some(path) = waiting.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        if seen.len() > FILES {
            found.unseen.push(format!("more than {FILES} files are imported; the rest was not read"));
            break;
        }
        match std::fs::read(&path).map(String::from_utf8) {
            Ok(Ok(text)) => file(&path, &text, &mut found, &mut torn, &mut waiting),
            Ok(Err(_)) => found.unseen.push(format!("{} is not text", path.display())),
            Err(error) => found.unseen.push(format!("{} cannot be read: {error}", path.display())),
        }
    }
    for name in torn {
        found.metrics.remove(&name);
        found.unseen.push(format!("`{name}` is declared with two types"));
    }
    found.unseen.sort();
    found
}

fn file(path: &Path, text: &str, found: &mut Found, torn: &mut BTreeSet<String>, waiting: &mut Vec<PathBuf>) {
    let tokens = tokens(text);
    let names = names(&tokens);
    for module in modules(&tokens) {
        if module.starts_with("./") || module.starts_with("../") || module.starts_with('/') {
            let folder = path.parent().unwrap_or(Path::new("."));
            waiting.push(clean(&folder.join(module)));
        } else if !module.starts_with("k6") {
            found.unseen.push(format!("{}: what {module} declares", path.display()));
        }
    }
    for (at, pair) in tokens.iter().enumerate() {
        if pair.kind != Kind::Word("new") {
            continue;
        }
        let Some((kind, rest)) = class(&tokens[at + 1..], &names) else { continue };
        if rest.first().map(|token| token.kind) != Some(Kind::Sign('(')) {
            continue;
        }
        let name = match (rest.get(1).map(|token| token.kind), rest.get(2).map(|token| token.kind)) {
            (Some(Kind::Text(name)), Some(Kind::Sign(')' | ','))) if is_name(name) => name,
            _ => {
                found.unseen.push(format!(
                    "{}:{}: the name of this {kind} is not a plain text",
                    path.display(),
                    pair.line
                ));
                continue;
            }
        };
        let time = matches!(
            (rest.get(2).map(|token| token.kind), rest.get(3).map(|token| token.kind)),
            (Some(Kind::Sign(',')), Some(Kind::Word("true")))
        );
        let before = found.metrics.insert(name.to_owned(), (kind, time));
        if before.is_some_and(|(other, _)| other != kind) {
            torn.insert(name.to_owned());
        }
    }
}

/// A path without `.` and `..`, so that a file is read but once.
fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir if clean.file_name().is_some() => _ = clean.pop(),
            part => clean.push(part),
        }
    }
    clean
}

fn is_name(name: &str) -> bool {
    let first = name.as_bytes().first();
    first.is_some_and(|byte| !byte.is_ascii_digit())
        && name.len() <= 128
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What the script calls the classes, and the whole module.
#[derive(Debug, Default)]
struct Names<'a> {
    classes: BTreeMap<&'a str, &'static str>,
    modules: BTreeSet<&'a str>,
}

/// The class that stands behind `new`, and the tokens behind it.
fn class<'a, 't>(tokens: &'t [Token<'a>], names: &Names) -> Option<(&'static str, &'t [Token<'a>])> {
    match tokens {
        [
            Token { kind: Kind::Word(module), .. },
            Token { kind: Kind::Sign('.'), .. },
            Token { kind: Kind::Word(class), .. },
            rest @ ..,
        ] if names.modules.contains(module) => Some((type_of(class)?, rest)),
        [Token { kind: Kind::Word(class), .. }, rest @ ..] => Some((*names.classes.get(class)?, rest)),
        _ => None,
    }
}

fn type_of(class: &str) -> Option<&'static str> {
    CLASSES.iter().find(|(name, _)| *name == class).map(|(_, kind)| *kind)
}

/// `import { Counter as C } from 'k6/metrics'`, `import * as m from …`, `import m from …`,
/// `const { Rate: R } = require('k6/metrics')`, `const m = require(…)`, and
/// `const C = require(…).Counter`.
fn names<'a>(tokens: &[Token<'a>]) -> Names<'a> {
    let mut names = Names::default();
    for (at, token) in tokens.iter().enumerate() {
        if token.kind != Kind::Text("k6/metrics") || at == 0 {
            continue;
        }
        let before = &tokens[..at];
        let (clause, end) = match before {
            [clause @ .., Token { kind: Kind::Word("from"), .. }] => (clause, None),
            [
                clause @ ..,
                Token { kind: Kind::Sign('='), .. },
                Token { kind: Kind::Word("require"), .. },
                Token { kind: Kind::Sign('('), .. },
            ] => (clause, tokens.get(at + 2).zip(tokens.get(at + 3))),
            _ => continue,
        };
        let begin = clause.iter().rposition(|token| {
            matches!(token.kind, Kind::Word("import" | "const" | "let" | "var" | "export"))
        });
        let clause = &clause[begin.map_or(0, |begin| begin + 1)..];
        let picked = match end {
            Some((Token { kind: Kind::Sign('.'), .. }, Token { kind: Kind::Word(class), .. })) => {
                type_of(class)
            }
            _ => None,
        };
        clause_names(clause, picked, &mut names);
    }
    names
}

fn clause_names<'a>(clause: &[Token<'a>], picked: Option<&'static str>, names: &mut Names<'a>) {
    let mut braces = false;
    let mut rest = clause;
    while let Some((token, next)) = rest.split_first() {
        rest = next;
        match token.kind {
            Kind::Sign('{') => braces = true,
            Kind::Sign('}') => braces = false,
            Kind::Word("as" | "type") => {}
            Kind::Word(word) if braces => {
                let mut called = word;
                if let [
                    Token { kind: Kind::Word("as") | Kind::Sign(':'), .. },
                    Token { kind: Kind::Word(other), .. },
                    after @ ..,
                ] = rest
                {
                    called = other;
                    rest = after;
                }
                if let Some(kind) = type_of(word) {
                    names.classes.insert(called, kind);
                }
            }
            Kind::Word(word) => match picked {
                Some(kind) => _ = names.classes.insert(word, kind),
                None => _ = names.modules.insert(word),
            },
            _ => {}
        }
    }
}

/// What the file imports.
fn modules<'a>(tokens: &[Token<'a>]) -> BTreeSet<&'a str> {
    let pairs = tokens.windows(2).filter_map(|pair| match (pair[0].kind, pair[1].kind) {
        (Kind::Word("from" | "import"), Kind::Text(module)) => Some(module),
        _ => None,
    });
    let calls = tokens.windows(3).filter_map(|three| match (three[0].kind, three[1].kind, three[2].kind) {
        (Kind::Word("require" | "import"), Kind::Sign('('), Kind::Text(module)) => Some(module),
        _ => None,
    });
    pairs.chain(calls).collect()
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Token<'a> {
    kind: Kind<'a>,
    /// From 1.
    line: usize,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind<'a> {
    Word(&'a str),
    /// A text without escapes or places to fill in, without its quotes.
    Text(&'a str),
    /// Any other text.
    Other,
    Sign(char),
}

/// JavaScript's words, texts and signs; comments are left out. A regular expression is told from a
/// division by what stands before it, which is right but for rare cases.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '\n' => {
                line += 1;
                1
            }
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest[2..].find("*/").map_or(rest.len(), |end| end + 4),
            '/' if regex_may_begin(tokens.last()) => {
                let length = quoted(rest, '/');
                if !rest[..length].contains('\n') {
                    tokens.push(Token { kind: Kind::Other, line });
                    length
                } else {
                    1
                }
            }
            '"' | '\'' | '`' => {
                let length = quoted(rest, c);
                let inner = rest.get(1..length.saturating_sub(1)).unwrap_or_default();
                let plain = !(inner.contains('\\') || c == '`' && inner.contains("${"));
                tokens.push(Token { kind: if plain { Kind::Text(inner) } else { Kind::Other }, line });
                length
            }
            c if is_word(c) => {
                let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                tokens.push(Token { kind: Kind::Word(&rest[..length]), line });
                length
            }
            c => {
                if !c.is_whitespace() {
                    tokens.push(Token { kind: Kind::Sign(c), line });
                }
                c.len_utf8()
            }
        };
        if length > 1 {
            line += rest[..length].matches('\n').count();
        }
        rest = &rest[length..];
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// The length of a text with its quotes; without an end, all there is.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

fn regex_may_begin(before: Option<&Token>) -> bool {
    match before.map(|token| token.kind) {
        None => true,
        Some(Kind::Sign(sign)) => !matches!(sign, ')' | ']' | '}'),
        Some(Kind::Word(word)) => matches!(word, "return" | "typeof" | "case" | "in" | "of"),
        Some(Kind::Text(_) | Kind::Other) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan_text(text: &str) -> Found {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("s.js");
        std::fs::write(&script, text).unwrap();
        let mut found = scan(&script);
        let place = format!("{}/", folder.path().display());
        found.unseen.iter_mut().for_each(|said| *said = said.replace(&place, ""));
        found
    }

    #[test]
    fn declarations_are_found_under_whatever_name_they_were_imported() {
        for script in [
            "import { Counter, Rate as R } from 'k6/metrics';\nnew Counter('orders'); const e = new R(\"errors\")",
            "import * as m from \"k6/metrics\";\nnew m.Counter(`orders`); new m.Rate('errors')",
            "import metrics from 'k6/metrics'; new metrics.Counter('orders'); new metrics . Rate ( 'errors' )",
            "const { Counter, Rate: R } = require('k6/metrics'); new Counter('orders'); new R('errors')",
            "var C = require('k6/metrics').Counter, x; const m = require('k6/metrics'); new C('orders'); new m.Rate('errors')",
        ] {
            let found = scan_text(script);
            assert_eq!(found.document(), json!({"orders": "counter", "errors": "rate"}), "{script}");
            assert_eq!(found.unseen, [""; 0], "{script}");
        }
    }

    #[test]
    fn a_time_is_known_as_one() {
        let found = scan_text(
            "import { Trend } from 'k6/metrics'; new Trend('wait', true); new Trend('size', false)",
        );
        assert_eq!(found.document(), json!({"wait": {"type": "trend", "contains": "time"}, "size": "trend"}));
    }

    #[test]
    fn what_only_looks_like_a_declaration_is_none() {
        let found = scan_text(
            "import { Counter } from 'k6/metrics';\n// new Counter('a')\n/* new Counter('b')\n*/ const s = \"new Counter('c')\";\n\
             const r = /'\"new Counter(/; class Rate {}\nnew Rate('d'); new Map('e');",
        );
        assert_eq!(found, Found::default());
    }

    #[test]
    fn what_could_not_be_seen_is_named_with_its_place() {
        let found = scan_text(
            "import { Counter } from 'k6/metrics';\nimport { x } from 'https://jslib.k6.io/x.js';\nimport './none.js';\n\
             for (const n of ['a', 'b'])\n  new Counter(n);\nnew Counter(`x${n}`); new Counter('orders' + 1);",
        );
        assert_eq!(found.metrics.len(), 0);
        assert_eq!(found.unseen.len(), 5, "{:?}", found.unseen);
        for part in [
            "s.js:5: the name of this counter",
            "s.js:6:",
            "https://jslib.k6.io/x.js",
            "none.js cannot be read",
        ] {
            assert!(found.unseen.iter().any(|said| said.contains(part)), "{part}: {:?}", found.unseen);
        }
    }

    #[test]
    fn local_imports_are_followed_and_contradictions_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("lib")).unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "s.js",
            "import { orders } from './lib/m.js'; import { Rate } from 'k6/metrics'; new Rate('torn')",
        );
        write(
            "lib/m.js",
            "import { Counter } from 'k6/metrics'; import '../s.js'; export const orders = new Counter('orders'); new Counter('torn')",
        );
        let found = scan(&folder.path().join("s.js"));
        assert_eq!(found.document(), json!({"orders": "counter"}));
        assert_eq!(found.unseen, ["`torn` is declared with two types"]);
    }
}
