//! What statuses and k6's error codes mean, by the same rules and words as the pages'
//! `static/scripts/model/codes.js`: both read `codes.json`, and are held to `static/tests/code-vectors.json`.
//!
//! Codes: <https://grafana.com/docs/k6/latest/javascript-api/error-codes/>.

use serde::Deserialize;
use std::collections::HashMap;
use std::sync::LazyLock;

/// The kinds of errors of HTTP/2, to whose codes k6 adds the error's number and 1.
const HTTP2_KINDS: [u16; 3] = [1610, 1630, 1650];

#[derive(Default, Deserialize)]
struct Words {
    codes: HashMap<u16, String>,
    /// By number.
    http2: Vec<String>,
    /// Codes from and to, for those without words of their own.
    ranges: Vec<(u16, u16, String)>,
    statuses: HashMap<u16, String>,
    /// By the first digit of a status.
    classes: HashMap<u16, String>,
}

/// It can be read: a test does.
static WORDS: LazyLock<Words> =
    LazyLock::new(|| serde_json::from_str(include_str!("codes.json")).unwrap_or_default());

/// What went wrong: by the error code where there is one, or else by the status. Empty where nothing did.
pub(crate) fn meaning(status: &str, code: &str) -> String {
    if !is_error(status, code) {
        return String::new();
    }
    let status = if status == "0" { Some(0) } else { digits(status, 3) };
    digits(code, 4)
        .filter(|code| (1000..2000).contains(code))
        .and_then(say_code)
        .or_else(|| say_status(status?))
        .unwrap_or_default()
}

/// Whether a row of statuses stands for something that failed: by its status, or by an error code.
pub(crate) fn is_error(status: &str, code: &str) -> bool {
    !code.is_empty() || status == "0" || digits(status, 3).is_some_and(|status| status >= 400)
}

/// A number that is written in just so many digits.
fn digits(text: &str, count: usize) -> Option<u16> {
    let plain = text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

fn say_code(code: u16) -> Option<String> {
    if (1400..1600).contains(&code) {
        return say_status(code - 1000);
    }
    if let Some(words) = WORDS.codes.get(&code) {
        return Some(words.clone());
    }
    let http2 = HTTP2_KINDS.into_iter().find_map(|kind| {
        let detail = WORDS.http2.get(usize::from(code.checked_sub(kind + 1)?))?;
        Some(format!("{} ({detail})", WORDS.codes.get(&kind)?))
    });
    http2.or_else(|| {
        let range = WORDS.ranges.iter().find(|(from, to, _)| (*from..=*to).contains(&code));
        range.map(|(.., words)| words.clone())
    })
}

fn say_status(status: u16) -> Option<String> {
    WORDS.statuses.get(&status).or_else(|| WORDS.classes.get(&(status / 100))).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_mean_what_they_mean_on_the_pages() {
        let vectors: Vec<(String, String, String)> =
            serde_json::from_str(include_str!("../../static/tests/code-vectors.json")).unwrap();
        assert!(vectors.len() > 15);
        for (status, code, words) in vectors {
            assert_eq!(meaning(&status, &code), words, "{status} {code}");
        }
    }
}
