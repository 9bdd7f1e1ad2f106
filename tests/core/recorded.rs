//! The recorded runs, sent as they were: over either wire, piece by piece, as live traffic comes.

use crate::support::{Server, block_on, declarations, text};
use loadgate::ingest::Wire;

/// Runs of one k6 that every output recorded at once.
pub const SINGLE: [&str; 3] = ["shop", "short", "aborted"];
/// And the one of two generators.
pub const ALL: [&str; 4] = ["shop", "short", "aborted", "cluster"];
pub const WIRES: [Wire; 2] = [Wire::K6Json, Wire::InfluxLines];

/// The log that a recording's samples go to.
pub fn log(name: &str) -> &str {
    // The captures of the cluster name their run by the tag `testid`.
    if name == "cluster" { "cluster.cluster-1" } else { name }
}

/// The run that a recording's samples make.
pub fn run(name: &str) -> String {
    if name == "cluster" { log(name).to_owned() } else { format!("{name}.1") }
}

pub fn declare(server: &Server, name: &str) {
    // The cluster was recorded without its options.
    if name != "cluster" {
        let options = text(&format!("k6/{name}/options.json"));
        block_on(server.service.declare(name, options.as_bytes())).expect("k6's options");
    }
}

/// The JSON files of a recording, each with the generator that wrote it.
fn files(name: &str) -> Vec<(&'static str, String)> {
    if name == "cluster" {
        ["a", "b"].map(|source| (source, text(&format!("k6/cluster/{source}.k6.json.gz")))).into()
    } else {
        vec![("k6", text(&format!("k6/{name}/k6.json.gz")))]
    }
}

/// Sends a recording piece by piece, and calls `each` after every one.
fn send(server: &Server, wire: Wire, name: &str, mut each: impl FnMut(&Server)) {
    declare(server, name);
    let files = files(name);
    if wire == Wire::K6Json {
        for (source, piece) in pieces(&files) {
            let outcome = server.post(wire, name, source, piece.as_bytes());
            assert_eq!((outcome.receipt.refused, outcome.failure), (0, None));
            each(server);
        }
    } else {
        // Only the declarations of the JSON, then every request of the capture.
        let outcome = server.post(Wire::K6Json, name, "k6", declarations(&files[0].1).as_bytes());
        assert_eq!(outcome.receipt.refused, 0);
        server.replay_watched(name, &text(&format!("k6/{name}/influx.ndjson.gz")), each);
    }
}

/// Sends a recording and ends its run; everything is folded at the end.
pub fn sent(wire: Wire, name: &str) -> Server {
    let server = Server::new();
    send(&server, wire, name, |_| {});
    assert_eq!(server.finish(log(name)), run(name));
    server
}

/// Sends a recording and ends its run; what comes is folded at once. `each` is called after every
/// piece from the run's first on.
pub fn live(wire: Wire, name: &str, mut each: impl FnMut(&Server)) -> Server {
    let server = Server::new();
    send(&server, wire, name, |server| {
        server.fold(log(name));
        if server.has(&run(name)) {
            each(server);
        }
    });
    assert_eq!(server.finish(log(name)), run(name));
    server
}

/// Second by second, as live uploads of all files would come.
fn pieces<'a>(files: &'a [(&'static str, String)]) -> Vec<(&'static str, String)> {
    let mut pieces: Vec<(&'a str, &'static str, String)> = Vec::new();
    for (source, lines) in files {
        let mut second = "";
        for line in lines.split_inclusive('\n') {
            if let Some(at) = line.find(r#""time":""#) {
                second = &line[at + 8..at + 27];
            }
            match pieces.last_mut() {
                Some((known, from, piece)) if *known == second && from == source => piece.push_str(line),
                _ => pieces.push((second, source, line.to_owned())),
            }
        }
    }
    pieces.sort_by(|a, b| a.0.cmp(b.0));
    pieces.into_iter().map(|(_, source, piece)| (source, piece)).collect()
}
