//! Whom a test's verdicts are told: its webhooks, as they are kept.

use crate::log::{keys, value};
use crate::names::TestName;
use crate::store::{Store, StoreError};
use loadgate_documents::ObjectiveState;
use loadgate_lifecycle::out::Shape;
use serde::{Deserialize, Serialize};

/// Webhooks of one test; deliveries are numbered by it, so it can grow and never shrink.
pub(crate) const MOST: u8 = 8;

/// Where verdicts go, and how. Not displayed: it holds secrets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Webhook {
    /// What people call it; no two of a test are called alike.
    pub name: String,
    /// Its place among those of the test, below [`MOST`].
    pub slot: u8,
    pub url: String,
    pub format: Shape,
    /// `whsec_…`; what is sent without any is not signed.
    pub secrets: Vec<String>,
    /// The value of the header `Authorization`, a secret, too.
    pub authorization: Option<String>,
    /// The verdicts that it wants; none are named: all of them.
    pub verdicts: Vec<ObjectiveState>,
    /// Nothing is sent to it.
    pub disabled: bool,
    /// Since when it wants what it wants, Unix ms: older verdicts are not told.
    pub since_ms: u64,
}

/// The webhooks of a test.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Webhooks {
    /// Unix ms.
    pub put_ms: u64,
    /// This server's address, as whoever put them knows it.
    pub server: String,
    pub all: Vec<Webhook>,
}

impl Webhooks {
    pub(crate) fn named(&self, name: &str) -> Option<&Webhook> {
        self.all.iter().find(|webhook| webhook.name == name)
    }
}

/// A test's webhooks; one whose receiver wanted nothing any more, since they were put, is disabled.
pub(crate) async fn of<S: Store>(store: &S, test: &TestName) -> Result<Webhooks, StoreError> {
    let mut webhooks: Webhooks = value::get(store, &keys::webhooks(test)).await?.unwrap_or_default();
    let asked: Vec<String> =
        webhooks.all.iter().map(|webhook| keys::webhook_gone(test, webhook.slot)).collect();
    if asked.is_empty() {
        return Ok(webhooks);
    }
    let found = store.get_many(&asked).await?;
    for (webhook, (key, gone)) in webhooks.all.iter_mut().zip(asked.iter().zip(found)) {
        let gone = gone.map(|gone| value::decode::<u64>(key, &gone)).transpose()?;
        webhook.disabled |= gone == Some(webhooks.put_ms);
    }
    Ok(webhooks)
}

/// Puts webhooks in the place of those that there were.
pub(crate) async fn set<S: Store>(store: &S, test: &TestName, webhooks: &Webhooks) -> Result<(), StoreError> {
    let key = keys::webhooks(test);
    if webhooks.all.is_empty() {
        return value::delete(store, vec![key]).await;
    }
    value::set(store, &key, value::encode(webhooks)).await
}

/// Notes that a receiver wants nothing any more, until the webhooks are put again.
pub(crate) async fn disable<S: Store>(
    store: &S,
    test: &TestName,
    webhooks: &Webhooks,
    slot: u8,
) -> Result<(), StoreError> {
    store.set(&keys::webhook_gone(test, slot), &value::encode_small(&webhooks.put_ms)).await
}
