//! What an instance remembers of logs to save work. It may all be forgotten at any time, and nothing in it
//! decides: whoever has none of it computes the same.

use super::fault::broken;
use super::position::Position;
use super::reaper::Hole;
use super::{declarations, windows};
use crate::names::LogName;
use lru::LruCache;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;

/// Logs whose fold is remembered: a state takes up to some megabytes.
const LOGS: NonZeroUsize = NonZeroUsize::new(16).expect("it is not zero");

/// Owned by the instance and handed to every call. Calls may interleave at store operations: no
/// borrow is ever held across one.
#[derive(Default)]
pub struct Cache {
    pub(super) logs: Logs,
    pub(crate) declarations: declarations::Cache,
    pub(crate) windows: windows::Cache,
}

impl Cache {
    /// Remembers nothing yet.
    pub fn new() -> Self {
        Cache::default()
    }

    /// Unix ms of the newest sample of the log's live run, as far as this instance knows, and when it
    /// knew; writers refuse misdated samples by it.
    pub fn newest(&self, log: &LogName) -> Option<(u64, u64)> {
        self.logs.0.borrow().peek(log)?.newest
    }

    /// Whether this instance holds what it folded of a log, so that going on costs little.
    pub fn has_folded(&self, log: &LogName) -> bool {
        self.logs.next_ticket(log).is_some()
    }
}

/// What is remembered of each log.
pub(super) struct Logs(RefCell<LruCache<LogName, Remembered>>);

impl Default for Logs {
    fn default() -> Self {
        Logs(RefCell::new(LruCache::new(LOGS)))
    }
}

#[derive(Default)]
struct Remembered {
    fold: Fold,
    last_run: Option<u64>,
    /// The log was entered among those that nobody has folded yet.
    announced: bool,
    /// The greatest ticket known to be given out.
    ticket: u64,
    /// The newest sample of the live run, and when that was seen.
    newest: Option<(u64, u64)>,
}

/// What a folder takes out while it works, so that two never share it.
#[derive(Default)]
pub(super) struct Fold {
    pub position: Option<Position>,
    /// Holes in sight, by ticket.
    pub holes: BTreeMap<u64, Hole>,
}

impl Logs {
    pub(super) fn take_fold(&self, log: &LogName) -> Fold {
        self.with(log, |remembered| std::mem::take(&mut remembered.fold))
    }

    /// Of two folders that worked at once, the one that came further is remembered.
    pub(super) fn put_fold(&self, log: &LogName, fold: Fold, now_ms: Option<u64>) {
        self.with(log, |remembered| {
            let ticket = |fold: &Fold| fold.position.as_ref().map(|p| p.state.next_ticket());
            if ticket(&fold) < ticket(&remembered.fold) {
                return;
            }
            let current = fold.position.as_ref().and_then(|p| p.state.current());
            if let Some(now_ms) = now_ms {
                remembered.newest = current.filter(|run| run.live).map(|run| (run.newest_ms, now_ms));
            }
            remembered.fold = fold;
        });
    }

    /// The ticket that this instance would fold next.
    pub(super) fn next_ticket(&self, log: &LogName) -> Option<u64> {
        let logs = self.0.borrow();
        logs.peek(log)?.fold.position.as_ref().map(|position| position.state.next_ticket())
    }

    /// Drops what was folded of a log, which takes up to some megabytes.
    pub(super) fn forget(&self, log: &LogName) {
        if let Some(remembered) = self.0.borrow_mut().peek_mut(log) {
            remembered.fold = Fold::default();
        }
    }

    pub(super) fn last_run(&self, log: &LogName) -> Option<u64> {
        self.with(log, |remembered| remembered.last_run)
    }

    pub(super) fn note_last_run(&self, log: &LogName, number: u64) {
        self.with(log, |remembered| remembered.last_run = Some(number));
    }

    /// True the first time.
    pub(super) fn announce(&self, log: &LogName) -> bool {
        self.with(log, |remembered| !std::mem::replace(&mut remembered.announced, true))
    }

    pub(super) fn ticket(&self, log: &LogName) -> u64 {
        self.with(log, |remembered| remembered.ticket)
    }

    pub(super) fn note_ticket(&self, log: &LogName, ticket: u64) {
        self.with(log, |remembered| {
            let folded = remembered.fold.position.as_ref().map_or(0, |position| position.state.next_ticket());
            if ticket < folded && !broken!(TrustMemory) {
                // It was given out before, by a store that has gone back since.
                remembered.fold = Fold::default();
                remembered.ticket = ticket;
            }
            remembered.ticket = remembered.ticket.max(ticket);
        });
    }

    /// Forgets all of a log: the store went back behind it.
    pub(super) fn unlearn(&self, log: &LogName) {
        self.0.borrow_mut().pop(log);
    }

    fn with<T>(&self, log: &LogName, act: impl FnOnce(&mut Remembered) -> T) -> T {
        act(self.0.borrow_mut().get_or_insert_mut_ref(log, Remembered::default))
    }
}
