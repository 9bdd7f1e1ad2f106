//! The newest runs of a test by whether they are live: what concerns a whole test is told to these.

use super::index::{self, Newest};
use super::keys;
use crate::names::{RunId, TestName};
use crate::store::{Store, StoreError};

/// Runs, newest first.
#[derive(Debug, Default)]
pub struct Recent {
    pub live: Vec<RunId>,
    pub ended: Vec<RunId>,
}

/// Looks at about so many of the newest runs of a test, two questions to the store for each page of an index.
pub async fn recent<S: Store>(store: &S, test: &TestName, most: u64) -> Result<Recent, StoreError> {
    let mut newest = Newest::of(store, Some(test)).await?;
    let mut found = Recent::default();
    for _ in 0..most.div_ceil(index::PAGE) {
        let Some(page) = newest.page(store).await? else { break };
        let asked: Vec<String> =
            page.iter().flat_map(|run| [keys::meta(run), keys::ended(run), keys::deleted(run)]).collect();
        let facts = store.get_many(&asked).await?;
        for (run, facts) in page.into_iter().zip(facts.chunks(3)) {
            match facts {
                [Some(_), None, None] => found.live.push(run),
                [Some(_), Some(_), None] => found.ended.push(run),
                _ => {}
            }
        }
    }
    Ok(found)
}
