//! What type a run shows a metric as.

use crate::declare::{Contains, Declarations, MetricKind, MetricType, builtin};
use crate::fold::tally::Tally;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The types of a run's custom metrics. A declaration decides, and the first that the run sees
/// stands; until one comes, values do: all 1 make a counter, all 0 or 1 a rate, anything else a
/// trend, and within a run a guess moves only in that direction.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Kinds {
    declared: BTreeMap<String, MetricKind>,
    guessed: BTreeMap<String, MetricType>,
}

impl Kinds {
    /// Takes over what a set declares of metrics that were not declared before.
    pub fn declare(&mut self, set: &Declarations) {
        for (name, kind) in &set.metrics {
            if !self.declared.contains_key(name) {
                self.declared.insert(name.clone(), *kind);
                self.guessed.remove(name);
            }
        }
    }

    /// The type that is known for certain.
    pub fn certain(&self, metric: &str) -> Option<MetricKind> {
        builtin(metric).or_else(|| self.declared.get(metric).copied())
    }

    /// The type to show.
    pub fn kind(&self, metric: &str) -> MetricKind {
        self.certain(metric).unwrap_or_else(|| MetricKind {
            metric_type: self.guessed.get(metric).copied().unwrap_or(MetricType::Trend),
            contains: Contains::Default,
        })
    }

    /// Looks at all values of a metric so far.
    pub fn guess(&mut self, metric: &str, tally: &Tally) {
        if tally.count == 0 || self.certain(metric).is_some() {
            return;
        }
        let all_one = tally.min == 1.0 && tally.max == 1.0;
        // Between 0 and 1, and as large in sum as there are non-zeros: each of these is 1.
        let zero_or_one = tally.min >= 0.0 && tally.max <= 1.0 && tally.sum.get() == tally.nonzero as f64;
        let guess = match self.guessed.get(metric) {
            Some(MetricType::Trend) => return,
            Some(MetricType::Rate) if zero_or_one => return,
            None | Some(MetricType::Counter) if all_one => MetricType::Counter,
            _ if zero_or_one => MetricType::Rate,
            _ => MetricType::Trend,
        };
        if self.guessed.get(metric) != Some(&guess) {
            self.guessed.insert(metric.to_owned(), guess);
        }
    }

    /// Whether percentiles of a metric can be asked for.
    pub fn keeps_distribution(&self, metric: &str) -> bool {
        self.certain(metric).is_none_or(|kind| kind.metric_type == MetricType::Trend)
    }
}
