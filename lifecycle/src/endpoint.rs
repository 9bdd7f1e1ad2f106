//! The dialects in which tests are told of.

/// A dialect; each has a path of its own, which takes POST (`loadgate-http` has them).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Dynatrace's lifecycle events, `/platform/ingest/v1/events.sdlc` and
    /// `/platform/ingest/custom/events.sdlc/NAME`.
    Sdlc,
    /// Dynatrace's events API v2, `/api/v2/events/ingest`.
    EventsV2,
    /// CloudEvents with CDEvents, `/events`.
    CloudEvents,
}
