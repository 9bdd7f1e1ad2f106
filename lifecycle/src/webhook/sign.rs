//! Signatures: `v1,` and the base64 of HMAC-SHA256 over `ID.TIMESTAMP.BODY`.
//!
//! By `hmac` and `sha2`, which signs bytes and needs no clock, instead of the crate `standardwebhooks` 1.0, which
//! takes text alone, asks the clock and brings second versions of what is here already. Tests verify with
//! the specification's own vector.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;
use thiserror::Error;

/// The header with the message's id: the same for each attempt, so that a receiver takes it once.
pub const HEADER_ID: &str = "webhook-id";
/// The header with the attempt's time, in Unix seconds.
pub const HEADER_TIMESTAMP: &str = "webhook-timestamp";
/// The header with one signature for each secret, separated by spaces.
pub const HEADER_SIGNATURE: &str = "webhook-signature";

const PREFIX: &str = "whsec_";

/// A key that sender and receiver share. Never displayed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// A text that is no secret. It does not repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a secret is `whsec_` and the base64 of 24 to 64 random bytes")]
pub struct SecretError;

impl Secret {
    /// Reads `whsec_` and base64 of 24 to 64 bytes, as the specification wants them.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let encoded = text.strip_prefix(PREFIX).ok_or(SecretError)?;
        let key = STANDARD.decode(encoded).map_err(|_| SecretError)?;
        if (24..=64).contains(&key.len()) { Ok(Secret(key)) } else { Err(SecretError) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").finish_non_exhaustive()
    }
}

/// The value of [`HEADER_SIGNATURE`] of a message sent at `timestamp`, in Unix seconds. With several secrets, while
/// one replaces another, a receiver may know any of them.
pub fn signature(secrets: &[Secret], id: &str, timestamp: i64, body: &[u8]) -> String {
    let signed = secrets.iter().map(|Secret(key)| {
        // HMAC takes keys of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!());
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    });
    signed.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    #[test]
    fn the_known_vector_comes_out() {
        let secret = Secret::parse(KNOWN).unwrap();
        let body = br#"{"email":"test@example.com","username":"test_user"}"#;
        let signed = signature(&[secret], "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1_649_367_553, body);
        assert_eq!(signed, "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
    }

    #[test]
    fn while_secrets_change_each_of_them_signs() {
        let secrets = [7, 8].map(|byte| Secret(vec![byte; 32]));
        let both = signature(&secrets, "a", 1, b"body");
        let each = secrets.map(|secret| signature(&[secret], "a", 1, b"body"));
        assert_eq!(both, each.join(" "));
        assert_ne!(each[0], each[1]);
        assert_eq!(signature(&[], "a", 1, b"body"), "");
    }

    #[test]
    fn what_is_no_secret_is_refused_and_none_is_shown() {
        assert_eq!(format!("{:?}", Secret::parse(KNOWN).unwrap()), "Secret { .. }");
        let short = format!("{PREFIX}{}", STANDARD.encode([1; 23]));
        let long = format!("{PREFIX}{}", STANDARD.encode([1; 65]));
        for text in ["", "whsec_", "whsec_!", "C2FVsBQIhrscChlQIMV+b5sSYspob7oD", &short, &long] {
            assert_eq!(Secret::parse(text), Err(SecretError), "{text}");
        }
    }
}
