//! What there is to ask for: one table of methods, paths, what each needs, and where it leads.

use crate::Access::{self, Nothing, Read, Write};
use http::Method;

/// Where a request leads. What differs by wire or method has an entry of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    Healthy,
    Ready,
    Home,
    Page,
    Report,
    /// InfluxDB's lines; the parameter that names the test.
    InfluxWrite(&'static str),
    InfluxQuery,
    InfluxPing,
    Ingest,
    Events,
    EventSchema,
    DashboardSchema,
    ListRuns,
    GetRun,
    LabelRun,
    DeleteRun,
    Summary,
    Rows,
    Distribution,
    FinishRun,
    SetOutcome,
    NewRun,
    Hello,
    NewImport,
    SetBaseline,
    RemoveBaseline,
    DeclareOptions,
    DeclareMetrics,
    GetDashboard,
    SetDashboard,
    RemoveDashboard,
    GetObjectives,
    SetObjectives,
    RemoveObjectives,
    SuggestObjectives,
    ObjectivesSchema,
    /// The verdict on a run …
    Verdict,
    /// … on a test's newest …
    TestVerdict,
    /// … and on the one that an event named so.
    KnownVerdict,
    Judge,
    Badge,
    /// A rollout asks whether it may go on.
    Rollout,
    /// News of a test's begin or end, in the dialect of its path.
    Lifecycle,
}

/// `{}` stands for any one part, `*` for any number of them; a path is tried in the order of the table.
/// GET answers HEAD too, and every path OPTIONS.
const ROUTES: &[(&str, &str, Access, Route)] = &[
    ("GET", "/healthz", Nothing, Route::Healthy),
    ("GET", "/readyz", Nothing, Route::Ready),
    ("POST", "/api/v2/write", Write, Route::InfluxWrite("bucket")),
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
    ("POST", "/platform/ingest/v1/events.sdlc", Write, Route::Lifecycle),
    ("POST", "/platform/ingest/custom/events.sdlc/{}", Write, Route::Lifecycle),
    ("POST", "/api/v2/events/ingest", Write, Route::Lifecycle),
    ("GET", "/events", Read, Route::Events),
    ("POST", "/events", Write, Route::Lifecycle),
    ("GET", "/events/schema.json", Nothing, Route::EventSchema),
    ("GET", "/dashboard/schema.json", Nothing, Route::DashboardSchema),
    ("GET", "/objectives/schema.json", Nothing, Route::ObjectivesSchema),
    ("GET", "/verdict", Read, Route::KnownVerdict),
    ("GET", "/runs", Read, Route::ListRuns),
    ("GET", "/runs/{}", Read, Route::GetRun),
    ("PATCH", "/runs/{}", Write, Route::LabelRun),
    ("DELETE", "/runs/{}", Write, Route::DeleteRun),
    ("GET", "/runs/{}/events", Read, Route::Events),
    ("GET", "/runs/{}/summary", Read, Route::Summary),
    ("GET", "/runs/{}/rows", Read, Route::Rows),
    ("GET", "/runs/{}/distribution", Read, Route::Distribution),
    ("GET", "/runs/{}/verdict", Read, Route::Verdict),
    ("POST", "/runs/{}/verdict", Write, Route::Judge),
    ("POST", "/runs/{}/finish", Write, Route::FinishRun),
    ("PUT", "/runs/{}/outcome", Write, Route::SetOutcome),
    ("POST", "/tests/{}/new-run", Write, Route::NewRun),
    ("POST", "/tests/{}/hello", Write, Route::Hello),
    ("POST", "/tests/{}/imports", Write, Route::NewImport),
    ("PUT", "/tests/{}/baseline", Write, Route::SetBaseline),
    ("DELETE", "/tests/{}/baseline", Write, Route::RemoveBaseline),
    ("PUT", "/tests/{}/options", Write, Route::DeclareOptions),
    ("PUT", "/tests/{}/metrics", Write, Route::DeclareMetrics),
    ("GET", "/tests/{}/dashboard", Read, Route::GetDashboard),
    ("PUT", "/tests/{}/dashboard", Write, Route::SetDashboard),
    ("DELETE", "/tests/{}/dashboard", Write, Route::RemoveDashboard),
    ("GET", "/tests/{}/objectives", Read, Route::GetObjectives),
    ("PUT", "/tests/{}/objectives", Write, Route::SetObjectives),
    ("DELETE", "/tests/{}/objectives", Write, Route::RemoveObjectives),
    ("GET", "/tests/{}/objectives/suggestion", Read, Route::SuggestObjectives),
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
    // The vendor's own endpoint knows these in any case.
    let any_case = wanted[0] == "platform";
    let same = |wanted: &str, part: &str| wanted == part || (any_case && wanted.eq_ignore_ascii_case(part));
    let fits = wanted.len() == parts.len()
        && wanted.iter().zip(parts).all(|(wanted, part)| *wanted == "{}" || same(wanted, part));
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
