//! Keeps the time for the components, which run only while somebody asks them: what of webhooks is due again goes
//! out though nobody does.

use super::Front;
use http::Method;
use std::sync::Arc;
use std::time::Duration;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(5);

/// Asks for as long as the server runs.
pub(super) fn spawn(front: Arc<Front>) {
    tokio::spawn(async move {
        let mut phase = front.phase.clone();
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                _ = phase.changed() => return,
            }
            // What is wrong the component says itself.
            let _ = front.ask(Method::POST, "/deliveries").await;
        }
    });
}
