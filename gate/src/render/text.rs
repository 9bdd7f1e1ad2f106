//! A verdict for a terminal.

use super::{clean, compared, judged};
use loadgate_documents::GateVerdict;
use loadgate_documents::format::{Unit, format};
use std::fmt::Write as _;

/// The widest column of names.
const WIDEST: usize = 48;

/// The verdict as plain text: first the whole, then a line for each objective, then what is missing.
pub fn text(verdict: &GateVerdict) -> String {
    let so_far = if verdict.provisional { " so far" } else { "" };
    let mut out = format!("{}: {}{so_far}. {}\n", clean(&verdict.run), verdict.state, clean(&verdict.reason));
    out.extend(judged(verdict).map(|judged| judged + "\n"));
    if let Some(score) = verdict.score {
        let _ = writeln!(out, "Score: {}", format(Some(score / 100.0), Unit::Ratio, true));
    }
    let names: Vec<String> = verdict.objectives.iter().map(|objective| clean(&objective.name)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default().min(WIDEST);
    if !names.is_empty() {
        out.push('\n');
    }
    for (objective, name) in verdict.objectives.iter().zip(&names) {
        let _ = write!(out, "  {:<7}  {name:<width$}  {}", objective.state, clean(&objective.reason));
        if let Some(compared) = compared(objective) {
            let _ = write!(out, " Baseline: {}.", clean(&compared));
        }
        out.push('\n');
    }
    if !verdict.missing.is_empty() {
        out.push_str("\nMissing:\n");
    }
    for missing in &verdict.missing {
        let _ = writeln!(out, "  {}", clean(missing));
    }
    out
}
