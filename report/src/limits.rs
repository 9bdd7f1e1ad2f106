//! Threshold expressions as figures: what to say of them and where to draw them.

use super::format::{Unit, format, unit_of};
use super::tables::{list, number, string};
use serde_json::Value;

/// `p(95)<400`.
pub struct Expression<'a> {
    pub aggregate: &'a str,
    pub operator: &'a str,
    pub limit: f64,
}

impl<'a> Expression<'a> {
    /// Nothing for what is no comparison with a number.
    pub fn parse(expression: &'a str) -> Option<Self> {
        let at = expression.find(['<', '>', '=', '!'])?;
        let (aggregate, rest) = expression.split_at(at);
        let width = rest.find(|c| !matches!(c, '<' | '>' | '=' | '!'))?;
        let (operator, limit) = rest.split_at(width);
        let limit: f64 = limit.trim().parse().ok()?;
        limit.is_finite().then(|| Expression { aggregate: aggregate.trim(), operator, limit })
    }

    pub fn say(&self, unit: Unit) -> String {
        format!("{} {} {}", self.aggregate, self.operator, format(Some(self.limit), unit, true))
    }

    /// How far the observed value is on the good side, as a share of the limit.
    pub fn margin(&self, observed: Option<f64>) -> Option<f64> {
        let distance = (self.limit - observed?) / self.limit.abs();
        match self.operator.as_bytes().first()? {
            _ if self.limit == 0.0 => None,
            b'<' => Some(distance),
            b'>' => Some(-distance),
            _ => None,
        }
    }
}

/// A line on a chart.
pub struct Limit {
    pub value: f64,
    pub label: String,
    pub fails: bool,
    /// Unix ms.
    pub crossed: Option<f64>,
}

/// One for each threshold of a metric and aggregate.
pub fn limits_of(summary: &Value, metric: &str, aggregate: &str) -> Vec<Limit> {
    let thresholds = list(summary, "thresholds").iter().filter(|row| string(row, "metric") == metric);
    thresholds
        .filter_map(|row| {
            let expression = Expression::parse(string(row, "expression"))?;
            let (kind, contains) = meta(summary, metric);
            (expression.aggregate == aggregate).then(|| Limit {
                value: expression.limit,
                label: expression.say(unit_of(kind, contains, aggregate)),
                fails: row["passes"].as_bool() == Some(false),
                crossed: number(row, "firstFailed"),
            })
        })
        .collect()
}

/// A submetric's type and contents are its own, or else its metric's.
pub fn meta<'a>(summary: &'a Value, metric: &str) -> (&'a str, &'a str) {
    let metrics = &summary["metrics"];
    let document = metrics.get(metric).unwrap_or(&metrics[base(metric)]);
    (string(document, "type"), string(document, "contains"))
}

/// The metric of a submetric.
pub fn base(metric: &str) -> &str {
    metric.split('{').next().unwrap_or_default()
}
