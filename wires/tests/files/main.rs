//! Result files of other tools, read in pieces of several sizes and held against those tools' own reports.
//!
//! The files of `tests/fixtures/files` were recorded from k6 2.2.0 and 0.45.1, vegeta 12.12.0, Locust 2.47.0, Gatling 3.11.5 and
//! Artillery 2.0.20 against a small shop on the same machine; where a test has a file in its own text, it says
//! which public example it follows.

#[path = "../common/mod.rs"]
mod common;
mod detect;
mod hostile;
mod k6;
mod others;
mod requests;
mod support;
