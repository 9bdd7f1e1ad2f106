//! What InfluxDB 1 and 2 clients expect to hear.

use super::lines;
use crate::bindings::loadgate::dashboard::ingest::{self, Receipt, Wire};
use crate::bindings::loadgate::dashboard::types::Failure;
use crate::body;
use crate::call::Call;
use crate::reply::{self, Reply};
use http::{HeaderValue, Method, StatusCode};

/// The version that clients are told; k6 and JMeter only look for its presence.
const VERSION: HeaderValue = HeaderValue::from_static("1.8.10-loadgate");

/// InfluxDB's errors are short; so are ours.
const MESSAGE_BYTES: usize = 1_000;

/// The largest statement that `/query` reads from a form.
const STATEMENT_BYTES: usize = 64 * 1024;

/// `/ping`.
pub(crate) fn ping() -> Reply {
    versioned(reply::empty(StatusCode::NO_CONTENT))
}

/// `/write` and `/api/v2/write`; `parameter` names the test.
pub(crate) async fn write(call: &Call, parameter: &str) -> Reply {
    match lines::receive(call, Wire::InfluxLines, call.param(parameter)).await {
        Ok(receipt) => write_reply(&receipt),
        Err(failure) => failed(&failure),
    }
}

/// 204, or `{"error":"partial write: line 2: …; line 5: … dropped=2"}` with 400.
fn write_reply(receipt: &Receipt) -> Reply {
    if let Some(failure) = &receipt.failure {
        return failed(failure);
    }
    if receipt.refused == 0 {
        return versioned(reply::empty(StatusCode::NO_CONTENT));
    }
    let end = format!(" dropped={}", receipt.refused);
    let mut message = String::from("partial write: ");
    for (position, refused) in receipt.errors.iter().enumerate() {
        let next =
            format!("{}line {}: {}", if position > 0 { "; " } else { "" }, refused.line, refused.reason);
        if message.len() + next.len() + end.len() + 32 > MESSAGE_BYTES {
            message.push_str("; …");
            break;
        }
        message.push_str(&next);
    }
    error(StatusCode::BAD_REQUEST, &(message + &end))
}

fn failed(failure: &Failure) -> Reply {
    let (status, text) = reply::failure_parts(failure);
    error(status, text)
}

/// An error as InfluxDB writes it: in the body and in a header.
pub(crate) fn error(status: StatusCode, message: &str) -> Reply {
    let mut end = message.len().min(MESSAGE_BYTES - 16);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    let message = &message[..end];
    let mut answer = reply::json(status, serde_json::json!({ "error": message }).to_string());
    let ascii: String =
        message.chars().map(|c| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' }).collect();
    if let Ok(value) = HeaderValue::from_str(&ascii) {
        answer.headers_mut().insert("x-influxdb-error", value);
    }
    versioned(answer)
}

/// `/query`: the statement is in the query string, or in a form.
pub(crate) async fn query(call: &Call) -> Reply {
    let mut statement = call.param("q").map(str::to_owned);
    let mut db = call.param("db").map(str::to_owned);
    if statement.is_none() && call.method == Method::POST {
        let form = match body::collect(call.body.clone(), STATEMENT_BYTES).await {
            Ok(form) => form,
            Err(failure) => return failed(&failure),
        };
        for (name, value) in form_urlencoded::parse(&form) {
            match name.as_ref() {
                "q" => statement = Some(value.into_owned()),
                "db" => db = Some(value.into_owned()),
                _ => {}
            }
        }
    }
    match statement {
        Some(statement) => run(&statement, db.as_deref(), call.sender().name()),
        None => error(StatusCode::BAD_REQUEST, "missing required parameter \"q\""),
    }
}

/// CREATE DATABASE begins a test; SHOW and DROP are understood as far as clients need.
///
/// `sender` is who asks, as its samples will name it.
fn run(statement: &str, db: Option<&str>, sender: &str) -> Reply {
    let words: Vec<&str> = statement.trim().trim_end_matches(';').split_whitespace().collect();
    let is = |wanted: &[&str]| {
        words.len() >= wanted.len()
            && words.iter().zip(wanted).all(|(word, wanted)| word.eq_ignore_ascii_case(wanted))
    };
    let result = if is(&["CREATE", "DATABASE"]) {
        let quoted = words[2..].join(" ");
        let name = quoted.split(" WITH ").next().unwrap_or_default().trim().trim_matches('"');
        let name = if name.is_empty() { db.unwrap_or_default() } else { name };
        return match ingest::hello(Some(name), sender) {
            Ok(()) => results(serde_json::json!({ "statement_id": 0 })),
            Err(failure) => failed(&failure),
        };
    } else if is(&["SHOW", "DATABASES"]) {
        serde_json::json!({ "statement_id": 0, "series": [{ "name": "databases", "columns": ["name"], "values": [] }] })
    } else if is(&["SHOW"]) || is(&["CREATE"]) || is(&["DROP"]) || is(&["ALTER"]) {
        serde_json::json!({ "statement_id": 0 })
    } else {
        // Cut: a statement may be of any length.
        let shown: String = statement.chars().take(80).collect();
        serde_json::json!({
            "statement_id": 0,
            "error": format!("queries are not served here, only CREATE DATABASE and SHOW are understood: {shown}"),
        })
    };
    results(result)
}

fn results(result: serde_json::Value) -> Reply {
    versioned(reply::json(StatusCode::OK, serde_json::json!({ "results": [result] }).to_string()))
}

fn versioned(mut reply: Reply) -> Reply {
    reply.headers_mut().insert("x-influxdb-version", VERSION);
    reply
}
