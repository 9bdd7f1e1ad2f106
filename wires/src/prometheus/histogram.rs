//! Native histograms ("Native Histograms", Prometheus documentation).

use super::series::{Histogram, Span};
use crate::distribution::{COUNT, Distribution, power};
use crate::{Summed, Wrong};

/// The schema of bounds that the histogram names.
const CUSTOM: i32 = -53;
/// Schemas of powers.
const POWERS: std::ops::RangeInclusive<i32> = -4..=8;
/// `ResetHint`: values may also leave it.
const GAUGE: i32 = 3;

/// What a histogram says, its numbers multiplied by `factor`.
///
/// # Errors
///
/// Where it does not say what can be counted.
pub(super) fn samples(histogram: &Histogram, factor: f64) -> Result<Summed, Wrong> {
    if histogram.reset_hint == GAUGE {
        return Err(Wrong::new("a gauge histogram does not add up samples since a start"));
    }
    let count = count(histogram.count_int, histogram.count_float)?;
    let zeros = self::count(histogram.zero_count_int, histogram.zero_count_float)?;
    if count == 0 {
        return Ok(Summed::default());
    }
    let sum = histogram.sum * factor;
    if !sum.is_finite() {
        return Err(Wrong::with("a value must be a finite number", histogram.sum.to_string()));
    }
    let positive =
        indexed(&histogram.positive_spans, &histogram.positive_deltas, &histogram.positive_counts)?;
    let mut distribution = Distribution::new(factor);
    let nonzero = if histogram.schema == CUSTOM {
        let bounds = &histogram.custom_values;
        if !bounds.iter().all(|bound| bound.is_finite()) || !bounds.is_sorted_by(|a, b| a < b) {
            return Err(Wrong::new("a histogram's bounds must be numbers in ascending order"));
        }
        for (index, count) in positive {
            // The one behind the last bound has none.
            let at = usize::try_from(index).ok().filter(|at| *at <= bounds.len());
            let at = at.ok_or(Wrong::new("a histogram has more buckets than bounds"))?;
            let low = if at == 0 { f64::NEG_INFINITY } else { bounds[at - 1] };
            distribution.push(low, bounds.get(at).copied().unwrap_or(f64::INFINITY), count);
        }
        count
    } else {
        if !POWERS.contains(&histogram.schema) {
            let schema = histogram.schema.to_string();
            return Err(Wrong::with("a histogram's schema must be from -4 to 8, or -53", schema));
        }
        if !(histogram.zero_threshold >= 0.0 && histogram.zero_threshold.is_finite()) {
            return Err(Wrong::new("a histogram's zero threshold must not be negative"));
        }
        let negative =
            indexed(&histogram.negative_spans, &histogram.negative_deltas, &histogram.negative_counts)?;
        let between = |(index, count): &(i64, u64)| {
            (power(index - 1, histogram.schema), power(*index, histogram.schema), *count)
        };
        let side = |buckets: &[(i64, u64)]| buckets.iter().map(between).collect::<Vec<_>>();
        distribution.exponential(&side(&negative), (histogram.zero_threshold, zeros), &side(&positive));
        count.saturating_sub(zeros)
    };
    let buckets = distribution.finish(count, None, None)?;
    Ok(Summed { count, nonzero, sum, buckets: Some(buckets), ..Summed::default() })
}

fn count(whole: Option<u64>, float: Option<f64>) -> Result<u64, Wrong> {
    match (whole, float) {
        (Some(count), _) if count <= COUNT => Ok(count),
        (Some(count), _) => Err(Wrong::with("a count is too large to be one", count.to_string())),
        (None, float) => whole_count(float.unwrap_or_default()),
    }
}

/// A count that is told as a number with fractions.
pub(super) fn whole_count(float: f64) -> Result<u64, Wrong> {
    if (0.0..=COUNT as f64).contains(&float) && float.fract() == 0.0 {
        Ok(float as u64)
    } else {
        Err(Wrong::with("a count must be a whole number", float.to_string()))
    }
}

/// The indices of buckets that are not empty, with their counts: told as differences, or each by itself.
fn indexed(spans: &[Span], deltas: &[i64], floats: &[f64]) -> Result<Vec<(i64, u64)>, Wrong> {
    let length: u64 = spans.iter().map(|span| u64::from(span.length)).sum();
    let told = if deltas.is_empty() { floats.len() } else { deltas.len() };
    if length != told as u64 {
        return Err(Wrong::new("the spans of a histogram are not as long as its buckets"));
    }
    // The sum of the lengths is bounded now.
    let mut start = 0_i64;
    let indices = spans.iter().flat_map(|span| {
        let first = start + i64::from(span.offset);
        start = first + i64::from(span.length);
        first..start
    });
    let mut before = 0_i64;
    let mut buckets = Vec::with_capacity(told);
    for (at, index) in indices.enumerate() {
        let count = if deltas.is_empty() {
            whole_count(floats[at])?
        } else {
            let sum = before.checked_add(deltas[at]).filter(|sum| (0..=COUNT.cast_signed()).contains(sum));
            before = sum.ok_or(Wrong::new("a bucket's count is none"))?;
            before.cast_unsigned()
        };
        if count > 0 {
            buckets.push((index, count));
        }
    }
    if buckets.is_sorted_by(|a, b| a.0 < b.0) {
        Ok(buckets)
    } else {
        Err(Wrong::new("the spans of a histogram overlap"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Bucket;

    fn bucket(low: f64, high: f64, count: u64) -> Bucket {
        Bucket { low, high, count }
    }

    /// 3 zeros, 2 in (1, 2], none in (2, 4], 1 in (4, 8], and 1 in [-1, -0.5).
    fn powers() -> Histogram {
        Histogram {
            count_int: Some(7),
            sum: 9.0,
            zero_threshold: 0.25,
            zero_count_int: Some(3),
            positive_spans: vec![Span { offset: 1, length: 1 }, Span { offset: 1, length: 1 }],
            positive_deltas: vec![2, -1],
            negative_spans: vec![Span { offset: 0, length: 1 }],
            negative_deltas: vec![1],
            ..Histogram::default()
        }
    }

    #[test]
    fn buckets_lie_between_the_powers_of_their_index_and_the_one_before() {
        let summed = samples(&powers(), 1.0).expect("samples");
        let expected =
            [bucket(-1.0, -0.5, 1), bucket(-0.25, 0.25, 3), bucket(1.0, 2.0, 2), bucket(4.0, 8.0, 1)];
        assert_eq!(summed.buckets.as_deref(), Some(&expected[..]));
        assert_eq!((summed.count, summed.nonzero, summed.sum), (7, 4, 9.0));
        let floats = Histogram {
            count_int: None,
            count_float: Some(7.0),
            zero_count_int: None,
            zero_count_float: Some(3.0),
            positive_deltas: Vec::new(),
            positive_counts: vec![2.0, 1.0],
            negative_deltas: Vec::new(),
            negative_counts: vec![1.0],
            ..powers()
        };
        assert_eq!(samples(&floats, 1.0), Ok(summed));
    }

    #[test]
    fn bounds_may_be_named() {
        let custom = Histogram {
            count_int: Some(6),
            sum: 3.0,
            schema: CUSTOM,
            custom_values: vec![0.5, 1.0],
            positive_spans: vec![Span { offset: 0, length: 3 }],
            positive_deltas: vec![1, 1, 1],
            ..Histogram::default()
        };
        let buckets = samples(&custom, 1e3).expect("samples").buckets.expect("buckets");
        let infinity = f64::INFINITY;
        assert_eq!(
            buckets,
            [bucket(-infinity, 500.0, 1), bucket(500.0, 1_000.0, 2), bucket(1_000.0, infinity, 3)]
        );
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        let bad = [
            Histogram { count_int: Some(8), ..powers() },
            Histogram { count_int: Some(u64::MAX), ..powers() },
            Histogram { sum: f64::NAN, ..powers() },
            Histogram { schema: 9, ..powers() },
            Histogram { reset_hint: GAUGE, ..powers() },
            Histogram { zero_threshold: f64::NAN, ..powers() },
            Histogram { positive_deltas: vec![2, -3], ..powers() },
            Histogram { positive_deltas: vec![i64::MAX, i64::MAX], ..powers() },
            Histogram { positive_spans: vec![Span { offset: 1, length: u32::MAX }], ..powers() },
            Histogram { positive_spans: vec![Span { offset: i32::MAX, length: 2 }], ..powers() },
            Histogram {
                positive_spans: vec![Span { offset: 1, length: 1 }, Span { offset: -1, length: 1 }],
                ..powers()
            },
            Histogram { schema: CUSTOM, ..powers() },
        ];
        for histogram in bad {
            assert!(samples(&histogram, 1.0).is_err(), "{histogram:?}");
        }
    }
}
