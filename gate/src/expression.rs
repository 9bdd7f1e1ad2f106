//! What an objective looks at: a metric's figure, a request's row, or a finding about the run itself.

use loadgate_documents::format::Unit;
use loadgate_documents::{Aggregate, Contains, MetricType, Submetric, builtin, is_metric_name, shorten};
use std::fmt;
use thiserror::Error;

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
pub(crate) fn fits(figure: Figure, metric: MetricType) -> bool {
    match (figure, metric) {
        (Figure::Of(Aggregate::Min | Aggregate::Max), MetricType::Gauge) => true,
        (Figure::Of(aggregate), _) => aggregate.fits(metric),
        (Figure::Passes | Figure::Fails, _) => metric == MetricType::Rate,
        (Figure::Failed, _) => false,
    }
}

pub(crate) fn unit_of(kind: (MetricType, Contains), figure: Figure) -> Unit {
    match figure {
        Figure::Of(aggregate) => Unit::of(Some(kind), aggregate),
        Figure::Passes | Figure::Fails => Unit::Count,
        Figure::Failed => Unit::Ratio,
    }
}

pub(crate) fn request_unit(figure: Figure) -> Unit {
    match figure {
        Figure::Failed => Unit::Ratio,
        Figure::Of(Aggregate::Rate) => Unit::Rate,
        Figure::Of(Aggregate::Count) | Figure::Passes | Figure::Fails => Unit::Count,
        Figure::Of(_) => Unit::Time,
    }
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
