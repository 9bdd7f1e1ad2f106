//! The ratio of a quantile of two runs, by blocks.
//!
//! Two runs have one quantile where as many of their values lie below it; so the shares below the quantile of both
//! together are compared (Mood 1950, with the variance of shares from clusters instead of that of independent
//! samples). The interval has the ratios with which the other's values can be multiplied without that becoming
//! improbable: the test inverted (Bauer 1972). Nothing is supposed of how values are distributed, and the interval is
//! as lopsided as they are.

use crate::blocks::{Blocks, samples, variance};

/// Ratios that are looked for.
const FARTHEST: f64 = 1e6;

/// An end that is further from the ratio than this is as good as open.
const WIDEST: f64 = 10.0;

/// The distribution of one run's values.
#[derive(Debug, Clone)]
struct Side {
    /// By number: samples, and what lies below values, as below.
    blocks: Vec<(i64, f64, Below)>,
    count: f64,
    /// How many blocks there would be, were they equal.
    equal: f64,
    below: Below,
}

/// Values, ascending, each with how many lie below it; behind them infinity, with all.
type Below = Vec<(f64, f64)>;

/// A quantile of two runs.
#[derive(Debug, Clone)]
pub(crate) struct Quantiles {
    rank: f64,
    run: Side,
    other: Side,
}

/// By how many standard errors shares below differ, and what the variance of each share is.
struct Distance {
    errors: f64,
    variances: [f64; 2],
}

impl Side {
    fn of(blocks: &Blocks) -> Option<Side> {
        let (count, equal) = samples(blocks)?;
        let mut all: Vec<(f64, f64)> = blocks.values().flat_map(|block| &block.values).copied().collect();
        let known: f64 = all.iter().map(|(_, n)| n).sum();
        if known < count || all.first().is_none_or(|(least, _)| *least < 0.0) {
            return None;
        }
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        let blocks = blocks.iter().map(|(at, block)| (*at, block.count, cumulated(&block.values))).collect();
        Some(Side { blocks, count, equal, below: cumulated(&all) })
    }

    /// The shares below a value, and up to it.
    fn shares(&self, value: f64) -> (f64, f64) {
        let (less, upto) = around(&self.below, value);
        (less / self.count, upto / self.count)
    }

    /// The variance of the share below a value, of which `split` of those that are equal to it count as below.
    fn variance(&self, value: f64, split: f64, share: f64, rank: f64) -> f64 {
        let deviations: Vec<(i64, f64)> = self
            .blocks
            .iter()
            .map(|(at, count, below)| {
                let (less, upto) = around(below, value);
                (*at, less + split * (upto - less) - share * count)
            })
            .collect();
        let independent = rank * (1.0 - rank) * self.count;
        variance(&deviations, self.equal).max(independent) / (self.count * self.count)
    }
}

fn cumulated(values: &[(f64, f64)]) -> Below {
    let mut sum = 0.0;
    let mut below: Below = Vec::with_capacity(values.len() + 1);
    for (value, n) in values {
        if below.last().is_none_or(|(last, _)| last != value) {
            below.push((*value, sum));
        }
        sum += n;
    }
    below.push((f64::INFINITY, sum));
    below
}

/// How many lie below a value, and how many up to it.
fn around(below: &Below, value: f64) -> (f64, f64) {
    let place = below.partition_point(|(one, _)| *one < value).min(below.len() - 1);
    let (found, less) = below[place];
    (less, if found == value { below[(place + 1).min(below.len() - 1)].1 } else { less })
}

impl Quantiles {
    /// `None`: there are too few blocks, or the distribution of some samples is not known, or values are below 0.
    pub(crate) fn of(run: &Blocks, other: &Blocks, rank: f64) -> Option<Quantiles> {
        Some(Quantiles { rank, run: Side::of(run)?, other: Side::of(other)? })
    }

    /// Welch and Satterthwaite's degrees of freedom.
    pub(crate) fn freedom(&self) -> f64 {
        let [a, b] = self.distance(1.0).variances;
        let (one, two) = (self.run.equal - 1.0, self.other.equal - 1.0);
        ((a + b) * (a + b) / (a * a / one + b * b / two)).clamp(one.min(two), one + two)
    }

    /// By how many standard errors the runs differ; above 0 where this run's values are greater.
    pub(crate) fn errors(&self) -> f64 {
        -self.distance(1.0).errors
    }

    /// From and to which ratio they may differ, `t` standard errors to either side; infinite where the values do not
    /// tell.
    pub(crate) fn within(&self, t: f64) -> (f64, f64) {
        let own = self.ratio_at(0.0, 1.0, FARTHEST).unwrap_or(1.0);
        let end = |errors| self.ratio_at(errors, own, WIDEST);
        (end(-t).unwrap_or(0.0), end(t).unwrap_or(f64::INFINITY))
    }

    /// The ratio, so near to another, at which shares differ by so many standard errors.
    fn ratio_at(&self, errors: f64, near: f64, within: f64) -> Option<f64> {
        let (mut low, mut high) = ((near / within).ln(), (near * within).ln());
        let reached = |at: f64| self.distance(at.exp()).errors;
        if reached(low) > errors || reached(high) < errors {
            return None;
        }
        // Buckets are 0.1 % wide.
        while high - low > 2e-4 {
            let middle = (low + high) / 2.0;
            if reached(middle) < errors { low = middle } else { high = middle }
        }
        Some(((low + high) / 2.0).exp())
    }

    /// With the other's values multiplied by a ratio.
    fn distance(&self, ratio: f64) -> Distance {
        let shares = |value: f64| (self.run.shares(value), self.other.shares(value / ratio));
        let middle = |value: f64| {
            let ((less, upto), (others, others_upto)) = shares(value);
            ((less + others) / 2.0, (upto + others_upto) / 2.0)
        };
        // The least value up to which both together have their rank.
        let of_run = least(&self.run.below, |value| middle(value).1 >= self.rank);
        let of_other = least(&self.other.below, |value| middle(value * ratio).1 >= self.rank);
        let value = of_run.min(of_other * ratio);
        let (less, upto) = middle(value);
        let split = if upto > less { ((self.rank - less) / (upto - less)).clamp(0.0, 1.0) } else { 0.0 };
        let ((a, a_upto), (b, b_upto)) = shares(value);
        let (a, b) = (a + split * (a_upto - a), b + split * (b_upto - b));
        let variances = [
            self.run.variance(value, split, a, self.rank),
            self.other.variance(value / ratio, split, b, self.rank),
        ];
        Distance { errors: (a - b) / (variances[0] + variances[1]).sqrt(), variances }
    }
}

/// The least of sorted values for which something holds that holds for all greater ones.
fn least(values: &[(f64, f64)], holds: impl Fn(f64) -> bool) -> f64 {
    let place = values.partition_point(|(value, _)| value.is_finite() && !holds(*value));
    values.get(place).map_or(f64::INFINITY, |(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::tests::blocks;

    fn ramp(by: f64) -> Blocks {
        blocks((0..10).map(|_| (1..=100).map(|value| f64::from(value) * by).collect()))
    }

    #[test]
    fn the_ratio_is_within_its_interval_and_no_difference_is_none() {
        let found = Quantiles::of(&ramp(1.3), &ramp(1.0), 0.5).unwrap();
        let (from, to) = found.within(1.96);
        assert!(from > 1.15 && from < 1.3 && to > 1.3 && to < 1.45, "{from} {to}");
        assert!(found.errors() > 3.0);
        let same = Quantiles::of(&ramp(1.0), &ramp(1.0), 0.95).unwrap();
        assert_eq!(same.errors(), 0.0);
        let (from, to) = same.within(1.96);
        assert!(from < 1.0 && to > 1.0 && to < 1.05, "{from} {to}");
    }

    #[test]
    fn too_few_samples_leave_an_end_open() {
        let few = |by: f64| blocks((0..10).map(|at| (1..8).map(|i| f64::from(at * 7 + i) * by).collect()));
        let (from, to) = Quantiles::of(&few(1.0), &few(1.1), 0.99).unwrap().within(1.96);
        assert_eq!((from, to), (0.0, f64::INFINITY), "seventy values say nothing of a 99th percentile");
        assert!(Quantiles::of(&blocks((0..4).map(|_| vec![1.0; 100])), &few(1.0), 0.5).is_none());
    }

    #[test]
    fn values_of_which_many_are_equal_are_compared_by_how_many_are_less() {
        let zeros = |share: usize| {
            blocks((0..10).map(|_| (0..100).map(|i| if i < share { 0.0 } else { 5.0 }).collect()))
        };
        assert!(Quantiles::of(&zeros(80), &zeros(80), 0.5).unwrap().errors().abs() < 1e-9);
        assert!(Quantiles::of(&zeros(30), &zeros(80), 0.5).unwrap().errors() > 5.0);
    }
}
