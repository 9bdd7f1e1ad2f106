//! The newest runs of a test by whether they are live: what concerns a whole test is told to these.

use super::facts::{self, Facts};
use crate::log::index::{BLOCK, Walk};
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
        let page = block.entries.into_iter().map(|(_, run)| run).collect();
        for facts in facts::of(store, page).await?.into_iter().filter(Facts::is_there) {
            let list = if facts.ended { &mut found.ended } else { &mut found.live };
            if !list.contains(&facts.run) {
                list.push(facts.run);
            }
        }
    }
    Ok(found)
}
