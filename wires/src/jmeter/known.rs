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
    /// When `vus` were told last, Unix ms.
    told_ms: Option<i64>,
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

    /// How many threads there were, a second after the last time at the earliest: two that are closer would be
    /// taken for two generators'.
    pub(super) fn vus(&mut self, sample: &Sample) -> Option<Point> {
        let now_ms = sample.end_ms();
        let vus = sample.vus().filter(|_| self.told_ms.is_none_or(|told| now_ms >= told + 1_000))?;
        self.told_ms = Some(now_ms);
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
