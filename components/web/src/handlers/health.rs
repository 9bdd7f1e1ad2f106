//! `/healthz` and `/readyz`, where no host answers them itself. Nothing is told, so no token is asked for.

use crate::bindings::loadgate::dashboard::control;
use crate::reply::{self, Reply};
use http::StatusCode;
use loadgate_http::Route;

pub(crate) fn answer(route: Route) -> Reply {
    let ready = if route == Route::Ready { control::ready() } else { Ok(()) };
    match ready {
        Ok(()) => reply::json(StatusCode::OK, r#"{"status":"ok"}"#),
        Err(error) => reply::failure(&error),
    }
}
