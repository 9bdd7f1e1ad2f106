//! Runs as they are met, and what is to be noticed in them: each kind once where it is so, and never in a run
//! of which there is nothing to say.

use loadgate_documents::{
    CheckRow, Contains, Finding, FindingKind, Metric, MetricType, Outcome, RequestRow, RunState, Summary,
    ThresholdRow, TrendValues, Values, View, WantedLoad,
};
use loadgate_findings::{Window, find};

/// How a system answers: the rate that it can do at the most, and what a request takes before that.
struct System {
    most: f64,
    ms: f64,
}

/// Numbers from a seed, 0 to 1.
fn random(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A closed model: each user sends, waits and thinks; beyond the system's most they queue (Little's law).
fn course(users: impl Iterator<Item = f64>, system: &System, think_ms: f64, seed: u64) -> Vec<Window> {
    let mut random = random(seed);
    users
        .enumerate()
        .map(|(number, vus)| {
            let free = vus / ((system.ms + think_ms) / 1e3);
            let rate = free.min(system.most);
            let request_ms = (vus / rate * 1e3 - think_ms).max(system.ms);
            let mut near = |value: f64| value * (0.95 + 0.1 * random());
            let requests = near(rate * 10.0);
            Window {
                start_ms: number as i64 * 10_000,
                end_ms: number as i64 * 10_000 + 10_000,
                vus: Some(vus),
                requests,
                p95: Some(near(request_ms * 1.8)),
                request_ms: requests * request_ms,
                iterations: requests,
                iteration_ms: requests * (request_ms + think_ms),
            }
        })
        .collect()
}

fn ramp(to: f64) -> impl Iterator<Item = f64> {
    (1..=40).map(move |n| (f64::from(n) / 40.0 * to).round().max(1.0))
}

fn kinds(summary: &Summary, course: &[Window]) -> Vec<FindingKind> {
    find(summary, course).iter().map(|finding| finding.kind).collect()
}

fn one(summary: &Summary, course: &[Window]) -> Finding {
    let mut found = find(summary, course);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn metric(summary: &mut Summary, name: &str, metric_type: MetricType, values: Values) {
    summary.metrics.insert(name.to_owned(), Metric::of(metric_type, Contains::Default, values));
}

fn trend(summary: &mut Summary, name: &str, count: u64, avg: f64) {
    metric(
        summary,
        name,
        MetricType::Trend,
        Values::Trend(TrendValues { count: Some(count), avg: Some(avg), ..Default::default() }),
    );
}

fn request(name: &str, count: f64, failed: f64) -> RequestRow {
    RequestRow {
        key: vec!["GET".to_owned(), name.to_owned()],
        count,
        failed: Some(failed),
        ..RequestRow::default()
    }
}

#[test]
fn a_system_that_keeps_up_gives_no_reason_to_look() {
    for seed in 0..200 {
        let fast = System { most: 1e6, ms: 20.0 };
        let steady = course((0..40).map(|_| 50.0), &fast, 500.0, seed);
        assert_eq!(kinds(&Summary::default(), &steady), [], "steady, {seed}");
        let ramped = course(ramp(100.0), &fast, 500.0, seed);
        assert_eq!(kinds(&Summary::default(), &ramped), [], "ramped, {seed}");
    }
}

#[test]
fn a_system_at_its_limit_shows_by_both_throughput_and_response_times() {
    for seed in 0..50 {
        // 40 users with half a second between requests make 77/s, and 60/s are all that it can.
        let small = System { most: 60.0, ms: 20.0 };
        let course = course(ramp(100.0), &small, 500.0, seed);
        let found = find(&Summary::default(), &course);
        let kinds: Vec<FindingKind> = found.iter().map(|finding| finding.kind).collect();
        assert_eq!(kinds, [FindingKind::ThroughputStalls, FindingKind::LatencyRises], "{seed}");
        let at = found[1].at.expect("it has a beginning");
        // At 31 users the limit is reached, in the 13th window of forty; p95 is a third up soon after.
        assert!((110_000..=160_000).contains(&at), "{at}: {found:?}");
        assert!(found[1].title.contains(", from "), "{}", found[1].title);
    }
}

#[test]
fn where_arrivals_are_scheduled_virtual_users_say_nothing_of_throughput() {
    let small = System { most: 60.0, ms: 20.0 };
    let course = course(ramp(100.0), &small, 500.0, 1);
    let mut summary = Summary::default();
    summary.health.wanted.push(WantedLoad::default());
    assert_eq!(kinds(&summary, &course), [FindingKind::LatencyRises]);
}

#[test]
fn a_few_windows_show_no_trend() {
    let small = System { most: 60.0, ms: 20.0 };
    let course = course(ramp(100.0).step_by(8), &small, 500.0, 1);
    assert_eq!(kinds(&Summary::default(), &course), []);
    assert_eq!(kinds(&Summary::default(), &[]), []);
}

#[test]
fn an_iteration_that_grows_outside_of_its_requests_points_at_the_generator() {
    let mut course = course(ramp(100.0), &System { most: 1e6, ms: 20.0 }, 100.0, 3);
    for window in &mut course {
        let vus = window.vus.unwrap_or(0.0);
        window.iteration_ms += window.iterations * vus * 4.0;
    }
    let found = one(&Summary::default(), &course);
    assert_eq!(found.kind, FindingKind::IterationsSlowDown);
    assert!(found.evidence[0].starts_with("At 18 VUs an iteration spent "), "{found:?}");
    // Requests at the same time are longer than their iteration together: nothing can be said.
    for window in &mut course {
        window.request_ms *= 100.0;
    }
    assert_eq!(kinds(&Summary::default(), &course), []);
}

#[test]
fn requests_that_wait_for_connections_are_told_with_their_parts() {
    let mut summary = Summary::default();
    trend(&mut summary, "http_req_duration", 1_000, 40.0);
    trend(&mut summary, "http_req_blocked", 1_000, 30.0);
    trend(&mut summary, "http_req_connecting", 1_000, 10.0);
    trend(&mut summary, "http_req_tls_handshaking", 1_000, 18.0);
    let found = one(&summary, &[]);
    assert_eq!(found.kind, FindingKind::RequestsWait);
    assert_eq!(found.evidence[1], "Of that 10\u{a0}ms to TCP and 18\u{a0}ms to TLS handshakes.");
    // The same in the first requests alone is how a test begins.
    trend(&mut summary, "http_req_blocked", 20, 30.0);
    assert_eq!(find(&summary, &[]), []);
    trend(&mut summary, "http_req_blocked", 1_000, 2.0);
    assert_eq!(find(&summary, &[]), []);
}

#[test]
fn one_request_has_most_of_the_failures_unless_it_has_most_of_the_requests() {
    let mut summary = Summary::default();
    summary.tables.requests =
        vec![request("/", 800.0, 0.0), request("/cart", 100.0, 0.01), request("/pay", 100.0, 0.2)];
    let found = one(&summary, &[]);
    assert_eq!(found.title, "Most failures are of one request: GET /pay.");
    assert_eq!(found.view, View::Requests, "no metric of HTTP is there: the page of errors has nothing");
    let count = Values::Counter { count: 1_000.0, rate: 10.0 };
    metric(&mut summary, "http_reqs", MetricType::Counter, count);
    assert_eq!(one(&summary, &[]).view, View::Errors);
    assert_eq!(
        found.evidence,
        ["20 of 21 failures, 95.2\u{a0}%, with 10\u{a0}% of the requests; 20\u{a0}% of its own fail."]
    );
    summary.tables.requests =
        vec![request("/", 100.0, 0.0), request("/cart", 100.0, 0.01), request("/pay", 800.0, 0.2)];
    assert_eq!(find(&summary, &[]), []);
    summary.tables.requests =
        vec![request("/", 100.0, 0.0), request("/cart", 100.0, 0.0), request("/pay", 20.0, 0.2)];
    assert_eq!(find(&summary, &[]), [], "four failures are told one by one");
}

#[test]
fn other_sites_are_named_and_ones_own_hosts_are_not() {
    let mut summary = Summary::default();
    summary.tables.requests = vec![
        request("https://www.shop.example/", 900.0, 0.0),
        request("https://api.shop.example/v1", 500.0, 0.0),
        request("https://fonts.example.net/a", 40.0, 0.0),
        request("https://cdn.stats.example.org/x", 60.0, 0.0),
        request("checkout", 10.0, 0.0),
    ];
    let found = one(&summary, &[]);
    assert_eq!(found.title, "Requests go to other sites than shop.example.");
    assert_eq!(found.evidence, ["cdn.stats.example.org (60 requests), fonts.example.net (40 requests)."]);
    summary.tables.requests.truncate(2);
    assert_eq!(find(&summary, &[]), []);
}

#[test]
fn checks_that_fail_behind_green_thresholds_are_told() {
    let mut summary = Summary::default();
    metric(&mut summary, "checks", MetricType::Rate, Values::Rate { rate: 0.9, passes: 90, fails: 10 });
    summary.tables.checks = vec![CheckRow {
        key: vec![String::new(), "is 200".to_owned()],
        passes: 20,
        fails: 10,
        ..CheckRow::default()
    }];
    assert_eq!(find(&summary, &[]), [], "without thresholds nothing is green");
    let threshold = |metric: &str, passes| ThresholdRow {
        metric: metric.to_owned(),
        expression: "p(95)<500".to_owned(),
        passes,
        ..ThresholdRow::default()
    };
    summary.thresholds = vec![threshold("http_req_duration", Some(true))];
    let found = one(&summary, &[]);
    assert_eq!(found.evidence[1], "Most often “is 200”: 10 of 30.");
    summary.thresholds.push(threshold("checks{scenario:a}", Some(true)));
    assert_eq!(find(&summary, &[]), [], "somebody looks at them");
    summary.thresholds = vec![threshold("http_req_duration", None)];
    assert_eq!(find(&summary, &[]), [], "nothing is green");
}

#[test]
fn a_run_that_was_cut_short_is_told_as_its_outcome_has_it() {
    let outcome = |aborted| {
        Some(Outcome {
            exit: Some(105),
            aborted,
            bad: aborted,
            text: "stopped by Ctrl-C at 0:06 of 1:00 planned".into(),
        })
    };
    let mut summary = Summary { state: RunState::Ended, outcome: outcome(true), ..Summary::default() };
    assert_eq!(one(&summary, &[]).evidence, ["Stopped by Ctrl-C at 0:06 of 1:00 planned."]);
    summary.outcome = outcome(false);
    assert_eq!(find(&summary, &[]), []);
}
