//! How many figures are looked at: with a hundred, some stand out by chance alone.

/// The chance up to which a difference counts, for each of several groups (the figures of one request, say).
///
/// First it is found which groups differ at all: by Simes' chance of each (1986), and among them by the procedure of
/// Benjamini and Hochberg (1995), so that of those that count no more than `level` are expected to be chance, and
/// where nothing differs nothing counts but with that probability. Within a group that counts, figures do by the same
/// procedure at the group's share of the level (Benjamini and Bogomolov 2014): that a request is slower in three
/// figures makes it no easier for others to stand out. Intervals at these chances leave out 0 exactly where a
/// difference counts (Benjamini and Yekutieli 2005).
pub(crate) fn counting(groups: &[Vec<f64>], level: f64) -> Vec<f64> {
    let known: Vec<f64> = groups.iter().filter(|group| !group.is_empty()).map(|group| simes(group)).collect();
    let share = upto(&known, level);
    groups.iter().map(|group| upto(group, share)).collect()
}

/// Benjamini and Hochberg's bound: up to it chances count; of what is alone that is the level.
fn upto(chances: &[f64], level: f64) -> f64 {
    let sorted = sorted(chances);
    let share = level / sorted.len().max(1) as f64;
    let last = sorted.iter().enumerate().rev().find(|(place, chance)| **chance <= (place + 1) as f64 * share);
    share * last.map_or(1, |(place, _)| place + 1) as f64
}

fn simes(chances: &[f64]) -> f64 {
    let number = chances.len() as f64;
    let each = sorted(chances).into_iter().enumerate();
    each.map(|(place, chance)| chance * number / (place + 1) as f64).fold(1.0, f64::min)
}

fn sorted(chances: &[f64]) -> Vec<f64> {
    let mut sorted = chances.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
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
        let groups = chances.map(|chance| vec![chance]);
        let counting = counting(&groups, 0.05);
        assert!(counting.iter().all(|upto| (upto - 4.0 * 0.05 / 15.0).abs() < 1e-12));
        assert_eq!(chances.iter().zip(counting).filter(|(chance, upto)| *chance <= upto).count(), 4);
    }

    #[test]
    fn what_differs_in_all_of_its_figures_makes_it_no_easier_for_others() {
        let groups = [vec![1e-6; 4], vec![0.02, 0.5], vec![], vec![0.5, 0.9]];
        let counting = counting(&groups, 0.03);
        assert!((counting[0] - 0.01).abs() < 1e-12, "all of the group's own");
        assert!((counting[1] - 0.005).abs() < 1e-12, "a third of the level, halved for two figures");
    }
}
