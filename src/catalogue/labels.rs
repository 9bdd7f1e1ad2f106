//! What people say of runs: a label, a note, which run is the baseline, how one ended, and which findings they
//! have seen enough of.

use crate::documents::outcome::Exit;
use crate::limits;
use crate::log::{keys, value};
use crate::names::{RunId, TestName};
use crate::store::{Store, StoreError};
use loadgate_documents::FindingKind;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// Text beside a run. Nothing of it takes part in the fold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// A name that people gave to the run; its id stays.
    pub label: Option<String>,
    /// Longer text, likewise.
    pub note: Option<String>,
}

/// What to change of a [`Label`]: absent fields stay, `null` removes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The name.
    #[serde(default, deserialize_with = "given")]
    pub label: Option<Option<String>>,
    /// The longer text.
    #[serde(default, deserialize_with = "given")]
    pub note: Option<Option<String>>,
}

/// A field that is there, be it `null`.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Change {
    /// Reads `{"label": TEXT or null, "note": TEXT or null}`.
    ///
    /// # Errors
    ///
    /// A sentence for whoever sent it.
    pub fn parse(document: &[u8]) -> Result<Self, String> {
        let wrong = |reason: &dyn fmt::Display| {
            format!("a change is {{\"label\": TEXT or null, \"note\": TEXT or null}}: {reason}")
        };
        // An array would be read as the fields in their order.
        if !document.trim_ascii_start().starts_with(b"{") {
            return Err(wrong(&"this is no object"));
        }
        let change: Change = serde_json::from_slice(document).map_err(|error| wrong(&error))?;
        for (what, text, limit) in
            [("label", &change.label, limits::LABEL_BYTES), ("note", &change.note, limits::NOTE_BYTES)]
        {
            if text.as_ref().and_then(Option::as_ref).is_some_and(|text| text.len() > limit) {
                return Err(format!("the {what} is longer than {limit} bytes"));
            }
        }
        Ok(change)
    }

    fn apply(self, label: &mut Label) {
        let blank = |text: &String| !text.trim().is_empty();
        if let Some(text) = self.label {
            label.label = text.filter(blank);
        }
        if let Some(text) = self.note {
            label.note = text.filter(blank);
        }
    }
}

/// Changes what people wrote beside a run. Of two at once the later holds, whole.
///
/// # Errors
///
/// What the store refuses.
pub async fn change<S: Store>(store: &S, run: &RunId, change: Change) -> Result<(), StoreError> {
    let key = keys::label(run);
    let mut label = value::get::<_, Label>(store, &key).await?.unwrap_or_default();
    change.apply(&mut label);
    store.set(&key, &value::encode_small(&label)).await
}

/// Notes how a run ended; the newest word counts.
///
/// # Errors
///
/// What the store refuses.
pub async fn set_outcome<S: Store>(store: &S, run: &RunId, outcome: Exit) -> Result<(), StoreError> {
    store.set(&keys::outcome(run), &value::encode_small(&outcome)).await
}

/// Pins the run that a test's others are compared with; `None` unpins.
///
/// # Errors
///
/// What the store refuses.
pub async fn set_baseline<S: Store>(
    store: &S,
    test: &TestName,
    run: Option<&RunId>,
) -> Result<(), StoreError> {
    let key = keys::baseline(test);
    match run {
        Some(run) => store.set(&key, &value::encode_small(&run.to_string())).await,
        None => store.delete_many(&[key]).await,
    }
}

/// The run that a test's others are compared with, if one is pinned.
pub(crate) async fn baseline<S: Store>(store: &S, test: &TestName) -> Result<Option<RunId>, StoreError> {
    let pinned = value::get::<_, String>(store, &keys::baseline(test)).await?;
    Ok(pinned.and_then(|run| RunId::parse(&run)))
}

/// Mutes kinds of findings for a test, these and no others.
///
/// # Errors
///
/// What the store refuses.
pub async fn set_muted<S: Store>(
    store: &S,
    test: &TestName,
    muted: &[FindingKind],
) -> Result<(), StoreError> {
    let words: Vec<&str> = muted.iter().map(|kind| kind.word()).collect();
    store.set(&keys::muted(test), &value::encode_small(&words)).await
}

/// What is muted for a test; words of a newer version are passed over.
pub(crate) async fn muted<S: Store>(store: &S, test: &TestName) -> Result<Vec<FindingKind>, StoreError> {
    let words = value::get::<_, Vec<String>>(store, &keys::muted(test)).await?.unwrap_or_default();
    Ok(words.into_iter().filter_map(|word| FindingKind::try_from(word).ok()).collect())
}
