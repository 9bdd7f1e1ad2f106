//! Why requests failed, whichever they were: by the same rule as the pages' `model/causes.js`, held by the same vectors.

use super::codes::meaning;
use loadgate_documents::StatusRow;
use std::collections::BTreeMap;

/// What several requests may have died of alike.
#[derive(Debug, PartialEq)]
pub(crate) struct Cause<'a> {
    pub status: &'a str,
    pub code: &'a str,
    /// k6's own words; empty where it had none.
    pub message: &'a str,
    pub count: f64,
    /// Rows that it is in.
    pub requests: u64,
}

/// The rows of failures.
pub(crate) fn errors(rows: &[StatusRow]) -> Vec<&StatusRow> {
    rows.iter().filter(|row| !meaning(part(row, 2), part(row, 3)).is_empty()).collect()
}

/// The causes of failures, the most frequent first.
pub(crate) fn causes<'a>(errors: &[&'a StatusRow]) -> Vec<Cause<'a>> {
    let mut places: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    let mut causes: Vec<Cause> = Vec::new();
    for row in errors {
        let (status, code, message) = (part(row, 2), part(row, 3), row.error.as_deref().unwrap_or_default());
        let at = *places.entry((status, code, message)).or_insert(causes.len());
        if at == causes.len() {
            causes.push(Cause { status, code, message, count: 0.0, requests: 0 });
        }
        causes[at].count += row.count;
        causes[at].requests += 1;
    }
    causes.sort_by(|a, b| b.count.total_cmp(&a.count));
    causes
}

fn part(row: &StatusRow, i: usize) -> &str {
    row.key.get(i).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Vectors {
        rows: Vec<StatusRow>,
        causes: Vec<(String, String, String, f64, u64)>,
    }

    #[test]
    fn causes_are_those_of_the_pages() {
        let vectors: Vectors =
            serde_json::from_str(include_str!("../../static/tests/cause-vectors.json")).unwrap();
        let rows: Vec<&StatusRow> = vectors.rows.iter().collect();
        let found: Vec<_> = causes(&rows)
            .into_iter()
            .map(|Cause { status, code, message, count, requests }| {
                (status.to_owned(), code.to_owned(), message.to_owned(), count, requests)
            })
            .collect();
        assert_eq!(found, vectors.causes);
        assert_eq!(errors(&vectors.rows).len(), 4, "what is counted together under (other) says nothing");
    }
}
