//! A service over a store in memory, and the recorded traffic to feed it.

use flate2::read::MultiGzDecoder;
use loadgate::ingest::{Encoding, Precision, Request, Wire};
use loadgate::log::stream::{Cursor, PageEvent};
use loadgate::record::Sent;
use loadgate::service::{List, Outcome, Service, Window};
use loadgate::settings::Settings;
use loadgate::store::{Clock, Store, StoreError};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// What several services can share.
#[derive(Clone, Default)]
pub struct Memory {
    values: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
    counters: Rc<RefCell<BTreeMap<String, i64>>>,
    operations: Rc<Cell<u64>>,
    values_read: Rc<Cell<u64>>,
}

impl Store for Memory {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.count();
        assert!(!self.counters.borrow().contains_key(key), "{key} is a counter");
        self.values_read.set(self.values_read.get() + 1);
        Ok(self.values.borrow().get(key).cloned())
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        self.count();
        self.values_read.set(self.values_read.get() + keys.len() as u64);
        Ok(keys.iter().map(|key| self.values.borrow().get(key).cloned()).collect())
    }

    async fn set(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.count();
        assert!(value.len() <= loadgate::limits::VALUE_BYTES, "{key} has {} bytes", value.len());
        self.values.borrow_mut().insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    async fn set_many(&self, entries: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        for (key, value) in entries {
            self.set(key, value).await?;
        }
        Ok(())
    }

    async fn delete_many(&self, keys: &[String]) -> Result<(), StoreError> {
        self.count();
        for key in keys {
            self.values.borrow_mut().remove(key);
        }
        Ok(())
    }

    async fn increment(&self, key: &str, delta: i64) -> Result<i64, StoreError> {
        let mut counters = self.counters.borrow_mut();
        let counter = counters.entry(key.to_owned()).or_default();
        *counter += delta;
        Ok(*counter)
    }
}

impl Memory {
    fn count(&self) {
        self.operations.set(self.operations.get() + 1);
    }

    /// Operations so far, of counters none.
    pub fn operations(&self) -> u64 {
        self.operations.get()
    }

    /// Values that were asked for so far.
    pub fn values_read(&self) -> u64 {
        self.values_read.get()
    }

    /// All that it holds now, to go back to.
    pub fn copy(&self) -> Memory {
        let (values, counters) = (self.values.borrow().clone(), self.counters.borrow().clone());
        let (values, counters) = (Rc::new(RefCell::new(values)), Rc::new(RefCell::new(counters)));
        Memory { values, counters, ..Memory::default() }
    }

    /// Goes back to a copy, under whoever uses the store.
    pub fn restore(&self, copy: &Memory) {
        self.values.replace(copy.values.borrow().clone());
        self.counters.replace(copy.counters.borrow().clone());
    }

    /// Keys of values in which these bytes stand.
    pub fn keys_with(&self, bytes: &[u8]) -> Vec<String> {
        let values = self.values.borrow();
        let found = values.iter().filter(|(_, value)| value.windows(bytes.len()).any(|part| part == bytes));
        found.map(|(key, _)| key.clone()).collect()
    }

    /// Keys that hold values, for looking at what is kept.
    pub fn keys(&self) -> Vec<String> {
        self.values.borrow().keys().cloned().collect()
    }
}

/// Time that only the test moves.
#[derive(Clone)]
pub struct Hands(Rc<Cell<u64>>);

impl Clock for Hands {
    fn now_ms(&self) -> u64 {
        self.0.get()
    }
}

pub struct Server {
    pub service: Service<Memory, Hands>,
    pub memory: Memory,
    pub hands: Hands,
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("the store in memory never waits"),
    }
}

impl Server {
    pub fn new() -> Self {
        Server::on(Memory::default(), Hands(Rc::new(Cell::new(1_795_300_000_000))))
    }

    /// Another instance on the same store, that remembers nothing.
    pub fn on(memory: Memory, hands: Hands) -> Self {
        let service = Service::new(memory.clone(), hands.clone(), Settings::default());
        Server { service, memory, hands }
    }

    pub fn pass(&self, ms: u64) {
        self.hands.0.set(self.hands.0.get() + ms);
    }

    /// The clock is set back.
    pub fn set_back(&self, ms: u64) {
        self.hands.0.set(self.hands.0.get() - ms);
    }

    /// Unix ms.
    pub fn hands_ms(&self) -> u64 {
        self.hands.0.get()
    }

    /// Posts a body whole.
    pub fn post(&self, wire: Wire, test: &str, source: &str, body: &[u8]) -> Outcome {
        self.post_by(wire, test, source, "", body)
    }

    /// Posts a body that `change` says more of, or as much of it as comes before it is cut.
    pub fn post_as(
        &self,
        change: impl FnOnce(&mut Request),
        body: &[u8],
        complete: bool,
    ) -> Result<Outcome, loadgate::ingest::Refusal> {
        let mut request = Request {
            wire: Wire::InfluxLines,
            encoding: Encoding::Identity,
            precision: Precision::Milliseconds,
            test: Some("t".to_owned()),
            run: None,
            source: "s".to_owned(),
            peer: String::new(),
            sequence: None,
            import: false,
        };
        change(&mut request);
        let mut session = block_on(self.service.open(request))?;
        block_on(session.push(&self.service, body))?;
        Ok(block_on(session.finish(&self.service, complete)))
    }

    /// The same over a connection, `IP:PORT`.
    fn post_by(&self, wire: Wire, test: &str, source: &str, peer: &str, body: &[u8]) -> Outcome {
        let request = Request {
            wire,
            encoding: Encoding::Identity,
            precision: Precision::Nanoseconds,
            test: Some(test.to_owned()),
            run: None,
            source: source.to_owned(),
            peer: peer.to_owned(),
            sequence: None,
            import: false,
        };
        let mut session = block_on(self.service.open(request)).expect("the request is fine");
        block_on(session.push(&self.service, body)).expect("the body is taken");
        block_on(session.finish(&self.service, true))
    }

    /// Replays an InfluxDB capture: all requests in order, the time between them included.
    pub fn replay(&self, test: &str, capture: &str) {
        self.replay_watched(test, capture, |_| {});
    }

    /// Replays a capture, and calls `each` after every request.
    pub fn replay_watched(&self, test: &str, capture: &str, mut each: impl FnMut(&Server)) {
        let mut before = None;
        for line in capture.lines() {
            let request: serde_json::Value = serde_json::from_str(line).expect("a line of the capture");
            let at = request["at"].as_u64().expect("a time");
            self.pass(at - before.unwrap_or(at));
            before = Some(at);
            let target = request["target"].as_str().expect("a target");
            let peer = request["peer"].as_str().expect("a peer");
            if target.starts_with("/query") {
                block_on(self.service.hello(Some(test), peer)).expect("a hello");
                each(self);
                continue;
            }
            let ip = peer.split(':').next().expect("an address");
            let body = request["body"].as_str().expect("a body");
            let outcome = self.post_by(Wire::InfluxLines, test, ip, peer, body.as_bytes());
            assert_eq!(outcome.receipt.refused, 0, "{:?}", outcome.receipt.errors);
            each(self);
        }
    }

    /// Folds everything there is.
    pub fn fold(&self, log: &str) {
        while block_on(self.service.advance(log)).expect("it folds").more {}
    }

    /// The newest runs, of a test or of all; JSON.
    pub fn list(&self, test: Option<&str>, limit: u32, figures: bool) -> String {
        block_on(self.service.list(&List { test, limit, figures, ..List::default() })).expect("a list")
    }

    /// Ends the newest run of a test and folds to its end.
    pub fn finish(&self, test: &str) -> String {
        self.fold(test);
        let run = block_on(self.service.finish_run(test, Sent::Perhaps)).expect("there is a run").to_string();
        self.pass(5_000);
        self.fold(test);
        run
    }

    pub fn summary(&self, run: &str) -> serde_json::Value {
        self.summary_of(run, Window::Whole)
    }

    /// Of a window of the run.
    pub fn summary_of(&self, run: &str, window: Window) -> serde_json::Value {
        serde_json::from_str(&block_on(self.service.summary_of(run, window)).expect("a summary"))
            .expect("JSON")
    }

    /// Every event from the id behind `after` on, and the state at the end.
    pub fn events(&self, run: &str, after: Option<u64>) -> Vec<PageEvent> {
        let mut cursor = block_on(self.service.seek(run, after)).expect("the run exists");
        self.news(run, &mut cursor)
    }

    /// What a client gets that is there already, at its cursor.
    pub fn news(&self, run: &str, cursor: &mut Cursor) -> Vec<PageEvent> {
        let mut events = Vec::new();
        loop {
            let page = block_on(self.service.read(run, *cursor)).expect("a page");
            events.extend(page.events);
            *cursor = page.cursor;
            if page.current || page.ended {
                return events;
            }
        }
    }

    /// Whether anything of a run can be read yet.
    pub fn has(&self, run: &str) -> bool {
        block_on(self.service.summary(run)).is_ok()
    }
}

pub fn fixture(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path)
}

pub fn text(path: &str) -> String {
    let bytes = std::fs::read(fixture(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    if path.ends_with(".gz") {
        let mut text = String::new();
        MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text).expect("gzip of text");
        text
    } else {
        String::from_utf8(bytes).expect("text")
    }
}

pub fn json(path: &str) -> serde_json::Value {
    serde_json::from_str(&text(path)).expect("JSON")
}

/// Only the declarations of a k6 JSON file.
pub fn declarations(lines: &str) -> String {
    lines.lines().filter(|line| line.contains(r#""type":"Metric""#)).map(|line| format!("{line}\n")).collect()
}

/// A small generator (splitmix64): tags need variety, not quality.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }

    pub fn of<'a>(&mut self, values: &[&'a str]) -> &'a str {
        values[self.below(values.len())]
    }
}
