//! The newest runs of a test by whether they are live: what concerns a whole test is told to these.

use super::index::{BLOCK, Walk};
use super::keys;
use crate::names::{RunId, TestName};
use crate::store::{Store, StoreError};

/// Runs, newest first.
#[derive(Debug, Default)]
pub struct Recent {
    /// Those that go on.
    pub live: Vec<RunId>,
    /// Those that are over and not deleted.
    pub ended: Vec<RunId>,
}

/// Looks at about so many of the newest runs of a test, two questions to the store for each 64.
///
/// # Errors
///
/// What the store refuses.
pub async fn recent<S: Store>(store: &S, test: &TestName, most: u64) -> Result<Recent, StoreError> {
    let mut walk = Walk::begin(store, Some(test)).await?;
    let mut found = Recent::default();
    for _ in 0..=most.div_ceil(BLOCK) {
        let Some(block) = walk.next(store).await? else { break };
        let page: Vec<RunId> = block.entries.into_iter().map(|(_, run)| run).collect();
        let asked: Vec<String> =
            page.iter().flat_map(|run| [keys::meta(run), keys::ended(run), keys::deleted(run)]).collect();
        let facts = store.get_many(&asked).await?;
        for (run, facts) in page.into_iter().zip(facts.chunks(3)) {
            match facts {
                [Some(_), None, None] if !found.live.contains(&run) => found.live.push(run),
                [Some(_), Some(_), None] if !found.ended.contains(&run) => found.ended.push(run),
                _ => {}
            }
        }
    }
    Ok(found)
}
