//! Records that make no chunk: folding must come to rest however many there are.

use crate::support::{Server, block_on, text};

/// More pages than any log here needs.
const PAGES: usize = 500;

#[track_caller]
fn rest(server: &Server, log: &str) {
    for _ in 0..PAGES {
        if !block_on(server.service.advance(log)).expect("the store works").more {
            return;
        }
    }
    panic!("folding {log} does not come to rest");
}

#[test]
fn folding_comes_to_rest_behind_any_number_of_records_without_a_chunk() {
    for together in [1, 3, 7, 40, 200] {
        let first = Server::new();
        first.replay("quiet", &text("k6/aborted/influx.ndjson.gz"));
        let second = Server::on(first.memory.clone(), first.hands.clone());
        for hellos in 0..150 {
            if hellos % together == 0 {
                rest(&first, "quiet");
                rest(&second, "quiet");
                // One that remembers nothing has to go over all of them.
                rest(&Server::on(first.memory.clone(), first.hands.clone()), "quiet");
            }
            block_on(first.service.hello(Some("quiet"), "10.0.0.1:5000")).expect("the store works");
        }
    }
}
