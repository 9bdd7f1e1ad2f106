//! Names of requests without what tells one object from another: `https://x/users/123/orders` is
//! `https://x/users/{id}/orders`. Used once a test has more names than there are rows.

use crate::record::{Dimension, SeriesKey};
use serde::{Deserialize, Serialize};

const ID: &str = "{id}";
const VALUE: &str = "{value}";
/// Where the name stands in the keys of requests, statuses and facets.
const NAME: usize = 1;
/// Hexadecimal text shorter than this may be a word or a version.
const HASH_CHARS: usize = 8;
/// A hash of as many letters alone is one still.
const LONG_HASH_CHARS: usize = 32;

/// The key with its name shortened; `None` where that changes nothing.
pub(super) fn shortened(series: &SeriesKey) -> Option<SeriesKey> {
    let key = shortened_key(series.dimension, &series.key)?;
    Some(SeriesKey { dimension: series.dimension, key, metric: series.metric.clone() })
}

pub(crate) fn shortened_key(dimension: Dimension, key: &[String]) -> Option<Vec<String>> {
    let name = match dimension {
        Dimension::Request | Dimension::Status | Dimension::Facets => key.get(NAME)?,
        _ => return None,
    };
    let short = shorten(name);
    (short != *name).then(|| {
        let mut key = key.to_vec();
        key[NAME] = short;
        key
    })
}

/// Parts of the path that are numbers, UUIDs or hashes become `{id}`, values of a query `{value}`. Host and
/// port stay, and so does what has no path.
fn shorten(name: &str) -> String {
    let path_at = match name.find("://") {
        Some(at) => name[at + 3..].find(['/', '?', '#']).map_or(name.len(), |path| at + 3 + path),
        None => 0,
    };
    let (host, rest) = name.split_at(path_at);
    let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
    if host.is_empty() && !path.contains('/') {
        // `page 2` or `A?` is somebody's own name.
        return name.to_owned();
    }
    let parts: Vec<String> = path.split('/').map(part).collect();
    let mut short = format!("{host}{}", parts.join("/"));
    if let Some(query) = query {
        let pairs: Vec<String> = query
            .split('&')
            .map(|pair| match pair.split_once('=') {
                Some((key, value)) if !value.is_empty() => format!("{key}={VALUE}"),
                _ => pair.to_owned(),
            })
            .collect();
        short.push('?');
        short.push_str(&pairs.join("&"));
    }
    short
}

/// A part of a path; a file's ending stays.
fn part(part: &str) -> String {
    if is_id(part) {
        return ID.to_owned();
    }
    match part.rsplit_once('.') {
        Some((stem, ending)) if is_id(stem) && ending.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            format!("{ID}.{ending}")
        }
        _ => part.to_owned(),
    }
}

fn is_id(part: &str) -> bool {
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let number = !part.is_empty() && digits == part.len();
    let hash = hex(part) && (part.len() >= LONG_HASH_CHARS || part.len() >= HASH_CHARS && digits > 0);
    number
        || hash
        || part.len() == 36 && part.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && part.split('-').all(hex)
}

/// About how many different names there were: HyperLogLog (Flajolet and others, 2007), off by some 6 %,
/// nearly exact for the first dozens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Names(Vec<u8>);

/// 2 to the power of 8.
const REGISTERS: usize = 256;
const REGISTER_BITS: u32 = 8;

impl Names {
    /// Notes a name by a hash of 64 good bits.
    pub(super) fn note(&mut self, hash: u64) {
        self.0.resize(REGISTERS, 0);
        let register = &mut self.0[hash as usize % REGISTERS];
        let zeros = (hash >> REGISTER_BITS).leading_zeros() - REGISTER_BITS;
        *register = (*register).max(zeros as u8 + 1);
    }

    /// `None`: no name was noted.
    pub(super) fn count(&self) -> Option<u64> {
        if self.0.is_empty() {
            return None;
        }
        let registers = REGISTERS as f64;
        let sum: f64 = self.0.iter().map(|&register| (-f64::from(register)).exp2()).sum();
        let estimate = 0.7213 / (1.0 + 1.079 / registers) * registers * registers / sum;
        let empty = self.0.iter().filter(|&&register| register == 0).count();
        let small = estimate <= 2.5 * registers && empty > 0;
        Some(if small { registers * (registers / empty as f64).ln() } else { estimate }.round() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_objects_apart_goes_and_everything_else_stays() {
        for (name, short) in [
            ("https://x.io/users/123/orders", "https://x.io/users/{id}/orders"),
            ("https://x.io:8080/users/123", "https://x.io:8080/users/{id}"),
            ("http://10.0.0.1/7", "http://10.0.0.1/{id}"),
            ("/a/6f9619ff-8b86-d011-b42d-00c04fc964ff/b", "/a/{id}/b"),
            ("/a/507f1f77bcf86cd799439011", "/a/{id}"),
            ("/a/deadbeefdeadbeefdeadbeefdeadbeef", "/a/{id}"),
            ("/pictures/0042.jpg", "/pictures/{id}.jpg"),
            ("/find?q=shoes&page=2&x=&y", "/find?q={value}&page={value}&x=&y"),
            ("https://x.io?q=1", "https://x.io?q={value}"),
            ("GET /users/5", "GET /users/{id}"),
        ] {
            assert_eq!(shorten(name), short);
            assert_eq!(shorten(short), short, "a shortened name stays");
        }
        for name in [
            "checkout",
            "page 2",
            "12345",
            "really?",
            "",
            "/",
            "/api/v2/users",
            "/effaced",
            "/deadbeef",
            "/api/1.2/x",
            "/2fast",
            "/ab12",
            "https://1234.io/x",
            "https://x.io/users/${}/orders",
            "/été/日本",
        ] {
            assert_eq!(shorten(name), name);
        }
    }

    #[test]
    fn names_are_counted_about_right() {
        for many in [1_u64, 10, 100, 1_000, 100_000] {
            let mut names = Names::default();
            for _ in 0..2 {
                for name in 0..many {
                    names.note(crate::fold::heavy::hash(&[format!("/users/{name}")]));
                }
            }
            let count = names.count().unwrap();
            assert!(count.abs_diff(many) as f64 <= 0.2 * many as f64, "{count} for {many}");
        }
        assert_eq!(Names::default().count(), None);
    }
}
