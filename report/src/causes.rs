//! Why requests failed, whichever they were, by the same rule as the pages' `static/scripts/model/causes.js`: both are
//! held to `static/tests/cause-vectors.json`.

use super::codes::is_error;
use loadgate_documents::StatusRow;
use std::collections::HashMap;

/// What requests died of alike.
#[derive(Debug, Default, PartialEq)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(crate) struct Cause {
    pub status: String,
    pub code: String,
    /// What was said of it, or nothing.
    pub error: String,
    /// What one of them had asked for, where that is known.
    pub url: String,
    pub count: f64,
    /// How many rows it is in.
    pub requests: usize,
}

/// The causes of the rows that are failures, the most frequent first.
pub(crate) fn causes_of(rows: &[StatusRow]) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    let mut places: HashMap<(&str, &str, &str), usize> = HashMap::new();
    for row in failures(rows) {
        let key = (part(row, 2), part(row, 3), row.error.as_deref().unwrap_or_default());
        let at = *places.entry(key).or_insert(causes.len());
        if at == causes.len() {
            let (status, code, error) = (key.0.to_owned(), key.1.to_owned(), key.2.to_owned());
            causes.push(Cause { status, code, error, ..Cause::default() });
        }
        if let Some(cause) = causes.get_mut(at) {
            cause.count += row.count;
            cause.requests += 1;
            if cause.url.is_empty() {
                cause.url = row.url.clone().unwrap_or_default();
            }
        }
    }
    causes.sort_by(|a, b| b.count.total_cmp(&a.count));
    causes
}

/// Rows of requests that failed.
pub(crate) fn failures(rows: &[StatusRow]) -> impl Iterator<Item = &StatusRow> {
    rows.iter().filter(|row| is_error(part(row, 2), part(row, 3)))
}

/// Of a row's key; empty where it is the row of all others.
pub(crate) fn part(row: &StatusRow, i: usize) -> &str {
    row.key.get(i).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Vectors {
        rows: Vec<StatusRow>,
        causes: Vec<Cause>,
    }

    #[test]
    fn causes_are_those_of_the_pages() {
        let Vectors { rows, causes } =
            serde_json::from_str(include_str!("../../static/tests/cause-vectors.json")).unwrap();
        assert_eq!(causes_of(&rows), causes);
    }

    #[test]
    fn what_did_not_fail_has_no_cause() {
        let row = |key: &[&str]| StatusRow {
            key: key.iter().map(|part| (*part).to_owned()).collect(),
            count: 9.0,
            ..StatusRow::default()
        };
        assert_eq!(causes_of(&[row(&["GET", "a", "200", ""]), row(&["(other)"])]), []);
    }
}
