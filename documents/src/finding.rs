//! What an expert would notice in a run, `GET /runs/ID/findings`. What is looked for is described in
//! `docs/findings.md`.

use crate::words::words;
use serde::{Deserialize, Serialize};

/// The whole document.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// The run's id.
    pub run: String,
    /// Its test.
    pub test: String,
    /// What was found, in the order in which to read it; what is muted is not among it.
    pub findings: Vec<Finding>,
    /// What was found, but is muted for the test.
    pub muted: Vec<Finding>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// By which it is muted.
    pub kind: FindingKind,
    /// What was noticed, a sentence.
    pub title: String,
    /// The figures that it was read from, sentences.
    pub evidence: Vec<String>,
    /// The tab of the pages where it shows …
    pub view: View,
    /// … and the metrics whose charts to look at there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<String>,
    /// From when on it shows, Unix ms, where it has a beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<i64>,
}

words! {
    /// What is looked for.
    pub enum FindingKind {
        /// The run ended before its plan did.
        EndedEarly = "ended-early",
        /// Checks fail, and no threshold looks at them.
        ChecksFailUnseen = "checks-fail-unseen",
        /// More virtual users make no more requests.
        ThroughputStalls = "throughput-stalls",
        /// Response times rise with the load.
        LatencyRises = "latency-rises",
        /// The time outside of requests grows with the load.
        IterationsSlowDown = "iterations-slow-down",
        /// Requests wait for connections before they are sent.
        RequestsWait = "requests-wait",
        /// One request has most of the failures.
        MostFailures = "most-failures",
        /// Requests go to other sites.
        ThirdParties = "third-parties",
    }

    /// A tab of the pages.
    pub enum View {
        /// Tiles and main charts.
        Overview = "overview",
        /// Phases of requests, and iterations.
        Timings = "timings",
        /// The table of requests.
        Requests = "requests",
        /// Failures by cause.
        Errors = "errors",
        /// Checks and thresholds.
        Checks = "checks",
    }
}
