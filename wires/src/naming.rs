//! What names, units and series of other tools become.

use crate::Wrong;
use loadgate_documents::{Contains, builtin, is_metric_name};

/// A name that a metric can have: what it cannot have in it becomes `_`.
pub(crate) fn metric_name(name: &str) -> Result<String, Wrong> {
    let mut mapped: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if mapped.starts_with(|c: char| c.is_ascii_digit()) {
        mapped.insert(0, '_');
    }
    if mapped == "time" {
        mapped.push('_');
    }
    if is_metric_name(&mapped) {
        Ok(mapped)
    } else {
        Err(Wrong::quoting("a metric's name must have between 1 and 128 characters", name.as_bytes()))
    }
}

/// What a unit of the UCUM says: what values are, and by what they are multiplied to be in milliseconds or bytes.
pub(crate) fn unit(unit: &str) -> (Contains, f64) {
    match unit {
        "ns" => (Contains::Time, 1e-6),
        "us" => (Contains::Time, 1e-3),
        "ms" => (Contains::Time, 1.0),
        "s" => (Contains::Time, 1e3),
        "min" => (Contains::Time, 60e3),
        "h" => (Contains::Time, 3_600e3),
        "By" => (Contains::Data, 1.0),
        "kBy" => (Contains::Data, 1e3),
        "MBy" => (Contains::Data, 1e6),
        "GBy" => (Contains::Data, 1e9),
        "KiBy" => (Contains::Data, 1_024.0),
        "MiBy" => (Contains::Data, 1_048_576.0),
        "GiBy" => (Contains::Data, 1_073_741_824.0),
        _ => (Contains::Default, 1.0),
    }
}

/// Names that share a prefix before k6's own, by which it is found. A prefix is taken off all names where it
/// makes two of k6's own metrics appear, or one where it is one of those that k6's documentation uses, and where
/// no name is one of k6's own as it stands: a metric of the script's that is called `shop_vus` makes no prefix.
#[derive(Debug, Default)]
pub(crate) struct Prefixes {
    unprefixed: bool,
    /// A prefix and the names that it makes appear.
    found: Vec<(String, Vec<String>)>,
}

/// Prefixes that are taken off for one name alone.
const USUAL: [&str; 2] = ["k6_", "k6."];

/// Names and prefixes that are looked at: k6 has some 40 metrics of its own, and one prefix.
const LOOKED_AT: usize = 64;

impl Prefixes {
    /// Takes note of a name.
    pub(crate) fn see(&mut self, name: &str) {
        if self.unprefixed {
            return;
        }
        // The shortest prefix: `k6_browser_data_sent` is `browser_data_sent` and not `data_sent`.
        let mut starts = name.char_indices().map(|(at, _)| at);
        let Some(at) = starts.find(|at| builtin(&name[*at..]).is_some()) else { return };
        let (prefix, own) = name.split_at(at);
        if prefix.is_empty() {
            self.unprefixed = true;
            return;
        }
        let at = self.found.iter().position(|(known, _)| known == prefix);
        let at = at.unwrap_or_else(|| {
            self.found.push((prefix.to_owned(), Vec::new()));
            self.found.len() - 1
        });
        let names = &mut self.found[at].1;
        if names.len() < LOOKED_AT && !names.iter().any(|known| known == own) {
            names.push(own.to_owned());
        }
        self.found.truncate(LOOKED_AT);
    }

    /// What is to be taken off, if anything.
    pub(crate) fn prefix(&self) -> &str {
        let likely = self.found.iter().max_by_key(|(_, names)| names.len());
        match likely {
            Some((prefix, names))
                if !self.unprefixed && (names.len() >= 2 || USUAL.contains(&prefix.as_str())) =>
            {
                prefix
            }
            _ => "",
        }
    }
}

/// Hashes what makes a series one of its own (FNV-1a with 64 bits, the same everywhere and at all times).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity(u64);

impl Identity {
    pub(crate) fn new() -> Self {
        Identity(0xcbf2_9ce4_8422_2325)
    }

    /// A part; parts cannot run into each other, as no UTF-8 has the byte between them.
    pub(crate) fn with(mut self, part: &str) -> Self {
        for byte in part.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self
    }

    /// Pairs, in whatever order they come.
    pub(crate) fn with_pairs<'a>(self, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut pairs: Vec<_> = pairs.collect();
        pairs.sort_unstable();
        pairs.into_iter().fold(self, |identity, (key, value)| identity.with(key).with(value)).with("")
    }

    /// Never 0, which says that there is none.
    pub(crate) fn number(self) -> u64 {
        self.0.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(names: &[&str]) -> String {
        let mut prefixes = Prefixes::default();
        names.iter().for_each(|name| prefixes.see(name));
        prefixes.prefix().to_owned()
    }

    #[test]
    fn a_prefix_is_found_by_what_it_makes_appear() {
        assert_eq!(prefix(&["load_vus", "load_http_reqs", "load_shop_orders"]), "load_");
        assert_eq!(prefix(&["k6_browser_data_sent", "k6_orders"]), "k6_");
        assert_eq!(prefix(&["vus", "shop_vus", "shop_checks", "shop_http_reqs"]), "");
        assert_eq!(prefix(&["shop_vus", "orders"]), "");
        assert_eq!(prefix(&["a_vus", "b_vus", "b_checks"]), "b_");
        assert_eq!(prefix(&["é_vus", "é_vus_max"]), "é_");
        assert_eq!(prefix(&[]), "");
    }

    #[test]
    fn a_metric_gets_a_name_that_it_can_have() {
        assert_eq!(metric_name("jvm.gc-pause"), Ok("jvm_gc_pause".to_owned()));
        assert_eq!(metric_name("2xx"), Ok("_2xx".to_owned()));
        assert_eq!(metric_name("time"), Ok("time_".to_owned()));
        assert_eq!(metric_name("größe"), Ok("gr__e".to_owned()));
        assert!(metric_name("").is_err() && metric_name(&"x".repeat(129)).is_err());
    }

    #[test]
    fn series_are_told_apart_and_known_again() {
        let pairs =
            |pairs: &[(&str, &str)]| Identity::new().with("x").with_pairs(pairs.iter().copied()).number();
        assert_eq!(pairs(&[("a", "1"), ("b", "2")]), pairs(&[("b", "2"), ("a", "1")]));
        assert_ne!(pairs(&[("a", "1"), ("b", "2")]), pairs(&[("a", "1b"), ("", "2")]));
        // Stored between versions: the number stays.
        assert_eq!(Identity::new().with("x").number(), 0x08f1c907b58eba68);
    }
}
