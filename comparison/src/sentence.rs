//! What a comparison comes to, in a sentence.

use crate::Side;
use loadgate_documents::{ComparedFigure, ComparedTable, ComparedThreshold, Says, Turn};

/// So many subjects are named; the rest is counted.
const NAMED: usize = 3;

pub(crate) fn of(
    says: Says,
    figures: &[ComparedFigure],
    thresholds: &[ComparedThreshold],
    other: &str,
) -> String {
    let sentence = match says {
        Says::Worse => {
            let better =
                list(figures, Says::Better).map_or(String::new(), |list| format!(" Better: {list}."));
            format!("Worse than {other}: {}.{better}", list(figures, Says::Worse).unwrap_or_default())
        }
        Says::Better => {
            let list = list(figures, Says::Better).unwrap_or_default();
            format!("Nothing got worse than in {other}. Better: {list}.")
        }
        Says::Little => format!("There is too little data to tell whether anything differs from {other}."),
        Says::Unknown => format!("Whether anything differs from {other} by more than chance cannot be told."),
        _ => {
            let shown =
                deciding(figures).map_or(String::new(), |one| format!(": {} {}", subject(one), one.text));
            format!("Nothing got worse or better than {other} beyond chance{shown}.")
        }
    };
    let turned: Vec<&str> =
        thresholds.iter().filter(|row| row.turn == Turn::Fails).map(|row| row.metric.as_str()).collect();
    match turned.len() {
        0 => sentence,
        1 => format!("{sentence} A threshold that held fails now, on {}.", turned[0]),
        more => format!("{sentence} {more} thresholds that held fail now."),
    }
}

/// What shows best how much would have been noticed.
fn deciding(figures: &[ComparedFigure]) -> Option<&ComparedFigure> {
    let own = |one: &&ComparedFigure| one.table == ComparedTable::Run && one.says == Says::None;
    let named = |figure: &str| figures.iter().filter(own).find(|one| one.figure == figure);
    named("p(95)").or_else(|| named("avg")).or_else(|| figures.iter().find(own))
}

/// The figures that differ so, each subject once by the figure that differs most.
fn list(figures: &[ComparedFigure], says: Says) -> Option<String> {
    let mut all: Vec<&ComparedFigure> = figures.iter().filter(|one| one.says == says).collect();
    // Submetrics and parts of durations tell the same again.
    if all.iter().any(|one| one.table != ComparedTable::Metrics) {
        all.retain(|one| one.table != ComparedTable::Metrics);
    }
    let mut seen: Vec<&ComparedFigure> = Vec::new();
    for figure in all {
        if !seen.iter().any(|one| one.metric == figure.metric && one.key == figure.key) {
            seen.push(figure);
        }
    }
    let named: Vec<String> =
        seen.iter().take(NAMED).map(|one| format!("{} {}", subject(one), one.text)).collect();
    let more = seen.len().saturating_sub(NAMED);
    let rest = if more > 0 { format!(", and {more} more") } else { String::new() };
    (!named.is_empty()).then(|| format!("{}{rest}", named.join("; ")))
}

/// A figure by its name: `GET search p95`.
fn subject(figure: &ComparedFigure) -> String {
    let name = match figure.figure.as_str() {
        "med" => "median".to_owned(),
        "avg" => "mean".to_owned(),
        "rate" => String::new(),
        other => other.replace(['(', ')'], ""),
    };
    let of = match (figure.table, figure.metric.as_str()) {
        (ComparedTable::Requests, "http_req_failed") => format!("{} failed", figure.key.join(" ")),
        (ComparedTable::Requests, _) => figure.key.join(" "),
        (ComparedTable::Checks, _) => {
            let check = figure.key.last().map_or("", String::as_str);
            format!("check “{check}”")
        }
        (_, "http_req_duration") => "all requests".to_owned(),
        (_, "http_req_failed") => "failed requests".to_owned(),
        (_, "http_reqs") => "requests per second".to_owned(),
        (_, "iterations") => "iterations per second".to_owned(),
        (_, "checks") => "checks passed".to_owned(),
        (_, metric) => metric.to_owned(),
    };
    if name.is_empty() { of } else { format!("{of} {name}") }
}

/// Why chance cannot be told of some figures.
pub(crate) fn unknown(run: Side, other: Side, figures: &[ComparedFigure]) -> Vec<String> {
    let without: Vec<&str> =
        [run, other].iter().filter(|side| side.series.is_empty()).map(|side| side.name).collect();
    if !without.is_empty() {
        return vec![format!(
            "Nothing is kept over time of {}: figures are compared without an interval, and chance cannot be told.",
            without.join(" and ")
        )];
    }
    if figures.iter().any(|figure| figure.says == Says::Unknown) {
        return vec![
            "Of some figures there is nothing over time, or no distribution: they are compared without an \
             interval, and chance cannot be told."
                .to_owned(),
        ];
    }
    Vec::new()
}
