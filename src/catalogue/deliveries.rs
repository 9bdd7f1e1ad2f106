//! What is kept of telling verdicts: one series of attempts for each verdict and webhook, who makes the next
//! attempt, and when to look at which run again.
//!
//! A series is made of nothing but the verdict and the webhook, so that all instances mean the same one. Who makes
//! an attempt is decided by a counter: of those who saw the same claim, one gets the next number. It may die
//! with the message sent and nothing written; then another sends the same message again, with the same id.
//!
//! Runs with something to tell are on the agenda, which is read from its beginning to now. The order of writing
//! keeps them there: an entry for later goes before the claim, and before a result that leaves something to do.

use crate::log::{DELETE_BATCH, keys, value};
use crate::names::RunId;
use crate::store::{Store, StoreError};
use loadgate_lifecycle::out::Shape;
use loadgate_lifecycle::webhook::TIMEOUT_S;
use serde::{Deserialize, Serialize};

/// Clocks of instances differ by less than this; see [`super`].
pub(crate) const CLOCKS_MS: u64 = 10_000;

/// Who claimed an attempt and was not heard of for so long is gone.
pub(crate) const LEASE_MS: u64 = TIMEOUT_S * 1000 + CLOCKS_MS;

/// A span of the agenda.
pub(crate) const SPAN_MS: u64 = 15_000;

/// Attempts that are kept of one series, the newest.
const KEPT: usize = 24;

/// Entries of a span that are read at first, and then, while there are some. A writer that died leaves a gap.
const FIRST: u64 = 4;
const PAGE: u64 = 32;

/// What became of telling one verdict to one webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Series {
    /// The webhook's name, and what it was when the series began.
    pub webhook: String,
    pub format: Shape,
    /// Scheme, host and port: the rest of an address may be a secret.
    pub to: String,
    /// The number of the verdict.
    pub verdict: u64,
    /// The message's id, and what those of several messages begin with.
    pub id: String,
    pub state: State,
    /// Messages that it takes, once that is known, and those of them that were taken.
    pub messages: u32,
    pub taken: u32,
    /// Attempts for the message that is due.
    pub attempts: u32,
    /// Not before, Unix ms.
    pub next_ms: u64,
    /// The newest attempts.
    pub log: Vec<Tried>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Pending,
    Delivered,
    /// The last attempt failed, too.
    Failed,
    /// The receiver wants nothing any more, or its owner said so.
    Disabled,
    /// There is no webhook of that name any more.
    Removed,
}

/// An attempt that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tried {
    /// When it had its answer, Unix ms.
    pub at: u64,
    /// The number of the message, from 1.
    pub message: u32,
    /// Of HTTP.
    pub status: Option<u16>,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

/// Who asked last to make an attempt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claim {
    pub number: u64,
    /// Unix ms; 0: it was given back.
    pub at_ms: u64,
}

impl Claim {
    /// Somebody is at it. A clock that is set back must not make that last for ever.
    pub(crate) fn holds(self, now_ms: u64) -> bool {
        self.at_ms.abs_diff(now_ms) < LEASE_MS
    }
}

impl Series {
    pub(crate) fn note(&mut self, tried: Tried) {
        self.log.push(tried);
        let more = self.log.len().saturating_sub(KEPT);
        self.log.drain(..more);
    }
}

/// What is kept of these deliveries of a run, in their order.
pub(crate) async fn read<S: Store>(
    store: &S,
    run: &RunId,
    numbers: &[u32],
) -> Result<Vec<Option<Series>>, StoreError> {
    let asked: Vec<String> = numbers.iter().map(|number| keys::delivery(run, *number)).collect();
    let mut found = Vec::new();
    for (key, head) in asked.iter().zip(store.get_many(&asked).await?) {
        found.push(match head {
            Some(head) => value::resolve(store, key, &head).await?,
            None => None,
        });
    }
    Ok(found)
}

pub(crate) async fn write<S: Store>(
    store: &S,
    run: &RunId,
    number: u32,
    series: &Series,
) -> Result<(), StoreError> {
    value::set(store, &keys::delivery(run, number), value::encode(series)).await
}

pub(crate) async fn claim<S: Store>(store: &S, run: &RunId, number: u32) -> Result<Claim, StoreError> {
    Ok(value::get(store, &keys::claim(run, number)).await?.unwrap_or_default())
}

/// Asks to make the next attempt, having seen this claim. `None`: somebody else does.
pub(crate) async fn take<S: Store>(
    store: &S,
    run: &RunId,
    number: u32,
    seen: Claim,
    now_ms: u64,
) -> Result<Option<Claim>, StoreError> {
    let given = u64::try_from(store.increment(&keys::claims(run, number), 1).await?).unwrap_or(u64::MAX);
    let claim = Claim { number: given, at_ms: now_ms };
    // Those who lose write it too: whoever won may be dead, and the next must know where the counter is.
    store.set(&keys::claim(run, number), &value::encode_small(&claim)).await?;
    Ok((given == seen.number + 1).then_some(claim))
}

/// Gives a claim back, unless somebody else has taken over.
pub(crate) async fn give_back<S: Store>(
    store: &S,
    run: &RunId,
    number: u32,
    claimed: u64,
) -> Result<(), StoreError> {
    if claim(store, run, number).await?.number != claimed {
        return Ok(());
    }
    let claim = Claim { number: claimed, at_ms: 0 };
    store.set(&keys::claim(run, number), &value::encode_small(&claim)).await
}

/// Puts a run on the agenda: it is to be looked at from this moment on.
pub(crate) async fn enter<S: Store>(store: &S, run: &RunId, at_ms: u64) -> Result<(), StoreError> {
    let span = at_ms / SPAN_MS;
    let number = u64::try_from(store.increment(&keys::agenda(span), 1).await?).unwrap_or(1);
    store.set(&keys::agenda_entry(span, number), &value::encode_small(run)).await?;
    if begin(store).await?.is_none() {
        // Of two who are the first, the later may write last.
        let begin = span.saturating_sub((LEASE_MS + CLOCKS_MS).div_ceil(SPAN_MS));
        store.set(&keys::agenda_begin(), &value::encode_small(&begin)).await?;
    }
    Ok(())
}

/// The first span that may have entries; `None`: nothing was ever entered.
pub(crate) async fn begin<S: Store>(store: &S) -> Result<Option<u64>, StoreError> {
    value::get(store, &keys::agenda_begin()).await
}

/// A span of the agenda, as it was read.
pub(crate) struct Span {
    pub number: u64,
    pub runs: Vec<RunId>,
    /// The numbers that were looked for end here.
    end: u64,
}

pub(crate) async fn span<S: Store>(store: &S, number: u64) -> Result<Span, StoreError> {
    let mut span = Span { number, runs: Vec::new(), end: 1 };
    loop {
        let until = span.end + if span.end == 1 { FIRST } else { PAGE };
        let asked: Vec<String> = (span.end..until).map(|entry| keys::agenda_entry(number, entry)).collect();
        let found = store.get_many(&asked).await?;
        let there = found.iter().any(Option::is_some);
        let entries = asked.iter().zip(found);
        // One that cannot be read says nothing.
        span.runs.extend(entries.filter_map(|(key, entry)| value::decode::<RunId>(key, &entry?).ok()));
        if !there {
            span.runs.sort();
            span.runs.dedup();
            return Ok(span);
        }
        span.end = until;
    }
}

/// Lets the agenda begin here: what was read of the spans before it is done.
pub(crate) async fn step_on<S: Store>(store: &S, read: &[Span], begin: u64) -> Result<(), StoreError> {
    store.set(&keys::agenda_begin(), &value::encode_small(&begin)).await?;
    let mut gone = Vec::new();
    for span in read.iter().filter(|span| span.number < begin && span.end > 1) {
        gone.extend((1..span.end).map(|entry| keys::agenda_entry(span.number, entry)));
        gone.push(keys::agenda(span.number));
    }
    for batch in gone.chunks(DELETE_BATCH) {
        store.delete_many(batch).await?;
    }
    Ok(())
}

/// Erases what is kept of a run's deliveries, which have numbers up to this.
pub(super) async fn erase<S: Store>(store: &S, run: &RunId, last: u32) -> Result<(), StoreError> {
    value::delete(store, (1..=last).map(|number| keys::delivery(run, number)).collect()).await?;
    // Never read: some are counters.
    let rest: Vec<String> =
        (1..=last).flat_map(|number| [keys::claim(run, number), keys::claims(run, number)]).collect();
    for batch in rest.chunks(DELETE_BATCH) {
        store.delete_many(batch).await?;
    }
    Ok(())
}
