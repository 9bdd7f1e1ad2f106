//! The names of everything that the log keeps in the store; `docs/architecture.md` is their table.

use crate::names::{LogName, RunId, TestName};

/// What a question about the store's health writes.
pub(super) fn health() -> String {
    "health".to_owned()
}

pub(super) fn tickets(log: &LogName) -> String {
    format!("log/{log}/tickets")
}

pub(super) fn record(log: &LogName, ticket: u64) -> String {
    format!("log/{log}/record/{ticket}")
}

pub(super) fn reaper(log: &LogName, ticket: u64) -> String {
    format!("log/{log}/reaper/{ticket}")
}

pub(super) fn dying(log: &LogName, ticket: u64) -> String {
    format!("log/{log}/dying/{ticket}")
}

pub(super) fn hole(log: &LogName, ticket: u64) -> String {
    format!("log/{log}/hole/{ticket}")
}

pub(super) fn last_run(log: &LogName) -> String {
    format!("log/{log}/last")
}

/// Why nobody can fold the log any more.
pub(super) fn unreadable(log: &LogName) -> String {
    format!("log/{log}/unreadable")
}

/// A hint: who folds the log in the background.
pub(super) fn lease(log: &LogName) -> String {
    format!("log/{log}/lease")
}

/// A hint: when the test's newest hello came.
pub(super) fn hello(test: &TestName) -> String {
    format!("test/{test}/hello")
}

/// A hint: who of those that share a place said hello last, and when.
pub(super) fn hello_place(test: &TestName, place: u32) -> String {
    format!("test/{test}/hello/{place}")
}

pub(super) fn meta(run: &RunId) -> String {
    format!("run/{run}/meta")
}

pub(super) fn ended(run: &RunId) -> String {
    format!("run/{run}/ended")
}

pub(super) fn deleted(run: &RunId) -> String {
    format!("run/{run}/deleted")
}

/// What people wrote beside a run.
pub(super) fn label(run: &RunId) -> String {
    format!("run/{run}/label")
}

/// The counter of the verdicts on a run, and the stem of their entries.
pub(super) fn verdicts(run: &RunId) -> String {
    format!("run/{run}/verdicts")
}

pub(super) fn verdict(run: &RunId, number: u64) -> String {
    format!("run/{run}/verdicts/{number}")
}

/// A hint for lists: what the newest verdict came to.
pub(super) fn newest_verdict(run: &RunId) -> String {
    format!("run/{run}/verdict")
}

/// What a lifecycle event told of its end.
pub(super) fn finished(run: &RunId) -> String {
    format!("run/{run}/finished")
}

/// A run by a name that others gave to it.
pub(super) fn alias(hash: &str) -> String {
    format!("alias/{hash}")
}

/// A test's file of objectives.
pub(super) fn objectives(test: &TestName) -> String {
    format!("test/{test}/objectives")
}

/// How it ended, by who started it.
pub(super) fn outcome(run: &RunId) -> String {
    format!("run/{run}/outcome")
}

pub(super) fn head(run: &RunId) -> String {
    format!("run/{run}/head")
}

pub(super) fn events(run: &RunId, chunk: u64) -> String {
    format!("run/{run}/events/{chunk}")
}

pub(super) fn rows(run: &RunId, chunk: u64) -> String {
    format!("run/{run}/rows/{chunk}")
}

pub(super) fn state(run: &RunId, chunk: u64) -> String {
    format!("run/{run}/state/{chunk}")
}

pub(super) fn checkpoint(run: &RunId, chunk: u64) -> String {
    format!("run/{run}/checkpoint/{chunk}")
}

/// A part of a value that is too large for one key; see [`super::value`].
pub(super) fn part(key: &str, part: u32) -> String {
    format!("{key}/{part}")
}

/// The counter of an index, and the stem of its entries: of a test's runs, or of all.
pub(super) fn index(test: Option<&TestName>) -> String {
    match test {
        Some(test) => format!("test/{test}/index"),
        None => "index".to_owned(),
    }
}

pub(super) fn index_entry(test: Option<&TestName>, number: u64) -> String {
    format!("{}/{number}", index(test))
}

/// A hint: a number that an index has reached.
pub(super) fn index_hint(test: Option<&TestName>) -> String {
    format!("{}/hint", index(test))
}

/// The counter of the logs that were written to before anybody folded them, and the stem of its
/// entries.
pub(super) fn fresh_logs() -> String {
    "logs".to_owned()
}

pub(super) fn fresh_log(number: u64) -> String {
    format!("logs/{number}")
}

/// A hint: a number that these have reached.
pub(super) fn fresh_hint() -> String {
    "logs/hint".to_owned()
}

/// A hint: from this block of an index down to the one that it says, all runs are erased.
pub(super) fn index_gone(test: Option<&TestName>, block: u64) -> String {
    format!("{}/gone/{block}", index(test))
}

/// A hint: who makes room in a test, or in the index of all, and how far that has come.
pub(super) fn sweep(test: Option<&TestName>) -> String {
    match test {
        Some(test) => format!("test/{test}/sweep"),
        None => "index/sweep".to_owned(),
    }
}

pub(super) fn imports(test: &TestName) -> String {
    format!("test/{test}/imports")
}

pub(super) fn declared(test: &TestName) -> String {
    format!("test/{test}/declared")
}

/// The counter of a test's declarations, and the stem of its entries.
pub(super) fn deltas(test: &TestName) -> String {
    format!("test/{test}/deltas")
}

pub(super) fn delta(test: &TestName, number: u64) -> String {
    format!("test/{test}/deltas/{number}")
}

pub(super) fn declarations(test: &TestName, hash: &str) -> String {
    format!("test/{test}/declarations/{hash}")
}

/// The id of the run that retention never deletes.
pub(super) fn baseline(test: &TestName) -> String {
    format!("test/{test}/baseline")
}
