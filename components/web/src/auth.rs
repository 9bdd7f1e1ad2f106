//! Tokens: who may write, who may read.
//!
//! A token is accepted as `Authorization: Bearer`, `Token` (InfluxDB 2) or `Api-Token` (Dynatrace),
//! as the password of Basic (InfluxDB 1), as the parameter `p` (InfluxDB 1) or `token`, and for the
//! browser as a cookie, which `/ui/?token=…` sets. The write token may read as well.

use crate::settings::Settings;
use http::HeaderMap;
use http::header::{AUTHORIZATION, COOKIE};
use subtle::ConstantTimeEq;

/// The cookie that carries a token for the browser.
pub const COOKIE_NAME: &str = "loadgate_token";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

/// Whether the request may do this. No token set: everybody may.
pub fn allowed(settings: &Settings, access: Access, headers: &HeaderMap, query: &[(String, String)]) -> bool {
    let wanted: Vec<&str> = match access {
        Access::Write => vec![&settings.write_token],
        Access::Read if settings.read_token.is_empty() => vec![""],
        Access::Read => vec![&settings.read_token, &settings.write_token],
    };
    if wanted[0].is_empty() {
        return true;
    }
    let given = tokens(headers, query);
    wanted
        .iter()
        .filter(|token| !token.is_empty())
        .any(|token| given.iter().any(|given| bool::from(given.as_bytes().ct_eq(token.as_bytes()))))
}

/// Every token that a request carries, wherever it may stand.
fn tokens(headers: &HeaderMap, query: &[(String, String)]) -> Vec<String> {
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
