//! What there is to ask for: one table of methods, paths, what each needs, and where it leads.

use crate::Access::{self, Nothing, Read, Write};
use http::Method;

/// Where a request leads. What differs by wire or method has an entry of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// The server runs, whatever its store does.
    Healthy,
    /// The store takes a value and gives it back.
    Ready,
    /// Leads on to the pages.
    Home,
    /// A file of the pages.
    Page,
    /// One run as a page that stands alone.
    Report,
    /// InfluxDB's lines; the parameter that names the test.
    InfluxWrite(&'static str),
    /// InfluxDB's statements: k6's `CREATE DATABASE` says that a test begins.
    InfluxQuery,
    /// Whether an InfluxDB is there.
    InfluxPing,
    /// k6's JSON lines, live or a file; files of other tools.
    Ingest,
    /// Dynatrace's metric lines.
    DynatraceMetrics,
    /// OpenTelemetry metrics.
    OtlpMetrics,
    /// Prometheus remote write.
    RemoteWrite,
    /// The event stream of a run, or of whichever is newest.
    Events,
    /// The JSON Schema of events and documents.
    EventSchema,
    /// That of dashboards.
    DashboardSchema,
    /// Runs, newest first.
    ListRuns,
    /// Tests with how their newest runs went.
    ListTests,
    /// One run as lists have it.
    GetRun,
    /// Changes the label, note and star that people gave a run.
    LabelRun,
    /// Deletes a run that has ended.
    DeleteRun,
    /// A run's figures.
    Summary,
    /// A run's requests, grouped and filtered.
    Requests,
    /// One row of a breakdown, window by window.
    Rows,
    /// Metrics over time, in windows of the length that is asked for.
    Series,
    /// What an expert would notice in a run.
    Findings,
    /// Which kinds of that are muted for a test.
    MuteFindings,
    /// How a trend's values are distributed.
    Distribution,
    /// What differs from another run, or from the baseline.
    Comparison,
    /// Ends a run, or a test's newest live one.
    FinishRun,
    /// The exit code that k6 ended with.
    SetOutcome,
    /// What follows is a run of its own.
    NewRun,
    /// A generator begins.
    Hello,
    /// Gives the name of the test's next import.
    NewImport,
    /// Which run others are compared with.
    SetBaseline,
    /// None from now on.
    RemoveBaseline,
    /// k6's options: thresholds, scenarios, durations.
    DeclareOptions,
    /// Types and units of custom metrics.
    DeclareMetrics,
    /// What the pages show of a test.
    GetDashboard,
    /// Gives the test a dashboard of its own.
    SetDashboard,
    /// Gives it the default again.
    RemoveDashboard,
    /// A test's file of objectives, as it was put.
    GetObjectives,
    /// Puts it.
    SetObjectives,
    /// The test has none from now on.
    RemoveObjectives,
    /// Objectives that the test's newest runs would have met.
    SuggestObjectives,
    /// The JSON Schema of objectives.
    ObjectivesSchema,
    /// The verdict on a run …
    Verdict,
    /// … on a test's newest …
    TestVerdict,
    /// … and on the one that an event named so.
    KnownVerdict,
    /// Judges a run anew, by the objectives in force.
    Judge,
    /// The newest verdict on a test, as a picture.
    Badge,
    /// A rollout asks whether it may go on.
    Rollout,
    /// News of a test's begin or end: Dynatrace's lifecycle events, …
    Sdlc,
    /// … its events API v2, …
    EventsV2,
    /// … CloudEvents.
    CloudEvents,
    /// Who is told of a test's verdicts; …
    GetWebhooks,
    /// … the list anew; …
    SetWebhooks,
    /// … nobody any more.
    RemoveWebhooks,
    /// What was told of a run's verdicts.
    Deliveries,
    /// One of these again.
    Replay,
    /// Send what is due: for whoever keeps the time.
    Deliver,
}

/// `{}` stands for any one part, `*` for any number of them; a path is tried in the order of the table.
/// GET answers HEAD too, and every path OPTIONS.
const ROUTES: &[(&str, &str, Access, Route)] = &[
    ("GET", "/healthz", Nothing, Route::Healthy),
    ("GET", "/readyz", Nothing, Route::Ready),
    ("POST", "/api/v2/write", Write, Route::InfluxWrite("bucket")),
    // What stands before these names the test, for outputs that cannot add a parameter.
    ("POST", "/api/v2/metrics/ingest", Write, Route::DynatraceMetrics),
    ("POST", "/{}/api/v2/metrics/ingest", Write, Route::DynatraceMetrics),
    ("POST", "/v1/metrics", Write, Route::OtlpMetrics),
    ("POST", "/{}/v1/metrics", Write, Route::OtlpMetrics),
    ("POST", "/api/v1/write", Write, Route::RemoteWrite),
    ("POST", "/{}/api/v1/write", Write, Route::RemoteWrite),
    // Stock k6 may be told a prefix, so InfluxDB's paths are known by their end.
    ("POST", "*/write", Write, Route::InfluxWrite("db")),
    // It may be k6's CREATE DATABASE, whatever the method.
    ("GET", "*/query", Write, Route::InfluxQuery),
    ("POST", "*/query", Write, Route::InfluxQuery),
    ("GET", "*/ping", Nothing, Route::InfluxPing),
    ("POST", "/ingest", Write, Route::Ingest),
    ("PUT", "/ingest", Write, Route::Ingest),
    ("GET", "/", Nothing, Route::Home),
    ("GET", "/ui", Nothing, Route::Home),
    ("GET", "/ui/*", Nothing, Route::Page),
    ("GET", "/report", Read, Route::Report),
    ("POST", "/platform/ingest/v1/events.sdlc", Write, Route::Sdlc),
    // The name chooses nothing.
    ("POST", "/platform/ingest/custom/events.sdlc/{}", Write, Route::Sdlc),
    ("POST", "/api/v2/events/ingest", Write, Route::EventsV2),
    ("GET", "/events", Read, Route::Events),
    ("POST", "/events", Write, Route::CloudEvents),
    ("GET", "/events/schema.json", Nothing, Route::EventSchema),
    ("GET", "/dashboard/schema.json", Nothing, Route::DashboardSchema),
    ("GET", "/objectives/schema.json", Nothing, Route::ObjectivesSchema),
    ("GET", "/verdict", Read, Route::KnownVerdict),
    ("POST", "/deliveries", Write, Route::Deliver),
    ("GET", "/runs", Read, Route::ListRuns),
    ("GET", "/runs/{}", Read, Route::GetRun),
    ("PATCH", "/runs/{}", Write, Route::LabelRun),
    ("DELETE", "/runs/{}", Write, Route::DeleteRun),
    ("GET", "/runs/{}/events", Read, Route::Events),
    ("GET", "/runs/{}/summary", Read, Route::Summary),
    ("GET", "/runs/{}/requests", Read, Route::Requests),
    ("GET", "/runs/{}/rows", Read, Route::Rows),
    ("GET", "/runs/{}/series", Read, Route::Series),
    ("GET", "/runs/{}/findings", Read, Route::Findings),
    ("GET", "/runs/{}/distribution", Read, Route::Distribution),
    ("GET", "/runs/{}/comparison", Read, Route::Comparison),
    ("GET", "/runs/{}/verdict", Read, Route::Verdict),
    ("POST", "/runs/{}/verdict", Write, Route::Judge),
    ("GET", "/runs/{}/deliveries", Read, Route::Deliveries),
    ("POST", "/runs/{}/deliveries/{}/replay", Write, Route::Replay),
    ("POST", "/runs/{}/finish", Write, Route::FinishRun),
    ("PUT", "/runs/{}/outcome", Write, Route::SetOutcome),
    ("GET", "/tests", Read, Route::ListTests),
    ("POST", "/tests/{}/new-run", Write, Route::NewRun),
    ("POST", "/tests/{}/hello", Write, Route::Hello),
    ("POST", "/tests/{}/imports", Write, Route::NewImport),
    ("PUT", "/tests/{}/baseline", Write, Route::SetBaseline),
    ("DELETE", "/tests/{}/baseline", Write, Route::RemoveBaseline),
    ("PUT", "/tests/{}/findings", Write, Route::MuteFindings),
    ("PUT", "/tests/{}/options", Write, Route::DeclareOptions),
    ("PUT", "/tests/{}/metrics", Write, Route::DeclareMetrics),
    ("GET", "/tests/{}/dashboard", Read, Route::GetDashboard),
    ("PUT", "/tests/{}/dashboard", Write, Route::SetDashboard),
    ("DELETE", "/tests/{}/dashboard", Write, Route::RemoveDashboard),
    ("GET", "/tests/{}/objectives", Read, Route::GetObjectives),
    ("PUT", "/tests/{}/objectives", Write, Route::SetObjectives),
    ("DELETE", "/tests/{}/objectives", Write, Route::RemoveObjectives),
    ("GET", "/tests/{}/objectives/suggestion", Read, Route::SuggestObjectives),
    // The addresses of chats are secrets themselves.
    ("GET", "/tests/{}/webhooks", Write, Route::GetWebhooks),
    ("PUT", "/tests/{}/webhooks", Write, Route::SetWebhooks),
    ("DELETE", "/tests/{}/webhooks", Write, Route::RemoveWebhooks),
    ("GET", "/tests/{}/verdict", Read, Route::TestVerdict),
    ("POST", "/tests/{}/gate", Read, Route::Rollout),
    ("GET", "/tests/{}/badge.svg", Read, Route::Badge),
];

/// What a method at a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<'a> {
    /// A route, with what stands for each `{}`, or for `*` at the end of a path; still percent-encoded.
    Route(Route, Vec<&'a str>),
    /// `OPTIONS`: the methods that the path takes, as the header `Allow` has them.
    Options(String),
    /// The path takes these methods alone.
    OtherMethods(String),
    /// There is nothing at the path.
    Nothing,
}

impl<'a> Found<'a> {
    /// Looks a request up; beside it what the request needs to be allowed to do. Paths and methods that do not
    /// exist need what they would if they did: who may not look is not told what there is.
    pub fn at(method: &Method, path: &'a str) -> (Self, Access) {
        let reads = matches!(*method, Method::GET | Method::HEAD);
        let sought = if reads { "GET" } else { method.as_str() };
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let mut allow: Vec<&str> = Vec::new();
        let mut first = None;
        for &(method, pattern, access, route) in ROUTES {
            // A path belongs to the first pattern that it fits.
            if first.is_some_and(|first| first != pattern) {
                continue;
            }
            let Some(wild) = fit(pattern, &parts, path) else { continue };
            first = Some(pattern);
            if method == sought {
                return (Found::Route(route, wild), access);
            }
            allow.push(method);
            if method == "GET" {
                allow.push("HEAD");
            }
        }
        if allow.is_empty() {
            let needed = if reads {
                Read
            } else if *method == Method::OPTIONS {
                Nothing
            } else {
                Write
            };
            return (Found::Nothing, needed);
        }
        allow.push("OPTIONS");
        let allow = allow.join(", ");
        match *method {
            Method::OPTIONS => (Found::Options(allow), Nothing),
            _ if reads => (Found::OtherMethods(allow), Read),
            _ => (Found::OtherMethods(allow), Write),
        }
    }
}

/// What a pattern's wild parts stand for, if the path fits.
fn fit<'a>(pattern: &str, parts: &[&'a str], path: &'a str) -> Option<Vec<&'a str>> {
    if let Some(end) = pattern.strip_prefix('*') {
        return path.ends_with(end).then(Vec::new);
    }
    if let Some(start) = pattern.strip_suffix('*') {
        return path.strip_prefix(start).map(|rest| vec![rest]);
    }
    let wanted: Vec<&str> = pattern.split('/').skip(1).collect();
    // The vendor's own endpoint knows these in any case, and none without its name.
    let any_case = wanted[0] == "platform";
    let wild = |wanted: &str, part: &str| wanted == "{}" && !(any_case && part.is_empty());
    let same = |wanted: &str, part: &str| wanted == part || (any_case && wanted.eq_ignore_ascii_case(part));
    let fits = wanted.len() == parts.len()
        && wanted.iter().zip(parts).all(|(wanted, part)| wild(wanted, part) || same(wanted, part));
    fits.then(|| {
        wanted.iter().zip(parts).filter(|(wanted, _)| **wanted == "{}").map(|(_, part)| *part).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: &str) -> (Found<'_>, Access) {
        let (method, path) = line.split_once(' ').unwrap();
        Found::at(&method.parse().unwrap(), path)
    }

    #[test]
    fn every_line_of_the_table_is_reached() {
        for (method, pattern, access, route) in ROUTES {
            let path = pattern.replace("{}", "x").replace("/*", "/app.js").replace('*', "/a/prefix");
            let line = format!("{method} {path}");
            let (found, needed) = at(&line);
            assert!(matches!(found, Found::Route(found, _) if found == *route), "{line}: {found:?}");
            assert_eq!(needed, *access, "{line}");
        }
    }

    #[test]
    fn influxdbs_paths_are_known_by_their_end_under_any_prefix() {
        for (line, route) in [
            ("POST /write", Route::InfluxWrite("db")),
            ("POST /any/prefix/write", Route::InfluxWrite("db")),
            ("POST /api/v2/write", Route::InfluxWrite("bucket")),
            ("HEAD /ping", Route::InfluxPing),
            ("GET /p/query", Route::InfluxQuery),
        ] {
            assert_eq!(at(line).0, Found::Route(route, Vec::new()), "{line}");
        }
        assert_eq!(at("POST /underwrite").0, Found::Nothing);
    }

    #[test]
    fn news_of_tests_has_paths_of_its_own_and_the_vendors_are_known_in_any_case() {
        for (path, route) in [
            ("/platform/ingest/v1/events.sdlc", Some(Route::Sdlc)),
            ("/Platform/Ingest/V1/Events.SDLC", Some(Route::Sdlc)),
            ("/platform/ingest/custom/events.sdlc/loadtests", Some(Route::Sdlc)),
            ("/platform/ingest/custom/events.sdlc/", None),
            ("/platform/ingest/custom/events.sdlc/a/b", None),
            ("/platform/ingest/custom/events.sdlc", None),
            ("/platform/ingest/custom/events.sdlcé/x", None),
            ("/api/v2/events/ingest", Some(Route::EventsV2)),
            ("/events", Some(Route::CloudEvents)),
            ("/Events", None),
            ("/events/", None),
            ("", None),
        ] {
            let found = match Found::at(&Method::POST, path).0 {
                Found::Route(route, _) => Some(route),
                _ => None,
            };
            assert_eq!(found, route, "{path}");
        }
    }

    #[test]
    fn wild_parts_are_what_stands_there() {
        assert_eq!(at("GET /runs/shop.1/summary").0, Found::Route(Route::Summary, vec!["shop.1"]));
        assert_eq!(at("GET /ui/scripts/app.js").0, Found::Route(Route::Page, vec!["scripts/app.js"]));
        assert_eq!(at("GET /ui/").0, Found::Route(Route::Page, vec![""]));
    }

    #[test]
    fn what_a_path_does_not_take_is_told_with_what_it_does() {
        let methods = "GET, HEAD, PATCH, DELETE, OPTIONS".to_owned();
        assert_eq!(at("POST /runs/x.1"), (Found::OtherMethods(methods.clone()), Access::Write));
        assert_eq!(at("OPTIONS /runs/x.1"), (Found::Options(methods), Access::Nothing));
        assert_eq!(
            at("GET /runs/x.1/finish"),
            (Found::OtherMethods("POST, OPTIONS".to_owned()), Access::Read)
        );
        assert_eq!(at("POST /not/there"), (Found::Nothing, Access::Write));
        assert_eq!(at("GET /not/there"), (Found::Nothing, Access::Read));
    }
}
