//! Requests by what tells them apart, `GET /runs/ID/requests`: grouped and filtered as somebody asks.

use crate::summary::{RequestRow, Span};
use serde::{Deserialize, Serialize};

/// The whole document.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Requests {
    /// The run's id.
    pub run: String,
    /// The part of the run that the figures are of; the whole run where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Span>,
    /// What the parts of the rows' keys are, in their order.
    pub by: Vec<String>,
    /// All that match, together; its key is empty.
    pub whole: RequestRow,
    /// The same by what it was asked for; what has no row of its own is `(other)`.
    pub rows: Vec<RequestRow>,
    /// How many requests are in `(other)`: whether they match a filter nobody knows, so that where there is one
    /// they are in no row.
    pub other: f64,
}
