//! Where the series of a batch count: the numbers of their rows, and what moves when a row has to go.

use crate::fold::run::Run;
use crate::fold::series::Move;
use crate::fold::shorten::shortened;
use crate::fold::tally::Tally;
use crate::record::{Batch, Second, SeriesKey};
use std::borrow::Cow;

impl Run {
    /// The numbers of a batch's series; see [`crate::fold::series::SeriesTable::intern`].
    pub(super) fn places(&mut self, batch: &Batch, seconds: &[Second]) -> Vec<Option<u32>> {
        let mut samples = vec![0_u64; batch.series.len()];
        for (series, cell) in seconds.iter().flat_map(|second| &second.cells) {
            if let Some(samples) = samples.get_mut(*series as usize) {
                *samples = samples.saturating_add(cell.count);
            }
        }
        let own: Vec<(&SeriesKey, u64)> = batch.series.iter().zip(samples).collect();
        if !self.keeps_names && !self.series.is_short() && self.series.has_too_many_names(&own) {
            let moves = self.series.shorten();
            self.follow(&moves);
        }
        let short = self.series.is_short();
        let keys: Vec<Cow<SeriesKey>> = own
            .iter()
            .map(|(key, _)| match short.then(|| shortened(key)).flatten() {
                Some(short) => Cow::Owned(short),
                None => Cow::Borrowed(*key),
            })
            .collect();
        let counted: Vec<(&SeriesKey, u64)> =
            keys.iter().zip(&own).map(|(key, (_, samples))| (key.as_ref(), *samples)).collect();
        let moves = self.series.admit(&counted);
        self.follow(&moves);
        let places = counted.iter().map(|(key, samples)| self.series.intern(key, *samples)).collect();
        self.make_room();
        for (key, (own, _)) in keys.iter().zip(&own) {
            if let Cow::Owned(key) = key {
                self.series.note_name(key.dimension, &key.key, &own.key);
            }
        }
        for (series, example) in &batch.examples {
            if let Some(key) = keys.get(*series as usize) {
                self.series.note_example(key, example);
            }
        }
        places
    }

    fn follow(&mut self, moves: &[Move]) {
        self.make_room();
        for moved in moves {
            self.move_series(*moved);
        }
        self.series.release(moves);
    }

    /// Every series has a total.
    pub(super) fn make_room(&mut self) {
        self.totals.resize(self.series.keys().len(), Tally::default());
        self.stream.defined.resize(self.series.keys().len(), false);
    }

    /// Each sample stays counted once, in the totals and in every open window.
    fn move_series(&mut self, Move { from, to }: Move) {
        let distribution = self.kinds.keeps_distribution(&self.series.key(from).metric);
        let total = std::mem::take(&mut self.totals[from as usize]);
        self.totals[to as usize].merge(&total, distribution);
        for window in self.windows.values_mut() {
            if let Some(tally) = window.cells.remove(&from) {
                window.cells.entry(to).or_default().merge(&tally, distribution);
            }
        }
        self.stream.defined[from as usize] = false;
    }
}
