//! Names of tests, logs and runs, and how foreign names become them.
//!
//! A *test* is what is run again and again (`checkout`); a *run* is one execution. All unnamed
//! live traffic of a test goes to one log, named like the test; each name that a generator gives
//! has a log `TEST.NAME`, each import a log `TEST.i<n>`. A log holds one run after the other.

use crate::hash::fnv32;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The test of traffic that names none.
pub const DEFAULT_TEST: &str = "k6";

const NAME_BYTES: usize = 64;

/// `[A-Za-z0-9_-]{1,64}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TestName(String);

impl TestName {
    /// Takes any text: characters that do not fit become `-`, and a short hash tells apart what
    /// that made equal. Empty: [`DEFAULT_TEST`].
    pub fn from_foreign(text: &str) -> Self {
        if text.is_empty() { TestName(DEFAULT_TEST.to_owned()) } else { TestName(fit(text)) }
    }

    /// Only what is such a name already.
    pub fn parse(text: &str) -> Option<Self> {
        is_name(text).then(|| TestName(text.to_owned()))
    }

    /// 1 to 64 of `A-Z a-z 0-9 _ -`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A log: a test's unnamed traffic, or one name within it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LogName {
    /// Whose traffic it holds.
    pub test: TestName,
    /// Never begins with a digit, so that `TEST.1` is always an unnamed run.
    pub name: Option<String>,
}

impl LogName {
    /// The log of what comes without a run's name.
    pub fn unnamed(test: TestName) -> Self {
        LogName { test, name: None }
    }

    /// The log of a name that a generator gave. One that begins with a digit, or that looks like
    /// an import's (`i7`), is prefixed with `r`. Empty: the unnamed log.
    pub fn named(test: TestName, name: &str) -> Self {
        if name.is_empty() {
            return LogName::unnamed(test);
        }
        let mut name = fit(name);
        if name.starts_with(|c: char| c.is_ascii_digit()) || is_import(&name) {
            name.insert(0, 'r');
            name.truncate(NAME_BYTES);
        }
        LogName { test, name: Some(name) }
    }

    /// The log of the test's `number`th import.
    pub fn import(test: TestName, number: u64) -> Self {
        LogName { test, name: Some(format!("i{number}")) }
    }

    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once('.') {
            None => TestName::parse(text).map(LogName::unnamed),
            Some((test, name)) => {
                let test = TestName::parse(test)?;
                (is_name(name) && !name.starts_with(|c: char| c.is_ascii_digit()))
                    .then(|| LogName { test, name: Some(name.to_owned()) })
            }
        }
    }

    /// The log's `number`th run, from 1.
    pub fn run(&self, number: u64) -> RunId {
        RunId { log: self.clone(), number }
    }
}

impl fmt::Display for LogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            None => self.test.fmt(f),
            Some(name) => write!(f, "{}.{name}", self.test),
        }
    }
}

/// `TEST.3`, the third unnamed run; `TEST.NAME`, the first of a name; `TEST.NAME.2`, its second.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunId {
    /// The log that it is in.
    pub log: LogName,
    /// From 1, within the log.
    pub number: u64,
}

impl RunId {
    /// Reads what `Display` writes, and nothing else: one run has one id.
    pub fn parse(text: &str) -> Option<Self> {
        let (log, number) = match text.rsplit_once('.') {
            Some((log, number)) if number.starts_with(|c: char| c.is_ascii_digit()) => {
                (log, number.parse().ok()?)
            }
            _ => (text, 1),
        };
        let run = LogName::parse(log)?.run(number);
        (number > 0 && run.to_string() == text).then_some(run)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.log.name.is_some() && self.number == 1 {
            self.log.fmt(f)
        } else {
            write!(f, "{}.{}", self.log, self.number)
        }
    }
}

fn is_name(text: &str) -> bool {
    (1..=NAME_BYTES).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

fn is_import(name: &str) -> bool {
    name.strip_prefix('i').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

fn fit(text: &str) -> String {
    if is_name(text) {
        return text.to_owned();
    }
    let hash = fnv32(text.bytes());
    let kept: String = text
        .chars()
        .take(NAME_BYTES - 9)
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '-' })
        .collect();
    format!("{kept}-{hash:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_id_reads_back_and_has_one_spelling() {
        let test = TestName::from_foreign("shop");
        for run in [
            LogName::unnamed(test.clone()).run(12),
            LogName::named(test.clone(), "nightly").run(1),
            LogName::named(test.clone(), "nightly").run(2),
            LogName::named(test.clone(), "7").run(1),
            LogName::import(test, 3).run(1),
        ] {
            assert_eq!(RunId::parse(&run.to_string()), Some(run));
        }
        for wrong in
            ["", "shop", "shop.0", "shop.01", "shop.nightly.1", "../../x", "shop.", "a.b.c.2", "shop.1\0"]
        {
            assert_eq!(RunId::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn foreign_names_fit_and_stay_apart() {
        let (a, b) = (TestName::from_foreign("a b"), TestName::from_foreign("a/b"));
        assert_ne!(a, b);
        assert!(TestName::parse(a.as_str()).is_some());
        assert!(TestName::parse(TestName::from_foreign(&"é".repeat(500)).as_str()).is_some());
        assert_eq!(TestName::from_foreign("").as_str(), DEFAULT_TEST);
    }

    #[test]
    fn a_given_name_is_never_taken_for_a_number_or_an_import() {
        let test = TestName::from_foreign("shop");
        assert_eq!(LogName::named(test.clone(), "2024-11").to_string(), "shop.r2024-11");
        assert_eq!(LogName::named(test, "i7").to_string(), "shop.ri7");
    }
}
