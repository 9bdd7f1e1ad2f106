//! What several series say together: the statistics of k6's trends, k6's failed requests, the buckets of
//! classic histograms, and summaries.

use super::family::{self, Part, Role, Unit};
use super::histogram::whole_count;
use crate::distribution::{COUNT, Distribution};
use crate::{Summed, Wrong};
use loadgate_documents::{Contains, MetricKind, MetricType, builtin};

/// Of one family, under the same labels, at the same time.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Parts<'a> {
    pub(super) count: Option<f64>,
    pub(super) sum: Option<f64>,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) average: Option<f64>,
    pub(super) rate: Option<f64>,
    /// Of the rate of failed requests, how many there were.
    pub(super) requests: Option<f64>,
    /// By upper bound, samples up to it.
    pub(super) buckets: Vec<(f64, f64)>,
    pub(super) percentiles: Vec<(&'a str, f64)>,
}

/// What parts come to: a metric's name, its kind, and what it says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub(super) metric: String,
    pub(super) kind: Option<MetricKind>,
    pub(super) what: What,
}

/// A value, or samples since the start.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What {
    Value(f64),
    Since(Summed),
}

impl<'a> Parts<'a> {
    /// Takes a sample of a series.
    pub(super) fn add(&mut self, part: Part<'a>, value: f64) {
        let place = match part {
            Part::Count => &mut self.count,
            Part::Sum => &mut self.sum,
            Part::Min => &mut self.min,
            Part::Max => &mut self.max,
            Part::Average => &mut self.average,
            Part::Rate => &mut self.rate,
            Part::Bucket(bound) => return self.buckets.push((bound, value)),
            Part::Percentile(end) => return self.percentiles.push((end, value)),
            // They stand alone.
            Part::Gauge | Part::Counter | Part::Untold | Part::Quantile(_) => return,
        };
        *place = Some(value);
    }

    /// What they say together, and what each says by itself where they say nothing together.
    ///
    /// # Errors
    ///
    /// Where they contradict each other.
    pub(super) fn say(&self, role: Role<'_>, told_unit: &str) -> Result<Vec<Said>, Wrong> {
        if !role.is_k6 {
            return self.say_of_others(role.family, told_unit);
        }
        let mut said = Vec::new();
        let gauge = |end: &str, contains, value: f64| {
            let kind = MetricKind { metric_type: MetricType::Gauge, contains };
            let metric = format!("{}_{end}", role.family);
            Said { metric, kind: Some(kind), what: What::Value(value) }
        };
        if let Some(rate) = self.rate {
            match self.failed(role.family, rate)? {
                Some(failed) => said.push(failed),
                None => said.push(gauge("rate", Contains::Default, rate)),
            }
        }
        let trend = self.trend(role.family)?;
        let (contains, factor) = match &trend {
            Some((kind, _)) => (kind.contains, seconds(kind.contains)),
            None => {
                let contains = builtin(role.family).map(|kind| kind.contains).unwrap_or_default();
                (contains, seconds(contains))
            }
        };
        let mut singles: Vec<(&str, f64)> = self.percentiles.clone();
        match trend {
            Some((kind, sum)) => {
                said.push(Said { metric: role.family.to_owned(), kind: Some(kind), what: What::Since(sum) });
            }
            None => {
                let rest = [("sum", self.sum), ("min", self.min), ("max", self.max), ("avg", self.average)];
                singles.extend(rest.into_iter().filter_map(|(end, value)| Some((end, value?))));
                // A count is no time, whatever k6 makes of it.
                let count = self.count.map(|count| if factor == 1.0 { count } else { count * factor });
                said.extend(count.map(|count| gauge("count", Contains::Default, count)));
            }
        }
        said.extend(singles.into_iter().map(|(end, value)| gauge(end, contains, value * factor)));
        Ok(said)
    }

    /// k6's failed requests: their share, of requests that were counted under the same labels.
    fn failed(&self, family: &str, rate: f64) -> Result<Option<Said>, Wrong> {
        let Some(requests) = self.requests.filter(|_| family == "http_req_failed") else { return Ok(None) };
        let count = whole_count(requests)?;
        if !(0.0..=1.0).contains(&rate) {
            return Err(Wrong::with("a rate must be from 0 to 1", rate.to_string()));
        }
        let nonzero = (rate * requests).round() as u64;
        let sum = Summed { count, nonzero, sum: nonzero as f64, ..Summed::default() };
        let kind = family::kind_of_k6(family, MetricType::Rate);
        Ok(Some(Said { metric: family.to_owned(), kind: Some(kind), what: What::Since(sum) }))
    }

    /// A trend of k6's, where it is known of how many samples its statistics are.
    fn trend(&self, family: &str) -> Result<Option<(MetricKind, Summed)>, Wrong> {
        let Some(sum) = self.sum else { return Ok(None) };
        // k6 divides a time's sum and average alike, so that their quotient is the count.
        let quotient = self.average.filter(|average| *average != 0.0).map(|average| sum / average);
        let own = builtin(family).filter(|kind| kind.metric_type == MetricType::Trend);
        let contains = match (own, self.count) {
            (Some(kind), _) => kind.contains,
            (None, Some(count)) if is_divided(count, quotient, self.mean_fits(sum)) => Contains::Time,
            (None, _) => Contains::Default,
        };
        let factor = seconds(contains);
        let Some(count) = self.count.map(|count| count * factor).or(quotient) else { return Ok(None) };
        let whole = count.round();
        if !(whole >= 0.0 && whole <= COUNT as f64) || (count - whole).abs() > 1e-6 * whole.max(1.0) {
            return Err(Wrong::with("a count must be a whole number", count.to_string()));
        }
        let count = whole as u64;
        let scaled = |value: Option<f64>| value.map(|value| value * factor);
        let summed = Summed {
            count,
            nonzero: count,
            sum: sum * factor,
            min: scaled(self.min),
            max: scaled(self.max),
            ..Summed::default()
        };
        Ok(Some((MetricKind { metric_type: MetricType::Trend, contains }, summed)))
    }

    /// Whether so many samples of such a sum would have a mean between least and greatest.
    fn mean_fits(&self, sum: f64) -> impl Fn(f64) -> bool {
        let (min, max) = (self.min, self.max);
        move |count| {
            let mean = sum / count;
            let room = 1e-9 * mean.abs();
            min.is_none_or(|min| min - room <= mean) && max.is_none_or(|max| mean <= max + room)
        }
    }

    fn say_of_others(&self, family: &str, told_unit: &str) -> Result<Vec<Said>, Wrong> {
        let (Some(count), Some(sum)) = (self.count, self.sum) else {
            if !self.buckets.is_empty() {
                return Err(Wrong::new("a histogram's `_sum` and `_count` must be in the same request"));
            }
            // Such a name may end so for any reason.
            let single = |end: &str, value: Option<f64>| {
                let Unit { name, contains, factor } = family::unit(family, told_unit);
                let factor = if end == "count" { 1.0 } else { factor };
                let name =
                    if contains == Contains::Default || end == "count" { family.to_owned() } else { name };
                value.map(|value| Said {
                    metric: format!("{name}_{end}"),
                    kind: None,
                    what: What::Value(value * factor),
                })
            };
            return Ok([single("count", self.count), single("sum", self.sum)]
                .into_iter()
                .flatten()
                .collect());
        };
        let Unit { name, contains, factor } = family::unit(family, told_unit);
        let count = whole_count(count)?;
        let mut summed = Summed { count, nonzero: count, sum: sum * factor, ..Summed::default() };
        if !self.buckets.is_empty() && count > 0 {
            summed.buckets = Some(self.distribution(factor)?.finish(count, None, None)?);
        }
        let kind = MetricKind { metric_type: MetricType::Trend, contains };
        Ok(vec![Said { metric: name, kind: Some(kind), what: What::Since(summed) }])
    }

    /// Classic buckets, of which each has all below it.
    fn distribution(&self, factor: f64) -> Result<Distribution, Wrong> {
        let mut buckets = self.buckets.clone();
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut distribution = Distribution::new(factor);
        let (mut low, mut below) = (f64::NEG_INFINITY, 0);
        for (high, up_to) in buckets {
            let up_to = whole_count(up_to)?;
            let count = up_to.checked_sub(below);
            let count = count.ok_or(Wrong::new("a histogram's buckets must not fall"))?;
            if high.is_nan() || high == low {
                return Err(Wrong::new("a histogram's bounds must be different numbers"));
            }
            distribution.push(low, high, count);
            (low, below) = (high, up_to);
        }
        Ok(distribution)
    }
}

/// What k6 divides times by, so that they are in seconds.
fn seconds(contains: Contains) -> f64 {
    if contains == Contains::Time { 1e3 } else { 1.0 }
}

/// Whether k6 divided a count by 1,000, as it does with all statistics of times: by its quotient of sum and
/// average, by a fraction, or by a mean that would otherwise be impossible.
fn is_divided(count: f64, quotient: Option<f64>, mean_fits: impl Fn(f64) -> bool) -> bool {
    match quotient {
        Some(quotient) => quotient > count * 30.0,
        None => count.fract() != 0.0 || count > 0.0 && !mean_fits(count) && mean_fits(count * 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_k6(family: &str, parts: &Parts<'_>) -> Vec<(String, What)> {
        let role = Role { is_k6: true, family, part: Part::Gauge };
        let said = parts.say(role, "").expect("parts");
        said.into_iter().map(|said| (said.metric, said.what)).collect()
    }

    fn since(count: u64, sum: f64, extremes: Option<(f64, f64)>) -> What {
        let (min, max) = extremes.unzip();
        What::Since(Summed { count, nonzero: count, sum, min, max, ..Summed::default() })
    }

    #[test]
    fn a_time_is_told_from_another_trend_by_what_k6_did_to_its_count() {
        let parts = Parts { count: Some(2.0), sum: Some(10.0), average: Some(5.0), ..Parts::default() };
        assert_eq!(of_k6("hits", &parts), [("hits".to_owned(), since(2, 10.0, None))]);
        let parts = Parts { count: Some(2.0), sum: Some(10.0), average: Some(0.005), ..Parts::default() };
        assert_eq!(of_k6("wait", &parts), [("wait".to_owned(), since(2_000, 10_000.0, None))]);
        let parts = Parts { count: Some(0.002), sum: Some(0.5), ..Parts::default() };
        assert_eq!(of_k6("wait", &parts), [("wait".to_owned(), since(2, 500.0, None))]);
        let parts = Parts {
            count: Some(2.0),
            sum: Some(0.5),
            min: Some(0.0001),
            max: Some(0.001),
            ..Parts::default()
        };
        assert_eq!(of_k6("wait", &parts), [("wait".to_owned(), since(2_000, 500.0, Some((0.1, 1.0))))]);
    }

    #[test]
    fn statistics_without_a_count_stay_values() {
        let parts = Parts { percentiles: vec![("p99", 0.25)], max: Some(0.5), ..Parts::default() };
        let value = |name: &str, value| (name.to_owned(), What::Value(value));
        assert_eq!(
            of_k6("http_req_duration", &parts),
            [value("http_req_duration_p99", 250.0), value("http_req_duration_max", 500.0)]
        );
        assert_eq!(
            of_k6("checks", &Parts { rate: Some(0.5), ..Parts::default() }),
            [value("checks_rate", 0.5)]
        );
    }

    #[test]
    fn failed_requests_are_a_share_of_those_that_were_counted() {
        let parts = Parts { rate: Some(1.0 / 3.0), requests: Some(3.0), ..Parts::default() };
        let failed = Summed { count: 3, nonzero: 1, sum: 1.0, ..Summed::default() };
        assert_eq!(of_k6("http_req_failed", &parts), [("http_req_failed".to_owned(), What::Since(failed))]);
    }
}
