//! Who sends samples of a run, and in what rhythm: what [`super::border`] decides by.

use super::applications::{Applications, Set};
use crate::record::{Batch, Body, Listener, Record};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// k6 posts every second unless it is told otherwise, and tests shorter than that say nothing of
/// their rhythm.
const INTERVAL_MS: u64 = 1_000;
/// JMeter's listener says that it begins, and sends samples every five seconds from then on unless it is told otherwise.
const LISTENER_MS: u64 = 5_000;
/// A generator that is slower than this is taken for one that stalled.
const INTERVAL_MOST_MS: u64 = 20_000;
/// A generator may be late by half its interval and this.
pub(super) const SLACK_MS: u64 = 500;
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
    /// It was heard more than once: no connection that is made anew for each request.
    again: bool,
    /// JMeters' applications that it sent samples of …
    applications: Set,
    /// … and of how many of their tests that go on it told the begin; `None`: it told none.
    tests: Option<u32>,
}

impl Sender {
    fn first(record: &Record) -> Self {
        let since_hello = record.greeted_ms.map_or(0, |hello| record.received_ms.saturating_sub(hello));
        Sender {
            greeted_ms: record.greeted_ms,
            last_ms: record.received_ms,
            interval_ms: if listeners(record).is_empty() {
                since_hello
            } else {
                since_hello.max(LISTENER_MS)
            },
            again: false,
            applications: Set::default(),
            tests: None,
        }
    }

    fn hear(&mut self, record: &Record) {
        let gap = record.received_ms.saturating_sub(self.last_ms);
        self.interval_ms = gap.max(self.interval_ms - self.interval_ms / 4);
        self.last_ms = self.last_ms.max(record.received_ms);
        self.greeted_ms = record.greeted_ms.or(self.greeted_ms);
        self.again = true;
    }

    fn hear_listeners(&mut self, applications: Set, begun: u32) {
        self.applications.extend(applications);
        if begun > 0 {
            self.tests = Some(self.tests.unwrap_or(0).saturating_add(begun));
        }
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
    applications: Applications,
    /// All of them as if they were one: where a proxy stands between, connections tell nothing.
    together: Sender,
    /// Time of the newest sample of `vus`, Unix ns.
    vus_ns: i64,
}

impl Senders {
    /// Before the first record of a run; `before` are those of the log's last run, whose JMeters may go on in this one.
    pub(super) fn begin(record: &Record, before: Option<&Senders>) -> Self {
        let hello_ms = record.hello_ms.max(record.greeted_ms).unwrap_or(0);
        let together = Sender::first(record);
        let applications = before.map(|before| before.listening_at(record.received_ms)).unwrap_or_default();
        Senders {
            began_ms: record.received_ms,
            hello_ms,
            known: BTreeMap::new(),
            applications,
            together,
            vus_ns: i64::MIN,
        }
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
        let (applications, begun) = self.applications.hear(listeners(record));
        if let Some(sender) = self.known.get_mut(record.sender()) {
            sender.hear_listeners(applications, begun);
        }
    }

    /// Applications with tests that go on, as far as their rhythm allows.
    fn listening_at(&self, now_ms: u64) -> Applications {
        let mut set = Set::default();
        for sender in self.known.values().filter(|sender| sender.gone_at_ms() > now_ms) {
            set.extend(sender.applications);
        }
        let mut applications = self.applications.clone();
        applications.retain(set);
        applications
    }

    pub(super) fn knows(&self, name: &str) -> bool {
        self.known.contains_key(name)
    }

    /// A sender has sent everything. True when nobody else is still at it.
    pub(super) fn leave(&mut self, name: &str, now_ms: u64) -> bool {
        self.known.remove(name);
        self.known.values().all(|sender| sender.gone_at_ms() <= now_ms)
    }

    /// JMeters' tests have ended, a test of each application, and all was sent. True when nobody else is still at it. Whose
    /// test it was nobody needs to know: connections may be made anew for each request.
    pub(super) fn leave_tests(&mut self, record: &Record, applications: &[String]) -> bool {
        let name = record.sender();
        let mut ended = 0;
        for application in applications {
            ended += u32::from(self.applications.end(application));
        }
        if let Some(sender) = self.known.get_mut(name) {
            sender.tests = sender.tests.map(|tests| tests.saturating_sub(ended));
            let goes_on = self.applications.go_on(sender.applications)
                && sender.tests.map_or(sender.again, |tests| tests > 0);
            if !goes_on {
                self.known.remove(name);
            }
        } else if ended == 0 {
            return false;
        }
        let over = !self.known.iter().any(|(other, sender)| {
            sender.gone_at_ms() > record.received_ms && self.is_at_it(other, sender, name)
        });
        if over {
            self.are_gone();
        }
        over
    }

    /// The run was over, and so are all tests: none of them goes on in the next.
    pub(super) fn are_gone(&mut self) {
        self.applications = Applications::default();
    }

    /// Whether a sender that was heard a moment ago is more than a connection that the JMeter had which ends by another one.
    fn is_at_it(&self, name: &str, sender: &Sender, ends: &str) -> bool {
        let Sender { applications, again, .. } = *sender;
        if applications.is_empty() || self.applications.go_on(applications) {
            return true;
        }
        // One that stays may be of a test that nobody heard begin.
        again && (address(name) != address(ends) || !self.applications.are_counted(applications))
    }

    /// The hello behind which a record stands, if that is news to the run. Where somebody of before
    /// was heard after the hello, both are of it.
    pub(super) fn newcomer(&self, record: &Record) -> Option<Newcomer> {
        // The first that a JMeter sends says that its test begins.
        if self.applications.are_of(listeners(record)) {
            return None;
        }
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

    /// JMeters' applications.
    pub(super) fn applications(&self) -> &Applications {
        &self.applications
    }

    /// Between two rounds of a JMeter, ms.
    pub(super) fn usual_ms(&self) -> u64 {
        self.together.interval_ms.clamp(INTERVAL_MS, LISTENER_MS)
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Newcomer {
    pub hello_ms: u64,
    /// The newcomer is told from others by its connection or its name.
    pub by_connection: bool,
}

/// Of a connection that without its port, of others their name.
fn address(name: &str) -> Result<std::net::IpAddr, &str> {
    name.parse().map(|socket: SocketAddr| socket.ip()).map_err(|_| name)
}

pub(super) fn data(record: &Record) -> Option<&Batch> {
    match &record.body {
        Body::Data(batch) if batch.samples > 0 => Some(batch),
        _ => None,
    }
}

/// What a record has of JMeters' listeners.
pub(super) fn listeners(record: &Record) -> &[Listener] {
    data(record).map_or(&[], |batch| &batch.listeners)
}

/// When the samples of `vus` in a record were taken, Unix ns.
pub(super) fn vus_times(record: &Record) -> impl Iterator<Item = i64> {
    let samples = data(record).map_or(&[][..], |batch| &batch.vus);
    samples.iter().filter(|sample| !sample.max).map(|sample| sample.time_ns)
}
