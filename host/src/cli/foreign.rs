//! Files of other tools as lines of k6's JSON, so that all that holds for imports of those holds for them: several
//! are merged by time, batches are numbered and sent again, memory stays flat.
//!
//! Files that hold no samples but sums of them cannot be written so; the server reads those itself.

use super::merge;
use anyhow::{Context, Result};
use jiff::Timestamp;
use loadgate_documents::{MetricKind, builtin};
use loadgate_wires::files::{self, Format};
use loadgate_wires::{Out, Point, Reader, Value, Wrong};
use serde::Serialize;
use std::collections::HashSet;
use std::io::{self, BufRead, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Refused units that are named.
const NAMED: usize = 10;

/// What a file is, by its beginning.
pub(super) fn detect(file: &mut dyn BufRead, name: &str) -> Result<Format> {
    let begin = file.fill_buf().with_context(|| format!("cannot read {name}"))?;
    files::detect(begin).map_err(|wrong| anyhow::anyhow!("{name}: {wrong}"))
}

/// When a run began, Unix ns, whose file tells times since then alone: its last sample is taken for as old as the file.
/// `None`: the file tells.
pub(super) fn began_ns(path: &Path, format: Format) -> Result<Option<i64>> {
    if format != Format::OhaCsv {
        return Ok(None);
    }
    let ns = |time: Timestamp| i64::try_from(time.as_nanosecond()).ok();
    if path == Path::new("-") {
        return Ok(ns(Timestamp::now()));
    }
    let cannot = || format!("cannot read {}", path.display());
    let written = std::fs::metadata(path).and_then(|file| file.modified()).with_context(cannot)?;
    let mut samples =
        AsLines::new(merge::open(path, Arc::default())?, format, Some(0), SharedRefused::default())?;
    io::copy(&mut samples, &mut io::sink()).with_context(cannot)?;
    Ok(ns(written.try_into()?).map(|written| written.saturating_sub(samples.lines.newest_ns)))
}

/// Whether the server reads such a file itself.
pub(super) fn is_summed_up(format: Format) -> bool {
    matches!(
        format,
        Format::K6Summary
            | Format::K6Recording
            | Format::LocustHistory
            | Format::Artillery
            | Format::OhaJson
            | Format::Hgrm
    )
}

/// What was refused of a file.
#[derive(Debug, Default)]
pub(super) struct Refused {
    pub count: u64,
    /// The first, with their places.
    pub first: Vec<(u64, String)>,
}

/// Shared with whoever reads.
pub(super) type SharedRefused = Arc<Mutex<Refused>>;

/// The lines of a file that holds samples.
pub(super) struct AsLines<R> {
    inner: R,
    reader: Box<dyn Reader>,
    lines: Lines,
    /// How much of the lines has been taken.
    taken: usize,
    ended: bool,
}

impl<R: BufRead> AsLines<R> {
    /// `began_ns` as [`began_ns`] gives it.
    pub(super) fn new(
        inner: R,
        format: Format,
        began_ns: Option<i64>,
        refused: SharedRefused,
    ) -> Result<Self> {
        let reader = if began_ns.is_some() { files::reader(format, began_ns) } else { format.reader() };
        let reader = reader.with_context(|| format!("{} cannot be read here", format.name()))?;
        let lines = Lines { bytes: Vec::new(), declared: HashSet::new(), newest_ns: 0, refused };
        Ok(AsLines { inner, reader, lines, taken: 0, ended: false })
    }
}

impl<R: BufRead> BufRead for AsLines<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.taken == self.lines.bytes.len() && !self.ended {
            self.lines.bytes.clear();
            self.taken = 0;
            let bytes = self.inner.fill_buf()?;
            let read = bytes.len();
            let fed = if read == 0 {
                self.ended = true;
                self.reader.finish(&mut self.lines)
            } else {
                self.reader.feed(bytes, &mut self.lines)
            };
            self.inner.consume(read);
            fed.map_err(|wrong| io::Error::new(io::ErrorKind::InvalidData, wrong.to_string()))?;
        }
        Ok(&self.lines.bytes[self.taken..])
    }

    fn consume(&mut self, bytes: usize) {
        self.taken += bytes;
    }
}

impl<R: BufRead> Read for AsLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

/// Lines as they are written.
struct Lines {
    bytes: Vec<u8>,
    /// Custom metrics whose kinds stand in a line before.
    declared: HashSet<String>,
    /// Of the samples so far, Unix ns.
    newest_ns: i64,
    refused: SharedRefused,
}

#[derive(Serialize)]
struct Line<'a, D> {
    metric: &'a str,
    r#type: &'static str,
    data: D,
}

#[derive(Serialize)]
struct Declared<'a> {
    name: &'a str,
    r#type: &'static str,
    contains: &'static str,
}

#[derive(Serialize)]
struct Sample<'a> {
    time: String,
    value: f64,
    #[serde(serialize_with = "as_object")]
    tags: &'a [(String, String)],
}

fn as_object<S: serde::Serializer>(tags: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(tags.iter().map(|(key, value)| (key, value)))
}

impl Lines {
    fn write(&mut self, line: &impl Serialize) {
        if serde_json::to_writer(&mut self.bytes, line).is_ok() {
            self.bytes.push(b'\n');
        }
    }

    fn point(&mut self, point: &Point) -> Result<(), Wrong> {
        let Point { metric, kind, tags, time_ns, value, .. } = point;
        let &Value::Sample(value) = value else {
            return Err(Wrong::new("this file holds sums, and was taken for one of samples"));
        };
        let time = time_ns.and_then(|ns| Timestamp::from_nanosecond(ns.into()).ok());
        let time = time.ok_or_else(|| Wrong::new("the sample has no time"))?;
        self.newest_ns = self.newest_ns.max(time_ns.unwrap_or_default());
        if let Some(kind) = kind {
            self.declare(metric, *kind);
        }
        let data = Sample { time: time.to_string(), value, tags };
        self.write(&Line { metric, r#type: "Point", data });
        Ok(())
    }
}

impl Out for Lines {
    fn accept(&mut self, unit: u64, points: Vec<Point>) {
        for point in &points {
            if let Err(wrong) = self.point(point) {
                return self.refuse(unit, wrong);
            }
        }
    }

    fn refuse(&mut self, unit: u64, wrong: Wrong) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.count += 1;
        if refused.first.len() < NAMED {
            refused.first.push((unit, wrong.to_string()));
        }
    }

    fn warn(&mut self, _: u64, _: Wrong) {}

    fn declare(&mut self, metric: &str, kind: MetricKind) {
        if builtin(metric).is_some() || !self.declared.insert(metric.to_owned()) {
            return;
        }
        let contains = kind.contains.word().unwrap_or("default");
        let data = Declared { name: metric, r#type: kind.metric_type.word(), contains };
        self.write(&Line { metric, r#type: "Metric", data });
    }
}
