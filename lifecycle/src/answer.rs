//! What the sender of a request that was taken is told, as the real endpoint would.

use crate::Endpoint;
use http::StatusCode;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// A status, and JSON where the endpoint answers with some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// 201 of the events API v2, else 202.
    pub status: StatusCode,
    /// `application/json`.
    pub body: Option<String>,
}

/// `{"reportCount":1,"eventIngestResults":[{"correlationId":"…","status":"OK"}]}`
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    report_count: usize,
    event_ingest_results: [Ingested; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ingested {
    correlation_id: String,
    status: &'static str,
}

impl Answer {
    /// The correlation id is a hash of the request: who sends it again finds the same one.
    pub(crate) fn to(endpoint: Endpoint, body: &[u8]) -> Self {
        match endpoint {
            Endpoint::Sdlc | Endpoint::CloudEvents => Answer { status: StatusCode::ACCEPTED, body: None },
            Endpoint::EventsV2 => {
                let hash = Sha256::digest(body);
                let correlation_id = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
                let report = Report {
                    report_count: 1,
                    event_ingest_results: [Ingested { correlation_id, status: "OK" }],
                };
                Answer { status: StatusCode::CREATED, body: serde_json::to_string(&report).ok() }
            }
        }
    }
}
