//! Wanted against achieved: what scenarios of an arrival rate asked for, what came of it, and how many
//! iterations were dropped.

use crate::fold::run::Run;
use crate::record::{Dimension, SeriesKey};
use loadgate_documents::WantedLoad;
use std::collections::BTreeMap;

/// Iterations that were dropped, as a share of what was wanted, from which on the load was less than the test asked
/// for: k6 drops one now and then where all is well, as when VUs are only just being made.
const LITTLE: f64 = 0.01;
/// A run that reached less than this share of what was wanted fell short of it, whatever was dropped.
const ENOUGH: f64 = 0.95;
/// What is under way when one looks is no shortfall: it shows in large numbers only.
const FEW: f64 = 20.0;

/// Whether so many dropped iterations of those that were wanted are worth a warning.
fn is_much(dropped: f64, wanted: f64) -> bool {
    dropped > 0.0 && dropped >= wanted * LITTLE
}

impl Run {
    /// Scenarios whose options say what they want, and those that dropped iterations.
    pub(crate) fn wanted(&self) -> Vec<WantedLoad> {
        let sum = |dimension, key: Vec<String>, metric: &str| {
            let key = SeriesKey { dimension, key, metric: metric.to_owned() };
            let number = self.series.find(&key)?;
            self.totals.get(number as usize).filter(|tally| tally.count > 0).map(|tally| tally.sum.get())
        };
        let of = |scenario: &str, metric: &str| sum(Dimension::Scenario, vec![scenario.to_owned()], metric);
        let all = |metric: &str| sum(Dimension::Metric, Vec::new(), metric);
        let elapsed = self.seconds();
        let mut found = BTreeMap::new();
        for (scenario, arrivals) in &self.declared.arrivals {
            let (wanted, seconds) = arrivals.wanted((elapsed * 1e3) as u64);
            if seconds == 0.0 {
                continue;
            }
            let alone = self.declared.scenarios.len() == 1;
            let reached = of(scenario, "iterations").or_else(|| all("iterations").filter(|_| alone));
            let reached = reached.or_else(|| all("iterations").is_none().then_some(0.0));
            let dropped = of(scenario, "dropped_iterations");
            let dropped = dropped.or_else(|| all("dropped_iterations").filter(|_| alone)).unwrap_or(0.0);
            let wanted = wanted.round();
            let few = reached.is_some_and(|reached| wanted >= FEW && reached < wanted * ENOUGH);
            // While a run lives, what is under way is neither reached nor lost.
            let short = is_much(dropped, wanted) || (few && !self.live);
            let one = WantedLoad { scenario: scenario.clone(), wanted, reached, dropped, seconds, short };
            found.insert(scenario.clone(), one);
        }
        let rows = self
            .series
            .keys()
            .iter()
            .filter(|key| key.dimension == Dimension::Scenario && key.metric == "dropped_iterations");
        let mut named: Vec<String> = rows.filter_map(|key| key.key.first().cloned()).collect();
        if named.is_empty() && found.is_empty() {
            named.push(String::new());
        }
        for scenario in named {
            let get = |metric| if scenario.is_empty() { all(metric) } else { of(&scenario, metric) };
            let dropped = get("dropped_iterations").unwrap_or(0.0);
            if dropped > 0.0 && !found.contains_key(&scenario) {
                // Nobody told the options; but what was dropped had been wanted.
                let reached = get("iterations").unwrap_or(0.0);
                let wanted = reached + dropped;
                let one = WantedLoad {
                    scenario: scenario.clone(),
                    wanted,
                    reached: Some(reached),
                    dropped,
                    seconds: elapsed,
                    short: is_much(dropped, wanted),
                };
                found.insert(scenario, one);
            }
        }
        found.into_values().collect()
    }

    /// Planned duration without graceful stops, ms.
    pub(crate) fn planned_ms(&self) -> Option<u64> {
        self.declared.planned_ms
    }

    /// When its load is planned to be steady, within `share` of the greatest, ms after its start.
    pub(crate) fn steady_ms(&self, share: f64) -> Option<(u64, u64)> {
        self.declared.steady_ms(share)
    }

    /// The types that a metric can have, where its type is not known.
    pub(crate) fn possible_types(&self, metric: &str) -> Option<&[loadgate_documents::MetricType]> {
        self.kinds.possible(metric)
    }
}
