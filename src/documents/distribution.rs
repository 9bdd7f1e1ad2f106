//! How the values of one trend are distributed: the document of `/runs/ID/distribution`.

use crate::fold::Tally;
use crate::record::sketch::{Sketch, value_of};
use loadgate_documents::{Digits, MetricKind, MetricType, to_json};
use serde::Serialize;

/// Bins between the least and the greatest value.
const BINS: usize = 48;

/// Bins grow by a ratio where the greatest value is so many times the least.
const LOGARITHMIC_FROM: f64 = 4.0;

const PERCENTILES: [f64; 11] = [0.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 99.99, 100.0];

#[derive(Serialize)]
struct Document<'a> {
    run: &'a str,
    table: &'a str,
    key: &'a [String],
    metric: &'a str,
    contains: Option<&'static str>,
    count: u64,
    min: f64,
    max: f64,
    avg: f64,
    bins: Vec<Bin>,
    percentiles: Vec<(f64, f64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Bin {
    from: f64,
    to: f64,
    count: u64,
}

/// What the values are of.
pub(crate) struct Of<'a> {
    pub run: String,
    /// What clients call the breakdown.
    pub table: &'a str,
    pub key: &'a [String],
    pub metric: &'a str,
}

/// The document; `None` where that is no trend, or nothing is in it.
pub(crate) fn document(of: &Of, kind: MetricKind, tally: &Tally) -> Option<String> {
    if kind.metric_type != MetricType::Trend || tally.count == 0 {
        return None;
    }
    let values = tally.quantiles(PERCENTILES.map(|p| p / 100.0))?;
    let document = Document {
        run: &of.run,
        table: of.table,
        key: of.key,
        metric: of.metric,
        contains: kind.contains.word(),
        count: tally.count,
        min: tally.min,
        max: tally.max,
        avg: tally.sum.get() / tally.count as f64,
        bins: bins(&tally.sketch, tally.min, tally.max),
        percentiles: PERCENTILES.into_iter().zip(values).collect(),
    };
    Some(to_json(&document, Digits::All))
}

/// Contiguous bins in ascending order, those without values left out: equally wide, or where values
/// lie far apart, each wider than the one before by the same ratio.
fn bins(sketch: &Sketch, min: f64, max: f64) -> Vec<Bin> {
    let logarithmic = min > 0.0 && max / min >= LOGARITHMIC_FROM;
    let edge = |i: usize| match i {
        0 => min,
        BINS => max,
        _ if logarithmic => min * (max / min).powf(i as f64 / BINS as f64),
        _ => min + (max - min) * (i as f64 / BINS as f64),
    };
    let edges: Vec<f64> = (0..=BINS).map(edge).collect();
    let mut bins: Vec<Bin> = Vec::new();
    for &(bucket, count) in sketch.entries() {
        let value = value_of(bucket).clamp(min, max);
        let at = edges[1..BINS].partition_point(|&edge| edge <= value);
        let (from, to) = (edges[at], edges[at + 1]);
        match bins.last_mut().filter(|bin| bin.from >= from) {
            Some(bin) => bin.count += count,
            None => bins.push(Bin { from, to, count }),
        }
    }
    bins
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::packed::Packed;
    use crate::record::sketch::bucket_of;

    fn sketch(values: &[f64]) -> Sketch {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        let mut entries: Vec<(u32, u64)> = Vec::new();
        for bucket in values.into_iter().map(bucket_of) {
            match entries.last_mut().filter(|entry| entry.0 == bucket) {
                Some(entry) => entry.1 += 1,
                None => entries.push((bucket, 1)),
            }
        }
        let mut sketch = Sketch::default();
        sketch.merge_packed(&Packed::from_entries(&entries));
        sketch
    }

    #[test]
    fn every_value_is_in_one_bin_that_holds_it() {
        for values in [
            vec![5.0],
            vec![1.0, 1.1, 1.2, 1.9],
            (1..2_000).map(f64::from).collect(),
            vec![-3.0, 0.0, 0.5, 40.0],
            vec![0.0, 0.0],
        ] {
            let (min, max) = (values[0], *values.last().expect("there are values"));
            let bins = bins(&sketch(&values), min, max);
            assert_eq!(bins.iter().map(|bin| bin.count).sum::<u64>(), values.len() as u64, "{values:?}");
            assert!(bins.len() <= BINS);
            assert!(bins.iter().all(|bin| bin.from <= bin.to && bin.from >= min && bin.to <= max));
            assert!(bins.windows(2).all(|pair| pair[0].to <= pair[1].from), "{bins:?}");
        }
    }

    #[test]
    fn bins_of_far_values_grow_by_a_ratio() {
        let values: Vec<f64> = (1..=1_000).map(f64::from).collect();
        let bins = bins(&sketch(&values), 1.0, 1_000.0);
        let ratio = |bin: &Bin| bin.to / bin.from;
        assert!(bins.iter().all(|bin| (ratio(bin) - ratio(&bins[0])).abs() < 1e-9));
    }
}
