//! The event stream of a run: gapless, and the same bytes for everybody.

use crate::recorded::{self, ALL, WIRES};
use crate::support::{Server, block_on, text};
use loadgate::ingest::Wire;
use loadgate::log::stream::{Cursor, PageEvent};
use std::fmt::Write as _;

/// `cumulative`, `thresholds`, `tables`, `health`.
const STATE: usize = 4;

/// Every recording over either wire.
fn each() -> impl Iterator<Item = (&'static str, Wire)> {
    ALL.into_iter().flat_map(|name| WIRES.map(|wire| (name, wire)))
}

#[test]
fn ids_have_no_gaps_and_stop_is_last() {
    for (name, wire) in each() {
        let events = recorded::sent(wire, name).events(&recorded::run(name), None);
        let ids: Vec<u64> = events.iter().filter_map(|event| event.id).collect();
        assert_eq!(ids, (0..ids.len() as u64).collect::<Vec<_>>());
        assert_eq!(events.last().map(|event| event.kind.as_str()), Some("stop"));
        assert_eq!(events.iter().filter(|event| event.kind == "stop").count(), 1);
    }
}

/// Holds every resumption to the whole stream: the same events in the same places, state among them.
/// Whoever has everything gets nothing. How many states came with the whole.
#[track_caller]
fn assert_resumes(server: &Server, run: &str) -> usize {
    let all = server.events(run, None);
    let last = all.iter().filter_map(|event| event.id).max().expect("there are events");
    for after in 0..last {
        let due: Vec<&PageEvent> = all.iter().filter(|event| event.id.is_none_or(|id| id > after)).collect();
        let rest = server.events(run, Some(after));
        assert_eq!(rest.iter().collect::<Vec<_>>(), due, "{run} after {after} of {last}");
    }
    assert_eq!(server.events(run, Some(last)), []);
    all.iter().filter(|event| event.id.is_none()).count()
}

#[test]
fn whoever_resumes_at_any_id_gets_the_same_rest() {
    for (name, wire) in each() {
        let server = recorded::sent(wire, name);
        assert_eq!(assert_resumes(&server, &recorded::run(name)), STATE);
        // Another instance, that folded nothing.
        let other = Server::on(server.memory.clone(), server.hands.clone());
        assert_eq!(assert_resumes(&other, &recorded::run(name)), STATE);
    }
}

#[test]
fn whoever_resumes_a_live_run_at_any_id_gets_the_same_rest() {
    for (name, wire) in each() {
        let run = recorded::run(name);
        let mut known: Vec<PageEvent> = Vec::new();
        let mut check = |server: &Server| {
            let mut now = server.events(&run, None);
            now.retain(|event| event.id.is_some());
            assert_eq!(now[..known.len()], known, "an id never changes its bytes");
            let news = now.len() > known.len();
            known = now;
            // What resuming gives depends on nothing else.
            if news {
                assert_eq!(assert_resumes(server, &run), STATE);
            }
        };
        let server = recorded::live(wire, name, &mut check);
        check(&server);
    }
}

#[test]
fn a_client_that_stays_gets_the_bytes_of_one_that_comes_later() {
    for (name, wire) in each() {
        let run = recorded::run(name);
        let mut cursor = Cursor::default();
        let mut got: Vec<PageEvent> = Vec::new();
        let mut listen = |server: &Server| {
            let news = server.news(&run, &mut cursor);
            // The newest state is what anybody would get now who comes, in its place.
            let first = news.iter().find_map(|event| event.id);
            let rest = server.events(&run, first.map(|id| id.saturating_sub(1)).filter(|_| first != Some(0)));
            assert!(news.is_empty() || news == rest, "{name} {wire:?}");
            got.extend(news);
        };
        let server = recorded::live(wire, name, &mut listen);
        listen(&server);
        let states = got.iter().filter(|event| event.id.is_none()).count();
        assert!(states >= 2 * STATE && states.is_multiple_of(STATE), "{states} states came");
        got.retain(|event| event.id.is_some());
        let mut later = server.events(&run, None);
        later.retain(|event| event.id.is_some());
        assert_eq!(got, later);
    }
}

#[test]
fn instances_that_fold_the_same_records_say_the_same() {
    let server = Server::new();
    recorded::declare(&server, "shop");
    server.post(Wire::K6Json, "shop", "k6", text("k6/shop/k6.json.gz").as_bytes());
    let run = server.finish("shop");
    let all = server.events(&run, None);
    // A second instance that knows nothing, on the same store.
    let other = Server::on(server.memory.clone(), server.hands.clone());
    other.fold("shop");
    assert_eq!(other.events(&run, None), all);
    assert_eq!(other.summary(&run), server.summary(&run));
    // And one that folded the same traffic in other pages, on a store of its own.
    let slow = Server::new();
    recorded::declare(&slow, "shop");
    let lines = text("k6/shop/k6.json.gz");
    let outcome = slow.post(Wire::K6Json, "shop", "k6", lines.as_bytes());
    assert_eq!(outcome.receipt.accepted, lines.lines().count() as u64);
    while block_on(slow.service.advance("shop")).expect("it folds").more {
        // Forgets everything after each page.
        let fresh = Server::on(slow.memory.clone(), slow.hands.clone());
        if !block_on(fresh.service.advance("shop")).expect("it folds").more {
            break;
        }
    }
    assert_eq!(slow.finish("shop"), run);
    assert_eq!(slow.events(&run, None), all);
}

#[test]
fn an_instance_that_comes_later_gets_past_records_that_close_no_window() {
    let server = Server::new();
    server.replay("shop", &text("k6/shop/influx.ndjson.gz"));
    let lines = text("k6/shop/k6.json.gz");
    let old: String = lines.split_inclusive('\n').take(200).collect();
    for _ in 0..60 {
        server.post(Wire::K6Json, "shop", "k6", old.as_bytes());
    }
    server.fold("shop");
    let other = Server::on(server.memory.clone(), server.hands.clone());
    let pages =
        (0..100).take_while(|_| block_on(other.service.advance("shop")).expect("it folds").more).count();
    assert!(pages < 100, "it folds the same records again and again");
}

#[test]
fn records_are_cleaned_up_behind_checkpoints_and_nothing_is_lost() {
    let server = Server::new();
    let lines = text("k6/shop/k6.json.gz");
    let mut posted = 0.0;
    // Eight runs' worth of windows in one live run: times move on with each repetition.
    for repetition in 0..8_u64 {
        let mut body = String::new();
        for line in lines.lines().filter(|line| line.contains(r#""metric":"http_reqs","type":"Point""#)) {
            let at = line.find(r#""time":""#).expect("a time") + 8;
            let seconds: u64 = line[at + 17..at + 19].parse().expect("seconds");
            let minutes: u64 = line[at + 14..at + 16].parse().expect("minutes");
            let total = minutes * 60 + seconds + repetition * 40;
            let moved = format!("{:02}:{:02}", (total / 60) % 60, total % 60);
            body.push_str(&format!("{}{}{}\n", &line[..at + 14], moved, &line[at + 19..]));
            posted += 1.0;
        }
        for piece in body.lines().collect::<Vec<_>>().chunks(40) {
            server.post(Wire::K6Json, "long", "k6", (piece.join("\n") + "\n").as_bytes());
            server.pass(200);
            server.fold("long");
        }
    }
    let run = server.finish("long");
    assert_eq!(server.summary(&run)["metrics"]["http_reqs"]["values"]["count"], posted);
    let records = server.memory.keys().iter().filter(|key| key.starts_with("log/long/record/")).count();
    assert!(records < 400, "{records} records are left");
    let states = server.memory.keys().iter().filter(|key| key.contains("/state/")).count();
    assert!(states <= 70, "{states} states are left");
    let fresh = Server::on(server.memory.clone(), server.hands.clone());
    fresh.fold("long");
    assert_eq!(fresh.events(&run, None), server.events(&run, None));
}

#[test]
fn the_newest_chunk_comes_with_its_state_wherever_a_page_ends() {
    let server = Server::new();
    // Chunks of some 100 KB each: every third or so fills a page.
    for batch in 0..12 {
        let mut lines = String::new();
        for point in 0..5 {
            for metric in 0..500 {
                let time = 1_795_300_000 + batch * 10 + point * 2;
                writeln!(lines, "m{metric} value={}.123 {time}000000000", metric + point).expect("text");
            }
        }
        let outcome = server.post(Wire::InfluxLines, "wide", "k6", lines.as_bytes());
        assert_eq!(outcome.receipt.refused, 0);
        server.fold("wide");
        let kinds: Vec<String> = server.events("wide.1", None).into_iter().map(|event| event.kind).collect();
        for state in ["cumulative", "thresholds", "tables", "health"] {
            assert_eq!(kinds.iter().filter(|kind| *kind == state).count(), 1, "batch {batch}: {state}");
        }
    }
}
