//! What is known of many runs at once, one question to the store for all.

use crate::log::{keys, value};
use crate::names::RunId;
use crate::store::{Store, StoreError};

/// Of one run.
pub(super) struct Facts {
    pub run: RunId,
    pub exists: bool,
    pub ended: bool,
    /// Since when, Unix ms.
    pub deleted_ms: Option<u64>,
}

impl Facts {
    /// It exists, and nobody deleted it.
    pub(super) fn is_there(&self) -> bool {
        self.exists && self.deleted_ms.is_none()
    }
}

/// In the order of the runs.
pub(super) async fn of<S: Store>(store: &S, runs: Vec<RunId>) -> Result<Vec<Facts>, StoreError> {
    let asked: Vec<String> =
        runs.iter().flat_map(|run| [keys::meta(run), keys::ended(run), keys::deleted(run)]).collect();
    let found = store.get_many(&asked).await?;
    let facts = runs.into_iter().zip(asked.chunks(3).zip(found.chunks(3)));
    Ok(facts
        .map(|(run, (asked, found))| Facts {
            run,
            exists: found[0].is_some(),
            ended: found[1].is_some(),
            // One that cannot be read was deleted long ago.
            deleted_ms: found[2].as_ref().map(|at| value::decode(&asked[2], at).unwrap_or(0)),
        })
        .collect())
}
