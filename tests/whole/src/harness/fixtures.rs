//! Recorded traffic, read into memory; see `tests/fixtures`.

use super::{Server, root};
use flate2::read::MultiGzDecoder;
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::path::PathBuf;

/// Lines in one numbered batch.
const BATCH_LINES: usize = 5_000;

pub fn path(name: &str) -> PathBuf {
    root().join("tests/fixtures").join(name)
}

pub fn bytes(name: &str) -> Vec<u8> {
    fs::read(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The content of a gzipped file.
pub fn unpacked(name: &str) -> Vec<u8> {
    let mut content = Vec::new();
    MultiGzDecoder::new(bytes(name).as_slice()).read_to_end(&mut content).expect("a fixture is sound");
    content
}

pub fn json(name: &str) -> Value {
    serde_json::from_slice(&bytes(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub fn ndjson(content: &[u8]) -> Vec<Value> {
    let lines = content.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).expect("a fixture is JSON")).collect()
}

/// Batches of whole lines.
pub fn batches(lines: &[u8]) -> Vec<Vec<u8>> {
    let lines: Vec<&[u8]> = lines.split_inclusive(|byte| *byte == b'\n').collect();
    lines.chunks(BATCH_LINES).map(<[_]>::concat).collect()
}

/// The declarations among JSON lines.
pub fn metric_lines(lines: &[u8]) -> Vec<u8> {
    let is = |line: &&[u8]| line.windows(15).any(|part| part == br#""type":"Metric""#);
    lines.split_inclusive(|byte| *byte == b'\n').filter(is).collect::<Vec<_>>().concat()
}

/// Sends a recording of requests, in order, on one connection. `test` replaces the database's name.
#[track_caller]
pub fn play(server: &Server, recording: &str, test: &str) {
    let mut connection = server.connection();
    for request in ndjson(&unpacked(recording)) {
        let text = |name: &str| request[name].as_str().expect("recorded").to_owned();
        let recorded = recording.split('/').nth(1).unwrap_or_default();
        let target = text("target")
            .replace(&format!("db={recorded}&"), &format!("db={test}&"))
            .replace(&format!("DATABASE+{recorded}"), &format!("DATABASE+{test}"));
        let answer = connection.send(&text("method"), &target, &[], text("body").as_bytes());
        assert!(answer.status < 300, "{target}: {} {}", answer.status, answer.text());
    }
}

/// Sends JSON lines in numbered batches; gives the run.
#[track_caller]
pub fn ingest(server: &Server, target: &str, source: &str, lines: &[u8]) -> Value {
    let mut connection = server.connection();
    let mut last = Value::Null;
    for (number, batch) in batches(lines).iter().enumerate() {
        let sequence = (number + 1).to_string();
        let headers = [("x-loadgate-source", source), ("x-loadgate-sequence", sequence.as_str())];
        let answer = connection.send("POST", target, &headers, batch);
        last = answer.document();
        assert_eq!(last["refused"], 0, "{last}");
    }
    last
}
