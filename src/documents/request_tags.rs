//! The tags in keys of [`Dimension::Facets`](crate::record::Dimension::Facets), which stand behind what every request has.

use std::collections::{BTreeMap, BTreeSet};

/// Where they begin.
const TAGS_AT: usize = 6;

/// The value of one, empty where a request has none; `None`: nobody kept it when the request came.
pub(super) fn of<'a>(key: &'a [String], tag: &str) -> Option<&'a str> {
    let mut tags = key.iter().skip(TAGS_AT).filter_map(|part| part.split_once(':'));
    tags.find(|(other, _)| *other == tag).map(|(_, value)| value)
}

/// All of them, each with the values that keys have.
pub(super) fn all<'a>(keys: impl Iterator<Item = &'a [String]>) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (key, value) in keys.flat_map(|key| key.iter().skip(TAGS_AT)).filter_map(|part| part.split_once(':'))
    {
        found.entry(key).or_default().insert(value);
    }
    let owned = |values: BTreeSet<&str>| values.into_iter().map(str::to_owned).collect();
    found.into_iter().map(|(key, values)| (key.to_owned(), owned(values))).collect()
}
