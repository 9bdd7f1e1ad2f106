//! Data points to points.

use super::conventions;
use super::messages::KeyValue;
use super::values::{self, Datum, Reading, Says};
use super::walk::{ATTRIBUTES, Element, Head, Shape, Source, Temporality, Visitor, with_attributes};
use crate::distribution::COUNT;
use crate::naming;
use crate::{Out, Point, Summed, Value, Wrong};
use loadgate_documents::{MetricKind, MetricType, builtin};

/// The end of the names of k6's rates, of which each is one counter in two series.
const RATE: &str = ".total";
/// The attribute that tells the two apart.
const CONDITION: &str = "condition";

/// Reads data points as they are met, and counts them.
pub(super) struct Points<'a> {
    /// What k6 was told to put before its names.
    prefix: &'a str,
    out: &'a mut dyn Out,
    unit: u64,
}

impl<'a> Points<'a> {
    pub(super) fn new(prefix: &'a str, out: &'a mut dyn Out) -> Self {
        Points { prefix, out, unit: 0 }
    }

    fn read(&mut self, source: &Source<'_>, head: &Head, element: Element<'_>) -> Result<Vec<Point>, Wrong> {
        let since = Since::of(head.shape)?;
        let convention = conventions::unit(&head.name).filter(|_| head.shape.has_samples());
        let told = if head.unit.is_empty() { convention.unwrap_or_default() } else { &head.unit };
        let (contains, factor) = naming::unit(told);
        let reading = Reading { factor, cut: since == Since::LastPoint };
        let Some(mut datum) = values::read(head.shape, element, reading)? else { return Ok(Vec::new()) };
        if datum.attributes.len() > ATTRIBUTES {
            let number = datum.attributes.len().to_string();
            return Err(Wrong::with(format!("a data point has more than {ATTRIBUTES} attributes"), number));
        }
        if datum.attributes.iter().any(|attribute| attribute.key == "otel.metric.overflow") {
            let reason = "the exporter has put several series into one, since it has more than it can hold";
            self.out.warn(self.unit, Wrong::quoting(reason, head.name.as_bytes()));
        }
        let identity = source.identity.with(&head.name).with(&head.unit).with(head.shape.word());
        let identity = with_attributes(identity, &datum.attributes);

        let name = match head.name.strip_prefix(self.prefix) {
            Some(name) if source.is_k6() => name,
            _ => &head.name,
        };
        let (name, counts) =
            match name.strip_suffix(RATE).and_then(|rate| Some((rate, condition(since, &mut datum)?))) {
                Some((rate, counts)) => (rate, Some(counts)),
                None => (name, None),
            };
        let since_then = |sum| since.value(datum.start_ns, datum.time_ns, sum);
        let (metric_type, value) = match (datum.says, counts) {
            (Says::Number(number), _) if since == Since::Nothing => {
                (MetricType::Gauge, Value::Sample(number))
            }
            (Says::Number(number), Some(counts)) => (MetricType::Rate, since_then(share(number, counts)?)),
            (Says::Number(number), None) => (MetricType::Counter, since_then(counted(number))),
            (Says::Samples(sum), _) => (MetricType::Trend, since_then(sum)),
        };
        if matches!(&value, Value::Interval { sum, .. } if sum.count == 0) {
            return Ok(Vec::new());
        }
        let tags = tags(&datum.attributes);
        let point = |metric: String, kind, tags, value| Point {
            series: identity.with(&metric).number(),
            metric,
            kind: Some(kind),
            tags,
            time_ns: datum.time_ns,
            value,
        };
        if convention.is_some() {
            let tags = with_source(conventions::tags(tags), source);
            let metrics = conventions::metrics(&tags, value).into_iter();
            return Ok(metrics
                .map(|(name, kind, value)| point(name.to_owned(), kind, tags.clone(), value))
                .collect());
        }
        let name = naming::metric_name(name)?;
        // What k6 measures is of k6's unit also where an exporter forgot it.
        let known = builtin(&name).filter(|kind| kind.metric_type == metric_type && head.unit.is_empty());
        let kind = known.unwrap_or(MetricKind { metric_type, contains });
        Ok(vec![point(name, kind, with_source(tags, source), value)])
    }
}

impl Visitor for Points<'_> {
    fn metric(&mut self, _: &Source<'_>, _: &Head) {}

    fn point(&mut self, source: &Source<'_>, head: &Head, point: Element<'_>) {
        self.unit += 1;
        match self.read(source, head, point) {
            Ok(points) => self.out.accept(self.unit, points),
            Err(wrong) => self.out.refuse(self.unit, wrong),
        }
    }
}

impl Shape {
    fn has_samples(self) -> bool {
        matches!(self, Shape::Histogram(_) | Shape::Exponential(_) | Shape::Summary)
    }

    fn word(self) -> &'static str {
        match self {
            Shape::Gauge => "gauge",
            Shape::Sum { .. } => "sum",
            Shape::Histogram(_) => "histogram",
            Shape::Exponential(_) => "exponential",
            Shape::Summary => "summary",
        }
    }
}

/// Since when what a data point says has been added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Since {
    /// It is a value at its time.
    Nothing,
    LastPoint,
    Start,
}

impl Since {
    fn of(shape: Shape) -> Result<Self, Wrong> {
        let temporality = match shape {
            Shape::Gauge => return Ok(Since::Nothing),
            Shape::Summary => return Ok(Since::Start),
            Shape::Sum { since, .. } | Shape::Histogram(since) | Shape::Exponential(since) => since,
        };
        let falls = matches!(shape, Shape::Sum { monotonic: false, .. });
        match (temporality, falls) {
            (Temporality::Delta, false) => Ok(Since::LastPoint),
            (Temporality::Cumulative, false) => Ok(Since::Start),
            // What rises and falls is known as a whole, as a gauge is.
            (Temporality::Cumulative, true) => Ok(Since::Nothing),
            (Temporality::Delta, true) => Err(Wrong::new(
                "the change of a sum that rises and falls does not tell the sum: make its temporality cumulative",
            )),
            (Temporality::Untold, _) => {
                Err(Wrong::new("a metric must tell its aggregation temporality: delta or cumulative"))
            }
        }
    }

    fn value(self, start_ns: Option<i64>, time_ns: Option<i64>, sum: Summed) -> Value {
        if self == Since::Start {
            return Value::SinceStart { start_ns, sum };
        }
        let length = start_ns.zip(time_ns).map_or(0, |(start, end)| end.saturating_sub(start));
        Value::Interval { length_ns: length.max(0), sum }
    }
}

/// What a counter says, which does not tell of how many samples it is the sum.
fn counted(sum: f64) -> Summed {
    let count = u64::from(sum != 0.0);
    Summed { count, nonzero: count, sum, ..Summed::default() }
}

/// What one of the two series of a rate says.
fn share(samples: f64, counts: bool) -> Result<Summed, Wrong> {
    if !(samples >= 0.0 && samples <= COUNT as f64 && samples.fract() == 0.0) {
        return Err(Wrong::with("a rate must count its samples", samples.to_string()));
    }
    let nonzero = if counts { samples as u64 } else { 0 };
    Ok(Summed { count: samples as u64, nonzero, sum: nonzero as f64, ..Summed::default() })
}

/// Which of the two series of a rate a data point is of, if it is of any. Takes the attribute that says so: it is
/// no tag.
fn condition(since: Since, datum: &mut Datum) -> Option<bool> {
    if since == Since::Nothing || !matches!(datum.says, Says::Number(_)) {
        return None;
    }
    let at = datum.attributes.iter().position(|attribute| attribute.key == CONDITION)?;
    let counts = match datum.attributes[at].text().as_deref() {
        Some("nonzero") => true,
        Some("zero") => false,
        _ => return None,
    };
    datum.attributes.remove(at);
    Some(counts)
}

/// Attributes as tags; of one key the first.
fn tags(attributes: &[KeyValue]) -> Vec<(String, String)> {
    let mut tags: Vec<(String, String)> = Vec::with_capacity(attributes.len());
    for attribute in attributes {
        let text = attribute.text().unwrap_or_default();
        let known = || tags.iter().any(|(key, _)| *key == attribute.key);
        if !attribute.key.is_empty() && !text.is_empty() && !known() {
            tags.push((attribute.key.clone(), text.into_owned()));
        }
    }
    tags
}

/// What a point says of itself is nearer to it than what is said of its source.
fn with_source(mut tags: Vec<(String, String)>, source: &Source<'_>) -> Vec<(String, String)> {
    for tag in &source.origin.tags {
        if tags.iter().all(|(key, _)| *key != tag.0) {
            tags.push(tag.clone());
        }
    }
    tags
}
