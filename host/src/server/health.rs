//! `/healthz` and `/readyz`, answered without the components, however busy they are.

use super::problem;
use crate::journal;
use crate::key_value::{Store, StoreError};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use wasmtime_wasi_http::WasiBody;

/// A store that needs longer is not ready.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whoever asks within this after the last answer hears the same: probes must not load a store.
const LASTS: Duration = Duration::from_millis(500);

/// The label that the components open, and a key of no log.
const LABEL: &str = "default";
const KEY: &str = "health";

pub(super) struct Health {
    store: Arc<dyn Store>,
    patience: Duration,
    last: Mutex<Option<(Instant, Result<(), String>)>>,
}

impl Health {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Health { store, patience: PATIENCE, last: Mutex::new(None) }
    }

    /// The answer to a question about the server's health; `None` to any other.
    pub(super) async fn answer<B>(&self, request: &Request<B>) -> Option<Response<WasiBody>> {
        let path = request.uri().path();
        if !matches!(path, "/healthz" | "/readyz") {
            return None;
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Some(problem(StatusCode::METHOD_NOT_ALLOWED, "this path takes GET, HEAD"));
        }
        let ready = if path == "/readyz" { self.ready().await } else { Ok(()) };
        Some(match ready {
            Ok(()) => ok(),
            Err(sentence) => problem(StatusCode::SERVICE_UNAVAILABLE, &sentence),
        })
    }

    /// Whether the store takes a value and gives it back. Those who ask together share one look.
    async fn ready(&self) -> Result<(), String> {
        let mut last = self.last.lock().await;
        if let Some((at, result)) = &*last
            && at.elapsed() < LASTS
        {
            return result.clone();
        }
        // A task of its own: a store may block the thread that asks it.
        let looked = tokio::time::timeout(self.patience, tokio::spawn(probe(self.store.clone()))).await;
        let result = match looked {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => Err(error.to_string()),
            Ok(Err(_)) => Err("the store failed".to_owned()),
            Err(_) => Err(format!("the store did not answer within {} s", self.patience.as_secs())),
        };
        if let Err(sentence) = &result {
            journal::error(&format!("not ready: {sentence}"));
        }
        *last = Some((Instant::now(), result.clone()));
        result
    }
}

/// Writes to the store and reads what is there.
pub(super) async fn probe(store: Arc<dyn Store>) -> Result<(), StoreError> {
    store.set(LABEL, KEY, b"1").await?;
    store.flush().await?;
    match store.get(LABEL, KEY).await? {
        Some(_) => Ok(()),
        None => Err(StoreError("the store did not keep what it took".to_owned())),
    }
}

fn ok() -> Response<WasiBody> {
    let body = Full::new(Bytes::from_static(br#"{"status":"ok"}"#));
    let mut response = Response::new(body.map_err(|never| match never {}).boxed_unsync());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key_value::Memory;
    use wasmtime_wasi::async_trait;

    async fn status(store: impl Store + 'static, target: &str) -> Option<u16> {
        let request = Request::get(target).body(()).unwrap();
        let health = Health { patience: Duration::from_millis(20), ..Health::new(Arc::new(store)) };
        health.answer(&request).await.map(|answer| answer.status().as_u16())
    }

    /// A store that fails, or never answers.
    struct Broken {
        silent: bool,
    }

    impl Broken {
        async fn fail<T>(&self) -> Result<T, StoreError> {
            if self.silent {
                std::future::pending::<()>().await;
            }
            Err(StoreError("the disk is full".to_owned()))
        }
    }

    #[async_trait]
    impl Store for Broken {
        async fn get(&self, _: &str, _: &str) -> Result<Option<Vec<u8>>, StoreError> {
            self.fail().await
        }
        async fn get_many(&self, _: &str, _: &[String]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
            self.fail().await
        }
        async fn set(&self, _: &str, _: &str, _: &[u8]) -> Result<(), StoreError> {
            self.fail().await
        }
        async fn set_many(&self, _: &str, _: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
            self.fail().await
        }
        async fn delete_many(&self, _: &str, _: &[String]) -> Result<(), StoreError> {
            self.fail().await
        }
        async fn increment(&self, _: &str, _: &str, _: i64) -> Result<i64, StoreError> {
            self.fail().await
        }
    }

    #[tokio::test]
    async fn a_server_is_healthy_whatever_its_store_does_and_ready_only_when_that_works() {
        assert_eq!(status(Memory::default(), "/healthz").await, Some(200));
        assert_eq!(status(Memory::default(), "/readyz").await, Some(200));
        for silent in [false, true] {
            assert_eq!(status(Broken { silent }, "/healthz").await, Some(200));
            assert_eq!(status(Broken { silent }, "/readyz").await, Some(503), "silent: {silent}");
        }
        assert_eq!(status(Memory::default(), "/health").await, None);
    }
}
