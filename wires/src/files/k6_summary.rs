//! k6's end-of-test summary: a run without a time series.
//!
//! Three forms: what `--summary-export` has written since k6 0.x; what `handleSummary(data)` gets, as JSON; and
//! the machine-readable one that `--new-machine-readable-summary` makes of both (schema 1.0.0). The first lacks
//! kinds, which show by the values that a metric has: `passes` makes a rate, `rate` a counter, `value` a gauge.
//!
//! Totals become one interval of the run's length. A trend's sum is its mean times its number of samples, which
//! stands there where `summaryTrendStats` has `count`; else it is that of the requests for the metrics that k6
//! measures once a request, and that of the iterations for `iteration_duration`. Of other trends the figures are told
//! without their number. Submetrics (`http_req_duration{name:login}`) are parts of what is counted already, and keep
//! their names.

use super::document::{self, Moment};
use super::points::{Span, Stats, Tags, count, counted, interval, kind, ones, share, tag};
use crate::naming::metric_name;
use crate::{Out, Point, Wrong};
use loadgate_documents::{Contains, MetricType, Submetric, builtin};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// What a summary says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    /// What was measured, by metric and submetric.
    pub metrics: Vec<(String, Result<Vec<Point>, Wrong>)>,
    /// What was asked of the metrics. `None`: the machine-readable form does not tell.
    pub thresholds: Option<Vec<Judged>>,
    /// How long the run took; 0 where it cannot be told.
    pub length_ns: i64,
    /// When it ended, Unix ns; only the machine-readable form tells.
    pub ended_ns: Option<i64>,
}

/// A threshold and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// A metric or submetric, as k6 writes it.
    pub metric: String,
    /// `p(95)<200`.
    pub threshold: String,
    /// Whether it held.
    pub passed: bool,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    metrics: BTreeMap<String, Old>,
    root_group: Option<Group>,
    state: Option<State>,
    config: Option<Config>,
    metadata: Option<Metadata>,
    results: Option<Results>,
}

/// With `values` as `handleSummary()` gets it; else the values stand beside the thresholds.
#[derive(Deserialize)]
struct Old {
    #[serde(rename = "type")]
    metric_type: Option<MetricType>,
    contains: Option<Contains>,
    values: Option<BTreeMap<String, Number>>,
    #[serde(default)]
    thresholds: BTreeMap<String, Sign>,
    #[serde(flatten)]
    flat: BTreeMap<String, Number>,
}

/// k6 writes what is no number as null.
#[derive(Deserialize)]
#[serde(untagged)]
enum Number {
    Number(f64),
    Other(IgnoredAny),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Sign {
    /// Whether it was crossed.
    Crossed(bool),
    Outcome {
        ok: bool,
    },
}

/// Groups and checks stand in lists or by name.
#[derive(Deserialize)]
#[serde(untagged)]
enum Many<T> {
    List(Vec<T>),
    Named(BTreeMap<String, T>),
}

impl<T> Default for Many<T> {
    fn default() -> Self {
        Many::List(Vec::new())
    }
}

impl<T> Many<T> {
    fn into_iter(self) -> Box<dyn Iterator<Item = T>>
    where
        T: 'static,
    {
        match self {
            Many::List(list) => Box::new(list.into_iter()),
            Many::Named(named) => Box::new(named.into_values()),
        }
    }
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    path: String,
    #[serde(default)]
    groups: Many<Group>,
    #[serde(default)]
    checks: Many<Check>,
}

#[derive(Deserialize)]
struct Check {
    name: String,
    passes: u64,
    fails: u64,
}

#[derive(Deserialize)]
struct State {
    #[serde(rename = "testRunDurationMs")]
    duration_ms: Option<f64>,
}

#[derive(Deserialize)]
struct Config {
    /// Seconds.
    duration: Option<f64>,
}

#[derive(Deserialize)]
struct Metadata {
    generated_at: Option<Moment>,
}

#[derive(Deserialize)]
struct Results {
    #[serde(default)]
    metrics: Vec<New>,
    checks: Option<Checks>,
}

#[derive(Deserialize)]
struct New {
    name: String,
    #[serde(rename = "type")]
    metric_type: MetricType,
    #[serde(default)]
    contains: Contains,
    #[serde(default)]
    values: BTreeMap<String, Number>,
}

#[derive(Deserialize)]
struct Checks {
    #[serde(default)]
    metrics: Vec<New>,
    results: Option<Vec<Check>>,
}

/// Numbers by k6's names of aggregates.
type Values = BTreeMap<String, f64>;

/// A metric or submetric of either form.
struct Entry {
    name: String,
    metric_type: MetricType,
    contains: Option<Contains>,
    values: Values,
}

/// Reads a summary.
///
/// # Errors
///
/// Where it is none.
pub fn read(bytes: &[u8]) -> Result<Summary, Wrong> {
    let not = "the file is not a summary of k6's: JSON with `metrics`, or with `results` and their `metrics`";
    let file: Document = document::json(bytes, not)?;
    if file.metrics.is_empty() && file.results.is_none() {
        return Err(Wrong::new(not));
    }
    let mut summary = Summary::default();
    let mut thresholds = Vec::new();
    let mut entries = Vec::new();
    for (name, old) in file.metrics {
        for (threshold, sign) in old.thresholds {
            let passed = match sign {
                Sign::Crossed(crossed) => !crossed,
                Sign::Outcome { ok } => ok,
            };
            thresholds.push(Judged { metric: name.clone(), threshold, passed });
        }
        let values = numbers(old.values.unwrap_or(old.flat));
        // A metric that thresholds name and that had no sample.
        if values.is_empty() {
            continue;
        }
        let known = builtin(&name).map(|kind| kind.metric_type);
        match old.metric_type.or(known).or_else(|| shown(&values)) {
            Some(metric_type) => entries.push(Entry { name, metric_type, contains: old.contains, values }),
            None => {
                let wrong = Wrong::quoting("a metric has none of a kind's values", name.as_bytes());
                summary.metrics.push((name, Err(wrong)));
            }
        }
    }
    summary.thresholds = file.results.is_none().then_some(thresholds);
    let mut checks = file.root_group.map(in_group).unwrap_or_default();
    if let Some(results) = file.results {
        entries.extend(results.metrics.into_iter().map(Entry::from));
        if let Some(found) = results.checks {
            let named = found.results.unwrap_or_default();
            checks.extend(named.into_iter().map(|check| (String::new(), check)));
            let all = found.metrics.into_iter().find(|metric| metric.name == "checks_succeeded");
            entries.extend(all.map(|all| Entry { name: "checks".to_owned(), ..Entry::from(all) }));
        }
    }
    let duration_ns = file.state.and_then(|state| state.duration_ms).map(|ms| ms * 1e6);
    let duration_ns = duration_ns.or(file.config.and_then(|config| config.duration).map(|s| s * 1e9));
    let duration_ns = duration_ns.or_else(|| entries.iter().find_map(Entry::seconds).map(|s| s * 1e9));
    summary.length_ns = duration_ns.filter(|ns| (0.0..=1e18).contains(ns)).unwrap_or(0.0) as i64;
    let generated = file.metadata.and_then(|metadata| metadata.generated_at);
    summary.ended_ns = generated.and_then(|at| i64::try_from(at.0.as_nanosecond()).ok());
    let span = Span { end_ns: summary.ended_ns, length_ns: summary.length_ns };

    for entry in &entries {
        let points = match entry.name.as_str() {
            "checks" => by_check(entry, &checks, span),
            _ => entry.points(measured(&entry.name, &entries), span),
        };
        summary.metrics.push((entry.name.clone(), points));
    }
    Ok(summary)
}

/// Gives a summary's limits, where it tells them, and its metrics one by one.
pub(super) fn document(bytes: &[u8], out: &mut dyn Out) -> Result<(), Wrong> {
    let Summary { metrics, thresholds, .. } = read(bytes)?;
    if let Some(thresholds) = thresholds {
        let mut limits = BTreeMap::<String, Vec<String>>::new();
        for Judged { metric, threshold, .. } in thresholds {
            limits.entry(metric).or_default().push(threshold);
        }
        out.limits(limits)?;
    }
    for (unit, (_, points)) in (1..).zip(metrics) {
        match points {
            Ok(points) => out.accept(unit, points),
            Err(wrong) => out.refuse(unit, wrong),
        }
    }
    Ok(())
}

/// How often something was measured that k6 measures once a request or once an iteration: as often as those of the same
/// tags were counted.
fn measured(name: &str, entries: &[Entry]) -> Option<u64> {
    let (metric, tags) = name.split_at(name.find('{').unwrap_or(name.len()));
    let counter = match metric {
        "iteration_duration" => "iterations",
        _ if metric.starts_with("http_req_") && builtin(metric).is_some() => "http_reqs",
        _ => return None,
    };
    let counted = entries.iter().find(|entry| entry.name.strip_prefix(counter) == Some(tags))?;
    counted.values.get("count").copied().and_then(count)
}

impl From<New> for Entry {
    fn from(new: New) -> Self {
        let New { name, metric_type, contains, values } = new;
        Entry { name, metric_type, contains: Some(contains), values: numbers(values) }
    }
}

impl Entry {
    /// The run's length in seconds, from a counter's total and rate.
    fn seconds(&self) -> Option<f64> {
        let (count, rate) = (self.values.get("count")?, self.values.get("rate")?);
        let seconds = count / rate;
        (self.metric_type == MetricType::Counter && seconds.is_finite()).then_some(seconds)
    }

    /// `measured` says of how many samples a trend is, where the trend does not.
    fn points(&self, measured: Option<u64>, span: Span) -> Result<Vec<Point>, Wrong> {
        let submetric = Submetric::parse(&self.name);
        let metric = submetric.as_ref().map_or(&self.name, |submetric| &submetric.metric);
        let metric = metric_name(metric)?;
        let name = if submetric.is_some() { &self.name } else { &metric };
        // k6 writes zeros for what thresholds name and that had no sample.
        let nothing = !self.values.is_empty() && self.values.values().all(|value| *value == 0.0);
        if nothing && measured.is_none() {
            return Ok(Vec::new());
        }
        let known = builtin(&metric).filter(|kind| kind.metric_type == self.metric_type);
        // Where the form does not tell, what k6 gives a custom metric unless the script says otherwise.
        let contains = self.contains.or(known.map(|kind| kind.contains)).unwrap_or_default();
        let kind = known.unwrap_or(kind(self.metric_type, contains));
        let tags = Tags::new();
        let value = |key: &str| {
            let value = self.values.get(key).copied();
            value.ok_or_else(|| {
                Wrong::with(format!("a {} lacks `{key}`", kind.metric_type.word()), self.name.clone())
            })
        };
        Ok(match kind.metric_type {
            MetricType::Counter => {
                let count = value("count")?;
                // Both count by ones.
                let by_ones = matches!(&*metric, "http_reqs" | "iterations");
                let sum = self::count(count).filter(|_| by_ones).map_or_else(|| counted(count), ones);
                vec![interval(name, Some(kind), &tags, span, sum)]
            }
            MetricType::Rate => {
                let (count, nonzero) = self.shares().ok_or_else(|| {
                    Wrong::with("a rate does not tell how many samples it is of", self.name.clone())
                })?;
                vec![interval(name, Some(kind), &tags, span, share(count, nonzero))]
            }
            // The last of the samples comes last.
            MetricType::Gauge => {
                let last = value("value")?;
                let extremes = ["min", "max"].into_iter().filter_map(|key| self.values.get(key).copied());
                let gauge = |value| Point::sample(name, Some(kind), tags.clone(), span.end_ns, value);
                // VUs of one moment add up: of these the peak stands for the run.
                if matches!(name.as_str(), "vus" | "vus_max") {
                    return Ok(vec![gauge(extremes.fold(last, f64::max))]);
                }
                let samples = extremes.filter(|extreme| *extreme != last).chain([last]);
                samples.map(gauge).collect()
            }
            MetricType::Trend => {
                let mut stats = Stats { whole: true, ..self.stats() };
                stats.count = stats.count.or(measured);
                stats.points(name, kind.contains, &tags, span)
            }
        })
    }

    fn stats(&self) -> Stats {
        Stats::new(self.values.iter().map(|(name, value)| (name.as_str(), *value)))
    }

    /// A rate's samples, and those that are not zero.
    fn shares(&self) -> Option<(u64, u64)> {
        let whole = |key: &str| self.values.get(key).copied().and_then(count);
        match (whole("passes"), whole("fails")) {
            (Some(passes), Some(fails)) => Some((passes + fails, passes)),
            _ => whole("total").zip(whole("matches")),
        }
    }
}

fn numbers(values: BTreeMap<String, Number>) -> Values {
    let number = |(key, value)| match value {
        Number::Number(value) if f64::is_finite(value) => Some((key, value)),
        Number::Number(_) | Number::Other(_) => None,
    };
    values.into_iter().filter_map(number).collect()
}

/// The kind that a metric's values show.
fn shown(values: &Values) -> Option<MetricType> {
    let has = |key: &str| values.contains_key(key);
    if has("passes") && has("fails") {
        Some(MetricType::Rate)
    } else if has("count") && has("rate") {
        Some(MetricType::Counter)
    } else if has("value") {
        Some(MetricType::Gauge)
    } else if ["avg", "min", "med", "max"].into_iter().any(has)
        || values.keys().any(|key| key.starts_with("p("))
    {
        Some(MetricType::Trend)
    } else {
        None
    }
}

/// All checks of a group and of those in it, with its path.
fn in_group(group: Group) -> Vec<(String, Check)> {
    let Group { path, groups, checks } = group;
    let mut all: Vec<_> = checks.into_iter().map(|check| (path.clone(), check)).collect();
    all.extend(groups.into_iter().flat_map(in_group));
    all
}

/// The rate `checks` by check, and what of it is no check's.
fn by_check(entry: &Entry, checks: &[(String, Check)], span: Span) -> Result<Vec<Point>, Wrong> {
    let kind = builtin("checks");
    let mut rest = entry
        .shares()
        .ok_or_else(|| Wrong::with("a rate does not tell how many samples it is of", entry.name.clone()))?;
    let mut points = Vec::new();
    for (group, check) in checks {
        let count = check.passes.saturating_add(check.fails);
        if count == 0 {
            continue;
        }
        let mut tags = Tags::new();
        tag(&mut tags, "check", &check.name);
        tag(&mut tags, "group", group);
        points.push(interval("checks", kind, &tags, span, share(count, check.passes)));
        rest = (rest.0.saturating_sub(count), rest.1.saturating_sub(check.passes));
    }
    if rest.0 > 0 {
        points.push(interval("checks", kind, &Tags::new(), span, share(rest.0, rest.1.min(rest.0))));
    }
    Ok(points)
}
