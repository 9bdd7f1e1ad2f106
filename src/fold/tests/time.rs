//! Windows, late and misdated samples, generators.

use super::*;

fn times(steps: &[Step]) -> Vec<i64> {
    let snapshots = events(steps, "snapshot");
    snapshots.iter().map(|snapshot| at_time(snapshot) - T * 1_000).collect()
}

/// The one value above 10^12 is `time`.
fn at_time(snapshot: &serde_json::Value) -> i64 {
    let arrays = snapshot.as_array().unwrap();
    arrays.iter().filter_map(|array| array[0].as_i64()).find(|&ms| ms > 1_000_000_000_000).unwrap()
}

fn end(state: &mut LogState) -> Step {
    state.step(&record(u64::MAX, Body::NewRun), None)
}

#[test]
fn a_window_closes_when_time_has_passed_its_end_by_the_grace() {
    let mut state = unnamed();
    let one = |ms: i64| data(0, &[(T * 1_000 + ms, "http_reqs", 1.0)]);
    let steps = fold(&mut state, &[one(500), one(3_999)]);
    assert_eq!(times(&steps), [0; 0]);
    let steps = fold(&mut state, &[one(4_000)]);
    assert_eq!(times(&steps), [2_000]);
    assert_eq!(events(&steps, "snapshot")[0], serde_json::json!([[1, 0.5], [T * 1_000 + 2_000]]));
}

#[test]
fn the_last_window_ends_at_the_newest_sample_and_none_follows() {
    let mut state = unnamed();
    let steps = fold(&mut state, &[request_at(0), data(0, &[(T * 1_000 + 6_500, "http_reqs", 1.0)])]);
    assert_eq!(times(&steps), [2_000, 4_000]);
    let step = end(&mut state);
    assert_eq!(times(std::slice::from_ref(&step)), [6_000, 6_500]);
    // Half a second: rates are over at least a whole one.
    let snapshots = events(std::slice::from_ref(&step), "snapshot");
    assert_eq!(snapshots[1], serde_json::json!([[1, 1], [T * 1_000 + 6_500]]));
    assert_eq!(events(&[step], "stop")[0], serde_json::json!([[], [T * 1_000 + 6_500]]));
    assert_eq!(summary(&state)["metrics"]["http_reqs"]["values"]["rate"], 2.0 / 6.5);
}

#[test]
fn rates_of_the_run_are_over_what_lies_between_its_samples() {
    let one = |ms: i64| (T * 1_000 + ms, "http_reqs", 1.0);
    for samples in [[one(750), one(6_750)], [one(6_750), one(750)]] {
        let mut state = unnamed();
        // The oldest may come later than the first; what is older than both was long before the run.
        fold(&mut state, &samples.map(|sample| data(0, &[sample])));
        fold(&mut state, &[data(0, &[(T * 1_000 - 3_600_000, "http_reqs", 1.0)])]);
        end(&mut state);
        assert_eq!(summary(&state)["metrics"]["http_reqs"]["values"]["rate"], 3.0 / 6.0);
    }
}

#[test]
fn late_samples_count_in_the_oldest_open_window() {
    let mut state = unnamed();
    let steps = fold(&mut state, &[request_at(0), request_at(5), request_at(1), request_at(8)]);
    let counts: Vec<_> = events(&steps, "snapshot").iter().map(|s| s[0][0].clone()).collect();
    assert_eq!(counts, [1, 1, 1].map(serde_json::Value::from));
    assert_eq!(told(&state, "health")["late"], 1);
}

#[test]
fn samples_before_the_origin_count_in_the_first_window_and_are_not_late() {
    let mut state = unnamed();
    let steps = fold(&mut state, &[request_at(10), request_at(0), request_at(14)]);
    assert_eq!(times(&steps), [12_000]);
    assert_eq!(events(&steps, "snapshot")[0][0][0], 2);
    assert_eq!(told(&state, "health")["late"], 0);
}

#[test]
fn a_misdated_sample_counts_at_the_newest_second_and_moves_nothing() {
    let mut state = unnamed();
    let both = data(0, &[(T * 1_000 + 700, "gauge_a", 1.0), ((T + 601) * 1_000 + 700, "gauge_a", 2.0)]);
    fold(&mut state, &[both]);
    assert_eq!(state.current().unwrap().newest_ms, T as u64 * 1_000 + 700);
    // 10 minutes exactly are not too far.
    fold(&mut state, &[data(0, &[((T + 600) * 1_000 + 700, "gauge_a", 3.0)])]);
    assert_eq!(state.current().unwrap().newest_ms, (T as u64 + 600) * 1_000 + 700);
    end(&mut state);
    let summary = summary(&state);
    assert_eq!(summary["health"]["misdated"], 1);
    assert_eq!(summary["metrics"]["gauge_a"]["values"]["count"], 3);
}

#[test]
fn steps_within_the_limit_lead_any_distance() {
    let mut state = unnamed();
    let samples: Vec<Sample> = (0..10).map(|step| ((T + step * 599) * 1_000, "http_reqs", 1.0)).collect();
    fold(&mut state, &[data(0, &samples)]);
    assert_eq!(state.current().unwrap().newest_ms, (T as u64 + 9 * 599) * 1_000);
    assert_eq!(told(&state, "health")["misdated"], 0);
}

#[test]
fn a_long_gap_of_an_import_is_told_by_its_borders() {
    let far: Vec<Sample> =
        [0, 2, 20 * 3_600, 20 * 3_600 + 700].map(|s| ((T + s) * 1_000, "http_reqs", 1.0)).into();
    let mut import = batch(&far);
    import.import = true;
    let mut state = LogState::new(LogName::import(TestName::from_foreign("shop"), 1));
    let mut steps = fold(&mut state, &[record(0, Body::Data(Box::new(import)))]);
    steps.push(end(&mut state));
    steps.push(state.step(&record(0, Body::Finish { run: 1, sent: Sent::Perhaps }), None));
    let times = times(&steps);
    assert!(times.len() < 12, "{times:?}");
    assert!(times.is_sorted_by(|a, b| a < b), "{times:?}");
    let counted: f64 = events(&steps, "snapshot").iter().filter_map(|s| s[0][0].as_f64()).sum();
    assert_eq!(counted, 4.0);
}

#[test]
fn every_order_within_the_open_windows_gives_the_same_snapshots() {
    let pieces: Vec<Record> = (0..6_i64)
        .map(|piece| {
            let samples: Vec<Sample> = (0..40_i64)
                .map(|n| {
                    let ms = T * 1_000 + (n * 97 + piece * 61) % 3_900;
                    let name = ["http_req_duration", "a_gauge", "data_sent", "vus"][(n % 4) as usize];
                    (ms, name, (n * piece) as f64 * 0.1 + 1e9)
                })
                .collect();
            data(0, &samples)
        })
        .collect();
    let mut expected = None;
    for turn in 0..pieces.len() {
        let mut order = pieces.clone();
        order.rotate_left(turn);
        if turn % 2 == 1 {
            order.reverse();
        }
        let mut state = unnamed();
        // The same origin for all.
        let mut steps = fold(&mut state, &[request_at(0)]);
        steps.extend(fold(&mut state, &order));
        steps.push(end(&mut state));
        let snapshots = events(&steps, "snapshot");
        assert_eq!(expected.get_or_insert_with(|| snapshots.clone()), &snapshots, "turn {turn}");
    }
}

#[test]
fn generators_of_one_source_add_up_and_hold_for_three_seconds() {
    let mut state = unnamed();
    let mut samples: Vec<Sample> = Vec::new();
    for second in 0..20 {
        samples.push(((T + second) * 1_000 + 100, "http_reqs", 1.0));
        samples.push(((T + second) * 1_000 + 200, "vus", 10.0));
        // The other falls silent half way, at second 9.
        if second < 10 {
            samples.push(((T + second) * 1_000 + 700, "vus", 5.0));
        }
    }
    fold(&mut state, &[data(0, &samples)]);
    end(&mut state);
    let vus = summary(&state)["metrics"]["vus"]["values"].clone();
    assert_eq!((&vus["value"], &vus["max"], &vus["min"]), (&10.into(), &15.into(), &10.into()));
    let generators = told(&state, "health")["generators"].as_array().unwrap().len();
    assert_eq!(generators, 2);
}

#[test]
fn a_generator_that_speaks_twice_in_a_second_is_heard_twice() {
    let mut state = unnamed();
    let vus = |ms: i64, value| (T * 1_000 + ms, "vus", value);
    fold(&mut state, &[data(0, &[vus(50, 1.0), vus(990, 9.0), vus(2_010, 3.0)])]);
    end(&mut state);
    let vus = summary(&state)["metrics"]["vus"]["values"].clone();
    assert_eq!((&vus["value"], &vus["max"], &vus["min"]), (&3.into(), &9.into(), &1.into()));
}

#[test]
fn numbers_at_their_extremes_are_counted_without_a_panic() {
    let extremes = [i64::MIN, i64::MIN + 1, -1, 0, 1, T * 1_000_000_000, i64::MAX - 1, i64::MAX];
    let values = [f64::MAX, f64::MIN, f64::MIN_POSITIVE, -0.0, 0.0, 1e-300];
    for oldest in extremes {
        for newest in extremes {
            let mut hostile = batch(&[(0, "http_req_duration", 1.0), (0, "vus", 1.0)]);
            let series = hostile.seconds[0].cells[0].clone();
            hostile.settings = FoldSettings {
                period_ms: u32::MAX,
                grace_ms: u32::MAX,
                idle_ms: u32::MAX,
                keeps_names: true,
            };
            (hostile.oldest_ns, hostile.newest_ns) = (oldest, newest);
            hostile.samples = u64::MAX;
            hostile.import = oldest < newest;
            hostile.vus = extremes
                .map(|ns| VusSample { max: ns < 0, time_ns: ns, value: f64::MAX, source: 0, series: 0 })
                .into();
            hostile.seconds = extremes
                .iter()
                .zip(values.iter().cycle())
                .map(|(&second, &value)| {
                    let mut cell = series.clone();
                    (cell.1.sum, cell.1.min, cell.1.max, cell.1.last) = (value, value, value, value);
                    cell.1.last_ns = second;
                    Second { second, cells: vec![cell] }
                })
                .collect();
            for grace_ms in [0, 2_000, u32::MAX] {
                hostile.settings.grace_ms = grace_ms;
                hostile.settings.period_ms = grace_ms;
                let record = record(u64::MAX, Body::Data(Box::new(hostile.clone())));
                let mut state = unnamed();
                let mut steps = fold(&mut state, &[record.clone(), record]);
                steps.push(end(&mut state));
                for event in steps.iter().flat_map(|step| &step.chunks).flat_map(|chunk| &chunk.events) {
                    serde_json::from_str::<serde_json::Value>(&event.data).expect("events are JSON");
                }
                summary(&state);
                assert!(steps.iter().map(|step| step.chunks.len()).sum::<usize>() < 100);
            }
        }
    }
}
