//! Webhooks of a test, and the log of what they were told.

use crate::bindings::loadgate::dashboard::types::Failure;
use crate::bindings::loadgate::dashboard::webhooks;
use crate::body;
use crate::call::Call;
use crate::reply::{self, Reply};
use crate::{background, deliver};
use http::StatusCode;

pub(crate) async fn set(call: &Call, test: &str) -> Reply {
    // One more byte than there may be: the refusal is the aggregator's.
    let document = body::collect(call.body.clone(), loadgate::limits::WEBHOOKS_BYTES + 1).await;
    reply::no_content(document.and_then(|document| webhooks::set(test, &document, &call.server())))
}

pub(crate) fn get(test: &str) -> Reply {
    reply::document(webhooks::get(test))
}

pub(crate) fn remove(test: &str) -> Reply {
    reply::no_content(webhooks::remove(test))
}

pub(crate) async fn deliveries(run: &str) -> Reply {
    reply::document(background::settle(run).await.and_then(|()| webhooks::deliveries(run)))
}

pub(crate) fn replay(run: &str, number: &str) -> Reply {
    let asked = number.parse().map_err(|_| {
        Failure::NotFound("a delivery is known by its number in /runs/ID/deliveries".to_owned())
    });
    match asked.and_then(|number| webhooks::replay(run, number)) {
        Ok(()) => reply::empty(StatusCode::ACCEPTED),
        Err(failure) => reply::failure(&failure),
    }
}

/// Whoever keeps the time asks for this; what is due goes out behind the answer.
pub(crate) fn deliver() -> Reply {
    deliver::now();
    reply::empty(StatusCode::ACCEPTED)
}
