//! What a figure means: which way it should go, how much of a difference matters, and whether it is judged at all.

use loadgate_documents::format::Unit;
use loadgate_documents::{Contains, Metric, MetricType, Operator, Summary, Threshold};

/// Durations are compared from this difference on, ms: less is what timers and schedulers of a load generator add,
/// and nobody notices it over a network.
const FLOOR_MS: f64 = 1.0;

/// … and from this share on. Blocks tell how much a run varies within itself; two runs on one machine also differ by
/// what is the same all through each of them (caches, placement, what else ran), by some per cent.
const FLOOR_SHARE: f64 = 0.05;

/// Shares (failed requests, checks) are compared from 0.2 percentage points on …
const FLOOR_POINTS: f64 = 0.002;

/// … and from a tenth of what failed, or did not.
const FLOOR_POINTS_SHARE: f64 = 0.1;

/// What decides of a run as a whole: a family of its own, so that what is said of it does not depend on how many
/// requests there are.
const DECIDING: [&str; 14] = [
    "http_req_duration",
    "http_req_failed",
    "http_reqs",
    "iterations",
    "checks",
    "dropped_iterations",
    "grpc_req_duration",
    "ws_connecting",
    "browser_web_vital_cls",
    "browser_web_vital_fcp",
    "browser_web_vital_inp",
    "browser_web_vital_lcp",
    "browser_web_vital_ttfb",
    "browser_http_req_failed",
];

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// More is.
    Up,
    /// Less is.
    Down,
    /// Nobody told.
    Unknown,
}

pub(crate) fn decides(metric: &str) -> bool {
    DECIDING.contains(&metric)
}

/// What k6's own metrics mean is known; of others, times are better short, and thresholds say which way their
/// metric should go.
pub(crate) fn direction(name: &str, metric: &Metric, summaries: [&Summary; 2]) -> Direction {
    let base = name.split('{').next().unwrap_or(name);
    match base {
        "http_reqs" | "iterations" | "checks" => return Direction::Up,
        "http_req_failed" | "dropped_iterations" | "browser_http_req_failed" => return Direction::Down,
        _ => {}
    }
    if metric.metric_type == MetricType::Trend
        && (metric.contains == Contains::Time || base.starts_with("browser_web_vital_"))
    {
        return Direction::Down;
    }
    let thresholds = summaries.iter().flat_map(|summary| &summary.thresholds);
    let own = thresholds.filter(|row| row.metric.split('{').next() == Some(base));
    let mut wanted = own.filter_map(|row| wanted(&row.expression));
    match wanted.next() {
        Some(first) if wanted.all(|next| next == first) => first,
        _ => Direction::Unknown,
    }
}

fn wanted(expression: &str) -> Option<Direction> {
    match Threshold::parse(expression).ok()?.operator {
        Operator::Greater | Operator::GreaterOrEqual => Some(Direction::Up),
        Operator::Less | Operator::LessOrEqual => Some(Direction::Down),
        _ => None,
    }
}

/// Whether a difference is large enough to matter.
pub(crate) fn matters(value: f64, other: f64, unit: Unit) -> bool {
    let difference = (value - other).abs();
    let share = |of: f64| if of == 0.0 { f64::INFINITY } else { difference / of.abs() };
    match unit {
        Unit::Time => difference >= FLOOR_MS && share(other) >= FLOOR_SHARE,
        Unit::Ratio => difference >= FLOOR_POINTS && share(other.min(1.0 - other)) >= FLOOR_POINTS_SHARE,
        _ => difference > 0.0 && share(other) >= FLOOR_SHARE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_large_in_itself_and_as_a_share_matters() {
        for (value, other, unit, does) in [
            (1.6, 0.7, Unit::Time, false),
            (106.0, 100.0, Unit::Time, true),
            (104.0, 100.0, Unit::Time, false),
            (0.001, 0.0, Unit::Ratio, false),
            (0.01, 0.0, Unit::Ratio, true),
            (0.205, 0.2, Unit::Ratio, false),
            (0.9, 1.0, Unit::Ratio, true),
            (94.0, 100.0, Unit::Rate, true),
            (0.0, 0.0, Unit::Rate, false),
        ] {
            assert_eq!(matters(value, other, unit), does, "{value} {other} {unit:?}");
        }
    }
}
