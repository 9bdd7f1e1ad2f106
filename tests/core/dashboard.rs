//! The event stream against what k6's own dashboard recorded of the same runs.
//!
//! k6 streams a series `METRIC{group:GROUP}` of everything, and leaves out the submetrics that
//! thresholds name. Ours has those in the stream, and the groups in their table.

use crate::figures::{Figure, of_stream, of_values, rounded};
use crate::recorded::{self, SINGLE, WIRES};
use crate::support::{Server, json, text};
use loadgate::ingest::Wire;
use loadgate::log::stream::Cursor;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Kinds of our own, that k6's clients ignore.
const OWN: [&str; 3] = ["thresholds", "tables", "health"];

/// Of all recordings, and what ours are while a run is young.
const WINDOW_MS: u64 = 2_000;

type Event = (String, Value);

/// The recording; it is without `config`.
fn theirs(name: &str) -> Vec<Event> {
    let event = |line: &str| {
        let line: Value = serde_json::from_str(line).expect("a line of the recording");
        (line["event"].as_str().expect("a kind").to_owned(), line["data"].clone())
    };
    text(&format!("k6/{name}/dashboard.ndjson")).lines().map(event).collect()
}

/// What a client gets that is there from the start: until the traffic stops, and at the end.
fn ours(wire: Wire, name: &str) -> (Vec<Event>, Vec<Event>) {
    let run = recorded::run(name);
    let mut cursor = Cursor::default();
    let mut news = |server: &Server| -> Vec<Event> {
        let parsed = |data: &str| serde_json::from_str(data).expect("data is JSON");
        let events = server.news(&run, &mut cursor);
        events.into_iter().map(|event| (event.kind, parsed(&event.data))).collect()
    };
    let mut during = Vec::new();
    let server = recorded::live(wire, name, |server| during.extend(news(server)));
    (during, news(&server))
}

/// Each recording with our stream of it on either wire.
fn each_run(mut check: impl FnMut(&str, &[Event], &[Event], &[Event])) {
    for name in SINGLE {
        for wire in WIRES {
            println!("{name} by {wire:?}");
            let (during, end) = ours(wire, name);
            check(name, &theirs(name), &during, &end);
        }
    }
}

fn is_submetric(name: &str) -> bool {
    name.contains('{')
}

/// Kinds and contents of all metrics that a stream announces.
fn metrics<'a>(events: impl IntoIterator<Item = &'a Event>) -> BTreeMap<String, Value> {
    let events = events.into_iter().filter(|(kind, _)| kind == "metric");
    events.flat_map(|(_, data)| data.as_object().expect("names").clone()).collect()
}

/// The last `cumulative`, by name.
fn last_cumulative<'a>(
    events: impl DoubleEndedIterator<Item = &'a Event> + Clone,
) -> BTreeMap<String, Value> {
    let names = metrics(events.clone()).into_keys();
    let mut cumulative = events.rev().filter(|(kind, _)| kind == "cumulative");
    let arrays = cumulative.next().expect("there is one").1.as_array().expect("arrays").clone();
    assert_eq!(names.len(), arrays.len());
    names.zip(arrays).collect()
}

/// The windows behind `start`, each up to its snapshot, and what follows the last. Left out is what
/// only one of the two streams has: our own kinds, and events that tell of nothing but submetrics.
fn windows(events: &[Event]) -> (Vec<Vec<&str>>, Vec<&str>) {
    let mut windows = Vec::new();
    let mut window = Vec::new();
    for (kind, data) in events {
        let only_submetrics = || data.as_object().expect("names").keys().all(|name| is_submetric(name));
        if OWN.contains(&kind.as_str())
            || (["metric", "threshold"].contains(&kind.as_str()) && only_submetrics())
        {
            continue;
        }
        window.push(kind.as_str());
        if kind == "snapshot" {
            windows.push(std::mem::take(&mut window));
        }
    }
    (windows, window)
}

fn without<'a>(kind: &str, window: &[&'a str]) -> Vec<&'a str> {
    window.iter().copied().filter(|other| *other != kind).collect()
}

#[test]
fn a_stream_begins_as_k6_dashboard_does() {
    for name in SINGLE {
        let recorded = text(&format!("k6/{name}/dashboard.early.sse"));
        let recorded: Vec<&str> = recorded.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
        for wire in WIRES {
            let (during, end) = ours(wire, name);
            let kinds: Vec<&str> = during.iter().chain(&end).map(|(kind, _)| kind.as_str()).collect();
            assert_eq!(kinds[..4], recorded[..4], "{name} {wire:?}");
            assert_eq!(kinds[3], "start");
        }
    }
}

#[test]
fn a_window_has_the_kinds_of_k6_dashboard_in_their_order() {
    each_run(|_, theirs, during, end| {
        let (recorded, recorded_tail) = windows(&theirs[3..]);
        // A page lives at once: state of nothing comes with the first chunk.
        let first: Vec<&Event> = during[4..].iter().take(4).collect();
        let kinds: Vec<&str> = first.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, ["cumulative", "thresholds", "tables", "health"]);
        assert_eq!(first[0].1.as_array().map(Vec::len), Some(1));
        let mut rest: Vec<Event> = during[8..].to_vec();
        let live = windows(&rest).0.len();
        rest.extend_from_slice(end);
        // Repeated when declarations changed; these change nothing in it.
        rest.retain(|(kind, data)| {
            assert!(kind != "param" || *data == during[1].1);
            kind != "param"
        });
        let (own, own_tail) = windows(&rest);

        // Windows begin on whole seconds here, with the program there, and the last one, which k6
        // leaves out, is as long as there are samples.
        assert!((recorded.len()..=recorded.len() + 2).contains(&own.len()), "{} windows", own.len());
        for (at, window) in own.iter().enumerate() {
            let mut window = window.clone();
            if at >= live {
                // Who catches up gets state once: those that the end closed share the last one.
                assert!(!window.contains(&"cumulative"));
                let place = window.iter().take_while(|kind| **kind == "metric").count();
                window.insert(place, "cumulative");
            }
            match recorded.get(at) {
                Some(recorded) => assert_eq!(window, *recorded, "window {at}"),
                // As at the end of the recording, with a snapshot for `stop`.
                None => {
                    let like_the_end = [&without("stop", &recorded_tail)[..], &["snapshot"]].concat();
                    let (window, end) = (without("metric", &window), without("metric", &like_the_end));
                    assert_eq!(window, end, "window {at}");
                }
            }
        }
        assert_eq!(own_tail, without("metric", &recorded_tail));
        let announcements = |windows: &[Vec<&str>], tail: &[&str]| {
            windows.iter().flatten().chain(tail).filter(|kind| **kind == "metric").count()
        };
        assert_eq!(announcements(&own, &own_tail), announcements(&recorded, &recorded_tail));
        assert!(live + 2 >= recorded.len(), "only {live} windows were told live");
    });
}

/// The times that events of a kind carry.
fn times(events: &[Event], wanted: &str) -> Vec<u64> {
    let mut known = BTreeSet::new();
    let mut times = Vec::new();
    for event in events {
        known.extend(metrics([event]).into_keys());
        let (kind, data) = event;
        if kind == wanted {
            let place = known.iter().position(|name| name == "time").expect("it is announced");
            // k6's `stop` is nothing but the time.
            let place = if data.as_array().map(Vec::len) == Some(1) { 0 } else { place };
            times.push(data[place][0].as_u64().expect("a time"));
        }
    }
    times
}

#[test]
fn windows_lie_where_k6_dashboard_has_them() {
    each_run(|_, theirs, during, end| {
        let all = [during, end].concat();
        for kind in ["start", "stop"] {
            let (own, recorded) = (times(&all, kind), times(theirs, kind));
            assert_eq!((own.len(), recorded.len()), (1, 1));
            assert!(own[0].abs_diff(recorded[0]) < 1_000, "{kind} {own:?} and {recorded:?}");
        }
        let start = times(&all, "start")[0];
        let own = times(&all, "snapshot");
        let (last, full) = own.split_last().expect("there are windows");
        for (time, number) in full.iter().zip(1..) {
            assert_eq!(*time, start + WINDOW_MS * number);
        }
        assert_eq!(Some(last), times(&all, "stop").first(), "the last window ends with the samples");
        for (own, recorded) in own.iter().zip(times(theirs, "snapshot")) {
            assert!(own.abs_diff(recorded) < 1_000, "{own} and {recorded}");
        }
    });
}

/// The first and last window in which each threshold of a metric was told to fail.
fn failing(events: &[Event]) -> BTreeMap<(String, String), (u64, u64)> {
    let mut windows = times(events, "snapshot").into_iter().chain(times(events, "stop"));
    let mut told: Vec<(String, String)> = Vec::new();
    let mut found = BTreeMap::new();
    for (kind, data) in events {
        if kind == "threshold" {
            for (name, expressions) in
                data.as_object().expect("names").iter().filter(|(name, _)| !is_submetric(name))
            {
                let expressions = expressions.as_array().expect("a list").iter();
                told.extend(expressions.map(|text| (name.clone(), text.as_str().expect("text").to_owned())));
            }
        } else if kind == "snapshot" || kind == "stop" {
            let time = windows.next().expect("each has a time");
            for key in told.drain(..) {
                found.entry(key).or_insert((time, time)).1 = time;
            }
        }
    }
    found
}

#[test]
fn failing_thresholds_are_those_that_k6_dashboard_tells() {
    each_run(|name, theirs, during, end| {
        let (own, recorded) = (failing(&[during, end].concat()), failing(theirs));
        assert_eq!(own.keys().collect::<Vec<_>>(), recorded.keys().collect::<Vec<_>>());
        for ((key, own), recorded) in own.iter().zip(recorded.values()) {
            let near = own.0.abs_diff(recorded.0) < WINDOW_MS && own.1.abs_diff(recorded.1) < WINDOW_MS;
            assert!(near, "{key:?} fails from and to {own:?} where k6 has {recorded:?}");
        }
        assert_eq!(recorded.len(), if name == "shop" { 4 } else { 0 });
    });
}

#[test]
fn names_are_those_of_k6_dashboard() {
    each_run(|name, theirs, during, end| {
        let (own, recorded) = (metrics(during.iter().chain(end)), metrics(theirs));
        let plain = |metrics: &BTreeMap<String, Value>| {
            let mut metrics = metrics.clone();
            metrics.retain(|name, _| !is_submetric(name));
            metrics
        };
        assert_eq!(plain(&own), plain(&recorded));
        let more = |metrics: BTreeMap<String, Value>| {
            metrics.into_keys().filter(|name| is_submetric(name)).collect::<BTreeSet<_>>()
        };
        assert!(more(recorded).iter().all(|name| name.contains("{group:")));
        // Ours are the submetrics that k6 keeps, of thresholds and its own, that saw any data.
        let summary = json(&format!("k6/{name}/summary.json"));
        let named = summary["metrics"].as_object().expect("metrics").keys();
        let named = named.filter(|name| is_submetric(name) && !name.ends_with("{name:never}")).cloned();
        assert_eq!(more(own), named.collect());
    });
}

#[test]
fn arrays_have_the_widths_of_k6_dashboard() {
    each_run(|_, theirs, during, end| {
        let own: Vec<Event> = during.iter().chain(end).cloned().collect();
        let mut widths = Vec::new();
        for events in [&own[1..], theirs] {
            let aggregates = &events[0].1["aggregates"];
            let mut known = BTreeMap::new();
            let mut found: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
            for (kind, data) in events {
                known.append(&mut metrics([&(kind.clone(), data.clone())]));
                if !["start", "snapshot", "cumulative"].contains(&kind.as_str()) {
                    continue;
                }
                let arrays = data.as_array().expect("arrays");
                assert_eq!(arrays.len(), known.len(), "one array in {kind} for every known name");
                for ((name, about), array) in known.iter().zip(arrays) {
                    // k6 has null in places where there is nothing.
                    let width = array.as_array().map_or(0, Vec::len);
                    let whole = aggregates[about["type"].as_str().expect("a type")].as_array().map(Vec::len);
                    assert!(width == 0 || Some(width) == whole, "{name} has {array} in {kind}");
                    if !is_submetric(name) && width > 0 {
                        found.entry(name.clone()).or_default().insert(width);
                    }
                }
            }
            widths.push((aggregates.clone(), found));
        }
        assert_eq!(widths[0], widths[1]);
        // The one that differs: ours is as wide as all others.
        let (kind, stop) = own.last().expect("events");
        let names = metrics(&own);
        let filled: Vec<usize> =
            stop.as_array().expect("arrays").iter().map(|a| a.as_array().expect("no null").len()).collect();
        assert_eq!(kind, "stop");
        assert_eq!(filled, names.keys().map(|name| usize::from(name == "time")).collect::<Vec<_>>());
    });
}

#[test]
fn the_final_cumulative_is_that_of_k6_dashboard_within_rounding() {
    each_run(|name, theirs, during, end| {
        let kinds = metrics(theirs);
        let own = last_cumulative(during.iter().chain(end));
        let mut compared = 0;
        for (metric, recorded) in last_cumulative(theirs.iter()) {
            if is_submetric(&metric) || metric == "time" {
                continue;
            }
            let kind = kinds[&metric]["type"].as_str().expect("a type");
            let (own, recorded) = (of_stream(kind, &own[&metric]), of_stream(kind, &recorded));
            assert_eq!(own.len(), recorded.len(), "{metric}");
            compared += compare(&metric, &own, &recorded);
        }
        // Every figure of every metric that k6 knows.
        let due: usize = kinds
            .iter()
            .filter(|(name, _)| !is_submetric(name) && *name != "time")
            .map(|(_, about)| if about["type"] == "trend" { 7 } else { 1 })
            .sum();
        assert_eq!(compared, due, "{name}");
        assert!(due > 60, "only {due} figures");
    });
}

#[test]
fn submetrics_of_thresholds_have_k6_figures_in_the_stream() {
    each_run(|name, _, during, end| {
        let truth = &json(&format!("k6/{name}/summary.json"))["metrics"];
        let kinds = metrics(during.iter().chain(end));
        for (submetric, own) in last_cumulative(during.iter().chain(end)) {
            if is_submetric(&submetric) {
                let kind = kinds[&submetric]["type"].as_str().expect("a type");
                let recorded = of_values(kind, &truth[&submetric]);
                let mut own = of_stream(kind, &own);
                // k6's summary export has no `p(99)`.
                own.retain(|figure| recorded.iter().any(|other| other.name == figure.name));
                assert_eq!(own.len(), recorded.len(), "{submetric}");
                compare(&submetric, &own, &recorded);
            }
        }
    });
}

/// The metrics of each row of the groups table, by group and metric.
fn groups(tables: &Value) -> BTreeMap<(String, String), Value> {
    let mut found = BTreeMap::new();
    for row in tables["groups"].as_array().expect("rows") {
        let group = row["key"][0].as_str().expect("a name");
        for (metric, values) in row["metrics"].as_object().expect("metrics") {
            found.insert((group.to_owned(), metric.clone()), values.clone());
        }
    }
    found
}

#[test]
fn the_groups_table_has_the_figures_of_k6_group_series() {
    for (name, wire) in SINGLE.into_iter().flat_map(|name| WIRES.map(|wire| (name, wire))) {
        let theirs = theirs(name);
        let mut recorded = BTreeMap::new();
        let kinds = metrics(&theirs);
        for (series, figures) in last_cumulative(theirs.iter()) {
            if let Some((metric, group)) = series.trim_end_matches('}').split_once("{group:") {
                let kind = kinds[&series]["type"].as_str().expect("a type");
                recorded.insert((group.to_owned(), metric.to_owned()), (kind.to_owned(), figures));
            }
        }
        // The other scripts have no groups.
        assert_eq!(recorded.len(), if name == "shop" { 60 } else { 0 });

        let server = recorded::sent(wire, name);
        let events = server.events(&recorded::run(name), None);
        let tables = events.iter().rfind(|event| event.kind == "tables").expect("state");
        let streamed: Value = serde_json::from_str(&tables.data).expect("data is JSON");
        for own in [groups(&streamed), groups(&server.summary(&recorded::run(name)))] {
            assert_eq!(own.keys().collect::<Vec<_>>(), recorded.keys().collect::<Vec<_>>());
            for ((key, own), (kind, recorded)) in own.iter().zip(recorded.values()) {
                let (own, recorded) = (of_values(kind, own), of_stream(kind, recorded));
                assert_eq!(own.len(), recorded.len(), "{key:?}");
                compare(&format!("{key:?} of {name} by {wire:?}"), &own, &recorded);
            }
        }
    }
}

/// Fails unless all are equal within rounding; how many they were.
#[track_caller]
fn compare(what: &str, own: &[Figure], recorded: &[Figure]) -> usize {
    for (own, recorded) in own.iter().zip(recorded) {
        assert_eq!(own.name, recorded.name, "{what}");
        assert!(rounded(own, recorded), "{what} {}: {} where k6 has {}", own.name, own.value, recorded.value);
    }
    own.len()
}
