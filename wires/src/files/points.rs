//! Points as files give them: single requests, and what was made of many samples.

use crate::naming::metric_name;
use crate::{Point, Summed, Told};
use loadgate_documents::{Contains, MetricKind, MetricType, builtin};

/// Tags in k6's order of importance.
pub(super) type Tags = Vec<(String, String)>;

/// When, and over how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// Its end, Unix ns.
    pub(super) end_ns: Option<i64>,
    /// 0 where it is not known.
    pub(super) length_ns: i64,
}

/// More than anything that a load test counts: from here on numbers of a file are no counts.
pub(super) const COUNT: f64 = 1e15;

/// Whether a number can be one of a load test's: finite, also when multiplied by a count.
pub(super) fn is_sane(value: f64) -> bool {
    value.abs() <= 1e30
}

/// Longer texts of tags, such as an error's, are cut: they are not there to be read in full.
const TEXT_BYTES: usize = 1_024;

/// A tag where there is something to say, and nothing has been said under the key.
pub(super) fn tag(tags: &mut Tags, key: &str, value: impl AsRef<str>) {
    let value = value.as_ref();
    let value = &value[..value.floor_char_boundary(TEXT_BYTES)];
    if !key.is_empty() && !value.is_empty() && tags.iter().all(|(known, _)| known != key) {
        tags.push((key.to_owned(), value.to_owned()));
    }
}

/// A kind.
pub(super) fn kind(metric_type: MetricType, contains: Contains) -> MetricKind {
    MetricKind { metric_type, contains }
}

/// A sample of one of k6's own metrics.
pub(super) fn sample(metric: &str, tags: &Tags, time_ns: Option<i64>, value: f64) -> Point {
    Point::sample(metric, builtin(metric), tags.clone(), time_ns, value)
}

/// A value that a tool has worked out, as a gauge.
pub(super) fn gauge(
    metric: &str,
    contains: Contains,
    tags: &Tags,
    time_ns: Option<i64>,
    value: f64,
) -> Point {
    Point::sample(metric, Some(kind(MetricType::Gauge, contains)), tags.clone(), time_ns, value)
}

/// A sum of samples.
pub(super) fn interval(
    metric: &str,
    kind: Option<MetricKind>,
    tags: &Tags,
    span: Span,
    sum: Summed,
) -> Point {
    Point::interval(metric, kind, tags.clone(), span.end_ns, span.length_ns, sum)
}

/// How much was counted, of a counter that does not tell in how many samples.
pub(super) fn counted(sum: f64) -> Summed {
    let count = u64::from(sum != 0.0);
    Summed { count, nonzero: count, sum, ..Summed::default() }
}

/// So many samples of 1 each: requests, iterations.
pub(super) fn ones(count: u64) -> Summed {
    Summed { count, nonzero: count, sum: count as f64, ..Summed::default() }
}

/// Samples of a rate.
pub(super) fn share(count: u64, nonzero: u64) -> Summed {
    Summed { count, nonzero, sum: nonzero as f64, ..Summed::default() }
}

/// Requests of one kind, with those that failed; none where there were none.
pub(super) fn requests(tags: &Tags, span: Span, count: u64, failed: u64) -> Vec<Point> {
    if count == 0 {
        return Vec::new();
    }
    vec![
        interval("http_reqs", builtin("http_reqs"), tags, span, ones(count)),
        interval("http_req_failed", builtin("http_req_failed"), tags, span, share(count, failed.min(count))),
    ]
}

/// One request.
#[derive(Debug, Default)]
pub(super) struct Request {
    /// When it ended, Unix ns, as k6 has it.
    pub(super) end_ns: Option<i64>,
    pub(super) duration_ms: f64,
    pub(super) failed: bool,
    pub(super) tags: Tags,
    /// Bytes, where they are told.
    pub(super) sent: Option<f64>,
    pub(super) received: Option<f64>,
}

impl Request {
    pub(super) fn points(&self) -> Vec<Point> {
        let sample = |metric, value| sample(metric, &self.tags, self.end_ns, value);
        let mut points = vec![
            sample("http_reqs", 1.0),
            sample("http_req_failed", f64::from(u8::from(self.failed))),
            sample("http_req_duration", self.duration_ms),
        ];
        points.extend(self.sent.map(|bytes| sample("data_sent", bytes)));
        points.extend(self.received.map(|bytes| sample("data_received", bytes)));
        points
    }
}

/// What a tool has made of the samples of a trend.
#[derive(Debug, Default)]
pub(super) struct Stats {
    /// How many samples; `None`: not told.
    pub(super) count: Option<u64>,
    pub(super) avg: Option<f64>,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    /// Percentiles and whatever else, by what is appended to the metric's name: `p95`, `med`.
    pub(super) others: Vec<(String, f64)>,
    /// They are of a whole run, or of all that is a submetric's in it.
    pub(super) whole: bool,
}

/// So many percentiles are kept of a trend.
const PERCENTILES: usize = 32;

impl Stats {
    /// By k6's names of aggregates: `avg`, `min`, `max`, `count`, `med`, `p(95)`. Numbers that are none are left
    /// out.
    pub(super) fn new<'a>(values: impl IntoIterator<Item = (&'a str, f64)>) -> Self {
        let mut stats = Stats::default();
        for (name, value) in values {
            if !is_sane(value) {
                continue;
            }
            match name {
                "avg" | "mean" => stats.avg = Some(value),
                "min" => stats.min = Some(value),
                "max" => stats.max = Some(value),
                "count" => stats.count = count(value),
                _ => stats.others.extend(suffix(name).map(|suffix| (suffix, value))),
            }
        }
        stats
    }

    /// A sum where number and mean are told, which make one; all else becomes gauges, if it is not of a whole run,
    /// of which the figures are those that are told.
    pub(super) fn points(&self, metric: &str, contains: Contains, tags: &Tags, span: Span) -> Vec<Point> {
        let gauge = |suffix: &str, value: f64| {
            gauge(&format!("{metric}_{suffix}"), contains, tags, span.end_ns, value)
        };
        let &Stats { avg, min, max, .. } = self;
        let sum = match (self.count, avg) {
            (Some(0), _) => return Vec::new(),
            (Some(count), Some(avg)) => {
                let told = self.whole.then(|| Told { percentiles: self.percentiles(), ..Told::default() });
                let sum = avg * count as f64;
                Some(Summed { count, nonzero: count, sum, min, max, told, ..Summed::default() })
            }
            _ if self.whole => {
                let told = Told { mean: avg, min, max, percentiles: self.percentiles() };
                if told.figures().next().is_none() {
                    return Vec::new();
                }
                Some(Summed { told: Some(told), ..Summed::default() })
            }
            _ => None,
        };
        let mut points = Vec::new();
        match sum {
            Some(sum) => {
                let kind = kind(MetricType::Trend, contains);
                points.push(interval(metric, Some(kind), tags, span, sum));
            }
            None => {
                for (suffix, value) in [("avg", avg), ("min", min), ("max", max)] {
                    points.extend(value.map(|value| gauge(suffix, value)));
                }
            }
        }
        if !self.whole {
            points.extend(self.others.iter().map(|(suffix, value)| gauge(suffix, *value)));
        }
        points
    }

    fn percentiles(&self) -> Vec<(f64, f64)> {
        let ranks = self.others.iter().filter_map(|(suffix, value)| Some((percentile(suffix)?, *value)));
        ranks.take(PERCENTILES).collect()
    }
}

/// What `suffix` makes of a percentile's name, back as a number: `p99_9`, `med`.
fn percentile(suffix: &str) -> Option<f64> {
    match suffix.strip_prefix('p') {
        Some(digits) => digits.replace('_', ".").parse().ok(),
        None => (suffix == "med").then_some(50.0),
    }
    .filter(|rank| (0.0..=100.0).contains(rank))
}

/// Unix ms as ns, until the year 2255; `None`: no time.
pub(super) fn nanos(ms: f64) -> Option<i64> {
    (ms > 0.0 && ms < 9e12).then(|| ms as i64 * 1_000_000)
}

/// A whole number of samples.
pub(super) fn count(value: f64) -> Option<u64> {
    ((0.0..=COUNT).contains(&value) && value.fract() == 0.0).then_some(value as u64)
}

/// `p(99.9)`, `p99.9` and `99.9%` as `p99_9`; `median` as `med`. `None`: no name can end so.
pub(super) fn suffix(name: &str) -> Option<String> {
    let percentile = name
        .strip_prefix("p(")
        .and_then(|rest| rest.strip_suffix(')'))
        .or(name.strip_prefix('p'))
        .or(name.strip_suffix('%'))
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
        .filter(|digits| digits.parse::<f64>().is_ok_and(|number| (0.0..=100.0).contains(&number)));
    match percentile {
        Some(digits) => Some(format!("p{}", digits.replace('.', "_"))),
        None if name == "med" || name == "median" => Some("med".to_owned()),
        None => metric_name(name).ok().filter(|name| name.len() <= 20),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Value;

    const SPAN: Span = Span { end_ns: Some(7), length_ns: 3 };

    #[test]
    fn what_has_number_and_mean_becomes_a_sum_and_percentiles_never_do() {
        let values = [("avg", 2.0), ("count", 3.0), ("max", 4.0), ("p(99.9)", 3.9), ("min", f64::NAN)];
        let points = Stats::new(values).points("wait", Contains::Time, &Vec::new(), SPAN);
        let sum = Summed { count: 3, nonzero: 3, sum: 6.0, min: None, max: Some(4.0), ..Summed::default() };
        assert_eq!(points[0].value, Value::Interval { length_ns: 3, sum });
        assert_eq!((points[1].metric.as_str(), &points[1].value), ("wait_p99_9", &Value::Sample(3.9)));
        assert_eq!(points.len(), 2);

        let points = Stats::new([("avg", 2.0), ("med", 1.0)]).points("wait", Contains::Time, &vec![], SPAN);
        let names: Vec<_> = points.iter().map(|point| point.metric.as_str()).collect();
        assert_eq!(names, ["wait_avg", "wait_med"]);
        assert!(
            Stats::new([("count", 0.0), ("p95", 0.0)])
                .points("wait", Contains::Time, &vec![], SPAN)
                .is_empty()
        );
    }

    #[test]
    fn a_whole_runs_figures_are_told_also_without_their_number() {
        let of_run = |values: &[(&'static str, f64)]| {
            let stats = Stats { whole: true, ..Stats::new(values.iter().copied()) };
            stats.points("wait", Contains::Time, &Tags::new(), SPAN)
        };
        let points = of_run(&[("avg", 2.0), ("p(95)", 3.0), ("min", 0.5)]);
        let told = Told { mean: Some(2.0), min: Some(0.5), max: None, percentiles: vec![(95.0, 3.0)] };
        let sum = Summed { told: Some(told), ..Summed::default() };
        assert_eq!(points.len(), 1);
        assert_eq!((&*points[0].metric, &points[0].value), ("wait", &Value::Interval { length_ns: 3, sum }));
        assert_eq!(of_run(&[("avg", f64::NAN)]), []);
    }

    #[test]
    fn percentiles_have_one_name_however_a_tool_writes_them() {
        for name in ["p(95)", "p95", "95%"] {
            assert_eq!(suffix(name).as_deref(), Some("p95"));
        }
        assert_eq!(suffix("median").as_deref(), Some("med"));
        assert_eq!(suffix("p999").as_deref(), Some("p999"));
        assert_eq!(suffix(""), None);
    }
}
