//! Writers: a ticket, a record, and a last look whether somebody gave the ticket up for dead.

use super::cache::Cache;
use super::fault::broken;
use super::model::Ended;
use super::{keys, value};
use crate::names::LogName;
use crate::record::{Body, Record, Sequence};
use crate::settings::Settings;
use crate::store::{Clock, Store, StoreError};
use std::fmt;

/// A hello may come this long before the end that it belongs to: a finish takes 2 s to settle, and
/// the clocks of replicas differ.
const HELLO_SLACK_MS: u64 = 3_000;

/// Why nothing was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppendError {
    /// The data is late for a run that has ended; sending it again is no use (410).
    Gone(String),
    /// The store failed, or the record came so late that its ticket was given up (503). It may or
    /// may not count; a numbered batch can be sent again.
    Unavailable(String),
}

impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (AppendError::Gone(reason) | AppendError::Unavailable(reason)) = self;
        f.write_str(reason)
    }
}

impl std::error::Error for AppendError {}

impl From<StoreError> for AppendError {
    fn from(error: StoreError) -> Self {
        AppendError::Unavailable(error.to_string())
    }
}

/// Where a record goes and with what.
pub struct Writer<'a, S, C> {
    pub store: &'a S,
    pub clock: &'a C,
    pub settings: &'a Settings,
    pub cache: &'a Cache,
    pub log: &'a LogName,
}

impl<S: Store, C: Clock> Writer<'_, S, C> {
    /// Stores what one request, or one piece of it, carries, and gives its ticket. After `Ok` it
    /// counts, whatever happens to anyone.
    pub async fn append(
        &self,
        source: &str,
        sequence: Option<Sequence>,
        declarations: Option<String>,
        body: Body,
    ) -> Result<u64, AppendError> {
        if matches!(body, Body::Data(_)) {
            self.refuse_stragglers().await?;
        }
        let received_ms = self.clock.now_ms();
        self.write(&Record { received_ms, source: source.to_owned(), sequence, declarations, body }).await
    }

    /// A generator begins: a run that has been quiet for 3 s ends, and data that follows is late
    /// for nothing.
    pub async fn hello(&self, source: &str) -> Result<u64, AppendError> {
        self.begin(source, Body::Hello).await
    }

    /// Somebody asks for a new run: the live one ends now, and data that follows begins the next.
    pub async fn new_run(&self, source: &str) -> Result<u64, AppendError> {
        self.begin(source, Body::NewRun).await
    }

    /// The load test is over; its last flush has 2 s to arrive.
    pub async fn finish(&self, source: &str) -> Result<u64, AppendError> {
        self.append(source, None, None, Body::Finish).await
    }

    async fn begin(&self, source: &str, body: Body) -> Result<u64, AppendError> {
        let received_ms = self.clock.now_ms();
        // First, so that nobody sees the end without the hello that it came with.
        self.store.set(&keys::hello(self.log), &value::encode_small(&received_ms)).await?;
        let source = source.to_owned();
        self.write(&Record { received_ms, source, sequence: None, declarations: None, body }).await
    }

    /// Refuses what comes shortly after the end of the log's last run that can be seen, so that
    /// stragglers make no ghost runs. One look into the store, two when a run has begun since.
    async fn refuse_stragglers(&self) -> Result<(), AppendError> {
        let known = self.cache.last_run(self.log);
        let asked =
            [keys::last_run(self.log), keys::hello(self.log), keys::ended(&self.log.run(known.unwrap_or(1)))];
        let found = self.store.get_many(&asked).await?;
        let Some(last) = found[0].as_ref().map(|v| value::decode::<u64>(&asked[0], v)).transpose()? else {
            return Ok(());
        };
        let run = self.log.run(last);
        let ended = if last == known.unwrap_or(1) {
            found[2].as_ref().map(|v| value::decode::<Ended>(&asked[2], v)).transpose()?
        } else {
            self.cache.note_last_run(self.log, last);
            value::get::<_, Ended>(self.store, &keys::ended(&run)).await?
        };
        let Some(ended) = ended.filter(|ended| !ended.by_data) else { return Ok(()) };
        let hello = found[1].as_ref().map(|v| value::decode::<u64>(&asked[1], v)).transpose()?;
        let ago = self.clock.now_ms().saturating_sub(ended.end.received_ms);
        let greeted = hello.is_some_and(|hello| hello + HELLO_SLACK_MS >= ended.end.received_ms);
        if ago >= self.settings.straggler_ms || greeted {
            return Ok(());
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
            .map_err(|_| StoreError(format!("`{}` is not a counter", keys::tickets(self.log))))?;
        self.cache.note_ticket(self.log, ticket);
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
