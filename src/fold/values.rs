//! What a metric's type makes of a tally: arrays of the stream, objects of the tables, and what
//! thresholds look at.

use crate::fold::tally::Tally;
use loadgate_documents::{Aggregate, MetricType, Observed, TrendValues, Values, finite};

/// How much is said of a trend.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Detail<'a> {
    /// What the event stream carries.
    Stream,
    /// Its sum and p(99.9) too, these percentiles, 0 to 100, and those that its tool told.
    All(&'a [f64]),
}

/// A tally seen as a metric's type, over a stretch of time.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub tally: &'a Tally,
    pub metric_type: MetricType,
    /// What rates per second are over.
    pub seconds: f64,
}

impl View<'_> {
    /// The array of the event stream; nothing where there is nothing, and null for what of a trend its wire
    /// did not tell.
    pub(crate) fn array(&self) -> Vec<Option<f64>> {
        let tally = self.tally;
        if !tally.has_data() {
            return Vec::new();
        }
        let array = match self.metric_type {
            MetricType::Counter => vec![tally.sum.get(), tally.sum.get() / self.seconds],
            MetricType::Gauge => vec![tally.last],
            MetricType::Rate => vec![tally.ratio()],
            MetricType::Trend => {
                let [med, p90, p95, p99] = tally.percentiles([50.0, 90.0, 95.0, 99.0]);
                let known = [tally.greatest(), med, tally.least(), p90, p95, p99];
                return std::iter::once(tally.avg()).chain(known).map(|known| known.map(finite)).collect();
            }
        };
        array.into_iter().map(|number| Some(finite(number))).collect()
    }

    /// The figures of the documents.
    pub(crate) fn values(&self, detail: Detail) -> Values {
        let tally = self.tally;
        match self.metric_type {
            MetricType::Counter => Values::Counter {
                count: finite(tally.sum.get()),
                rate: finite(tally.sum.get() / self.seconds),
            },
            MetricType::Gauge => {
                let least = tally.least().unwrap_or(tally.last);
                let greatest = tally.greatest().unwrap_or(tally.last);
                Values::Gauge { value: finite(tally.last), min: finite(least), max: finite(greatest) }
            }
            MetricType::Rate => Values::Rate {
                rate: finite(tally.ratio()),
                passes: tally.nonzero,
                fails: tally.count.saturating_sub(tally.nonzero),
            },
            MetricType::Trend => {
                let mut ranks = vec![90.0, 95.0, 99.0];
                if let Detail::All(more) = detail {
                    ranks.push(99.9);
                    ranks.extend_from_slice(more);
                    ranks.extend(tally.told().map(|(rank, _)| rank).filter(|rank| *rank != 50.0));
                    let mut known = Vec::new();
                    ranks.retain(|rank| {
                        !known.contains(rank) && {
                            known.push(*rank);
                            true
                        }
                    });
                }
                Values::Trend(TrendValues {
                    count: tally.number(),
                    avg: tally.avg().map(finite),
                    min: tally.least().map(finite),
                    med: self.percentile(50.0),
                    max: tally.greatest().map(finite),
                    percentiles: ranks.into_iter().map(|rank| (rank, self.percentile(rank))).collect(),
                    sum: tally
                        .number()
                        .filter(|_| matches!(detail, Detail::All(_)))
                        .map(|_| finite(tally.sum.get())),
                })
            }
        }
    }

    /// Whether there are samples that have this figure, and nobody told it.
    pub(crate) fn is_untold(&self, aggregate: Aggregate) -> bool {
        self.tally.has_data() && aggregate.fits(self.metric_type) && self.aggregate(aggregate).is_none()
    }

    fn percentile(&self, percentile: f64) -> Option<f64> {
        let [value] = self.tally.percentiles([percentile]);
        value
    }
}

impl Observed for View<'_> {
    fn aggregate(&self, aggregate: Aggregate) -> Option<f64> {
        let tally = self.tally;
        if !tally.has_data() || !aggregate.fits(self.metric_type) {
            return None;
        }
        Some(match (aggregate, self.metric_type) {
            (Aggregate::Count, MetricType::Trend) => tally.number()? as f64,
            (Aggregate::Count, _) => tally.sum.get(),
            (Aggregate::Rate, MetricType::Rate) => tally.ratio(),
            (Aggregate::Rate, _) => tally.sum.get() / self.seconds,
            (Aggregate::Value, _) => tally.last,
            (Aggregate::Avg, _) => tally.avg()?,
            (Aggregate::Min, _) => tally.least()?,
            (Aggregate::Max, _) => tally.greatest()?,
            (Aggregate::Med, _) => self.percentile(50.0)?,
            (Aggregate::Percentile(percentile), _) => self.percentile(percentile)?,
        })
    }
}
