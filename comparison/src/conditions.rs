//! What should be equal for two runs to be comparable, and what is to be said where it is not.

use crate::{Side, figures};
use loadgate_documents::format::{Unit, format};
use loadgate_documents::{Condition, RunState, Summary, Threshold, Values, clock};

/// Lengths, and wanted iterations, that differ by less are equal.
const ALIKE: f64 = 0.05;

pub(crate) fn of(run: &Summary, other: &Summary) -> Vec<Condition> {
    let mut found =
        vec![condition("duration", clock(length(run)), clock(length(other)), !lengths_alike(run, other))];
    let mut exact = |title: &str, value: Option<String>, other: Option<String>| {
        if let Some((value, other)) = value.zip(other) {
            let differs = value != other;
            found.push(condition(title, value, other, differs));
        }
    };
    let planned = |of: &Summary| of.planned.map(|ms| clock(ms as f64));
    exact("planned duration", planned(run), planned(other));
    let count = |value: f64| format(Some(value), Unit::Count, false);
    exact("most VUs", most_vus(run).map(count), most_vus(other).map(count));
    exact("scenarios", scenarios(run), scenarios(other));
    let generators = |of: &Summary| match of.health.generators.len() {
        0 => None,
        some => Some(count(some as f64)),
    };
    exact("generators", generators(run), generators(other));
    if let Some((wanted, others)) = wanted(run).zip(wanted(other)) {
        found.push(condition("wanted iterations", count(wanted), count(others), !alike(wanted, others)));
    }
    found
}

fn condition(title: &str, value: String, other: String, differs: bool) -> Condition {
    Condition { title: title.to_owned(), value, other, differs }
}

/// Whether what both were asked to do is alike, so that rates are comparable. With an arrival rate, how many VUs it
/// took is no part of that.
pub(crate) fn load_is_alike(run: &Summary, other: &Summary) -> bool {
    let same = |a: Option<f64>, b: Option<f64>| a.zip(b).is_none_or(|(a, b)| a == b);
    let by_rate = wanted(run).zip(wanted(other));
    lengths_alike(run, other)
        && scenarios(run) == scenarios(other)
        && same(run.planned.map(|ms| ms as f64), other.planned.map(|ms| ms as f64))
        && match by_rate {
            Some((wanted, others)) => alike(wanted, others),
            None => same(most_vus(run), most_vus(other)),
        }
}

pub(crate) fn notes(run: Side, other: Side, conditions: &[Condition], comparable: bool) -> Vec<String> {
    let mut notes = Vec::new();
    let differing: Vec<&str> =
        conditions.iter().filter(|one| one.differs).map(|one| one.title.as_str()).collect();
    if !comparable {
        notes.push(
            "The runs had different loads or lengths: rates and totals are not comparable as they are, and \
             percentiles may differ because of the load."
                .to_owned(),
        );
    } else if !differing.is_empty() {
        notes.push(format!(
            "The runs differ in {}: what differs below may come from it.",
            differing.join(", ")
        ));
    }
    let live: Vec<&str> = [run, other]
        .into_iter()
        .filter(|side| side.summary.state == RunState::Live)
        .map(|side| side.name)
        .collect();
    if !live.is_empty() {
        notes.push(format!("Still running: {}. The figures are those of now.", live.join(" and ")));
    }
    notes
}

fn length(of: &Summary) -> f64 {
    let span = of.window.map_or((of.start, of.end), |window| (window.start, window.end));
    (span.1 - span.0) as f64
}

fn alike(one: f64, other: f64) -> bool {
    (one - other).abs() <= ALIKE * one.max(other)
}

fn lengths_alike(run: &Summary, other: &Summary) -> bool {
    alike(length(run), length(other))
}

fn most_vus(of: &Summary) -> Option<f64> {
    match of.metrics.get("vus")?.values {
        Values::Gauge { max, .. } => Some(max),
        _ => None,
    }
}

fn scenarios(of: &Summary) -> Option<String> {
    let names: Vec<String> = of.tables.scenarios.iter().map(|row| row.key.concat()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// Iterations that arrival rates ask for.
fn wanted(of: &Summary) -> Option<f64> {
    let wanted = &of.health.wanted;
    (!wanted.is_empty()).then(|| wanted.iter().map(|row| row.wanted).sum())
}

/// The unit of what a threshold compares.
pub(crate) fn unit_of(summary: &Summary, metric: &str, expression: &str) -> Unit {
    match Threshold::parse(expression) {
        Ok(threshold) => figures::unit(summary, metric, threshold.aggregate),
        Err(_) => Unit::Number,
    }
}
