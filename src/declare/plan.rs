//! What scenarios plan over their time: virtual users (k6's executors `constant-vus` and `ramping-vus`), or iterations
//! that begin whatever became of those before (`constant-arrival-rate` and `ramping-arrival-rate`).

use crate::settings::parse_duration_ms;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How much load a scenario plans: straight lines between the ends of its stages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ramp {
    /// When it begins, ms after the test.
    pub start_ms: u64,
    /// At the beginning.
    pub from: u64,
    /// Length of each stage in ms, and how much it is at its end.
    pub stages: Vec<(u64, u64)>,
}

/// The rate that a scenario wants over its time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrivals {
    /// Iterations per unit.
    pub ramp: Ramp,
    /// What rates are per, ms.
    pub unit_ms: u64,
}

/// A scenario of k6's options, as far as it speaks of load.
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
    vus: Option<u64>,
    #[serde(default, rename = "startVUs")]
    start_vus: Option<u64>,
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
        let length = match self.executor.as_deref()? {
            "constant-vus" | "constant-arrival-rate" | "externally-controlled" => {
                parse_duration_ms(self.duration.as_deref()?)?
            }
            "ramping-vus" | "ramping-arrival-rate" => {
                self.stages.as_ref()?.iter().map(Stage::length_ms).sum::<Option<u64>>()?
            }
            _ => return None,
        };
        self.start_ms()?.checked_add(length)
    }

    /// `None`: it has no arrival rate, or one that cannot be read.
    pub(super) fn arrivals(&self) -> Option<Arrivals> {
        let unit_ms = self.time_unit.as_deref().map_or(Some(1_000), parse_duration_ms)?.max(1);
        let ramp = match self.executor.as_deref()? {
            "constant-arrival-rate" => self.constant(self.rate?)?,
            "ramping-arrival-rate" => self.ramping(self.start_rate.unwrap_or(0))?,
            _ => return None,
        };
        Some(Arrivals { ramp, unit_ms })
    }

    /// `None`: it plans no number of virtual users over time, or one that cannot be read.
    pub(super) fn vus(&self) -> Option<Ramp> {
        match self.executor.as_deref()? {
            "constant-vus" => self.constant(self.vus?),
            "ramping-vus" => self.ramping(self.start_vus.unwrap_or(1)),
            _ => None,
        }
    }

    fn constant(&self, load: u64) -> Option<Ramp> {
        let length = parse_duration_ms(self.duration.as_deref()?)?;
        Some(Ramp { start_ms: self.start_ms()?, from: load, stages: vec![(length, load)] })
    }

    fn ramping(&self, from: u64) -> Option<Ramp> {
        let stages = self.stages.as_ref()?.iter();
        let stages = stages.map(|stage| Some((stage.length_ms()?, stage.target?))).collect::<Option<_>>()?;
        Some(Ramp { start_ms: self.start_ms()?, from, stages })
    }

    fn start_ms(&self) -> Option<u64> {
        self.start_time.as_deref().map_or(Some(0), parse_duration_ms)
    }
}

impl Stage {
    fn length_ms(&self) -> Option<u64> {
        self.duration.as_deref().map_or(Some(0), parse_duration_ms)
    }
}

impl Arrivals {
    /// Iterations that should have begun by then (ms after the test's start), and for how many
    /// seconds the scenario had been at it.
    pub fn wanted(&self, at_ms: u64) -> (f64, f64) {
        let mut rest = at_ms.saturating_sub(self.ramp.start_ms);
        let (mut iterations, mut seconds, mut rate) = (0.0, 0.0, self.ramp.from as f64);
        for &(length, target) in &self.ramp.stages {
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
}

impl Ramp {
    /// When each of its stages begins, ms after the test, and the end of the last.
    fn borders(&self) -> impl Iterator<Item = u64> + '_ {
        let lengths = self.stages.iter().map(|(length, _)| *length);
        let ends = lengths.scan(self.start_ms, |at, length| {
            *at = at.saturating_add(length);
            Some(*at)
        });
        std::iter::once(self.start_ms).chain(ends)
    }

    /// How much it is at the beginning and the end of what lies between two neighbouring borders.
    fn ends(&self, from_ms: u64, to_ms: u64) -> (f64, f64) {
        let (mut begin, mut load) = (self.start_ms, self.from as f64);
        for &(length, target) in &self.stages {
            let end = begin.saturating_add(length);
            if begin <= from_ms && to_ms <= end && length > 0 {
                let at = |ms: u64| load + (target as f64 - load) * ((ms - begin) as f64 / length as f64);
                return (at(from_ms), at(to_ms));
            }
            (begin, load) = (end, target as f64);
        }
        (0.0, 0.0)
    }
}

/// The longest time, ms after the test's start, in which all of them together plan one load that is not below
/// `share` of the greatest; `None` where they only ever climb and fall. Each counts in units of so many to one.
pub(crate) fn steady<'a>(
    of: impl Iterator<Item = (&'a Ramp, u64)> + Clone,
    share: f64,
) -> Option<(u64, u64)> {
    let borders: BTreeSet<u64> = of.clone().flat_map(|(ramp, _)| ramp.borders()).collect();
    let borders: Vec<u64> = borders.into_iter().collect();
    let parts: Vec<(u64, u64, f64, f64)> = borders
        .windows(2)
        .map(|pair| {
            let ends = of.clone().map(|(ramp, unit)| (ramp.ends(pair[0], pair[1]), unit as f64));
            let (first, last) =
                ends.fold((0.0, 0.0), |sum, (one, unit)| (sum.0 + one.0 / unit, sum.1 + one.1 / unit));
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
        let ramp = |start_ms, stages: &[(u64, u64)]| Ramp { start_ms, from: 0, stages: stages.to_vec() };
        let steady = |of: &[Ramp]| super::steady(of.iter().map(|ramp| (ramp, 1_000)), 0.95);
        // Up, on, down.
        let one = ramp(0, &[(30_000, 50), (90_000, 50), (10_000, 0)]);
        assert_eq!(steady(std::slice::from_ref(&one)), Some((30_000, 120_000)));
        // A shorter time at a greater rate counts, and a longer one well below does not.
        let steps = ramp(0, &[(0, 10), (60_000, 10), (0, 100), (20_000, 100)]);
        assert_eq!(steady(&[steps]), Some((60_000, 80_000)));
        // Together they are steady where both are.
        let other = Ramp { from: 20, ..ramp(60_000, &[(120_000, 20)]) };
        assert_eq!(steady(&[one, other]), Some((60_000, 120_000)));
        assert_eq!(steady(&[ramp(0, &[(30_000, 50), (30_000, 0)])]), None);
        assert_eq!(steady(&[]), None);
        // A rate by the minute beside one by the second.
        let slow = Ramp { from: 6_000, ..ramp(0, &[(60_000, 6_000)]) };
        let quick = Ramp { from: 1, ..ramp(60_000, &[(120_000, 1)]) };
        assert_eq!(super::steady([(&slow, 60_000), (&quick, 1_000)].into_iter(), 0.95), Some((0, 60_000)));
    }

    #[test]
    fn virtual_users_are_planned_by_stages_or_for_a_time() {
        let vus = |json: &str| serde_json::from_str::<Scenario>(json).unwrap().vus();
        let constant = r#"{"executor":"constant-vus","vus":3,"startTime":"5s","duration":"1m0s"}"#;
        assert_eq!(vus(constant), Some(Ramp { start_ms: 5_000, from: 3, stages: vec![(60_000, 3)] }));
        let ramping =
            r#"{"executor":"ramping-vus","startVUs":2,"stages":[{"duration":"1s","target":9},{"target":0}]}"#;
        assert_eq!(vus(ramping), Some(Ramp { start_ms: 0, from: 2, stages: vec![(1_000, 9), (0, 0)] }));
        assert_eq!(vus(r#"{"executor":"shared-iterations","vus":3,"iterations":9}"#), None);
        assert_eq!(vus(r#"{"executor":"constant-arrival-rate","rate":3,"duration":"1m0s"}"#), None);
    }

    #[test]
    fn other_scenarios_want_no_rate() {
        assert_eq!(read(r#"{"executor":"constant-vus","vus":3,"duration":"1m0s"}"#), None);
        assert_eq!(read(r#"{"executor":"constant-arrival-rate","duration":"1m0s"}"#), None);
        assert_eq!(read("{}"), None);
    }
}
