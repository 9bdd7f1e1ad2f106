//! The application's variables: tokens and origins for this component, the rest for the aggregator.

use crate::bindings::loadgate::dashboard::control;
use std::cell::OnceCell;
use std::rc::Rc;

/// Variables that the aggregator understands; see `loadgate::settings`.
const AGGREGATOR: [&str; 11] = [
    "period",
    "grace",
    "idle",
    "hole_wait",
    "hole_retry",
    "dying_wait",
    "reaper_deadline",
    "trusted_age",
    "straggler",
    "deletion_delay",
    "retention",
];

/// What this component itself needs to know. Empty means not set.
#[derive(Default)]
pub struct Settings {
    /// Needed to send data; may read as well.
    pub write_token: String,
    /// Needed to read.
    pub read_token: String,
    /// Value of `Access-Control-Allow-Origin` for reads.
    pub cors_origin: String,
}

thread_local! {
    static SETTINGS: OnceCell<Rc<Settings>> = const { OnceCell::new() };
}

/// The settings, read at the first request of an instance. An error is a sentence for the operator.
pub async fn get() -> Result<Rc<Settings>, String> {
    if let Some(settings) = SETTINGS.with(|cell| cell.get().cloned()) {
        return Ok(settings);
    }
    let mut pairs = Vec::new();
    for name in AGGREGATOR {
        pairs.push((name.to_owned(), variable(name).await?));
    }
    control::configure(&pairs).map_err(|error| crate::reply::failure_parts(&error).1.to_owned())?;
    let settings = Rc::new(Settings {
        write_token: variable("write_token").await?,
        read_token: variable("read_token").await?,
        cors_origin: variable("cors_origin").await?,
    });
    Ok(SETTINGS.with(|cell| cell.get_or_init(|| settings).clone()))
}

async fn variable(name: &str) -> Result<String, String> {
    use spin_sdk::variables::{Error, get};
    match get(name).await {
        Ok(value) => Ok(value),
        Err(Error::Undefined(_)) => Ok(String::new()),
        Err(error) => Err(format!("the variable `{name}` cannot be read: {error}")),
    }
}
