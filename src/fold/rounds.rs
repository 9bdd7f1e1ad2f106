//! Whether JMeters of before go on behind a newcomer, whose connections do not tell: by what they name, and by their rhythm.

use super::applications::Applications;
use super::senders::{Newcomer, SLACK_MS, Senders, listeners};
use crate::record::Record;

/// The rounds of JMeters' listeners from a newcomer's first record on.
pub(super) struct Rounds<'a> {
    /// The newcomer is no JMeter: all that such send is of before.
    of_before: Option<&'a Applications>,
    /// In so long a time a JMeter has one round.
    closer_ms: u64,
    /// Who sends by one connection is one JMeter.
    by_connection: bool,
    /// JMeters that began meanwhile and did not end.
    newcomers: u64,
    /// The newest rounds, with their senders.
    rounds: Vec<(u64, &'a str)>,
}

impl<'a> Rounds<'a> {
    pub(super) fn new(senders: &'a Senders, first: &Record, newcomer: Newcomer) -> Self {
        Rounds {
            of_before: listeners(first).is_empty().then(|| senders.applications()),
            closer_ms: senders.usual_ms() / 10 * 9,
            by_connection: newcomer.by_connection,
            newcomers: 0,
            rounds: Vec::new(),
        }
    }

    /// Whether a record, the newcomer's first included, shows that there are more JMeters than have begun.
    pub(super) fn next(&mut self, record: &'a Record) -> bool {
        let heard = listeners(record);
        if let Some(applications) = self.of_before {
            return applications.are_of(heard);
        }
        if heard.is_empty() {
            return false;
        }
        self.newcomers += heard.iter().map(|of| u64::from(of.started)).sum::<u64>();
        if heard.iter().any(|of| of.ended) {
            // At its end a JMeter does not wait for its next round. If it is one of before, the newcomer's follows.
            self.newcomers = self.newcomers.saturating_sub(1);
            self.rounds.clear();
            return false;
        }
        let (now_ms, sender) = (record.received_ms, record.sender());
        self.rounds.retain(|(at_ms, _)| now_ms < at_ms.saturating_add(self.closer_ms));
        // A round may be in several records.
        let apart_ms = if self.by_connection { self.closer_ms } else { SLACK_MS };
        let mut same = self.rounds.iter().filter(|(_, other)| *other == sender);
        if same.all(|(at_ms, _)| now_ms >= at_ms.saturating_add(apart_ms)) {
            self.rounds.push((now_ms, sender));
        }
        self.rounds.len() as u64 > self.newcomers
    }
}
