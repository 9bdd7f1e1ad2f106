//! Samples to points.

use super::family::{self, Part, Role, Type, Unit};
use super::groups::{Parts, Said, What};
use super::histogram;
use super::series::{About, Histogram, Item, Labels, Request, Sample, Series};
use crate::naming::metric_name;
use crate::{Out, Point, Summed, Value, Wrong};
use loadgate_documents::{MetricKind, MetricType};
use std::collections::HashMap;

/// "Staleness markers": the series has ended.
const STALE: u64 = 0x7ff0_0000_0000_0002;
/// k6 says by it that it sends native histograms.
const FEATURE: &str = "k6_feature_native_histograms";

/// Reads samples as they are met, and keeps those that belong together until the end.
pub(super) struct Samples<'a, 'o> {
    request: &'o Request<'a>,
    out: &'o mut dyn Out,
    unit: u64,
    groups: Vec<Group<'a>>,
    /// By what their series have in common, and their time.
    by_identity: HashMap<(u64, i64), usize>,
}

/// Samples that belong together.
struct Group<'a> {
    /// The first of its series.
    series: &'a [u8],
    role: Role<'a>,
    times: Times,
    units: Vec<u64>,
    parts: Parts<'a>,
}

/// Of a sample; Unix ns.
#[derive(Debug, Clone, Copy)]
struct Times {
    start_ns: Option<i64>,
    time_ns: Option<i64>,
}

/// A series whose samples are read.
struct Read<'a, 's> {
    series: &'s Series<'a>,
    labels: &'s Labels<'a>,
    role: Role<'a>,
    about: About<'a>,
}

impl<'a, 'o> Samples<'a, 'o> {
    pub(super) fn new(request: &'o Request<'a>, out: &'o mut dyn Out) -> Self {
        let (groups, by_identity) = (Vec::new(), HashMap::new());
        Samples { request, out, unit: 0, groups, by_identity }
    }

    /// Takes a series.
    pub(super) fn series(&mut self, series: Series<'a>) {
        let labels = match &series.labels {
            Ok(labels) => labels,
            Err(wrong) => {
                for _ in series.items() {
                    self.unit += 1;
                    self.out.refuse(self.unit, wrong.clone());
                }
                return;
            }
        };
        let about = |name: &str| series.about.or_else(|| self.request.about(name));
        let role = family::role(labels, about);
        let about = about(labels.name).or_else(|| about(role.family)).unwrap_or_default();
        let read = Read { series: &series, labels, role, about };
        for item in series.items() {
            self.unit += 1;
            let points = match item {
                Item::Sample(message) => self.sample(&read, message),
                Item::Histogram(message) => match read.histogram(message) {
                    Ok(points) => {
                        self.out.accept_histogram(self.unit, points);
                        continue;
                    }
                    Err(wrong) => Err(wrong),
                },
            };
            match points {
                Ok(Some(points)) => self.out.accept(self.unit, points),
                Ok(None) => {}
                Err(wrong) => self.out.refuse(self.unit, wrong),
            }
        }
    }

    /// A sample's points; `None` where it waits for others.
    fn sample(&mut self, read: &Read<'a, '_>, message: &[u8]) -> Result<Option<Vec<Point>>, Wrong> {
        let sample: Sample = crate::protobuf::decode(message)?;
        if sample.value.to_bits() == STALE {
            return Ok(Some(Vec::new()));
        }
        let times = read.times(sample.timestamp, sample.start_timestamp)?;
        if let Part::Quantile(quantile) = read.role.part {
            return read.quantile(quantile, sample.value, times).map(Some);
        }
        if !sample.value.is_finite() {
            return Err(Wrong::with("a value must be a finite number", sample.value.to_string()));
        }
        let Some(said) = read.alone(sample.value) else {
            let unit = self.unit;
            let group = self.group(read, read.role, times, sample.timestamp);
            group.units.push(unit);
            group.parts.add(read.role.part, sample.value);
            return Ok(None);
        };
        if read.role.is_k6 && read.role.family == "http_reqs" {
            let failed = Role { family: "http_req_failed", ..read.role };
            self.group(read, failed, times, sample.timestamp).parts.requests = Some(sample.value);
        }
        Ok(Some(vec![point(said, read.labels, read.labels.name, times)?]))
    }

    fn group(&mut self, read: &Read<'a, '_>, role: Role<'a>, times: Times, time: i64) -> &mut Group<'a> {
        let identity = read.labels.identity(role.family, "le").number();
        let at = *self.by_identity.entry((identity, time)).or_insert(self.groups.len());
        if at == self.groups.len() {
            let (series, units) = (read.series.message, Vec::new());
            self.groups.push(Group { series, role, times, units, parts: Parts::default() });
        }
        &mut self.groups[at]
    }

    /// Reads what belongs together.
    pub(super) fn finish(mut self) {
        for group in std::mem::take(&mut self.groups) {
            let points = self.together(&group);
            // Of the first unit are the points, or the reason for all of them.
            let Some((first, others)) = group.units.split_first() else { continue };
            match points {
                Ok(points) => {
                    self.out.accept(*first, points);
                    others.iter().for_each(|unit| self.out.accept(*unit, Vec::new()));
                }
                Err(wrong) => group.units.iter().for_each(|unit| self.out.refuse(*unit, wrong.clone())),
            }
        }
    }

    fn together(&self, group: &Group<'a>) -> Result<Vec<Point>, Wrong> {
        let series = self.request.series(group.series)?;
        let labels = series.labels?;
        let about = series.about.or_else(|| self.request.about(group.role.family)).unwrap_or_default();
        let said = group.parts.say(group.role, about.unit)?;
        said.into_iter().map(|said| point(said, &labels, group.role.family, group.times)).collect()
    }
}

impl Read<'_, '_> {
    fn times(&self, time_ms: i64, start_ms: i64) -> Result<Times, Wrong> {
        let nanos = |ms: i64| {
            let nanos = ms.checked_mul(1_000_000);
            nanos.ok_or_else(|| Wrong::with("a time must be in milliseconds", ms.to_string()))
        };
        let known = |nanos: i64| (nanos > 0).then_some(nanos);
        let start_ms = if start_ms == 0 { self.series.created } else { start_ms };
        Ok(Times { start_ns: known(nanos(start_ms)?), time_ns: known(nanos(time_ms)?) })
    }

    /// What a sample says that needs no others.
    fn alone(&self, value: f64) -> Option<Said> {
        let counted = |sum: f64| {
            let count = u64::from(sum != 0.0);
            What::Since(Summed { count, nonzero: count, sum, ..Summed::default() })
        };
        let family = self.role.family;
        if self.role.is_k6 {
            let (metric_type, what) = match self.role.part {
                Part::Gauge => (MetricType::Gauge, What::Value(value)),
                Part::Counter => (MetricType::Counter, counted(value)),
                _ => return None,
            };
            let kind = Some(family::kind_of_k6(family, metric_type));
            return Some(Said { metric: family.to_owned(), kind, what });
        }
        let Unit { name, contains, factor } = family::unit(family, self.about.unit);
        let kind = |metric_type| Some(MetricKind { metric_type, contains });
        let (kind, what) = match self.role.part {
            Part::Gauge => (kind(MetricType::Gauge), What::Value(value * factor)),
            Part::Counter => (kind(MetricType::Counter), counted(value * factor)),
            Part::Untold => (None, What::Value(value * factor)),
            _ => return None,
        };
        Some(Said { metric: name, kind, what })
    }

    /// A summary's quantile: a value of its own, that no other can be added to.
    fn quantile(&self, quantile: &str, value: f64, times: Times) -> Result<Vec<Point>, Wrong> {
        let share: f64 = quantile.parse().unwrap_or(f64::NAN);
        if !(0.0..=1.0).contains(&share) {
            return Err(Wrong::quoting("a quantile must be from 0 to 1", quantile.as_bytes()));
        }
        // Where nothing came of late it is no number.
        if value.is_nan() {
            return Ok(Vec::new());
        }
        let Unit { name, contains, factor } = family::unit(self.role.family, self.about.unit);
        let percent = format!("{}", (share * 1e6).round() / 1e4).replace('.', "_");
        let kind = MetricKind { metric_type: MetricType::Gauge, contains };
        let what = What::Value(value * factor);
        let said = Said { metric: format!("{name}_p{percent}"), kind: Some(kind), what };
        Ok(vec![point(said, self.labels, self.labels.name, times)?])
    }

    /// A native histogram's points.
    fn histogram(&self, message: &[u8]) -> Result<Vec<Point>, Wrong> {
        let histogram = Histogram::read(message)?;
        if histogram.sum.to_bits() == STALE {
            return Ok(Vec::new());
        }
        if self.about.told == Type::Gauge {
            return Err(Wrong::new("a gauge histogram does not add up samples since a start"));
        }
        let times = self.times(histogram.timestamp, histogram.start_timestamp)?;
        // The name ends with no statistic, whatever it ends with; k6's has its unit there.
        let name = self.labels.name;
        let own = if self.role.is_k6 { name.strip_prefix("k6_").unwrap_or(name) } else { name };
        let Unit { name: metric, contains, factor } = family::unit(own, self.about.unit);
        let what = What::Since(histogram::samples(&histogram, factor)?);
        let kind = Some(MetricKind { metric_type: MetricType::Trend, contains });
        Ok(vec![point(Said { metric, kind, what }, self.labels, name, times)?])
    }
}

/// `of` is what the wire calls it.
fn point(said: Said, labels: &Labels<'_>, of: &str, times: Times) -> Result<Point, Wrong> {
    let metric = metric_name(&said.metric)?;
    let is_tag = |key: &str| !matches!(key, "le" | "quantile" | FEATURE);
    let tags = labels.others.iter().filter(|(key, _)| is_tag(key));
    let value = match said.what {
        What::Value(value) if !value.is_finite() => {
            return Err(Wrong::with("a value must be a finite number", value.to_string()));
        }
        What::Value(value) => Value::Sample(value),
        What::Since(sum) if ![Some(sum.sum), sum.min, sum.max].iter().flatten().all(|v| v.is_finite()) => {
            return Err(Wrong::with("a value must be a finite number", sum.sum.to_string()));
        }
        What::Since(sum) => Value::SinceStart { start_ns: times.start_ns, sum },
    };
    Ok(Point {
        series: labels.identity(of, "le").with(&metric).number(),
        metric,
        kind: said.kind,
        tags: tags.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        time_ns: times.time_ns,
        value,
    })
}
