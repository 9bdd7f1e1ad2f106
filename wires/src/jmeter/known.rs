//! What was learnt from the samples of a file so far.

use super::sample::{Sample, Transaction};
use crate::Point;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Labels of transactions that are remembered.
const LABELS: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Known {
    /// Labels of transactions.
    transactions: HashSet<u64>,
    /// The last second that has `vus`.
    second: Option<i64>,
}

impl Known {
    /// One that was cut short has no message; its label tells.
    pub(super) fn is_transaction(&mut self, sample: &Sample) -> bool {
        let label = hash(&sample.label);
        match sample.transaction() {
            Transaction::Yes => {
                self.learn(label);
                true
            }
            Transaction::No => false,
            Transaction::Unclear => self.transactions.contains(&label),
        }
    }

    /// A label is a transaction's.
    pub(super) fn learn(&mut self, label: u64) {
        if self.transactions.len() < LABELS {
            self.transactions.insert(label);
        }
    }

    /// How many threads there were, once a second.
    pub(super) fn vus(&mut self, sample: &Sample) -> Option<Point> {
        let second = sample.end_ms() / 1_000;
        let vus = sample.vus().filter(|_| self.second.is_none_or(|last| second > last))?;
        self.second = Some(second);
        Some(vus)
    }
}

/// The label of which this is a part's: JMeter numbers parts as `label-0`, `label-1`.
pub(super) fn whole(label: &str) -> Option<&str> {
    let (whole, number) = label.rsplit_once('-')?;
    let digits = (1..10).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    digits.then_some(whole)
}

pub(super) fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
