//! One request of those that failed alike, by which people know what happened.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Text of an example; k6's own messages have some hundred bytes. Longer text is cut, with `…`.
const BYTES: usize = 300;

/// What one request that failed says beside its status and error code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// k6's message, the tag `error`; empty where there is none.
    pub error: String,
    /// The URL that was asked for, likewise.
    pub url: String,
}

impl Example {
    /// Of what came, which names no one's password.
    pub fn new(error: &str, url: &str) -> Self {
        Example { error: cut(&without_credentials(error)), url: cut(&without_credentials(url)) }
    }
}

fn cut(text: &str) -> String {
    if text.len() <= BYTES {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(BYTES - '…'.len_utf8())])
}

/// Text without the `user:password@` of the URLs in it (RFC 3986, section 3.2.1).
fn without_credentials(text: &str) -> Cow<'_, str> {
    let mut kept = Cow::Borrowed(text);
    let mut from = 0;
    while let Some(at) = kept[from..].find("://") {
        from += at + "://".len();
        let ends = |c: char| matches!(c, '/' | '?' | '#' | '"' | '\'' | '<' | '>') || c.is_whitespace();
        let authority = kept[from..].find(ends).map_or(kept.len(), |end| from + end);
        if let Some(user) = kept[from..authority].rfind('@') {
            kept.to_mut().replace_range(from..=from + user, "");
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_left_out_and_all_else_stays() {
        for (text, kept) in [
            ("https://ann:s3cret@shop.io/pay?to=a@b", "https://shop.io/pay?to=a@b"),
            ("https://ann@shop.io", "https://shop.io"),
            ("https://a:p@ss@shop.io/x", "https://shop.io/x"),
            (
                r#"Get "http://a:b@x.io/": EOF, then http://c:d@y.io"#,
                r#"Get "http://x.io/": EOF, then http://y.io"#,
            ),
            ("https://shop.io/users/ann@shop.io", "https://shop.io/users/ann@shop.io"),
            (
                "dial tcp 127.0.0.1:1: connect: connection refused",
                "dial tcp 127.0.0.1:1: connect: connection refused",
            ),
            ("://@", "://"),
            ("été ://ü:ö@é/@", "été ://é/@"),
            ("", ""),
        ] {
            assert_eq!(without_credentials(text), kept);
        }
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let cut = Example::new(&"é".repeat(1_000), "/").error;
        assert!(cut.len() <= BYTES && cut.ends_with("é…"), "{cut}");
        assert_eq!(Example::new(&"x".repeat(BYTES), "").error.len(), BYTES);
    }
}
