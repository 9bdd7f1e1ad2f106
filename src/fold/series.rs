//! The series of a run, interned.

use crate::limits;
use crate::record::{Dimension, SeriesKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The key of the row that takes what is beyond the limit.
pub const OTHER: &str = "(other)";

/// Every series that ever had a sample, numbered in the order of their appearance. Serialised as
/// the list of keys alone.
#[derive(Debug, Clone, Default)]
pub struct SeriesTable {
    keys: Vec<SeriesKey>,
    numbers: HashMap<SeriesKey, u32>,
    /// Of each breakdown, the keys that have a row.
    rows: BTreeMap<Dimension, BTreeSet<Vec<String>>>,
    metrics: usize,
    submetrics: usize,
}

impl SeriesTable {
    pub fn keys(&self) -> &[SeriesKey] {
        &self.keys
    }

    pub fn key(&self, number: u32) -> &SeriesKey {
        &self.keys[number as usize]
    }

    pub fn find(&self, key: &SeriesKey) -> Option<u32> {
        self.numbers.get(key).copied()
    }

    /// The number of a series, a new one where it is new; of `(other)`'s where its breakdown is
    /// full. `None`: one metric or submetric too many, which has no place.
    pub fn intern(&mut self, key: &SeriesKey) -> Option<u32> {
        if let Some(number) = self.find(key) {
            return Some(number);
        }
        let full = match key.dimension {
            Dimension::Metric => self.metrics >= limits::METRICS,
            Dimension::Submetric => self.submetrics >= limits::SUBMETRICS,
            _ => {
                let rows = self.rows.get(&key.dimension);
                let known = rows.is_some_and(|rows| rows.contains(&key.key));
                let others = rows.map_or(0, BTreeSet::len);
                key.key != [OTHER]
                    && (!known && others >= limits::BREAKDOWN_KEYS || self.keys.len() >= limits::SERIES)
            }
        };
        match key.dimension {
            _ if !full => Some(self.push(key.clone())),
            Dimension::Metric | Dimension::Submetric => None,
            dimension => {
                let other = SeriesKey { dimension, key: vec![OTHER.to_owned()], metric: key.metric.clone() };
                Some(self.find(&other).unwrap_or_else(|| self.push(other)))
            }
        }
    }

    fn push(&mut self, key: SeriesKey) -> u32 {
        let number = self.keys.len() as u32;
        match key.dimension {
            Dimension::Metric => self.metrics += 1,
            Dimension::Submetric => self.submetrics += 1,
            dimension if key.key != [OTHER] => {
                self.rows.entry(dimension).or_default().insert(key.key.clone());
            }
            _ => {}
        }
        self.numbers.insert(key.clone(), number);
        self.keys.push(key);
        number
    }
}

impl PartialEq for SeriesTable {
    fn eq(&self, other: &Self) -> bool {
        self.keys == other.keys
    }
}

impl Serialize for SeriesTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.keys.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SeriesTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut table = SeriesTable::default();
        for key in Vec::deserialize(deserializer)? {
            table.push(key);
        }
        Ok(table)
    }
}

/// The name of a metric or submetric in the stream.
pub fn stream_name(key: &SeriesKey) -> String {
    match (key.dimension, key.key.first()) {
        (Dimension::Submetric, Some(tags)) => format!("{}{{{tags}}}", key.metric),
        _ => key.metric.clone(),
    }
}
