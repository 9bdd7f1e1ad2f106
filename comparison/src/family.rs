//! How many figures are looked at: with a hundred, some stand out by chance alone.

/// The chance up to which a difference of a family counts, so that of all that count no more than `level` are
/// expected to be chance, and where nothing differs at all nothing counts but with that probability (Benjamini and
/// Hochberg 1995; of figures that move together, Benjamini and Yekutieli 2001, §3). Intervals at this chance leave
/// out 0 exactly where it counts (Benjamini and Yekutieli 2005).
pub(crate) fn counting(chances: &[f64], level: f64) -> f64 {
    let mut sorted = chances.to_vec();
    sorted.sort_by(f64::total_cmp);
    let share = level / sorted.len().max(1) as f64;
    let last = sorted.iter().enumerate().rev().find(|(place, chance)| **chance <= (place + 1) as f64 * share);
    share * last.map_or(1, |(place, _)| place + 1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_paper_is_met() {
        // Benjamini and Hochberg 1995, §4.1: four of fifteen.
        let chances = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
            0.6528, 0.7590, 1.0,
        ];
        let counting = counting(&chances, 0.05);
        assert!((counting - 4.0 * 0.05 / 15.0).abs() < 1e-12);
        assert_eq!(chances.iter().filter(|chance| **chance <= counting).count(), 4);
    }

    #[test]
    fn alone_it_is_the_level_and_of_many_the_share() {
        assert_eq!(counting(&[0.04], 0.05), 0.05);
        assert_eq!(counting(&[0.2; 10], 0.05), 0.005);
    }
}
