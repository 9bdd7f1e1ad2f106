//! Samples become mergeable partials: exact counts and sums, and sketches of distributions.

pub mod batch;
pub mod cell;
pub mod metrics;
pub mod packed;
mod series;
pub mod sketch;
pub mod tags;
