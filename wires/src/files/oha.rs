//! oha's outputs: what it made of a run, as JSON, and its requests, as CSV.
//!
//! Form of the JSON: `schema.json` in oha's repository. Times are in seconds; latencies are those of the requests
//! that got an answer, whatever its status. Of CSV the columns are `request-start`, `DNS`, `DNS+dialup`,
//! `Response-delay`, `request-duration`, `bytes` and `status`, in seconds since the start, without those requests
//! that got no answer. Neither says when the run was.

use super::document;
use super::points::{Request, Span, Stats, Tags, counted, interval, is_sane, requests, tag};
use crate::records::{Record, RecordReader};
use crate::{Out, Point, Wrong};
use loadgate_documents::{Contains, builtin};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The end of the run cuts these off; they are no failures of the server's, and k6 counts none such.
const CUT_OFF: &str = "aborted due to deadline";

const HEADER: &str = "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    summary: Summary,
    #[serde(default)]
    latency_percentiles: BTreeMap<String, Option<f64>>,
    status_code_distribution: BTreeMap<String, u64>,
    #[serde(default)]
    error_distribution: BTreeMap<String, u64>,
}

/// What is not a number is null.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    total: Option<f64>,
    slowest: Option<f64>,
    fastest: Option<f64>,
    average: Option<f64>,
    total_data: Option<f64>,
}

/// Reads the JSON.
pub(super) fn document(bytes: &[u8], out: &mut dyn Out) -> Result<(), Wrong> {
    let not = "the file is not oha's JSON output: an object with `summary` and `statusCodeDistribution`";
    let report: Report = document::json(bytes, not)?;
    let length_ns = report.summary.total.filter(|seconds| (0.0..1e9).contains(seconds)).unwrap_or(0.0) * 1e9;
    let span = Span { end_ns: None, length_ns: length_ns as i64 };

    let mut unit = 0;
    let mut answered = 0u64;
    for (code, count) in &report.status_code_distribution {
        unit += 1;
        let Some(status) = status(code) else {
            out.refuse(unit, Wrong::quoting("a status must be a number of three digits", code.as_bytes()));
            continue;
        };
        answered = answered.saturating_add(*count);
        let mut tags = Tags::new();
        tag(&mut tags, "status", code);
        out.accept(unit, requests(&tags, span, *count, if failed(status) { *count } else { 0 }));
    }
    for (error, count) in report.error_distribution.iter().filter(|(error, _)| *error != CUT_OFF) {
        unit += 1;
        let mut tags = Tags::new();
        tag(&mut tags, "status", "0");
        tag(&mut tags, "error", error);
        out.accept(unit, requests(&tags, span, *count, *count));
    }

    let Summary { average, fastest, slowest, total_data, .. } = report.summary;
    let named = [("avg", average), ("min", fastest), ("max", slowest)];
    let percentiles = report.latency_percentiles.iter().map(|(name, value)| (name.as_str(), *value));
    let values = named.into_iter().chain(percentiles).filter_map(|(name, value)| Some((name, value? * 1e3)));
    let stats = Stats { count: Some(answered), whole: true, ..Stats::new(values) };
    out.accept(unit + 1, stats.points("http_req_duration", Contains::Time, &Tags::new(), span));
    if let Some(bytes) = total_data.filter(|bytes| is_sane(*bytes) && *bytes > 0.0) {
        let point = interval("data_received", builtin("data_received"), &Tags::new(), span, counted(bytes));
        out.accept(unit + 2, vec![point]);
    }
    Ok(())
}

/// Reads the CSV.
pub(super) struct Rows {
    /// When the run began, Unix ns.
    began_ns: Option<i64>,
    /// Where what stands.
    columns: Option<[usize; 4]>,
}

impl Rows {
    pub(super) fn new(began_ns: Option<i64>) -> Self {
        Rows { began_ns, columns: None }
    }
}

impl RecordReader for Rows {
    fn record(&mut self, line: u64, record: &Record<'_>, out: &mut dyn Out) -> Result<(), Wrong> {
        let Some(columns) = self.columns else {
            let names: Vec<_> = record.names().collect();
            let find = |name: &str| {
                let at = names.iter().position(|known| known == name);
                at.ok_or_else(|| {
                    Wrong::with(format!("oha's CSV output begins with `{HEADER}`"), format!("no `{name}`"))
                })
            };
            self.columns =
                Some([find("request-start")?, find("request-duration")?, find("bytes")?, find("status")?]);
            out.accept(line, Vec::new());
            if self.began_ns.is_none() {
                let unknown =
                    "the file does not say when the run was: its requests are of the time of their arrival";
                out.warn(line, Wrong::new(unknown));
            }
            return Ok(());
        };
        match self.row(columns, record) {
            Ok(points) => out.accept(line, points),
            Err(wrong) => out.refuse(line, wrong),
        }
        Ok(())
    }
}

impl Rows {
    fn row(
        &self,
        [start, duration, bytes, code]: [usize; 4],
        record: &Record<'_>,
    ) -> Result<Vec<Point>, Wrong> {
        let number = |field: usize, what: &str, most: f64| {
            let text = record.text(field);
            let value = text.parse::<f64>().ok().filter(|value| (0.0..=most).contains(value));
            value.ok_or_else(|| Wrong::quoting(format!("{what} must be a number"), text.as_bytes()))
        };
        let (start, duration) = (number(start, "the start", 1e9)?, number(duration, "the duration", 1e9)?);
        let received = number(bytes, "the bytes", 1e15)?;
        let text = record.text(code);
        let status = status(&text)
            .ok_or_else(|| Wrong::quoting("a status must be a number of three digits", text.as_bytes()))?;
        let mut tags = Tags::new();
        tag(&mut tags, "status", &text);
        Ok(Request {
            end_ns: self.began_ns.and_then(|began| began.checked_add(((start + duration) * 1e9) as i64)),
            duration_ms: duration * 1e3,
            failed: failed(status),
            tags,
            sent: None,
            received: Some(received),
        }
        .points())
    }
}

fn status(text: &str) -> Option<u16> {
    text.parse().ok().filter(|status| (100..1_000).contains(status))
}

/// What k6 takes for a failure unless a script says otherwise.
fn failed(status: u16) -> bool {
    !(200..400).contains(&status)
}
