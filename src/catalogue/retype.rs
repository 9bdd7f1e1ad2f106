//! Ended runs whose metrics had no known type, when somebody tells it.

use crate::declare::Declarations;
use crate::log::model::{Ended, StoredState};
use crate::log::{DELETE_BATCH, keys, position, value};
use crate::names::RunId;
use crate::store::{Store, StoreError};

/// How the summary marks figures and limits of unknown type.
const MARK: &str = "\"unknown\":";

/// Makes the totals, limits and summary of an ended run anew where the set tells types that it lacked. What
/// was told before may be told again in another way: it is made from the run's last checkpoint. True where anything was.
///
/// # Errors
///
/// What the store refuses.
pub async fn retype<S: Store>(store: &S, run: &RunId, set: &Declarations) -> Result<bool, StoreError> {
    let Some(ended) = value::get::<_, Ended>(store, &keys::ended(run)).await? else { return Ok(false) };
    let key = keys::state(run, ended.end.chunk);
    let Some(head) = store.get(&key).await? else { return Ok(false) };
    let parts = value::parts_of(&key, &head)?;
    // One that cannot be read was left half-way by somebody who did this.
    if let Ok(Some(before)) = value::resolve::<_, StoredState>(store, &key, &head).await
        && !before.retyped
        && !before.summary.contains(MARK)
    {
        return Ok(false);
    }
    let Some(position) = position::at_end(store, run).await? else { return Ok(false) };
    let Some((retyped, types)) = position.state.retyped(set) else { return Ok(false) };
    let mut stored = StoredState { retyped: true, ..StoredState::of(&retyped) };
    // A page is told a type before the totals that it needs it for.
    stored.events.splice(0..0, types);
    let encoded = value::encode(&stored);
    let kept = encoded.parts.len() as u32;
    value::set(store, &key, encoded).await?;
    let gone: Vec<String> = (kept..parts).map(|part| keys::part(&key, part)).collect();
    for batch in gone.chunks(DELETE_BATCH) {
        store.delete_many(batch).await?;
    }
    Ok(true)
}
