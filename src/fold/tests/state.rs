//! The state as a checkpoint, chunks, and limits.

use super::*;
use crate::limits;

/// Some runs with everything in them, from a seed.
fn traffic(seed: u64, records: usize) -> Vec<Record> {
    let mut random = seed | 1;
    let mut next = move |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    let (mut now, mut list) = (0_i64, Vec::new());
    for at in 0..records {
        now += next(3_000) as i64;
        let received = (T * 1_000 + now) as u64;
        let body = match next(40) {
            0 => {
                Body::Finish { run: 1 + next(3), sent: [Sent::Perhaps, Sent::All][next(2) as usize].clone() }
            }
            1 => Body::IdleEnd,
            2 | 3 => Body::NewRun,
            4 => Body::Declared,
            _ => {
                let samples: Vec<Sample> = (0..next(60))
                    .map(|n| {
                        let name = ["http_req_duration", "vus", "own_a", "own_b", "checks"][next(5) as usize];
                        (T * 1_000 + now - next(5_000) as i64, name, next(1_000) as f64 / (n + 1) as f64)
                    })
                    .collect();
                let mut batch = batch(&samples);
                for dimension in [Dimension::Group, Dimension::Request] {
                    let row = format!("row {}", next(500));
                    let series = batch.series.len() as u32;
                    batch.series.push(key(dimension, &[&row], "http_req_duration"));
                    if let Some(second) = batch.seconds.first_mut().filter(|second| !second.cells.is_empty())
                    {
                        let cell = second.cells[0].1.clone();
                        second.cells.push((series, cell));
                    }
                }
                Body::Data(Box::new(batch))
            }
        };
        let mut record = record(received, body);
        if next(3) == 0 {
            record.sequence = Some(crate::record::Sequence { batch: next(at as u64 + 1), piece: 0 });
        }
        list.push(record);
    }
    list
}

#[test]
fn a_state_that_was_stored_goes_on_as_if_it_had_not_been() {
    for seed in 1..6 {
        let (mut kept, mut stored) = (unnamed(), unnamed());
        for record in traffic(seed, 300) {
            loop {
                let step = kept.step(&record, None);
                stored = postcard::from_bytes(&bytes(&stored)).expect("a state reads back");
                assert_eq!(stored.step(&record, None), step, "seed {seed}");
                assert_eq!(bytes(&stored), bytes(&kept), "seed {seed}");
                assert_eq!(stored, kept);
                if step.consumed {
                    break;
                }
            }
            assert_eq!(crate::documents::state(&stored), crate::documents::state(&kept));
        }
    }
}

#[test]
fn ids_and_chunks_have_no_gaps_and_state_comes_before_thresholds_and_snapshots() {
    for seed in 10..20 {
        let mut state = unnamed();
        let (mut run, mut id, mut index) = (None, 0, 0);
        for step in fold(&mut state, &traffic(seed, 400)) {
            for chunk in &step.chunks {
                if run.as_ref() != Some(&chunk.run) {
                    assert_eq!(chunk.events[0].kind, "config");
                    (run, id, index) = (Some(chunk.run.clone()), 0, 0);
                }
                assert_eq!((chunk.first_id, chunk.index), (id, index));
                id += chunk.events.len() as u64;
                index += 1;
                let after: Vec<&str> =
                    chunk.events[chunk.state_at..].iter().map(|event| event.kind.as_str()).collect();
                assert!(
                    matches!(
                        *after,
                        [] | ["snapshot"] | ["threshold", "snapshot"] | ["stop"] | ["threshold", "stop"]
                    ),
                    "{after:?}"
                );
            }
            if let Some(end) = step.ended {
                assert_eq!(end.chunk + 1, index);
            }
        }
    }
}

#[test]
fn a_long_silence_of_windows_still_makes_chunks() {
    let mut state = unnamed();
    state.step(&request_at(0), None);
    let chunks: usize = (0..4_001).map(|_| state.step(&request_at(0), None).chunks.len()).sum();
    assert_eq!(chunks, 2);
}

#[test]
fn chunks_of_one_record_stay_near_their_size() {
    let samples: Vec<Sample> =
        (0..1_500).map(|second| ((T + second) * 1_000, "http_req_duration", second as f64)).collect();
    let mut wide = batch(&samples);
    for n in 0..900 {
        wide.series.push(key(Dimension::Metric, &[], &format!("a_metric_with_a_longer_name_{n}")));
    }
    for second in &mut wide.seconds {
        let cell = second.cells[0].1.clone();
        second.cells.extend((1..=900).map(|series| (series, cell.clone())));
    }
    let mut state = unnamed();
    let step = state.step(&record(0, Body::Data(Box::new(wide))), None);
    assert!(step.chunks.len() > 10);
    for chunk in &step.chunks {
        let size: usize = chunk.events.iter().map(|event| event.data.len()).sum();
        assert!(size < 160_000, "{size}");
    }
}

#[test]
fn rows_beyond_the_limit_go_to_the_other_row_and_nothing_is_lost() {
    let mut state = unnamed();
    for n in 0..1_000 {
        let mut batch = batch(&[(T * 1_000 + n, "http_reqs", 1.0)]);
        batch.series.push(key(Dimension::Request, &["GET", &format!("name {n}")], "http_reqs"));
        let cell = batch.seconds[0].cells[0].1.clone();
        batch.seconds[0].cells.push((1, cell));
        state.step(&record(0, Body::Data(Box::new(batch))), None);
    }
    state.step(&record(0, Body::NewRun), None);
    let rows = told(&state, "tables")["requests"].as_array().unwrap().clone();
    assert_eq!(rows.len(), limits::BREAKDOWN_KEYS + 1);
    assert_eq!(rows[limits::BREAKDOWN_KEYS]["key"], serde_json::json!(["(other)"]));
    assert_eq!(rows[limits::BREAKDOWN_KEYS]["count"], 1_000 - limits::BREAKDOWN_KEYS);
    assert_eq!(rows.iter().map(|row| row["count"].as_u64().unwrap()).sum::<u64>(), 1_000);
}

#[test]
fn metrics_beyond_the_limit_are_told_as_refused() {
    let mut state = unnamed();
    for n in 0..=limits::METRICS as i64 {
        state.step(&data(0, &[(T * 1_000 + n, &format!("m{n}"), 1.0)]), None);
    }
    assert_eq!(told(&state, "health")["refused"], 1);
}

#[test]
fn windows_read_back() {
    let mut state = unnamed();
    let mut steps = Vec::new();
    for second in 0..10 {
        let mut batch = batch(&[((T + second) * 1_000, "http_req_duration", second as f64)]);
        batch.series.push(key(Dimension::Request, &["GET", "/"], "http_req_duration"));
        let cell = batch.seconds[0].cells[0].1.clone();
        batch.seconds[0].cells.push((1, cell));
        steps.push(state.step(&record(0, Body::Data(Box::new(batch))), None));
    }
    steps.push(state.step(&record(0, Body::NewRun), None));
    let kept: Vec<Windows> = steps
        .iter()
        .flat_map(|step| &step.chunks)
        .map(|chunk| Windows::parse(&chunk.windows).expect("windows read back"))
        .collect();
    let defined: Vec<_> = kept.iter().flat_map(|kept| &kept.defined).collect();
    assert_eq!(defined.len(), 2, "the metric and its row");
    let windows: Vec<_> = kept.iter().flat_map(|kept| &kept.windows).collect();
    for (at, window) in windows.iter().enumerate() {
        for partial in &window.partials {
            let tally = partial.tally(window.start_ms);
            let (least, most) = (2.0 * at as f64, 2.0 * at as f64 + 1.0);
            assert_eq!((tally.count, tally.min, tally.max, tally.last), (2, least, most, most));
            assert_eq!(tally.first_ms, (T + 2 * at as i64) * 1_000);
        }
        assert_eq!(window.partials.len(), 2);
    }
    let last = windows[4].partials[1].tally(windows[4].start_ms);
    let percentiles = last.sketch.quantiles([0.5, 0.95, 0.99, 1.0], last.min, last.max);
    assert_eq!(percentiles, Some([8.5, 8.95, 8.99, 9.0]));
    assert_eq!((windows[4].start_ms, windows[4].end_ms), ((T + 8) * 1_000, (T + 9) * 1_000));
}
