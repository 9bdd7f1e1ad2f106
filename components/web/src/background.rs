//! Folding after the answer. One instance folds a log in the background for as long as something is
//! under way in it, another stands by; the others' tasks end at once, and with them what they remember.

use crate::bindings::loadgate::dashboard::events::log_of;
use crate::bindings::loadgate::dashboard::log::{self, Duty, Progress};
use crate::bindings::loadgate::dashboard::types::Failure;
use crate::{deliver, journal, reply};
use spin_sdk::time::sleep;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Records are collected for so long before they are folded together. A resting task looks for them
/// as often: a task of the component model cannot be woken by another.
const COLLECT: Duration = Duration::from_millis(100);

/// Records of other instances are looked for in the store: so often while there are some …
const LOOK: Duration = Duration::from_millis(200);
/// … and so often when there were none for a while.
const LOOK_SELDOM: Duration = Duration::from_millis(700);
const QUIET: Duration = Duration::from_secs(10);

/// Who folds says so this often, and who stands by. A lease lasts 4 s.
const RENEW: Duration = Duration::from_millis(1_500);

/// A finish settles in 2 s; who asks for a document waits for it this long at the most.
const SETTLED: Duration = Duration::from_secs(4);

/// Between two pages of making room, which is never urgent.
const BETWEEN_PAGES: Duration = Duration::from_millis(20);

/// Attempts to fold while the store fails, before a later request's task has to.
const ATTEMPTS: u32 = 5;

thread_local! {
    /// The logs that have a task, and whether there are new records for it.
    static RUNNING: RefCell<HashMap<String, Rc<Cell<bool>>>> = RefCell::default();
    /// The tests in which this instance makes room.
    static SWEEPING: RefCell<HashSet<String>> = RefCell::default();
    /// What this instance calls itself.
    static HOLDER: u64 = RandomState::new().hash_one(0);
}

/// Says that a log has new records, and folds them in the background. What goes on after the response
/// ends when others fold the log and stand by, or nothing is under way in it any more.
pub(crate) fn fold(log: String) {
    if let Some(dirty) = RUNNING.with_borrow(|running| running.get(&log).cloned()) {
        dirty.set(true);
        return;
    }
    let dirty = Rc::new(Cell::new(false));
    RUNNING.with_borrow_mut(|running| running.insert(log.clone(), dirty.clone()));
    spin_sdk::wasip3::spawn(async move {
        sleep(COLLECT).await;
        let mut task = Task { log: &log, dirty: &dirty, renewed: None };
        loop {
            match task.hold() {
                Duty::Fold => {
                    task.fold_until_rest().await;
                    break;
                }
                Duty::StandBy => sleep(RENEW).await,
                Duty::None => break,
            }
        }
        RUNNING.with_borrow_mut(|running| running.remove(&log));
    });
}

/// Makes room in a test, page by page and on nobody's way. What ends while somebody is at it waits for the
/// next end.
fn sweep(test: &str) {
    let test = test.to_owned();
    if !SWEEPING.with_borrow_mut(|sweeping| sweeping.insert(test.clone())) {
        return;
    }
    spin_sdk::wasip3::spawn(async move {
        loop {
            match log::sweep(&test, HOLDER.with(|holder| *holder)) {
                Ok(true) => sleep(BETWEEN_PAGES).await,
                Ok(false) => break,
                Err(error) => {
                    journal::error(&format!("making room in {test}: {}", reply::sentence(&error)));
                    break;
                }
            }
        }
        SWEEPING.with_borrow_mut(|sweeping| sweeping.remove(&test));
    });
}

/// One instance's work on one log.
struct Task<'a> {
    log: &'a str,
    dirty: &'a Cell<bool>,
    renewed: Option<Instant>,
}

/// What a look into the log came to.
enum Outcome {
    /// Nothing is left to fold; look again after so long at the latest.
    Folded { again: Duration, chunks: bool },
    /// Nothing is under way in the log.
    AtRest,
    /// Somebody else folds it, or the store fails for good.
    GivenUp,
}

impl Task<'_> {
    /// Takes or renews the lease where that is due.
    fn hold(&mut self) -> Duty {
        if self.renewed.is_some_and(|renewed| renewed.elapsed() < RENEW) {
            return Duty::Fold;
        }
        // A store that fails is met again when folding.
        let duty = log::hold(self.log, HOLDER.with(|holder| *holder)).unwrap_or(Duty::Fold);
        self.renewed = (duty == Duty::Fold).then(Instant::now);
        duty
    }

    async fn fold_until_rest(&mut self) {
        let mut active = Instant::now();
        loop {
            self.dirty.set(false);
            match self.fold().await {
                Outcome::Folded { again, chunks } => {
                    if chunks {
                        active = Instant::now();
                    }
                    let look = if active.elapsed() < QUIET { LOOK } else { LOOK_SELDOM };
                    let due = Instant::now() + again.min(look);
                    while Instant::now() < due && !self.dirty.get() {
                        sleep(COLLECT.min(due.saturating_duration_since(Instant::now()))).await;
                    }
                    if self.dirty.get() {
                        active = Instant::now();
                    }
                }
                Outcome::AtRest => {
                    // The run was judged, too.
                    deliver::in_background();
                    // A run has ended, or nothing began: the moment to make room.
                    sweep(self.log.split('.').next().unwrap_or(self.log));
                    if !self.dirty.get() {
                        break;
                    }
                }
                Outcome::GivenUp => break,
            }
        }
        if let Err(error) = log::release(self.log, HOLDER.with(|holder| *holder)) {
            journal::error(&format!("folding {}: {}", self.log, reply::sentence(&error)));
        }
    }

    /// Folds everything that waits.
    async fn fold(&mut self) -> Outcome {
        let (mut failures, mut chunks) = (0, false);
        loop {
            if self.hold() != Duty::Fold {
                return Outcome::GivenUp;
            }
            match log::advance(self.log) {
                Ok(progress) if progress.more => {
                    (failures, chunks) = (0, true);
                    // Lets the instance's other requests have their turn.
                    sleep(Duration::ZERO).await;
                }
                Ok(progress) => {
                    return progress.again.map_or(Outcome::AtRest, |ms| Outcome::Folded {
                        again: Duration::from_millis(ms.into()),
                        chunks,
                    });
                }
                Err(error) => {
                    failures += 1;
                    journal::error(&format!("folding {}: {}", self.log, reply::sentence(&error)));
                    if failures >= ATTEMPTS {
                        return Outcome::GivenUp;
                    }
                    sleep(Duration::from_secs(1 << failures)).await;
                }
            }
        }
    }
}

/// Folds what waits in the log of a run, before a document about the run is made. Between two pages
/// the instance's other requests have their turn.
pub(crate) async fn catch_up(run: &str) -> Result<(), Failure> {
    fold_waiting(&log_of(run)?).await.map(drop)
}

/// The same, and waits for a finish to settle: who asks for a document right after it gets it whole. Where
/// that takes too long, the document says that the run is live.
pub(crate) async fn settle(run: &str) -> Result<(), Failure> {
    let log = log_of(run)?;
    let give_up = Instant::now() + SETTLED;
    loop {
        let settling = fold_waiting(&log).await?.settling;
        let now = Instant::now();
        match settling {
            Some(ms) if now < give_up => {
                // The clock of who took the finish may differ a little.
                let wait = Duration::from_millis(ms.into()).max(COLLECT);
                sleep(wait.min(give_up - now)).await;
            }
            _ => return Ok(()),
        }
    }
}

/// Folds page after page; gives what the last of them came to.
async fn fold_waiting(log: &str) -> Result<Progress, Failure> {
    loop {
        let progress = log::advance(log)?;
        if !progress.more {
            return Ok(progress);
        }
        sleep(Duration::ZERO).await;
    }
}
