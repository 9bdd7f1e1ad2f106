//! The Loadgate host: runs the two components without Spin, and is the command line.
//!
//! [`engine`] configures wasmtime, [`compose`] makes one component of the two, `component` runs
//! it with what it may import ([`key_value`], `variables`, `outbound`, WASI), and `server` puts that behind
//! a socket. [`cli`] is everything that people type; it talks to a running server over HTTP only,
//! its own in-process one included.
//!
//! The host knows nothing of what the components do inside.

#![warn(missing_docs, clippy::missing_errors_doc)]
// Tests see what only they use.
#![cfg_attr(not(test), warn(unreachable_pub))]

mod assets;
pub mod cli;
mod component;
pub mod compose;
pub mod engine;
mod journal;
pub mod key_value;
mod outbound;
mod redact;
mod server;
mod settings;
mod variables;

pub use self::server::Demo;
