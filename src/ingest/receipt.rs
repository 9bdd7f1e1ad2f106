//! What becomes of lines: how many were taken, and why others were not.

use crate::limits;
use std::borrow::Cow;

/// Why a line was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// A sentence without particulars, under which refusals are counted.
    pub reason: Cow<'static, str>,
    /// The particulars, shortened.
    pub detail: Option<String>,
}

impl Wrong {
    pub(crate) fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Wrong { reason: reason.into(), detail: None }
    }

    /// Quotes the part of the line that is wrong, as far as it is text and short.
    pub(crate) fn quoting(reason: impl Into<Cow<'static, str>>, part: &[u8]) -> Self {
        let text = String::from_utf8_lossy(&part[..part.len().min(200)]);
        let short: String = text.chars().take(60).collect();
        let dots = if short.len() < part.len() { "…" } else { "" };
        Wrong { reason: reason.into(), detail: Some(format!("`{}{dots}`", short.escape_debug())) }
    }

    pub(crate) fn with(reason: impl Into<Cow<'static, str>>, detail: String) -> Self {
        Wrong { reason: reason.into(), detail: Some(detail) }
    }
}

/// A refused line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineError {
    /// From 1.
    pub line: u64,
    /// One sentence.
    pub reason: String,
}

/// The account of an upload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Lines, declarations included; blank lines and comments are no lines.
    pub accepted: u64,
    /// Lines that count nowhere.
    pub refused: u64,
    /// The first [`limits::RECEIPT_ERRORS`], by line.
    pub errors: Vec<LineError>,
    /// Every reason of the record at hand, with its number of lines.
    reasons: Vec<(Cow<'static, str>, u64)>,
}

/// Reasons that a record keeps.
const REASONS: usize = 10;

impl Receipt {
    pub(crate) fn accept(&mut self) {
        self.accepted += 1;
    }

    pub(crate) fn refuse(&mut self, line: u64, wrong: Wrong) {
        self.refused += 1;
        // A later line may be refused before an earlier one is: times are judged at a batch's end.
        if self.errors.len() < limits::RECEIPT_ERRORS || self.errors.last().is_some_and(|e| line < e.line) {
            let reason = match wrong.detail {
                Some(detail) => format!("{}: {detail}", wrong.reason),
                None => wrong.reason.clone().into_owned(),
            };
            let at = self.errors.partition_point(|error| error.line <= line);
            self.errors.insert(at, LineError { line, reason });
            self.errors.truncate(limits::RECEIPT_ERRORS);
        }
        match self.reasons.iter_mut().find(|(known, _)| *known == wrong.reason) {
            Some((_, lines)) => *lines += 1,
            None => self.reasons.push((wrong.reason, 1)),
        }
    }

    /// Takes back an acceptance.
    pub(crate) fn withdraw(&mut self, line: u64, wrong: Wrong) {
        self.accepted -= 1;
        self.refuse(line, wrong);
    }

    /// The reasons since the last call, the most frequent first.
    pub(crate) fn take_reasons(&mut self) -> Vec<(String, u64)> {
        let mut reasons = std::mem::take(&mut self.reasons);
        reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        reasons.truncate(REASONS);
        reasons.into_iter().map(|(reason, lines)| (reason.into_owned(), lines)).collect()
    }
}
