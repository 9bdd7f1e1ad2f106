//! The breakdowns of a run: requests, statuses, checks, groups and scenarios.

use super::request_tags;
use crate::fold::{Detail, OTHER, Run, Tally, View};
use crate::record::example::Example;
use crate::record::{Dimension, SeriesKey};
use loadgate_documents::{
    CheckRow, GroupRow, MetricKind, MetricType, RequestRow, StatusRow, Tables, Values, finite,
};
use std::collections::BTreeMap;
use std::ops::Bound;

/// The rows of one breakdown: what each metric has under each key, `(other)` last.
type Table<'a> = BTreeMap<(bool, &'a [String]), Metrics<'a>>;
pub(super) type Metrics<'a> = BTreeMap<&'a str, &'a Tally>;

/// What tables are made of: a run, or a part of one.
pub(super) trait Totals {
    /// Every series with its total.
    fn totals(&self) -> impl Iterator<Item = (&SeriesKey, &Tally)>;
    /// What rates per second are over.
    fn seconds(&self) -> f64;
    fn kind(&self, metric: &str) -> MetricKind;
    /// How many earlier samples of a row are in `(other)`, at most.
    fn missed(&self, dimension: Dimension, key: &[String]) -> u64;
    /// About how many names of requests were shortened to that of a row.
    fn names(&self, key: &[String]) -> Option<u64>;
    /// What the first of the failures that are a row of statuses said, and the URL that it had.
    fn example(&self, key: &[String]) -> [Option<String>; 2];
}

impl Totals for Run {
    fn totals(&self) -> impl Iterator<Item = (&SeriesKey, &Tally)> {
        Run::totals(self)
    }

    fn seconds(&self) -> f64 {
        Run::seconds(self)
    }

    fn kind(&self, metric: &str) -> MetricKind {
        Run::kind(self, metric)
    }

    fn missed(&self, dimension: Dimension, key: &[String]) -> u64 {
        Run::missed(self, dimension, key)
    }

    fn names(&self, key: &[String]) -> Option<u64> {
        Run::names(self, key)
    }

    fn example(&self, key: &[String]) -> [Option<String>; 2] {
        let of = |text: fn(&Example) -> &String| {
            Run::example(self, key).map(text).filter(|text| !text.is_empty()).cloned()
        };
        [of(|example| &example.error), of(|example| &example.url)]
    }
}

pub(super) fn tables(run: &impl Totals, detail: Detail) -> Tables {
    let mut tables: BTreeMap<Dimension, Table> = BTreeMap::new();
    for (key, tally) in run.totals() {
        if tally.count > 0 {
            let row = (key.key == [OTHER], key.key.as_slice());
            tables.entry(key.dimension).or_default().entry(row).or_default().insert(&key.metric, tally);
        }
    }
    let nothing = Table::default();
    let of = |dimension| tables.get(&dimension).unwrap_or(&nothing);
    let groups = of(Dimension::Group);
    Tables {
        requests: rows(of(Dimension::Request), |key, metrics| request(run, key, metrics)),
        statuses: rows(of(Dimension::Status), |key, metrics| status(run, key, metrics)),
        checks: rows(of(Dimension::Check), |key, metrics| check(run, key, metrics)),
        groups: rows(groups, |key, metrics| GroupRow {
            whole: with_groups_within(run, groups, &key, metrics, detail),
            metrics: values(run, metrics, detail),
            missed: run.missed(Dimension::Group, &key),
            key,
        }),
        scenarios: rows(of(Dimension::Scenario), |key, metrics| GroupRow {
            metrics: values(run, metrics, detail),
            whole: None,
            missed: run.missed(Dimension::Scenario, &key),
            key,
        }),
        request_tags: request_tags::all(of(Dimension::Facets).keys().map(|&(_, key)| key)),
    }
}

fn rows<T>(table: &Table, row: impl Fn(Vec<String>, &Metrics) -> T) -> Vec<T> {
    table.iter().map(|((_, key), metrics)| row(key.to_vec(), metrics)).collect()
}

fn request(run: &impl Totals, key: Vec<String>, metrics: &Metrics) -> RequestRow {
    let requests = requests_of(metrics);
    RequestRow {
        missed: run.missed(Dimension::Request, &key),
        // An estimate, and no more than there were requests.
        names: run.names(&key).map(|names| names.min(requests as u64)),
        ..request_row(key, metrics, run.seconds())
    }
}

/// How many requests there were, by whichever metric tells.
pub(super) fn requests_of(metrics: &Metrics) -> f64 {
    let durations = || durations_of(metrics).map_or(0.0, |durations| durations.count as f64);
    metrics.get("http_reqs").map_or_else(durations, |requests| requests.sum.get())
}

/// Of requests over HTTP, or of gRPC's calls: no row has both.
fn durations_of<'a>(metrics: &Metrics<'a>) -> Option<&'a Tally> {
    metrics.get("http_req_duration").or_else(|| metrics.get(CALLS)).copied()
}

/// What k6 measures of gRPC's calls.
const CALLS: &str = "grpc_req_duration";

/// The figures of requests, over so many seconds.
pub(super) fn request_row(key: Vec<String>, metrics: &Metrics, seconds: f64) -> RequestRow {
    let none = Tally::default();
    let durations = durations_of(metrics).unwrap_or(&none);
    // The ones that failed have rows of their own, by their status.
    let failed_calls = metrics.contains_key(CALLS).then(|| if is_failed_call(&key) { 1.0 } else { 0.0 });
    let requests = requests_of(metrics);
    let known = durations.count > 0;
    let [med, p90, p95, p99] =
        if known { durations.percentiles([50.0, 90.0, 95.0, 99.0]) } else { [None; 4] };
    RequestRow {
        missed: 0,
        names: None,
        key,
        count: finite(requests),
        rate: finite(requests / seconds),
        failed: metrics.get("http_req_failed").map(|failed| failed.ratio()).or(failed_calls),
        avg: durations.avg().filter(|_| known).map(finite),
        min: durations.least().filter(|_| known),
        med,
        max: durations.greatest().filter(|_| known),
        p90,
        p95,
        p99,
        time: finite(durations.sum.get()),
    }
}

/// Whether the key of a call names its status: those of others have the phase there, if anything.
fn is_failed_call(key: &[String]) -> bool {
    key.get(2).is_some_and(|part| part != "setup" && part != "teardown")
}

fn status(run: &impl Totals, key: Vec<String>, metrics: &Metrics) -> StatusRow {
    let none = Tally::default();
    let requests = metrics.values().next().copied().unwrap_or(&none);
    let [error, url] = run.example(&key);
    StatusRow {
        missed: run.missed(Dimension::Status, &key),
        error,
        url,
        key,
        count: finite(requests.sum.get()),
        first: requests.first_ms,
        last: requests.last_ns.div_euclid(1_000_000),
    }
}

fn check(run: &impl Totals, key: Vec<String>, metrics: &Metrics) -> CheckRow {
    let none = Tally::default();
    let checks = metrics.values().next().copied().unwrap_or(&none);
    CheckRow {
        missed: run.missed(Dimension::Check, &key),
        key,
        passes: checks.nonzero,
        fails: checks.count.saturating_sub(checks.nonzero),
        last_failed: checks.zero_ms,
    }
}

fn values(run: &impl Totals, metrics: &Metrics, detail: Detail) -> BTreeMap<String, Values> {
    let of = |metric: &str, tally| {
        View { tally, metric_type: run.kind(metric).metric_type, seconds: run.seconds() }.values(detail)
    };
    metrics.iter().map(|(metric, tally)| ((*metric).to_owned(), of(metric, tally))).collect()
}

/// The figures of a group with those of all groups within it, where there are any. k6 gives a sample to its
/// innermost group alone.
fn with_groups_within(
    run: &impl Totals,
    table: &Table,
    key: &[String],
    own: &Metrics,
    detail: Detail,
) -> Option<BTreeMap<String, Values>> {
    let [group] = key else { return None };
    let within = [format!("{group}::")];
    let mut whole: BTreeMap<&str, Tally> = BTreeMap::new();
    let range = (Bound::Included((false, &within[..])), Bound::Unbounded);
    for ((_, key), metrics) in table.range::<(bool, &[String]), _>(range) {
        if !key.first().is_some_and(|key| key.starts_with(&within[0])) {
            break;
        }
        for (metric, tally) in metrics {
            // A group's duration holds those of the groups in it already.
            if *metric != "group_duration" {
                let distribution = run.kind(metric).metric_type == MetricType::Trend;
                let sum = whole
                    .entry(metric)
                    .or_insert_with(|| own.get(metric).map_or_else(Tally::default, |own| (*own).clone()));
                sum.merge(tally, distribution);
            }
        }
    }
    if whole.is_empty() {
        return None;
    }
    let mut metrics = own.clone();
    metrics.extend(whole.iter().map(|(metric, tally)| (*metric, tally)));
    Some(values(run, &metrics, detail))
}
