//! Which keys of a breakdown have rows: those that matter, in bounded memory.
//!
//! This is Filtered Space-Saving (Homem and Carvalho, "Finding top-k elements in data streams", 2010).
//! Every row has a weight that its key's samples never exceed. What keys without a row come to is
//! known at most, by hash. A key takes the place of the lightest row once it may weigh more. So, of N
//! samples, each key with more than N / rows has a row, and whatever came of a key before its row is
//! bounded. Nothing here depends on anything but the batches and their order.

use crate::fold::shorten::Names;
use crate::hash::fnv64;
use crate::record::example::Example;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Hashed sums of what has no row. More keep one-off keys from taking turns in the lightest rows;
/// these take 2 KB or so of a checkpoint.
const SLOTS: u64 = 1_024;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Heavy {
    rows: BTreeMap<Vec<String>, Row>,
    /// What the keys of each slot that have no row come to, one of them at most. Empty while every
    /// key has a row.
    rest: Vec<u64>,
    /// What is in `(other)` by now, and what was when names were shortened.
    others: u64,
    others_then: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    /// The key's samples, or more.
    weight: u64,
    /// What of the weight its key may have had before its row.
    weighed: u64,
    /// At most so many of them are in `(other)`.
    pub missed: u64,
    /// The names that were shortened to the key's.
    pub names: Names,
    /// Of a row of failures, the first of them that came.
    pub example: Option<Example>,
    /// Its series.
    #[serde(skip)]
    pub numbers: BTreeSet<u32>,
}

impl Heavy {
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn row(&self, key: &[String]) -> Option<&Row> {
        self.rows.get(key)
    }

    pub(super) fn row_mut(&mut self, key: &[String]) -> Option<&mut Row> {
        self.rows.get_mut(key)
    }

    /// Counts the samples of a batch by key, and gives the rows that had to go. More than `most` rows
    /// there never are.
    pub(super) fn count(&mut self, batch: &BTreeMap<&[String], u64>, most: usize) -> Vec<Row> {
        let mut new = Vec::new();
        for (&key, &samples) in batch {
            match self.rows.get_mut(key) {
                Some(row) => row.weight = row.weight.saturating_add(samples),
                None => new.push((samples, key)),
            }
        }
        // The heaviest first; of equals, the first by name.
        new.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        let mut retired = Vec::new();
        let mut by_weight: Option<BTreeSet<(u64, Vec<String>)>> = None;
        for (samples, key) in new {
            let missed = self.rest.get(slot(key)).copied().unwrap_or(0);
            let weight = missed.saturating_add(samples);
            if self.rows.len() >= most {
                let order = by_weight.get_or_insert_with(|| {
                    self.rows.iter().map(|(key, row)| (row.weight, key.clone())).collect()
                });
                if order.first().is_none_or(|(least, _)| *least >= weight) {
                    *self.rest_of(key) = weight;
                    self.others = self.others.saturating_add(samples);
                    continue;
                }
                let Some((least, lightest)) = order.pop_first() else { continue };
                let rest = self.rest_of(&lightest);
                *rest = least.max(*rest);
                if let Some(row) = self.rows.remove(&lightest) {
                    self.others = self.others.saturating_add(row.weight - row.weighed);
                    retired.push(row);
                }
            }
            if let Some(order) = &mut by_weight {
                order.insert((weight, key.to_vec()));
            }
            let row = Row {
                weight,
                weighed: missed,
                missed: missed.saturating_add(self.others_then),
                ..Row::default()
            };
            self.rows.insert(key.to_vec(), row);
        }
        retired
    }

    /// Samples of a row that count in `(other)` for want of a number.
    pub(super) fn lose(&mut self, key: &[String], samples: u64) {
        if let Some(row) = self.rows.get_mut(key) {
            row.missed = row.missed.saturating_add(samples);
            self.others = self.others.saturating_add(samples);
        }
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Vec<String>> {
        self.rows.keys()
    }

    /// From here on keys are others: what was noted of those without a row is of no use, and any of it
    /// may be a new key's.
    pub(super) fn begin_anew(&mut self) {
        self.rest.clear();
        self.others_then = self.others;
    }

    /// Adds a row to another, and gives what it was.
    pub(super) fn merge(&mut self, key: &[String], into: Vec<String>) -> Row {
        let mut row = self.rows.remove(key).unwrap_or_default();
        let others = self.others_then;
        let sum = self.rows.entry(into).or_default();
        sum.missed = sum.missed.max(others);
        sum.weight = sum.weight.saturating_add(row.weight);
        sum.weighed = sum.weighed.saturating_add(row.weighed);
        sum.example = sum.example.take().or_else(|| row.example.take());
        row
    }

    fn rest_of(&mut self, key: &[String]) -> &mut u64 {
        self.rest.resize(SLOTS as usize, 0);
        &mut self.rest[slot(key)]
    }
}

fn slot(key: &[String]) -> usize {
    (hash(key) % SLOTS) as usize
}

/// FNV-1a, then the end of SplitMix64, which spreads it over all bits.
pub(super) fn hash(key: &[String]) -> u64 {
    // No text has this byte.
    let mut hash = fnv64(key.iter().flat_map(|part| part.bytes().chain([0xff])));
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
