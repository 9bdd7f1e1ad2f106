//! What a metric's type makes of a tally: arrays of the stream, objects of the tables, and what
//! thresholds look at.

use crate::declare::{Aggregate, MetricType, Values};
use crate::events::{Digits, write_number, write_text};
use crate::fold::tally::Tally;

/// A tally seen as a metric's type, over a stretch of time.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub tally: &'a Tally,
    pub metric_type: MetricType,
    /// What rates per second are over.
    pub seconds: f64,
}

impl View<'_> {
    /// The array of the event stream; `[]` where there is nothing.
    pub fn write_array(&self, out: &mut String) {
        let tally = self.tally;
        let mut list = |numbers: &[f64]| {
            out.push('[');
            for (at, &number) in numbers.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_number(out, number, Digits::Five);
            }
            out.push(']');
        };
        if tally.count == 0 {
            return list(&[]);
        }
        match self.metric_type {
            MetricType::Counter => list(&[tally.sum.get(), tally.sum.get() / self.seconds]),
            MetricType::Gauge => list(&[tally.last]),
            MetricType::Rate => list(&[tally.ratio()]),
            MetricType::Trend => {
                // A series that was a counter to its writers has no distribution.
                match tally.sketch.quantiles([0.5, 0.9, 0.95, 0.99], tally.min, tally.max) {
                    Some([med, p90, p95, p99]) => {
                        list(&[tally.avg(), tally.max, med, tally.min, p90, p95, p99]);
                    }
                    None => list(&[]),
                }
            }
        }
    }

    /// The object `VALUES` of the documents. `more` are further percentiles of a trend, 0 to 100;
    /// with [`Digits::All`] come `p(99.9)` and `sum` too.
    pub fn write_values(&self, out: &mut String, digits: Digits, more: &[f64]) {
        let tally = self.tally;
        let mut object = ObjectWriter::new(out, digits);
        match self.metric_type {
            MetricType::Counter => {
                object.number("count", tally.sum.get());
                object.number("rate", tally.sum.get() / self.seconds);
            }
            MetricType::Gauge => {
                object.number("value", tally.last);
                object.number("min", tally.min);
                object.number("max", tally.max);
            }
            MetricType::Rate => {
                object.number("rate", tally.ratio());
                object.number("passes", tally.nonzero as f64);
                object.number("fails", tally.count.saturating_sub(tally.nonzero) as f64);
            }
            MetricType::Trend => {
                object.number("count", tally.count as f64);
                object.number("avg", tally.avg());
                object.number("min", tally.min);
                object.number("med", self.percentile(50.0));
                object.number("max", tally.max);
                for percentile in [90.0, 95.0, 99.0] {
                    object.number(&format!("p({percentile})"), self.percentile(percentile));
                }
                if digits == Digits::All {
                    object.number("p(99.9)", self.percentile(99.9));
                    object.number("sum", tally.sum.get());
                    for &percentile in more {
                        if ![90.0, 95.0, 99.0, 99.9].contains(&percentile) {
                            object.number(&format!("p({percentile})"), self.percentile(percentile));
                        }
                    }
                }
            }
        }
        object.end();
    }

    fn percentile(&self, percentile: f64) -> f64 {
        self.tally.sketch.quantile(percentile / 100.0, self.tally.min, self.tally.max).unwrap_or(0.0)
    }
}

impl Values for View<'_> {
    fn aggregate(&self, aggregate: Aggregate) -> Option<f64> {
        let tally = self.tally;
        if tally.count == 0 || !aggregate.fits(self.metric_type) {
            return None;
        }
        Some(match (aggregate, self.metric_type) {
            (Aggregate::Count, MetricType::Trend) => tally.count as f64,
            (Aggregate::Count, _) => tally.sum.get(),
            (Aggregate::Rate, MetricType::Rate) => tally.ratio(),
            (Aggregate::Rate, _) => tally.sum.get() / self.seconds,
            (Aggregate::Value, _) => tally.last,
            (Aggregate::Avg, _) => tally.avg(),
            (Aggregate::Min, _) => tally.min,
            (Aggregate::Max, _) => tally.max,
            (Aggregate::Med, _) => self.percentile(50.0),
            (Aggregate::Percentile(percentile), _) => self.percentile(percentile),
        })
    }
}

/// Writes one JSON object, field by field.
pub struct ObjectWriter<'a> {
    out: &'a mut String,
    digits: Digits,
    first: bool,
}

impl<'a> ObjectWriter<'a> {
    pub fn new(out: &'a mut String, digits: Digits) -> Self {
        out.push('{');
        ObjectWriter { out, digits, first: true }
    }

    pub fn digits(&self) -> Digits {
        self.digits
    }

    /// A field whose value the caller writes.
    pub fn field(&mut self, name: &str) -> &mut String {
        if !self.first {
            self.out.push(',');
        }
        self.first = false;
        write_text(self.out, name);
        self.out.push(':');
        self.out
    }

    pub fn number(&mut self, name: &str, number: f64) {
        let digits = self.digits;
        write_number(self.field(name), number, digits);
    }

    /// `null` where there is none.
    pub fn maybe(&mut self, name: &str, number: Option<f64>) {
        match number {
            Some(number) => self.number(name, number),
            None => self.field(name).push_str("null"),
        }
    }

    pub fn text(&mut self, name: &str, text: &str) {
        write_text(self.field(name), text);
    }

    pub fn end(self) {
        self.out.push('}');
    }
}

/// Writes a JSON array, item by item.
pub fn write_list<T>(
    out: &mut String,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut String, T),
) {
    out.push('[');
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}
