//! `/healthz` and `/readyz`, where no host answers them itself.

use crate::bindings::loadgate::dashboard::control;
use crate::reply::{self, Reply};
use http::{Method, StatusCode};
use spin_sdk::http::Request;

/// The answer to a question about the server's health; `None` to any other. No token is asked for: nothing
/// is told.
pub fn answer(request: &Request) -> Option<Reply> {
    let path = request.uri().path();
    if !matches!(path, "/healthz" | "/readyz") {
        return None;
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Some(reply::method_not_allowed("GET, HEAD"));
    }
    let ready = if path == "/readyz" { control::ready() } else { Ok(()) };
    Some(match ready {
        Ok(()) if *request.method() == Method::HEAD => reply::empty(StatusCode::OK),
        Ok(()) => reply::json(StatusCode::OK, r#"{"status":"ok"}"#),
        Err(error) => reply::failure(&error),
    })
}
