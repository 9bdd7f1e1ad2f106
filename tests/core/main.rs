//! The core as a whole, without HTTP or WebAssembly: uploads through the service, over a store in
//! memory, held to what k6 itself said of the same runs.

mod architecture;
mod borders;
mod comparison;
mod dashboard;
mod errors;
mod figures;
mod findings;
mod gate;
mod kept;
mod life;
mod listener;
mod lists;
mod numbers;
mod panels;
mod polls;
mod quiet;
mod recorded;
mod requests;
mod room;
mod rows;
mod schema;
mod stream;
mod summaries;
mod support;
mod tags;
mod verdict;
mod webhooks;
mod windows;
mod wires;
