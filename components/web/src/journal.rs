//! The server's log, as far as this component writes it: on standard error, which every host keeps.

use loadgate_documents::moment;
use loadgate_journal::{Journal, Level};
use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

thread_local! {
    static JOURNAL: RefCell<Journal> = const { RefCell::new(Journal::new()) };
}

/// Something failed that the operator should know of.
pub(crate) fn error(sentence: &str) {
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64);
    if let Some(line) = JOURNAL.with_borrow_mut(|journal| journal.line(now_ms, Level::Error, sentence)) {
        eprintln!("{} {line}", moment(now_ms as i64));
    }
}
