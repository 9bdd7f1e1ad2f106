//! The event stream against the recording of k6's own dashboard.

use crate::harness::fixtures::{bytes, metric_lines, ndjson, play, unpacked};
use crate::harness::sse::{Events, Frame, replay};
use crate::harness::{Server, assert_close};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// k6's dashboard cuts numbers to five digits and five decimals, and percentiles are sketched here
/// and exact there.
#[track_caller]
fn assert_rounded(what: &str, ours: f64, theirs: f64) {
    const DECIMALS: f64 = 1e-5;
    let step = DECIMALS.copysign(ours - theirs);
    if (ours - theirs).abs() > DECIMALS {
        assert_close(what, ours, theirs + step, 1.2e-3);
    }
}

/// Kinds that k6's dashboard knows; our own come under other names.
const KINDS: [&str; 7] = ["param", "metric", "start", "cumulative", "threshold", "snapshot", "stop"];

/// Types of all names that a stream declares.
fn metrics<'a>(events: impl Iterator<Item = &'a Value>) -> BTreeMap<String, Value> {
    events
        .flat_map(|data| data.as_object().expect("names and types"))
        .map(|(name, about)| (name.clone(), about["type"].clone()))
        .collect()
}

struct Theirs {
    events: Vec<(String, Value)>,
}

impl Theirs {
    fn read() -> Self {
        let lines = ndjson(&bytes("k6/shop/dashboard.ndjson"));
        let event =
            |line: Value| (line["event"].as_str().unwrap_or_default().to_owned(), line["data"].clone());
        Theirs { events: lines.into_iter().map(event).collect() }
    }

    fn metrics(&self) -> BTreeMap<String, Value> {
        metrics(self.events.iter().filter(|(kind, _)| kind == "metric").map(|(_, data)| data))
    }

    /// Figures of every name at the end.
    fn cumulative(&self) -> BTreeMap<String, Vec<Value>> {
        let (_, data) = self.events.iter().rfind(|(kind, _)| kind == "cumulative").expect("recorded");
        by_name(self.metrics().into_keys(), data)
    }
}

/// Arrays stand in the byte order of the names.
#[track_caller]
fn by_name(names: impl Iterator<Item = String>, data: &Value) -> BTreeMap<String, Vec<Value>> {
    let names: BTreeSet<String> = names.collect();
    let arrays = data.as_array().expect("an array of arrays");
    assert_eq!(arrays.len(), names.len(), "one array for every known name");
    let values = arrays.iter().map(|array| array.as_array().expect("`[]` where there is nothing").clone());
    names.into_iter().zip(values).collect()
}

fn shop(server: &Server) -> Vec<Frame> {
    server.declare("shop", &bytes("k6/shop/options.json"));
    let types = metric_lines(&unpacked("k6/shop/k6.json.gz"));
    server.post("/ingest?test=shop", &types).document();
    play(server, "k6/shop/influx.ndjson.gz", "shop");
    server.finish("shop.1");
    replay(server, "shop.1")
}

#[test]
fn names_types_and_widths_are_those_of_k6s_dashboard() {
    let server = Server::start();
    let frames = shop(&server);
    let theirs = Theirs::read().metrics();
    let declared: Vec<Value> =
        frames.iter().filter(|frame| frame.kind == "metric").map(Frame::json).collect();
    let ours = metrics(declared.iter());
    for (name, kind) in theirs.iter().filter(|(name, _)| !name.contains('{')) {
        assert_eq!(ours.get(name), Some(kind), "{name}");
    }
    let extra: Vec<&String> = ours.keys().filter(|name| !theirs.contains_key(*name)).collect();
    assert!(extra.iter().all(|name| name.contains('{')), "more than submetrics: {extra:?}");
    assert!(ours.contains_key("http_req_duration{name:checkout}"), "a submetric that a threshold names");
    assert!(!ours.keys().any(|name| name.contains("{group:::find}")), "groups are in their table");

    // Every array is as wide as its type asks, or empty, over all names known by then.
    let mut known = BTreeMap::new();
    for frame in &frames {
        match frame.kind.as_str() {
            "metric" => known.append(&mut metrics([frame.json()].iter())),
            "snapshot" | "cumulative" | "stop" => {
                for (name, values) in by_name(known.keys().cloned(), &frame.json()) {
                    let width = match known[&name].as_str() {
                        Some("counter") => 2,
                        Some("trend") => 7,
                        _ => 1,
                    };
                    assert!(values.is_empty() || values.len() == width, "{name} in {}", frame.raw);
                }
            }
            _ => {}
        }
    }
}

#[test]
fn the_last_cumulative_is_that_of_k6s_dashboard_within_rounding() {
    let server = Server::start();
    let frames = shop(&server);
    let declared: Vec<Value> =
        frames.iter().filter(|frame| frame.kind == "metric").map(Frame::json).collect();
    let types = metrics(declared.iter());
    let last =
        frames.iter().rfind(|frame| frame.kind == "cumulative").expect("the state comes before `stop`");
    let ours = by_name(types.keys().cloned(), &last.json());
    let mut compared = 0;
    for (name, theirs) in Theirs::read().cumulative() {
        if name.contains('{') || name == "time" {
            continue;
        }
        for (at, theirs) in theirs.iter().enumerate() {
            // k6 divides by its own elapsed time.
            if types[&name] == "counter" && at == 1 {
                continue;
            }
            let what = format!("figure {at} of {name}");
            let figure = |value: &Value| value.as_f64().unwrap_or_else(|| panic!("{what}: {value}"));
            assert_rounded(&what, figure(&ours[&name][at]), figure(theirs));
            compared += 1;
        }
    }
    assert!(compared > 80, "{compared} figures were compared");
}

#[test]
fn a_window_has_its_events_in_the_order_of_k6s_dashboard() {
    let server = Server::start();
    server.declare("shop", &bytes("k6/shop/options.json"));
    let live = Events::open(&server, "/events?test=shop", None);
    play(&server, "k6/shop/influx.ndjson.gz", "shop");
    server.finish("shop.1");
    let frames = live.rest();
    let kinds: Vec<&str> =
        frames.iter().map(|frame| frame.kind.as_str()).filter(|kind| KINDS.contains(kind)).collect();
    let theirs = Theirs::read();
    let recorded: Vec<&str> = theirs.events.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds[..4], recorded[..4], "how a stream begins");
    assert_eq!(kinds.last(), recorded.last());
    // `cumulative` is state: whoever catches up gets it once, in its place before the newest window.
    let order = |kind: &str| {
        ["metric", "cumulative", "threshold", "snapshot"].iter().position(|known| *known == kind)
    };
    let windows = |kinds: &[&str]| {
        kinds
            .split(|kind| *kind == "snapshot")
            .map(|window| window.iter().map(|kind| order(kind)).collect::<Vec<_>>())
            .collect::<Vec<_>>()
    };
    for stream in [&kinds[3..kinds.len() - 1], &recorded[3..recorded.len() - 1]] {
        for window in windows(stream) {
            assert!(window.is_sorted(), "{window:?} in {stream:?}");
        }
    }
    let snapshots = |kinds: &[&str]| kinds.iter().filter(|kind| **kind == "snapshot").count();
    assert!(snapshots(&kinds).abs_diff(snapshots(&recorded)) <= 1, "{} windows", snapshots(&kinds));
}

#[test]
fn groups_have_the_figures_that_k6_streams_as_series_of_their_own() {
    let server = Server::start();
    shop(&server);
    let summary = server.summary("shop.1");
    let groups = summary["groups"].as_array().expect("a table");
    let theirs = Theirs::read();
    let mut compared = 0;
    for (name, figures) in theirs.cumulative() {
        let Some((metric, group)) = name.strip_suffix('}').and_then(|name| name.split_once("{group:")) else {
            continue;
        };
        let Some(row) = groups.iter().find(|row| row["key"][0] == group) else {
            panic!("no row for {group}")
        };
        let values = &row["metrics"][metric];
        if values.is_null() {
            continue; // the table holds what people ask of groups, not every metric
        }
        let ours: Vec<(&str, usize)> = match figures.len() {
            7 => {
                vec![("avg", 0), ("max", 1), ("med", 2), ("min", 3), ("p(90)", 4), ("p(95)", 5), ("p(99)", 6)]
            }
            2 => vec![("count", 0)],
            _ if values["rate"].is_number() => vec![("rate", 0)],
            _ => vec![("value", 0)],
        };
        for (key, at) in ours {
            let Some(theirs) = figures.get(at).and_then(Value::as_f64) else { continue };
            let ours = values[key].as_f64().unwrap_or(f64::NAN);
            assert_rounded(&format!("{key} of {name}"), ours, theirs);
            compared += 1;
        }
    }
    assert!(compared >= 20, "{compared} figures were compared");
}

#[test]
fn every_event_is_one_line_of_json_of_a_kind_that_the_schema_knows() {
    let server = Server::start();
    let schema = server.get("/events/schema.json").document();
    let text = schema.to_string();
    for frame in shop(&server) {
        assert!(text.contains(&format!("\"{}\"", frame.kind)), "{} is not in the schema", frame.kind);
        assert_eq!(frame.raw.lines().filter(|line| line.starts_with("data:")).count(), 1);
        frame.json();
    }
}
