//! Findings: what an expert would notice in a run, each said in a sentence, with its evidence and the place
//! where it shows.
//!
//! [`find`] looks at a run's [`Summary`] and at its course, the figures of short windows. It reads no clock and
//! no store, and judges nothing: a finding is a reason to look, never a verdict. What is looked for, with the
//! bounds and why they are so, stands in `docs/findings.md`; each rule is a function beside others of its kind.

#![forbid(unsafe_code)]
#![deny(missing_docs)]
// Tests of a module share freely among themselves.
#![cfg_attr(not(test), warn(unreachable_pub))]

mod course;
mod generator;
mod load;
mod outcome;
mod rows;
mod text;

pub use course::{Window, step_ms};

use loadgate_documents::{Finding, Summary};

/// Everything that is found, in the order in which it is read: what says that the test itself went wrong first,
/// what concerns the load next, then the rows.
#[must_use]
pub fn find(summary: &Summary, course: &[Window]) -> Vec<Finding> {
    let one = [
        outcome::ended_early(summary),
        outcome::checks_fail_unseen(summary),
        load::throughput_stalls(summary, course),
        load::latency_rises(course),
        generator::iterations_slow_down(course),
        generator::requests_wait(summary),
        rows::most_failures(summary),
        rows::third_parties(summary),
    ];
    one.into_iter().flatten().collect()
}
