//! Events as they stand in the log; see `docs/events.md` for every kind and its shape.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub kind: String,
    /// One line of JSON.
    pub data: String,
}
