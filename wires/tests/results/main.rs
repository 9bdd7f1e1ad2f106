//! JMeter's and k6's recorded results and traffic, read to the figures that were computed from them otherwise.

#[path = "../common/mod.rs"]
mod common;
mod csv;
mod k6;
mod listener;
mod seen;
mod xml;
