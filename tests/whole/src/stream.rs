//! The event stream as it is carried: signs of life, and compressed for who reads gzip.

use crate::harness::fixtures::{bytes, unpacked};
use crate::harness::server::Options;
use crate::harness::sse::{log_bytes, replay};
use crate::harness::{PATIENCE, Server};
use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::time::{Duration, Instant, UNIX_EPOCH};

const GZIP: (&str, &str) = ("accept-encoding", "gzip");

fn unzipped(bytes: &[u8]) -> String {
    let mut text = String::new();
    MultiGzDecoder::new(bytes).read_to_string(&mut text).expect("it is gzip, to its end");
    text
}

fn now_ms() -> f64 {
    UNIX_EPOCH.elapsed().expect("after 1970").as_secs_f64() * 1e3
}

/// Heartbeats of a live run's stream until `until` is content with one; each with what it says.
fn heartbeats(server: &Server, run: &str, until: impl Fn(&Value) -> bool) -> Vec<Value> {
    let stream = server.connection().begin(&format!("/runs/{run}/events"), &[]);
    stream.set_patience(PATIENCE);
    let mut lines = BufReader::new(stream).lines().map(|line| line.expect("the stream goes on"));
    let mut found = Vec::new();
    loop {
        lines.find(|line| line == "event: heartbeat").expect("a heartbeat");
        let data = lines.next().expect("its data");
        found.push(serde_json::from_str(data.strip_prefix("data: ").expect("data")).expect("JSON"));
        if until(&found[found.len() - 1]) {
            return found;
        }
    }
}

#[test]
fn a_quiet_stream_says_every_fifteen_seconds_that_it_lives_and_that_nothing_comes() {
    let server = Server::with(Options { settings: &[("idle", "5m")], ..Options::default() });
    let line = format!("http_reqs,name=a value=1 {}\n", now_ms() as u64 * 1_000_000);
    server.post("/write?db=quiet", line.as_bytes());
    let begin = Instant::now();
    let beats = heartbeats(&server, "quiet.1", |beat| beat["silent"] == true);
    assert!(begin.elapsed() < Duration::from_secs(45), "{:?}", begin.elapsed());
    let time = beats[0]["time"].as_f64().expect("a time");
    assert!((time - now_ms()).abs() < 60_000.0, "{beats:?}");
}

#[test]
fn streams_and_documents_are_compressed_for_who_reads_gzip_and_say_the_same() {
    let server = Server::start();
    server.declare("shop", &bytes("k6/shop/options.json"));
    server.post("/ingest?test=shop&run=a", &unpacked("k6/shop/k6.json.gz"));
    server.finish("shop.a");
    for target in
        ["/runs/shop.a/events", "/runs/shop.a/summary", "/report?run=shop.a", "/runs/shop.a/series?step=10s"]
    {
        let plain = server.get(target);
        assert_eq!((plain.status, plain.header("content-encoding")), (200, None), "{target}");
        let packed = server.send("GET", target, &[GZIP], b"");
        assert_eq!(packed.header("content-encoding"), Some("gzip"), "{target}");
        assert_eq!(packed.header("vary"), Some("accept-encoding"), "{target}");
        assert_eq!(unzipped(&packed.body), plain.text(), "{target}");
        assert!(packed.body.len() * 2 < plain.body.len(), "{target}: {}", packed.body.len());
        let refused = server.send("GET", target, &[("accept-encoding", "gzip;q=0, *")], b"");
        assert_eq!(refused.header("content-encoding"), None, "{target}");
    }
    assert!(log_bytes(&replay(&server, "shop.a")).contains("event: stop"));
}

/// Each event is there when it is sent, not when the next one comes.
#[test]
fn an_event_of_a_compressed_stream_does_not_wait_for_the_next() {
    let server = Server::with(Options { settings: &[("idle", "5m")], ..Options::default() });
    for back in [6, 4, 2] {
        let ns = (now_ms() as u64 - back * 1_000) * 1_000_000;
        server.post("/write?db=packed", format!("http_reqs,name=a value=1 {ns}\n").as_bytes());
    }
    let stream = server.connection().begin("/runs/packed.1/events", &[GZIP]);
    assert_eq!(crate::harness::http::header(&stream.headers, "content-encoding"), Some("gzip"));
    stream.set_patience(PATIENCE);
    let mut lines = BufReader::new(MultiGzDecoder::new(stream)).lines().map_while(Result::ok);
    assert!(lines.any(|line| line == "event: health"), "the newest state, while the run is live");
    assert_eq!(server.state("packed.1"), "live");
}
