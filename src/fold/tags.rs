//! The tags of a whole run: what every record had on all its samples.

use crate::limits;
use crate::record::Batch;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// By key, the values that generators gave. A key that a record lacks is none of the run's, nor is one with more values than
/// [`limits::TAG_VALUES`]. It comes to the same in whatever order records are heard.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tags(Option<BTreeMap<String, BTreeSet<String>>>);

impl Tags {
    pub(super) fn hear(&mut self, batch: &Batch) {
        let own = || batch.tags.iter();
        let Some(known) = &mut self.0 else {
            let all = own().map(|(key, value)| (key.clone(), BTreeSet::from([value.clone()])));
            self.0 = Some(all.collect());
            return;
        };
        known.retain(|key, values| match own().find(|(other, _)| other == key) {
            Some((_, value)) => {
                if !values.contains(value) {
                    values.insert(value.clone());
                }
                values.len() <= limits::TAG_VALUES
            }
            None => false,
        });
    }

    /// Those that documents show.
    pub(super) fn shown(&self) -> BTreeMap<String, Vec<String>> {
        let all = self.0.iter().flatten().take(limits::SHOWN_TAGS);
        all.map(|(key, values)| (key.clone(), values.iter().cloned().collect())).collect()
    }

    /// How many are not shown.
    pub(super) fn more(&self) -> u64 {
        self.0.as_ref().map_or(0, |all| all.len().saturating_sub(limits::SHOWN_TAGS) as u64)
    }
}
