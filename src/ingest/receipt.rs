//! What becomes of lines: how many were taken, and why others were not.

use crate::limits;
use loadgate_wires::Wrong;
use std::borrow::Cow;

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
    /// Lines, declarations included; blank lines and comments are no lines. Of wires without lines, what they
    /// count by: elements, data points.
    pub accepted: u64,
    /// Those of the accepted that are whole histograms, where the protocol counts these apart: ascending.
    histograms: Vec<u64>,
    /// Lines that count nowhere.
    pub refused: u64,
    /// The first [`limits::RECEIPT_ERRORS`], by line.
    pub errors: Vec<LineError>,
    /// What senders of lines that count should mend all the same, likewise.
    pub warnings: Vec<LineError>,
    /// Every reason of the record at hand, with its number of lines.
    reasons: Vec<(Cow<'static, str>, u64)>,
}

/// Reasons that a record keeps.
const REASONS: usize = 10;

impl Receipt {
    pub(crate) fn accept(&mut self) {
        self.accepted += 1;
    }

    /// One that is a whole histogram, in ascending order.
    pub(crate) fn accept_histogram(&mut self, unit: u64) {
        self.accept();
        self.histograms.push(unit);
    }

    /// Accepted units that are whole histograms, where the protocol counts these apart.
    pub fn histograms(&self) -> u64 {
        self.histograms.len() as u64
    }

    pub(crate) fn refuse(&mut self, line: u64, wrong: Wrong) {
        self.refused += 1;
        // A later line may be refused before an earlier one is: times are judged at a batch's end.
        if self.errors.len() < limits::RECEIPT_ERRORS || self.errors.last().is_some_and(|e| line < e.line) {
            let reason = wrong.to_string();
            let at = self.errors.partition_point(|error| error.line <= line);
            self.errors.insert(at, LineError { line, reason });
            self.errors.truncate(limits::RECEIPT_ERRORS);
        }
        match self.reasons.iter_mut().find(|(known, _)| *known == wrong.reason) {
            Some((_, lines)) => *lines += 1,
            None => self.reasons.push((wrong.reason, 1)),
        }
    }

    pub(crate) fn warn(&mut self, line: u64, wrong: &Wrong) {
        if self.warnings.len() < limits::RECEIPT_ERRORS {
            self.warnings.push(LineError { line, reason: wrong.to_string() });
        }
    }

    /// Takes back an acceptance.
    pub(crate) fn withdraw(&mut self, line: u64, wrong: Wrong) {
        self.accepted -= 1;
        if let Ok(at) = self.histograms.binary_search(&line) {
            self.histograms.remove(at);
        }
        self.refuse(line, wrong);
    }

    /// Takes back so many acceptances, from a line on.
    pub(crate) fn withdraw_all(&mut self, first_line: u64, lines: u64, wrong: Wrong) {
        self.accepted -= lines;
        let before = self.histograms.partition_point(|unit| *unit < first_line);
        let gone = self.histograms.len().min(before + lines as usize);
        self.histograms.drain(before..gone);
        self.refused += lines - 1;
        self.refuse(first_line, wrong);
    }

    /// The reasons since the last call, the most frequent first.
    pub(crate) fn take_reasons(&mut self) -> Vec<(String, u64)> {
        let mut reasons = std::mem::take(&mut self.reasons);
        reasons.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        reasons.truncate(REASONS);
        reasons.into_iter().map(|(reason, lines)| (reason.into_owned(), lines)).collect()
    }
}
