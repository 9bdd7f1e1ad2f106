//! Other tools' wires, each answered in its own words.

use super::lines;
use crate::bindings::loadgate::dashboard::ingest::{LineError, Receipt, Wire};
use crate::bindings::loadgate::dashboard::types::Failure;
use crate::call::Call;
use crate::reply::{self, Reply};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use loadgate_wires::{dynatrace, otlp, prometheus};

const PLAIN: &str = "text/plain; charset=utf-8";

/// Dynatrace's metric lines; `prefix` is what stands before the path.
pub(crate) async fn dynatrace(call: &Call, prefix: &str) -> Reply {
    match lines::receive(call, Wire::Dynatrace, test(call, prefix)).await {
        Ok(Receipt { accepted, refused, errors, warnings, failure, .. }) => {
            if let Some(failure) = failure {
                return dynatrace_failed(&failure);
            }
            let lines =
                |lines: Vec<LineError>| lines.into_iter().map(|error| (error.line, error.reason)).collect();
            let counted = dynatrace::Counted {
                good: accepted,
                bad: refused,
                errors: lines(errors),
                warnings: lines(warnings),
            };
            let good = refused == 0 && accepted > 0;
            let status = if good { StatusCode::ACCEPTED } else { StatusCode::BAD_REQUEST };
            reply::json(status, dynatrace::answer(&counted))
        }
        Err(failure) => dynatrace_failed(&failure),
    }
}

fn dynatrace_failed(failure: &Failure) -> Reply {
    let (status, sentence) = reply::failure_parts(failure);
    reply::json(status, dynatrace::refusal(status.as_u16(), sentence))
}

/// OpenTelemetry metrics.
pub(crate) async fn otlp(call: &Call, prefix: &str) -> Reply {
    let content_type = call.header(CONTENT_TYPE.as_str()).unwrap_or_default();
    let Some(encoding) = otlp::Encoding::of(content_type) else {
        let sentence = "OpenTelemetry metrics come as application/x-protobuf or application/json";
        return reply::problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence);
    };
    let wire = match encoding {
        otlp::Encoding::Protobuf => Wire::OtlpProtobuf,
        otlp::Encoding::Json => Wire::OtlpJson,
    };
    let answer = |status, body| reply::body(status, encoding.content_type(), body);
    let failed = |failure: &Failure| {
        let (status, sentence) = reply::failure_parts(failure);
        let code = match status {
            StatusCode::SERVICE_UNAVAILABLE => otlp::Code::Unavailable,
            StatusCode::PAYLOAD_TOO_LARGE => otlp::Code::ResourceExhausted,
            _ => otlp::Code::InvalidArgument,
        };
        answer(status, otlp::refusal(encoding, code, sentence))
    };
    match lines::receive(call, wire, test(call, prefix)).await {
        Ok(Receipt { failure: Some(failure), .. }) | Err(failure) => failed(&failure),
        Ok(receipt) => {
            answer(StatusCode::OK, otlp::answer(encoding, receipt.refused, &first_error(&receipt)))
        }
    }
}

/// Prometheus remote write.
pub(crate) async fn prometheus(call: &Call, prefix: &str) -> Reply {
    let version = prometheus::Version::of(call.header(CONTENT_TYPE.as_str()).unwrap_or_default());
    let Some(version) = version else {
        let sentence = "remote write comes as application/x-protobuf: prometheus.WriteRequest or \
                        io.prometheus.write.v2.Request";
        return reply::problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence);
    };
    let wire = match version {
        prometheus::Version::One => Wire::PrometheusOne,
        prometheus::Version::Two => Wire::PrometheusTwo,
    };
    let failed = |failure: &Failure| {
        let (status, sentence) = reply::failure_parts(failure);
        reply::body(status, PLAIN, sentence.to_owned())
    };
    let (mut answer, written) = match lines::receive(call, wire, test(call, prefix)).await {
        Err(failure) => (failed(&failure), prometheus::Written::default()),
        Ok(receipt) => {
            let samples = receipt.accepted.saturating_sub(receipt.histograms);
            let written = prometheus::Written { samples, histograms: receipt.histograms };
            let answer = match (&receipt.failure, receipt.refused) {
                (Some(failure), _) => failed(failure),
                (None, 0) => reply::empty(StatusCode::NO_CONTENT),
                // A sender tries 5xx again and drops what got a 4xx: the good samples are counted all the same.
                (None, _) => reply::body(StatusCode::BAD_REQUEST, PLAIN, first_error(&receipt)),
            };
            (answer, written)
        }
    };
    if version == prometheus::Version::Two {
        for (name, number) in written.headers() {
            answer.headers_mut().insert(name, HeaderValue::from(number));
        }
    }
    answer
}

/// How many were refused, and why the first.
fn first_error(receipt: &Receipt) -> String {
    receipt.errors.first().map_or_else(String::new, |first| {
        format!("{} refused; number {}: {}", receipt.refused, first.line, first.reason)
    })
}

/// What stands before a wire's path names the test, where no parameter does.
fn test<'a>(call: &'a Call, prefix: &'a str) -> Option<&'a str> {
    call.param("test").or((!prefix.is_empty()).then_some(prefix))
}
