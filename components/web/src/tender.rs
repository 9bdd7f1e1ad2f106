//! Folding after the answer: one task per log and instance advances it for as long as it has news.

use crate::bindings::loadgate::dashboard::events::log_of;
use crate::bindings::loadgate::dashboard::log;
use crate::bindings::loadgate::dashboard::types::Failure;
use spin_sdk::time::sleep;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// News are collected for so long before they are folded together. A resting task looks for them
/// as often: a task of the component model cannot be woken by another.
const COLLECT: Duration = Duration::from_millis(100);

/// Attempts to fold while the store fails, before a later request's task has to.
const ATTEMPTS: u32 = 5;

thread_local! {
    /// The logs that have a task, and whether they have news for it.
    static TENDED: RefCell<HashMap<String, Rc<Cell<bool>>>> = RefCell::default();
}

/// Says that a log has news. The task goes on after the response and ends when nothing is under
/// way in the log any more.
pub fn tend(log: String) {
    if let Some(news) = TENDED.with_borrow(|tended| tended.get(&log).cloned()) {
        news.set(true);
        return;
    }
    let news = Rc::new(Cell::new(false));
    TENDED.with_borrow_mut(|tended| tended.insert(log.clone(), news.clone()));
    spin_sdk::wasip3::spawn(async move {
        sleep(COLLECT).await;
        loop {
            news.set(false);
            while let Some(wait) = fold(&log).await {
                let due = Instant::now() + wait;
                while Instant::now() < due && !news.get() {
                    sleep(COLLECT).await;
                }
                news.set(false);
            }
            // A run has ended, or nothing began: the moment to make room.
            let test = log.split('.').next().unwrap_or(&log);
            while let Ok(true) = log::sweep(test) {
                sleep(Duration::ZERO).await;
            }
            if !news.get() {
                break;
            }
        }
        TENDED.with_borrow_mut(|tended| tended.remove(&log));
    });
}

/// Folds everything that waits; gives how long to rest, or nothing when the log is at rest.
async fn fold(log: &str) -> Option<Duration> {
    let mut failures = 0;
    loop {
        match log::advance(log) {
            Ok(progress) if progress.more => {
                failures = 0;
                // Lets the instance's other requests have their turn.
                sleep(Duration::ZERO).await;
            }
            Ok(progress) => return progress.again.map(|ms| Duration::from_millis(ms.into())),
            Err(error) => {
                failures += 1;
                eprintln!("folding {log}: {}", crate::reply::failure_parts(&error).1);
                if failures >= ATTEMPTS {
                    return None;
                }
                sleep(Duration::from_secs(1 << failures)).await;
            }
        }
    }
}

/// Folds what waits in the log of a run, before a document about the run is made. Between two pages
/// the instance's other requests have their turn.
pub async fn catch_up(run: &str) -> Result<(), Failure> {
    let log = log_of(run)?;
    while log::advance(&log)?.more {
        sleep(Duration::ZERO).await;
    }
    Ok(())
}
