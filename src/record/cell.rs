//! What is kept of the samples of one series over some time.

use super::packed::Packed;

/// Everything that any metric type needs, so that a type learnt later applies backwards: a
/// counter is `sum`, a gauge `last` with `min` and `max`, a rate `nonzero` of `count`, a trend
/// all of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cell {
    /// Samples.
    pub count: u64,
    /// Samples that are not 0.
    pub nonzero: u64,
    /// Of their values, in the metric's unit.
    pub sum: f64,
    /// Meaningless while `count` is 0, as are `max` and `last`.
    pub min: f64,
    /// Likewise.
    pub max: f64,
    /// The value of the newest sample, and its Unix time in nanoseconds.
    pub last: f64,
    /// Likewise.
    pub last_ns: i64,
    /// Empty for series whose type is known and needs no distribution.
    pub sketch: Packed,
}
