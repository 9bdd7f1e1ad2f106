//! The verdict's own JSON: `{"type", "timestamp", "data"}`, as Standard Webhooks recommends.

use super::Notice;
use crate::time::written;
use serde::Serialize;

/// `type` of every message.
const TYPE: &str = "loadgate.verdict";

#[derive(Serialize)]
struct Body<'a, V> {
    r#type: &'static str,
    timestamp: String,
    data: Data<'a, V>,
}

#[derive(Serialize)]
struct Data<'a, V> {
    id: &'a str,
    verdict: &'a V,
    start: i64,
    end: i64,
    judged: i64,
    page: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_context: Option<&'a serde_json::Value>,
}

pub(super) fn body<V: Serialize>(notice: &Notice<'_>, verdict: &V) -> serde_json::Result<String> {
    let Notice { id, start, end, judged, page, report, environment, context, .. } = *notice;
    let data =
        Data { id, verdict, start, end, judged, page, report, environment, execution_context: context };
    serde_json::to_string(&Body { r#type: TYPE, timestamp: written(judged), data })
}
