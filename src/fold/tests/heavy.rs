//! Rows of breakdowns: the keys that matter have them, and every sample counts once.

use super::*;
use crate::limits::BREAKDOWN_KEYS;

/// A small generator of numbers, so that streams differ by seed and are the same every time.
pub(super) struct Random(pub u64);

impl Random {
    pub fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most
    }
}

/// Requests at one time, `(name, ms)`, as `http_reqs` and `http_req_duration`, whole and by request.
pub(super) fn requests(second: i64, requests: &[(&str, f64)]) -> Record {
    let ms = (T + second) * 1_000;
    let mut by_name: BTreeMap<&str, Vec<Sample>> = BTreeMap::new();
    let mut all: Vec<Sample> = Vec::new();
    for &(name, duration) in requests {
        let samples = [(ms, "http_reqs", 1.0), (ms, "http_req_duration", duration)];
        all.extend(samples);
        by_name.entry(name).or_default().extend(samples);
    }
    let mut whole = batch(&all);
    for (name, samples) in by_name {
        let part = batch(&samples);
        let first = whole.series.len() as u32;
        whole.series.extend(part.series.into_iter().map(|series| SeriesKey {
            dimension: Dimension::Request,
            key: vec!["GET".to_owned(), name.to_owned()],
            ..series
        }));
        let cells = part.seconds.into_iter().flat_map(|second| second.cells);
        whole.seconds[0].cells.extend(cells.map(|(series, cell)| (first + series, cell)));
    }
    record(ms as u64, Body::Data(Box::new(whole)))
}

pub(super) fn rows(state: &LogState) -> Vec<serde_json::Value> {
    told(state, "tables")["requests"].as_array().unwrap().clone()
}

pub(super) fn row<'a>(rows: &'a [serde_json::Value], name: &str) -> Option<&'a serde_json::Value> {
    rows.iter().find(|row| row["key"].as_array().unwrap().last().unwrap() == name)
}

fn requests_of(rows: &[serde_json::Value]) -> u64 {
    rows.iter().map(|row| row["count"].as_u64().unwrap()).sum()
}

#[test]
fn a_late_hot_key_takes_the_row_of_a_cold_one() {
    let cold: Vec<String> = (0..400).map(|n| format!("cold{n}")).collect();
    let mut records = vec![requests(0, &cold.iter().map(|name| (name.as_str(), 1.0)).collect::<Vec<_>>())];
    for second in 0..10 {
        let slow: Vec<(&str, f64)> = (0..500).map(|n| ("checkout", (second * 500 + n + 1) as f64)).collect();
        records.push(requests(1 + second, &slow));
    }
    records.push(record(0, Body::NewRun));
    let mut state = unnamed();
    fold(&mut state, &records);
    let rows = rows(&state);
    assert_eq!((rows.len(), requests_of(&rows)), (BREAKDOWN_KEYS + 1, 5_400));
    let checkout = row(&rows, "checkout").expect("it has a row");
    assert_eq!((&checkout["count"], &checkout["max"]), (&5_000.into(), &5_000.into()));
    for (percentile, wanted) in [("med", 2_500.5), ("p95", 4_750.05), ("p99", 4_950.01)] {
        let observed = checkout[percentile].as_f64().unwrap();
        assert!((observed / wanted - 1.0).abs() < 0.001, "{percentile} is {observed}");
    }
    let cumulative = summary(&state);
    assert_eq!(cumulative["metrics"]["http_reqs"]["values"]["count"], 5_400);
}

/// A stream of requests: `(second, name)`, some names often, most of them rarely.
fn stream(seed: u64) -> Vec<(i64, String)> {
    let mut random = Random(seed);
    let (hot, names) = (1 + random.below(30), 500 + random.below(5_000));
    let late = random.below(60) as i64;
    (0..60)
        .flat_map(|second| (0..200).map(move |_| second))
        .map(|second| {
            let often = second >= late && random.below(3) == 0;
            let name = if often { random.below(hot) } else { hot + random.below(names) };
            (second, format!("n{name}"))
        })
        .collect()
}

fn records_of(stream: &[(i64, String)], seed: u64) -> Vec<Record> {
    let mut random = Random(seed);
    let mut records = Vec::new();
    for second in stream.chunk_by(|a, b| a.0 == b.0) {
        let mut rest = second;
        while !rest.is_empty() {
            let (now, later) = rest.split_at((1 + random.below(150) as usize).min(rest.len()));
            let batch: Vec<(&str, f64)> = now.iter().map(|(_, name)| (name.as_str(), 7.0)).collect();
            records.push(requests(now[0].0, &batch));
            rest = later;
        }
    }
    records.push(record(0, Body::NewRun));
    records
}

#[test]
fn who_has_more_than_its_share_has_a_row_and_what_it_may_miss_is_bounded() {
    for seed in 0..12 {
        let stream = stream(seed);
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for (_, name) in &stream {
            *counts.entry(name).or_default() += 1;
        }
        let mut state = unnamed();
        fold(&mut state, &records_of(&stream, seed));
        let rows = rows(&state);
        assert_eq!(requests_of(&rows), stream.len() as u64, "seed {seed}");
        let share = (stream.len() / BREAKDOWN_KEYS) as u64;
        let mut marked = 0;
        for (name, &count) in &counts {
            let Some(row) = row(&rows, name) else {
                assert!(count <= share, "seed {seed}: {name} with {count} has no row");
                continue;
            };
            let (seen, missed) = (row["count"].as_u64().unwrap(), row["missed"].as_u64().unwrap_or(0));
            assert!(seen <= count && count <= seen + missed, "seed {seed}: {name} {count}, {row}");
            assert!(missed <= share, "seed {seed}: {name} may miss {missed}");
            marked += usize::from(missed > 0);
        }
        assert!(marked > 0, "seed {seed}: nothing came late");
    }
}

#[test]
fn every_window_holds_each_sample_once_whoever_has_a_row_by_then() {
    let stream = stream(3);
    let mut state = unnamed();
    let steps = fold(&mut state, &records_of(&stream, 3));
    let chunks: Vec<&Chunk> = steps.iter().flat_map(|step| &step.chunks).collect();
    let windows: Vec<u64> =
        events(&steps, "snapshot").iter().filter_map(|snapshot| snapshot[1][0].as_u64()).collect();
    let mut known: BTreeMap<u32, SeriesKey> = BTreeMap::new();
    let mut by_rows = Vec::new();
    let mut anew = 0;
    for chunk in chunks {
        if chunk.index.is_multiple_of(DEFINED_EVERY) {
            known.clear();
        }
        let rows = Windows::parse(&chunk.windows).expect("windows read back");
        for (number, key) in &rows.defined {
            anew += u32::from(known.insert(*number, key.clone()).is_some_and(|before| before != *key));
        }
        for window in rows.windows {
            let of = |metric: &str| -> u64 {
                let is = |key: &SeriesKey| key.dimension == Dimension::Request && key.metric == metric;
                let own = window.partials.iter().filter(|partial| is(&known[&partial.series]));
                own.map(|partial| partial.count).sum()
            };
            assert_eq!(of("http_reqs"), of("http_req_duration"));
            by_rows.push(of("http_reqs"));
        }
    }
    assert!(anew > 0, "numbers are given to other series");
    assert_eq!(by_rows, windows.iter().copied().filter(|&count| count > 0).collect::<Vec<_>>());
    assert_eq!(by_rows.iter().sum::<u64>(), stream.len() as u64);
}

#[test]
fn a_fold_that_goes_on_from_a_checkpoint_comes_to_the_same_bytes() {
    let records = records_of(&stream(5), 5);
    let mut whole = unnamed();
    let steps = fold(&mut whole, &records);
    let mut state = unnamed();
    let mut resumed = Vec::new();
    for part in records.chunks(7) {
        resumed.extend(fold(&mut state, part));
        state = postcard::from_bytes(&bytes(&state)).expect("the state reads back");
    }
    assert_eq!(bytes(&state), bytes(&whole));
    let chunks = |steps: &[Step]| steps.iter().flat_map(|step| step.chunks.clone()).collect::<Vec<_>>();
    assert_eq!(chunks(&resumed), chunks(&steps));
}

#[test]
fn names_that_never_come_again_leave_the_state_as_large_as_it_was() {
    let mut state = unnamed();
    let mut sizes = Vec::new();
    for second in 0..100 {
        let names: Vec<String> = (0..1_000).map(|n| format!("/item/x{:06}", second * 1_000 + n)).collect();
        let batch: Vec<(&str, f64)> = names.iter().map(|name| (name.as_str(), 5.0)).collect();
        fold(&mut state, &[requests(second, &batch)]);
        sizes.push(bytes(&state).len());
    }
    assert!(
        sizes[99] < sizes[9] * 11 / 10,
        "{} bytes after 10,000 names, {} after 100,000",
        sizes[9],
        sizes[99]
    );
    fold(&mut state, &[record(0, Body::NewRun)]);
    let rows = rows(&state);
    assert!(rows.len() <= BREAKDOWN_KEYS + 1);
    assert_eq!(requests_of(&rows), 100_000);
}

#[test]
fn too_many_names_are_shortened_and_the_rows_before_are_in_the_shorter_ones() {
    let mut random = Random(9);
    let mut records = Vec::new();
    let mut orders = 0;
    for second in 0..40 {
        let names: Vec<String> = (0..50)
            .map(|n| match n % 5 {
                0 => "https://x.io/login".to_owned(),
                1 => format!("https://x.io/find?q=word{}", random.below(100_000)),
                _ => format!("https://x.io/users/{}/orders", random.below(1 << 40)),
            })
            .collect();
        orders += names.iter().filter(|name| name.ends_with("orders")).count();
        records.push(requests(second, &names.iter().map(|name| (name.as_str(), 5.0)).collect::<Vec<_>>()));
    }
    records.push(record(0, Body::NewRun));
    let mut state = unnamed();
    fold(&mut state, &records[..3]);
    assert!(rows(&state).iter().all(|row| row["names"].is_null()), "few names stay as they are");
    fold(&mut state, &records[3..]);
    let short = rows(&state);
    let keys: Vec<&str> = short.iter().map(|row| row["key"][1].as_str().unwrap()).collect();
    assert_eq!(keys, ["https://x.io/find?q={value}", "https://x.io/login", "https://x.io/users/{id}/orders"]);
    assert_eq!(requests_of(&short), 2_000);
    assert!(short.iter().all(|row| row["missed"].is_null()), "nothing was in (other) before");
    let row = row(&short, "https://x.io/users/{id}/orders").unwrap();
    assert_eq!(row["count"], orders);
    let names = row["names"].as_u64().unwrap();
    assert!(names.abs_diff(orders as u64) as f64 <= 0.2 * orders as f64, "{names} of {orders}");

    // The same in another's hands, and whole where somebody wants it so.
    let mut resumed = unnamed();
    for record in &records {
        fold(&mut resumed, std::slice::from_ref(record));
        resumed = postcard::from_bytes(&bytes(&resumed)).expect("the state reads back");
    }
    assert_eq!(bytes(&resumed), bytes(&state));
    for record in &mut records {
        if let Body::Data(batch) = &mut record.body {
            batch.settings.keeps_names = true;
        }
    }
    let mut kept = unnamed();
    fold(&mut kept, &records);
    let kept = rows(&kept);
    assert_eq!((kept.len(), requests_of(&kept)), (BREAKDOWN_KEYS + 1, 2_000));
    assert!(kept.iter().all(|row| !row["key"].to_string().contains('{')));
}
