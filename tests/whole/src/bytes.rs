//! The same bytes everywhere: live, replayed, resumed, after a restart, from every server on a store.

use crate::harness::fixtures::{bytes, ingest, json, play, unpacked};
use crate::harness::redis::Redis;
use crate::harness::server::{Options, QUICK, store_in};
use crate::harness::sse::{Events, Frame, log_bytes, replay};
use crate::harness::{Server, wait_for};
use tempfile::TempDir;

fn on(store: &str) -> Server {
    Server::with(Options { store: Some(store), settings: QUICK, ..Options::default() })
}

/// Events without an id: what only the newest of matters. A verdict is given by somebody, at some moment.
fn state_bytes(frames: &[Frame]) -> Vec<&str> {
    let mut newest: Vec<(&str, &str)> = Vec::new();
    for frame in frames.iter().filter(|frame| frame.id.is_none() && frame.kind != "verdict") {
        newest.retain(|(kind, _)| *kind != frame.kind);
        newest.push((&frame.kind, &frame.raw));
    }
    newest.sort_unstable();
    newest.into_iter().map(|(_, raw)| raw).collect()
}

#[track_caller]
fn assert_gapless(frames: &[Frame]) {
    let ids: Vec<u64> = frames.iter().filter_map(|frame| frame.id).collect();
    assert_eq!(ids, (0..ids.len() as u64).collect::<Vec<_>>());
    assert_eq!(frames.last().map(|frame| frame.kind.as_str()), Some("stop"));
}

/// Waits until a server that did not take the samples knows their run.
fn replay_when_known(server: &Server, run: &str) -> Vec<Frame> {
    wait_for("the run to be known", || (server.get(&format!("/runs/{run}")).status == 200).then_some(()));
    server.wait_ended(run);
    replay(server, run)
}

#[test]
fn live_replayed_and_after_a_restart_a_run_has_the_same_bytes() {
    let folder = TempDir::new().expect("a folder");
    let store = store_in(folder.path());
    let server = on(&store);
    server.declare("shop", &bytes("k6/shop/options.json"));
    // Listens before there is anything.
    let mut live = Events::open(&server, "/events?test=shop", None);
    assert!(live.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")));
    play(&server, "k6/shop/influx.ndjson.gz", "shop");
    let mut seen = live.until("its first snapshot", |frame| frame.kind == "snapshot");
    server.finish("shop.1");
    seen.extend(live.rest());
    assert_gapless(&seen);

    let again = replay(&server, "shop.1");
    assert_eq!(log_bytes(&again), log_bytes(&seen), "replayed");
    assert_eq!(state_bytes(&again), state_bytes(&seen), "the state that follows them");
    let [.., verdict, stop] = again.as_slice() else { panic!("two frames at least") };
    assert_eq!((verdict.kind.as_str(), verdict.id, stop.kind.as_str()), ("verdict", None, "stop"));
    assert_eq!(verdict.json(), server.get("/runs/shop.1/verdict").document(), "the last word");
    let told = |frame: &&Frame| frame.kind == "verdict" && frame.json()["provisional"] == true;
    assert!(seen.iter().any(|frame| told(&frame)), "and before it what it would come to");
    let summary = server.get("/runs/shop.1/summary").body;
    assert_eq!(server.interrupt(), Some(0), "Ctrl-C is a graceful end");

    let server = on(&store);
    let later = replay(&server, "shop.1");
    assert_eq!(log_bytes(&later), log_bytes(&seen), "after a restart");
    assert_eq!(state_bytes(&later), state_bytes(&seen));
    assert_eq!(server.get("/runs/shop.1/summary").body, summary);
}

#[test]
fn a_stream_resumes_at_every_id() {
    let server = Server::start();
    server.declare("aborted", &bytes("k6/aborted/options.json"));
    play(&server, "k6/aborted/influx.ndjson.gz", "aborted");
    server.finish("aborted.1");
    let whole = replay(&server, "aborted.1");
    assert_gapless(&whole);
    let logged: Vec<&Frame> = whole.iter().filter(|frame| frame.id.is_some()).collect();
    for (at, _) in logged.iter().enumerate().take(logged.len() - 1) {
        let rest = Events::open(&server, "/runs/aborted.1/events", Some(at as u64)).rest();
        let expected: String = logged[at + 1..].iter().map(|frame| frame.raw.as_str()).collect();
        assert_eq!(log_bytes(&rest), expected, "after {at}");
        assert_eq!(state_bytes(&rest), state_bytes(&whole), "after {at}");
    }
    let headers = [("last-event-id", (logged.len() - 1).to_string())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let answer = server.send("GET", "/runs/aborted.1/events", &headers, b"");
    assert_eq!(answer.status, 204, "whoever has `stop` is told to stay away");
}

/// Two servers take halves of a run's samples; every reader of either sees the same.
#[track_caller]
fn assert_one_run_over_two(one: &Server, two: &Server) {
    one.declare("shop", &bytes("k6/shop/options.json"));
    let lines = unpacked("k6/shop/k6.json.gz");
    let mut readers = [one, two].map(|server| Events::open(server, "/events?test=shop", None));
    let lines: Vec<&[u8]> = lines.split_inclusive(|byte| *byte == b'\n').collect();
    for (number, batch) in lines.chunks(2_000).enumerate() {
        let server = if number % 2 == 0 { one } else { two };
        let answer = server.post("/ingest?test=shop&run=both&source=k6", &batch.concat());
        assert_eq!(answer.document()["refused"], 0, "{}", answer.text());
    }
    one.finish("shop.both");
    let live = readers.each_mut().map(|reader| reader.until("its end", |frame| frame.kind == "stop"));
    let replays = [replay_when_known(one, "shop.both"), replay_when_known(two, "shop.both")];
    assert_gapless(&live[0]);
    for frames in [&live[1], &replays[0], &replays[1]] {
        assert_eq!(log_bytes(frames), log_bytes(&live[0]));
        assert_eq!(state_bytes(frames), state_bytes(&live[0]));
    }
    let summaries = [one, two].map(|server| server.summary("shop.both"));
    assert_eq!(summaries[0], summaries[1]);
    let requests = &summaries[0]["metrics"]["http_reqs"]["values"]["count"];
    assert_eq!(requests.as_f64(), json("k6/shop/summary.json")["metrics"]["http_reqs"]["count"].as_f64());
}

#[test]
fn two_servers_on_one_redis_show_one_run() {
    let redis = Redis::start();
    assert_one_run_over_two(&on(&redis.url), &on(&redis.url));
}

#[test]
fn so_do_two_on_a_redis_that_refuses_to_read_many_keys_at_once_as_spin_does() {
    let redis = Redis::start();
    let url = redis.url.replace("redis:", "redis+spin:");
    assert_one_run_over_two(&on(&url), &on(&url));
}

#[test]
fn two_processes_on_one_sqlite_file_show_one_run() {
    let folder = TempDir::new().expect("a folder");
    let store = store_in(folder.path());
    assert_one_run_over_two(&on(&store), &on(&store));
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let folder = TempDir::new().expect("a folder");
    let store = store_in(folder.path());
    let server = on(&store);
    let lines = unpacked("k6/short/k6.json.gz");
    ingest(&server, "/ingest?test=short&run=kept", "first", &lines);
    drop(server); // SIGKILL right after the answer: nothing was folded yet
    let server = on(&store);
    ingest(&server, "/ingest?test=short&run=kept", "second", &lines);
    wait_for("the run", || server.runs("short").pop());
    server.finish("short.kept");
    let count = &server.summary("short.kept")["metrics"]["http_reqs"]["values"]["count"];
    assert_eq!(count.as_f64(), Some(24.0));
}

/// No run ends while its store is away.
fn patient(store: &str) -> Server {
    Server::with(Options { store: Some(store), settings: &[("straggler", "500ms")], ..Options::default() })
}

/// Posts ten requests to both servers by turns, `times` over, and gives how many were acknowledged.
fn post_by_turns(servers: &[Server; 2], times: usize) -> f64 {
    let mut acknowledged = 0.0;
    for turn in 0..times {
        let lines = "http_reqs,name=home value=1\n".repeat(10);
        let answer = servers[turn % 2].post("/write?db=redis&run=kept", lines.as_bytes());
        match answer.status {
            204 => acknowledged += 10.0,
            503 => {}
            other => panic!("{other} {}", answer.text()),
        }
    }
    acknowledged
}

fn requests(server: &Server) -> Option<f64> {
    server.summary("redis.kept")["metrics"]["http_reqs"]["values"]["count"].as_f64()
}

#[test]
fn what_was_acknowledged_survives_a_redis_that_crashes_and_comes_back() {
    let mut redis = Redis::durable();
    let servers = [patient(&redis.url), patient(&redis.url)];
    let mut acknowledged = post_by_turns(&servers, 20);
    redis.crash();
    assert_eq!(post_by_turns(&servers, 4), 0.0, "nothing is acknowledged that is stored nowhere");
    assert_eq!(servers[0].get("/readyz").status, 503);
    redis.come_back();
    wait_for("the servers to find it again", || {
        let found = servers.iter().all(|server| server.get("/readyz").status == 200);
        found.then_some(())
    });
    acknowledged += post_by_turns(&servers, 20);
    assert_eq!(acknowledged, 400.0);
    servers[0].finish("redis.kept");
    assert_eq!(servers.each_ref().map(requests), [Some(acknowledged); 2]);
}

#[test]
fn a_redis_that_comes_back_with_an_older_copy_loses_what_it_lost_and_nothing_else() {
    let mut redis = Redis::start();
    let servers = [patient(&redis.url), patient(&redis.url)];
    let kept = post_by_turns(&servers, 20);
    // Both have folded more than what comes back.
    redis.save();
    let lost = post_by_turns(&servers, 12);
    for server in &servers {
        assert!(server.get("/runs/redis.kept/summary").status == 200);
    }
    redis.crash();
    redis.come_back();
    wait_for("the servers to find it again", || {
        let found = servers.iter().all(|server| server.get("/readyz").status == 200);
        found.then_some(())
    });
    let later = post_by_turns(&servers, 30);
    assert_eq!((kept, lost, later), (200.0, 120.0, 300.0));
    servers[1].finish("redis.kept");
    assert_eq!(servers.each_ref().map(requests), [Some(kept + later); 2]);
    let fresh = on(&redis.url);
    assert_eq!(requests(&fresh), Some(kept + later), "nor do servers that never saw the lost part differ");
}
