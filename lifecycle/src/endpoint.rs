//! The paths at which tests are told of.

/// A path that takes POST.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// Dynatrace's lifecycle events, `/platform/ingest/v1/events.sdlc` and
    /// `/platform/ingest/custom/events.sdlc/NAME` in upper or lower case; the name chooses nothing.
    Sdlc,
    /// Dynatrace's events API v2, `/api/v2/events/ingest`.
    EventsV2,
    /// CloudEvents with CDEvents, `/events`.
    CloudEvents,
}

impl Endpoint {
    /// The endpoint of a path, without its query.
    pub fn at(path: &str) -> Option<Self> {
        const CUSTOM: &str = "/platform/ingest/custom/events.sdlc/";
        if path.eq_ignore_ascii_case("/platform/ingest/v1/events.sdlc") {
            return Some(Endpoint::Sdlc);
        }
        if let Some((start, name)) = path.split_at_checked(CUSTOM.len())
            && start.eq_ignore_ascii_case(CUSTOM)
            && !name.is_empty()
            && !name.contains('/')
        {
            return Some(Endpoint::Sdlc);
        }
        match path {
            "/api/v2/events/ingest" => Some(Endpoint::EventsV2),
            "/events" => Some(Endpoint::CloudEvents),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_where_they_say_and_nowhere_else() {
        for (path, endpoint) in [
            ("/platform/ingest/v1/events.sdlc", Some(Endpoint::Sdlc)),
            ("/Platform/Ingest/V1/Events.SDLC", Some(Endpoint::Sdlc)),
            ("/platform/ingest/custom/events.sdlc/loadtests", Some(Endpoint::Sdlc)),
            ("/platform/ingest/custom/events.sdlc/", None),
            ("/platform/ingest/custom/events.sdlc/a/b", None),
            ("/platform/ingest/custom/events.sdlc", None),
            ("/platform/ingest/custom/events.sdlcé/x", None),
            ("/api/v2/events/ingest", Some(Endpoint::EventsV2)),
            ("/events", Some(Endpoint::CloudEvents)),
            ("/events/", None),
            ("", None),
        ] {
            assert_eq!(Endpoint::at(path), endpoint, "{path}");
        }
    }
}
