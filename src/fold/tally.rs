//! What is kept of one series, in an open window and over the run: the merged form of a
//! [`Cell`].

use crate::record::cell::Cell;
use crate::record::sketch::Sketch;
use loadgate_wires::Told;
use serde::{Deserialize, Serialize};

/// A sum in two doubles (Knuth's two-sum), so that it does not depend, in any digit that is ever
/// shown, on the order in which partials came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sum {
    high: f64,
    low: f64,
}

impl From<f64> for Sum {
    fn from(value: f64) -> Self {
        Sum { high: value, low: 0.0 }
    }
}

impl Sum {
    pub(crate) fn add(&mut self, value: f64) {
        let sum = self.high + value;
        if !sum.is_finite() {
            // Beyond a double's range: stays at its end, since NaN has no place in the stream.
            *self = Sum { high: f64::MAX.copysign(if sum.is_nan() { 1.0 } else { sum }), low: 0.0 };
            return;
        }
        let part = sum - self.high;
        let error = (self.high - (sum - part)) + (value - part);
        self.high = sum;
        if error.is_finite() {
            self.low += error;
        }
    }

    pub(crate) fn merge(&mut self, other: Sum) {
        self.add(other.high);
        self.add(other.low);
    }

    pub(crate) fn get(self) -> f64 {
        let sum = self.high + self.low;
        if sum.is_finite() { sum } else { self.high }
    }
}

/// Figures of samples whose distribution nobody told, by whoever had them all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ToldOf {
    /// Of so many samples, 0 where that is not told: with others beside them they hold no more.
    pub count: u64,
    pub told: Told,
}

/// The samples of one series over a window or a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub count: u64,
    pub nonzero: u64,
    pub sum: Sum,
    /// Meaningless while `count` is 0, as are the fields below. Infinite, as is `max`, where what was summed up
    /// elsewhere came without it.
    pub min: f64,
    pub max: f64,
    pub last: f64,
    pub last_ns: i64,
    /// The second of the oldest sample, Unix ms.
    pub first_ms: i64,
    /// When a sample was last 0, Unix ms, to the second where others followed in it.
    pub zero_ms: Option<i64>,
    pub sketch: Sketch,
    pub told: Option<ToldOf>,
}

impl Tally {
    /// Adds the samples of a second. `at_ms` is that second, Unix ms, and `last_ns` when its last
    /// sample counts. Without `distribution` the sketch is left out.
    pub(crate) fn add(&mut self, cell: &Cell, at_ms: i64, last_ns: i64, distribution: bool) {
        if cell.count == 0 {
            return;
        }
        let zeros = cell.count > cell.nonzero;
        let zero_ms = zeros.then(|| if cell.last == 0.0 { last_ns.div_euclid(1_000_000) } else { at_ms });
        self.absorb(cell.count, cell.nonzero, (cell.min, cell.max), (last_ns, cell.last));
        self.sum.add(cell.sum);
        self.first_ms = if self.count == cell.count { at_ms } else { self.first_ms.min(at_ms) };
        self.zero_ms = self.zero_ms.max(zero_ms);
        if distribution {
            self.sketch.merge_packed(&cell.sketch);
        }
    }

    /// One value of a gauge that the fold itself made.
    pub(crate) fn observe(&mut self, value: f64, at_ns: i64) {
        self.absorb(1, u64::from(value != 0.0), (value, value), (at_ns, value));
        self.sum.add(value);
    }

    /// Adds another's samples.
    pub(crate) fn merge(&mut self, other: &Tally, distribution: bool) {
        if other.count == 0 {
            return;
        }
        let first = self.count == 0;
        self.absorb(other.count, other.nonzero, (other.min, other.max), (other.last_ns, other.last));
        self.sum.merge(other.sum);
        self.first_ms = if first { other.first_ms } else { self.first_ms.min(other.first_ms) };
        self.zero_ms = self.zero_ms.max(other.zero_ms);
        if distribution {
            self.sketch.merge(&other.sketch);
        }
        if self.told.is_none() {
            self.told.clone_from(&other.told);
        }
    }

    fn absorb(&mut self, count: u64, nonzero: u64, (min, max): (f64, f64), last: (i64, f64)) {
        if self.count == 0 {
            (self.min, self.max) = (min, max);
            (self.last_ns, self.last) = last;
        } else {
            self.min = if min < self.min { min } else { self.min };
            self.max = if max > self.max { max } else { self.max };
            // Of two samples of one instant the larger counts: the order of arrival must not.
            if last.0 > self.last_ns || (last.0 == self.last_ns && last.1 > self.last) {
                (self.last_ns, self.last) = last;
            }
        }
        self.count = self.count.saturating_add(count);
        self.nonzero = self.nonzero.saturating_add(nonzero);
    }

    /// Takes figures that a tool tells of so many samples, 0: it does not say of how many. Nobody knows what those
    /// come to together with others.
    pub(crate) fn hear(&mut self, count: u64, told: &Told) {
        self.told = Some(match self.told {
            Some(ToldOf { count: 0, .. }) => ToldOf { count: 0, told: Told::default() },
            _ => ToldOf { count, told: told.clone() },
        });
    }

    /// Whether there are samples, however many.
    pub(crate) fn has_data(&self) -> bool {
        self.number() != Some(0)
    }

    /// Samples; `None` where figures of others came that nobody counted.
    pub(crate) fn number(&self) -> Option<u64> {
        self.told.as_ref().is_none_or(|told| told.count > 0).then_some(self.count)
    }

    /// A figure: what the samples come to where all were counted, else what was told of all that there are.
    fn figure(&self, counted: f64, told: impl Fn(&Told) -> Option<f64>) -> Option<f64> {
        match self.number() {
            Some(_) => counted.is_finite().then_some(counted),
            None => told(self.told_of_all()?),
        }
    }

    /// The least value; `None` where what was summed up elsewhere came without it.
    pub(crate) fn least(&self) -> Option<f64> {
        self.figure(self.min, |told| told.min)
    }

    /// The greatest, likewise.
    pub(crate) fn greatest(&self) -> Option<f64> {
        self.figure(self.max, |told| told.max)
    }

    /// The values at quantiles (0 to 1, ascending); `None` where the distribution of some samples is not
    /// known. Nothing counted: 0.
    pub(crate) fn quantiles<const N: usize>(&self, quantiles: [f64; N]) -> Option<[f64; N]> {
        if self.number() == Some(0) {
            return Some([0.0; N]);
        }
        (self.sketch.count() >= self.number()?)
            .then(|| self.sketch.quantiles(quantiles, self.min, self.max))
            .flatten()
    }

    /// The values at percentiles (0 to 100, ascending), where they are known: from the distribution, else those
    /// that were told of these very samples.
    pub(crate) fn percentiles<const N: usize>(&self, percentiles: [f64; N]) -> [Option<f64>; N] {
        match self.quantiles(percentiles.map(|percentile| percentile / 100.0)) {
            Some(values) => values.map(Some),
            None => percentiles.map(|wanted| {
                let mut told = self.told();
                told.find(|(percentile, _)| (percentile - wanted).abs() < 1e-9).map(|(_, value)| value)
            }),
        }
    }

    /// What was told of these very samples.
    fn told_of_all(&self) -> Option<&Told> {
        self.told.as_ref().filter(|known| known.count == self.count).map(|known| &known.told)
    }

    /// The percentiles that were told of these very samples.
    pub(crate) fn told(&self) -> impl Iterator<Item = (f64, f64)> {
        self.told_of_all().into_iter().flat_map(|told| told.percentiles.iter().copied())
    }

    /// Sum over count. Nothing counted: 0.
    pub(crate) fn avg(&self) -> Option<f64> {
        let avg = if self.count == 0 { 0.0 } else { self.sum.get() / self.count as f64 };
        self.figure(avg, |told| told.mean)
    }

    /// Non-zeros over count. Nothing counted: 0.
    pub(crate) fn ratio(&self) -> f64 {
        if self.count == 0 { 0.0 } else { self.nonzero as f64 / self.count as f64 }
    }
}
