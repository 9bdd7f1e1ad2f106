//! What the load does to the system under test: its throughput and its response times.

use crate::course::{Window, median, rank_correlation};
use crate::text;
use loadgate_documents::{Finding, FindingKind, Summary, View, clock};

/// Fewer windows than this show no trend.
const LEAST_WINDOWS: usize = 8;
/// Windows of a kind that are compared with others: one alone may be an accident.
const LEAST_OF_A_KIND: usize = 3;

/// Windows at so much of the most virtual users are those of high load …
const HIGH: f64 = 0.8;
/// … and those within this share of it are of half the load.
const HALF: std::ops::RangeInclusive<f64> = 0.3..=0.6;
/// Of the growth of virtual users at least this share should be seen in the throughput: what falls below has
/// met a limit, of whatever.
const FOLLOWS: f64 = 0.3;

/// More virtual users, but no more requests: something is at its limit. Where arrivals are scheduled, virtual
/// users follow the response times, and say nothing of this.
pub(crate) fn throughput_stalls(summary: &Summary, course: &[Window]) -> Option<Finding> {
    if !summary.health.wanted.is_empty() {
        return None;
    }
    let most = course.iter().filter_map(|window| window.vus).fold(0.0, f64::max);
    let within = |low: f64, high: f64| {
        let of: Vec<&Window> = course
            .iter()
            .filter(|window| window.vus.is_some_and(|vus| vus >= low * most && vus <= high * most))
            .collect();
        (of.len() >= LEAST_OF_A_KIND).then_some(of)
    };
    let (half, high) = (within(*HALF.start(), *HALF.end())?, within(HIGH, 1.0)?);
    let rate = |of: &[&Window]| median(of.iter().map(|window| window.request_rate()));
    let users = |of: &[&Window]| median(of.iter().filter_map(|window| window.vus));
    let (rate_half, rate_high) = (rate(&half)?, rate(&high)?);
    let (users_half, users_high) = (users(&half)?, users(&high)?);
    if rate_half <= 0.0 || users_half <= 0.0 {
        return None;
    }
    let growth = users_high / users_half - 1.0;
    if rate_high / rate_half - 1.0 >= FOLLOWS * growth {
        return None;
    }
    Some(Finding {
        kind: FindingKind::ThroughputStalls,
        title: "Throughput does not follow the virtual users.".to_owned(),
        evidence: vec![format!(
            "{} VUs made {}, {} VUs {}.",
            text::count(users_half),
            text::rate(rate_half),
            text::count(users_high),
            text::rate(rate_high)
        )],
        view: View::Overview,
        metrics: vec!["http_reqs".to_owned(), "vus".to_owned()],
        at: high.first().map(|window| window.start_ms),
    })
}

/// How well response times must go with the load to say that they rise with it.
const TOGETHER: f64 = 0.6;
/// By how much, as a factor and in ms: less is not felt.
const RISE: f64 = 1.5;
const RISE_MS: f64 = 10.0;
/// When they have risen for good: so much over where they began, for so many windows.
const RISEN: f64 = 1.3;

/// Response times that rise as the load does.
pub(crate) fn latency_rises(course: &[Window]) -> Option<Finding> {
    // What the load is: virtual users where they are told and change, the request rate otherwise.
    let told = course.iter().all(|window| window.vus.is_some());
    let load = |window: &Window| window.vus.filter(|_| told).unwrap_or_else(|| window.request_rate());
    let with: Vec<(&Window, f64, f64)> =
        course.iter().filter_map(|window| Some((window, load(window), window.p95?))).collect();
    if with.len() < LEAST_WINDOWS {
        return None;
    }
    let pairs: Vec<(f64, f64)> = with.iter().map(|&(_, load, p95)| (load, p95)).collect();
    if rank_correlation(&pairs) < TOGETHER {
        return None;
    }
    let mut by_load = pairs;
    by_load.sort_by(|a, b| a.0.total_cmp(&b.0));
    let quarter = (by_load.len() / 4).max(LEAST_OF_A_KIND);
    let (low, high) = (&by_load[..quarter], &by_load[by_load.len() - quarter..]);
    let middle = |of: &[(f64, f64)]| Some((median(of.iter().map(|p| p.0))?, median(of.iter().map(|p| p.1))?));
    let ((load_low, p95_low), (load_high, p95_high)) = (middle(low)?, middle(high)?);
    if p95_high < p95_low * RISE || p95_high - p95_low < RISE_MS {
        return None;
    }
    let risen = with
        .windows(LEAST_OF_A_KIND)
        .find(|next| next.iter().all(|(_, _, p95)| *p95 >= p95_low * RISEN))
        .map(|next| next[0].0.start_ms);
    let begin = course.first()?.start_ms;
    let from = risen.filter(|at| *at > begin).map(|at| format!(", from {} on", clock((at - begin) as f64)));
    let of = |load: f64| match told {
        true => format!("{} VUs", text::count(load)),
        false => text::rate(load),
    };
    Some(Finding {
        kind: FindingKind::LatencyRises,
        title: format!("Response times rise with the load{}.", from.unwrap_or_default()),
        evidence: vec![format!(
            "The 95th percentile was {} at {}, {} at {}.",
            text::time(p95_low),
            of(load_low),
            text::time(p95_high),
            of(load_high)
        )],
        view: View::Overview,
        metrics: vec!["http_req_duration".to_owned()],
        at: risen,
    })
}
