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
use crate::record::{Batch, Second};
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
        let parts = (last - first + 1) as u64;
        for at in 0..parts {
            let Some(mut cell) = self.share(counts, at, parts) else { continue };
            let second = first + at as i64;
            cell.last_ns = self.to_ns.min(second * SECOND_NS + SECOND_NS - 1);
            let cells =
                &mut seconds.entry(second).or_insert_with(|| Second { second, cells: Vec::new() }).cells;
            cells.extend(series.iter().map(|&series| (series, cell.clone())));
        }
    }

    /// The cell of the part `at` of so many.
    fn share(&self, counts: bool, at: u64, parts: u64) -> Option<Cell> {
        let sum = &*self.sum;
        if counts {
            let whole = sum.sum >= 0.0 && sum.sum.fract() == 0.0 && sum.sum < (1_u64 << 53) as f64;
            let value =
                if whole { split(sum.sum as u64, at, parts, 0) as f64 } else { sum.sum / parts as f64 };
            return (value != 0.0).then(|| Cell {
                count: 1,
                nonzero: 1,
                sum: value,
                min: value,
                max: value,
                last: value,
                ..Cell::default()
            });
        }
        let nonzero = split(sum.nonzero, at, parts, 0);
        let mut cell = Cell {
            count: nonzero + split(sum.count.saturating_sub(sum.nonzero), at, parts, parts / 2),
            nonzero,
            min: sum.min.filter(|_| at == 0).unwrap_or(f64::INFINITY),
            max: sum.max.filter(|_| at == 0).unwrap_or(f64::NEG_INFINITY),
            ..Cell::default()
        };
        if let Some(buckets) = &sum.buckets {
            let entries = self.spread(buckets, at, parts, &mut cell);
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

    /// The part `at` of the samples in buckets: sketch entries, and what `cell` knows of them.
    fn spread(&self, buckets: &[Bucket], at: u64, parts: u64, cell: &mut Cell) -> Vec<(u32, u64)> {
        let (least, greatest) = self.within;
        let mut entries: BTreeMap<u32, u64> = BTreeMap::new();
        cell.count = 0;
        for (number, bucket) in buckets.iter().enumerate() {
            // Each begins elsewhere, lest all lone samples fall into the last second.
            let count = split(bucket.count, at, parts, number as u64 * 7 % parts);
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
                *entries.entry(bucket_of(value)).or_default() += split(count, point, points, 0);
                cell.min = cell.min.min(value);
                cell.max = cell.max.max(value);
            }
        }
        entries.into_iter().collect()
    }
}

/// The part `at` of `total` divided among so many, as evenly as whole numbers can be; a greater `phase` (less
/// than `parts`) brings what is left over to earlier parts. The parts add up to the total.
fn split(total: u64, at: u64, parts: u64, phase: u64) -> u64 {
    let up_to = |at: u64| (u128::from(total) * u128::from(at) + u128::from(phase)) / u128::from(parts);
    (up_to(at + 1) - up_to(at)) as u64
}
