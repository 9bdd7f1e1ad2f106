//! Runs: the list, their documents, and what people and pipelines do with one.

use super::rows;
use crate::background;
use crate::bindings::loadgate::dashboard::ingest::{self, Sent};
use crate::bindings::loadgate::dashboard::runs::{self, Wanted, Window};
use crate::bindings::loadgate::dashboard::types::Failure;
use crate::body;
use crate::call::Call;
use crate::reply::{self, Reply};
use http::StatusCode;
use loadgate::settings::parse_duration_ms;
use loadgate_documents::shorten;

/// Runs in a list whose length nobody asks for.
const LISTED: u32 = 50;

/// The largest change of a label and note, escapes included.
pub(crate) const LABEL_BYTES: usize = 8 * (loadgate::limits::LABEL_BYTES + loadgate::limits::NOTE_BYTES);

pub(crate) fn list(call: &Call) -> Reply {
    let text = |name: &str| call.param(name).map(str::to_owned);
    let wanted = limit(call, "runs").map(|limit| Wanted {
        test: text("test"),
        before: text("before"),
        limit,
        figures: call.flag("figures"),
        search: text("q"),
        label: text("label"),
        tags: call.query().iter().filter(|(name, _)| name == "tag").map(|(_, tag)| tag.clone()).collect(),
    });
    reply::document(wanted.and_then(|wanted| runs::list(&wanted)))
}

/// How many are wanted.
pub(super) fn limit(call: &Call, what: &str) -> Result<u32, Failure> {
    let limit = call.param("limit").map_or(Ok(LISTED), str::parse);
    limit.map_err(|_| Failure::Invalid(format!("limit is how many {what} are wanted, a whole number")))
}

pub(crate) async fn get(run: &str) -> Reply {
    reply::document(background::settle(run).await.and_then(|()| runs::get(run)))
}

pub(crate) async fn summary(call: &Call, run: &str) -> Reply {
    let document = async {
        let window = window(call)?;
        background::settle(run).await?;
        runs::summary(run, window)
    };
    reply::large_document(call, document.await)
}

/// The part of the run that is asked for: `from`, `to`, both, or `window=steady`; else all of it.
pub(super) fn window(call: &Call) -> Result<Window, Failure> {
    let invalid = |sentence: &str| Err(Failure::Invalid(sentence.to_owned()));
    let time = |name: &str| match call.param(name).map(|text| parse_duration_ms(text).ok_or(text)) {
        None => Ok(None),
        Some(Ok(ms)) => Ok(Some(ms)),
        Some(Err(text)) => Err(Failure::Invalid(format!(
            "{name}={} is no time since the run's begin, like {name}=90s or {name}=1m30s",
            shorten(text)
        ))),
    };
    match (call.param("window"), time("from")?, time("to")?) {
        (None, None, None) => Ok(Window::Whole),
        (Some("steady"), None, None) => Ok(Window::Steady),
        (None, from, to) if to.is_none_or(|to| to > from.unwrap_or(0)) => {
            Ok(Window::Between((from.unwrap_or(0), to)))
        }
        (None, ..) => invalid("the window ends before it begins"),
        (Some(_), ..) => invalid("window is `steady`; for another part of the run say from, to or both"),
    }
}

pub(crate) async fn findings(call: &Call, run: &str) -> Reply {
    let document = background::settle(run).await.and_then(|()| runs::findings(run));
    reply::large_document(call, document)
}

/// A run held against another one, or against the baseline where none is named.
pub(crate) async fn comparison(call: &Call, run: &str) -> Reply {
    let document = async {
        let window = window(call)?;
        let other = call.param("with").filter(|other| *other != "baseline");
        background::settle(run).await?;
        if let Some(other) = other {
            background::catch_up(other).await?;
        }
        runs::comparison(run, other, window)
    };
    reply::large_document(call, document.await)
}

pub(crate) async fn distribution(call: &Call, run: &str) -> Reply {
    let document = async {
        let table = rows::table(call.param("table").unwrap_or("metrics"))?;
        let key = call.param("key").map_or(Ok(Vec::new()), rows::key)?;
        let metric = call
            .param("metric")
            .ok_or_else(|| Failure::Invalid("say which metric, like metric=http_req_duration".to_owned()))?;
        let window = window(call)?;
        background::catch_up(run).await?;
        runs::distribution(run, table, &key, metric, window)
    };
    reply::document(document.await)
}

pub(crate) fn event_schema() -> Reply {
    reply::json(StatusCode::OK, runs::event_schema())
}

/// Ends a run, or a test's newest live one.
pub(crate) async fn finish(call: &Call, target: &str) -> Reply {
    // A pipeline finishes the run right after it has sent the last of it.
    let finished = background::catch_up(target).await.and_then(|()| ingest::finish_run(target, &sent(call)));
    match finished {
        Ok((run, logs)) => {
            logs.into_iter().for_each(background::fold);
            let document = serde_json::json!({ "run": run, "finished": true });
            reply::json(StatusCode::OK, document.to_string())
        }
        Err(error) => reply::failure(&error),
    }
}

/// What a finish says of samples that may still be on their way: `?settled=true` that there are none,
/// of the client that names itself, else of anybody.
fn sent(call: &Call) -> Sent {
    match (call.flag("settled"), call.sender().named) {
        (true, Some(name)) => Sent::AllBy(name.to_owned()),
        (true, None) => Sent::All,
        _ => Sent::Perhaps,
    }
}

pub(crate) async fn label(call: &Call, run: &str) -> Reply {
    match body::collect(call.body.clone(), LABEL_BYTES).await {
        Ok(document) => reply::document(runs::set_label(run, &document)),
        Err(error) => reply::failure(&error),
    }
}

pub(crate) async fn delete(run: &str) -> Reply {
    reply::no_content(background::catch_up(run).await.and_then(|()| runs::delete(run)))
}

/// What a run's end says of it.
pub(crate) async fn set_outcome(call: &Call, run: &str) -> Reply {
    let done = async {
        let document = body::collect(call.body.clone(), LABEL_BYTES).await?;
        // It may have been acknowledged a moment ago.
        background::catch_up(run).await?;
        runs::set_outcome(run, &document)
    };
    reply::no_content(done.await)
}
