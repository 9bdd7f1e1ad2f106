//! Samples become mergeable partials: exact counts and sums, and sketches of distributions.

pub mod batch;
pub mod metrics;
mod run_wide;
mod series;
pub mod tags;
