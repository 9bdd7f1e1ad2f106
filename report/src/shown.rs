//! How many of what there is are shown; the pages read the same `shown.json`.

use serde::Deserialize;
use std::sync::LazyLock;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Shown {
    /// Names of metrics of unknown types: the figures are not to be pushed off the page by them.
    pub untyped_names: usize,
    /// Causes of failures; the table of errors has all.
    pub causes: usize,
}

/// It can be read: a test does.
pub(crate) static SHOWN: LazyLock<Shown> =
    LazyLock::new(|| serde_json::from_str(include_str!("shown.json")).unwrap_or_default());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_measures_can_be_read() {
        assert!(SHOWN.untyped_names > 0 && SHOWN.causes > 0);
    }
}
