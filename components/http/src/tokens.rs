//! Tokens: who may write, who may read.
//!
//! A token is accepted as `Authorization: Bearer`, `Token` (InfluxDB 2) or `Api-Token` (Dynatrace),
//! as the password of Basic (InfluxDB 1), as the parameter `p` (InfluxDB 1) or `token`, and for the
//! browser as a cookie, which `/ui/?token=…` sets. The write token may read as well.

use crate::Access;
use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};
use subtle::ConstantTimeEq;

/// The cookie that carries a token for the browser.
const COOKIE_NAME: &str = "loadgate_token";

/// The header `Set-Cookie` that keeps a token for a year, from scripts and from what other sites load or send; a
/// link from a chat opens with it, and changes nothing. `tls`: it must never travel in the clear.
pub fn cookie(token: &str, tls: bool) -> String {
    let value = percent_encoding::utf8_percent_encode(token, percent_encoding::NON_ALPHANUMERIC);
    let secure = if tls { "; Secure" } else { "" };
    format!("{COOKIE_NAME}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000{secure}")
}

/// The tokens that are asked for. Empty: everybody may.
#[derive(Clone, Default)]
pub struct Tokens {
    /// Needed to send data; may read as well.
    pub write: String,
    /// Needed to read.
    pub read: String,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl Tokens {
    /// Whether nobody may write without a token.
    pub fn guard_writing(&self) -> bool {
        !self.write.is_empty()
    }

    /// Whether any token is asked for.
    pub fn any(&self) -> bool {
        !self.write.is_empty() || !self.read.is_empty()
    }

    /// Whether this is one of the tokens.
    pub fn know(&self, token: &str) -> bool {
        [&self.write, &self.read].into_iter().any(|known| !known.is_empty() && same(known, token))
    }

    /// Whether the request may do this.
    pub(crate) fn allow(&self, access: Access, headers: &HeaderMap, query: &[(String, String)]) -> bool {
        match access {
            Access::Nothing => true,
            Access::Write if self.write.is_empty() => true,
            Access::Read if self.read.is_empty() => true,
            Access::Write => given(headers, query).iter().any(|token| same(&self.write, token)),
            Access::Read => given(headers, query).iter().any(|token| self.know(token)),
        }
    }
}

/// Takes the same time whatever the difference.
fn same(known: &str, token: &str) -> bool {
    bool::from(known.as_bytes().ct_eq(token.as_bytes()))
}

/// Every token that a request carries, wherever it may stand.
fn given(headers: &HeaderMap, query: &[(String, String)]) -> Vec<String> {
    let mut found: Vec<String> = query
        .iter()
        .filter(|(name, _)| name == "p" || name == "token")
        .map(|(_, value)| value.clone())
        .collect();
    for value in headers.get_all(AUTHORIZATION) {
        let Some((scheme, rest)) = value.to_str().ok().and_then(|text| text.trim().split_once(' ')) else {
            continue;
        };
        let rest = rest.trim();
        if ["bearer", "token", "api-token"].contains(&scheme.to_ascii_lowercase().as_str()) {
            found.push(rest.to_owned());
        } else if scheme.eq_ignore_ascii_case("basic") {
            let decoded = decode_base64(rest).and_then(|bytes| String::from_utf8(bytes).ok());
            found.extend(
                decoded
                    .as_deref()
                    .and_then(|text| text.split_once(':'))
                    .map(|(_, password)| password.to_owned()),
            );
        }
    }
    for value in headers.get_all(COOKIE) {
        let Ok(text) = value.to_str() else { continue };
        for pair in text.split(';') {
            if let Some((COOKIE_NAME, value)) = pair.trim().split_once('=') {
                found.push(percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned());
            }
        }
    }
    found
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
    STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_token_is_never_known_and_tokens_are_not_shown() {
        let tokens = Tokens { write: "s3cret".to_owned(), read: String::new() };
        assert!(tokens.know("s3cret") && !tokens.know("") && !tokens.know("s3cre"));
        assert!(!Tokens::default().know(""));
        assert!(!format!("{tokens:?}").contains("s3cret"));
    }
}
