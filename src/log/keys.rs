//! The names of everything that the log keeps in the store; `docs/architecture.md` is their table.

use crate::names::{LogName, RunId, TestName};

/// What a question about the store's health writes.
pub(crate) fn health() -> String {
    "health".to_owned()
}

pub(crate) fn tickets(log: &LogName) -> String {
    format!("log/{log}/tickets")
}

pub(crate) fn record(log: &LogName, ticket: u64) -> String {
    format!("log/{log}/record/{ticket}")
}

pub(crate) fn reaper(log: &LogName, ticket: u64) -> String {
    format!("log/{log}/reaper/{ticket}")
}

pub(crate) fn dying(log: &LogName, ticket: u64) -> String {
    format!("log/{log}/dying/{ticket}")
}

pub(crate) fn hole(log: &LogName, ticket: u64) -> String {
    format!("log/{log}/hole/{ticket}")
}

pub(crate) fn last_run(log: &LogName) -> String {
    format!("log/{log}/last")
}

/// Why nobody can fold the log any more.
pub(crate) fn unreadable(log: &LogName) -> String {
    format!("log/{log}/unreadable")
}

/// A hint: who folds the log in the background.
pub(crate) fn lease(log: &LogName) -> String {
    format!("log/{log}/lease")
}

/// A hint: who folds it when that one dies.
pub(crate) fn stand_by(log: &LogName) -> String {
    format!("log/{log}/stand-by")
}

/// A hint: when the test's newest hello came.
pub(crate) fn hello(test: &TestName) -> String {
    format!("test/{test}/hello")
}

/// A hint: who of those that share a place said hello last, and when.
pub(crate) fn hello_place(test: &TestName, place: u32) -> String {
    format!("test/{test}/hello/{place}")
}

pub(crate) fn meta(run: &RunId) -> String {
    format!("run/{run}/meta")
}

pub(crate) fn ended(run: &RunId) -> String {
    format!("run/{run}/ended")
}

pub(crate) fn deleted(run: &RunId) -> String {
    format!("run/{run}/deleted")
}

/// What people wrote beside a run.
pub(crate) fn label(run: &RunId) -> String {
    format!("run/{run}/label")
}

/// The counter of the verdicts on a run, and the stem of their entries.
pub(crate) fn verdicts(run: &RunId) -> String {
    format!("run/{run}/verdicts")
}

pub(crate) fn verdict(run: &RunId, number: u64) -> String {
    format!("run/{run}/verdicts/{number}")
}

/// A hint for lists: what the newest verdict came to.
pub(crate) fn newest_verdict(run: &RunId) -> String {
    format!("run/{run}/verdict")
}

/// A hint for lists: the main figures of an ended run, and how many objectives were judged.
pub(crate) fn figures(run: &RunId) -> String {
    format!("run/{run}/figures")
}

/// What became of telling a verdict to a webhook, by the delivery's number within the run.
pub(crate) fn delivery(run: &RunId, number: u32) -> String {
    format!("run/{run}/deliveries/{number}")
}

/// The counter of those who asked to make the next attempt.
pub(crate) fn claims(run: &RunId, number: u32) -> String {
    format!("run/{run}/deliveries/{number}/claims")
}

/// How far that was when somebody asked last, and when.
pub(crate) fn claim(run: &RunId, number: u32) -> String {
    format!("run/{run}/deliveries/{number}/claim")
}

/// The counter of the runs that are to be looked at in a span of time, and the stem of their entries.
pub(crate) fn agenda(span: u64) -> String {
    format!("deliveries/{span}")
}

pub(crate) fn agenda_entry(span: u64, number: u64) -> String {
    format!("deliveries/{span}/{number}")
}

/// A hint: the first span that may have entries.
pub(crate) fn agenda_begin() -> String {
    "deliveries/from".to_owned()
}

/// A test's webhooks, as they were put.
pub(crate) fn webhooks(test: &TestName) -> String {
    format!("test/{test}/webhooks")
}

/// That one of them wants nothing any more.
pub(crate) fn webhook_gone(test: &TestName, slot: u8) -> String {
    format!("test/{test}/webhooks/{slot}/gone")
}

/// What a lifecycle event told of its end.
pub(crate) fn finished(run: &RunId) -> String {
    format!("run/{run}/finished")
}

/// A run by a name that others gave to it.
pub(crate) fn alias(hash: &str) -> String {
    format!("alias/{hash}")
}

/// A test's file of objectives.
pub(crate) fn objectives(test: &TestName) -> String {
    format!("test/{test}/objectives")
}

/// How it ended, by who started it.
pub(crate) fn outcome(run: &RunId) -> String {
    format!("run/{run}/outcome")
}

pub(crate) fn head(run: &RunId) -> String {
    format!("run/{run}/head")
}

pub(crate) fn events(run: &RunId, chunk: u64) -> String {
    format!("run/{run}/events/{chunk}")
}

pub(crate) fn windows(run: &RunId, chunk: u64) -> String {
    format!("run/{run}/windows/{chunk}")
}

pub(crate) fn state(run: &RunId, chunk: u64) -> String {
    format!("run/{run}/state/{chunk}")
}

pub(crate) fn checkpoint(run: &RunId, chunk: u64) -> String {
    format!("run/{run}/checkpoint/{chunk}")
}

/// A part of a value that is too large for one key; see [`super::value`].
pub(crate) fn part(key: &str, part: u32) -> String {
    format!("{key}/{part}")
}

/// The counter of an index, and the stem of its entries: of a test's runs, or of all.
pub(crate) fn index(test: Option<&TestName>) -> String {
    match test {
        Some(test) => format!("test/{test}/index"),
        None => "index".to_owned(),
    }
}

pub(crate) fn index_entry(test: Option<&TestName>, number: u64) -> String {
    format!("{}/{number}", index(test))
}

/// A hint: a number that an index has reached.
pub(crate) fn index_hint(test: Option<&TestName>) -> String {
    format!("{}/hint", index(test))
}

/// The counter of the logs that were written to before anybody folded them, and the stem of its
/// entries.
pub(crate) fn fresh_logs() -> String {
    "logs".to_owned()
}

pub(crate) fn fresh_log(number: u64) -> String {
    format!("logs/{number}")
}

/// A hint: a number that these have reached.
pub(crate) fn fresh_hint() -> String {
    "logs/hint".to_owned()
}

/// A hint: from this block of an index down to the one that it says, all runs are erased.
pub(crate) fn index_gone(test: Option<&TestName>, block: u64) -> String {
    format!("{}/gone/{block}", index(test))
}

/// A hint: who makes room in a test, or in the index of all, and how far that has come.
pub(crate) fn sweep(test: Option<&TestName>) -> String {
    match test {
        Some(test) => format!("test/{test}/sweep"),
        None => "index/sweep".to_owned(),
    }
}

pub(crate) fn imports(test: &TestName) -> String {
    format!("test/{test}/imports")
}

pub(crate) fn declared(test: &TestName) -> String {
    format!("test/{test}/declared")
}

/// The counter of a test's declarations, and the stem of its entries.
pub(crate) fn deltas(test: &TestName) -> String {
    format!("test/{test}/deltas")
}

pub(crate) fn delta(test: &TestName, number: u64) -> String {
    format!("test/{test}/deltas/{number}")
}

pub(crate) fn declarations(test: &TestName, hash: &str) -> String {
    format!("test/{test}/declarations/{hash}")
}

/// The kinds of findings that are muted for a test.
pub(crate) fn muted(test: &TestName) -> String {
    format!("test/{test}/muted")
}

/// The id of the run that retention never deletes.
pub(crate) fn baseline(test: &TestName) -> String {
    format!("test/{test}/baseline")
}
