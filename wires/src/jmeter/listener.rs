//! JMeter's two InfluxDB listeners: what their points say, once they are read as line protocol.
//!
//! `InfluxdbBackendListenerClient` sends every few seconds what it summed up: of each label all samples, those
//! that were good, those that were not, and the latter by code and message; then the threads. Its times are of
//! the last samples, not of the interval, so that none of them makes a distribution: they stay gauges of their
//! own. `InfluxDBRawBackendListenerClient` sends a point per sample.

use super::sample::{NO_RESPONSE, Sample, exception, kind, push_tag, without};
use crate::{Point, Summed, Wrong};
use loadgate_documents::{Contains, MetricKind, MetricType, is_metric_name};

/// A point of line protocol, unescaped.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// What it is called; the listeners' is a setting, save `events`.
    pub measurement: &'a str,
    /// In any order.
    pub tags: &'a [(&'a str, &'a str)],
    /// In any order.
    pub fields: &'a [(&'a str, Field<'a>)],
    /// Unix ns.
    pub time_ns: Option<i64>,
}

/// A field's value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Field<'a> {
    /// Of any type that is a number.
    Number(f64),
    /// A string without its quotes.
    Text(&'a str),
}

/// What a point says of a run, with the plan's `testTitle`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sign {
    /// It begins.
    Started(String),
    /// It ended. What was measured last follows.
    Ended(String),
}

/// What comes of a point.
#[derive(Debug, Default, PartialEq)]
pub struct News {
    /// Of it, and of a point before it that waited to be understood.
    pub points: Vec<Point>,
    /// Of the run.
    pub sign: Option<Sign>,
}

impl Line<'_> {
    /// Whether one of the listeners sent it. Metrics of others may have such tags, but not with such fields.
    pub fn is_listener(&self) -> bool {
        let has = |field| self.field(field).is_some();
        match self.tag("transaction") {
            Some(_) if self.tag("application").is_some() => has("count") || has("meanAT"),
            Some(_) => self.tag("threadName").is_some() && has("duration"),
            None => self.measurement == "events" && self.tag("title") == Some("ApacheJMeter") && has("text"),
        }
    }

    /// What the plan names as the application under test; the raw listener tells none.
    pub fn application(&self) -> Option<&str> {
        self.tag("application")
    }

    fn tag(&self, key: &str) -> Option<&str> {
        self.tags.iter().find(|(other, _)| *other == key).map(|&(_, value)| value)
    }

    fn field(&self, name: &str) -> Option<Field<'_>> {
        self.fields.iter().find(|(other, _)| *other == name).map(|&(_, value)| value)
    }

    /// A finite number.
    fn number(&self, name: &str) -> Result<Option<f64>, Wrong> {
        match self.field(name) {
            None => Ok(None),
            Some(Field::Number(number)) if number.is_finite() => Ok(Some(number)),
            Some(_) => Err(Wrong::new(format!("`{name}` is not a number"))),
        }
    }

    /// A whole number that is 0 or more.
    fn amount(&self, name: &str) -> Result<Option<u64>, Wrong> {
        let Some(number) = self.number(name)? else { return Ok(None) };
        if number.fract() == 0.0 && (0.0..=(1_u64 << 47) as f64).contains(&number) {
            return Ok(Some(number as u64));
        }
        let detail = number.to_string();
        Err(Wrong::with(format!("`{name}` is not a whole number that is 0 or more"), detail))
    }

    fn count(&self) -> Result<u64, Wrong> {
        self.amount("count")?.ok_or_else(|| Wrong::new("JMeter's point has no `count`"))
    }
}

/// Reads the points of one request's body, in their order.
///
/// The point of all labels repeats them; it counts where no label follows it, which is so with `summaryOnly`.
/// The threads come last in each round, so it waits for these at most.
#[derive(Debug, Default)]
pub struct Listener {
    /// Of the point of all labels.
    waiting: Vec<Point>,
    /// This round has points of labels.
    labelled: bool,
}

impl Listener {
    /// Reads a point that [`Line::is_listener`].
    ///
    /// # Errors
    ///
    /// Where its numbers are none; it counts nowhere then.
    pub fn read(&mut self, line: &Line<'_>) -> Result<News, Wrong> {
        let Some(transaction) = line.tag("transaction") else {
            return Ok(News { points: Vec::new(), sign: sign(line)? });
        };
        let of = |points| Ok(News { points, sign: None });
        if line.tag("application").is_none() {
            return of(raw(line, transaction)?);
        }
        if let Some(threads) = threads(line)? {
            let mut points = std::mem::take(self).waiting;
            points.push(threads);
            return of(points);
        }
        // A label that is called `all` has no `countError`.
        if transaction == "all" && line.field("countError").is_some() {
            let all = all(line)?;
            let earlier = std::mem::take(&mut self.waiting);
            if !self.labelled {
                self.waiting = all;
            }
            return of(earlier);
        }
        let points = label(line, transaction)?;
        self.labelled = true;
        self.waiting.clear();
        of(points)
    }

    /// No point follows.
    pub fn finish(self) -> Vec<Point> {
        self.waiting
    }
}

fn sign(line: &Line<'_>) -> Result<Option<Sign>, Wrong> {
    let Some(Field::Text(text)) = line.field("text") else {
        return Err(Wrong::new("JMeter's event has no text"));
    };
    let (title, what) = text.rsplit_once(' ').unwrap_or(("", text));
    Ok(match what {
        "started" => Some(Sign::Started(title.to_owned())),
        "ended" => Some(Sign::Ended(title.to_owned())),
        _ => None,
    })
}

/// `transaction=internal`. A label of that name has no such fields.
fn threads(line: &Line<'_>) -> Result<Option<Point>, Wrong> {
    let Some(mean) = line.number("meanAT")? else { return Ok(None) };
    let tags = tags(line, &[]);
    let sum = Summed {
        count: 1,
        nonzero: u64::from(mean != 0.0),
        sum: mean,
        min: line.number("minAT")?,
        max: line.number("maxAT")?,
        ..Summed::default()
    };
    Ok(Some(Point::interval("vus", Some(kind("vus")), tags, line.time_ns, 0, sum)))
}

/// `transaction=all`: all labels together.
fn all(line: &Line<'_>) -> Result<Vec<Point>, Wrong> {
    let count = line.count()?;
    let errors = line.amount("countError")?.unwrap_or(0).min(count);
    let tags = tags(line, &[]);
    let mut points = vec![
        counted(line, "http_reqs", tags.clone(), count, count as f64),
        rate(line, tags.clone(), count, errors),
    ];
    points.extend(bytes(line, &tags, count)?);
    points.extend(times(line, &tags)?);
    Ok(points)
}

fn label(line: &Line<'_>, transaction: &str) -> Result<Vec<Point>, Wrong> {
    let count = line.count()?;
    let name = ("name", transaction);
    let (good, bad) = (("expected_response", "true"), ("expected_response", "false"));
    // JMeter 3.3 called it `status`.
    let statut = line.tag("statut").or_else(|| line.tag("status"));
    Ok(match (statut, line.tag("responseCode")) {
        (Some("all"), _) => {
            let tags = tags(line, &[name]);
            let mut points = bytes(line, &tags, count)?;
            points.extend(times(line, &tags)?);
            points
        }
        (Some("ok"), _) => {
            let tags = tags(line, &[name, good]);
            vec![counted(line, "http_reqs", tags.clone(), count, count as f64), rate(line, tags, count, 0)]
        }
        // As requests these count by their codes.
        (Some("ko"), _) => vec![rate(line, tags(line, &[name, bad]), count, count)],
        (None, Some(code)) => {
            let answer = if code.bytes().all(|b| b.is_ascii_digit()) {
                ("status", code)
            } else {
                ("error_code", exception(code))
            };
            let message = without(line.tag("responseMessage").unwrap_or(""), NO_RESPONSE[1]);
            let tags = tags(line, &[name, answer, bad, ("error", message)]);
            vec![counted(line, "http_reqs", tags, count, count as f64)]
        }
        _ => return Err(Wrong::new("JMeter's point has neither `statut` nor `responseCode`")),
    })
}

/// Those, and what else the plan's author gave.
fn tags(line: &Line<'_>, own: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut tags: Vec<(String, String)> = Vec::with_capacity(line.tags.len() + own.len());
    for (key, value) in own {
        push_tag(&mut tags, key, value);
    }
    for (key, value) in line.tags {
        let said = matches!(*key, "transaction" | "statut" | "responseCode" | "responseMessage" | "")
            || (*key == "status" && matches!(*value, "all" | "ok" | "ko"));
        if !said && tags.iter().all(|(other, _)| other != key) {
            push_tag(&mut tags, key, value);
        }
    }
    tags
}

fn counted(line: &Line<'_>, metric: &str, tags: Vec<(String, String)>, count: u64, sum: f64) -> Point {
    let nonzero = if sum == 0.0 { 0 } else { count };
    let sum = Summed { count, nonzero, sum, ..Summed::default() };
    Point::interval(metric, Some(kind(metric)), tags, line.time_ns, 0, sum)
}

fn rate(line: &Line<'_>, tags: Vec<(String, String)>, count: u64, nonzero: u64) -> Point {
    let sum = Summed { count, nonzero, sum: nonzero as f64, ..Summed::default() };
    Point::interval("http_req_failed", Some(kind("http_req_failed")), tags, line.time_ns, 0, sum)
}

fn bytes(line: &Line<'_>, tags: &[(String, String)], count: u64) -> Result<Vec<Point>, Wrong> {
    let mut points = Vec::new();
    for (metric, field) in [("data_received", "rb"), ("data_sent", "sb")] {
        if let Some(bytes) = line.amount(field)? {
            points.push(counted(line, metric, tags.to_vec(), count, bytes as f64));
        }
    }
    Ok(points)
}

/// `avg`, `min`, `max`, `pct95.0`, … as gauges.
fn times(line: &Line<'_>, tags: &[(String, String)]) -> Result<Vec<Point>, Wrong> {
    let milliseconds = MetricKind { metric_type: MetricType::Gauge, contains: Contains::Time };
    let mut points: Vec<Point> = Vec::new();
    for (field, _) in line.fields {
        let percent = field.strip_prefix("pct").map(|percent| percent.strip_suffix(".0").unwrap_or(percent));
        let metric = match percent {
            Some(percent) => format!("jmeter_pct{}", percent.replace('.', "_")),
            None if matches!(*field, "avg" | "min" | "max") => format!("jmeter_{field}"),
            None => continue,
        };
        let Some(value) = line.number(field)? else { continue };
        if is_metric_name(&metric) && points.iter().all(|point| point.metric != metric) {
            points.push(Point::sample(metric, Some(milliseconds), tags.to_vec(), line.time_ns, value));
        }
    }
    Ok(points)
}

/// A sample. Its time is its start, and its thread's name has no spaces any more.
fn raw(line: &Line<'_>, transaction: &str) -> Result<Vec<Point>, Wrong> {
    let amount = |name| line.amount(name).map(|amount| amount.map(|amount| amount as i64));
    let elapsed = amount("duration")?.ok_or_else(|| Wrong::new("JMeter's sample has no `duration`"))?;
    let thread = line.tag("threadName").unwrap_or("");
    let sample = Sample {
        start_ms: 0,
        elapsed_ms: elapsed,
        latency_ms: amount("ttfb")?,
        connect_ms: amount("connectTime")?,
        label: transaction.into(),
        // `Group 2 1-3` came as `Group21-3`: where the group's number begins is lost.
        thread: thread.rsplit_once('-').map_or(thread, |(group, _)| group).into(),
        success: line.tag("status").map(|status| status == "ok"),
        ..Sample::default()
    };
    let mut points = sample.request("");
    let end_ns = line.time_ns.map(|start_ns| start_ns.saturating_add(elapsed.saturating_mul(1_000_000)));
    for point in &mut points {
        point.time_ns = end_ns;
    }
    Ok(points)
}
