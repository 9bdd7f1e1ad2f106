//! Webhooks by [Standard Webhooks 1.0](https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md):
//! how a message is signed, where it may go, and what becomes of it after each answer. Sending is the caller's.

mod destination;
mod retry;
mod sign;

pub use self::destination::{Destination, Forbidden, Reach};
pub use self::retry::{Answered, DELAYS_S, Next, TIMEOUT_S, next};
pub use self::sign::{HEADER_ID, HEADER_SIGNATURE, HEADER_TIMESTAMP, Secret, SecretError, signature};
