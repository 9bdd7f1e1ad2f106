//! Events as they stand in the log; see `docs/events.md` for every kind and its shape.

use serde::{Deserialize, Serialize};

/// One event of a run's stream, or of its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// `snapshot`, `threshold`, …; see `docs/events.md`.
    pub kind: String,
    /// One line of JSON.
    pub data: String,
}

impl Event {
    /// `data` is one line of JSON.
    pub fn new(kind: &str, data: String) -> Self {
        Event { kind: kind.to_owned(), data }
    }
}

/// The JSON Schema (2020-12) of every event, as an object `{"event", "data"}`.
pub const SCHEMA: &str = include_str!("events.schema.json");
