//! What other wires say, on its way into the batch of its log.

use super::session::{Handle, Session};
use super::{Clock, Parser, Reader, Refusal, push_tag};
use crate::aggregate::metrics::Metric;
use crate::aggregate::tags::TagSet;
use crate::declare::MetricDeclaration;
use crate::limits;
use crate::record::Over;
use loadgate_documents::{Contains, MetricKind, Submetric, builtin};
use loadgate_wires::{self as wires, Out, Point, Summed, Told, Value, Wrong};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// A reader of another wire.
pub(super) struct Foreign(pub Box<dyn wires::Reader>);

impl Foreign {
    pub(super) fn reader(reader: impl wires::Reader + 'static) -> Parser {
        Parser::Foreign(Foreign(Box::new(reader)))
    }
}

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Foreign")
    }
}

/// Gives to the session what a wire's reader reads, and makes records of it.
struct Units<'a> {
    session: &'a mut Session,
    clock: Clock,
    piece_units: &'a mut u64,
    piece_bytes: &'a mut u64,
    ready: &'a mut Vec<super::Prepared>,
}

impl Out for Units<'_> {
    fn accept(&mut self, unit: u64, points: Vec<Point>) {
        self.session.line = unit;
        match self.session.take(points, self.clock) {
            Ok(()) => self.session.receipt.accept(),
            Err(wrong) => self.session.refuse(wrong),
        }
        self.count();
    }

    fn accept_histogram(&mut self, unit: u64, points: Vec<Point>) {
        self.session.line = unit;
        match self.session.take(points, self.clock) {
            Ok(()) => self.session.receipt.accept_histogram(unit),
            Err(wrong) => self.session.refuse(wrong),
        }
        self.count();
    }

    fn refuse(&mut self, unit: u64, wrong: Wrong) {
        self.session.line = unit;
        self.session.refuse(wrong);
        self.count();
    }

    fn warn(&mut self, unit: u64, warning: Wrong) {
        self.session.receipt.warn(unit, &warning);
    }

    fn declare(&mut self, metric: &str, kind: MetricKind) {
        // A contradiction is told with the first point.
        _ = self.session.learn(metric, kind);
    }

    fn limits(&mut self, limits: BTreeMap<String, Vec<String>>) -> Result<(), Wrong> {
        self.session.take_limits(limits)
    }
}

impl Units<'_> {
    fn count(&mut self) {
        *self.piece_units += 1;
        if *self.piece_units >= limits::RECORD_LINES || *self.piece_bytes >= limits::RECORD_LINE_BYTES {
            self.session.seal(self.clock.0, self.ready);
            (*self.piece_units, *self.piece_bytes) = (0, 0);
        }
    }
}

impl Reader {
    /// Lets the reader of another wire read, if the body is of one.
    pub(super) fn foreign(
        &mut self,
        read: impl FnOnce(&mut dyn wires::Reader, &mut dyn Out) -> Result<(), Wrong>,
    ) -> Result<(), Refusal> {
        let Parser::Foreign(Foreign(reader)) = &mut self.parser else { return Ok(()) };
        let mut units = Units {
            session: &mut self.session,
            clock: self.clock,
            piece_units: &mut self.piece_lines,
            piece_bytes: &mut self.piece_bytes,
            ready: &mut self.ready,
        };
        read(reader.as_mut(), &mut units).map_err(|wrong| Refusal::Invalid(wrong.to_string()))
    }
}

/// A point whose names were looked up.
struct Placed {
    handle: Handle,
    metric: Metric,
    time_ns: i64,
    value: Value,
    series: u64,
}

impl Session {
    /// Takes what one unit says: all of it or nothing.
    pub(super) fn take(&mut self, points: Vec<Point>, clock: Clock) -> Result<(), Wrong> {
        let placed =
            points.into_iter().map(|point| self.place(point, clock)).collect::<Result<Vec<_>, _>>()?;
        let line = (self.line - self.base()) as u32;
        let mut last = None;
        for Placed { handle, metric, time_ns, value, series } in placed {
            let log = &mut self.logs[handle.log as usize];
            if last.replace(handle.log) != Some(handle.log) {
                log.units += 1;
            }
            match value {
                Value::Sample(value) if series != 0 => {
                    log.builder.add_vus(metric, handle.tags, time_ns, value, series, line);
                }
                Value::Sample(value) => log.builder.add(metric, handle.tags, time_ns, value, line),
                // How many there are is a state, not something to be added up.
                Value::Interval { sum, .. } | Value::SinceStart { sum, .. } if metric.is_vus() => {
                    let value = sum.sum / sum.count.max(1) as f64;
                    log.builder.add(metric, handle.tags, time_ns, value, line);
                }
                Value::Interval { length_ns, sum } => {
                    let over = (time_ns, Over::Interval(length_ns.max(0)));
                    log.builder.add_sum(metric, handle.tags, over, sum, line);
                }
                Value::SinceStart { start_ns, sum } => {
                    let over = (time_ns, Over::Start { series, start_ns });
                    log.builder.add_sum(metric, handle.tags, over, sum, line);
                }
            }
        }
        Ok(())
    }

    /// Takes over what a wire says of a metric. What people declared stands, but for a unit where they told none; what
    /// contradicts k6's own metrics is refused.
    fn learn(&mut self, name: &str, kind: MetricKind) -> Result<(), Wrong> {
        let known = match builtin(name) {
            Some(own) => own.metric_type == kind.metric_type,
            None => self.declared.kind(name).is_some_and(|known| !is_finer(kind, known)),
        };
        if known { Ok(()) } else { self.take_kind(name, kind, Vec::new()) }
    }

    /// The place of samples that are told of a submetric alone. That its metric is divided so is known from then on.
    fn place_part(&mut self, submetric: Submetric, kind: Option<MetricKind>) -> Result<Handle, Wrong> {
        let (name, kind) = (submetric.name(), kind.or_else(|| self.declared.kind(&submetric.metric)));
        if let Some(kind) = kind
            && !self.counts_in(&submetric)
        {
            self.take_kind(&submetric.metric, kind, vec![name.clone()])?;
        }
        // No tags are written so: theirs end with NUL.
        self.tags(name.as_bytes(), || Ok(TagSet::of_submetric(submetric.text)))
    }

    fn take_kind(&mut self, name: &str, kind: MetricKind, submetrics: Vec<String>) -> Result<(), Wrong> {
        self.take_declaration(&MetricDeclaration {
            name: name.to_owned(),
            kind,
            thresholds: None,
            submetrics,
        })
    }

    fn place(&mut self, point: Point, clock: Clock) -> Result<Placed, Wrong> {
        let Point { metric: name, kind, tags, time_ns, series, value } = point;
        if !is_finite(&value) {
            return Err(Wrong::quoting("a value is not a finite number", name.as_bytes()));
        }
        let time_ns = time_ns
            .or_else(|| clock.now_ns())
            .ok_or_else(|| Wrong::new("it has no time, and nobody told the clock"))?;
        let submetric = Submetric::parse(&name);
        let name = submetric.as_ref().map_or(name, |submetric| submetric.metric.clone());
        let metric = self.intern(name.as_bytes())?;
        if let Some(kind) = kind {
            self.learn(&name, kind)?;
        }
        if let Some(submetric) = submetric {
            let handle = self.place_part(submetric, kind)?;
            return Ok(Placed { handle, metric, time_ns, value, series: 0 });
        }
        let mut raw = String::new();
        for (key, value) in &tags {
            for part in [key, value] {
                raw.push_str(part);
                raw.push('\0');
            }
        }
        let handle = self.tags(raw.as_bytes(), || {
            let mut set = TagSet::default();
            for (key, value) in tags.iter().filter(|(_, value)| !value.is_empty()) {
                push_tag(&mut set, key, value)?;
            }
            Ok(set)
        })?;
        let series = match value {
            Value::SinceStart { .. } => series_of(self.source(), &name, &raw, series),
            Value::Sample(_) if series != 0 && metric.is_vus() => {
                series_of(self.source(), &name, &raw, series)
            }
            Value::Sample(_) | Value::Interval { .. } => 0,
        };
        Ok(Placed { handle, metric, time_ns, value, series })
    }
}

/// Whether a kind is one that is known, with a unit: some wires tell that after the samples.
fn is_finer(kind: MetricKind, known: MetricKind) -> bool {
    let MetricKind { metric_type, contains } = known;
    kind.metric_type == metric_type && contains == Contains::Default && kind.contains != Contains::Default
}

/// Tells the series of one sender from all others, the same on every machine and in every version: states hold
/// it, and two that were taken for one would subtract from each other.
fn series_of(source: &str, name: &str, tags: &str, series: u64) -> u64 {
    let mut hash = Sha256::new();
    hash.update(series.to_le_bytes());
    for part in [source, name, tags] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn is_finite(value: &Value) -> bool {
    let known = |sum: &Summed| {
        let bounds =
            sum.buckets.iter().flatten().all(|b| !b.low.is_nan() && !b.high.is_nan() && b.low <= b.high);
        let told = sum.told.iter().flat_map(Told::figures).all(f64::is_finite);
        [Some(sum.sum), sum.min, sum.max].into_iter().flatten().all(f64::is_finite) && bounds && told
    };
    match value {
        Value::Sample(value) => value.is_finite(),
        Value::Interval { sum, .. } | Value::SinceStart { sum, .. } => known(sum),
    }
}
