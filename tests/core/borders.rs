//! How people start and end tests, as stock k6 shows it on the InfluxDB wire, and the runs that come of
//! it. `tests/fixtures/k6/borders/README.md` tells the scenes.

use crate::support::{Server, block_on, text};

/// The ids of a test's runs, oldest first, with how many requests each has.
fn runs(server: &Server, test: &str) -> Vec<(String, u64)> {
    let list = server.list(Some(test), 100, false);
    let list: Vec<serde_json::Value> = serde_json::from_str(&list).expect("JSON");
    let ids = list.iter().rev().map(|item| item["id"].as_str().expect("an id").to_owned());
    let count = |id: &str| server.summary(id)["metrics"]["http_reqs"]["values"]["count"].as_u64();
    ids.map(|id| (id.clone(), count(&id).expect("requests"))).collect()
}

/// How many samples of `http_reqs` each connection of a capture sends.
fn sent(capture: &str) -> Vec<u64> {
    let mut found: Vec<(String, u64)> = Vec::new();
    for line in capture.lines() {
        let request: serde_json::Value = serde_json::from_str(line).expect("a line of the capture");
        let peer = request["peer"].as_str().expect("a peer");
        let body = request["body"].as_str().unwrap_or_default();
        let count = body.lines().filter(|line| line.starts_with("http_reqs")).count() as u64;
        match found.iter_mut().find(|(known, _)| known == peer) {
            Some((_, sum)) => *sum += count,
            None => found.push((peer.to_owned(), count)),
        }
    }
    found.into_iter().map(|(_, count)| count).collect()
}

/// Lets time pass as a server does that looks after its logs.
fn rest(server: &Server, logs: &[&str]) {
    for _ in 0..40 {
        for log in logs {
            server.fold(log);
        }
        server.pass(1_000);
    }
    for log in logs {
        server.fold(log);
    }
}

#[test]
fn runs_follow_what_people_did() {
    let apart: &[&[&str]] = &[
        &["loop-short", "t.1", "t.2", "t.3"],
        &["loop", "t.1", "t.2", "t.3"],
        &["testid-twice", "t.x", "t.x.2"],
        &["ctrl-c", "t.1", "t.2"],
        &["killed", "t.1", "t.2"],
    ];
    for scene in apart {
        let capture = text(&format!("k6/borders/{}.ndjson.gz", scene[0]));
        let server = Server::new();
        let logs = ["t", "t.x"];
        server.replay_watched("t", &capture, |server| logs.iter().for_each(|log| server.fold(log)));
        rest(&server, &logs);
        let wanted: Vec<_> = scene[1..].iter().map(|id| (*id).to_owned()).zip(sent(&capture)).collect();
        assert_eq!(runs(&server, "t"), wanted, "{}", scene[0]);
    }
    for scene in ["join-1s", "join-10s", "join-10s-late", "one-ends-early", "overlap-at-the-end"] {
        let capture = text(&format!("k6/borders/{scene}.ndjson.gz"));
        let server = Server::new();
        server.replay_watched("t", &capture, |server| server.fold("t"));
        rest(&server, &["t"]);
        assert_eq!(runs(&server, "t"), [("t.1".to_owned(), sent(&capture).iter().sum())], "{scene}");
    }
}

#[test]
fn it_does_not_matter_who_folds_nor_when() {
    for scene in ["loop-short", "ctrl-c", "join-10s-late", "overlap-at-the-end"] {
        let capture = text(&format!("k6/borders/{scene}.ndjson.gz"));
        let (eager, lazy) = (Server::new(), Server::new());
        eager.replay_watched("t", &capture, |server| server.fold("t"));
        rest(&eager, &["t"]);
        lazy.replay("t", &capture);
        rest(&lazy, &["t"]);
        assert_eq!(runs(&eager, "t"), runs(&lazy, "t"), "{scene}");
    }
}

#[test]
fn a_new_run_ends_the_run_that_was_named_and_no_other() {
    let server = Server::new();
    let post = |run: Option<&str>| {
        let line = format!("http_reqs value=1 {}\n", server.hands_ms());
        let change = |request: &mut loadgate::ingest::Request| request.run = run.map(str::to_owned);
        server.post_as(change, line.as_bytes(), true).map(|outcome| outcome.failure)
    };
    for run in [None, Some("a")] {
        post(run).expect("it is taken");
    }
    server.pass(1_000);
    let log = block_on(server.service.new_run("t", Some("t.a"))).expect("it is live");
    assert_eq!(log.to_string(), "t.a");
    server.fold("t");
    server.fold("t.a");
    let state = |run: &str| {
        let item: serde_json::Value =
            serde_json::from_str(&block_on(server.service.get(run)).expect("it exists")).expect("JSON");
        item["state"].as_str().expect("a state").to_owned()
    };
    assert_eq!([state("t.1"), state("t.a")], ["live", "ended"]);
    // What comes at once is not late for the one that ended: somebody asked for what follows.
    assert_eq!(post(Some("a")).expect("it is taken"), None);
    server.fold("t.a");
    assert_eq!(state("t.a.2"), "live");
    // One that has ended meanwhile stays, and so does what is live by now.
    block_on(server.service.new_run("t", Some("t.a"))).expect("it exists");
    server.fold("t.a");
    assert_eq!(state("t.a.2"), "live");
    for (test, run) in [("t", "t.9"), ("other", "t.1")] {
        assert!(block_on(server.service.new_run(test, Some(run))).is_err(), "{test} {run}");
    }
}
