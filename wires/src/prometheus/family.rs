//! What series are for, by their names, their labels and what is told of their metric.

use super::series::{About, Labels};
use loadgate_documents::{Contains, MetricKind, MetricType, builtin};

/// What k6 puts before all its names; no setting changes it.
const K6: &str = "k6_";

/// Of a metric.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Type {
    #[default]
    Untold,
    Counter,
    Gauge,
    Histogram,
    Summary,
    /// One that says nothing of how it adds up, or whose samples may also leave it.
    Other,
}

impl Type {
    /// By the number that it has in both versions.
    pub(super) fn of(number: u64) -> Self {
        match number {
            1 => Type::Counter,
            2 => Type::Gauge,
            3 => Type::Histogram,
            5 => Type::Summary,
            4 | 6 | 7 => Type::Other,
            _ => Type::Untold,
        }
    }
}

/// What the samples of a series are for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Role<'a> {
    /// k6 sent it, which tells more by its names than others do.
    pub(super) is_k6: bool,
    /// The name without what tells the use.
    pub(super) family: &'a str,
    pub(super) part: Part<'a>,
}

/// Of a family.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Part<'a> {
    /// All of it: a value.
    Gauge,
    /// All of it: a sum since the start.
    Counter,
    /// All of it, whatever it is.
    Untold,
    Count,
    Sum,
    Min,
    Max,
    Average,
    /// Of k6's rates, the share since the start.
    Rate,
    /// Samples up to a value.
    Bucket(f64),
    /// The end of its name.
    Percentile(&'a str),
    /// Of a summary, of its last minutes.
    Quantile(&'a str),
}

/// What a series is for.
pub(super) fn role<'a>(labels: &Labels<'a>, about: impl Fn(&str) -> Option<About<'a>>) -> Role<'a> {
    match labels.name.strip_prefix(K6) {
        Some(name) if !name.is_empty() => of_k6(name),
        _ => of_others(labels, about),
    }
}

fn of_k6(name: &str) -> Role<'_> {
    let role = |family, part| Role { is_k6: true, family, part };
    if let Some(family) = name.strip_suffix("_total") {
        return role(family, Part::Counter);
    }
    // `vus_max` is no statistic of a trend.
    if builtin(name).is_some_and(|kind| kind.metric_type == MetricType::Gauge) {
        return role(name, Part::Gauge);
    }
    let Some((family, end)) = name.rsplit_once('_').filter(|(family, _)| !family.is_empty()) else {
        return role(name, Part::Gauge);
    };
    let part = match end {
        "rate" => Part::Rate,
        "count" => Part::Count,
        "sum" => Part::Sum,
        "min" => Part::Min,
        "max" => Part::Max,
        "avg" => Part::Average,
        "med" => Part::Percentile(end),
        _ if is_percentile(end) => Part::Percentile(end),
        _ => return role(name, Part::Gauge),
    };
    role(family, part)
}

fn is_percentile(end: &str) -> bool {
    end.strip_prefix('p')
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

fn of_others<'a>(labels: &Labels<'a>, about: impl Fn(&str) -> Option<About<'a>>) -> Role<'a> {
    let name = labels.name;
    let role = |family, part| Role { is_k6: false, family, part };
    let label = |wanted| labels.others.iter().find(|(key, _)| *key == wanted).map(|(_, value)| *value);
    let told = |name: &str| about(name).map(|about| about.told).unwrap_or_default();
    match told(name) {
        Type::Counter => return role(name, Part::Counter),
        Type::Gauge => return role(name, Part::Gauge),
        Type::Other => return role(name, Part::Untold),
        Type::Untold | Type::Histogram | Type::Summary => {}
    }
    if let Some(family) = name.strip_suffix("_bucket")
        && let Some(Ok(bound)) = label("le").map(str::parse)
    {
        return role(family, Part::Bucket(bound));
    }
    for (end, part) in [("_count", Part::Count), ("_sum", Part::Sum)] {
        if let Some(family) = name.strip_suffix(end).filter(|family| !family.is_empty()) {
            return role(family, part);
        }
    }
    if let Some(quantile) = label("quantile") {
        return role(name, Part::Quantile(quantile));
    }
    match name.strip_suffix("_total") {
        Some(family) if !family.is_empty() => role(name, Part::Counter),
        _ => role(name, Part::Untold),
    }
}

/// A metric's name, what its values are, and what they are multiplied by to be in milliseconds or bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unit {
    pub(super) name: String,
    pub(super) contains: Contains,
    pub(super) factor: f64,
}

/// Units at the end of names ("Metric and label naming", "Base units"), where they are taken off, since values are
/// no longer in them.
const UNITS: [(&str, Contains, f64); 5] = [
    ("seconds", Contains::Time, 1e3),
    ("milliseconds", Contains::Time, 1.0),
    ("microseconds", Contains::Time, 1e-3),
    ("nanoseconds", Contains::Time, 1e-6),
    ("bytes", Contains::Data, 1.0),
];

/// By the end of a name, or by what is told.
pub(super) fn unit(name: &str, told: &str) -> Unit {
    let (base, total) = match name.strip_suffix("_total") {
        Some(base) => (base, "_total"),
        None => (name, ""),
    };
    for (unit, contains, factor) in UNITS {
        let ends = base.strip_suffix(unit).and_then(|base| base.strip_suffix('_'));
        if let Some(base) = ends.filter(|base| !base.is_empty()) {
            return Unit { name: format!("{base}{total}"), contains, factor };
        }
    }
    let told = UNITS.iter().find(|(unit, ..)| *unit == told);
    let (contains, factor) =
        told.map_or((Contains::Default, 1.0), |(_, contains, factor)| (*contains, *factor));
    Unit { name: name.to_owned(), contains, factor }
}

/// The kind of one of k6's metrics: what k6 has of its own is of k6's unit.
pub(super) fn kind_of_k6(family: &str, metric_type: MetricType) -> MetricKind {
    let own = builtin(family).filter(|kind| kind.metric_type == metric_type);
    own.unwrap_or(MetricKind { metric_type, contains: Contains::Default })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(name: &'a str, others: &[(&'a str, &'a str)]) -> Role<'a> {
        role(&Labels { name, others: others.to_vec() }, |_| None)
    }

    #[test]
    fn k6_tells_the_use_by_the_end_of_the_name() {
        let role = |family, part| Role { is_k6: true, family, part };
        assert_eq!(of("k6_http_reqs_total", &[]), role("http_reqs", Part::Counter));
        assert_eq!(of("k6_checks_rate", &[]), role("checks", Part::Rate));
        assert_eq!(of("k6_vus_max", &[]), role("vus_max", Part::Gauge));
        assert_eq!(of("k6_basket_items", &[]), role("basket_items", Part::Gauge));
        assert_eq!(of("k6_wait_p999", &[]), role("wait", Part::Percentile("p999")));
        assert_eq!(of("k6_wait_avg", &[]), role("wait", Part::Average));
        assert_eq!(of("k6_max", &[]), role("max", Part::Gauge));
    }

    #[test]
    fn others_tell_it_by_type_name_and_labels() {
        let role = |family, part| Role { is_k6: false, family, part };
        assert_eq!(
            of("wait_seconds_bucket", &[("le", "+Inf")]),
            role("wait_seconds", Part::Bucket(f64::INFINITY))
        );
        assert_eq!(of("wait_bucket", &[]), role("wait_bucket", Part::Untold));
        assert_eq!(of("jobs_total", &[]), role("jobs_total", Part::Counter));
        assert_eq!(of("wait", &[("quantile", "0.5")]), role("wait", Part::Quantile("0.5")));
        let labels = Labels { name: "queue_count", others: Vec::new() };
        let gauge = |_: &str| Some(About { told: Type::Gauge, unit: "" });
        assert_eq!(super::role(&labels, gauge), role("queue_count", Part::Gauge));
    }

    #[test]
    fn a_unit_leaves_the_name_when_values_leave_the_unit() {
        let of = |name, told| {
            let unit = unit(name, told);
            (unit.name, unit.contains, unit.factor)
        };
        assert_eq!(of("wait_seconds", ""), ("wait".to_owned(), Contains::Time, 1e3));
        assert_eq!(of("cpu_seconds_total", ""), ("cpu_total".to_owned(), Contains::Time, 1e3));
        assert_eq!(of("read_bytes_total", ""), ("read_total".to_owned(), Contains::Data, 1.0));
        assert_eq!(of("wait", "seconds"), ("wait".to_owned(), Contains::Time, 1e3));
        assert_eq!(of("_seconds", ""), ("_seconds".to_owned(), Contains::Default, 1.0));
    }
}
