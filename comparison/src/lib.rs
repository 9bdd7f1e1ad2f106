//! The comparison of two runs: what is worse or better, as far as that is more than chance and enough to matter.
//!
//! [`compare`] takes the summaries of two runs and what came of them block by block, and makes the document
//! [`Comparison`] of them, of which every page is a function. Nothing here reads a clock or a store, and nothing is
//! random. The method, its floors and their sources are described in `docs/comparison.md`.

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![warn(clippy::missing_errors_doc)]
// Tests of a module share freely among themselves.
#![cfg_attr(not(test), warn(unreachable_pub))]

mod blocks;
mod conditions;
mod contrast;
mod family;
mod figures;
mod meaning;
mod quantiles;
mod sentence;
mod student;
mod text;

pub use blocks::{Block, Blocks, MOST_BLOCKS};

use contrast::Contrast;
use figures::{Family, Pair};
use loadgate_documents::{
    ComparedFigure, ComparedTable, ComparedThreshold, Comparison, RunState, Says, Summary, Turn,
};
use std::collections::BTreeMap;

/// The chance that anything at all is called worse, better or different where nothing is: a third of it for the run
/// as a whole, one for its requests, one for all the rest.
pub const LEVEL: f64 = 0.05;

/// What blocks are of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Series {
    /// A metric or submetric.
    Metric(String),
    /// A metric of a request, by its row's key.
    Request(Vec<String>, String),
    /// A check, by its row's key.
    Check(Vec<String>),
}

/// A run.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// Its figures, of the part that is compared.
    pub summary: &'a Summary,
    /// What came of each series, block by block; empty of a run without windows.
    pub series: &'a BTreeMap<Series, Blocks>,
    /// Its name, for people.
    pub name: &'a str,
}

/// Holds a run against another one.
pub fn compare(run: Side, other: Side) -> Comparison {
    let conditions = conditions::of(run.summary, other.summary);
    let comparable = conditions::load_is_alike(run.summary, other.summary);
    let pairs = figures::pairs(run.summary, other.summary);
    let mut figures = judged(&pairs, run, other, comparable);
    // Worst first, of equals the largest; what is of the run as a whole before all others.
    figures.sort_by(|a, b| {
        let place = |one: &ComparedFigure| (one.table, severity(one.says));
        place(a).cmp(&place(b)).then_with(|| size(b).total_cmp(&size(a)))
    });
    let thresholds = thresholds(run.summary, other.summary);
    let mut notes = conditions::notes(run, other, &conditions, comparable);
    notes.extend(sentence::unknown(run, other, &figures));
    let says = whole(&figures);
    Comparison {
        run: run.summary.run.clone(),
        other: other.summary.run.clone(),
        baseline: false,
        provisional: [run, other].iter().any(|side| side.summary.state == RunState::Live),
        says,
        sentence: sentence::of(says, &figures, &thresholds, other.name),
        notes,
        level: LEVEL,
        window: run.summary.window,
        other_window: other.summary.window,
        conditions,
        thresholds,
        figures,
    }
}

/// What is to be said of each figure.
fn judged(pairs: &[Pair], run: Side, other: Side, comparable: bool) -> Vec<ComparedFigure> {
    let contrasts: Vec<Option<Contrast>> =
        pairs.iter().map(|pair| pair.contrast(run.series, other.series, comparable)).collect();
    let chances: Vec<Option<f64>> = contrasts.iter().map(|contrast| contrast.as_ref()?.chance()).collect();
    let counts = counting(pairs, &chances);
    pairs
        .iter()
        .zip(contrasts.iter().zip(chances.iter().zip(counts)))
        .map(|(pair, (contrast, (chance, counts)))| {
            let interval = contrast.as_ref().map(|contrast| contrast.interval(counts));
            let has_blocks = [run, other].iter().all(|side| side.series.contains_key(&pair.series));
            pair.figure(figures::Found { chance: *chance, interval, counts, has_blocks, comparable })
        })
        .collect()
}

/// Up to which chance a difference counts, of each pair: groups are what one row, or one metric, has.
fn counting(pairs: &[Pair], chances: &[Option<f64>]) -> Vec<f64> {
    let mut counts = vec![0.0; pairs.len()];
    for family in [Family::Run, Family::Requests, Family::Rest] {
        let mut groups: BTreeMap<Group, (Vec<usize>, Vec<f64>)> = BTreeMap::new();
        for (place, pair) in pairs.iter().enumerate().filter(|(_, pair)| pair.family() == family) {
            let (places, known) = groups.entry(group(&pair.series)).or_default();
            places.push(place);
            known.extend(chances[place].filter(|_| pair.judged));
        }
        let (places, known): (Vec<_>, Vec<_>) = groups.into_values().unzip();
        for (places, upto) in places.into_iter().zip(family::counting(&known, LEVEL / 3.0)) {
            places.into_iter().for_each(|place| counts[place] = upto);
        }
    }
    counts
}

/// A request, a check or a metric.
type Group<'a> = (u8, &'a [String], &'a str);

fn group(series: &Series) -> Group<'_> {
    match series {
        Series::Metric(name) => (0, &[], name),
        Series::Request(key, _) => (1, key, ""),
        Series::Check(key) => (2, key, ""),
    }
}

/// What all figures come to.
fn whole(figures: &[ComparedFigure]) -> Says {
    let any = |says| figures.iter().any(|figure| figure.says == says);
    if any(Says::Worse) {
        return Says::Worse;
    }
    if any(Says::Better) {
        return Says::Better;
    }
    // Without what decides, nothing was compared.
    let deciding = |says| figures.iter().any(|one| one.table == ComparedTable::Run && one.says == says);
    let known = if figures.iter().any(|one| one.table == ComparedTable::Run) {
        deciding(Says::None) || deciding(Says::Differs)
    } else {
        any(Says::None) || any(Says::Differs)
    };
    match known {
        true => Says::None,
        false if any(Says::Unknown) => Says::Unknown,
        false => Says::Little,
    }
}

fn severity(says: Says) -> usize {
    use Says::{Added, Better, Differs, Gone, Little, None, Shown, Unknown, Unlike, Worse};
    let order = [Worse, Gone, Added, Differs, Better, Unknown, None, Unlike, Little, Shown];
    order.iter().position(|one| *one == says).unwrap_or(order.len())
}

fn size(figure: &ComparedFigure) -> f64 {
    figure.change.map_or(0.0, f64::abs)
}

/// Every threshold of both, those that turned first.
fn thresholds(run: &Summary, other: &Summary) -> Vec<ComparedThreshold> {
    let mut found: BTreeMap<(&str, &str), ComparedThreshold> = BTreeMap::new();
    for (summary, own) in [(run, true), (other, false)] {
        for row in &summary.thresholds {
            let threshold =
                found.entry((&row.metric, &row.expression)).or_insert_with(|| ComparedThreshold {
                    metric: row.metric.clone(),
                    expression: row.expression.clone(),
                    unit: conditions::unit_of(summary, &row.metric, &row.expression),
                    ..ComparedThreshold::default()
                });
            let (value, passes) = match own {
                true => (&mut threshold.value, &mut threshold.passes),
                false => (&mut threshold.other, &mut threshold.passed),
            };
            (*value, *passes) = (row.observed, row.passes);
        }
    }
    let mut thresholds: Vec<ComparedThreshold> = found.into_values().collect();
    for threshold in &mut thresholds {
        threshold.turn = match (threshold.passes, threshold.passed) {
            (Some(false), Some(true)) => Turn::Fails,
            (Some(true), Some(false)) => Turn::Holds,
            (Some(_), None) => Turn::Added,
            (None, Some(_)) => Turn::Gone,
            _ => Turn::Same,
        };
    }
    let order = [Turn::Fails, Turn::Gone, Turn::Added, Turn::Holds, Turn::Same];
    thresholds.sort_by_key(|threshold| order.iter().position(|turn| *turn == threshold.turn));
    thresholds
}
