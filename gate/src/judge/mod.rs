//! Judges a run: every objective by its figures, and all of them together.

mod missing;
mod objective;

use crate::expression::Expression;
use crate::objectives::{Objectives, Part, Score};
use loadgate_documents::format::{Unit, format};
use loadgate_documents::{GateVerdict, ObjectiveResult, ObjectiveState, RunState, Summary};
use missing::Missing;
use objective::Judging;

/// What a run has to show: its figures as a whole, and, where they are kept, those of its parts.
pub trait Evidence {
    /// The whole run.
    fn whole(&self) -> &Summary;

    /// What an expression looks at in a part of the run: one summary of its window, or one of each stretch in it,
    /// which need have no more than that.
    ///
    /// # Errors
    ///
    /// There is none; why, as a sentence.
    fn part(&self, _expression: &Expression, _part: &Part) -> Result<Vec<&Summary>, String> {
        Err("Figures of parts of the run are not kept.".to_owned())
    }

    /// What is known to be missing beside what the summary tells, as a gap; each a sentence.
    fn missing(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Evidence for Summary {
    fn whole(&self) -> &Summary {
        self
    }
}

/// The runs that the objectives' [`crate::BaselineChoice`] comes to.
#[derive(Clone, Default)]
pub enum Baseline<'a> {
    /// There is none yet: nothing is pinned, no run has passed.
    #[default]
    None,
    /// These.
    Runs(Vec<&'a dyn Evidence>),
    /// The one that was asked for cannot be had: why, as a sentence.
    Unavailable(String),
}

/// The verdict of a run.
pub fn judge(evidence: &dyn Evidence, objectives: &Objectives, baseline: &Baseline) -> GateVerdict {
    let summary = evidence.whole();
    let judging = Judging { evidence, choice: &objectives.baseline, baseline };
    let thresholds = summary.thresholds.iter().filter(|_| !objectives.ignore_thresholds);
    let judged = thresholds.map(|row| judging.threshold(row));
    let judged = judged.chain(objectives.objectives.iter().map(|objective| judging.objective(objective)));
    let (results, incomplete): (Vec<_>, Vec<_>) = judged.unzip();
    let mut missing = missing::of(evidence, objectives.ignore_thresholds);
    for text in incomplete.into_iter().flatten() {
        // Several objectives of one metric lack the same.
        if missing.iter().all(|known| known.text != text) {
            missing.push(Missing::incomplete(text));
        }
    }
    let score = score(&results);
    let together = together(&results, objectives.score, score);
    let floor = missing.iter().map(|missing| missing.floor).max().unwrap_or_default();
    let state = together.max(floor);
    let windowed = summary.window.is_some() || results.iter().any(|result| result.window.is_some());
    GateVerdict {
        run: summary.run.clone(),
        test: summary.test.clone(),
        state,
        provisional: summary.state == RunState::Live,
        reason: reason(&results, state, together, objectives.score.and(score), &missing),
        window: summary.window,
        start: windowed.then_some(summary.start),
        thresholds_ignored: objectives.ignore_thresholds,
        score: score.map(|share| share * 100.0),
        missing: missing.into_iter().map(|missing| missing.text).collect(),
        objectives: results,
    }
}

/// The weighted share of what holds, 0 to 1; informational ones are left out.
fn score(results: &[ObjectiveResult]) -> Option<f64> {
    let counted = || results.iter().filter(|result| result.state != ObjectiveState::Info);
    let whole: f64 = counted().map(|result| result.weight).sum();
    let points = |result: &ObjectiveResult| match result.state {
        ObjectiveState::Pass => result.weight,
        ObjectiveState::Warning => result.weight / 2.0,
        ObjectiveState::Info | ObjectiveState::Error | ObjectiveState::Fail => 0.0,
    };
    (whole > 0.0).then(|| counted().map(points).sum::<f64>() / whole)
}

/// The worst; or by the score, where that is asked for, and then still no better than an error or the failure
/// of a key objective.
fn together(results: &[ObjectiveResult], limits: Option<Score>, score: Option<f64>) -> ObjectiveState {
    let worst = |counts: fn(&ObjectiveResult) -> bool| {
        let counted = results.iter().filter(|result| counts(result));
        counted.map(|result| result.state).max().unwrap_or_default()
    };
    let Some((limits, score)) = limits.zip(score) else { return worst(|_| true) };
    let by_score = if score >= limits.pass {
        ObjectiveState::Pass
    } else if score >= limits.warn {
        ObjectiveState::Warning
    } else {
        ObjectiveState::Fail
    };
    by_score.max(worst(|result| match result.state {
        ObjectiveState::Error => true,
        ObjectiveState::Fail => result.key,
        ObjectiveState::Info | ObjectiveState::Pass | ObjectiveState::Warning => false,
    }))
}

/// Why the whole is what it is.
fn reason(
    results: &[ObjectiveResult],
    state: ObjectiveState,
    together: ObjectiveState,
    score: Option<f64>,
    missing: &[Missing],
) -> String {
    let mut sentence = String::new();
    if let Some(score) = score {
        sentence = format!("The score is {}. ", format(Some(score), Unit::Ratio, true));
    }
    sentence.push_str(&counts(results));
    if state > together
        && let Some(worst) = missing.iter().find(|missing| missing.floor == state)
    {
        return but_incomplete(&sentence, &worst.text);
    }
    sentence
}

/// A reason that what is missing outweighs.
fn but_incomplete(reason: &str, missing: &str) -> String {
    format!("{reason} But the evidence is not complete: {missing}")
}

/// Adds what its reader alone knows to be missing of the evidence, a sentence: the verdict is a warning at best.
pub fn incomplete(verdict: &mut GateVerdict, sentence: String) {
    if verdict.state < ObjectiveState::Warning {
        verdict.state = ObjectiveState::Warning;
        verdict.reason = but_incomplete(&verdict.reason, &sentence);
    }
    verdict.missing.push(sentence);
}

/// How many of them hold, or else which do not.
fn counts(results: &[ObjectiveResult]) -> String {
    let worst = results.iter().map(|result| result.state).max();
    let of = |state| results.iter().filter(move |result| result.state == state);
    let all = match results.len() {
        1 => "1 objective".to_owned(),
        count => format!("{count} objectives"),
    };
    let which = |state, one: &str, many: &str| {
        let count = of(state).count();
        let names: Vec<&str> = of(state).take(NAMED).map(|result| result.name.as_str()).collect();
        let more = match count.saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{count} of {all} {}: {}{more}.", if count == 1 { one } else { many }, names.join(", "))
    };
    match worst {
        None => "There are no objectives.".to_owned(),
        Some(ObjectiveState::Info) => format!("None of {all} can be judged, or asks for anything."),
        Some(ObjectiveState::Pass) => format!("{} of {all} passed.", of(ObjectiveState::Pass).count()),
        Some(state @ ObjectiveState::Warning) => which(state, "is a warning", "are warnings"),
        Some(state @ ObjectiveState::Error) => which(state, "cannot be judged", "cannot be judged"),
        Some(state @ ObjectiveState::Fail) => which(state, "failed", "failed"),
    }
}

/// How many objectives the reason names.
const NAMED: usize = 3;
