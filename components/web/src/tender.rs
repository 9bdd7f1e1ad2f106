//! Folding after the answer: one task per log and instance advances it for as long as it has news.

use crate::bindings::loadgate::dashboard::events::log_of;
use crate::bindings::loadgate::dashboard::log;
use crate::bindings::loadgate::dashboard::types::Failure;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use futures::future::{Either, select};
use futures::{FutureExt, StreamExt};
use spin_sdk::time::sleep;
use std::cell::RefCell;
use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;

/// News are collected for so long before they are folded together.
const COLLECT: Duration = Duration::from_millis(100);

/// Attempts to fold while the store fails, before a later request's task has to.
const ATTEMPTS: u32 = 5;

thread_local! {
    static TENDED: RefCell<HashMap<String, UnboundedSender<()>>> = RefCell::default();
}

/// Says that a log has news. The task goes on after the response and ends when nothing is under
/// way in the log any more.
pub fn tend(log: String) {
    let known =
        TENDED.with_borrow(|tended| tended.get(&log).is_some_and(|news| news.unbounded_send(()).is_ok()));
    if known {
        return;
    }
    let (sender, mut news) = unbounded();
    TENDED.with_borrow_mut(|tended| tended.insert(log.clone(), sender));
    spin_sdk::wasip3::spawn(async move {
        let mut failures = 0;
        loop {
            sleep(COLLECT).await;
            while let Some(Some(())) = news.next().now_or_never() {}
            let wait = loop {
                match log::advance(&log) {
                    Ok(progress) if progress.more => {
                        failures = 0;
                        // Lets the instance's other requests have their turn.
                        sleep(Duration::ZERO).await;
                    }
                    Ok(progress) => {
                        failures = 0;
                        break progress.again.map(u64::from);
                    }
                    Err(error) => {
                        failures += 1;
                        eprintln!("folding {log}: {}", crate::reply::failure_parts(&error).1);
                        break (failures < ATTEMPTS).then_some(1_000 << failures);
                    }
                }
            };
            let Some(wait) = wait else { break };
            match select(pin!(sleep(Duration::from_millis(wait))), news.next()).await {
                Either::Left(_) | Either::Right(_) => {}
            }
        }
        // A run has ended, or nothing began: the moment to make room.
        let test = log.split('.').next().unwrap_or(&log);
        while let Ok(true) = log::sweep(test) {
            sleep(Duration::ZERO).await;
        }
        TENDED.with_borrow_mut(|tended| tended.remove(&log));
        // News between the last fold and the removal would be lost.
        if let Some(Some(())) = news.next().now_or_never() {
            tend(log);
        }
    });
}

/// Folds what waits in the log of a run, before a document about the run is made.
pub fn catch_up(run: &str) -> Result<(), Failure> {
    let log = log_of(run)?;
    while log::advance(&log)?.more {}
    Ok(())
}
