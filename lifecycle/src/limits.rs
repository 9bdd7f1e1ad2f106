//! How much one request may say. Beyond a limit it is refused with a sentence that names it.

/// Of a request's body, in bytes.
pub const BODY_BYTES: usize = 1024 * 1024;

/// Events of one request.
pub const EVENTS: usize = 1_000;

/// Objects and arrays within one another, that of the body counted. An `execution_context` in a string counts
/// from its own outermost one.
pub const DEPTH: usize = 16;

/// Of one text that is read, such as a name, a reason or an address; in bytes.
pub const TEXT_BYTES: usize = 4 * 1024;

/// Fields of one event that are carried along without being understood.
pub const ATTRIBUTES: usize = 100;

/// Of a context or of custom data that is carried along, written as JSON; in bytes.
pub const CARRIED_BYTES: usize = 16 * 1024;

/// Of a test's duration, in milliseconds: a year.
pub const DURATION_MS: i64 = 366 * 24 * 60 * 60 * 1000;
