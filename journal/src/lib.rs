//! What operators read in a server's log: lines with level, at a bounded rate. Who writes them puts the
//! time before. A crate of its own, without dependencies, for the host knows nothing of the core.
//!
//! A store that fails fails thousands of times a minute; one line says it as well. So a sentence is
//! said once in ten seconds, and of different ones no more than ten; the next line says how many were
//! left out.

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![warn(clippy::missing_errors_doc)]
#![cfg_attr(not(test), warn(unreachable_pub))]

use std::collections::BTreeSet;
use std::fmt;

const SPAN_MS: u64 = 10_000;
const LINES_PER_SPAN: usize = 10;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Something goes on all the same.
    Warning,
    /// Something failed.
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Warning => "WARN",
            Level::Error => "ERROR",
        })
    }
}

/// What was said lately.
#[derive(Debug, Default)]
pub struct Journal {
    /// Unix ms of the first line of the span.
    since_ms: u64,
    said: BTreeSet<String>,
    left_out: u64,
}

impl Journal {
    /// In which nothing was said yet.
    pub const fn new() -> Self {
        Journal { since_ms: 0, said: BTreeSet::new(), left_out: 0 }
    }

    /// The line to write, without time and end; `None` where it is left out.
    pub fn line(&mut self, now_ms: u64, level: Level, sentence: &str) -> Option<String> {
        // A clock that was set back begins a new span, too.
        if now_ms < self.since_ms || now_ms - self.since_ms >= SPAN_MS {
            self.since_ms = now_ms;
            self.said.clear();
        }
        let sentence = sentence.trim_end().replace(['\r', '\n'], " ");
        if self.said.len() >= LINES_PER_SPAN || !self.said.insert(sentence.clone()) {
            self.left_out += 1;
            return None;
        }
        let line = format!("{level} {sentence}");
        Some(match std::mem::take(&mut self.left_out) {
            0 => line,
            left_out => format!("{line} ({left_out} lines like the last ones were left out)"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_795_000_000_000;

    #[test]
    fn a_line_has_a_level_and_no_break() {
        let line = Journal::new().line(NOW, Level::Error, "the store:\nfull\n");
        assert_eq!(line.as_deref(), Some("ERROR the store: full"));
    }

    #[test]
    fn the_same_is_said_once_in_ten_seconds_and_then_how_often_it_was_left_out() {
        let mut journal = Journal::new();
        let mut say = |after: u64| journal.line(NOW + after, Level::Error, "full");
        assert!(say(0).is_some());
        for after in 1..22 {
            assert_eq!(say(after * 100), None);
        }
        assert!(say(SPAN_MS).is_some_and(|line| line.contains("(21 lines")));
        assert!(say(2 * SPAN_MS).is_some_and(|line| line.ends_with(" full")));
    }

    #[test]
    fn a_thousand_different_sentences_are_ten_lines() {
        let mut journal = Journal::new();
        let lines = (0..1_000).filter_map(|at| journal.line(NOW, Level::Warning, &at.to_string()));
        assert_eq!(lines.count(), LINES_PER_SPAN);
    }
}
