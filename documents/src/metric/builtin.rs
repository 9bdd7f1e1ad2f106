//! The metrics that k6 has of its own, with their types and units
//! (k6's documentation, "Built-in metrics").

use super::{Contains, MetricKind, MetricType};

/// The kind of one of k6's own metrics; anything else is a custom metric.
pub fn builtin(name: &str) -> Option<MetricKind> {
    use Contains::{Data, Default, Time};
    use MetricType::{Counter, Gauge, Rate, Trend};

    let (metric_type, contains) = match name {
        "vus" | "vus_max" => (Gauge, Default),

        "iterations"
        | "dropped_iterations"
        | "http_reqs"
        | "ws_sessions"
        | "ws_msgs_sent"
        | "ws_msgs_received"
        | "grpc_streams"
        | "grpc_streams_msgs_sent"
        | "grpc_streams_msgs_received" => (Counter, Default),

        "data_sent" | "data_received" | "browser_data_sent" | "browser_data_received" => (Counter, Data),

        "checks" | "http_req_failed" | "browser_http_req_failed" => (Rate, Default),

        "iteration_duration"
        | "group_duration"
        | "http_req_duration"
        | "http_req_blocked"
        | "http_req_connecting"
        | "http_req_tls_handshaking"
        | "http_req_sending"
        | "http_req_waiting"
        | "http_req_receiving"
        | "ws_ping"
        | "ws_session_duration"
        | "ws_connecting"
        | "grpc_req_duration"
        | "browser_http_req_duration"
        | "browser_web_vital_fcp"
        | "browser_web_vital_fid"
        | "browser_web_vital_inp"
        | "browser_web_vital_lcp"
        | "browser_web_vital_ttfb" => (Trend, Time),

        // Layout shift is a score, not a time.
        "browser_web_vital_cls" => (Trend, Default),

        _ => return None,
    };
    Some(MetricKind { metric_type, contains })
}
