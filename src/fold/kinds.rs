//! What type a run shows a metric as.

use crate::declare::Declarations;
use crate::fold::tally::Tally;
use loadgate_documents::builtin;
use loadgate_documents::{Contains, MetricKind, MetricType};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The types of a run's custom metrics. A declaration decides, and the first that the run sees
/// stands; until one comes, a type that threshold expressions told does, now or in an earlier run.
/// Else the type is not known: what is shown is a guess by values (all 1 make a counter, all 0 or
/// 1 a rate, anything else a trend, and within a run a guess moves only in that direction), said
/// to be one, and no threshold passes on it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Kinds {
    declared: BTreeMap<String, MetricKind>,
    learnt: BTreeMap<String, MetricType>,
    guessed: BTreeMap<String, MetricType>,
    /// What thresholds leave of the types of metrics that are not known.
    narrowed: BTreeMap<String, Vec<MetricType>>,
}

impl Kinds {
    /// Takes over what a set declares of metrics that were not declared before.
    pub(super) fn declare(&mut self, set: &Declarations) {
        for (name, kind) in &set.metrics {
            if !self.declared.contains_key(name) {
                self.declared.insert(name.clone(), *kind);
                self.guessed.remove(name);
            }
        }
        self.learnt.clone_from(&set.learnt);
        let bases = set.thresholds.keys().filter_map(|name| name.split('{').next());
        self.narrowed = bases.map(|name| (name.to_owned(), set.possible_types(name))).collect();
    }

    /// What was declared of a metric, by k6 or by people.
    fn declared(&self, metric: &str) -> Option<MetricKind> {
        builtin(metric).or_else(|| self.declared.get(metric).copied())
    }

    /// The type that is known for certain.
    pub(super) fn certain(&self, metric: &str) -> Option<MetricKind> {
        self.declared(metric).or_else(|| {
            let metric_type = *self.learnt.get(metric)?;
            Some(MetricKind { metric_type, contains: Contains::Default })
        })
    }

    /// The types that are possible, where the type is not known.
    pub(super) fn possible(&self, metric: &str) -> Option<&[MetricType]> {
        if self.certain(metric).is_some() {
            return None;
        }
        let narrowed = self.narrowed.get(metric).filter(|types| !types.is_empty());
        Some(narrowed.map_or(&MetricType::ALL, Vec::as_slice))
    }

    /// The type to show.
    pub(super) fn kind(&self, metric: &str) -> MetricKind {
        self.certain(metric).unwrap_or_else(|| {
            let guess = self.guessed.get(metric).copied().unwrap_or(MetricType::Trend);
            let possible = self.possible(metric).unwrap_or_default();
            // A guess must not contradict what is known.
            let metric_type = match possible {
                [first, ..] if !possible.contains(&guess) => *first,
                _ => guess,
            };
            MetricKind { metric_type, contains: Contains::Default }
        })
    }

    /// Looks at all values of a metric so far.
    pub(super) fn guess(&mut self, metric: &str, tally: &Tally) {
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

    /// Whether percentiles of a metric can be asked for: also of one whose type was only learnt, for
    /// a declaration may still say otherwise.
    pub(super) fn keeps_distribution(&self, metric: &str) -> bool {
        self.declared(metric).is_none_or(|kind| kind.metric_type == MetricType::Trend)
    }
}
