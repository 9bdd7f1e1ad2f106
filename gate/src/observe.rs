//! What a summary has to say to an expression.

use crate::expression::{Expression, Figure, Finding, Subject, fits, request_unit, unit_of};
use loadgate_documents::format::Unit;
use loadgate_documents::{Aggregate, Metric, MetricType, RequestRow, Summary, TrendValues, Values, shorten};
use std::fmt::Display;

/// What a key of a row is where rows that were too light share one.
const OTHER: &str = "(other)";

/// What a summary has to say to an expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Observation {
    Figure(Reading),
    /// There is no data.
    Nothing(String),
    /// There may be, and nobody can tell what it comes to.
    Unclear(String),
}

/// A figure and how sure it is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reading {
    pub value: f64,
    pub unit: Unit,
    pub spread: Spread,
    /// What it lacks, as a sentence.
    pub incomplete: Option<String>,
}

/// What is known of how far a figure may be off by chance.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Spread {
    /// A share: so many of so many.
    Share { part: f64, whole: f64 },
    /// A quantile of so many values, 0 to 1; with those that are known, by rank.
    Quantile { rank: f64, count: f64, known: Vec<(f64, f64)> },
    /// Nothing.
    Unknown,
}

impl Expression {
    pub(crate) fn observe(&self, summary: &Summary) -> Observation {
        match &self.subject {
            Subject::Metric { name, figure } => metric(summary, name, *figure),
            Subject::Request { method, name, figure } => request(summary, method, name, *figure),
            Subject::Health { finding, share } => health(summary, *finding, *share),
            Subject::Unknown => {
                Observation::Unclear(format!("{} is no indicator that Loadgate knows.", shorten(&self.text)))
            }
        }
    }
}

fn metric(summary: &Summary, name: &str, figure: Figure) -> Observation {
    let Some(metric) = summary.metrics.get(name).filter(|metric| has_data(&metric.values)) else {
        return Observation::Nothing(format!("There is no data of {name}."));
    };
    if let Some(possible) = &metric.unknown {
        return Observation::Unclear(untyped(name, possible));
    }
    if !fits(figure, metric.metric_type) {
        return Observation::Unclear(format!(
            "{name} is a {} and has no {figure}.",
            metric.metric_type.word()
        ));
    }
    let value = match figure {
        Figure::Of(aggregate) => metric.values.of(aggregate),
        other => metric.values.get(&other.to_string()),
    };
    let Some(value) = value else {
        return Observation::Unclear(untold(name, figure));
    };
    Observation::Figure(Reading {
        value,
        unit: unit_of((metric.metric_type, metric.contains), figure),
        spread: spread(metric, figure),
        incomplete: partial(name, metric),
    })
}

/// Why nobody can tell what the figures of a metric are.
pub(crate) fn untyped(name: &str, possible: &[MetricType]) -> String {
    let words: Vec<&str> = possible.iter().map(|metric| metric.word()).collect();
    format!("The type of {name} is not known: {}.", words.join(" or "))
}

/// Why nobody can tell what one of a metric's figures is.
pub(crate) fn untold(name: &str, figure: impl Display) -> String {
    format!("The summary has no {figure} of {name}.")
}

/// What a metric lacks that was asked for late.
pub(crate) fn partial(name: &str, metric: &Metric) -> Option<String> {
    let text = format!("{name} was asked for after the run had begun, and lacks what came before.");
    metric.partial.then_some(text)
}

/// A counter that never counted and a gauge that was never other than 0 cannot be told from ones that nobody
/// sent.
fn has_data(values: &Values) -> bool {
    match values {
        Values::Trend(trend) => trend.has_data(),
        Values::Rate { passes, fails, .. } => passes + fails > 0,
        Values::Counter { count, .. } => *count != 0.0,
        Values::Gauge { value, min, max } => [value, min, max].iter().any(|value| **value != 0.0),
    }
}

fn spread(metric: &Metric, figure: Figure) -> Spread {
    match (&metric.values, figure) {
        (Values::Rate { passes, fails, .. }, Figure::Of(_)) => {
            Spread::Share { part: *passes as f64, whole: (passes + fails) as f64 }
        }
        (Values::Trend(trend), Figure::Of(aggregate)) => quantile(trend, aggregate),
        _ => Spread::Unknown,
    }
}

fn quantile(trend: &TrendValues, aggregate: Aggregate) -> Spread {
    let rank = match aggregate {
        Aggregate::Med => 0.5,
        Aggregate::Percentile(rank) => rank / 100.0,
        _ => return Spread::Unknown,
    };
    let mut known: Vec<(f64, f64)> = [(0.0, trend.min), (50.0, trend.med), (100.0, trend.max)]
        .iter()
        .chain(&trend.percentiles)
        .filter_map(|(rank, value)| Some((rank / 100.0, (*value)?)))
        .collect();
    known.sort_by(|a, b| a.0.total_cmp(&b.0));
    known.dedup_by(|a, b| a.0 == b.0);
    trend.count.map_or(Spread::Unknown, |count| Spread::Quantile { rank, count: count as f64, known })
}

fn request(summary: &Summary, method: &str, name: &str, figure: Figure) -> Observation {
    let rows = &summary.tables.requests;
    let Some(row) = rows.iter().find(|row| row.key == [method, name]).filter(|row| row.count > 0.0) else {
        return if rows.iter().any(|row| row.key == [OTHER]) {
            Observation::Unclear(format!(
                "{method} {name} has no row of its own, and may be among the others."
            ))
        } else {
            Observation::Nothing(format!("There is no request {method} {name}."))
        };
    };
    let trend = || TrendValues {
        count: Some(row.count as u64),
        avg: row.avg,
        min: row.min,
        med: row.med,
        max: row.max,
        percentiles: vec![(90.0, row.p90), (95.0, row.p95), (99.0, row.p99)],
        sum: None,
    };
    let value = match figure {
        Figure::Failed => row.failed,
        Figure::Of(Aggregate::Count) => Some(row.count),
        Figure::Of(Aggregate::Rate) => Some(row.rate),
        Figure::Of(aggregate) => row.avg.and_then(|_| Values::Trend(trend()).of(aggregate)),
        Figure::Passes | Figure::Fails => None,
    };
    let Some(value) = value else {
        return Observation::Nothing(format!("Nobody said of {method} {name} what {figure}."));
    };
    Observation::Figure(Reading {
        value,
        unit: request_unit(figure),
        spread: row_spread(row, figure, &trend()),
        incomplete: missed(row),
    })
}

fn row_spread(row: &RequestRow, figure: Figure, trend: &TrendValues) -> Spread {
    match figure {
        Figure::Failed => {
            let part = (row.failed.unwrap_or_default() * row.count).round();
            Spread::Share { part, whole: row.count }
        }
        Figure::Of(aggregate) => quantile(trend, aggregate),
        Figure::Passes | Figure::Fails => Spread::Unknown,
    }
}

fn missed(row: &RequestRow) -> Option<String> {
    let name = row.key.join(" ");
    (row.missed > 0).then(|| format!("Up to {} earlier samples of {name} are among the others.", row.missed))
}

fn health(summary: &Summary, finding: Finding, share: bool) -> Observation {
    let health = &summary.health;
    let came = (health.samples + health.misdated + health.refused) as f64;
    let wanted: f64 = health.wanted.iter().map(|row| row.wanted).sum();
    let without_plan = || "No scenario of the test asks for a rate of arrivals.".to_owned();
    let (count, whole) = match finding {
        Finding::Late => (health.late as f64, health.samples as f64),
        Finding::Misdated => (health.misdated as f64, came),
        Finding::Refused => (health.refused as f64, came),
        Finding::Generators => (health.generators.len() as f64, came),
        Finding::Samples => (health.samples as f64, came),
        Finding::Dropped | Finding::Reached if health.wanted.is_empty() => {
            return Observation::Nothing(without_plan());
        }
        Finding::Dropped => (health.wanted.iter().map(|row| row.dropped).sum(), wanted),
        Finding::Reached => match health.wanted.iter().map(|row| row.reached).sum::<Option<f64>>() {
            Some(reached) => (reached, wanted),
            None => {
                return Observation::Unclear("Samples do not tell which scenario they are of.".to_owned());
            }
        },
    };
    if whole == 0.0 {
        return Observation::Nothing("There are no samples.".to_owned());
    }
    let (value, unit) = if share { (count / whole, Unit::Ratio) } else { (count, Unit::Count) };
    Observation::Figure(Reading { value, unit, spread: Spread::Unknown, incomplete: None })
}
