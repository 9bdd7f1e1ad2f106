//! The gate: whether a run is what its test asks for.
//!
//! [`Objectives::read`] reads a test's file, [`judge`] holds a run's summary and the script's own thresholds
//! against it, and gives a [`GateVerdict`](loadgate_documents::GateVerdict), which is a document like others.
//! [`render`] writes it for whoever asked, and [`suggest`] drafts a file from runs. Nothing here reads a clock
//! or a store: who calls brings the runs. States, rules and the file's form are described in `docs/gate.md`.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod criterion;
mod expression;
mod interval;
mod judge;
mod keptn;
mod objectives;
mod observe;
mod read;
pub mod render;
mod suggest;
mod yaml;

pub use criterion::{Criterion, CriterionError};
pub use expression::{Expression, ExpressionError, Figure, Finding, Subject};
pub use judge::{Baseline, Evidence, judge};
pub use objectives::{
    BaselineChoice, Criteria, MAX_BASELINE, MAX_BYTES, MAX_OBJECTIVES, Objective, Objectives,
    ObjectivesError, Part, SCHEMA, Score, Verdicts, Window, WithoutData,
};
pub use suggest::suggest;
