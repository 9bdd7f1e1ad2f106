//! Drafts a file of objectives from runs that are there: what held in all of them, with some room.

use crate::expression::Expression;
use crate::observe::Observation;
use loadgate_documents::{Digits, RequestRow, Summary, to_json};
use std::fmt::Write as _;

/// How far above the highest p(95) of the runs a run still passes …
const PASSES: f64 = 1.2;
/// … and is still a warning.
const WARNS: f64 = 1.5;
/// An objective of one request each for so many, those that took the most time together.
const REQUESTS: usize = 5;

/// A draft, to be read before it is used; each objective says in a comment which figures it is made of.
pub fn suggest(runs: &[Summary]) -> String {
    let names: Vec<String> = runs.iter().map(|run| comment(&run.run)).collect();
    let mut out =
        String::from("# A draft by Loadgate: read it, and change what your users would not agree with.\n");
    if runs.is_empty() {
        out.push_str("# There are no runs to make it of.\nobjectives: []\n");
        return out;
    }
    let _ = writeln!(out, "# Made of {}.", names.join(", "));
    out.push_str("baseline: { passed: 5, aggregate: median }\nobjectives:\n");
    let start = out.len();

    let rate = |expression, name, write: fn(&mut String, &[f64])| Draft { expression, name, write };
    for draft in [
        rate("http_req_duration p(95)".to_owned(), "Responses are fast".to_owned(), fast),
        rate("http_req_failed rate".to_owned(), "Requests succeed".to_owned(), few),
        rate("checks rate".to_owned(), "Checks hold".to_owned(), most),
    ]
    .into_iter()
    .chain(requests(runs))
    {
        draft.write(&mut out, runs);
    }
    if out.len() == start {
        out.push_str("  []\n");
    }
    out
}

struct Draft {
    expression: String,
    name: String,
    write: fn(&mut String, &[f64]),
}

impl Draft {
    fn write(&self, out: &mut String, runs: &[Summary]) {
        let Ok(expression) = Expression::parse(&self.expression) else { return };
        let values: Vec<f64> = runs
            .iter()
            .filter_map(|run| match expression.observe(run) {
                Observation::Figure(reading) => Some(reading.value),
                Observation::Nothing(_) | Observation::Unclear(_) => None,
            })
            .collect();
        if values.is_empty() {
            return;
        }
        let quote = |text: &str| to_json(text, Digits::All);
        let _ = writeln!(out, "  - name: {}", quote(&self.name));
        let _ = writeln!(out, "    expression: {}", quote(&self.expression));
        (self.write)(out, &values);
    }
}

/// One draft for each request that all runs together spent the most time in.
fn requests(runs: &[Summary]) -> Vec<Draft> {
    let mut rows: Vec<&RequestRow> =
        runs.last().map(|run| run.tables.requests.iter().collect()).unwrap_or_default();
    rows.retain(|row| row.key.len() == 2);
    rows.sort_by(|a, b| b.time.total_cmp(&a.time));
    // With one request, it would say again what the first one says.
    if rows.len() < 2 {
        return Vec::new();
    }
    let draft = |row: &&RequestRow| {
        let request = row.key.join(" ");
        Draft {
            expression: format!("request {request} p(95)"),
            name: format!("{request} is fast"),
            write: fast,
        }
    };
    rows.iter().take(REQUESTS).map(draft).collect()
}

fn fast(out: &mut String, values: &[f64]) {
    let highest = values.iter().copied().fold(0.0, f64::max);
    let said: Vec<String> =
        values.iter().map(|value| format!("{}ms", to_json(value, Digits::Five))).collect();
    let _ = writeln!(out, "    # was {}", said.join(", "));
    let _ = writeln!(out, "    pass: [\"< {}ms\", \"<= +20% surely\"]", round_up(highest * PASSES));
    let _ = writeln!(out, "    warn: \"< {}ms\"", round_up(highest * WARNS));
}

fn few(out: &mut String, values: &[f64]) {
    let highest = values.iter().copied().fold(0.0, f64::max);
    let _ = writeln!(out, "    # was {}", percents(values));
    // Room for one that fails, also where none ever did.
    let bound = (highest * 200.0).ceil().clamp(1.0, 100.0);
    let _ = writeln!(out, "    pass: \"<= {bound}%\"");
    out.push_str("    key: true\n");
}

fn most(out: &mut String, values: &[f64]) {
    let lowest = values.iter().copied().fold(1.0, f64::min);
    let _ = writeln!(out, "    # was {}", percents(values));
    let bound = (lowest * 100.0 - 1.0).floor().max(0.0);
    let _ = writeln!(out, "    pass: \">= {bound}%\"");
}

fn percents(values: &[f64]) -> String {
    let said: Vec<String> =
        values.iter().map(|value| format!("{}%", to_json(&(value * 100.0), Digits::Five))).collect();
    said.join(", ")
}

/// Two significant digits.
fn round_up(value: f64) -> String {
    let mut size = 1.0;
    while value / size >= 100.0 {
        size *= 10.0;
    }
    while value > 0.0 && value / size < 10.0 && size > 1e-3 {
        size /= 10.0;
    }
    to_json(&((value / size).ceil() * size), Digits::Five)
}

/// Text that stays on the line of its comment.
fn comment(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect()
}
