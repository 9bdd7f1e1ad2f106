//! Samples that came summed up: of intervals, and since a series' start.

use super::*;
use crate::record::{Over, Sums};
use loadgate_wires::{Bucket, Summed};

const S: i64 = 1_000_000_000;

/// What a series told at a second of the run.
fn sums(metric: &str, at: i64, over: Over, sum: Summed) -> Record {
    let time_ns = (T + at) * S;
    let start_ns = match over {
        Over::Interval(length) => time_ns - length,
        Over::Start { start_ns, .. } => start_ns.filter(|start| time_ns - start < 600 * S).unwrap_or(time_ns),
    };
    let mut batch = batch(&[]);
    (batch.samples, batch.oldest_ns, batch.newest_ns) = (1, start_ns, time_ns);
    batch.series = vec![key(Dimension::Metric, &[], metric)];
    batch.sums = vec![Sums { series: vec![0], over, time_ns, sum }];
    record(((T + at) * 1_000) as u64, Body::Data(Box::new(batch)))
}

fn count(count: f64) -> Summed {
    Summed { count: 1, nonzero: 1, sum: count, ..Summed::default() }
}

fn since(start: i64) -> Over {
    Over::Start { series: 1, start_ns: Some((T + start) * S) }
}

fn end(at: i64) -> Record {
    record(((T + at) * 1_000) as u64, Body::Finish { run: 1, sent: Sent::All })
}

fn values(state: &LogState, metric: &str) -> serde_json::Value {
    summary(state)["metrics"][metric]["values"].clone()
}

/// The counter's rate in each window.
fn rates(steps: &[Step]) -> Vec<f64> {
    let snapshots = events(steps, "snapshot");
    snapshots.iter().map(|snapshot| snapshot[0][1].as_f64().unwrap_or_default()).collect()
}

#[test]
fn a_counter_that_is_told_since_its_start_counts_once_however_often_it_is_told() {
    let mut state = unnamed();
    let totals = [(10, 100.0), (20, 250.0), (20, 250.0), (15, 180.0), (30, 250.0), (40, 400.0)];
    let mut records: Vec<Record> =
        totals.iter().map(|&(at, total)| sums("http_reqs", at, since(0), count(total))).collect();
    records.push(end(41));
    let steps = fold(&mut state, &records);
    assert_eq!(values(&state, "http_reqs")["count"], 400.0);
    // Spread over the intervals that they are of: 10, 15, 0 and 15 a second.
    let rates = rates(&steps);
    assert_eq!(&rates[..5], [10.0; 5]);
    assert!((5..10).all(|at| (14.0..=16.0).contains(&rates[at])), "{rates:?}");
    assert!(rates[11..15].iter().all(|rate| *rate == 0.0), "{rates:?}");
}

#[test]
fn a_series_that_begins_anew_counts_from_nothing() {
    let restarted = [
        sums("http_reqs", 10, since(0), count(100.0)),
        sums("http_reqs", 20, since(12), count(30.0)),
        end(21),
    ];
    let mut state = unnamed();
    fold(&mut state, &restarted);
    assert_eq!(values(&state, "http_reqs")["count"], 130.0);

    // A wire that tells no start: it fell.
    let over = Over::Start { series: 1, start_ns: None };
    let fell = [
        sums("http_reqs", 10, over, count(100.0)),
        sums("http_reqs", 20, over, count(30.0)),
        sums("http_reqs", 30, over, count(35.0)),
        end(31),
    ];
    let mut state = unnamed();
    fold(&mut state, &fell);
    assert_eq!(values(&state, "http_reqs")["count"], 135.0);
}

#[test]
fn what_a_series_came_to_long_before_the_run_is_no_part_of_it() {
    let old = Over::Start { series: 1, start_ns: Some((T - 86_400) * S) };
    let mut state = unnamed();
    fold(
        &mut state,
        &[sums("http_reqs", 0, old, count(1e6)), sums("http_reqs", 10, old, count(1e6 + 50.0)), end(11)],
    );
    assert_eq!(values(&state, "http_reqs")["count"], 50.0);
}

#[test]
fn a_distribution_keeps_its_counts_and_its_percentiles_stay_within_their_buckets() {
    let bounds = [0.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0];
    let told = |counts: [u64; 6], (min, max): (f64, f64), sum: f64| Summed {
        count: counts.iter().sum(),
        nonzero: counts.iter().sum(),
        sum,
        min: Some(min),
        max: Some(max),
        buckets: Some(
            bounds
                .windows(2)
                .zip(counts)
                .filter(|(_, count)| *count > 0)
                .map(|(bounds, count)| Bucket { low: bounds[0], high: bounds[1], count })
                .collect(),
        ),
        told: None,
    };
    let mut state = unnamed();
    let steps = fold(
        &mut state,
        &[
            sums("http_req_duration", 10, since(0), told([0, 70, 20, 8, 2, 0], (6.5, 77.0), 1_200.0)),
            sums("http_req_duration", 20, since(0), told([0, 140, 40, 16, 3, 1], (6.5, 180.0), 2_600.0)),
            end(21),
        ],
    );
    let values = values(&state, "http_req_duration");
    let figure = |name: &str| values[name].as_f64().unwrap();
    assert_eq!((figure("count"), figure("min"), figure("max")), (200.0, 6.5, 180.0));
    assert!((figure("sum") - 2_600.0).abs() < 1e-6 && (figure("avg") - 13.0).abs() < 1e-9);
    for (name, low, high) in
        [("med", 6.5, 10.0), ("p(90)", 10.0, 25.0), ("p(95)", 25.0, 50.0), ("p(99)", 50.0, 180.0)]
    {
        assert!((low..=high).contains(&figure(name)), "{name}: {}", figure(name));
    }
    // Every window has its share, and none a value beyond what is known.
    for snapshot in events(&steps, "snapshot") {
        let [_, max, _, min, ..] = [0, 1, 2, 3, 4].map(|at| snapshot[0][at].as_f64());
        assert!(min.is_none_or(|min| min >= 6.5) && max.is_none_or(|max| max <= 180.0), "{snapshot}");
    }
}

#[test]
fn percentiles_of_what_came_without_a_distribution_are_not_told_and_pass_no_limit() {
    let sum = Summed {
        count: 40,
        nonzero: 40,
        sum: 4_000.0,
        min: Some(10.0),
        max: Some(300.0),
        ..Summed::default()
    };
    let mut state = unnamed();
    let steps = fold(
        &mut state,
        &[
            sums("http_req_duration", 10, Over::Interval(10 * S), sum.clone()),
            sums("http_req_duration", 20, Over::Interval(10 * S), Summed { min: None, max: None, ..sum }),
            end(21),
        ],
    );
    let values = values(&state, "http_req_duration");
    assert_eq!((&values["count"], &values["avg"]), (&80.into(), &100.into()));
    assert_eq!((&values["min"], &values["max"]), (&10.into(), &300.into()));
    assert!(values["med"].is_null() && values["p(95)"].is_null(), "{values}");
    let snapshots = events(&steps, "snapshot");
    let last = &snapshots[snapshots.len() - 2][0];
    assert_eq!(last[0], 100, "{last}");
    assert!((1..7).all(|at| last[at].is_null()), "{last}");
}

#[test]
fn what_is_divided_stays_whole() {
    for (length, total, failed) in [(1, 7, 7), (3, 7, 2), (10, 3, 2), (60, 1_000, 13), (4, 1, 0)] {
        let sum = Summed { count: total, nonzero: failed, sum: failed as f64, ..Summed::default() };
        let mut state = unnamed();
        fold(&mut state, &[sums("http_req_failed", 100, Over::Interval(length * S), sum), end(101)]);
        let values = values(&state, "http_req_failed");
        assert_eq!(
            (values["passes"].as_u64(), values["fails"].as_u64()),
            (Some(failed), Some(total - failed)),
            "{length} s"
        );
    }
}

#[test]
fn virtual_users_of_a_slow_output_hold_until_it_speaks_again() {
    let mut state = unnamed();
    let at = |second: i64| (T + second) * 1_000;
    let records: Vec<Record> =
        (0..6).map(|n| data(at(n * 10) as u64, &[(at(n * 10), "vus", 5.0)])).chain([end(51)]).collect();
    let steps = fold(&mut state, &records);
    let vus: Vec<_> = events(&steps, "snapshot").iter().map(|snapshot| snapshot[1][0].clone()).collect();
    // From its third word on its beat is known.
    assert!(vus[10..].iter().all(|vus| *vus == 5.0), "{vus:?}");
}
