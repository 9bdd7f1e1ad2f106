//! Comparing figures with the truth: exactly, or within what a sketch promises.

use serde_json::Value;

/// Equal to 1e-9, or for percentiles and averages to 0.1 % of the larger.
pub fn close(ours: f64, truth: f64, tolerance: f64) -> bool {
    (ours - truth).abs() <= tolerance * ours.abs().max(truth.abs()) + 1e-12
}

pub const EXACT: f64 = 1e-9;
pub const SKETCH: f64 = 1e-3;

/// Holds one metric of our summary to one of k6's. `None`: all is well.
pub fn difference(name: &str, ours: &Value, truth: &serde_json::Map<String, Value>) -> Option<String> {
    let Some(kind) = ours["type"].as_str() else {
        return Some(format!("{name} is missing"));
    };
    for (field, expected) in truth {
        // k6's rates of counters use its own notion of elapsed time.
        if ["thresholds", "type", "contains", "sum_of_generators"].contains(&field.as_str())
            || (field == "rate" && kind == "counter")
            || (kind == "rate" && field == "count")
        {
            continue;
        }
        let own_name = if field == "value" && kind == "rate" { "rate" } else { field };
        let Some(own) = ours["values"][own_name].as_f64() else {
            return Some(format!("{name} has no {own_name}: {}", ours["values"]));
        };
        let tolerance = if kind == "trend" && !["count", "sum"].contains(&own_name) { SKETCH } else { EXACT };
        let Some(expected) = expected.as_f64() else {
            return Some(format!("{name} {field}: k6 has {expected}, which is no number"));
        };
        if !close(own, expected, tolerance) {
            return Some(format!("{name} {own_name}: {own} where k6 has {expected}"));
        }
    }
    None
}
