//! OpenTelemetry's conventions for HTTP clients ("Semantic conventions for HTTP metrics" and "for HTTP spans", 1.23
//! and later; and the names of before, which many libraries still send): what they measure is what k6 calls
//! `http_req_duration`, `http_reqs` and `http_req_failed`.

use crate::{Summed, Value};
use loadgate_documents::{Contains, MetricKind, MetricType, builtin};

/// The durations of a client's requests, and the unit that the name implies.
const DURATIONS: [(&str, &str); 2] = [("http.client.request.duration", "s"), ("http.client.duration", "ms")];

/// Attributes that are tags of k6's; of two for the same tag the first counts.
const TAGS: [(&str, &str); 14] = [
    ("http.request.method", "method"),
    ("http.method", "method"),
    ("http.response.status_code", "status"),
    ("http.status_code", "status"),
    ("url.full", "url"),
    ("http.url", "url"),
    ("url.template", "name"),
    ("url.full", "name"),
    ("http.url", "name"),
    ("server.address", "name"),
    ("net.peer.name", "name"),
    ("error.type", "error"),
    ("network.protocol.version", "proto"),
    ("http.flavor", "proto"),
];

/// The unit that a metric's name implies, if it is such a duration.
pub(super) fn unit(name: &str) -> Option<&'static str> {
    DURATIONS.iter().find(|(known, _)| *known == name).map(|(_, unit)| *unit)
}

/// The tags of such a metric: k6's in place of the convention's, others as they are.
pub(super) fn tags(attributes: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut tags: Vec<(String, String)> = Vec::new();
    for (attribute, tag) in TAGS {
        let Some((_, value)) = attributes.iter().find(|(key, _)| key == attribute) else { continue };
        // The convention repeats a status that is an error as the error's type.
        let repeats = tag == "error" && is(&tags, "status", value);
        if !repeats && tags.iter().all(|(known, _)| known != tag) {
            let value = if tag == "proto" { format!("HTTP/{value}") } else { value.clone() };
            tags.push((tag.to_owned(), value));
        }
    }
    tags.push(("expected_response".to_owned(), (!failed(&tags)).to_string()));
    // An address that names a request also says where it went.
    let is_mapped = |key: &str| key != "server.address" && TAGS.iter().any(|(known, _)| *known == key);
    tags.extend(attributes.into_iter().filter(|(key, _)| !is_mapped(key)));
    tags
}

fn is(tags: &[(String, String)], key: &str, value: &str) -> bool {
    tags.iter().any(|(k, v)| k == key && v == value)
}

/// Whether requests under these tags failed: an error, or by k6's rule a status that is not from 200 to 399.
fn failed(tags: &[(String, String)]) -> bool {
    let status = tags.iter().find(|(key, _)| key == "status");
    tags.iter().any(|(key, _)| key == "error")
        || status.is_some_and(|(_, status)| !matches!(status.parse(), Ok(200..400_u16)))
}

/// What such a duration says of k6's metrics.
pub(super) fn metrics(tags: &[(String, String)], durations: Value) -> Vec<(&'static str, MetricKind, Value)> {
    let failed = is(tags, "expected_response", "false");
    let counting = |nonzero: fn(u64, bool) -> u64| {
        let counted = |sum: &Summed| {
            let nonzero = nonzero(sum.count, failed);
            Summed { count: sum.count, nonzero, sum: nonzero as f64, ..Summed::default() }
        };
        match &durations {
            Value::Sample(value) => Value::Sample(*value),
            Value::Interval { length_ns, sum } => {
                Value::Interval { length_ns: *length_ns, sum: counted(sum) }
            }
            Value::SinceStart { start_ns, sum } => {
                Value::SinceStart { start_ns: *start_ns, sum: counted(sum) }
            }
        }
    };
    let requests = counting(|count, _| count);
    let failures = counting(|count, failed| if failed { count } else { 0 });
    [("http_reqs", requests), ("http_req_failed", failures), ("http_req_duration", durations)]
        .into_iter()
        .map(|(name, value)| (name, kind(name), value))
        .collect()
}

fn kind(name: &str) -> MetricKind {
    builtin(name).unwrap_or(MetricKind { metric_type: MetricType::Trend, contains: Contains::Default })
}
