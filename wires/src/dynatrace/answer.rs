//! Answers, as Dynatrace's clients read them.

use serde::Serialize;

/// Lines that an answer names.
const NAMED: usize = 10;

/// What became of a body's lines.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    /// Those that count.
    pub good: u64,
    /// Those that were refused.
    pub bad: u64,
    /// Why, by line.
    pub errors: Vec<(u64, String)>,
    /// What their sender should mend of good ones, by line.
    pub warnings: Vec<(u64, String)>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    lines_ok: u64,
    lines_invalid: u64,
    error: Option<Error>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<Warnings>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Error {
    code: u16,
    message: String,
    invalid_lines: Vec<InvalidLine>,
}

#[derive(Serialize)]
struct InvalidLine {
    line: u64,
    error: String,
}

#[derive(Serialize)]
struct Warnings {
    message: String,
    lines: Vec<Warning>,
}

#[derive(Serialize)]
struct Warning {
    line: u64,
    warning: String,
}

/// The body of the answer to a body that was read: with 202 where all of its lines count and there are any, else
/// with 400. A body without lines is how JMeter's listener asks whether the server is there.
pub fn answer(counted: &Counted) -> String {
    let Counted { good, bad, errors, warnings } = counted;
    let message = match (good, bad) {
        (0, 0) => Some("empty request".to_owned()),
        (_, 0) => None,
        (_, bad) if errors.len() > NAMED => {
            Some(format!("{bad} invalid lines. First {NAMED} errors reported"))
        }
        (_, bad) => Some(format!("{bad} invalid lines")),
    };
    let lines = errors.iter().take(NAMED);
    let answer = Answer {
        lines_ok: *good,
        lines_invalid: *bad,
        error: message.map(|message| Error {
            code: 400,
            message,
            invalid_lines: lines
                .map(|(line, error)| InvalidLine { line: *line, error: error.clone() })
                .collect(),
        }),
        warnings: (!warnings.is_empty()).then(|| Warnings {
            message:
                "These lines count, and are written against the protocol. The first of each kind is named."
                    .to_owned(),
            lines: warnings
                .iter()
                .map(|(line, warning)| Warning { line: *line, warning: warning.clone() })
                .collect(),
        }),
    };
    serde_json::to_string(&answer).expect("texts and numbers")
}

/// The body of the answer to a request that was refused as a whole.
pub fn refusal(status: u16, sentence: &str) -> String {
    let error = Error { code: status, message: sentence.to_owned(), invalid_lines: Vec::new() };
    let answer = Answer { lines_ok: 0, lines_invalid: 0, error: Some(error), warnings: None };
    serde_json::to_string(&answer).expect("texts and numbers")
}
