//! The series of a run, interned.

use crate::fold::heavy::{Heavy, Row, hash};
use crate::fold::shorten::shortened_key;
use crate::limits;
use crate::record::example::Example;
use crate::record::{Dimension, SeriesKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The key of the row that takes what has no row of its own.
pub const OTHER: &str = "(other)";

/// Every series that has samples, by number. Metrics and submetrics keep theirs; the number of a
/// breakdown's series that lost its row is given to another.
#[derive(Debug, Clone, Default)]
pub(super) struct SeriesTable {
    keys: Vec<SeriesKey>,
    /// Numbers whose series lost their rows.
    free: BTreeSet<u32>,
    breakdowns: BTreeMap<Dimension, Heavy>,
    /// Names of requests are shortened.
    short: bool,
    numbers: HashMap<SeriesKey, u32, foldhash::fast::RandomState>,
    metrics: usize,
    submetrics: usize,
}

/// What the series `from` has belongs to the series `to` from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Move {
    pub from: u32,
    pub to: u32,
}

impl SeriesTable {
    /// By number. Those of numbers that are free had samples once.
    pub(super) fn keys(&self) -> &[SeriesKey] {
        &self.keys
    }

    pub(super) fn key(&self, number: u32) -> &SeriesKey {
        &self.keys[number as usize]
    }

    pub(super) fn find(&self, key: &SeriesKey) -> Option<u32> {
        self.numbers.get(key).copied()
    }

    /// How many earlier samples of a row may be in `(other)`, at most.
    pub(super) fn missed(&self, dimension: Dimension, key: &[String]) -> u64 {
        self.breakdowns.get(&dimension).and_then(|rows| rows.row(key)).map_or(0, |row| row.missed)
    }

    /// Counts a batch's samples, of each series so many, and decides which keys of breakdowns have rows
    /// from here on. What the others have moves to `(other)`, and their numbers are free once the caller
    /// has moved it and calls [`SeriesTable::release`].
    pub(super) fn admit(&mut self, batch: &[(&SeriesKey, u64)]) -> Vec<Move> {
        let mut by_metric: HashMap<(Dimension, &[String], &str), u64, foldhash::fast::RandomState> =
            HashMap::default();
        for &(key, samples) in batch {
            let divided = !matches!(key.dimension, Dimension::Metric | Dimension::Submetric);
            if divided && key.key != [OTHER] && samples > 0 {
                let sum = by_metric.entry((key.dimension, &key.key, &key.metric)).or_default();
                *sum = sum.saturating_add(samples);
            }
        }
        let mut weights: BTreeMap<Dimension, BTreeMap<&[String], u64>> = BTreeMap::new();
        for ((dimension, key, _), samples) in by_metric {
            // A request has one sample of each of its metrics: as often as it was sent.
            let weight = weights.entry(dimension).or_default().entry(key).or_default();
            *weight = samples.max(*weight);
        }
        let mut moves = Vec::new();
        for (dimension, weights) in weights {
            let full = self.is_full();
            let rows = self.breakdowns.entry(dimension).or_default();
            let most = if full { rows.len().min(limits::BREAKDOWN_KEYS) } else { limits::BREAKDOWN_KEYS };
            for row in rows.count(&weights, most) {
                self.retire(&row, &mut moves);
            }
        }
        moves
    }

    /// Whether names of requests are shortened.
    pub(super) fn is_short(&self) -> bool {
        self.short
    }

    /// Whether a batch brings more names of requests than there are rows.
    pub(super) fn has_too_many_names(&self, batch: &[(&SeriesKey, u64)]) -> bool {
        let rows = self.breakdowns.get(&Dimension::Request);
        let known = rows.map_or(0, Heavy::len);
        if known + batch.iter().filter(|(key, _)| key.dimension == Dimension::Request).count()
            <= limits::BREAKDOWN_KEYS
        {
            return false;
        }
        let new: BTreeSet<&[String]> = batch
            .iter()
            .filter(|(key, samples)| key.dimension == Dimension::Request && *samples > 0)
            .map(|(key, _)| key.key.as_slice())
            .filter(|key| rows.is_none_or(|rows| rows.row(key).is_none()))
            .collect();
        known + new.len() > limits::BREAKDOWN_KEYS
    }

    /// Shortens the names of requests from here on. Gives what moves to rows of shorter names, to be
    /// released as in [`SeriesTable::admit`].
    pub(super) fn shorten(&mut self) -> Vec<Move> {
        self.short = true;
        let mut moves = Vec::new();
        for dimension in [Dimension::Request, Dimension::Status, Dimension::Facets] {
            let Some(rows) = self.breakdowns.get_mut(&dimension) else { continue };
            rows.begin_anew();
            let keys: Vec<Vec<String>> = rows.keys().cloned().collect();
            for (key, short) in
                keys.into_iter().filter_map(|key| shortened_key(dimension, &key).map(|short| (key, short)))
            {
                let Some(rows) = self.breakdowns.get_mut(&dimension) else { continue };
                let row = rows.merge(&key, short.clone());
                self.note_name(dimension, &short, &key);
                for from in row.numbers {
                    let metric = self.key(from).metric.clone();
                    self.numbers.remove(&self.keys[from as usize]);
                    let to = SeriesKey { dimension, key: short.clone(), metric };
                    let to = self.find(&to).unwrap_or_else(|| self.push(to));
                    moves.push(Move { from, to });
                }
            }
        }
        moves
    }

    /// Counts a name that was shortened at the row that it came to. Statuses and facets would count the same again.
    pub(super) fn note_name(&mut self, dimension: Dimension, short: &[String], key: &[String]) {
        let rows = self.breakdowns.get_mut(&dimension).filter(|_| dimension == Dimension::Request);
        if let Some(row) = rows.and_then(|rows| rows.row_mut(short)) {
            row.names.note(hash(key));
        }
    }

    /// Keeps the first example of a row of failures.
    pub(super) fn note_example(&mut self, key: &SeriesKey, example: &Example) {
        let row = self.breakdowns.get_mut(&key.dimension).and_then(|rows| rows.row_mut(&key.key));
        if let Some(row) = row {
            row.example.get_or_insert_with(|| example.clone());
        }
    }

    /// The first of the failures that are a row of statuses.
    pub(super) fn example(&self, key: &[String]) -> Option<&Example> {
        self.breakdowns.get(&Dimension::Status)?.row(key)?.example.as_ref()
    }

    /// About how many names were shortened to that of a row; `None`: it is nobody's short name.
    pub(super) fn names(&self, key: &[String]) -> Option<u64> {
        self.breakdowns.get(&Dimension::Request)?.row(key)?.names.count()
    }

    fn retire(&mut self, row: &Row, moves: &mut Vec<Move>) {
        for &from in &row.numbers {
            let SeriesKey { dimension, metric, .. } = self.key(from).clone();
            self.numbers.remove(&self.keys[from as usize]);
            moves.push(Move { from, to: self.other(dimension, metric) });
        }
    }

    /// Makes the numbers free that moves have emptied.
    pub(super) fn release(&mut self, moves: &[Move]) {
        self.free.extend(moves.iter().map(|moved| moved.from));
    }

    /// The number of a series with so many samples now, a new one where it is new; of `(other)`'s where
    /// its key has no row. `None`: one metric or submetric too many, which has no place.
    pub(super) fn intern(&mut self, key: &SeriesKey, samples: u64) -> Option<u32> {
        if let Some(number) = self.find(key) {
            return Some(number);
        }
        match key.dimension {
            Dimension::Metric if self.metrics >= limits::METRICS => return None,
            Dimension::Submetric if self.submetrics >= limits::SUBMETRICS => return None,
            Dimension::Metric | Dimension::Submetric => {}
            dimension if key.key != [OTHER] => {
                let full = self.is_full();
                let rows = self.breakdowns.entry(dimension).or_default();
                if full {
                    rows.lose(&key.key, samples);
                }
                if full || rows.row(&key.key).is_none() {
                    return Some(self.other(dimension, key.metric.clone()));
                }
            }
            _ => {}
        }
        Some(self.push(key.clone()))
    }

    fn is_full(&self) -> bool {
        self.keys.len() - self.free.len() >= limits::SERIES
    }

    fn other(&mut self, dimension: Dimension, metric: String) -> u32 {
        let key = SeriesKey { dimension, key: vec![OTHER.to_owned()], metric };
        self.find(&key).unwrap_or_else(|| self.push(key))
    }

    fn push(&mut self, key: SeriesKey) -> u32 {
        let number = self.free.pop_first().unwrap_or(self.keys.len() as u32);
        if number as usize == self.keys.len() {
            self.keys.push(key);
        } else {
            self.keys[number as usize] = key;
        }
        self.index(number);
        number
    }

    /// Makes a number's key known.
    fn index(&mut self, number: u32) {
        let key = &self.keys[number as usize];
        match key.dimension {
            Dimension::Metric => self.metrics += 1,
            Dimension::Submetric => self.submetrics += 1,
            dimension => {
                let rows = self.breakdowns.get_mut(&dimension);
                if let Some(row) = rows.and_then(|rows| rows.row_mut(&key.key)) {
                    row.numbers.insert(number);
                }
            }
        }
        self.numbers.insert(key.clone(), number);
    }
}

impl PartialEq for SeriesTable {
    fn eq(&self, other: &Self) -> bool {
        (&self.keys, &self.free, &self.breakdowns, self.short)
            == (&other.keys, &other.free, &other.breakdowns, other.short)
    }
}

impl Serialize for SeriesTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.keys, &self.free, &self.breakdowns, self.short).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SeriesTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (keys, free, breakdowns, short) = Deserialize::deserialize(deserializer)?;
        let mut table = SeriesTable { keys, free, breakdowns, short, ..SeriesTable::default() };
        for number in 0..table.keys.len() as u32 {
            if !table.free.contains(&number) {
                table.index(number);
            }
        }
        Ok(table)
    }
}

/// The name of a metric or submetric in the stream.
pub(super) fn stream_name(key: &SeriesKey) -> String {
    match (key.dimension, key.key.first()) {
        (Dimension::Submetric, Some(tags)) => format!("{}{{{tags}}}", key.metric),
        _ => key.metric.clone(),
    }
}
