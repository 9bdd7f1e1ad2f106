//! Tests of the whole: the built program behind a real socket, fed with recorded and real traffic.
//!
//! `cargo xtask test` builds what they need and says where it is; see `tests/README.md`.

mod access;
mod borders;
mod browser;
mod bytes;
mod components;
mod connections;
mod dashboard;
mod declare;
mod facets;
mod gate;
mod harness;
mod k6;
mod malformed;
mod numbers;
mod pages;
mod panels;
mod stream;
mod webhooks;
mod wire;
mod wires;
mod wrapper;
