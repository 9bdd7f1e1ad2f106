//! What documents read of a run.

use crate::fold::generators::Seen;
use crate::fold::run::{Counts, Run};
use crate::fold::tally::Tally;
use crate::record::example::Example;
use crate::record::{Dimension, SeriesKey};
use loadgate_documents::MetricKind;
use std::collections::BTreeMap;

impl Run {
    /// The names of the stream in byte order, each with its series; `time` has none.
    pub(crate) fn shown(&self) -> impl Iterator<Item = (&str, Option<u32>)> {
        self.stream.shown.iter().map(|(name, shown)| (name.as_str(), shown.series))
    }

    /// The tags of the whole run, each with its values; those that documents show.
    pub(crate) fn tags(&self) -> BTreeMap<String, Vec<String>> {
        self.tags.shown()
    }

    /// How many others there are.
    pub(crate) fn more_tags(&self) -> u64 {
        self.tags.more()
    }

    pub(crate) fn series(&self, number: u32) -> &SeriesKey {
        self.series.key(number)
    }

    pub(crate) fn tally(&self, number: u32) -> &Tally {
        &self.totals[number as usize]
    }

    /// Every series with its total, by its number.
    pub(crate) fn totals(&self) -> impl Iterator<Item = (&SeriesKey, &Tally)> {
        self.series.keys().iter().zip(&self.totals)
    }

    /// How many earlier samples of a row are in `(other)`, at most, of each of its metrics.
    pub(crate) fn missed(&self, dimension: Dimension, key: &[String]) -> u64 {
        self.series.missed(dimension, key)
    }

    /// About how many names of requests were shortened to that of a row.
    pub(crate) fn names(&self, key: &[String]) -> Option<u64> {
        self.series.names(key)
    }

    /// The first of the failures that are a row of statuses.
    pub(crate) fn example(&self, key: &[String]) -> Option<&Example> {
        self.series.example(key)
    }

    /// Metrics and submetrics that thresholds, or declarations of submetrics, name.
    pub(crate) fn declared_names(&self) -> impl Iterator<Item = &String> {
        self.declared.thresholds.keys()
    }

    /// Percentiles that objectives ask for of a metric or submetric.
    pub(crate) fn percentiles(&self, name: &str) -> impl Iterator<Item = &String> {
        self.declared.percentiles.get(name).into_iter().flatten()
    }

    pub(crate) fn kind(&self, metric: &str) -> MetricKind {
        self.kinds.kind(metric)
    }

    pub(crate) fn generators_seen(&self) -> impl Iterator<Item = Seen<'_>> {
        self.generators.seen()
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Whether there are no other thresholds than those that are known.
    pub(crate) fn thresholds_known(&self) -> bool {
        self.declared.thresholds_known
    }

    /// Unix ms at which the newest record came.
    pub(crate) fn received_ms(&self) -> i64 {
        self.received_ms as i64
    }
}
