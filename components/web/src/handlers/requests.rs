//! `/runs/ID/requests`: requests by what tells them apart, grouped and filtered.

use super::runs::window;
use crate::background;
use crate::bindings::loadgate::dashboard::runs;
use crate::call::Call;
use crate::reply::{self, Reply};

pub(crate) async fn answer(call: &Call, run: &str) -> Reply {
    let document = async {
        let window = window(call)?;
        background::settle(run).await?;
        runs::requests(run, call.param("by").unwrap_or("method,name"), call.query(), window)
    };
    reply::large_document(call, document.await)
}
