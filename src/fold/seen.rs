//! Which numbered batches were counted already.

use crate::record::Sequence;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Sequence numbers by source, as ranges: a client that counts up costs one range.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    sources: BTreeMap<String, Source>,
    /// Counts insertions, to tell who was heard last.
    inserted: u64,
}

/// Sources that are remembered; the one that was silent for longest goes.
const SOURCES: usize = 4_096;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Source {
    last: u64,
    pieces: BTreeMap<u32, Ranges>,
}

impl Seen {
    pub(super) fn contains(&self, source: &str, sequence: Sequence) -> bool {
        self.sources
            .get(source)
            .and_then(|known| known.pieces.get(&sequence.piece))
            .is_some_and(|ranges| ranges.contains(sequence.batch))
    }

    pub(super) fn insert(&mut self, source: &str, sequence: Sequence) {
        if !self.sources.contains_key(source) {
            if self.sources.len() >= SOURCES {
                let silent = self.sources.iter().min_by_key(|(_, known)| known.last);
                let silent = silent.map(|(name, _)| name.clone());
                silent.and_then(|name| self.sources.remove(&name));
            }
            self.sources.insert(source.to_owned(), Source::default());
        }
        self.inserted += 1;
        if let Some(known) = self.sources.get_mut(source) {
            known.last = self.inserted;
            known.pieces.entry(sequence.piece).or_default().insert(sequence.batch);
        }
    }
}

/// Inclusive ranges of numbers, ascending, never touching each other.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Ranges(Vec<(u64, u64)>);

impl Ranges {
    fn contains(&self, number: u64) -> bool {
        let after = self.0.partition_point(|&(start, _)| start <= number);
        after > 0 && self.0[after - 1].1 >= number
    }

    fn insert(&mut self, number: u64) {
        if self.contains(number) {
            return;
        }
        let at = self.0.partition_point(|&(start, _)| start <= number);
        let joins_left = at > 0 && self.0[at - 1].1.checked_add(1) == Some(number);
        let joins_right = at < self.0.len() && number.checked_add(1) == Some(self.0[at].0);
        match (joins_left, joins_right) {
            (true, true) => {
                self.0[at - 1].1 = self.0[at].1;
                self.0.remove(at);
            }
            (true, false) => self.0[at - 1].1 = number,
            (false, true) => self.0[at].0 = number,
            (false, false) => self.0.insert(at, (number, number)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_sources_those_that_were_heard_last_are_remembered() {
        let mut seen = Seen::default();
        let first = Sequence { batch: 1, piece: 0 };
        for source in 0..3 * SOURCES {
            seen.insert(&format!("s{source}"), first);
            seen.insert("steady", Sequence { batch: source as u64, piece: 0 });
        }
        assert_eq!(seen.sources.len(), SOURCES);
        assert!(seen.contains("steady", first) && !seen.contains("s0", first));
        assert!(seen.contains(&format!("s{}", 3 * SOURCES - 1), first));
    }

    #[test]
    fn numbers_in_any_order_become_as_few_ranges_as_there_are_gaps() {
        let mut ranges = Ranges::default();
        for number in [5, 3, 4, 9, u64::MAX, 0, 1, u64::MAX - 1, 8, 3] {
            ranges.insert(number);
        }
        assert_eq!(ranges.0, [(0, 1), (3, 5), (8, 9), (u64::MAX - 1, u64::MAX)]);
        assert!([0, 1, 3, 4, 5, 8, 9, u64::MAX].iter().all(|&n| ranges.contains(n)));
        assert!([2, 6, 7, 10, u64::MAX - 2].iter().all(|&n| !ranges.contains(n)));
    }
}
