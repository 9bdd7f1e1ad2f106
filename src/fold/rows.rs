//! The breakdowns' figures, window by window: `run/ID/rows/W`.
//!
//! One value a chunk, postcard of [`Rows`]. Series are named by their numbers. A number is defined in
//! the chunk in which it first has figures, anew where it is given to another series, and all of them
//! anew from each [`DEFINED_EVERY`]th chunk on: who wants a row's course from some chunk on begins with
//! the last such one before. Within a chunk a number means one series.

use crate::record::SeriesKey;
use serde::{Deserialize, Serialize};

/// From each chunk on whose index this divides, definitions begin anew.
pub const DEFINED_EVERY: u64 = 32;

/// The breakdowns' figures of one chunk, `run/ID/rows/W`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    /// Series by number, as far as they are new in this chunk.
    pub defined: Vec<(u32, SeriesKey)>,
    /// Those that the chunk closed, in order.
    pub windows: Vec<WindowRows>,
}

/// The figures of one window; windows without any are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WindowRows {
    /// Unix ms, the `time` of the window's snapshot.
    pub end_ms: i64,
    /// What rates per second are over.
    pub seconds: f64,
    /// Ascending by series.
    pub figures: Vec<Figures>,
}

/// One series in one window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// A number that `defined` of this or an earlier chunk explains.
    pub series: u32,
    /// Samples.
    pub count: u64,
    /// Samples that are not 0: the failures of `http_req_failed`, the passes of `checks`.
    pub nonzero: u64,
    /// Of their values, in the metric's unit.
    pub sum: f64,
    /// p50, p95, p99 and max of a trend. Single precision: these are for drawing.
    pub percentiles: Option<[f32; 4]>,
}

impl Rows {
    /// Reads a stored value; an empty one has no rows. `None`: it is damaged.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() { Some(Rows::default()) } else { postcard::from_bytes(bytes).ok() }
    }

    /// The value to store; empty when there is nothing to say.
    pub fn to_bytes(&self) -> Vec<u8> {
        if self.defined.is_empty() && self.windows.is_empty() {
            return Vec::new();
        }
        postcard::to_allocvec(self).expect("numbers and text always serialize into memory")
    }
}
