//! Which figure of a metric is shown: an aggregate, or how many of a rate's values were true or false.

use super::format::Unit;
use loadgate_documents::{Aggregate, Contains, MetricType, Values};
use serde::Deserialize;

/// One figure of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub enum Figure {
    /// An aggregate.
    Of(Aggregate),
    /// Values that are not zero.
    Passes,
    /// Values that are.
    Fails,
}

impl Figure {
    /// Its value, where metrics of that type have it.
    pub fn among(self, values: &Values) -> Option<f64> {
        match (self, values) {
            (Figure::Of(aggregate), _) => values.of(aggregate),
            (Figure::Passes, Values::Rate { passes, .. }) => Some(*passes as f64),
            (Figure::Fails, Values::Rate { fails, .. }) => Some(*fails as f64),
            _ => None,
        }
    }

    /// The title of its column.
    pub fn title(self) -> String {
        let word = match self {
            Figure::Passes => "Trues",
            Figure::Fails => "Falses",
            Figure::Of(Aggregate::Count) => "Count",
            Figure::Of(Aggregate::Rate) => "Rate",
            Figure::Of(Aggregate::Value) => "Latest",
            Figure::Of(Aggregate::Avg) => "Average",
            Figure::Of(Aggregate::Min) => "Min",
            Figure::Of(Aggregate::Med) => "Median",
            Figure::Of(Aggregate::Max) => "Max",
            Figure::Of(Aggregate::Percentile(rank)) => return format!("p{rank}"),
        };
        word.to_owned()
    }
}

/// By the name that documents have for it.
impl TryFrom<String> for Figure {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match name.as_str() {
            "passes" => Ok(Figure::Passes),
            "fails" => Ok(Figure::Fails),
            _ => Aggregate::parse(&name).map(Figure::Of).ok_or(name),
        }
    }
}

/// The unit of a metric's figure, by the metric's type and what it contains, where they are known.
pub fn unit_of(kind: Option<(MetricType, Contains)>, figure: Figure) -> Unit {
    match figure {
        Figure::Passes | Figure::Fails => Unit::Count,
        Figure::Of(aggregate) => Unit::of(kind, aggregate),
    }
}
