//! Loadgate's core: load-test samples in, an event log, a report and a verdict out.
//!
//! Data goes one way, and the modules stand in its order:
//!
//! 1. [`ingest`] reads what load generators post, line by line, and refuses what is wrong;
//! 2. [`aggregate`] adds samples up into mergeable partials, per second and series, one [`record`] a batch;
//! 3. [`log`] appends records under tickets, and lets whoever needs progress fold them;
//! 4. [`fold`] is that fold: a pure function from records to windows, events and state;
//! 5. [`catalogue`] knows which runs there are, what was written beside them, and which are kept;
//! 6. [`events`] and [`documents`] are what clients read of it.
//!
//! There is no I/O here, no clock and no WASI: storage and time come in through [`store`].

#![forbid(unsafe_code)]
#![warn(missing_docs, clippy::missing_errors_doc)]
// Tests of a module share freely among themselves.
#![cfg_attr(not(test), warn(unreachable_pub))]

pub mod aggregate;
pub mod catalogue;
pub mod declare;
pub mod documents;
pub mod events;
pub mod fold;
mod hash;
pub mod ingest;
pub mod limits;
pub mod log;
pub mod names;
pub mod record;
pub mod service;
pub mod settings;
pub mod store;
