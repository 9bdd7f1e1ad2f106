//! Figures of a run as its blocks tell them: the value, and within what it may be by chance.
//!
//! Samples of a load test are not independent: a slow second slows all that is sent in it. So they are not counted
//! one by one. A run is cut into at most [`MOST_BLOCKS`] blocks (the method of batch means; Schmeiser 1982: between
//! 10 and 30 batches are enough, and the fewer, the longer is the correlation that they take in), and how much
//! figures move from block to block tells how much they move by chance. Each figure is a ratio of two sums over the
//! blocks, so that blocks may be unequal; its variance is that of a ratio from clusters (Cochran 1977, chapters 6 and
//! 9A), never less than that of as many independent samples.

use std::collections::BTreeMap;

/// A run is cut into so many blocks at most.
pub const MOST_BLOCKS: i64 = 20;

/// With fewer, nobody can tell how they vary.
const FEWEST_BLOCKS: f64 = 5.0;

/// What came of one series in a block.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Block {
    /// Samples.
    pub count: f64,
    /// Those that are not 0: the failures of `http_req_failed`, the passes of `checks`.
    pub nonzero: f64,
    /// Of their values.
    pub sum: f64,
    /// Values in ascending order, each with how often; empty where the distribution is not known.
    pub values: Vec<(f64, f64)>,
}

/// Blocks by their number: the same number is the same time since the begin.
pub type Blocks = BTreeMap<i64, Block>;

/// From and to; an end that the values do not tell is infinite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Interval {
    pub from: f64,
    pub to: f64,
}

/// A figure of one run.
#[derive(Debug, Clone)]
pub(crate) struct Estimate {
    pub value: f64,
    /// How many blocks there would be, were they equal.
    pub blocks: f64,
    spread: Spread,
}

#[derive(Debug, Clone)]
enum Spread {
    /// Of a mean: its standard error.
    Mean(f64),
    /// Of a share: as many independent samples say as much.
    Share(f64),
}

/// The variance of the sum of deviations, which is about 0. Neighbours that deviate alike add what they have in common
/// (a lag window of one block: Priestley 1981, chapter 6); where they seem to deviate against each other that is left out.
pub(crate) fn variance(deviations: &[(i64, f64)], blocks: f64) -> f64 {
    let squares: f64 = deviations.iter().map(|(_, deviation)| deviation * deviation).sum();
    let neighbours: f64 = deviations
        .windows(2)
        .filter(|pair| pair[1].0 == pair[0].0 + 1)
        .map(|pair| pair[0].1 * pair[1].1)
        .sum();
    (squares + 2.0 * neighbours.max(0.0)) * blocks / (blocks - 1.0)
}

/// Kish's number of equal blocks.
fn equal_blocks(weights: impl Iterator<Item = f64>) -> f64 {
    let (sum, squares) = weights.fold((0.0, 0.0), |(sum, squares), n| (sum + n, squares + n * n));
    if squares > 0.0 { sum * sum / squares } else { 0.0 }
}

/// What a figure of the blocks is made with: samples, and how many blocks they are worth.
pub(crate) fn samples(blocks: &Blocks) -> Option<(f64, f64)> {
    let count: f64 = blocks.values().map(|block| block.count).sum();
    let equal = equal_blocks(blocks.values().map(|block| block.count));
    (equal >= FEWEST_BLOCKS).then_some((count, equal))
}

impl Estimate {
    /// The arithmetic mean.
    pub(crate) fn mean(blocks: &Blocks) -> Option<Estimate> {
        let (count, equal) = samples(blocks)?;
        let value = blocks.values().map(|block| block.sum).sum::<f64>() / count;
        let deviations: Vec<_> =
            blocks.iter().map(|(at, block)| (*at, block.sum - value * block.count)).collect();
        let error = variance(&deviations, equal).sqrt() / count;
        Some(Estimate { value, blocks: equal, spread: Spread::Mean(error) })
    }

    /// The share of values that are not 0.
    pub(crate) fn share(blocks: &Blocks) -> Option<Estimate> {
        let (count, equal) = samples(blocks)?;
        let value = blocks.values().map(|block| block.nonzero).sum::<f64>() / count;
        let deviations: Vec<_> =
            blocks.iter().map(|(at, block)| (*at, block.nonzero - value * block.count)).collect();
        let alone = value * (1.0 - value) * count;
        let design = if alone > 0.0 { (variance(&deviations, equal) / alone).max(1.0) } else { 1.0 };
        Some(Estimate { value, blocks: equal, spread: Spread::Share(count / design) })
    }

    /// Within what the figure is, `t` standard errors to either side; of shares Wilson's score interval.
    pub(crate) fn within(&self, t: f64) -> Interval {
        match &self.spread {
            Spread::Mean(error) => Interval { from: self.value - t * error, to: self.value + t * error },
            Spread::Share(count) => wilson(self.value, *count, t),
        }
    }
}

fn wilson(p: f64, count: f64, t: f64) -> Interval {
    let square = t * t;
    let centre = p + square / (2.0 * count);
    let half = t * (p * (1.0 - p) / count + square / (4.0 * count * count)).sqrt();
    let scale = 1.0 + square / count;
    // Exact at both ends, where rounding would put the share outside of its own interval.
    Interval { from: ((centre - half) / scale).clamp(0.0, p), to: ((centre + half) / scale).clamp(p, 1.0) }
}

/// The ratio of two sums that both grow with time, block against block of the same time, so that what the plan of
/// the load does to both cancels out; with its standard error, and the blocks that it is from.
pub(crate) fn paired_ratio(run: &Blocks, other: &Blocks) -> Option<(f64, f64, f64)> {
    let of = |blocks: &Blocks, at: i64| blocks.get(&at).map_or(0.0, |block| block.sum);
    let (first, last) = other
        .keys()
        .chain(run.keys())
        .fold((i64::MAX, i64::MIN), |(first, last), at| (first.min(*at), last.max(*at)));
    let pairs: Vec<(f64, f64)> = (first..=last).map(|at| (of(run, at), of(other, at))).collect();
    let (sum, others) = pairs.iter().fold((0.0, 0.0), |(a, b), pair| (a + pair.0, b + pair.1));
    let equal = equal_blocks(pairs.iter().map(|pair| pair.1));
    if equal < FEWEST_BLOCKS || others <= 0.0 {
        return None;
    }
    let ratio = sum / others;
    let deviations: Vec<_> = (first..).zip(&pairs).map(|(at, pair)| (at, pair.0 - ratio * pair.1)).collect();
    Some((ratio, variance(&deviations, equal).sqrt() / others, equal))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn blocks(values: impl IntoIterator<Item = Vec<f64>>) -> Blocks {
        let block = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            Block {
                count: values.len() as f64,
                nonzero: values.iter().filter(|value| **value != 0.0).count() as f64,
                sum: values.iter().sum(),
                values: values.into_iter().map(|value| (value, 1.0)).collect(),
            }
        };
        (0..).zip(values.into_iter().map(block)).collect()
    }

    #[test]
    fn blocks_that_differ_say_no_more_than_their_number() {
        let stepped = blocks((0..10).map(|at| vec![f64::from(at); 100]));
        let mean = Estimate::mean(&stepped).unwrap();
        let within = mean.within(1.0);
        // The standard error of ten values from 0 to 9 is 0.957, and more as neighbours are alike.
        assert!(within.to - mean.value > 0.957, "{within:?}");
        let alternating = blocks((0..10).map(|at| vec![f64::from(at % 2 * 9); 100]));
        let mean = Estimate::mean(&alternating).unwrap();
        assert!((mean.within(1.0).to - mean.value - 1.5).abs() < 1e-9);
    }

    #[test]
    fn a_few_blocks_tell_nothing() {
        assert!(Estimate::mean(&blocks((0..4).map(|_| vec![1.0; 100]))).is_none());
        let once = blocks([vec![1.0; 1000], vec![1.0], vec![1.0], vec![1.0], vec![1.0], vec![1.0]]);
        assert!(Estimate::mean(&once).is_none(), "all in one block is one block");
    }

    #[test]
    fn shares_have_the_intervals_of_the_books() {
        // Newcombe 1998a, table I, method 3.
        for (part, whole, from, to) in
            [(81.0, 263.0, 0.2553, 0.3662), (15.0, 148.0, 0.0624, 0.1605), (0.0, 20.0, 0.0, 0.1611)]
        {
            let found = wilson(part / whole, whole, 1.959_964);
            assert!((found.from - from).abs() < 5e-5 && (found.to - to).abs() < 5e-5, "{found:?}");
        }
    }

    #[test]
    fn what_the_plan_does_to_both_runs_cancels_out() {
        let ramp = |by: f64| -> Blocks {
            (0..10).map(|at| (at, Block { sum: (at + 1) as f64 * by, ..Block::default() })).collect()
        };
        let (ratio, error, _) = paired_ratio(&ramp(90.0), &ramp(100.0)).unwrap();
        assert!((ratio - 0.9).abs() < 1e-12 && error < 1e-9);
    }
}
