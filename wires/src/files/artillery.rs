//! Artillery's JSON report (`artillery run --output`), of version 2.
//!
//! `intermediate` has an object for each period of ten seconds, `aggregate` one for the whole run; both have
//! `counters`, and `summaries` of times with `count`, `mean`, `min`, `max` and percentiles, in ms
//! (<https://www.artillery.io/docs/reference/reported-metrics>). Periods become intervals; of `aggregate` only the
//! percentiles count, which so are what their gauges end with, and all of it where there are no periods.
//!
//! `http.codes.N` and errors of the network (`errors.ECONNREFUSED`) are requests that ended, by endpoint where the
//! plugin `metrics-by-endpoint`, on by default, tells them. What Artillery calls response time ends with the
//! first byte of the answer: k6's `http_req_waiting`, and `http_req_duration` is `http.total` of
//! `extendedMetrics`. Without that, `http_req_duration` is the response time all the same, with a warning.

use super::document;
use super::points::{
    Span, Stats, Tags, count, counted, interval, is_sane, kind, nanos, ones, requests, sample, tag,
};
use crate::naming::metric_name;
use crate::{Out, Point, Summed, Wrong};
use loadgate_documents::{Contains, MetricType, builtin};
use serde::Deserialize;
use std::collections::BTreeMap;

const ENDPOINT: &str = "plugins.metrics-by-endpoint.";
const ENDPOINT_TIME: &str = "plugins.metrics-by-endpoint.response_time.";
const RESPONSE_TIME: &str = "http.response_time";
const TOTAL: &str = "http.total";

#[derive(Deserialize)]
struct Report {
    aggregate: Period,
    #[serde(default)]
    intermediate: Vec<Period>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Period {
    counters: BTreeMap<String, f64>,
    #[serde(default)]
    summaries: BTreeMap<String, BTreeMap<String, Option<f64>>>,
    /// Unix ms; text in some versions.
    period: Option<Time>,
    first_metric_at: Option<Time>,
    last_metric_at: Option<Time>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Time {
    Number(f64),
    Text(String),
}

impl Time {
    fn ns(&self) -> Option<i64> {
        let ms = match self {
            Time::Number(ms) => *ms,
            Time::Text(text) => text.parse().ok()?,
        };
        nanos(ms)
    }
}

/// Reads a report.
pub(super) fn document(bytes: &[u8], out: &mut dyn Out) -> Result<(), Wrong> {
    let not = "the file is not a report of Artillery 2: an object with `aggregate` and its `counters`";
    let report: Report = document::json(bytes, not)?;
    let all = &report.aggregate;
    if all.summaries.contains_key(RESPONSE_TIME) && !all.summaries.contains_key(TOTAL) {
        out.warn(
            1,
            Wrong::new(
                "Artillery's response time ends with the first byte of the answer: for whole requests \
                 set `extendedMetrics: true` under `http`",
            ),
        );
    }
    let mut unit = 0;
    let mut active = 0.0;
    // They stand by time, but in some versions backwards.
    let mut periods: Vec<_> = report.intermediate.iter().collect();
    periods.sort_by_key(|period| period.start_ns());
    for period in &periods {
        unit += 1;
        out.accept(unit, period.points(&mut active));
    }
    unit += 1;
    if periods.is_empty() {
        out.accept(unit, all.points(&mut active));
    } else {
        out.accept(unit, all.percentiles());
    }
    Ok(())
}

/// What was counted of requests with one code, and what of it has been told by endpoint.
type Codes<'a> = BTreeMap<&'a str, u64>;

impl Period {
    fn start_ns(&self) -> Option<i64> {
        let (period, first) = (self.period.as_ref(), self.first_metric_at.as_ref());
        let (period, first) = (period.and_then(Time::ns), first.and_then(Time::ns));
        // The first period begins before the run does; `aggregate` has that of its last one.
        match (period, first) {
            (Some(period), Some(first)) if first > period => Some(period),
            (period, first) => first.or(period),
        }
    }

    fn span(&self) -> Span {
        let end_ns = self.last_metric_at.as_ref().and_then(Time::ns);
        let length = end_ns.zip(self.start_ns()).map_or(0, |(end, start)| end - start);
        Span { end_ns, length_ns: length.max(0) }
    }

    /// Everything. `active` are the virtual users that are at work.
    fn points(&self, active: &mut f64) -> Vec<Point> {
        let span = self.span();
        let mut points = self.requests(span);
        points.extend(self.times(span));
        let mut others = Vec::new();
        for (name, value) in &self.counters {
            match name.as_str() {
                "vusers.completed" => points.extend(count(*value).map(|count| {
                    interval("iterations", builtin("iterations"), &Tags::new(), span, ones(count))
                })),
                "vusers.skipped" => others.push(("dropped_iterations".to_owned(), *value)),
                "http.downloaded_bytes" => others.push(("data_received".to_owned(), *value)),
                // They are counted as requests that ended.
                "http.requests" | "http.responses" => {}
                _ if code(name).is_some() || name.starts_with(ENDPOINT) => {}
                // A part of `vusers.created`.
                _ if name.starts_with("vusers.created_by_name.") => {}
                _ => others.extend(metric_name(name).map(|name| (name, *value)).ok()),
            }
        }
        let counter = kind(MetricType::Counter, Contains::Default);
        points.extend(others.into_iter().filter(|(_, value)| is_sane(*value)).map(|(name, value)| {
            interval(&name, Some(builtin(&name).unwrap_or(counter)), &Tags::new(), span, counted(value))
        }));
        let users =
            |name: &str| self.counters.get(name).copied().filter(|value| is_sane(*value)).unwrap_or(0.0);
        *active += users("vusers.created") - users("vusers.completed") - users("vusers.failed");
        points.push(sample("vus", &Tags::new(), span.end_ns, active.max(0.0)));
        points
    }

    fn requests(&self, span: Span) -> Vec<Point> {
        let of = |name: &str| self.counters.get(name).copied().and_then(count).unwrap_or(0);
        let mut rest: Codes<'_> =
            self.counters.keys().filter_map(|name| Some((code(name)?, of(name)))).collect();
        let mut points = Vec::new();
        for name in self.counters.keys() {
            let Some((endpoint, code)) = name.strip_prefix(ENDPOINT).and_then(by_endpoint) else { continue };
            let Some(left) = rest.get_mut(code) else { continue };
            let count = of(name).min(*left);
            *left -= count;
            points.extend(ended(code, Some(endpoint), count, span));
        }
        points.extend(rest.into_iter().flat_map(|(code, count)| ended(code, None, count, span)));
        points
    }

    /// Summaries: endpoints as parts of what is told of all, with the rest of it.
    fn times(&self, span: Span) -> Vec<Point> {
        let mut points = Vec::new();
        for (name, mut stats) in self.stats() {
            let Some((metric, contains, tags)) = self.metric(name) else { continue };
            if name == RESPONSE_TIME {
                let parts = self.stats().filter(|(name, _)| name.starts_with(ENDPOINT_TIME));
                let parts: Vec<_> = parts.map(|(_, stats)| stats).collect();
                points.extend(
                    rest(&stats, &parts).map(|sum| {
                        interval(&metric, Some(kind(MetricType::Trend, contains)), &tags, span, sum)
                    }),
                );
                // What remains to be said are the percentiles.
                stats = Stats { others: stats.others, ..Stats::default() };
            }
            points.extend(stats.points(&metric, contains, &tags, span));
        }
        points
    }

    /// Of the whole run.
    fn percentiles(&self) -> Vec<Point> {
        let of = |(name, stats): (&str, Stats)| {
            let (metric, contains, tags) = self.metric(name)?;
            let stats = Stats { others: stats.others, ..Stats::default() };
            Some(stats.points(&metric, contains, &tags, self.span()))
        };
        self.stats().filter_map(of).flatten().collect()
    }

    /// Summaries that are of anything: of what was not measured, as `http.tls` without TLS, the mean is null.
    fn stats(&self) -> impl Iterator<Item = (&str, Stats)> {
        let of_anything =
            |values: &&BTreeMap<String, Option<f64>>| values.get("mean").is_none_or(Option::is_some);
        let summaries = self.summaries.iter().filter(move |(_, values)| of_anything(values));
        summaries.map(|(name, values)| (name.as_str(), stats(values)))
    }

    /// What a summary is k6's name of, and its unit.
    fn metric(&self, name: &str) -> Option<(String, Contains, Tags)> {
        let response =
            if self.summaries.contains_key(TOTAL) { "http_req_waiting" } else { "http_req_duration" };
        let mut tags = Tags::new();
        let own = match name {
            RESPONSE_TIME => response,
            TOTAL => "http_req_duration",
            "http.tcp" => "http_req_connecting",
            "http.tls" => "http_req_tls_handshaking",
            "vusers.session_length" => "iteration_duration",
            _ => match name.strip_prefix(ENDPOINT_TIME) {
                Some(endpoint) => {
                    tag(&mut tags, "name", endpoint);
                    response
                }
                // Those of scripts and plugins can be of anything.
                None => {
                    let contains = if name.starts_with("http.") { Contains::Time } else { Contains::Default };
                    return Some((metric_name(name).ok()?, contains, tags));
                }
            },
        };
        Some((own.to_owned(), Contains::Time, tags))
    }
}

fn stats(values: &BTreeMap<String, Option<f64>>) -> Stats {
    // It has the median twice, and no name for 99.9.
    let named = values.iter().filter(|(name, _)| *name != "p50");
    Stats::new(
        named.filter_map(|(name, value)| {
            Some((if name == "p999" { "p99.9" } else { name.as_str() }, (*value)?))
        }),
    )
}

/// What of a sum is none of its parts'; the whole, with its extremes, where there are none.
fn rest(all: &Stats, parts: &[Stats]) -> Option<Summed> {
    let (count, avg) = (all.count?, all.avg?);
    let of = |stats: &Stats| stats.count.zip(stats.avg);
    let parts_count: u64 = parts.iter().filter_map(of).map(|(count, _)| count).sum();
    let parts_sum: f64 = parts.iter().filter_map(of).map(|(count, avg)| count as f64 * avg).sum();
    let left = count.checked_sub(parts_count).filter(|left| *left > 0)?;
    let (min, max) = if parts_count == 0 { (all.min, all.max) } else { (None, None) };
    let sum = (avg * count as f64 - parts_sum).max(0.0);
    Some(Summed { count: left, nonzero: left, sum, min, max, ..Summed::default() })
}

/// The code of a request that ended: of its answer, or of the network's error.
fn code(counter: &str) -> Option<&str> {
    if let Some(code) = counter.strip_prefix("http.codes.") {
        return Some(code);
    }
    counter.strip_prefix("errors.").filter(|code| of_network(code))
}

/// Node's names of such errors; others are of the script.
fn of_network(code: &str) -> bool {
    code.len() > 2
        && code.starts_with('E')
        && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// `/search.codes.200`: the endpoint and the code.
fn by_endpoint(rest: &str) -> Option<(&str, &str)> {
    rest.rsplit_once(".codes.").or_else(|| rest.rsplit_once(".errors."))
}

fn ended(code: &str, endpoint: Option<&str>, count: u64, span: Span) -> Vec<Point> {
    let mut tags = Tags::new();
    tag(&mut tags, "name", endpoint.unwrap_or_default());
    let status = code.parse::<u16>().ok();
    match status {
        Some(_) => tag(&mut tags, "status", code),
        None => {
            tag(&mut tags, "status", "0");
            tag(&mut tags, "error", code);
        }
    }
    let passed = status.is_some_and(|status| (200..400).contains(&status));
    requests(&tags, span, count, if passed { 0 } else { count })
}
