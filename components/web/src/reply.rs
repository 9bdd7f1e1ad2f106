//! Answers: JSON, problems (RFC 9457), text, and how a failure of the aggregator reads as one.

use crate::bindings::loadgate::dashboard::types::Failure;
use crate::call::Call;
use crate::journal;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderValue, StatusCode};
use spin_sdk::http::{BoxBody, FullBody, box_body};
use std::io::Write;

/// What is shorter fits into one packet anyway.
const WORTH_COMPRESSING: usize = 1400;
/// Of documents and streams: higher levels take twice the time for a few percent.
pub(crate) const LEVEL: Compression = Compression::new(4);

pub(crate) type Reply = http::Response<BoxBody>;

/// A whole body of a known type.
pub(crate) fn body(status: StatusCode, content_type: &'static str, text: impl Into<Vec<u8>>) -> Reply {
    let bytes: Vec<u8> = text.into();
    let mut reply = http::Response::new(box_body(FullBody::new(bytes.into())));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

/// The same, compressed for a client that reads gzip.
pub(crate) fn compressed(call: &Call, content_type: &'static str, text: String) -> Reply {
    let packed = (text.len() >= WORTH_COMPRESSING && loadgate_http::accepts_gzip(&call.headers)).then(|| {
        let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4), LEVEL);
        encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish()).ok()
    });
    let mut reply = match packed.flatten() {
        Some(bytes) => {
            let mut reply = body(StatusCode::OK, content_type, bytes);
            reply.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            reply
        }
        None => body(StatusCode::OK, content_type, text),
    };
    reply.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    reply
}

/// No body at all.
pub(crate) fn empty(status: StatusCode) -> Reply {
    let mut reply = http::Response::new(box_body(FullBody::new(Default::default())));
    *reply.status_mut() = status;
    reply
}

/// A document that changes as the run goes on.
pub(crate) fn json(status: StatusCode, text: impl Into<Vec<u8>>) -> Reply {
    let mut reply = body(status, "application/json", text);
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// `application/problem+json` (RFC 9457): the status' own title, and a sentence.
pub(crate) fn problem(status: StatusCode, detail: &str) -> Reply {
    let text = serde_json::json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "detail": detail,
    });
    body(status, "application/problem+json", text.to_string())
}

/// The aggregator's refusal, to be answered: its status and its sentence. A store that failed is also told to
/// the operator: here, where every such answer comes by.
pub(crate) fn failure_parts(failure: &Failure) -> (StatusCode, &str) {
    let (status, sentence) = parts(failure);
    if status.is_server_error() {
        journal::error(&format!("answered {}: {sentence}", status.as_u16()));
    }
    (status, sentence)
}

/// What a failure says, where nobody is answered.
pub(crate) fn sentence(failure: &Failure) -> &str {
    parts(failure).1
}

fn parts(failure: &Failure) -> (StatusCode, &str) {
    match failure {
        Failure::Invalid(text) => (StatusCode::BAD_REQUEST, text),
        Failure::NotFound(text) => (StatusCode::NOT_FOUND, text),
        Failure::Conflict(text) => (StatusCode::CONFLICT, text),
        Failure::Gone(text) => (StatusCode::GONE, text),
        Failure::TooLarge(text) => (StatusCode::PAYLOAD_TOO_LARGE, text),
        Failure::Unsupported(text) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, text),
        Failure::Unavailable(text) => (StatusCode::SERVICE_UNAVAILABLE, text),
        Failure::Damaged(text) => (StatusCode::INTERNAL_SERVER_ERROR, text),
    }
}

pub(crate) fn failure(failure: &Failure) -> Reply {
    let (status, text) = failure_parts(failure);
    problem(status, text)
}

/// A document or the failure to make one.
pub(crate) fn document(result: Result<String, Failure>) -> Reply {
    match result {
        Ok(text) => json(StatusCode::OK, text),
        Err(error) => failure(&error),
    }
}

/// The same, compressed for a client that reads gzip: for documents that grow with the run.
pub(crate) fn large_document(call: &Call, result: Result<String, Failure>) -> Reply {
    match result {
        Ok(text) => {
            let mut reply = compressed(call, "application/json", text);
            reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            reply
        }
        Err(error) => failure(&error),
    }
}

/// The answer to a command that leaves nothing to tell.
pub(crate) fn no_content(result: Result<(), Failure>) -> Reply {
    match result {
        Ok(()) => empty(StatusCode::NO_CONTENT),
        Err(error) => failure(&error),
    }
}

/// 405 with the methods that the path takes, as the header `Allow` wants them.
pub(crate) fn method_not_allowed(allow: &str) -> Reply {
    allowing(problem(StatusCode::METHOD_NOT_ALLOWED, &format!("this path takes {allow}")), allow)
}

/// The methods of a path. What pages from elsewhere may do is another matter.
pub(crate) fn options(allow: &str) -> Reply {
    allowing(empty(StatusCode::NO_CONTENT), allow)
}

fn allowing(mut reply: Reply, allow: &str) -> Reply {
    if let Ok(allow) = HeaderValue::from_str(allow) {
        reply.headers_mut().insert(http::header::ALLOW, allow);
    }
    reply
}

/// A redirect within the application.
pub(crate) fn redirect(location: &str) -> Reply {
    let mut reply = empty(StatusCode::SEE_OTHER);
    if let Ok(value) = HeaderValue::from_str(location) {
        reply.headers_mut().insert(http::header::LOCATION, value);
    }
    reply
}
