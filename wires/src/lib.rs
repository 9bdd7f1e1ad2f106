//! The wires and files of load generators, read into [`Point`]s: what was measured, of what kind, under which
//! tags, when, and how it was summed up before it came here.
//!
//! Names are k6's wherever a wire measures the same thing, so that the same pages, thresholds and objectives
//! serve all of them; other names stay their own, as far as a metric can have them. What a wire does not
//! carry is not invented: sums without a distribution have no [`Summed::buckets`], a kind that is not told is
//! `None`. Nothing here knows of runs, clocks or storage. Each wire's table of what is carried, derived and
//! not available stands in `docs/wires.md`.

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![warn(clippy::missing_errors_doc)]
// Tests of a module share freely among themselves.
#![cfg_attr(not(test), warn(unreachable_pub))]

mod body;
mod distribution;
pub mod dynatrace;
pub mod files;
pub mod jmeter;
pub mod k6;
mod naming;
pub mod otlp;
mod point;
pub mod prometheus;
mod protobuf;
mod reader;
mod records;
#[cfg(test)]
mod seen;

pub use body::BODY_BYTES;
pub use point::{Bucket, Point, Summed, Told, Value, Wrong};
pub use reader::{ByLine, LineReader, Out, Reader, UNIT_BYTES};
