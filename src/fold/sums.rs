//! Samples that came summed up, divided among the seconds that they are of.
//!
//! A sum says nothing of when within its interval its samples came: they are spread evenly. Of a series that is
//! told since its start, what is new is the difference to its last sum, so these are remembered for the
//! length of a run. Where a distribution came as buckets, each bucket's samples are spread evenly
//! between its bounds: a percentile is wrong by the width of a bucket at the most.

use crate::fold::run::Run;
use crate::fold::since_start::{News, Part};
use crate::limits;
use crate::record::cell::Cell;
use crate::record::packed::Packed;
use crate::record::sketch::bucket_of;
use crate::record::{Batch, Second, Sums};
use loadgate_documents::MetricType;
use loadgate_wires::Bucket;
use std::borrow::Cow;
use std::collections::BTreeMap;

const SECOND_NS: i64 = 1_000_000_000;

/// Values that one bucket's samples are spread over.
const POINTS: u64 = 32;

impl Run {
    /// The seconds of a batch, those of its sums among them.
    pub(super) fn seconds_of<'a>(&mut self, batch: &'a Batch) -> Cow<'a, [Second]> {
        if batch.sums.is_empty() {
            return Cow::Borrowed(&batch.seconds);
        }
        let mut seconds: BTreeMap<i64, Second> =
            batch.seconds.iter().map(|second| (second.second, second.clone())).collect();
        let mut too_many = 0_u64;
        for sums in &batch.sums {
            let counts = sums
                .series
                .first()
                .and_then(|at| batch.series.get(*at as usize))
                .is_some_and(|key| self.kinds.kind(&key.metric).metric_type == MetricType::Counter);
            match self.since_start.news(self.origin, sums) {
                News::Part(part) => part.divide(counts, &sums.series, &mut seconds),
                News::Stale | News::Base => {}
                News::TooMany => too_many = too_many.saturating_add(sums.sum.count),
            }
        }
        if too_many > 0 {
            let most = limits::SUMMED_SERIES;
            self.refuse(
                &format!("the run has more than {most} series that are told since their start"),
                too_many,
            );
        }
        Cow::Owned(seconds.into_values().collect())
    }

    /// Figures that a tool tells with a sum are the run's, as long as it has no other samples: no second has them.
    pub(super) fn hear_told(&mut self, batch: &Batch, places: &[Option<u32>]) {
        for Sums { series, sum, .. } in &batch.sums {
            let Some(told) = &sum.told else { continue };
            for number in series.iter().filter_map(|at| places.get(*at as usize).copied().flatten()) {
                self.totals[number as usize].hear(sum.count, told);
            }
        }
    }
}

impl Part<'_> {
    /// Adds the samples to the seconds of the interval.
    fn divide(&self, counts: bool, series: &[u32], seconds: &mut BTreeMap<i64, Second>) {
        let sum = &*self.sum;
        if sum.count == 0 && sum.sum == 0.0 {
            return;
        }
        let last = self.to_ns.saturating_sub(1).max(self.from_ns).div_euclid(SECOND_NS);
        let first = self.from_ns.div_euclid(SECOND_NS).clamp(last - limits::AHEAD_LIVE_S, last);
        let whole = self.to_ns.saturating_sub(self.from_ns).max(1);
        let offset =
            |second: i64| second.saturating_mul(SECOND_NS).saturating_sub(self.from_ns).clamp(0, whole);
        // They stand in the first second that has any samples.
        let mut extremes = Some((sum.min, sum.max));
        for second in first..=last {
            let begin = if second == first { 0 } else { offset(second) };
            let end = if second == last { whole } else { offset(second + 1) };
            let share = Share { begin: begin as u64, end: end as u64, whole: whole as u64 };
            let Some(mut cell) = (if counts { self.counted(share) } else { self.measured(share) }) else {
                continue;
            };
            if let Some((min, max)) = extremes.take().filter(|_| !counts) {
                cell.min = cell.min.min(min.unwrap_or(f64::INFINITY));
                cell.max = cell.max.max(max.unwrap_or(f64::NEG_INFINITY));
            }
            cell.last_ns = self.to_ns.min(second.saturating_mul(SECOND_NS).saturating_add(SECOND_NS - 1));
            let cells =
                &mut seconds.entry(second).or_insert_with(|| Second { second, cells: Vec::new() }).cells;
            cells.extend(series.iter().map(|&series| (series, cell.clone())));
        }
    }

    /// A second's cell of a counter.
    fn counted(&self, share: Share) -> Option<Cell> {
        let sum = self.sum.sum;
        let whole = sum >= 0.0 && sum.fract() == 0.0 && sum < (1_u64 << 53) as f64;
        let value = if whole { share.of(sum as u64, 0) as f64 } else { sum * share.part() };
        let cell =
            Cell { count: 1, nonzero: 1, sum: value, min: value, max: value, last: value, ..Cell::default() };
        (value != 0.0).then_some(cell)
    }

    /// A second's cell of anything else.
    fn measured(&self, share: Share) -> Option<Cell> {
        let sum = &*self.sum;
        let nonzero = share.of(sum.nonzero, 0);
        let mut cell = Cell {
            count: nonzero + share.of(sum.count.saturating_sub(sum.nonzero), PHASES / 2),
            nonzero,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            ..Cell::default()
        };
        if let Some(buckets) = &sum.buckets {
            let entries = self.spread(buckets, share, &mut cell);
            cell.sketch = Packed::from_entries(&entries);
        }
        if cell.count == 0 {
            return None;
        }
        cell.nonzero = cell.nonzero.min(cell.count);
        cell.sum = sum.sum * (cell.count as f64 / sum.count.max(1) as f64);
        cell.last = cell.sum / cell.count as f64;
        Some(cell)
    }

    /// A second's share of the samples in buckets: sketch entries, and what `cell` knows of them.
    fn spread(&self, buckets: &[Bucket], share: Share, cell: &mut Cell) -> Vec<(u32, u64)> {
        let (least, greatest) = self.within;
        let mut entries: BTreeMap<u32, u64> = BTreeMap::new();
        cell.count = 0;
        for (number, bucket) in buckets.iter().enumerate() {
            // Each begins elsewhere, lest all lone samples fall into the last second.
            let count = share.of(bucket.count, number as u64 * 7);
            cell.count += count;
            let (low, high) = (bucket.low.max(least), bucket.high.min(greatest));
            let (low, high) = match (low.is_finite(), high.is_finite()) {
                (true, true) => (low.min(high), high),
                (true, false) => (low, low),
                (false, true) => (high, high),
                (false, false) => continue,
            };
            let points = count.min(POINTS);
            for point in 0..points {
                let value = low + (high - low) * ((point as f64 + 0.5) / points as f64);
                let samples = Share { begin: point, end: point + 1, whole: points }.of(count, 0);
                *entries.entry(bucket_of(value)).or_default() += samples;
                cell.min = cell.min.min(value);
                cell.max = cell.max.max(value);
            }
        }
        entries.into_iter().collect()
    }
}

/// Where what is left over by dividing goes can be shifted by so many steps.
const PHASES: u64 = 16;

/// A stretch of something that is divided.
#[derive(Debug, Clone, Copy)]
struct Share {
    begin: u64,
    end: u64,
    whole: u64,
}

impl Share {
    fn part(self) -> f64 {
        (self.end - self.begin) as f64 / self.whole as f64
    }

    /// Its share of a total in whole numbers, as even as these can be; a greater `phase` brings what is left over
    /// to earlier stretches. Stretches that make up the whole have the total together.
    fn of(self, total: u64, phase: u64) -> u64 {
        let whole = u128::from(self.whole);
        let phase = whole * u128::from(phase % PHASES) / u128::from(PHASES);
        let up_to = |at: u64| (u128::from(total) * u128::from(at) + phase) / whole;
        (up_to(self.end) - up_to(self.begin)) as u64
    }
}
