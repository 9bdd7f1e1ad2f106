//! Buckets of histograms, as several wires have them.

use crate::{Bucket, Wrong};

/// More samples than this are no count but a mistake; sums of such counts stay exact.
pub(crate) const COUNT: u64 = 1 << 53;

/// What a bound of an exponential histogram is: 2^(index / 2^scale). The same bound at another scale is the very
/// same number, since the quotient is exact.
pub(crate) fn power(index: i64, scale: i32) -> f64 {
    (index as f64 * f64::from(-scale).exp2()).exp2()
}

/// Collects buckets in ascending order.
#[derive(Debug)]
pub(crate) struct Distribution {
    /// What bounds are multiplied by to be in milliseconds or bytes.
    factor: f64,
    buckets: Vec<Bucket>,
}

/// Nothing that is measured is nearer to zero, and is not zero: 2^-128 is what Prometheus' clients have.
const NOTHING: f64 = 1e-30;

impl Distribution {
    pub(crate) fn new(factor: f64) -> Self {
        Distribution { factor, buckets: Vec::new() }
    }

    /// Adds a bucket, if anything is in it.
    pub(crate) fn push(&mut self, low: f64, high: f64, count: u64) {
        if count > 0 {
            self.buckets.push(Bucket { low: low * self.factor, high: high * self.factor, count });
        }
    }

    /// Adds the buckets of an exponential histogram: of each sign by ascending index, each index with
    /// the powers that it lies between. Zeros are whatever is nearer to zero than the threshold.
    pub(crate) fn exponential(
        &mut self,
        negative: &[(f64, f64, u64)],
        (threshold, zeros): (f64, u64),
        positive: &[(f64, f64, u64)],
    ) {
        // What overlaps the zeros is beyond them.
        let beyond = |bound: f64| bound.max(threshold);
        for (low, high, count) in negative.iter().rev() {
            self.push(-beyond(*high), -beyond(*low), *count);
        }
        // Prometheus' smallest threshold is no measurement: what lies below it is 0.
        let threshold = if threshold <= NOTHING { 0.0 } else { threshold };
        // Where nothing lies on one side, zeros are taken not to lie there either, as Prometheus does; where there
        // are only zeros, they are not negative. `0.0 -` is for a threshold of 0, which has no sign.
        let some = |side: &[(f64, f64, u64)]| side.iter().any(|(_, _, count)| *count > 0);
        let low = if some(negative) { 0.0 - threshold } else { 0.0 };
        let high = if some(negative) && !some(positive) { 0.0 } else { threshold };
        self.push(low, high, zeros);
        for (low, high, count) in positive {
            self.push(beyond(*low), beyond(*high), *count);
        }
    }

    /// All of them, cut where all samples lie if that is told.
    ///
    /// # Errors
    ///
    /// Where they are not as many as there are samples, or a bound is no number.
    pub(crate) fn finish(
        mut self,
        count: u64,
        min: Option<f64>,
        max: Option<f64>,
    ) -> Result<Vec<Bucket>, Wrong> {
        let counted: u128 = self.buckets.iter().map(|bucket| u128::from(bucket.count)).sum();
        if counted != u128::from(count) {
            let counts = format!("{counted} and {count}");
            return Err(Wrong::with("the counts of the buckets do not add up to the count", counts));
        }
        let possible = |bucket: &Bucket| {
            bucket.low <= bucket.high && bucket.low < f64::INFINITY && bucket.high > f64::NEG_INFINITY
        };
        if !self.buckets.iter().all(possible) {
            return Err(Wrong::new("a bucket's bounds are beyond what a number can hold"));
        }
        if let (Some(first), Some(min)) = (self.buckets.first_mut(), min)
            && first.low < min
            && min <= first.high
        {
            first.low = min;
        }
        if let (Some(last), Some(max)) = (self.buckets.last_mut(), max)
            && last.low <= max
            && max < last.high
        {
            last.high = max;
        }
        Ok(self.buckets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_the_same_numbers_at_every_scale() {
        assert_eq!(power(1, 0), 2.0);
        assert_eq!(power(-2, -10), 0.0);
        assert_eq!(power(1, -10), f64::INFINITY);
        for index in -320..320 {
            for scale in -8..20 {
                assert_eq!(power(index, scale).to_bits(), power(2 * index, scale + 1).to_bits());
            }
        }
    }

    fn buckets(negative: &[(f64, f64, u64)], zeros: (f64, u64), positive: &[(f64, f64, u64)]) -> Vec<Bucket> {
        let mut distribution = Distribution::new(1.0);
        distribution.exponential(negative, zeros, positive);
        let count = distribution.buckets.iter().map(|bucket| bucket.count).sum();
        distribution.finish(count, None, None).expect("buckets")
    }

    #[test]
    fn zeros_lie_where_samples_do() {
        let bucket = |low, high, count| Bucket { low, high, count };
        assert_eq!(buckets(&[], (0.0, 2), &[]), [bucket(0.0, 0.0, 2)]);
        assert_eq!(buckets(&[], (0.5, 2), &[]), [bucket(0.0, 0.5, 2)]);
        assert!(buckets(&[(1.0, 2.0, 1)], (0.0, 2), &[])[1].low.is_sign_positive());
        assert_eq!(buckets(&[(1.0, 2.0, 1)], (0.5, 2), &[]), [bucket(-2.0, -1.0, 1), bucket(-0.5, 0.0, 2)]);
        assert_eq!(
            buckets(&[(0.25, 1.0, 1)], (0.5, 2), &[(0.25, 1.0, 1)]),
            [bucket(-1.0, -0.5, 1), bucket(-0.5, 0.5, 2), bucket(0.5, 1.0, 1)]
        );
    }

    #[test]
    fn buckets_are_cut_where_samples_end_and_counted() {
        let of = |count, min, max| {
            let mut distribution = Distribution::new(2.0);
            distribution.push(f64::NEG_INFINITY, 1.0, 1);
            distribution.push(1.0, 2.0, 0);
            distribution.push(2.0, f64::INFINITY, 3);
            distribution.finish(count, min, max)
        };
        let bucket = |low, high, count| Bucket { low, high, count };
        assert_eq!(of(4, Some(0.5), Some(9.0)), Ok(vec![bucket(0.5, 2.0, 1), bucket(4.0, 9.0, 3)]));
        // What does not fit is not believed.
        assert_eq!(
            of(4, Some(3.0), Some(3.0)),
            Ok(vec![bucket(f64::NEG_INFINITY, 2.0, 1), bucket(4.0, f64::INFINITY, 3)])
        );
        assert!(of(5, None, None).is_err());
    }
}
