//! Locust's `…_stats_history.csv`: once a second what has been counted since the start, and percentiles of the
//! last ten seconds.
//!
//! With `--csv-full-history` there is a row for every request, before the row `Aggregated` of the same second;
//! without it only the latter. Columns are found by their names
//! (<https://docs.locust.io/en/stable/retrieving-stats.html>).

use super::points::{COUNT, Span, Tags, counted, gauge, interval, kind, requests, sample, suffix, tag};
use crate::records::{Record, RecordReader};
use crate::{Out, Point, Summed, Wrong};
use loadgate_documents::{Contains, MetricType, builtin};
use std::collections::HashMap;

/// Requests that are told apart; a row of a further one is refused.
const REQUESTS: usize = 10_000;

const AGGREGATED: &str = "Aggregated";

/// Reads it.
#[derive(Default)]
pub(super) struct History {
    columns: Option<Columns>,
    /// By type and name.
    before: HashMap<(String, String), Totals>,
    /// There are rows for every request, so that the aggregated ones count nothing.
    full: bool,
    /// The time of the row before, and of the one before that with another time.
    time: i64,
    earlier: Option<i64>,
}

/// Where what stands.
struct Columns {
    time: usize,
    users: usize,
    method: usize,
    name: usize,
    count: usize,
    failures: usize,
    avg: usize,
    min: usize,
    max: usize,
    size: usize,
    /// With what is appended to the metric's name.
    percentiles: Vec<(usize, String)>,
}

/// Since the start.
#[derive(Debug, Default, Clone, Copy)]
struct Totals {
    count: u64,
    failures: u64,
    /// Of response times, ms.
    sum: f64,
    min: f64,
    max: f64,
    bytes: f64,
}

impl Columns {
    fn new(header: &Record<'_>) -> Result<Self, Wrong> {
        let names: Vec<_> = header.names().map(|name| name.into_owned()).collect();
        let find = |name: &str| {
            let at = names.iter().position(|known| known == name);
            at.ok_or_else(|| Wrong::with("Locust's stats history lacks a column", format!("`{name}`")))
        };
        let percentile = |(at, name): (usize, &String)| {
            let suffix = name.ends_with('%').then(|| suffix(name))?;
            Some((at, suffix.filter(|suffix| suffix.starts_with('p'))?))
        };
        Ok(Columns {
            time: find("Timestamp")?,
            users: find("User Count")?,
            method: find("Type")?,
            name: find("Name")?,
            count: find("Total Request Count")?,
            failures: find("Total Failure Count")?,
            avg: find("Total Average Response Time")?,
            min: find("Total Min Response Time")?,
            max: find("Total Max Response Time")?,
            size: find("Total Average Content Size")?,
            percentiles: names.iter().enumerate().filter_map(percentile).collect(),
        })
    }
}

impl RecordReader for History {
    fn record(&mut self, line: u64, record: &Record<'_>, out: &mut dyn Out) -> Result<(), Wrong> {
        let Some(columns) = self.columns.take() else {
            self.columns = Some(Columns::new(record)?);
            out.accept(line, Vec::new());
            return Ok(());
        };
        match self.row(&columns, record) {
            Ok(points) => out.accept(line, points),
            Err(wrong) => out.refuse(line, wrong),
        }
        self.columns = Some(columns);
        Ok(())
    }
}

impl History {
    fn row(&mut self, columns: &Columns, record: &Record<'_>) -> Result<Vec<Point>, Wrong> {
        let number = |field: usize, what: &str| {
            let text = record.text(field);
            let value = text.parse::<f64>().ok().filter(|value| (0.0..=COUNT).contains(value));
            value.ok_or_else(|| Wrong::quoting(format!("{what} must be a number"), text.as_bytes()))
        };
        let whole = |field, what| Ok::<u64, Wrong>(number(field, what)? as u64);
        // Some versions have a row that was written before anything was measured, without numbers.
        let blank = |field| matches!(record.bytes(field), b"" | b"N/A");

        let seconds = number(columns.time, "the timestamp")?;
        // Until the year 2262, as nanoseconds are counted.
        let time =
            Some(seconds).filter(|seconds| *seconds < 9e9).map(|seconds| seconds as i64 * 1_000_000_000);
        let time =
            time.ok_or_else(|| Wrong::with("the timestamp must be in Unix seconds", seconds.to_string()))?;
        if time > self.time {
            self.earlier = Some(self.time).filter(|earlier| *earlier > 0);
            self.time = time;
        }
        let length_ns = self.earlier.map_or(0, |earlier| (time - earlier).max(0));
        let span = Span { end_ns: Some(time), length_ns };

        let (method, name) = (record.text(columns.method), record.text(columns.name));
        let aggregated = method.is_empty() && name == AGGREGATED;
        let mut points = Vec::new();
        let mut tags = Tags::new();
        if aggregated {
            let users = whole(columns.users, "the user count")?;
            points.push(sample("vus", &tags, span.end_ns, users as f64));
        } else {
            self.full = true;
            tag(&mut tags, "name", &name);
            tag(&mut tags, "method", &method);
        }

        let count = whole(columns.count, "the request count")?;
        let average = if blank(columns.size) { 0.0 } else { number(columns.size, "the content size")? };
        let now = Totals {
            count,
            failures: whole(columns.failures, "the failure count")?,
            sum: number(columns.avg, "the average response time")? * count as f64,
            min: number(columns.min, "the least response time")?,
            max: number(columns.max, "the greatest response time")?,
            // An average of whole numbers.
            bytes: (average * count as f64).round(),
        };
        let key = (method.into_owned(), name.into_owned());
        if self.before.len() >= REQUESTS && !self.before.contains_key(&key) {
            return Err(Wrong::new(format!("the history tells more than {REQUESTS} requests apart")));
        }
        let before = self.before.insert(key, now).unwrap_or_default();
        if !(aggregated && self.full) {
            points.extend(now.since(before).points(&tags, span));
        }
        if now.count > 0 {
            for (field, suffix) in &columns.percentiles {
                // A row without requests in the last ten seconds has `N/A` or 0.
                let value =
                    record.text(*field).parse().ok().filter(|value: &f64| value.is_finite() && *value > 0.0);
                let metric = format!("http_req_duration_{suffix}");
                points.extend(value.map(|value| gauge(&metric, Contains::Time, &tags, span.end_ns, value)));
            }
        }
        Ok(points)
    }
}

impl Totals {
    /// What came since an earlier row. Counts that fell were set back (`--reset-stats`).
    fn since(self, before: Totals) -> Since {
        let before = if before.count > self.count { Totals::default() } else { before };
        Since {
            count: self.count - before.count,
            failures: self.failures.saturating_sub(before.failures),
            sum: (self.sum - before.sum).max(0.0),
            bytes: (self.bytes - before.bytes).max(0.0),
            // An extreme that is new was measured since.
            min: (before.count == 0 || self.min < before.min).then_some(self.min),
            max: (before.count == 0 || self.max > before.max).then_some(self.max),
        }
    }
}

struct Since {
    count: u64,
    failures: u64,
    sum: f64,
    bytes: f64,
    min: Option<f64>,
    max: Option<f64>,
}

impl Since {
    fn points(self, tags: &Tags, span: Span) -> Vec<Point> {
        let Since { count, failures, sum, bytes, min, max } = self;
        let mut points = requests(tags, span, count, failures);
        if count > 0 {
            let trend = kind(MetricType::Trend, Contains::Time);
            let sum = Summed { count, nonzero: count, sum, min, max, ..Summed::default() };
            points.push(interval("http_req_duration", Some(trend), tags, span, sum));
        }
        if bytes > 0.0 {
            points.push(interval("data_received", builtin("data_received"), tags, span, counted(bytes)));
        }
        points
    }
}
