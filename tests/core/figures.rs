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

/// A figure of a metric by the name that k6 gives its aggregate. Rates of counters are none: k6
/// divides by its own elapsed time.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    pub name: &'static str,
    pub value: f64,
}

/// The aggregates of each kind of metric, in the order of the stream's arrays.
fn aggregates(kind: &str) -> &'static [&'static str] {
    match kind {
        "counter" => &["count"],
        "gauge" => &["value"],
        "rate" => &["rate"],
        _ => &["avg", "max", "med", "min", "p(90)", "p(95)", "p(99)"],
    }
}

/// The figures of an array of the stream.
pub fn of_stream(kind: &str, array: &Value) -> Vec<Figure> {
    let numbers = array.as_array().expect("an array").iter().map(|number| number.as_f64().expect("a number"));
    aggregates(kind).iter().zip(numbers).map(|(name, value)| Figure { name, value }).collect()
}

/// The figures of an object of our tables or of k6's summary export, as far as they are there.
pub fn of_values(kind: &str, values: &Value) -> Vec<Figure> {
    let value = |name: &'static str| {
        // k6's export calls a rate's value so.
        let value = values[name].as_f64().or_else(|| values["value"].as_f64().filter(|_| name == "rate"));
        value.map(|value| Figure { name, value })
    };
    aggregates(kind).iter().copied().filter_map(value).collect()
}

/// Equal but for how the stream and k6 write numbers: five significant digits, k6 cuts them off and
/// has no more than five decimals; whole numbers are whole. Percentiles come from a sketch besides.
pub fn rounded(own: &Figure, recorded: &Figure) -> bool {
    let size = own.value.abs().max(recorded.value.abs());
    let digit = 10_f64.powf(size.max(f64::MIN_POSITIVE).log10().floor() - 4.0).clamp(1e-5, 1.0);
    let sketched = own.name == "med" || own.name.starts_with("p(");
    let tolerance = 1.5 * digit + if sketched { SKETCH * size } else { 0.0 };
    (own.value - recorded.value).abs() <= tolerance
}
