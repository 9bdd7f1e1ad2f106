//! `/ingest`, and what every upload says about itself, whatever the wire.

use crate::bindings::loadgate::dashboard::ingest::{Encoding, Precision, Receipt, Request as Upload, Wire};
use crate::bindings::loadgate::dashboard::types::Failure;
use crate::body;
use crate::call::Call;
use crate::reply::{self, Reply};
use http::StatusCode;
use http::header::CONTENT_ENCODING;

/// k6's JSON lines, or a file.
pub(crate) async fn take(call: &Call) -> Reply {
    match receive(call, Wire::File, call.param("test")).await {
        Ok(receipt) => receipt_reply(&receipt),
        Err(error) => refused_reply(&error),
    }
}

/// Streams a body into an upload.
pub(crate) async fn receive(call: &Call, wire: Wire, test: Option<&str>) -> Result<Receipt, Failure> {
    body::receive(call.body.clone(), &upload(call, wire, test)?).await
}

fn upload(call: &Call, wire: Wire, test: Option<&str>) -> Result<Upload, Failure> {
    let encoding = match call.header(CONTENT_ENCODING.as_str()) {
        // Its bodies are packed in a way of their own.
        _ if matches!(wire, Wire::PrometheusOne | Wire::PrometheusTwo) => Encoding::Identity,
        None | Some("identity") => Encoding::Identity,
        Some(text) if text.eq_ignore_ascii_case("gzip") || text.eq_ignore_ascii_case("x-gzip") => {
            Encoding::Gzip
        }
        Some(_) => {
            return Err(Failure::Unsupported(
                "the content encoding is not one of gzip and identity".to_owned(),
            ));
        }
    };
    let precision = match call.param("precision") {
        None | Some("ns" | "n") => Precision::Nanoseconds,
        Some("us" | "u" | "µ") => Precision::Microseconds,
        Some("ms") => Precision::Milliseconds,
        Some("s") => Precision::Seconds,
        Some("m") => Precision::Minutes,
        Some("h") => Precision::Hours,
        Some(_) => return Err(Failure::Invalid("precision is one of ns, us, ms, s, m and h".to_owned())),
    };
    let sequence = call.header("x-loadgate-sequence").map(str::parse).transpose().map_err(|_| {
        Failure::Invalid("X-Loadgate-Sequence is the number of the batch, a whole number".to_owned())
    })?;
    let sender = call.sender();
    Ok(Upload {
        wire,
        encoding,
        precision,
        test: test.map(str::to_owned),
        run: call.header("x-loadgate-run").or_else(|| call.param("run")).map(str::to_owned),
        source: sender.source().to_owned(),
        peer: sender.connection().to_owned(),
        sequence,
        import: call.flag("import"),
    })
}

/// The receipt of a body of which nothing was read.
fn refused_reply(refusal: &Failure) -> Reply {
    let (status, detail) = reply::failure_parts(refusal);
    let document = serde_json::json!({
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": detail,
        "accepted": 0,
        "refused": 0,
        "errors": [],
    });
    reply::body(status, "application/problem+json", document.to_string())
}

/// The receipt of `/ingest`: `{"test","run","accepted","refused","errors":[{"line","reason"}]}`, and
/// `detail` with the failure's status where the body as a whole was refused or cut.
fn receipt_reply(receipt: &Receipt) -> Reply {
    let errors: Vec<_> = receipt
        .errors
        .iter()
        .map(|error| serde_json::json!({ "line": error.line, "reason": error.reason }))
        .collect();
    let mut document = serde_json::json!({
        "test": receipt.test,
        "run": receipt.run,
        "accepted": receipt.accepted,
        "refused": receipt.refused,
        "errors": errors,
    });
    let mut status = StatusCode::OK;
    if let Some(failure) = &receipt.failure {
        let (code, detail) = reply::failure_parts(failure);
        status = code;
        document["title"] = status.canonical_reason().into();
        document["status"] = status.as_u16().into();
        document["detail"] = detail.into();
    }
    reply::json(status, document.to_string())
}
