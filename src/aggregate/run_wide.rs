//! Tags that people put beside the load generator's own: those that every sample has, as `k6 run --tag env=staging` puts
//! them, and those that submetrics name.

use super::tags::{TagSet, push_cut};
use crate::limits;
use loadgate_documents::Submetric;
use std::collections::BTreeSet;

/// Tags that tell of one sample, or of who sent it, whatever else has them: k6's system tags
/// (<https://grafana.com/docs/k6/latest/using-k6/tags-and-groups/#system-tags>) and our own two.
const OF_SAMPLES: [&str; 21] = [
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
    "rpc_type",
    "scenario",
    "service",
    "status",
    "subproto",
    "testid",
    "tls_version",
    "url",
    "vu",
];

/// Whether a tag of this key tells of one sample, so that none is the run's.
fn is_of_samples(key: &str) -> bool {
    OF_SAMPLES.contains(&key)
}

/// Tags that requests are kept apart by since submetrics of theirs name them, the first by name.
pub(super) fn of_requests(submetrics: &[Submetric]) -> Vec<&str> {
    let of_requests = submetrics.iter().filter(|submetric| submetric.metric.starts_with("http_req"));
    let keys = of_requests.flat_map(|submetric| &submetric.tags).map(|(key, _)| key.as_str());
    let keys: BTreeSet<&str> = keys.filter(|key| !is_of_samples(key)).collect();
    keys.into_iter().take(limits::REQUEST_TAGS).collect()
}

/// What all of these tag sets have alike, in the order of keys.
pub(super) fn common<'a>(sets: impl Iterator<Item = &'a TagSet>) -> Vec<(String, String)> {
    let mut sets = sets.filter(|set| set.submetric().is_none());
    let Some(first) = sets.next() else { return Vec::new() };
    let candidates = first.iter().filter(|(key, value)| !value.is_empty() && !is_of_samples(key));
    let mut found: Vec<(&str, &str)> = candidates.filter(|(key, value)| first.get(key) == *value).collect();
    for set in sets {
        if found.is_empty() {
            break;
        }
        found.retain(|(key, value)| set.get(key) == *value);
    }
    found.sort_unstable();
    found.dedup();
    found.truncate(limits::RUN_WIDE_TAGS);
    found.into_iter().map(|(key, value)| (cut(key), cut(value))).collect()
}

fn cut(text: &str) -> String {
    let mut short = String::new();
    push_cut(&mut short, text, limits::RUN_WIDE_TAG_BYTES);
    short
}

#[cfg(test)]
mod tests {
    use super::common;
    use crate::aggregate::tags::TagSet;
    use crate::limits;

    fn set(pairs: &[(&str, &str)]) -> TagSet {
        pairs.iter().copied().collect()
    }

    #[test]
    fn only_what_all_tag_sets_have_alike_is_common_and_nothing_that_tells_of_a_sample() {
        let request = set(&[("name", "login"), ("env", "staging"), ("region", "eu"), ("zone", "a")]);
        let other = set(&[("zone", "b"), ("env", "staging"), ("name", "login"), ("region", "eu")]);
        let vus = set(&[("env", "staging"), ("build", "42")]);
        let own = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(common([&request, &other].into_iter()), [own("env", "staging"), own("region", "eu")]);
        assert_eq!(common([&request, &other, &vus].into_iter()), [own("env", "staging")]);
        assert_eq!(common([&request, &TagSet::default()].into_iter()), []);
        assert_eq!(common([].into_iter()), []);
    }

    #[test]
    fn of_two_tags_with_one_key_the_first_holds_and_long_ones_are_cut() {
        let twice = set(&[("env", "staging"), ("env", "live")]);
        assert_eq!(common([&twice].into_iter()), [("env".to_owned(), "staging".to_owned())]);
        let long = "é".repeat(limits::RUN_WIDE_TAG_BYTES);
        let cut = &common([&set(&[("env", &long)])].into_iter())[0].1;
        assert!(cut.len() <= limits::RUN_WIDE_TAG_BYTES && cut.ends_with("é…"), "{cut}");
        let many: Vec<String> = (0..100).map(|at| format!("k{at:03}")).collect();
        let many: TagSet = many.iter().map(|key| (key.as_str(), "x")).collect();
        assert_eq!(common([&many].into_iter()).len(), limits::RUN_WIDE_TAGS);
    }
}
