//! Who sends samples of a run, and in what rhythm: what [`super::border`] decides by.

use crate::record::{Batch, Body, Record};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// k6 posts every second unless it is told otherwise, and tests shorter than that say nothing of
/// their rhythm.
const INTERVAL_MS: u64 = 1_000;
/// A generator that is slower than this is taken for one that stalled.
const INTERVAL_MOST_MS: u64 = 20_000;
/// A generator may be late by half its interval and this.
const SLACK_MS: u64 = 500;
/// Senders that are told apart: more than any test has generators.
const SENDERS: usize = 1_000;
/// Who was silent for so long may be forgotten when somebody new comes: clients that take a connection
/// for every request must not fill the state.
const REMEMBERED_MS: u64 = 60_000;
/// k6 writes `vus` once a second: closer samples come from different generators …
const APART_NS: i64 = 900_000_000;
/// … and one that follows the last of before as closely as this comes from the same.
const BEAT_NS: i64 = 1_150_000_000;

/// Somebody who sends samples of a run: a connection, or a client that names itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sender {
    greeted_ms: Option<u64>,
    last_ms: u64,
    /// The longest recent silence between two of its batches; from its hello to its first.
    interval_ms: u64,
}

impl Sender {
    fn first(record: &Record) -> Self {
        let since_hello = record.greeted_ms.map_or(0, |hello| record.received_ms.saturating_sub(hello));
        Sender { greeted_ms: record.greeted_ms, last_ms: record.received_ms, interval_ms: since_hello }
    }

    fn hear(&mut self, record: &Record) {
        let gap = record.received_ms.saturating_sub(self.last_ms);
        self.interval_ms = gap.max(self.interval_ms - self.interval_ms / 4);
        self.last_ms = self.last_ms.max(record.received_ms);
        self.greeted_ms = record.greeted_ms.or(self.greeted_ms);
    }

    /// From this time on it is gone.
    fn gone_at_ms(&self) -> u64 {
        let interval = self.interval_ms.clamp(INTERVAL_MS, INTERVAL_MOST_MS);
        self.last_ms.saturating_add(interval + interval / 2 + SLACK_MS)
    }
}

/// Everybody who sent samples of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Senders {
    /// When the run's first data came.
    began_ms: u64,
    /// All hellos up to this one are accounted for.
    hello_ms: u64,
    known: BTreeMap<String, Sender>,
    /// All of them as if they were one: where a proxy stands between, connections tell nothing.
    together: Sender,
    /// Time of the newest sample of `vus`, Unix ns.
    vus_ns: i64,
}

impl Senders {
    pub(super) fn begin(record: &Record) -> Self {
        let hello_ms = record.hello_ms.max(record.greeted_ms).unwrap_or(0);
        let together = Sender::first(record);
        Senders { began_ms: record.received_ms, hello_ms, known: BTreeMap::new(), together, vus_ns: i64::MIN }
    }

    /// Takes note of data of the run, the first included.
    pub(super) fn hear(&mut self, record: &Record) {
        self.hello_ms = self.hello_ms.max(record.hello_ms.max(record.greeted_ms).unwrap_or(0));
        if !self.known.is_empty() {
            self.together.hear(record);
        }
        self.vus_ns = vus_times(record).fold(self.vus_ns, i64::max);
        match self.known.get_mut(record.sender()) {
            Some(sender) => sender.hear(record),
            None => {
                let since_ms = record.received_ms.saturating_sub(REMEMBERED_MS);
                self.known.retain(|_, sender| sender.last_ms >= since_ms);
                if self.known.len() >= SENDERS {
                    let oldest = self.known.iter().min_by_key(|(_, sender)| sender.last_ms);
                    let oldest = oldest.map(|(name, _)| name.clone());
                    oldest.and_then(|name| self.known.remove(&name));
                }
                self.known.insert(record.sender().to_owned(), Sender::first(record));
            }
        }
    }

    pub(super) fn knows(&self, name: &str) -> bool {
        self.known.contains_key(name)
    }

    /// A sender has sent everything. True when nobody else is still at it.
    pub(super) fn leave(&mut self, name: &str, now_ms: u64) -> bool {
        self.known.remove(name);
        self.known.values().all(|sender| sender.gone_at_ms() <= now_ms)
    }

    /// The hello behind which a record stands, if that is news to the run. Where somebody of before
    /// was heard after the hello, both are of it.
    pub(super) fn newcomer(&self, record: &Record) -> Option<Newcomer> {
        let heard_ms = self.began_ms.max(self.together.last_ms);
        match (record.greeted_ms, self.known.get(record.sender())) {
            (greeted, Some(known)) if greeted.is_none() || greeted == known.greeted_ms => None,
            (Some(greeted), None) => {
                (greeted > heard_ms).then_some(Newcomer { hello_ms: greeted, by_connection: true })
            }
            // One connection that carries several generators, one after the other or by turns.
            (Some(greeted), Some(_)) => {
                (greeted > self.began_ms).then_some(Newcomer { hello_ms: greeted, by_connection: false })
            }
            (None, _) => record
                .hello_ms
                .filter(|&hello| hello > self.began_ms && hello > self.hello_ms)
                .map(|hello_ms| Newcomer { hello_ms, by_connection: false }),
        }
    }

    pub(super) fn gone_at_ms(&self, newcomer: Newcomer) -> u64 {
        let each = self.known.values().map(Sender::gone_at_ms).max().filter(|_| newcomer.by_connection);
        each.unwrap_or_else(|| self.together.gone_at_ms())
    }

    /// Whether these samples of `vus`, all behind a hello, come from more than one generator, or
    /// from one of before.
    pub(super) fn goes_on(&self, times: &mut [i64]) -> bool {
        times.sort_unstable();
        let closer = |from: i64, to: i64, limit_ns| to.saturating_sub(from) < limit_ns;
        times.first().is_some_and(|&first| self.vus_ns > i64::MIN && closer(self.vus_ns, first, BEAT_NS))
            || times.windows(2).any(|pair| closer(pair[0], pair[1], APART_NS))
    }

    /// Whether somebody of before is heard.
    pub(super) fn is_known(&self, record: &Record) -> bool {
        self.known
            .get(record.sender())
            .is_some_and(|known| record.greeted_ms.is_none() || record.greeted_ms == known.greeted_ms)
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Newcomer {
    pub hello_ms: u64,
    /// The newcomer is told from others by its connection or its name.
    pub by_connection: bool,
}

pub(super) fn data(record: &Record) -> Option<&Batch> {
    match &record.body {
        Body::Data(batch) if batch.samples > 0 => Some(batch),
        _ => None,
    }
}

/// When the samples of `vus` in a record were taken, Unix ns.
pub(super) fn vus_times(record: &Record) -> impl Iterator<Item = i64> {
    let samples = data(record).map_or(&[][..], |batch| &batch.vus);
    samples.iter().filter(|sample| !sample.max).map(|sample| sample.time_ns)
}
