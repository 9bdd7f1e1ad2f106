//! A verdict as Markdown: a comment on a pull request, a job's summary.

use super::{clean, compared, figure, judged, signed, wanted};
use loadgate_documents::format::{Unit, format};
use loadgate_documents::{GateVerdict, ObjectiveResult, ObjectiveState};
use std::cmp::Reverse;
use std::fmt::Write as _;

/// Bytes of each part; GitHub takes 65,536 characters for a comment.
const MISSING: usize = 10_000;
const ROWS: usize = 30_000;
const REASONS: usize = 20_000;

/// The verdict as Markdown, the worst objectives first; of what a comment cannot hold it says how many there
/// are more.
pub fn markdown(verdict: &GateVerdict) -> String {
    let so_far = if verdict.provisional { " so far" } else { "" };
    let mut out =
        format!("### {} {}{so_far}: {}\n\n", sign(verdict.state), verdict.state, escape(&verdict.run));
    let _ = writeln!(out, "{}", escape(&verdict.reason));
    out.extend(judged(verdict).map(|judged| format!("\n{judged}\n")));
    if let Some(score) = verdict.score {
        let _ = writeln!(out, "\nScore: {}", format(Some(score / 100.0), Unit::Ratio, true));
    }
    let mut objectives: Vec<&ObjectiveResult> = verdict.objectives.iter().collect();
    objectives.sort_by_key(|objective| Reverse(objective.state));
    let missing = verdict.missing.iter().map(|missing| format!("- {}\n", escape(missing)));
    list(&mut out, "\n**Missing**\n\n", missing, MISSING);
    list(&mut out, TABLE, objectives.iter().map(|objective| row(objective, verdict)), ROWS);
    let others = objectives.iter().copied().filter(|objective| objective.state != ObjectiveState::Pass);
    list(&mut out, "\n", others.map(reason), REASONS);
    out
}

const TABLE: &str = "
| State | Objective | Observed | Wanted | Margin | Baseline | Change |
|---|---|--:|---|--:|--:|--:|
";

/// As many lines as there is room for, and how many are left.
fn list(out: &mut String, title: &str, lines: impl Iterator<Item = String>, room: usize) {
    let (start, mut left) = (out.len(), 0);
    for line in lines {
        if out.len() == start {
            out.push_str(title);
        }
        if left > 0 || out.len() - start + line.len() > room {
            left += 1;
        } else {
            out.push_str(&line);
        }
    }
    if left > 0 {
        let _ = writeln!(out, "\n… and {left} more.");
    }
}

fn row(objective: &ObjectiveResult, verdict: &GateVerdict) -> String {
    let unit = objective.unit;
    let place = verdict.place(objective.window).map(|place| format!(", {place}")).unwrap_or_default();
    let baseline = objective.baseline.as_ref();
    let key = if objective.key { " (key)" } else { "" };
    format!(
        "| {} {} | {}{key}{place} | {} | {} | {} | {} | {} |\n",
        sign(objective.state),
        objective.state,
        escape(&objective.name),
        figure(objective.observed, unit),
        escape(&wanted(objective)),
        signed(objective.margin),
        figure(baseline.map(|baseline| baseline.value), unit),
        signed(baseline.and_then(|baseline| baseline.change)),
    )
}

fn reason(objective: &ObjectiveResult) -> String {
    let mut out = format!("- **{}**: {}", escape(&objective.name), escape(&objective.reason));
    if let Some(compared) = compared(objective) {
        let _ = write!(out, " Baseline: {}.", escape(&compared));
    }
    for link in &objective.links {
        let _ = write!(out, " [{}](<{}>)", escape(&link.title), address(&link.url));
    }
    out.push('\n');
    out
}

fn sign(state: ObjectiveState) -> &'static str {
    match state {
        ObjectiveState::Info => "ℹ️",
        ObjectiveState::Pass => "✅",
        ObjectiveState::Warning => "⚠️",
        ObjectiveState::Error => "❗",
        ObjectiveState::Fail => "❌",
    }
}

/// Text that stays text: no markup, no table cell, no address, nobody mentioned, no issue referred to.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in clean(text).chars() {
        match c {
            // These act on what stands behind them, even as entities.
            '@' | '#' => {
                out.push(c);
                out.push_str("<!-- -->");
            }
            '.' if out.ends_with(['w', 'W']) => out.push_str("&#46;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '<' | '>' | '|' | '~' | '&'
            | '!' | ':' | '$' | '"' | '\'' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// An address between `<` and `>`.
fn address(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    for c in clean(url).chars() {
        match c {
            ' ' | '<' | '>' | '\\' | '`' | '|' | '"' => {
                let _ = write!(out, "%{:02X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_test_is_never_markup() {
        for (text, escaped) in [
            ("a|b", "a&#124;b"),
            ("<b>*x*_y_`z`", "&#60;b&#62;&#42;x&#42;&#95;y&#95;&#96;z&#96;"),
            ("[a](b)!", "&#91;a&#93;&#40;b&#41;&#33;"),
            ("a\nb\r\n\u{202e}c", "a b   c"),
            ("@me #1", "@<!-- -->me #<!-- -->1"),
            ("https://x.y www.z.y", "https&#58;//x.y www&#46;z.y"),
            ("&lt; <!--", "&#38;lt; &#60;&#33;--"),
        ] {
            assert_eq!(escape(text), escaped, "{text:?}");
        }
        assert_eq!(address("https://x/a b>c|d"), "https://x/a%20b%3Ec%7Cd");
    }
}
