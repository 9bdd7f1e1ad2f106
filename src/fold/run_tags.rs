//! Tags of the run: keys that every batch carries, each with the values that came.

use crate::limits;
use loadgate_documents::RunTags;
use serde::{Deserialize, Serialize};

/// What is left of the tags of the batches so far, whatever their order; nothing before the first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Common(Option<RunTags>);

impl Common {
    /// A batch's tags. One key may have several values: the generators of a test can be in different zones. With more
    /// than a few it tells them apart, not the run from others.
    pub(super) fn hear(&mut self, tags: &[(String, String)]) {
        let Some(common) = &mut self.0 else {
            self.0 = Some(tags.iter().map(|(key, value)| (key.clone(), vec![value.clone()])).collect());
            return;
        };
        common.retain(|key, values| {
            let Some((_, value)) = tags.iter().find(|(other, _)| other == key) else { return false };
            if let Err(at) = values.binary_search(value) {
                values.insert(at, value.clone());
            }
            values.len() <= limits::RUN_TAG_VALUES
        });
    }

    pub(super) fn tags(&self) -> RunTags {
        self.0.clone().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// From a seed, each below a bound.
    fn random(seed: u64) -> impl FnMut(u64) -> u64 {
        let mut state = seed | 1;
        move |bound| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) % bound
        }
    }

    #[test]
    fn tags_of_a_run_are_the_keys_of_all_its_batches_whatever_their_order() {
        for seed in 1..200 {
            let mut random = random(seed * 77);
            let batches: Vec<Vec<(String, String)>> = (0..1 + random(12))
                .map(|_| {
                    let keys: BTreeSet<u64> = (0..6).filter(|_| random(8) > 0).collect();
                    keys.into_iter().map(|key| (format!("k{key}"), format!("v{}", random(1 + key * 2)))).collect()
                })
                .collect();
            let mut expected: RunTags = BTreeMap::new();
            for key in (0..6).map(|key| format!("k{key}")) {
                let values: Vec<Option<&String>> = batches
                    .iter()
                    .map(|tags| tags.iter().find(|(other, _)| *other == key).map(|(_, value)| value))
                    .collect();
                let distinct: BTreeSet<&String> = values.iter().copied().flatten().collect();
                if values.iter().all(Option::is_some) && distinct.len() <= limits::RUN_TAG_VALUES {
                    expected.insert(key, distinct.into_iter().cloned().collect());
                }
            }
            for backwards in [false, true] {
                let mut common = Common::default();
                let mut order: Vec<_> = batches.iter().collect();
                if backwards {
                    order.reverse();
                }
                order.into_iter().for_each(|tags| common.hear(tags));
                assert_eq!(common.tags(), expected, "{batches:?}");
            }
        }
        assert_eq!(Common::default().tags(), RunTags::new());
    }
}
