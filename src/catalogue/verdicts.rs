//! What is kept of the gate: a test's file of objectives, what was told of a run's end, and the verdicts on
//! it. A verdict that was given stays; one that comes out differently later stands beside it.

use crate::log::{keys, value};
use crate::names::{RunId, TestName};
use crate::store::{Store, StoreError};
use loadgate_documents::{GateVerdict, ObjectiveState};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Verdicts that are kept of one run.
pub(crate) const KEPT: u64 = 32;

/// A verdict as it was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Given {
    /// From 1, within the run; gaps are of those who died before they had written theirs.
    pub number: u64,
    /// Unix ms.
    pub judged_ms: u64,
    /// A hash of all that it was made of: the same is judged once.
    pub basis: String,
    /// The document, as JSON.
    document: String,
}

/// What lists show of a run's newest verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Newest {
    pub number: u64,
    pub state: ObjectiveState,
}

/// What a lifecycle event told of a run's end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// The window that is to be judged, Unix ms, where the event states it.
    pub start_ms: Option<i64>,
    /// Likewise.
    pub end_ms: Option<i64>,
    /// The event itself, as JSON.
    pub event: String,
}

impl Given {
    pub(crate) fn verdict(&self) -> Result<GateVerdict, StoreError> {
        serde_json::from_str(&self.document)
            .map_err(|error| StoreError::damaged(format!("verdict {}", self.number), error))
    }
}

/// The verdicts on a run, in the order of their numbers; of those that two instances gave at once for the same,
/// the first.
pub(crate) async fn given<S: Store>(store: &S, run: &RunId) -> Result<Vec<Given>, StoreError> {
    let asked: Vec<String> = (1..=KEPT).map(|number| keys::verdict(run, number)).collect();
    let mut found = Vec::new();
    let Some(newest) = newest(store, run).await? else { return Ok(found) };
    let asked = &asked[..KEPT.min(newest.number) as usize];
    for (key, head) in asked.iter().zip(store.get_many(asked).await?) {
        if let Some(head) = head
            && let Some(given) = value::resolve::<_, Given>(store, key, &head).await?
            && found.last().is_none_or(|before: &Given| before.basis != given.basis)
        {
            found.push(given);
        }
    }
    Ok(found)
}

/// What the newest verdict on a run came to, if there is one.
pub(crate) async fn newest<S: Store>(store: &S, run: &RunId) -> Result<Option<Newest>, StoreError> {
    value::get(store, &keys::newest_verdict(run)).await
}

/// Keeps a verdict, unless there are too many already.
pub(crate) async fn give<S: Store>(
    store: &S,
    run: &RunId,
    now_ms: u64,
    basis: String,
    verdict: &GateVerdict,
) -> Result<Option<Given>, StoreError> {
    let number = u64::try_from(store.increment(&keys::verdicts(run), 1).await?).unwrap_or(u64::MAX);
    if number > KEPT {
        return Ok(None);
    }
    let document = loadgate_documents::to_json(verdict, loadgate_documents::Digits::All);
    let given = Given { number, judged_ms: now_ms, basis, document };
    value::set(store, &keys::verdict(run, number), value::encode(&given)).await?;
    let newest = Newest { number, state: verdict.state };
    store.set(&keys::newest_verdict(run), &value::encode_small(&newest)).await?;
    Ok(Some(given))
}

/// All keys that verdicts on a run may have, for its erasure.
pub(super) fn all_keys(run: &RunId) -> Vec<String> {
    let mut found: Vec<String> = (1..=KEPT).map(|number| keys::verdict(run, number)).collect();
    found.extend([keys::newest_verdict(run), keys::finished(run)]);
    found
}

/// A test's file of objectives, as it was put.
pub(crate) async fn objectives<S: Store>(store: &S, test: &TestName) -> Result<Option<String>, StoreError> {
    value::get(store, &keys::objectives(test)).await
}

/// Puts or removes a test's file.
pub(crate) async fn set_objectives<S: Store>(
    store: &S,
    test: &TestName,
    text: Option<&str>,
) -> Result<(), StoreError> {
    let key = keys::objectives(test);
    match text {
        Some(text) => value::set(store, &key, value::encode(text)).await,
        None => value::delete(store, vec![key]).await,
    }
}

/// Notes what an event told of a run's end; the newest word counts.
pub(crate) async fn set_finished<S: Store>(
    store: &S,
    run: &RunId,
    finished: &Finished,
) -> Result<(), StoreError> {
    value::set(store, &keys::finished(run), value::encode(finished)).await
}

pub(crate) async fn finished<S: Store>(store: &S, run: &RunId) -> Result<Option<Finished>, StoreError> {
    value::get(store, &keys::finished(run)).await
}

/// Notes that others know a run by this name: a task's id, or what else the event calls its context.
pub(crate) async fn set_alias<S: Store>(store: &S, name: &str, run: &RunId) -> Result<(), StoreError> {
    store.set(&keys::alias(&hash(&[name])), &value::encode_small(&run.to_string())).await
}

/// The run that others know by this name.
pub(crate) async fn by_alias<S: Store>(store: &S, name: &str) -> Result<Option<RunId>, StoreError> {
    let run: Option<String> = value::get(store, &keys::alias(&hash(&[name]))).await?;
    Ok(run.and_then(|run| RunId::parse(&run)))
}

/// A hash of texts in their order.
pub(crate) fn hash(texts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text);
    }
    hasher.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
