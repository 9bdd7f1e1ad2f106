//! Every limit that protects the server, in one place, with the reason beside it.

/// A value in the store: DynamoDB takes 400 KB.
pub const VALUE_BYTES: usize = 350_000;

/// A line on any wire: k6's longest real lines are some 2 KB.
pub const LINE_BYTES: usize = 64 * 1024;

/// Tags on one sample; k6 has 15 system tags.
pub const TAGS: usize = 100;

/// Tags that all samples of a record have alike: people tell builds and places apart by a handful.
pub const RUN_WIDE_TAGS: usize = 32;

/// Of these, those that documents show of a run.
pub const SHOWN_TAGS: usize = 16;

/// Values that the generators of one run may give to one of them: more say nothing of the run.
pub const TAG_VALUES: usize = 8;

/// Text of their keys and values; longer ones are cut, with `…`.
pub const RUN_WIDE_TAG_BYTES: usize = 200;

/// JMeters' applications that are told apart in a run: it has one, or a few.
pub const APPLICATIONS: usize = 64;

/// What a JMeter's plan names as its application; longer ones are cut.
pub const APPLICATION_BYTES: usize = 200;

/// Tags of requests, besides those that every request has, that rows are kept by: each multiplies the rows.
pub const REQUEST_TAGS: usize = 2;

/// Nesting of JSON in a line; k6 uses 4.
pub const JSON_DEPTH: usize = 32;

/// Metrics of one batch and of one run.
pub const METRICS: usize = 1_000;

/// Runs that the lines of one request may name: each makes a record of its own.
pub const RUNS_PER_REQUEST: usize = 20;

/// Lines of one record, and their bytes: the answer to a batch waits until it is stored.
pub const RECORD_LINES: u64 = 5_000;
/// Likewise, in bytes.
pub const RECORD_LINE_BYTES: u64 = 1024 * 1024;

/// Submetrics that thresholds may name, per test.
pub const SUBMETRICS: usize = 300;

/// Rows of one breakdown, besides `(other)`: the keys with the most samples.
pub const BREAKDOWN_KEYS: usize = 300;

/// Text of one tag value that becomes part of a breakdown key; longer ones are cut, with `…`.
pub const KEY_BYTES: usize = 1024;

/// A test's or run's name as a client writes it; longer ones are mistakes, not names.
pub const NAME_BYTES: usize = 512;

/// What people write beside a run.
pub const LABEL_BYTES: usize = 200;
/// Likewise, the longer text.
pub const NOTE_BYTES: usize = 10_000;

/// A document of webhooks.
pub const WEBHOOKS_BYTES: usize = 64 * 1024;

/// What one sends as `Authorization`: a token with its claims, at the most.
pub const AUTHORIZATION_BYTES: usize = 4_096;

/// The address of one.
pub const URL_BYTES: usize = 2_000;

/// Line errors that a receipt names.
pub const RECEIPT_ERRORS: usize = 100;

/// A k6 options document.
pub const OPTIONS_BYTES: usize = 1024 * 1024;

/// A compressed body may expand this much …
pub const EXPANSION_RATIO: u64 = 1_000;
/// … once it has expanded to so many bytes.
pub const EXPANSION_FREE_BYTES: u64 = 16 * 1024 * 1024;

/// A sample further ahead of the run's newest is misdated: live traffic, in seconds.
pub const AHEAD_LIVE_S: i64 = 600;
/// The same for imports.
pub const AHEAD_IMPORT_S: i64 = 24 * 3600;

/// Series of a run that come as sums since their start, each with its last sum in the fold's state.
pub const SUMMED_SERIES: usize = 20_000;

/// Series of one run, breakdowns included: some 200 bytes each besides their distributions, and
/// every metric can come in every group. Beyond, breakdowns go to their `(other)` rows.
pub const SERIES: usize = 10_000;
