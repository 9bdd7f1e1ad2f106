//! The requests of `tests/fixtures/lifecycle`, each with what its manifest says.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use loadgate_lifecycle::{Endpoint, Refusal, Request, Taken, read};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// When every request arrives.
pub const NOW: i64 = 1_795_219_200_000;

pub struct Fixture {
    pub file: String,
    pub told: Value,
    pub request: Owned,
}

#[derive(Clone)]
pub struct Owned {
    pub endpoint: Endpoint,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Owned {
    /// A POST of JSON.
    pub fn json(path: &str, body: &str) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        let endpoint = Endpoint::at(path).unwrap_or_else(|| panic!("{path}"));
        Owned { endpoint, query: Vec::new(), headers, body: body.as_bytes().to_vec() }
    }

    pub fn read(&self, now: i64) -> Result<Taken, Refusal> {
        let request =
            Request { endpoint: self.endpoint, query: &self.query, headers: &self.headers, body: &self.body };
        read(&request, now)
    }
}

pub fn fixtures() -> Vec<Fixture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/lifecycle");
    let file = |name: &str| -> Value {
        let text = fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    let manifest = file("manifest.json");
    assert_eq!(manifest["now"], NOW);
    let requests = manifest["requests"].as_array().expect("requests").iter();
    requests
        .map(|told| {
            let name = told["file"].as_str().expect("a name");
            let stored = file(name);
            assert_eq!(stored["method"], "POST", "{name}");
            let mut request = Owned::json(stored["target"].as_str().expect("a target"), "");
            request.headers.clear();
            for (name, value) in stored["headers"].as_object().expect("headers") {
                let name: HeaderName = name.parse().expect("a header's name");
                request.headers.insert(name, value.as_str().expect("a value").parse().expect("a value"));
            }
            request.body = match stored["body"].as_str() {
                Some(text) => text.as_bytes().to_vec(),
                None => STANDARD.decode(stored["body_base64"].as_str().expect("a body")).expect("base64"),
            };
            Fixture { file: name.to_owned(), told: told.clone(), request }
        })
        .collect()
}
