//! Whether the load generator is what is slow.

use crate::course::{Window, median};
use crate::text;
use loadgate_documents::{Aggregate, Finding, FindingKind, Summary, View};

/// Waiting for a connection is told from this share of the response time on …
const WAIT_SHARE: f64 = 0.2;
/// … and from so many ms.
const WAIT_MS: f64 = 5.0;
/// A few first connections always wait.
const LEAST_REQUESTS: f64 = 50.0;

/// Requests that wait, before they are sent, for a connection of the generator's. k6's `http_req_blocked` is
/// from the wish for a connection to having it, the making of it included.
pub(crate) fn requests_wait(summary: &Summary) -> Option<Finding> {
    let of = |name: &str, aggregate| summary.metrics.get(name)?.values.of(aggregate);
    let (blocked, duration) =
        (of("http_req_blocked", Aggregate::Avg)?, of("http_req_duration", Aggregate::Avg)?);
    let count = of("http_req_blocked", Aggregate::Count)?;
    if count < LEAST_REQUESTS || blocked < WAIT_MS || blocked < WAIT_SHARE * duration {
        return None;
    }
    let mut evidence = vec![format!(
        "A request waited {} on average for its connection, and took {} then.",
        text::time(blocked),
        text::time(duration)
    )];
    let parts: Vec<String> = [("http_req_connecting", "TCP"), ("http_req_tls_handshaking", "TLS")]
        .into_iter()
        .filter_map(|(metric, word)| Some((of(metric, Aggregate::Avg).filter(|ms| *ms > 0.0)?, word)))
        .map(|(ms, word)| format!("{} to {word}", text::time(ms)))
        .collect();
    if !parts.is_empty() {
        evidence.push(format!("Of that {} handshakes.", parts.join(" and ")));
    }
    evidence.push(
        "Connections that are not kept alive, or too few of them, limit the load before the server does."
            .to_owned(),
    );
    Some(Finding {
        kind: FindingKind::RequestsWait,
        title: "Requests wait for connections.".to_owned(),
        evidence,
        view: View::Timings,
        metrics: vec!["http_req_blocked".to_owned(), "http_req_connecting".to_owned()],
        at: None,
    })
}

/// Windows of low and of high load are a third each.
const THIRDS: usize = 3;
const LEAST_WINDOWS: usize = 9;
/// The generator's own share of an iteration has grown by so much, as a factor and in ms.
const GROWN: f64 = 1.5;
const GROWN_MS: f64 = 50.0;
/// Virtual users between low and high load, or there is nothing to compare.
const MORE_USERS: f64 = 1.5;

/// Iterations whose time outside of requests grows with the load: a script sleeps as long as ever, so it is
/// the generator that falls behind.
pub(crate) fn iterations_slow_down(course: &[Window]) -> Option<Finding> {
    let mut of: Vec<(f64, f64, i64)> = course
        .iter()
        .filter(|window| window.iterations > 0.0)
        .filter_map(|window| {
            // Requests at the same time add up to more than the iteration: nothing can be said then.
            let own = (window.iteration_ms - window.request_ms) / window.iterations;
            Some((window.vus.filter(|vus| *vus > 0.0)?, own, window.start_ms)).filter(|_| own > 0.0)
        })
        .collect();
    if of.len() < LEAST_WINDOWS {
        return None;
    }
    of.sort_by(|a, b| a.0.total_cmp(&b.0));
    let third = of.len() / THIRDS;
    let (low, high) = (&of[..third], &of[of.len() - third..]);
    let middle =
        |of: &[(f64, f64, i64)]| Some((median(of.iter().map(|w| w.0))?, median(of.iter().map(|w| w.1))?));
    let ((users_low, own_low), (users_high, own_high)) = (middle(low)?, middle(high)?);
    if users_high < users_low * MORE_USERS || own_high < own_low * GROWN || own_high - own_low < GROWN_MS {
        return None;
    }
    Some(Finding {
        kind: FindingKind::IterationsSlowDown,
        title: "Iterations take longer outside of their requests as the load grows.".to_owned(),
        evidence: vec![
            format!(
                "At {} VUs an iteration spent {} without a request, at {} VUs {}.",
                text::count(users_low),
                text::time(own_low),
                text::count(users_high),
                text::time(own_high)
            ),
            "The load generator may be the bottleneck: look at its processor and memory.".to_owned(),
        ],
        view: View::Timings,
        metrics: vec!["iteration_duration".to_owned(), "vus".to_owned()],
        at: high.iter().map(|w| w.2).min(),
    })
}
