//! How far figures may be off by chance: 95 % intervals of shares, of quantiles, and of the difference of two
//! figures.
//!
//! A share has Wilson's score interval. Of a quantile, the order statistics n·p ± z·√(n·p·(1−p)) bound it; the
//! values there are taken from the percentiles that the summary has, between which the distribution is taken
//! for an exponential tail (a straight line over −ln(1−p)). The interval of a difference is made of both by the
//! method of variance estimates recovery (Zou and Donner 2008), which for two shares is Newcombe's.

use crate::observe::{Reading, Spread};

/// 97.5 % of a normal distribution lies below.
const Z: f64 = 1.959_963_984_540_054;

/// From and to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Interval {
    pub from: f64,
    pub to: f64,
}

/// The interval of a figure. `None`: the summary has not enough to tell.
pub(crate) fn of(reading: &Reading) -> Option<Interval> {
    match &reading.spread {
        Spread::Share { part, whole } => share(*part, *whole),
        Spread::Quantile { rank, count, known } => quantile(*rank, *count, known),
        Spread::Unknown => None,
    }
}

/// The interval of `value − other`.
pub(crate) fn difference(value: f64, own: Interval, other: f64, others: Interval) -> Interval {
    let difference = value - other;
    Interval {
        from: difference - (value - own.from).hypot(others.to - other),
        to: difference + (own.to - value).hypot(other - others.from),
    }
}

fn share(part: f64, whole: f64) -> Option<Interval> {
    if whole <= 0.0 {
        return None;
    }
    let (p, z2) = (part / whole, Z * Z);
    let centre = p + z2 / (2.0 * whole);
    let half = Z * (p * (1.0 - p) / whole + z2 / (4.0 * whole * whole)).sqrt();
    let scale = 1.0 + z2 / whole;
    // Exact at both ends, where rounding would put the share outside of its own interval.
    Some(Interval {
        from: ((centre - half) / scale).clamp(0.0, p),
        to: ((centre + half) / scale).clamp(p, 1.0),
    })
}

fn quantile(rank: f64, count: f64, known: &[(f64, f64)]) -> Option<Interval> {
    let half = Z * (rank * (1.0 - rank) / count).sqrt();
    let (from, to) = (rank - half, rank + half);
    if !(from > 0.0 && to < 1.0) {
        // Too few values: not even the least and the greatest bound it.
        return None;
    }
    Some(Interval { from: at(from, known)?, to: at(to, known)? })
}

/// The value at a rank, between its neighbours. The greatest value is no quantile of a distribution, but an
/// upper bound for what lies above the last one that is known.
fn at(rank: f64, known: &[(f64, f64)]) -> Option<f64> {
    let above = known.iter().position(|(known, _)| *known >= rank)?;
    let (high, value) = known[above];
    if high == rank || high >= 1.0 {
        return Some(value);
    }
    let (low, below) = *known.get(above.checked_sub(1)?)?;
    let depth = |rank: f64| -(1.0 - rank).ln();
    Some(below + (value - below) * (depth(rank) - depth(low)) / (depth(high) - depth(low)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(interval: Interval, from: f64, to: f64) {
        assert!((interval.from - from).abs() < 5e-5 && (interval.to - to).abs() < 5e-5, "{interval:?}");
    }

    #[test]
    fn shares_have_the_intervals_of_the_books() {
        // Newcombe 1998a, table I, method 3.
        near(share(81.0, 263.0).unwrap(), 0.2553, 0.3662);
        near(share(15.0, 148.0).unwrap(), 0.0624, 0.1605);
        near(share(0.0, 20.0).unwrap(), 0.0, 0.1611);
        near(share(1.0, 29.0).unwrap(), 0.0061, 0.1718);
        assert_eq!(share(0.0, 0.0), None);
        assert_eq!(share(20.0, 20.0).unwrap().to, 1.0);
    }

    #[test]
    fn differences_of_shares_have_them_too() {
        // Newcombe 1998b, table II, method 10.
        for ((a, m), (b, n), from, to) in [
            ((56.0, 70.0), (48.0, 80.0), 0.0524, 0.3339),
            ((9.0, 10.0), (3.0, 10.0), 0.1705, 0.8090),
            ((5.0, 56.0), (0.0, 29.0), -0.0381, 0.1926),
            ((0.0, 10.0), (0.0, 20.0), -0.1611, 0.2775),
        ] {
            let found = difference(a / m, share(a, m).unwrap(), b / n, share(b, n).unwrap());
            near(found, from, to);
        }
    }

    #[test]
    fn quantiles_of_an_exponential_tail_are_found_between_known_ones() {
        let known: Vec<(f64, f64)> = [0.0, 0.5, 0.9, 0.95, 0.99].map(|p: f64| (p, -(1.0 - p).ln())).to_vec();
        let known = [known, vec![(1.0, 9.0)]].concat();
        let found = quantile(0.95, 10_000.0, &known).unwrap();
        let half = Z * (0.95_f64 * 0.05 / 10_000.0).sqrt();
        near(found, -(0.05 + half).ln(), -(0.05 - half).ln());
        assert_eq!(
            quantile(0.99, 1_000.0, &known).unwrap().to,
            9.0,
            "above the last known one, the greatest bounds"
        );
        assert_eq!(quantile(0.95, 70.0, &known), None, "seventy values say nothing of a 95th percentile");
    }
}
