//! What k6's summary JSON declares: types of metrics, and limits where it has them.
//!
//! Three forms are read: `--summary-export` (metrics by name, values beside `thresholds`), what
//! `handleSummary` gets (metrics by name with `type` and `values`), and the machine-readable one
//! (`results.metrics`, a list), which has no thresholds as of k6 2.2.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

/// What a summary says, as the server takes it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Declared {
    /// For `PUT /tests/TEST/metrics`.
    pub metrics: Map<String, Value>,
    /// The field `thresholds` of `PUT /tests/TEST/options`; `None`: this form does not have them.
    pub thresholds: Option<Map<String, Value>>,
}

pub(super) fn read(document: &[u8]) -> Result<Declared> {
    let document: Value = serde_json::from_slice(document).context("this is no JSON")?;
    let mut declared = Declared::default();
    if let Some(list) = document["results"]["metrics"].as_array() {
        let mut limits = Map::new();
        for metric in list {
            let name = metric["name"].as_str().context("a metric has no name")?;
            declared.metric(name, metric["type"].as_str(), metric["contains"].as_str());
            limits.extend(expressions(metric).map(|list| (name.to_owned(), list)));
        }
        declared.thresholds = (!limits.is_empty()).then_some(limits);
        return Ok(declared);
    }
    let Some(metrics) = document["metrics"].as_object() else {
        bail!("it has neither `metrics` nor `results.metrics`");
    };
    let mut limits = Map::new();
    for (name, metric) in metrics {
        let fields = metric.as_object().with_context(|| format!("metrics.{name} is no object"))?;
        let kind = metric["type"].as_str().or_else(|| type_by_values(fields));
        declared.metric(name, kind, metric["contains"].as_str());
        limits.extend(expressions(metric).map(|list| (name.clone(), list)));
    }
    declared.thresholds = Some(limits);
    Ok(declared)
}

impl Declared {
    fn metric(&mut self, name: &str, kind: Option<&str>, contains: Option<&str>) {
        // A submetric is of its metric's type, and the server knows k6's own.
        let Some(kind) = kind.filter(|_| !name.contains('{')) else { return };
        let contains = contains.unwrap_or("default");
        self.metrics.insert(name.to_owned(), json!({"type": kind, "contains": contains}));
    }
}

/// A threshold is a field of an object, its expression the name; or a text or `source` in a list.
fn expressions(metric: &Value) -> Option<Value> {
    let list: Vec<Value> = match &metric["thresholds"] {
        Value::Object(fields) => fields.keys().map(|text| json!(text)).collect(),
        Value::Array(items) => items
            .iter()
            .filter_map(|item| item.as_str().or(item["source"].as_str()).or(item["threshold"].as_str()))
            .map(|text| json!(text))
            .collect(),
        _ => return None,
    };
    (!list.is_empty()).then_some(Value::Array(list))
}

/// `--summary-export` has no types, but each type has values of its own.
fn type_by_values(fields: &Map<String, Value>) -> Option<&'static str> {
    let has = |name: &str| fields.contains_key(name);
    match () {
        () if has("passes") && has("fails") => Some("rate"),
        () if has("count") && has("rate") => Some("counter"),
        () if has("avg") || has("med") || fields.keys().any(|name| name.starts_with("p(")) => Some("trend"),
        () if has("value") => Some("gauge"),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPORT: &str = r#"{"metrics":{
        "orders":{"count":100,"rate":50,"thresholds":{"count>0":false}},
        "errors":{"passes":20,"fails":0,"value":1},
        "errors{a:b}":{"passes":0,"fails":0,"value":0,"thresholds":{"rate<0.1":true}},
        "wait":{"avg":1,"min":1,"med":1,"max":1,"p(90)":1,"p(95)":1},
        "vus":{"value":2,"min":2,"max":2}},"root_group":{}}"#;

    #[test]
    fn the_export_tells_types_by_its_values_and_every_limit() {
        let declared = read(EXPORT.as_bytes()).unwrap();
        let kinds: Vec<_> = ["orders", "errors", "wait", "vus"]
            .map(|name| declared.metrics[name]["type"].as_str().unwrap().to_owned())
            .into();
        assert_eq!(kinds, ["counter", "rate", "trend", "gauge"]);
        assert_eq!(declared.metrics.len(), 4, "submetrics are of their metric's type");
        let limits = json!({"orders": ["count>0"], "errors{a:b}": ["rate<0.1"]});
        assert_eq!(Value::Object(declared.thresholds.unwrap()), limits);
    }

    #[test]
    fn what_handle_summary_gets_says_it_outright() {
        let declared = read(
            br#"{"metrics":{"wait":{"type":"trend","contains":"time","values":{"avg":1},"thresholds":{"avg<2":{"ok":true}}}}}"#,
        )
        .unwrap();
        assert_eq!(declared.metrics["wait"], json!({"type": "trend", "contains": "time"}));
        assert_eq!(declared.thresholds.unwrap()["wait"], json!(["avg<2"]));
    }

    #[test]
    fn the_machine_readable_form_has_types_and_says_nothing_of_limits() {
        let declared = read(
            br#"{"version":"1.0.0","results":{"metrics":[{"name":"orders","type":"counter","contains":"default","values":{"count":1}}]}}"#,
        )
        .unwrap();
        assert_eq!(declared.metrics["orders"]["type"], "counter");
        assert_eq!(declared.thresholds, None);
    }

    #[test]
    fn the_recorded_export_is_read_whole() {
        let declared = read(include_bytes!("../../../tests/fixtures/k6/aborted/summary.json")).unwrap();
        let limits = json!({"http_req_failed{name:missing}": ["rate<0.5"], "checks": ["rate>0.9"]});
        assert_eq!(Value::Object(declared.thresholds.unwrap()), limits);
    }

    #[test]
    fn anything_else_is_refused() {
        for (document, part) in [("x", "JSON"), ("{}", "metrics"), (r#"{"metrics":{"a":1}}"#, "metrics.a")] {
            assert!(read(document.as_bytes()).unwrap_err().to_string().contains(part), "{document}");
        }
    }
}
