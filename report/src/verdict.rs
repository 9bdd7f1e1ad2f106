//! What the gate says of the run: go or no-go, what is missing for that, and its objectives.

use super::format::{Unit, format};
use super::markup::{State, Text, chip, name};
use super::tables::Table;
use loadgate_documents::{GateVerdict, ObjectiveResult, ObjectiveState, Origin};
use maud::{Markup, html};

/// The verdict as a chip; what is not the last word is none either.
pub fn chip_of(verdict: &GateVerdict) -> Markup {
    let (state, words) = said(verdict.state);
    if verdict.provisional {
        let open = if state == State::Good { State::Open } else { state };
        return chip(open, &format!("{words} so far"));
    }
    chip(state, words)
}

/// The verdict in a sentence, and what it lacks.
pub fn notice(verdict: &GateVerdict) -> Markup {
    let (state, words) = said(verdict.state);
    html! {
        div class={ "notice notice-" (state.word()) } {
            strong { (words) ": " }
            (Text(&verdict.reason))
            @if verdict.score.is_some() {
                " Score " (format(verdict.score.map(|score| score / 100.0), Unit::Ratio, true)) "."
            }
            @if !verdict.missing.is_empty() {
                ul { @for missing in &verdict.missing { li { (Text(missing)) } } }
            }
        }
    }
}

/// The objectives of the test's file; thresholds of the script have a table of their own.
pub fn objectives(verdict: &GateVerdict) -> Option<Table> {
    let columns = [
        ("Objective", true),
        ("Figure", true),
        ("Criterion", true),
        ("Observed", false),
        ("Margin", false),
        ("Baseline", false),
        ("Outcome", true),
        ("Reason", true),
    ];
    let own = verdict.objectives.iter().filter(|objective| objective.origin == Origin::File);
    let rows: Vec<Vec<Markup>> = own.map(row).collect();
    (!rows.is_empty()).then(|| Table::of("Objectives", &columns, rows))
}

fn row(objective: &ObjectiveResult) -> Vec<Markup> {
    let share = |share: Option<f64>| html! { (format(share, Unit::Ratio, true)) };
    let (state, _) = said(objective.state);
    vec![
        name(&objective.name),
        name(&objective.expression),
        html! { (Text(&objective.criterion)) },
        html! { (format(objective.observed, objective.unit, false)) },
        share(objective.margin),
        html! {
            @if let Some(baseline) = &objective.baseline {
                (format(Some(baseline.value), objective.unit, false))
                @if baseline.change.is_some() { " (" (share(baseline.change)) ")" }
            }
        },
        chip(state, objective.state.word()),
        html! { (Text(&objective.reason)) },
    ]
}

fn said(state: ObjectiveState) -> (State, &'static str) {
    match state {
        ObjectiveState::Pass => (State::Good, "Go"),
        ObjectiveState::Warning => (State::Warning, "Warning"),
        ObjectiveState::Error => (State::Warning, "Not known"),
        ObjectiveState::Fail => (State::Bad, "No-go"),
        ObjectiveState::Info => (State::None, "For information"),
    }
}
