//! `/runs/ID/series`: metrics over time, in windows of the length that is asked for.

use super::rows;
use crate::background;
use crate::bindings::loadgate::dashboard::runs;
use crate::bindings::loadgate::dashboard::types::Failure;
use crate::call::Call;
use crate::reply::{self, Reply};
use loadgate::settings::parse_duration_ms;

pub(crate) async fn answer(call: &Call, run: &str) -> Reply {
    let document = async {
        let table = rows::table(call.param("table").unwrap_or("metrics"))?;
        let key = call.param("key").map_or(Ok(Vec::new()), rows::key)?;
        let metrics = call.param("metrics").map_or(Ok(Vec::new()), names)?;
        let step = call.param("step").and_then(parse_duration_ms);
        let step = step.ok_or_else(|| {
            Failure::Invalid("step is how long a window is, like step=10s or step=1m".to_owned())
        })?;
        background::catch_up(run).await?;
        runs::series(run, table, &key, &metrics, step)
    };
    reply::large_document(call, document.await)
}

/// Names of metrics: a JSON array of text.
fn names(text: &str) -> Result<Vec<String>, Failure> {
    serde_json::from_str(text).map_err(|error| {
        Failure::Invalid(format!("metrics is a JSON array of names, like [\"http_reqs\"]: {error}"))
    })
}
