//! Tags of a whole run: what every sample of a batch carries, such as k6's `--tag env=staging`.

use super::tags::TagSet;
use crate::limits;

/// Tags that tell of a sample, not of its run: k6's own, and those by which Loadgate tells runs and generators apart.
const OF_SAMPLES: [&str; 23] = [
    "check",
    "error",
    "error_code",
    "expected_response",
    "group",
    "instance_id",
    "ip",
    "iter",
    "method",
    "name",
    "ocsp_status",
    "proto",
    "resource_type",
    "rpc_type",
    "scenario",
    "service",
    "status",
    "subproto",
    "testid",
    "tls_version",
    "transaction",
    "url",
    "vu",
];

/// The tags that all of these sets have alike, by key; no more than a run keeps.
pub(super) fn common<'a>(mut sets: impl Iterator<Item = &'a TagSet>) -> Vec<(String, String)> {
    let Some(first) = sets.next() else { return Vec::new() };
    let mut common: Vec<(&str, &str)> = first
        .iter()
        .filter(|(key, value)| {
            !value.is_empty() && key.len().max(value.len()) <= limits::RUN_TAG_BYTES && OF_SAMPLES.binary_search(key).is_err()
        })
        .collect();
    for set in sets {
        if common.is_empty() {
            break;
        }
        common.retain(|(key, value)| set.get(key) == *value);
    }
    common.sort_unstable();
    common.dedup_by_key(|(key, _)| *key);
    common.truncate(limits::RUN_TAGS);
    common.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}
