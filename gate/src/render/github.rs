//! A verdict as annotations of a GitHub workflow.
//!
//! Escaped as `@actions/core` does it: `%` and line ends in messages, and `:` and `,` in properties, too.

use super::clean;
use loadgate_documents::{GateVerdict, ObjectiveState};
use std::fmt::Write as _;

/// Workflow commands, one a line: the whole unless it passed, then each objective that did not. GitHub shows
/// the first ten of a kind in a step, so the worst come first.
pub fn github(verdict: &GateVerdict) -> String {
    let mut out = String::new();
    let title = |name: &str| format!("{}: {name}", verdict.run);
    if verdict.state > ObjectiveState::Pass {
        let missing: Vec<&str> = verdict.missing.iter().map(String::as_str).collect();
        let message = [&[verdict.reason.as_str()], missing.as_slice()].concat().join("\n");
        annotation(&mut out, verdict.state, &title(verdict.state.word()), &message);
    }
    let mut results: Vec<_> = verdict.objectives.iter().collect();
    results.sort_by_key(|objective| std::cmp::Reverse(objective.state));
    for objective in results.iter().filter(|objective| objective.state > ObjectiveState::Pass) {
        annotation(&mut out, objective.state, &title(&objective.name), &objective.reason);
    }
    out
}

fn annotation(out: &mut String, state: ObjectiveState, title: &str, message: &str) {
    let command = match state {
        ObjectiveState::Fail | ObjectiveState::Error => "error",
        ObjectiveState::Warning => "warning",
        ObjectiveState::Info | ObjectiveState::Pass => "notice",
    };
    let message: Vec<String> = message.split('\n').map(|line| data(&clean(line))).collect();
    let _ = writeln!(out, "::{command} title={}::{}", property(&clean(title)), message.join("%0A"));
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
