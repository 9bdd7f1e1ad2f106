//! What a data point says, in milliseconds and bytes.

use super::messages::{
    Buckets, ExponentialHistogramDataPoint, HistogramDataPoint, KeyValue, NumberDataPoint, SummaryDataPoint,
};
use super::walk::{Element, Shape};
use crate::distribution::{COUNT, Distribution, power};
use crate::{Summed, Wrong};
use prost::Message;
use serde::de::DeserializeOwned;

/// `DataPointFlags`: nothing was recorded, the series has ended.
const NO_RECORDED_VALUE: u32 = 1;

/// Scales of an exponential histogram: SDKs use -10 to 20.
const SCALES: std::ops::RangeInclusive<i32> = -10..=20;

/// A data point.
#[derive(Debug)]
pub(super) struct Datum {
    pub(super) attributes: Vec<KeyValue>,
    pub(super) start_ns: Option<i64>,
    pub(super) time_ns: Option<i64>,
    pub(super) says: Says,
}

/// What it says.
#[derive(Debug)]
pub(super) enum Says {
    Number(f64),
    Samples(Summed),
}

/// How its numbers are to be understood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// What they are multiplied by to be in milliseconds or bytes.
    pub(super) factor: f64,
    /// Least and greatest sample are those of the interval, so that they bound its buckets. Where they are of all
    /// samples since the start, buckets keep their bounds, by which they can be subtracted.
    pub(super) cut: bool,
}

/// Reads a data point; `None`: it says that there is none.
///
/// # Errors
///
/// Where it says nothing that can be counted.
pub(super) fn read(shape: Shape, point: Element<'_>, reading: Reading) -> Result<Option<Datum>, Wrong> {
    match shape {
        Shape::Gauge | Shape::Sum { .. } => read_as::<NumberDataPoint>(point, reading),
        Shape::Histogram(_) => read_as::<HistogramDataPoint>(point, reading),
        Shape::Exponential(_) => read_as::<ExponentialHistogramDataPoint>(point, reading),
        Shape::Summary => read_as::<SummaryDataPoint>(point, reading),
    }
}

fn read_as<P: DataPoint>(point: Element<'_>, reading: Reading) -> Result<Option<Datum>, Wrong> {
    let mut point: P = point.read()?;
    let about = point.about();
    if about.flags & NO_RECORDED_VALUE != 0 {
        return Ok(None);
    }
    // 0 stands for a time that is not known.
    let instant = |nanos: u64| i64::try_from(nanos).ok().filter(|nanos| *nanos > 0);
    Ok(Some(Datum {
        says: point.says(reading)?,
        attributes: about.attributes,
        start_ns: instant(about.start),
        time_ns: instant(about.time),
    }))
}

/// What every data point has.
struct About {
    attributes: Vec<KeyValue>,
    start: u64,
    time: u64,
    flags: u32,
}

trait DataPoint: Message + Default + DeserializeOwned {
    /// Takes its attributes out of it.
    fn about(&mut self) -> About;

    fn says(&self, reading: Reading) -> Result<Says, Wrong>;
}

macro_rules! about {
    () => {
        fn about(&mut self) -> About {
            About {
                attributes: std::mem::take(&mut self.attributes),
                start: self.start_time_unix_nano,
                time: self.time_unix_nano,
                flags: self.flags,
            }
        }
    };
}

impl DataPoint for NumberDataPoint {
    about!();

    fn says(&self, reading: Reading) -> Result<Says, Wrong> {
        let value = self.as_double.or(self.as_int.map(|number| number as f64));
        let value = value.ok_or(Wrong::new("a data point has no value"))?;
        Ok(Says::Number(finite(value, reading.factor)?))
    }
}

impl DataPoint for HistogramDataPoint {
    about!();

    fn says(&self, reading: Reading) -> Result<Says, Wrong> {
        let mut samples = samples(self.count, self.sum, (self.min, self.max), reading.factor)?;
        let (bounds, counts) = (&self.explicit_bounds, &self.bucket_counts);
        // One bucket for everything says nothing.
        if samples.count == 0 || bounds.is_empty() {
            return Ok(Says::Samples(samples));
        }
        if counts.len() != bounds.len() + 1 {
            let numbers = format!("{} and {}", counts.len(), bounds.len());
            return Err(Wrong::with("a histogram must have one bucket more than bounds", numbers));
        }
        if !bounds.iter().all(|bound| bound.is_finite()) || !bounds.is_sorted_by(|a, b| a < b) {
            return Err(Wrong::new("a histogram's bounds must be numbers in ascending order"));
        }
        let mut distribution = Distribution::new(reading.factor);
        let highs = bounds.iter().copied().chain([f64::INFINITY]);
        let lows = [f64::NEG_INFINITY].into_iter().chain(bounds.iter().copied());
        for ((low, high), count) in lows.zip(highs).zip(counts) {
            distribution.push(low, high, *count);
        }
        samples.buckets = Some(finish(distribution, &samples, reading.cut)?);
        Ok(Says::Samples(samples))
    }
}

impl DataPoint for ExponentialHistogramDataPoint {
    about!();

    fn says(&self, reading: Reading) -> Result<Says, Wrong> {
        let mut samples = samples(self.count, self.sum, (self.min, self.max), reading.factor)?;
        if samples.count == 0 {
            return Ok(Says::Samples(samples));
        }
        if !SCALES.contains(&self.scale) {
            return Err(Wrong::with("a histogram's scale must be from -10 to 20", self.scale.to_string()));
        }
        if !(self.zero_threshold >= 0.0 && self.zero_threshold.is_finite()) {
            return Err(Wrong::new("a histogram's zero threshold must not be negative"));
        }
        samples.nonzero = samples.count.saturating_sub(self.zero_count);
        let side = |buckets: &Option<Buckets>| {
            let buckets = buckets.clone().unwrap_or_default();
            let indices = i64::from(buckets.offset)..;
            let between = |(index, count)| (power(index, self.scale), power(index + 1, self.scale), count);
            indices
                .zip(buckets.bucket_counts)
                .filter(|(_, count)| *count > 0)
                .map(between)
                .collect::<Vec<_>>()
        };
        let mut distribution = Distribution::new(reading.factor);
        let zeros = (self.zero_threshold, self.zero_count);
        distribution.exponential(&side(&self.negative), zeros, &side(&self.positive));
        samples.buckets = Some(finish(distribution, &samples, reading.cut)?);
        Ok(Says::Samples(samples))
    }
}

impl DataPoint for SummaryDataPoint {
    about!();

    fn says(&self, reading: Reading) -> Result<Says, Wrong> {
        Ok(Says::Samples(samples(self.count, Some(self.sum), (None, None), reading.factor)?))
    }
}

/// Count, sum and extremes. Whether some are zero is not told.
fn samples(
    count: u64,
    sum: Option<f64>,
    (min, max): (Option<f64>, Option<f64>),
    factor: f64,
) -> Result<Summed, Wrong> {
    if count == 0 {
        return Ok(Summed::default());
    }
    if count > COUNT {
        return Err(Wrong::with("a count is too large to be one", count.to_string()));
    }
    let sum = sum.ok_or(Wrong::new("a histogram without a sum has no mean: it cannot be shown"))?;
    let scaled = |value: Option<f64>| value.map(|value| finite(value, factor)).transpose();
    let (min, max) = (scaled(min)?, scaled(max)?);
    Ok(Summed { count, nonzero: count, sum: finite(sum, factor)?, min, max, ..Summed::default() })
}

fn finish(distribution: Distribution, samples: &Summed, cut: bool) -> Result<Vec<crate::Bucket>, Wrong> {
    let (min, max) = if cut { (samples.min, samples.max) } else { (None, None) };
    distribution.finish(samples.count, min, max)
}

fn finite(value: f64, factor: f64) -> Result<f64, Wrong> {
    let scaled = value * factor;
    if scaled.is_finite() {
        Ok(scaled)
    } else {
        Err(Wrong::with("a value must be a finite number", value.to_string()))
    }
}
