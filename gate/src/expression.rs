//! What an objective looks at: a metric's figure, a request's row, or a finding about the run itself.

use loadgate_documents::format::Unit;
use loadgate_documents::{
    Aggregate, Contains, Metric, MetricType, RequestRow, Submetric, Summary, TrendValues, Values, builtin,
    is_metric_name, shorten,
};
use std::fmt;
use thiserror::Error;

/// What a key of a row is where rows that were too light share one.
const OTHER: &str = "(other)";

/// Text that names nothing which could be looked at.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ExpressionError {
    /// It has not the form of one.
    #[error(
        "{:?} is no expression: it is a metric and its figure, as `http_req_duration p(95)` or `checks rate`, \
         a request's, as `request GET login p(95)`, or a finding, as `health refused count`",
        shorten(.0)
    )]
    Form(String),
    /// The figure is none.
    #[error(
        "{:?} is no figure: there are count, rate, value, avg, min, med, max, p(0 to 100), passes and fails",
        shorten(.0)
    )]
    Figure(String),
    /// The figure is none of a request's.
    #[error(
        "{:?} is no figure of a request: there are count, rate, failed, avg, min, med, max, p(90), p(95) and p(99)",
        shorten(.0)
    )]
    RequestFigure(String),
    /// The metric has no such figure.
    #[error("a {} has no {figure}", metric.word())]
    Fit {
        /// What the metric is.
        metric: MetricType,
        /// What was asked of it.
        figure: Figure,
    },
    /// There is no such finding.
    #[error(
        "{:?} is no finding: there are late, misdated, refused and dropped, each with count or share, reached \
         share, generators count and samples count",
        shorten(.0)
    )]
    Finding(String),
}

/// Which figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Figure {
    /// An aggregate.
    Of(Aggregate),
    /// How many values of a rate are not zero …
    Passes,
    /// … and how many are.
    Fails,
    /// The share of a request that failed.
    Failed,
}

/// A finding about the run, from the summary's `health`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// Samples that came after their window had closed.
    Late,
    /// Samples whose time cannot be.
    Misdated,
    /// Lines that could not be read.
    Refused,
    /// Iterations that could not begin.
    Dropped,
    /// Iterations that came to their end, of those that were wanted.
    Reached,
    /// Load generators.
    Generators,
    /// Samples that were counted.
    Samples,
}

/// What is looked at.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// A metric or submetric.
    Metric {
        /// Its name.
        name: String,
        /// Its figure.
        figure: Figure,
    },
    /// A request, by method and name.
    Request {
        /// `GET`.
        method: String,
        /// As in the table of requests.
        name: String,
        /// Its figure.
        figure: Figure,
    },
    /// A finding.
    Health {
        /// Which.
        finding: Finding,
        /// As a share of all, 0 to 1, rather than as a count.
        share: bool,
    },
    /// An indicator of somebody else's file that says nothing here.
    Unknown,
}

/// An expression with the text it was read from.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// As its author wrote it.
    pub text: String,
    /// What is looked at.
    pub subject: Subject,
}

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
    /// Reads one.
    ///
    /// # Errors
    ///
    /// The text has not the form of one, or asks a metric of k6's own for a figure that it does not have.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let text = text.trim();
        Ok(Expression { text: text.to_owned(), subject: subject(text)? })
    }

    /// The metric or submetric that has to be measured, and the aggregate of it that the summary needs.
    pub fn wants(&self) -> Option<(&str, Option<Aggregate>)> {
        match &self.subject {
            Subject::Metric { name, figure: Figure::Of(aggregate) } => Some((name, Some(*aggregate))),
            Subject::Metric { name, .. } => Some((name, None)),
            _ => None,
        }
    }

    /// What the figure is measured in, as far as that is known without one.
    pub(crate) fn unit(&self) -> Option<Unit> {
        match &self.subject {
            Subject::Metric { name, figure } => {
                let kind = builtin(base(name))?;
                Some(unit_of((kind.metric_type, kind.contains), *figure))
            }
            Subject::Request { figure, .. } => Some(request_unit(*figure)),
            Subject::Health { share, .. } => Some(if *share { Unit::Ratio } else { Unit::Count }),
            Subject::Unknown => None,
        }
    }

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

fn base(name: &str) -> &str {
    name.split('{').next().unwrap_or_default()
}

fn subject(text: &str) -> Result<Subject, ExpressionError> {
    let form = || ExpressionError::Form(text.to_owned());
    // A submetric's tags may have spaces in them.
    let end = match text.find('{') {
        Some(open) if !text[..open].contains(char::is_whitespace) => text.rfind('}').ok_or_else(form)? + 1,
        _ => text.find(char::is_whitespace).ok_or_else(form)?,
    };
    let (name, rest) = (&text[..end], text[end..].trim());
    if rest.is_empty() {
        return Err(form());
    }
    match (name, rest.rsplit_once(char::is_whitespace)) {
        ("health", Some((finding, measure))) => return health_subject(rest, finding.trim(), measure),
        ("request", Some((of, figure))) => {
            let (method, name) = of.trim().split_once(char::is_whitespace).ok_or_else(form)?;
            let name = name.trim().to_owned();
            return Ok(Subject::Request { method: method.to_owned(), name, figure: request_figure(figure)? });
        }
        _ => {}
    }
    if !is_metric_name(name) && Submetric::parse(name).is_none() {
        return Err(form());
    }
    let figure = figure(rest).ok_or_else(|| ExpressionError::Figure(rest.to_owned()))?;
    if let Some(kind) = builtin(base(name))
        && !fits(figure, kind.metric_type)
    {
        return Err(ExpressionError::Fit { metric: kind.metric_type, figure });
    }
    Ok(Subject::Metric { name: name.to_owned(), figure })
}

fn figure(text: &str) -> Option<Figure> {
    Some(match text {
        "passes" => Figure::Passes,
        "fails" => Figure::Fails,
        _ => Figure::Of(match Aggregate::parse(text)? {
            // Documents have these under their own names alone.
            Aggregate::Percentile(0.0) => Aggregate::Min,
            Aggregate::Percentile(50.0) => Aggregate::Med,
            Aggregate::Percentile(100.0) => Aggregate::Max,
            other => other,
        }),
    })
}

fn request_figure(text: &str) -> Result<Figure, ExpressionError> {
    let found = if text == "failed" { Some(Figure::Failed) } else { figure(text) };
    found
        .filter(|found| match found {
            Figure::Failed => true,
            Figure::Of(Aggregate::Percentile(rank)) => [90.0, 95.0, 99.0].contains(rank),
            Figure::Of(aggregate) => *aggregate != Aggregate::Value,
            Figure::Passes | Figure::Fails => false,
        })
        .ok_or_else(|| ExpressionError::RequestFigure(text.to_owned()))
}

fn health_subject(all: &str, finding: &str, measure: &str) -> Result<Subject, ExpressionError> {
    let wrong = || ExpressionError::Finding(all.to_owned());
    let finding = Finding::parse(finding).ok_or_else(wrong)?;
    let share = match measure {
        "count" => false,
        "share" => true,
        _ => return Err(wrong()),
    };
    if finding.measures().contains(&share) { Ok(Subject::Health { finding, share }) } else { Err(wrong()) }
}

/// A gauge's least and greatest are more than k6's thresholds can ask for.
fn fits(figure: Figure, metric: MetricType) -> bool {
    match (figure, metric) {
        (Figure::Of(Aggregate::Min | Aggregate::Max), MetricType::Gauge) => true,
        (Figure::Of(aggregate), _) => aggregate.fits(metric),
        (Figure::Passes | Figure::Fails, _) => metric == MetricType::Rate,
        (Figure::Failed, _) => false,
    }
}

fn unit_of(kind: (MetricType, Contains), figure: Figure) -> Unit {
    match figure {
        Figure::Of(aggregate) => Unit::of(Some(kind), aggregate),
        Figure::Passes | Figure::Fails => Unit::Count,
        Figure::Failed => Unit::Ratio,
    }
}

fn request_unit(figure: Figure) -> Unit {
    match figure {
        Figure::Failed => Unit::Ratio,
        Figure::Of(Aggregate::Rate) => Unit::Rate,
        Figure::Of(Aggregate::Count) | Figure::Passes | Figure::Fails => Unit::Count,
        Figure::Of(_) => Unit::Time,
    }
}

fn metric(summary: &Summary, name: &str, figure: Figure) -> Observation {
    let Some(metric) = summary.metrics.get(name).filter(|metric| has_data(&metric.values)) else {
        return Observation::Nothing(format!("There is no data of {name}."));
    };
    if let Some(possible) = &metric.unknown {
        let words: Vec<&str> = possible.iter().map(|metric| metric.word()).collect();
        return Observation::Unclear(format!("The type of {name} is not known: {}.", words.join(" or ")));
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
        return Observation::Unclear(format!("The summary has no {figure} of {name}."));
    };
    Observation::Figure(Reading {
        value,
        unit: unit_of((metric.metric_type, metric.contains), figure),
        spread: spread(metric, figure),
        incomplete: partial(name, metric),
    })
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
        Values::Trend(trend) => trend.count > 0,
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
    let mut known = vec![(0.0, trend.min), (0.5, trend.med), (1.0, trend.max)];
    known.extend(trend.percentiles.iter().map(|(rank, value)| (rank / 100.0, *value)));
    known.sort_by(|a, b| a.0.total_cmp(&b.0));
    known.dedup_by(|a, b| a.0 == b.0);
    Spread::Quantile { rank, count: trend.count as f64, known }
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
        count: row.count as u64,
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
        Figure::Of(aggregate) => Values::Trend(trend()).of(aggregate),
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

impl Finding {
    const ALL: [Finding; 7] = [
        Finding::Late,
        Finding::Misdated,
        Finding::Refused,
        Finding::Dropped,
        Finding::Reached,
        Finding::Generators,
        Finding::Samples,
    ];

    fn parse(word: &str) -> Option<Self> {
        Finding::ALL.into_iter().find(|finding| finding.word() == word)
    }

    /// As expressions have it.
    pub fn word(self) -> &'static str {
        match self {
            Finding::Late => "late",
            Finding::Misdated => "misdated",
            Finding::Refused => "refused",
            Finding::Dropped => "dropped",
            Finding::Reached => "reached",
            Finding::Generators => "generators",
            Finding::Samples => "samples",
        }
    }

    /// Whether it can be a share, or a count.
    fn measures(self) -> &'static [bool] {
        match self {
            Finding::Reached => &[true],
            Finding::Generators | Finding::Samples => &[false],
            _ => &[false, true],
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Figure::Of(aggregate) => aggregate.fmt(f),
            Figure::Passes => f.write_str("passes"),
            Figure::Fails => f.write_str("fails"),
            Figure::Failed => f.write_str("failed"),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
