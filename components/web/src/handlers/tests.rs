//! Tests: what is declared of them, their dashboards and baselines, and the beginnings of their runs.

use super::runs::{LABEL_BYTES, limit};
use crate::background;
use crate::bindings::loadgate::dashboard::ingest;
use crate::bindings::loadgate::dashboard::runs;
use crate::bindings::loadgate::dashboard::types::Failure;
use crate::body;
use crate::call::Call;
use crate::reply::{self, Reply};
use http::StatusCode;
use serde_json::json;

/// The largest declaration of options or metrics; the aggregator's limit is the same.
const OPTIONS_BYTES: usize = loadgate::limits::OPTIONS_BYTES;

/// The largest dashboard; likewise.
const DASHBOARD_BYTES: usize = loadgate_documents::dashboard::MAX_BYTES;

pub(crate) fn list(call: &Call) -> Reply {
    let after = match call.param("after").map(str::parse).transpose() {
        Ok(after) => after,
        Err(_) => {
            return reply::failure(&Failure::Invalid(
                "after is what the page before gave as next".to_owned(),
            ));
        }
    };
    let document = limit(call, "tests").and_then(|limit| runs::tests(call.param("q"), after, limit));
    reply::large_document(call, document)
}

pub(crate) fn new_run(call: &Call, test: &str) -> Reply {
    match ingest::new_run(test, call.param("run")) {
        Ok(logs) => {
            logs.into_iter().for_each(background::fold);
            reply::json(StatusCode::OK, json!({ "test": test }).to_string())
        }
        Err(error) => reply::failure(&error),
    }
}

pub(crate) fn hello(call: &Call, test: &str) -> Reply {
    reply::document(
        ingest::hello(Some(test), call.sender().name()).map(|()| json!({ "test": test }).to_string()),
    )
}

pub(crate) fn new_import(test: &str) -> Reply {
    let begun = ingest::new_import(Some(test));
    reply::document(begun.map(|run| json!({ "test": test, "run": run }).to_string()))
}

pub(crate) async fn set_baseline(call: &Call, test: &str) -> Reply {
    let document = body::collect(call.body.clone(), LABEL_BYTES).await;
    reply::no_content(document.and_then(|document| runs::set_baseline(test, Some(&document))))
}

pub(crate) fn remove_baseline(test: &str) -> Reply {
    reply::no_content(runs::set_baseline(test, None))
}

pub(crate) async fn mute_findings(call: &Call, test: &str) -> Reply {
    let document = body::collect(call.body.clone(), LABEL_BYTES).await;
    reply::no_content(document.and_then(|document| runs::set_muted(test, &document)))
}

pub(crate) async fn declare_options(call: &Call, test: &str) -> Reply {
    let options = body::collect(call.body.clone(), OPTIONS_BYTES).await;
    declared(options.and_then(|options| ingest::declare(test, &options)))
}

pub(crate) async fn declare_metrics(call: &Call, test: &str) -> Reply {
    let metrics = body::collect(call.body.clone(), OPTIONS_BYTES).await;
    declared(metrics.and_then(|metrics| ingest::declare_metrics(test, &metrics)))
}

pub(crate) fn dashboard(test: &str) -> Reply {
    reply::document(runs::dashboard(test))
}

pub(crate) fn dashboard_schema() -> Reply {
    reply::json(StatusCode::OK, runs::dashboard_schema())
}

pub(crate) async fn set_dashboard(call: &Call, test: &str) -> Reply {
    let document = body::collect(call.body.clone(), DASHBOARD_BYTES).await;
    declared(document.and_then(|document| ingest::set_dashboard(test, &document)))
}

pub(crate) fn remove_dashboard(test: &str) -> Reply {
    declared(ingest::remove_dashboard(test))
}

/// The logs that were told of a declaration are folded soon.
fn declared(told: Result<Vec<String>, Failure>) -> Reply {
    reply::no_content(told.map(|logs| logs.into_iter().for_each(background::fold)))
}
