//! What documents read of a run.

use crate::declare::MetricKind;
use crate::fold::emit::Evaluated;
use crate::fold::generators::Seen;
use crate::fold::run::Run;
use crate::fold::tally::Tally;
use crate::fold::values::ObjectWriter;
use crate::record::SeriesKey;

impl Run {
    /// The names of the stream in byte order, each with its series; `time` has none.
    pub(crate) fn shown(&self) -> impl Iterator<Item = (&str, Option<u32>)> {
        self.shown.iter().map(|(name, shown)| (name.as_str(), shown.series))
    }

    pub(crate) fn series(&self, number: u32) -> &SeriesKey {
        self.series.key(number)
    }

    pub(crate) fn tally(&self, number: u32) -> &Tally {
        &self.totals[number as usize]
    }

    /// Every series with its total, in the order of their appearance.
    pub(crate) fn totals(&self) -> impl Iterator<Item = (&SeriesKey, &Tally)> {
        self.series.keys().iter().zip(&self.totals)
    }

    /// Metrics and submetrics that thresholds, or declarations of submetrics, name.
    pub(crate) fn declared_names(&self) -> impl Iterator<Item = &String> {
        self.declared.thresholds.keys()
    }

    pub(crate) fn kind(&self, metric: &str) -> MetricKind {
        self.kinds.kind(metric)
    }

    /// Unix ms of the window in which a threshold first failed.
    pub(crate) fn first_failed(&self, threshold: &Evaluated) -> Option<i64> {
        let key = (threshold.metric.to_owned(), threshold.expression.to_owned());
        self.first_failed.get(&key).copied()
    }

    pub(crate) fn generators_seen(&self) -> impl Iterator<Item = Seen<'_>> {
        self.generators.seen()
    }

    /// The figures of `health`, but for its generators.
    pub(crate) fn write_counts(&self, object: &mut ObjectWriter) {
        let counts = &self.counts;
        object.number("samples", counts.samples as f64);
        object.number("late", counts.late as f64);
        object.number("misdated", counts.misdated as f64);
        object.number("refused", counts.refused as f64);
        crate::summary::write_refusals(object.field("refusals"), &counts.refusals);
        object.field("thresholdsKnown").push_str(if self.declared.thresholds_known {
            "true"
        } else {
            "false"
        });
        object.number("records", counts.records as f64);
        object.number("received", self.received_ms as f64);
        object.number("idle", self.idle_ms() as f64);
    }
}
