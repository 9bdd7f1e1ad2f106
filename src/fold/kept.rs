//! What is kept of every window: `run/ID/windows/W`. The figures of any stretch of a run are merged from these.
//!
//! One value a chunk, postcard of [`Windows`]. Series are named by their numbers. A number is defined in
//! the chunk in which it first has samples, anew where it is given to another series, and all of them
//! anew from each [`DEFINED_EVERY`]th chunk on: who begins to read at some chunk begins with
//! the last such one before. Within a chunk a number means one series.

use crate::fold::tally::{Sum, Tally};
use crate::record::SeriesKey;
use crate::record::packed::Packed;
use crate::record::sketch::{Sketch, bucket_of};
use serde::{Deserialize, Serialize};

/// From each chunk on whose index this divides, definitions begin anew.
pub const DEFINED_EVERY: u64 = 32;

/// What is kept of the windows of one chunk.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Windows {
    /// Series by number, as far as they are new in this chunk.
    pub defined: Vec<(u32, SeriesKey)>,
    /// Those that the chunk closed, in order.
    pub windows: Vec<Window>,
}

/// One window; those without any samples are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Unix ms.
    pub start_ms: i64,
    /// Unix ms, the `time` of the window's snapshot.
    pub end_ms: i64,
    /// What rates per second are over.
    pub seconds: f64,
    /// Ascending by series.
    pub partials: Vec<Partial>,
}

/// The [`Tally`] of one series in one window, without what its metric's type has no use for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Partial {
    /// A number that `defined` of this or an earlier chunk explains.
    pub series: u32,
    /// Samples.
    pub count: u64,
    /// Samples that are not 0: the failures of `http_req_failed`, the passes of `checks`.
    pub nonzero: u64,
    /// Of their values, in the metric's unit.
    pub sum: f64,
    /// After the window's begin: the second of the oldest sample and when one was last 0, ms, and when the newest
    /// was, ns.
    first_ms: i64,
    zero_ms: Option<i64>,
    last_ns: i64,
    spread: Spread,
}

/// How the values lie.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Spread {
    /// Their sum is all that a counter or a rate needs.
    Sum,
    /// There is one, the sum; it counts in a distribution or in none.
    One(bool),
    Gauge {
        min: f64,
        max: f64,
        last: f64,
    },
    Distribution {
        min: f64,
        max: f64,
        last: f64,
        sketch: Packed,
    },
}

/// What has to be kept of a series' values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Sum,
    Gauge,
    Distribution,
}

impl Partial {
    pub(super) fn of(series: u32, tally: &Tally, keep: Keep, start_ms: i64) -> Self {
        let &Tally { count, nonzero, min, max, last, .. } = tally;
        let spread = match keep {
            Keep::Sum => Spread::Sum,
            Keep::Gauge | Keep::Distribution if count == 1 => Spread::One(!tally.sketch.is_empty()),
            Keep::Gauge => Spread::Gauge { min, max, last },
            Keep::Distribution => {
                Spread::Distribution { min, max, last, sketch: Packed::from_entries(tally.sketch.entries()) }
            }
        };
        Partial {
            series,
            count,
            nonzero,
            sum: tally.sum.get(),
            first_ms: tally.first_ms.saturating_sub(start_ms),
            zero_ms: tally.zero_ms.map(|ms| ms.saturating_sub(start_ms)),
            last_ns: tally.last_ns.saturating_sub(start_ms.saturating_mul(1_000_000)),
            spread,
        }
    }

    /// The tally again, of a window that begins then.
    pub(crate) fn tally(&self, start_ms: i64) -> Tally {
        let mut sketch = Sketch::default();
        let (min, max, last) = match &self.spread {
            Spread::Sum => Default::default(),
            Spread::One(counts) => {
                if *counts {
                    sketch.merge_packed(&Packed::from_sorted(&[bucket_of(self.sum)]));
                }
                (self.sum, self.sum, self.sum)
            }
            &Spread::Gauge { min, max, last } => (min, max, last),
            Spread::Distribution { min, max, last, sketch: packed } => {
                sketch.merge_packed(packed);
                (*min, *max, *last)
            }
        };
        Tally {
            count: self.count,
            nonzero: self.nonzero,
            sum: Sum::from(self.sum),
            min,
            max,
            last,
            last_ns: self.last_ns.saturating_add(start_ms.saturating_mul(1_000_000)),
            first_ms: self.first_ms.saturating_add(start_ms),
            zero_ms: self.zero_ms.map(|ms| ms.saturating_add(start_ms)),
            sketch,
            told: None,
        }
    }
}

impl Windows {
    /// Reads a stored value; an empty one has no windows. `None`: it is damaged.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() { Some(Windows::default()) } else { postcard::from_bytes(bytes).ok() }
    }

    /// The value to store; empty when there is nothing to say.
    pub fn to_bytes(&self) -> Vec<u8> {
        if self.defined.is_empty() && self.windows.is_empty() {
            return Vec::new();
        }
        postcard::to_allocvec(self).expect("numbers and text always serialize into memory")
    }
}
