//! What k6's own dashboard records (`--out web-dashboard=record=FILE`): its events, one a line.
//!
//! `param` has the period and the names of aggregates, `metric` the kinds of metrics that are new. `snapshot` has
//! an array for each metric known so far, in the order of their names, of what was measured in the last period;
//! `cumulative`, which comes before it, the same since the start. `time` among the metrics is the event's time.
//! After the last whole period there is a `cumulative` without a `snapshot`.
//!
//! Snapshots become intervals: counters as they are; a rate and a trend where k6 measures it once a request or once
//! an iteration, so that its number is known. Other rates and trends are gauges (`checks_rate`,
//! `group_duration_avg`), as are all percentiles. At `stop` comes what `cumulative` has beyond the snapshots, and
//! the percentiles of the whole run, which so are what their gauges end with. k6 cuts figures to four or
//! five digits behind the point.
//! Submetrics are parts of what is counted already, and left out.

use super::document;
use super::points::{Span, Stats, Tags, count, counted, gauge, interval, is_sane, nanos, ones, share};
use crate::{LineReader, Out, Point, Summed, Wrong};
use loadgate_documents::{Contains, MetricKind, MetricType, builtin, is_metric_name};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

const NOT: &str = "a line is not an event of k6's dashboard: JSON with `event` and `data`";

/// Metrics and submetrics; k6 warns long before.
const METRICS: usize = 10_000;

/// Reads it.
#[derive(Default)]
pub(super) struct Recording {
    param: Param,
    /// By name, as the arrays are ordered; `None`: a submetric, or a name that no metric can have.
    metrics: BTreeMap<String, Option<MetricKind>>,
    /// The time of the last snapshot, or of the start. Unix ns.
    last_ns: Option<i64>,
    /// What the snapshots so far came to.
    seen: BTreeMap<String, Summed>,
    cumulative: Option<Frame>,
}

#[derive(Deserialize)]
struct Event<'a> {
    event: &'a str,
    #[serde(borrow)]
    data: &'a RawValue,
}

#[derive(Deserialize)]
struct Param {
    /// Ms.
    period: i64,
    aggregates: Aggregates,
}

#[derive(Deserialize)]
struct Aggregates {
    counter: Vec<String>,
    gauge: Vec<String>,
    rate: Vec<String>,
    trend: Vec<String>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "type")]
    metric_type: MetricType,
    #[serde(default)]
    contains: Contains,
}

impl Default for Param {
    /// What k6 2.2.0 writes, for recordings that begin later.
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Param {
            period: 0,
            aggregates: Aggregates {
                counter: names(&["count", "rate"]),
                gauge: names(&["value"]),
                rate: names(&["rate"]),
                trend: names(&["avg", "max", "med", "min", "p(90)", "p(95)", "p(99)"]),
            },
        }
    }
}

/// The values of all metrics that had any, by the names of aggregates.
struct Frame {
    time_ns: i64,
    metrics: BTreeMap<String, Values>,
}

type Values = Vec<(String, f64)>;

impl LineReader for Recording {
    fn line(&mut self, number: u64, line: &[u8], out: &mut dyn Out) -> Result<(), Wrong> {
        match self.event(line) {
            Ok(points) => out.accept(number, points),
            Err(wrong) => out.refuse(number, wrong),
        }
        Ok(())
    }
}

impl Recording {
    fn event(&mut self, line: &[u8]) -> Result<Vec<Point>, Wrong> {
        let Event { event, data } = document::json(line, NOT)?;
        let data = data.get().as_bytes();
        match event {
            "param" => {
                self.param = document::json(data, "the event `param` must have `period` and `aggregates`")?
            }
            "metric" => self.metric(data)?,
            "start" => {
                // There is nothing yet but the time.
                let start: Vec<Vec<f64>> = document::json(data, "the event `start` must have the time")?;
                self.last_ns = start.first().and_then(|time| nanos(*time.first()?));
            }
            "cumulative" => self.cumulative = Some(self.frame(data)?),
            "snapshot" => {
                let frame = self.frame(data)?;
                return Ok(self.snapshot(&frame));
            }
            "stop" => return Ok(self.rest()),
            // What failed so far, and what later versions have.
            _ => {}
        }
        Ok(Vec::new())
    }

    fn metric(&mut self, data: &[u8]) -> Result<(), Wrong> {
        let metas: BTreeMap<String, Meta> =
            document::json(data, "the event `metric` must have types by name")?;
        if self.metrics.len() + metas.len() > METRICS {
            return Err(Wrong::new(format!("the recording has more than {METRICS} metrics")));
        }
        for (name, Meta { metric_type, contains }) in metas {
            let kind = is_metric_name(&name).then_some(MetricKind { metric_type, contains });
            self.metrics.insert(name, kind);
        }
        Ok(())
    }

    fn frame(&self, data: &[u8]) -> Result<Frame, Wrong> {
        let arrays: Vec<Option<Vec<f64>>> = document::json(data, "an event must have arrays of numbers")?;
        if arrays.len() != self.metrics.len() {
            let numbers = format!("{} instead of {}", arrays.len(), self.metrics.len());
            return Err(Wrong::with("an event must have an array for each metric", numbers));
        }
        let mut frame = Frame { time_ns: 0, metrics: BTreeMap::new() };
        for ((name, kind), array) in self.metrics.iter().zip(arrays) {
            let array = array.unwrap_or_default();
            if name == "time" {
                let time = array.first().and_then(|ms| nanos(*ms));
                frame.time_ns = time.ok_or(Wrong::new("an event must have its time"))?;
            }
            let Some(kind) = kind.filter(|_| !array.is_empty()) else { continue };
            let names = match kind.metric_type {
                MetricType::Counter => &self.param.aggregates.counter,
                MetricType::Gauge => &self.param.aggregates.gauge,
                MetricType::Rate => &self.param.aggregates.rate,
                MetricType::Trend => &self.param.aggregates.trend,
            };
            frame.metrics.insert(name.clone(), names.iter().cloned().zip(array).collect());
        }
        if frame.time_ns == 0 {
            return Err(Wrong::new("an event must have its time"));
        }
        Ok(frame)
    }

    fn snapshot(&mut self, frame: &Frame) -> Vec<Point> {
        let period = self.param.period.clamp(0, 1_000_000_000) * 1_000_000;
        let since = self.last_ns.replace(frame.time_ns).map(|last| frame.time_ns - last);
        let span = Span {
            end_ns: Some(frame.time_ns),
            length_ns: since.filter(|length| *length > 0).unwrap_or(period),
        };
        let mut points = Vec::new();
        for (name, values) in &frame.metrics {
            let Some(kind) = self.metrics.get(name).copied().flatten() else { continue };
            match frame.sum(name, kind, values) {
                Some(sum) => {
                    add(self.seen.entry(name.clone()).or_default(), &sum);
                    points.push(interval(name, Some(kind), &Tags::new(), span, sum));
                    points.extend(percentiles(name, kind, values, span));
                }
                None => points.extend(gauges(name, kind, values, span)),
            }
        }
        points
    }

    /// What came after the last snapshot, and the run's percentiles.
    fn rest(&mut self) -> Vec<Point> {
        let Some(frame) = self.cumulative.take() else { return Vec::new() };
        let length_ns = self.last_ns.map_or(0, |last| (frame.time_ns - last).max(0));
        let span = Span { end_ns: Some(frame.time_ns), length_ns };
        let mut points = Vec::new();
        for (name, values) in &frame.metrics {
            let Some(kind) = self.metrics.get(name).copied().flatten() else { continue };
            let Some(all) = frame.sum(name, kind, values) else {
                points.extend(gauges(name, kind, values, span));
                continue;
            };
            let seen = self.seen.get(name).cloned().unwrap_or_default();
            let rest = Summed {
                count: all.count.saturating_sub(seen.count),
                nonzero: all.nonzero.saturating_sub(seen.nonzero),
                sum: (all.sum - seen.sum).max(0.0),
                // An extreme that no snapshot had came after them.
                min: all.min.filter(|min| seen.min.is_none_or(|seen| *min < seen)),
                max: all.max.filter(|max| seen.max.is_none_or(|seen| *max > seen)),
                ..Summed::default()
            };
            let rest = match kind.metric_type {
                MetricType::Counter if !by_ones(name) => counted(rest.sum),
                _ => Summed { nonzero: rest.nonzero.min(rest.count), ..rest },
            };
            if rest.count > 0 {
                points.push(interval(name, Some(kind), &Tags::new(), span, rest));
            }
            points.extend(percentiles(name, kind, values, span));
        }
        points
    }
}

impl Frame {
    fn count_of(&self, metric: &str) -> Option<u64> {
        self.metrics.get(metric).and_then(|values| value(values, "count")).and_then(count)
    }

    /// A metric's samples as a sum, where that is known.
    fn sum(&self, name: &str, kind: MetricKind, values: &Values) -> Option<Summed> {
        let once_a = || match name {
            "iteration_duration" => self.count_of("iterations"),
            _ if name.starts_with("http_req_") && builtin(name).is_some() => self.count_of("http_reqs"),
            _ => None,
        };
        match kind.metric_type {
            MetricType::Counter => {
                let sum = value(values, "count")?;
                Some(count(sum).filter(|_| by_ones(name)).map_or_else(|| counted(sum), ones))
            }
            MetricType::Rate => {
                let count = once_a()?;
                let nonzero = (value(values, "rate")? * count as f64).round();
                Some(share(count, self::count(nonzero)?.min(count)))
            }
            MetricType::Trend => {
                let (count, avg) = (once_a()?, value(values, "avg")?);
                let sum = avg * count as f64;
                let (min, max) = (value(values, "min"), value(values, "max"));
                Some(Summed { count, nonzero: count, sum, min, max, ..Summed::default() })
            }
            MetricType::Gauge => None,
        }
    }
}

fn by_ones(counter: &str) -> bool {
    matches!(counter, "http_reqs" | "iterations")
}

fn value(values: &Values, aggregate: &str) -> Option<f64> {
    values.iter().find(|(name, _)| name == aggregate).map(|(_, value)| *value).filter(|value| is_sane(*value))
}

fn stats(values: &Values) -> Stats {
    Stats::new(values.iter().map(|(name, value)| (name.as_str(), *value)))
}

/// Of a trend.
fn percentiles(name: &str, kind: MetricKind, values: &Values, span: Span) -> Vec<Point> {
    if kind.metric_type != MetricType::Trend {
        return Vec::new();
    }
    let others = stats(values).others;
    Stats { others, ..Stats::default() }.points(name, kind.contains, &Tags::new(), span)
}

/// What cannot be added up.
fn gauges(name: &str, kind: MetricKind, values: &Values, span: Span) -> Vec<Point> {
    let tags = Tags::new();
    match kind.metric_type {
        MetricType::Gauge => {
            let of = |value| Point::sample(name, Some(kind), tags.clone(), span.end_ns, value);
            value(values, "value").map(of).into_iter().collect()
        }
        MetricType::Rate => {
            let of = |value| gauge(&format!("{name}_rate"), Contains::Default, &tags, span.end_ns, value);
            value(values, "rate").map(of).into_iter().collect()
        }
        MetricType::Trend => Stats { count: None, ..stats(values) }.points(name, kind.contains, &tags, span),
        // Always a sum.
        MetricType::Counter => Vec::new(),
    }
}

fn add(seen: &mut Summed, sum: &Summed) {
    seen.count += sum.count;
    seen.nonzero += sum.nonzero;
    seen.sum += sum.sum;
    seen.min = [seen.min, sum.min].into_iter().flatten().reduce(f64::min);
    seen.max = [seen.max, sum.max].into_iter().flatten().reduce(f64::max);
}
