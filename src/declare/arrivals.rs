//! What scenarios of an arrival rate want: iterations that begin whatever became of those before
//! (k6's executors `constant-arrival-rate` and `ramping-arrival-rate`).

use crate::settings::parse_duration_ms;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The rate that a scenario wants over its time: straight lines between the ends of its stages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrivals {
    /// When it begins, ms after the test.
    pub start_ms: u64,
    /// What rates are per, ms.
    pub unit_ms: u64,
    /// Iterations per unit at the beginning.
    pub from: u64,
    /// Length of each stage in ms, and the rate at its end.
    pub stages: Vec<(u64, u64)>,
}

/// A scenario of k6's options, as far as it speaks of arrivals.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Scenario {
    #[serde(default)]
    executor: Option<String>,
    #[serde(default)]
    start_time: Option<String>,
    #[serde(default)]
    time_unit: Option<String>,
    #[serde(default)]
    rate: Option<u64>,
    #[serde(default)]
    duration: Option<String>,
    #[serde(default)]
    start_rate: Option<u64>,
    #[serde(default)]
    stages: Option<Vec<Stage>>,
}

#[derive(Deserialize)]
struct Stage {
    #[serde(default)]
    duration: Option<String>,
    #[serde(default)]
    target: Option<u64>,
}

impl Scenario {
    /// When it ends by the clock, ms after the test's start, graceful stop left out; `None` where it
    /// ends with its iterations, whose `maxDuration` is seldom reached.
    pub(super) fn ends_ms(&self) -> Option<u64> {
        let start_ms = self.start_time.as_deref().map_or(Some(0), parse_duration_ms)?;
        let length = match self.executor.as_deref()? {
            "constant-vus" | "constant-arrival-rate" | "externally-controlled" => {
                parse_duration_ms(self.duration.as_deref()?)?
            }
            "ramping-vus" | "ramping-arrival-rate" => {
                let stages = self.stages.as_ref()?.iter();
                stages
                    .map(|stage| stage.duration.as_deref().map_or(Some(0), parse_duration_ms))
                    .sum::<Option<u64>>()?
            }
            _ => return None,
        };
        start_ms.checked_add(length)
    }

    /// `None`: it has no arrival rate, or one that cannot be read.
    pub(super) fn arrivals(self) -> Option<Arrivals> {
        let ms = |text: Option<&str>, otherwise| text.map_or(Some(otherwise), parse_duration_ms);
        let start_ms = ms(self.start_time.as_deref(), 0)?;
        let unit_ms = ms(self.time_unit.as_deref(), 1_000)?.max(1);
        match self.executor.as_deref()? {
            "constant-arrival-rate" => {
                let (rate, length) = (self.rate?, parse_duration_ms(self.duration.as_deref()?)?);
                Some(Arrivals { start_ms, unit_ms, from: rate, stages: vec![(length, rate)] })
            }
            "ramping-arrival-rate" => {
                let stages = self
                    .stages?
                    .into_iter()
                    .map(|stage| Some((ms(stage.duration.as_deref(), 0)?, stage.target?)));
                let stages = stages.collect::<Option<_>>()?;
                Some(Arrivals { start_ms, unit_ms, from: self.start_rate.unwrap_or(0), stages })
            }
            _ => None,
        }
    }
}

impl Arrivals {
    /// Iterations that should have begun by then (ms after the test's start), and for how many
    /// seconds the scenario had been at it.
    pub fn wanted(&self, at_ms: u64) -> (f64, f64) {
        let mut rest = at_ms.saturating_sub(self.start_ms);
        let (mut iterations, mut seconds, mut rate) = (0.0, 0.0, self.from as f64);
        for &(length, target) in &self.stages {
            if length == 0 {
                rate = target as f64;
                continue;
            }
            let part = rest.min(length);
            let until = rate + (target as f64 - rate) * (part as f64 / length as f64);
            iterations += (rate + until) / 2.0 * part as f64 / self.unit_ms as f64;
            seconds += part as f64 / 1e3;
            rest -= part;
            if rest == 0 {
                break;
            }
            rate = target as f64;
        }
        (iterations, seconds)
    }

    /// When each of its stages begins, ms after the test, and the end of the last.
    fn borders(&self) -> impl Iterator<Item = u64> + '_ {
        let lengths = self.stages.iter().map(|(length, _)| *length);
        let ends = lengths.scan(self.start_ms, |at, length| {
            *at = at.saturating_add(length);
            Some(*at)
        });
        std::iter::once(self.start_ms).chain(ends)
    }

    /// Iterations per ms at the beginning and the end of what lies between two neighbouring borders.
    fn rates(&self, from_ms: u64, to_ms: u64) -> (f64, f64) {
        let (mut begin, mut rate) = (self.start_ms, self.from as f64);
        for &(length, target) in &self.stages {
            let end = begin.saturating_add(length);
            if begin <= from_ms && to_ms <= end && length > 0 {
                let at = |ms: u64| rate + (target as f64 - rate) * ((ms - begin) as f64 / length as f64);
                return (at(from_ms) / self.unit_ms as f64, at(to_ms) / self.unit_ms as f64);
            }
            (begin, rate) = (end, target as f64);
        }
        (0.0, 0.0)
    }
}

/// The longest time, ms after the test's start, in which all of them together plan one rate that is not below
/// `share` of the greatest; `None` where they only ever climb and fall.
pub(crate) fn steady<'a>(of: impl Iterator<Item = &'a Arrivals> + Clone, share: f64) -> Option<(u64, u64)> {
    let borders: BTreeSet<u64> = of.clone().flat_map(Arrivals::borders).collect();
    let borders: Vec<u64> = borders.into_iter().collect();
    let parts: Vec<(u64, u64, f64, f64)> = borders
        .windows(2)
        .map(|pair| {
            let rates = of.clone().map(|arrivals| arrivals.rates(pair[0], pair[1]));
            let (first, last) = rates.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            (pair[0], pair[1], first, last)
        })
        .collect();
    let most = parts.iter().map(|&(.., first, last)| f64::max(first, last)).fold(0.0, f64::max);
    let same = |one: f64, other: f64| (one - other).abs() <= most * 1e-9;
    let flat = |&(.., first, last): &(u64, u64, f64, f64)| same(first, last) && first >= most * share;
    let together = parts.chunk_by(|one, other| flat(one) && flat(other) && same(one.3, other.2));
    let spans = together.filter(|parts| most > 0.0 && flat(&parts[0]));
    let spans = spans.map(|parts| (parts[0].0, parts.last().map_or(parts[0].1, |last| last.1)));
    // Of equals the first.
    spans.reduce(|long, span| if span.1 - span.0 > long.1 - long.0 { span } else { long })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<Arrivals> {
        serde_json::from_str::<Scenario>(json).unwrap().arrivals()
    }

    #[test]
    fn a_constant_rate_wants_its_iterations_in_its_time_and_no_more() {
        let arrivals = read(
            r#"{"executor":"constant-arrival-rate","startTime":"10s","rate":30,"timeUnit":"1m0s","duration":"2m0s"}"#,
        );
        let arrivals = arrivals.unwrap();
        assert_eq!(arrivals.wanted(10_000), (0.0, 0.0));
        assert_eq!(arrivals.wanted(70_000), (30.0, 60.0));
        assert_eq!(arrivals.wanted(u64::MAX), (60.0, 120.0));
    }

    #[test]
    fn a_ramp_is_the_area_below_its_line() {
        let arrivals = read(
            r#"{"executor":"ramping-arrival-rate","startRate":0,"timeUnit":"1s","startTime":null,
                "stages":[{"duration":"10s","target":10},{"duration":"0s","target":2},{"duration":"5s","target":2}]}"#,
        );
        let arrivals = arrivals.unwrap();
        assert_eq!(arrivals.wanted(5_000), (12.5, 5.0));
        assert_eq!(arrivals.wanted(10_000), (50.0, 10.0));
        assert_eq!(arrivals.wanted(60_000), (60.0, 15.0));
    }

    #[test]
    fn a_scenario_ends_by_the_clock_or_with_its_iterations() {
        let ends = |json: &str| serde_json::from_str::<Scenario>(json).unwrap().ends_ms();
        assert_eq!(ends(r#"{"executor":"constant-vus","startTime":"5s","duration":"1m0s"}"#), Some(65_000));
        let ramp = r#"{"executor":"ramping-vus","stages":[{"duration":"1s","target":1},{"duration":"2s","target":0}]}"#;
        assert_eq!(ends(ramp), Some(3_000));
        assert_eq!(ends(r#"{"executor":"per-vu-iterations","maxDuration":"10m0s"}"#), None);
    }

    #[test]
    fn what_is_planned_to_be_steady_is_the_longest_time_at_the_greatest_rate() {
        let ramp = |start_ms, stages: &[(u64, u64)]| Arrivals {
            start_ms,
            unit_ms: 1_000,
            from: 0,
            stages: stages.to_vec(),
        };
        let steady = |of: &[Arrivals]| super::steady(of.iter(), 0.95);
        // Up, on, down.
        let one = ramp(0, &[(30_000, 50), (90_000, 50), (10_000, 0)]);
        assert_eq!(steady(std::slice::from_ref(&one)), Some((30_000, 120_000)));
        // A shorter time at a greater rate counts, and a longer one well below does not.
        let steps = ramp(0, &[(0, 10), (60_000, 10), (0, 100), (20_000, 100)]);
        assert_eq!(steady(&[steps]), Some((60_000, 80_000)));
        // Together they are steady where both are.
        let other = Arrivals { from: 20, ..ramp(60_000, &[(120_000, 20)]) };
        assert_eq!(steady(&[one, other]), Some((60_000, 120_000)));
        assert_eq!(steady(&[ramp(0, &[(30_000, 50), (30_000, 0)])]), None);
        assert_eq!(steady(&[]), None);
    }

    #[test]
    fn other_scenarios_want_no_rate() {
        assert_eq!(read(r#"{"executor":"constant-vus","vus":3,"duration":"1m0s"}"#), None);
        assert_eq!(read(r#"{"executor":"constant-arrival-rate","duration":"1m0s"}"#), None);
        assert_eq!(read("{}"), None);
    }
}
