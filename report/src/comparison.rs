//! What differs from the baseline: a sentence in the head, a line on tiles, and a table of what is worth a look.

use super::format::{Unit, format};
use super::markup::{State, Text, chip, name};
use super::tables::Table;
use loadgate_documents::{ComparedFigure, ComparedTable, Comparison, Says};
use maud::{Markup, html};

/// Rows of the table: the worst stand first.
const SHOWN: usize = 24;

/// The comparison in a sentence, and what must be known to read it.
pub(crate) fn notice(comparison: &Comparison) -> Markup {
    let tone = match comparison.says {
        Says::Worse => State::Bad,
        Says::Unknown | Says::Little => State::Warning,
        _ => State::None,
    };
    html! {
        div class={ "notice notice-" (tone.word()) } {
            strong { "Against the baseline: " }
            (Text(&comparison.sentence))
            @for note in &comparison.notes { " " (Text(note)) }
        }
    }
}

/// The figures of the run as a whole, and of all others those that differ.
pub(crate) fn table(comparison: &Comparison) -> Option<Table> {
    let columns = [
        ("Name", true),
        ("Figure", true),
        ("Baseline", false),
        ("This run", false),
        ("Difference", false),
        ("Verdict", true),
    ];
    let wanted = |figure: &&ComparedFigure| match figure.table {
        ComparedTable::Run => figure.says != Says::Shown,
        _ => matches!(figure.says, Says::Worse | Says::Better | Says::Differs),
    };
    let rows: Vec<Vec<Markup>> = comparison.figures.iter().filter(wanted).take(SHOWN).map(row).collect();
    (!rows.is_empty()).then(|| Table::of("Against the baseline", &columns, rows))
}

fn row(figure: &ComparedFigure) -> Vec<Markup> {
    let (of, kind) = match figure.table {
        ComparedTable::Requests | ComparedTable::Checks => (figure.key.join(" "), figure.metric.as_str()),
        ComparedTable::Run | ComparedTable::Metrics => (figure.metric.clone(), ""),
    };
    let title = match figure.figure.as_str() {
        "med" => "median".to_owned(),
        "avg" => "average".to_owned(),
        "rate" if kind == "http_req_failed" => "failed".to_owned(),
        "rate" if figure.unit == Unit::Ratio => "share".to_owned(),
        "rate" => "per second".to_owned(),
        other => other.replace(['(', ')'], ""),
    };
    let (state, word) = look(figure.says);
    let value = |value: Option<f64>| html! { (format(value, figure.unit, false)) };
    vec![
        name(&of),
        html! { (Text(&title)) },
        value(figure.other),
        value(figure.value),
        html! { (Text(&figure.text)) },
        match state {
            Some(state) => chip(state, word),
            None => html! { span class="caption" { (word) } },
        },
    ]
}

/// What became of a tile's figure.
pub(crate) fn delta(comparison: Option<&Comparison>, metric: &str, figure: &str) -> Markup {
    // Of a sum, its rate is compared.
    let found = comparison.and_then(|all| all.of_run(metric, figure).or_else(|| all.of_run(metric, "rate")));
    let Some(figure) = found else { return Markup::default() };
    if figure.says == Says::Shown || figure.difference.is_none() {
        return Markup::default();
    }
    let (state, word) = look(figure.says);
    html! {
        span class="tile-delta caption" {
            @match (state, figure.says) {
                (Some(state), _) => {
                    span class={ "sign sign-" (state.word()) } {
                        (state.sign()) " " (word) ", " (Text(&figure.text))
                    }
                }
                (None, Says::None) => { "≈ baseline, " (Text(&figure.text)) }
                (None, _) => (word)
            }
        }
        " "
    }
}

/// As on the pages (`static/scripts/model/compare.js`): both are held to `static/tests/says-vectors.json`.
fn look(says: Says) -> (Option<State>, &'static str) {
    match says {
        Says::Worse => (Some(State::Bad), "worse"),
        Says::Better => (Some(State::Good), "better"),
        Says::Differs => (Some(State::Warning), "differs"),
        Says::None => (None, "no difference shown"),
        Says::Little => (None, "too little data"),
        Says::Unknown => (Some(State::Unknown), "chance not known"),
        Says::Unlike => (None, "loads differ"),
        Says::Added => (Some(State::Info), "added"),
        Says::Gone => (Some(State::Info), "gone"),
        Says::Shown => (None, "not judged"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn words_and_signs_are_those_of_the_pages() {
        let vectors: BTreeMap<String, (Option<String>, String)> =
            serde_json::from_str(include_str!("../../static/tests/says-vectors.json")).unwrap();
        assert_eq!(vectors.len(), Says::ALL.len());
        for says in Says::ALL {
            let (state, word) = look(*says);
            let (page_state, page_word) = &vectors[says.word()];
            assert_eq!((state.map(State::word), word), (page_state.as_deref(), page_word.as_str()));
        }
    }
}
