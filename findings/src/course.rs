//! The course of a run: figures of short windows, and what of them goes together.

/// What came in a window of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Window {
    /// From when, Unix ms …
    pub start_ms: i64,
    /// … to when.
    pub end_ms: i64,
    /// Virtual users at its end; `None` where no generator told.
    pub vus: Option<f64>,
    /// Requests.
    pub requests: f64,
    /// The 95th percentile of their durations, ms.
    pub p95: Option<f64>,
    /// All their durations added up, ms.
    pub request_ms: f64,
    /// Iterations that came to their end.
    pub iterations: f64,
    /// All their durations added up, ms.
    pub iteration_ms: f64,
}

impl Window {
    pub(crate) fn seconds(&self) -> f64 {
        ((self.end_ms - self.start_ms) as f64 / 1e3).max(1.0)
    }

    pub(crate) fn request_rate(&self) -> f64 {
        self.requests / self.seconds()
    }
}

/// Windows of a course: enough to see a trend, few enough that each has samples to speak of.
const WINDOWS: i64 = 60;
/// Shorter ones would show the rhythm of pushes rather than the load.
const SHORTEST_MS: i64 = 2_000;

/// How long a window of a run's course is.
#[must_use]
pub fn step_ms(run_ms: i64) -> i64 {
    let shortest = (run_ms / WINDOWS).max(SHORTEST_MS);
    (shortest + 999) / 1_000 * 1_000
}

/// The middle of values; `None` of none.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len().checked_sub(1)? / 2;
    Some(f64::midpoint(sorted[middle], sorted[sorted.len() / 2]))
}

/// How well two quantities rise together, −1 to 1, whatever the shape of their curve: the rank correlation of
/// Spearman, with ties at their mean rank. 0 where one of them never changes.
pub(crate) fn rank_correlation(pairs: &[(f64, f64)]) -> f64 {
    let left = ranks(pairs.iter().map(|pair| pair.0));
    let right = ranks(pairs.iter().map(|pair| pair.1));
    let mean = (pairs.len() as f64 - 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    let spread = (product(&left, &left) * product(&right, &right)).sqrt();
    if spread > 0.0 { product(&left, &right) / spread } else { 0.0 }
}

fn ranks(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let values: Vec<f64> = values.collect();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    for ties in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = from as f64 + (ties.len() as f64 - 1.0) / 2.0;
        for &at in ties {
            ranks[at] = rank;
        }
        from += ties.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_go_together_whatever_the_curve_and_ties_share_a_rank() {
        let rising: Vec<(f64, f64)> = (1..20).map(|n| (f64::from(n), f64::from(n).powi(3))).collect();
        assert!((rank_correlation(&rising) - 1.0).abs() < 1e-12);
        let falling: Vec<(f64, f64)> = rising.iter().map(|&(a, b)| (a, -b)).collect();
        assert!((rank_correlation(&falling) + 1.0).abs() < 1e-12);
        let flat: Vec<(f64, f64)> = rising.iter().map(|&(a, _)| (a, 7.0)).collect();
        assert_eq!(rank_correlation(&flat), 0.0);
        assert_eq!(ranks([3.0, 1.0, 3.0].into_iter()), [1.5, 0.0, 1.5]);
    }

    #[test]
    fn windows_grow_with_the_run_in_whole_seconds() {
        assert_eq!(step_ms(0), 2_000);
        assert_eq!(step_ms(38_000), 2_000);
        assert_eq!(step_ms(200_000), 4_000);
        assert_eq!(step_ms(3_600_000), 60_000);
    }

    #[test]
    fn the_middle_of_an_even_number_lies_between_two() {
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), Some(2.5));
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([].into_iter()), None);
    }
}
