//! vegeta's results, as `vegeta encode` writes them: one request a line, as JSON or CSV.
//!
//! Form: `vegeta encode -h`. Of CSV the columns are timestamp (Unix ns), status code, latency (ns), bytes out,
//! bytes in, error, body (base64), attack, sequence number and, in later versions, method, URL and headers.

use super::document::Moment;
use super::points::{Request, Tags, tag};
use crate::records::{Record, RecordReader};
use crate::{LineReader, Out, Point, Wrong};
use jiff::Timestamp;
use serde::Deserialize;
use std::borrow::Cow;

/// JSON lines.
pub(super) struct Lines;

/// CSV.
#[derive(Default)]
pub(super) struct Rows;

/// A request. Body and headers are passed over.
#[derive(Debug, Deserialize)]
struct Hit<'a> {
    timestamp: Moment,
    /// Ns.
    latency: i64,
    /// 0: there was no answer.
    code: u16,
    #[serde(default)]
    bytes_out: u64,
    #[serde(default)]
    bytes_in: u64,
    #[serde(default, borrow)]
    error: Cow<'a, str>,
    #[serde(default, borrow)]
    attack: Cow<'a, str>,
    #[serde(default, borrow)]
    method: Cow<'a, str>,
    #[serde(default, borrow)]
    url: Cow<'a, str>,
}

impl LineReader for Lines {
    fn line(&mut self, number: u64, line: &[u8], out: &mut dyn Out) -> Result<(), Wrong> {
        let hit = serde_json::from_slice::<Hit<'_>>(line).map_err(|error| {
            let not = "a line is not one of vegeta's results: a JSON object with timestamp, latency and code";
            Wrong::with(not, error.to_string())
        });
        give(hit, number, out);
        Ok(())
    }
}

impl RecordReader for Rows {
    fn record(&mut self, line: u64, record: &Record<'_>, out: &mut dyn Out) -> Result<(), Wrong> {
        give(hit(record), line, out);
        Ok(())
    }
}

fn hit<'a>(record: &'a Record<'_>) -> Result<Hit<'a>, Wrong> {
    fn number<T: std::str::FromStr>(record: &Record<'_>, field: usize, what: &str) -> Result<T, Wrong> {
        let text = record.text(field);
        let not = || {
            Wrong::quoting(format!("{what} (column {}) must be a whole number", field + 1), text.as_bytes())
        };
        text.parse().map_err(|_| not())
    }
    if record.len() < 8 {
        let columns = format!("{} columns", record.len());
        return Err(Wrong::with("a row of vegeta's results has 8 columns or more", columns));
    }
    let nanos: i64 = number(record, 0, "the timestamp")?;
    Ok(Hit {
        timestamp: Timestamp::from_nanosecond(nanos.into())
            .map(Moment)
            .map_err(|error| Wrong::with("a timestamp is out of range", error.to_string()))?,
        code: number(record, 1, "the status code")?,
        latency: number(record, 2, "the latency")?,
        bytes_out: number(record, 3, "the bytes sent")?,
        bytes_in: number(record, 4, "the bytes received")?,
        error: record.text(5),
        attack: record.text(7),
        method: record.text(9),
        url: record.text(10),
    })
}

fn give(hit: Result<Hit<'_>, Wrong>, unit: u64, out: &mut dyn Out) {
    match hit.and_then(|hit| points(&hit)) {
        Ok(points) => out.accept(unit, points),
        Err(wrong) => out.refuse(unit, wrong),
    }
}

fn points(hit: &Hit<'_>) -> Result<Vec<Point>, Wrong> {
    if hit.latency < 0 {
        return Err(Wrong::with("the latency must not be negative", hit.latency.to_string()));
    }
    let end = hit.timestamp.0.as_nanosecond() + i128::from(hit.latency);
    let end = i64::try_from(end)
        .map_err(|_| Wrong::with("a timestamp is out of range", hit.timestamp.0.to_string()))?;
    let mut tags = Tags::new();
    tag(&mut tags, "name", &hit.url);
    tag(&mut tags, "method", &hit.method);
    tag(&mut tags, "status", hit.code.to_string());
    tag(&mut tags, "scenario", &hit.attack);
    tag(&mut tags, "url", &hit.url);
    tag(&mut tags, "error", &hit.error);
    Ok(Request {
        end_ns: Some(end),
        duration_ms: hit.latency as f64 / 1e6,
        // What vegeta counts as its success ratio, and k6 by default.
        failed: !(200..400).contains(&hit.code),
        tags,
        sent: Some(hit.bytes_out as f64),
        received: Some(hit.bytes_in as f64),
    }
    .points())
}
