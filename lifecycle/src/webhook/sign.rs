//! Signatures: `v1,` and the base64 of HMAC-SHA256 over `ID.TIMESTAMP.BODY`.
//!
//! By `sha2`, which signs bytes and needs no clock, instead of the crate `standardwebhooks` 1.0, which
//! takes text alone, asks the clock and brings second versions of what is here already. The few lines of HMAC
//! (RFC 2104) stand here: the crate `hmac` turns on a feature of `digest`, for which whoever builds the host would build
//! wasmtime again. Tests verify with the specification's own vector, and RFC 4231's.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
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
    ///
    /// # Errors
    ///
    /// Where it is anything else.
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
    let head = format!("{id}.{timestamp}.");
    let signed = secrets.iter().map(|Secret(key)| {
        let mac = hmac_sha256(key, &[head.as_bytes(), body]);
        format!("v1,{}", STANDARD.encode(mac))
    });
    signed.collect::<Vec<_>>().join(" ")
}

/// Bytes that SHA-256 takes at once.
const BLOCK: usize = 64;

/// HMAC-SHA256 (RFC 2104) over these parts, one after the other.
fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let mut inner = Sha256::new();
    inner.update(block.map(|byte| byte ^ 0x36));
    parts.iter().for_each(|part| inner.update(part));
    let mut outer = Sha256::new();
    outer.update(block.map(|byte| byte ^ 0x5c));
    outer.update(inner.finalize());
    outer.finalize().into()
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
    fn hmac_is_that_of_rfc_4231() {
        for (key, data, mac) in [
            (
                &[0x0b; 20][..],
                &b"Hi There"[..],
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            let (first, rest) = data.split_at(3);
            let found: String = hmac_sha256(key, &[first, rest]).iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(found, mac);
        }
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
