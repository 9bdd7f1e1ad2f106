//! Writers: a ticket, a record, and a last look whether somebody gave the ticket up for dead.

use super::cache::Cache;
use super::fault::broken;
use super::hellos::{self, Hellos};
use super::lease::Lease;
use super::model::Ended;
use super::{keys, position, value};
use crate::names::LogName;
use crate::record::{Body, Record, Sequence};
use crate::settings::Settings;
use crate::store::{Clock, Store, StoreError};
use thiserror::Error;

/// A hello may come this long before the end that it belongs to: a finish takes 2 s to settle, and
/// the clocks of replicas differ.
const HELLO_SLACK_MS: u64 = 3_000;

/// Clocks of replicas differ by less than this.
pub(super) const CLOCK_SKEW_MS: u64 = 10_000;

/// Why nothing was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AppendError {
    /// The data is late for a run that has ended; sending it again is no use (410).
    #[error("{0}")]
    Gone(String),
    /// The store failed, or the record came so late that its ticket was given up (503). It may or
    /// may not count; a numbered batch can be sent again.
    #[error("{0}")]
    Unavailable(String),
}

impl From<StoreError> for AppendError {
    fn from(error: StoreError) -> Self {
        AppendError::Unavailable(error.to_string())
    }
}

/// Who sends, and by what connection; see [`Record`].
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The sender's own name, or its IP address.
    pub source: &'a str,
    /// Its address with its port; empty where it names itself.
    pub peer: &'a str,
}

/// What became of a record that was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// How many records before it wait to be folded, as far as is known.
    pub waiting: u64,
}

/// Where a record goes and with what.
pub struct Writer<'a, S, C> {
    /// Where the log is.
    pub store: &'a S,
    /// Dates records.
    pub clock: &'a C,
    /// Its waits are heeded.
    pub settings: &'a Settings,
    /// What this instance remembers.
    pub cache: &'a Cache,
    /// What is written to.
    pub log: &'a LogName,
}

impl<S: Store, C: Clock> Writer<'_, S, C> {
    /// Stores what one request, or one piece of it, carries. After `Ok` it counts, whatever happens to
    /// anyone.
    ///
    /// # Errors
    ///
    /// [`AppendError::Gone`] where the run that it is late for has ended; [`AppendError::Unavailable`] where it
    /// is not certain that the record counts: to send it again is right.
    pub async fn append(
        &self,
        origin: Origin<'_>,
        sequence: Option<Sequence>,
        declarations: Option<String>,
        body: Body,
    ) -> Result<Appended, AppendError> {
        let mut record = self.record(origin.source, body);
        record.peer = origin.peer.to_owned();
        (record.sequence, record.declarations) = (sequence, declarations);
        let mut folded = 0;
        if matches!(record.body, Body::Data(_)) {
            let (hellos, next_ticket) = self.look_around(&record).await?;
            (record.greeted_ms, record.hello_ms) = (hellos.by_sender, hellos.newest);
            record.received_ms = self.clock.now_ms();
            folded = next_ticket;
        }
        let ticket = self.write(&record).await?;
        Ok(Appended { waiting: if folded > 0 { ticket.saturating_sub(folded) } else { 0 } })
    }

    /// Somebody asks for a new run: the live one ends now, and data that follows begins the next.
    ///
    /// # Errors
    ///
    /// [`AppendError::Unavailable`]: to ask again is right.
    pub async fn new_run(&self, source: &str) -> Result<u64, AppendError> {
        // First, so that nobody sees the end without the hello that it came with.
        hellos::say(self.store, &self.log.test, source, self.clock.now_ms()).await?;
        self.write(&self.record(source, Body::NewRun)).await
    }

    /// A record that says something else than samples.
    ///
    /// # Errors
    ///
    /// [`AppendError::Unavailable`]: to say it again is right.
    pub async fn tell(
        &self,
        source: &str,
        declarations: Option<String>,
        body: Body,
    ) -> Result<u64, AppendError> {
        self.write(&Record { declarations, ..self.record(source, body) }).await
    }

    fn record(&self, source: &str, body: Body) -> Record {
        Record::new(self.clock.now_ms(), source, body)
    }

    /// What is known of hellos, and which ticket is folded next (0: not known); and refuses what comes
    /// shortly after the end of the log's last run that can be seen, so that stragglers make no ghost
    /// runs. One look into the store, two when a run has begun since.
    async fn look_around(&self, record: &Record) -> Result<(Hellos, u64), AppendError> {
        let known = self.cache.logs.last_run(self.log).unwrap_or(1);
        let [newest, sender] = hellos::keys(&self.log.test, record.sender());
        let asked = [
            keys::last_run(self.log),
            keys::ended(&self.log.run(known)),
            newest,
            sender,
            keys::lease(self.log),
            keys::unreadable(self.log),
        ];
        let found = self.store.get_many(&asked).await?;
        let value = |at: usize| found[at].as_deref();
        if let Some(note) = value(5) {
            // Nobody could fold it: unless the log was mended, the sender has to know.
            position::mended(self.store, self.log, note).await?;
            self.store.delete_many(&asked[5..]).await?;
        }
        let hellos = Hellos::read(&asked[2..4], [value(2), value(3)], record.sender())?;
        let lease = value(4).map(|v| value::decode::<Lease>(&asked[4], v)).transpose()?;
        let seen = (hellos, lease.map_or(0, |lease| lease.next_ticket));
        let Some(last) = value(0).map(|v| value::decode::<u64>(&asked[0], v)).transpose()? else {
            // Lists must find what is acknowledged, and no index has it before somebody folds it.
            if self.cache.logs.announce(self.log) && !broken!(AnnounceNothing) {
                super::fresh::enter(self.store, self.log).await?;
            }
            return Ok(seen);
        };
        let run = self.log.run(last);
        let ended = if last == known {
            value(1).map(|v| value::decode::<Ended>(&asked[1], v)).transpose()?
        } else {
            self.cache.logs.note_last_run(self.log, last);
            value::get::<_, Ended>(self.store, &keys::ended(&run)).await?
        };
        let Some(ended) = ended.filter(|ended| !ended.by_data) else { return Ok(seen) };
        let now_ms = self.clock.now_ms();
        let ago = now_ms.saturating_sub(ended.end.received_ms);
        // An end in the future: the clock was set back since, and nothing is known of how long ago it was.
        let set_back = now_ms.saturating_add(CLOCK_SKEW_MS) < ended.end.received_ms;
        let greeted = hellos.newest.is_some_and(|hello| hello + HELLO_SLACK_MS >= ended.end.received_ms);
        if ago >= self.settings.straggler_ms || greeted || set_back {
            return Ok(seen);
        }
        Err(AppendError::Gone(format!(
            "the run {run} ended {:.1} s ago, and data that comes within {} s of an end is late for it",
            ago as f64 / 1e3,
            self.settings.straggler_ms as f64 / 1e3
        )))
    }

    /// The time in the record is taken before its ticket: no record is younger than it looks, which
    /// folders rely on.
    pub(super) async fn write(&self, record: &Record) -> Result<u64, AppendError> {
        let encoded = value::encode(record);
        let ticket = self.store.increment(&keys::tickets(self.log), 1).await?;
        let ticket = u64::try_from(ticket)
            .map_err(|_| StoreError::damaged(keys::tickets(self.log), "it is no counter"))?;
        self.cache.logs.note_ticket(self.log, ticket);
        value::set(self.store, &keys::record(self.log, ticket), encoded).await?;
        let dying = self.store.get(&keys::dying(self.log, ticket)).await?;
        if dying.is_some() && !broken!(AcknowledgeDying) {
            return Err(AppendError::Unavailable(
                "the request took so long to be stored that it was given up; it may not count".to_owned(),
            ));
        }
        Ok(ticket)
    }
}
