//! What the gate says of the run: go or no-go, what is missing for that, and its objectives.

use super::format::{Unit, format};
use super::markup::{State, Text, chip, name};
use super::tables::Table;
use loadgate_documents::{GateVerdict, ObjectiveResult, ObjectiveState, Origin};
use maud::{Markup, html};

/// The verdict as a chip.
pub(crate) fn chip_of(verdict: &GateVerdict) -> Markup {
    let (state, text) = whole(verdict);
    chip(state, &text)
}

/// A "Go" is green only as the last word on complete evidence.
fn whole(verdict: &GateVerdict) -> (State, String) {
    let (state, word) = look(verdict.state);
    let state = match state {
        State::Good if verdict.provisional => State::Open,
        State::Good if !verdict.missing.is_empty() => State::Warning,
        state => state,
    };
    (state, if verdict.provisional { format!("{word} so far") } else { word.to_owned() })
}

/// What one objective came to; as the whole, it is green only when nothing is open.
fn outcome(objective: &ObjectiveResult, verdict: &GateVerdict) -> (State, &'static str) {
    let open = verdict.provisional || !verdict.missing.is_empty();
    match look(objective.state).0 {
        State::Good if open => (State::Open, word(objective.state)),
        state => (state, word(objective.state)),
    }
}

/// The verdict in a sentence, and what it lacks.
pub(crate) fn notice(verdict: &GateVerdict) -> Markup {
    let (state, words) = whole(verdict);
    // Notices have two colours.
    let tone = match state {
        State::Bad => State::Bad,
        State::Warning | State::Unknown => State::Warning,
        State::Good | State::Open | State::None | State::Info => State::None,
    };
    html! {
        div class={ "notice notice-" (tone.word()) } {
            strong { (words) ": " }
            (Text(&verdict.reason))
            @if let Some(place) = verdict.place(verdict.window) { " Judged " (place) " of the run." }
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
pub(crate) fn objectives(verdict: &GateVerdict) -> Option<Table> {
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
    let rows: Vec<Vec<Markup>> = own.map(|objective| row(objective, verdict)).collect();
    (!rows.is_empty()).then(|| Table::of("Objectives", &columns, rows))
}

fn row(objective: &ObjectiveResult, verdict: &GateVerdict) -> Vec<Markup> {
    let share = |share: Option<f64>| html! { (format(share, Unit::Ratio, true)) };
    let (state, word) = outcome(objective, verdict);
    vec![
        name(&objective.name),
        html! {
            (name(&objective.expression))
            @if let Some(place) = verdict.place(objective.window) { " " span class="caption" { (place) } }
        },
        html! { (Text(&objective.criterion)) },
        html! { (format(objective.observed, objective.unit, false)) },
        share(objective.margin),
        html! {
            @if let Some(baseline) = &objective.baseline {
                (format(Some(baseline.value), objective.unit, false))
                @if baseline.change.is_some() { " (" (share(baseline.change)) ")" }
            }
        },
        chip(state, word),
        html! { (Text(&objective.reason)) },
    ]
}

/// How a state looks, and what it is called of all objectives together.
fn look(state: ObjectiveState) -> (State, &'static str) {
    match state {
        ObjectiveState::Pass => (State::Good, "Go"),
        ObjectiveState::Warning => (State::Warning, "Warning"),
        ObjectiveState::Error => (State::Unknown, "Not known"),
        ObjectiveState::Fail => (State::Bad, "No-go"),
        ObjectiveState::Info => (State::Info, "Info"),
    }
}

/// What it is called of one alone.
fn word(state: ObjectiveState) -> &'static str {
    match state {
        ObjectiveState::Error => "not known",
        state => state.word(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Vectors {
        whole: Vec<Case>,
        objective: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        state: ObjectiveState,
        provisional: bool,
        missing: Vec<String>,
        chip: String,
        #[serde(alias = "word")]
        text: String,
    }

    #[test]
    fn verdicts_are_told_as_on_the_page() {
        let Vectors { whole: together, objective: alone } =
            serde_json::from_str(include_str!("../../static/tests/gate-vectors.json")).unwrap();
        let of = |case: &Case| GateVerdict {
            state: case.state,
            provisional: case.provisional,
            missing: case.missing.clone(),
            ..GateVerdict::default()
        };
        for case in together {
            let (state, text) = whole(&of(&case));
            assert_eq!((state.word(), text.as_str()), (case.chip.as_str(), case.text.as_str()));
        }
        for case in alone {
            let objective = ObjectiveResult { state: case.state, ..ObjectiveResult::default() };
            let (state, text) = outcome(&objective, &of(&case));
            assert_eq!((state.word(), text), (case.chip.as_str(), case.text.as_str()));
        }
    }
}
