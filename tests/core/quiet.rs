//! Records that make no chunk: folding must come to rest however many there are.

use crate::support::{Server, block_on, text};
use loadgate::ingest::Wire;

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
    for wait in [0, 20, 100, 1_000] {
    for behind in [1, 3, 7, 40, 200] {
        let live = Server::new();
        live.replay("quiet", &text("k6/aborted/influx.ndjson.gz"));
        let other = Server::on(live.memory.clone(), live.hands.clone());
        for hellos in 0..150 {
            if hellos % behind == 0 {
                rest(&live, "quiet");
                rest(&other, "quiet");
                // One that remembers nothing.
                rest(&Server::on(live.memory.clone(), live.hands.clone()), "quiet");
            }
            block_on(live.service.hello(Some("quiet"))).expect("the store works");
            live.pass(wait);
        }
        rest(&other, "quiet");
    }}
}
