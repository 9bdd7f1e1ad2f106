//! Whether data behind a hello belong to the run that goes on, or begin the next.
//!
//! A load generator that begins says so (k6's CREATE DATABASE), but so does the second of two that
//! are one run. What tells them apart comes only afterwards: whether a generator of before is heard
//! again. So a folder that meets data of a newcomer looks at the records behind them, in the order
//! of their tickets, for the first that decides:
//!
//! - data of a generator of the run that did not begin anew: the run goes on (a JMeter that makes a connection for each
//!   request is known by the application that it names, and by its rhythm);
//! - any record received so late that every generator of the run has been silent for longer than
//!   its rhythm allows: the run was over, and the newcomer's data begin the next.
//!
//! Until one of them comes, nobody decides, and the newcomer's data wait.

use crate::fold::rounds::Rounds;
use crate::fold::run::Run;
use crate::fold::senders::{data, vus_times};
use crate::record::Record;

/// Records that are looked at for one decision; so many newcomers' records without one of before
/// mean that those of before are gone.
pub(crate) const LOOK_AHEAD: usize = 512;
/// What a data record is to the run that is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Border {
    /// It belongs to it, or there is none.
    Within,
    /// The run was over before it.
    Begins,
    /// A record received at this time (Unix ms) or later decides, if none does before.
    Undecided {
        /// That time.
        until_ms: u64,
    },
}

/// Decides about a record by those that follow it in the order of their tickets.
pub(super) fn border<'a>(run: &Run, record: &'a Record, later: impl Iterator<Item = &'a Record>) -> Border {
    if data(record).is_none() || run.is_import() || run.is_over_at(record.received_ms) {
        return Border::Within;
    }
    let Some(newcomer) = run.senders.newcomer(record) else { return Border::Within };
    if run.finished_before(newcomer.hello_ms) {
        return Border::Begins;
    }
    let until_ms = run.senders.gone_at_ms(newcomer).min(run.silent_at_ms());
    let (mut vus, mut rounds) = (Vec::new(), Rounds::new(&run.senders, record, newcomer));
    for (looked, next) in std::iter::once(record).chain(later).enumerate() {
        if data(next).is_some() {
            vus.extend(vus_times(next));
            let goes_on = if newcomer.by_connection {
                run.senders.is_known(next)
            } else {
                run.senders.goes_on(&mut vus)
            };
            if goes_on || rounds.next(next) {
                return Border::Within;
            }
        }
        if next.received_ms >= until_ms || looked + 1 >= LOOK_AHEAD {
            return Border::Begins;
        }
    }
    Border::Undecided { until_ms }
}
