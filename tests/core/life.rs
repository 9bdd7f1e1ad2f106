//! The life of a run: when it begins and ends, and which window a sample counts in. Records are
//! made by hand, so that every time in them is the test's own.

use loadgate::fold::{LogState, Step};
use loadgate::names::{LogName, TestName};
use loadgate::record::cell::Cell;
use loadgate::record::packed::Packed;
use loadgate::record::sketch::bucket_of;
use loadgate::record::{Batch, Body, Dimension, Record, Second, Sent, Sequence, SeriesKey};
use loadgate::settings::Settings;
use serde_json::Value;

/// Any time: Unix seconds of the first sample.
const T: i64 = 1_795_300_000;
/// Its receive time, Unix ms.
const R: u64 = 1_795_300_000_000;

const FINISH: Body = Body::Finish { run: 1, sent: Sent::Perhaps };

fn log() -> LogName {
    LogName::unnamed(TestName::parse("shop").expect("a name"))
}

fn record(received_ms: u64, body: Body) -> Record {
    Record::new(received_ms, "k6", body)
}

/// One sample of a metric for each value, each in a second of its own age.
fn batch(metric: &str, samples: &[(i64, f64)]) -> Batch {
    let mut samples = samples.to_vec();
    samples.sort_by_key(|(age, _)| *age);
    let ns = |age: i64| (T + age) * 1_000_000_000;
    let second = |&(age, value): &(i64, f64)| {
        let sketch = Packed::from_sorted(&[bucket_of(value)]);
        let nonzero = u64::from(value != 0.0);
        let last_ns = ns(age);
        let cell =
            Cell { count: 1, nonzero, sum: value, min: value, max: value, last: value, last_ns, sketch };
        Second { second: T + age, cells: vec![(0, cell)] }
    };
    Batch {
        settings: Settings::default().fold,
        oldest_ns: ns(samples[0].0),
        newest_ns: ns(samples[samples.len() - 1].0),
        samples: samples.len() as u64,
        series: vec![SeriesKey { dimension: Dimension::Metric, key: Vec::new(), metric: metric.to_owned() }],
        seconds: samples.iter().map(second).collect(),
        ..Batch::default()
    }
}

fn data(received_ms: u64, ages: &[i64]) -> Record {
    let samples: Vec<(i64, f64)> = ages.iter().map(|&age| (age, 1.0)).collect();
    record(received_ms, Body::Data(Box::new(batch("http_reqs", &samples))))
}

fn import(received_ms: u64, ages: &[i64]) -> Record {
    let mut made = data(received_ms, ages);
    if let Body::Data(batch) = &mut made.body {
        batch.import = true;
    }
    made
}

/// Folds, giving records that ended a run before them again, as a folder does.
fn fold(state: &mut LogState, records: &[Record]) -> Vec<Step> {
    let mut steps = Vec::new();
    for record in records {
        loop {
            steps.push(state.step(record, None));
            if steps[steps.len() - 1].consumed {
                break;
            }
        }
    }
    steps
}

fn summary(state: &LogState) -> Value {
    serde_json::from_str(&loadgate_documents::to_json(
        &loadgate::documents::summary(state),
        loadgate_documents::Digits::All,
    ))
    .expect("JSON")
}

/// What the run would have in all if it ended now: open windows are in no summary of a live run.
fn requests(state: &LogState) -> Value {
    let mut ended = state.clone();
    fold(&mut ended, &[record(R + 10_000_000, Body::IdleEnd)]);
    summary(&ended)["metrics"]["http_reqs"]["values"]["count"].clone()
}

/// The run that the log is in after these records, and whether it is live.
fn after(log: LogName, records: &[Record]) -> (String, bool) {
    let mut state = LogState::new(log);
    fold(&mut state, records);
    state.current().map_or((String::new(), false), |run| (run.run.to_string(), run.live))
}

#[test]
fn a_run_ends_by_receive_times_and_by_nothing_else() {
    let first = || data(R, &[0]);
    for (what, log, records, run, live) in [
        ("data just within the idle time", log(), vec![first(), data(R + 29_999, &[30])], "shop.1", true),
        ("data after the idle time", log(), vec![first(), data(R + 30_000, &[30])], "shop.2", true),
        ("event times alone", log(), vec![first(), data(R + 1_000, &[500])], "shop.1", true),
        ("an idle end too early", log(), vec![first(), record(R + 29_999, Body::IdleEnd)], "shop.1", true),
        ("an idle end", log(), vec![first(), record(R + 30_000, Body::IdleEnd)], "shop.1", false),
        ("a new run", log(), vec![first(), record(R + 1, Body::NewRun)], "shop.1", false),
        (
            "a finish of another run",
            log(),
            vec![first(), record(R + 1_000, Body::Finish { run: 2, sent: Sent::All })],
            "shop.1",
            true,
        ),
        (
            "a finish when all was sent",
            log(),
            vec![first(), record(R, Body::Finish { run: 1, sent: Sent::All })],
            "shop.1",
            false,
        ),
        ("a finish alone", log(), vec![first(), record(R + 1_000, FINISH)], "shop.1", true),
        (
            "the last flush after a finish",
            log(),
            vec![first(), record(R + 1_000, FINISH), data(R + 2_999, &[1])],
            "shop.1",
            true,
        ),
        (
            "data 2 s after a finish",
            log(),
            vec![first(), record(R + 1_000, FINISH), data(R + 3_000, &[1])],
            "shop.2",
            true,
        ),
        (
            "a second finish, which puts nothing off",
            log(),
            vec![
                first(),
                record(R + 1_000, FINISH),
                record(R + 2_500, FINISH),
                record(R + 3_000, Body::IdleEnd),
            ],
            "shop.1",
            false,
        ),
        ("a silent import", log(), vec![import(R, &[0]), import(R + 3_599_999, &[9])], "shop.1", true),
        (
            "an import after an hour",
            log(),
            vec![import(R, &[0]), import(R + 3_600_000, &[9])],
            "shop.2",
            true,
        ),
        ("a new run on an import", log(), vec![import(R, &[0]), record(R + 1, Body::NewRun)], "shop.1", true),
        ("an import's finish", log(), vec![import(R, &[0]), record(R + 1, FINISH)], "shop.1", false),
        ("only declarations", log(), vec![record(R, Body::Declared), record(R, Body::NewRun)], "", false),
    ] {
        assert_eq!(after(log, &records), (run.to_owned(), live), "{what}");
    }
}

#[test]
fn nothing_is_lost_or_counted_twice_where_a_run_ends() {
    let mut state = LogState::new(log());
    let steps = fold(&mut state, &[data(R, &[0, 1]), data(R + 30_000, &[30, 31, 32])]);
    assert_eq!(steps.iter().map(|step| step.consumed).collect::<Vec<_>>(), [true, false, true]);
    let ended = steps[1].ended.as_ref().expect("the first run ended");
    assert_eq!((ended.ticket, ended.end_ms), (2, (T as u64 + 1) * 1_000));
    assert_eq!(steps[2].began.as_ref().expect("the second began").ticket, 2);
    assert_eq!(requests(&state), 3);
    assert_eq!(state.next_ticket(), 3);
}

#[test]
fn late_and_misdated_samples_count_and_are_told() {
    let mut state = LogState::new(log());
    fold(&mut state, &[data(R, &[0]), data(R + 1_000, &[10]), data(R + 2_000, &[1]), data(R + 3_000, &[-5])]);
    let health = &summary(&state)["health"];
    assert_eq!((&health["late"], &health["misdated"]), (&2.into(), &0.into()));
    // More than ten minutes ahead: counted, but time does not move.
    fold(&mut state, &[data(R + 4_000, &[10 + 601])]);
    assert_eq!(summary(&state)["health"]["misdated"], 1);
    assert_eq!(state.current().expect("a run").newest_ms, (T as u64 + 10) * 1_000);
    fold(&mut state, &[record(R + 60_000, Body::IdleEnd)]);
    assert_eq!(requests(&state), 5);
    assert_eq!(summary(&state)["end"], (T + 10) * 1_000);
}

#[test]
fn windows_close_a_grace_after_their_end_and_none_follows_the_newest_sample() {
    let mut state = LogState::new(log());
    let count = |steps: Vec<Step>| {
        let events = steps.iter().flat_map(|step| &step.chunks).flat_map(|chunk| &chunk.events);
        events.filter(|event| event.kind == "snapshot").count()
    };
    assert_eq!(count(fold(&mut state, &[data(R, &[0]), data(R + 3_000, &[3])])), 0);
    assert_eq!(count(fold(&mut state, &[data(R + 4_000, &[4])])), 1);
    let steps = fold(&mut state, &[record(R + 900_000, Body::IdleEnd)]);
    let stop = steps[0].chunks.last().and_then(|chunk| chunk.events.last()).expect("a last event");
    assert_eq!(stop.kind, "stop");
    assert!(stop.data.contains(&((T + 4) * 1_000).to_string()), "{}", stop.data);
    assert!(count(steps) <= 2);
}

#[test]
fn a_numbered_batch_counts_once_through_the_next_run_too() {
    let numbered = |received_ms, batch, ages: &[i64]| Record {
        sequence: Some(Sequence { batch, piece: 0 }),
        ..data(received_ms, ages)
    };
    let mut state = LogState::new(log());
    fold(&mut state, &[numbered(R, 1, &[0]), numbered(R + 1, 1, &[0]), numbered(R + 2, 2, &[1])]);
    assert_eq!(requests(&state), 2);
    fold(&mut state, &[numbered(R + 40_000, 3, &[40]), numbered(R + 40_001, 2, &[1])]);
    assert_eq!((requests(&state), state.next_ticket()), (1.into(), 6));
    let other = Record { source: "k6-2".to_owned(), ..numbered(R + 40_002, 3, &[40]) };
    fold(&mut state, &[other]);
    assert_eq!(requests(&state), 2);
}

#[test]
fn an_undeclared_type_is_guessed_by_all_values_so_far() {
    for (values, guess) in
        [(&[1.0, 1.0][..], "counter"), (&[1.0, 0.0], "rate"), (&[0.0], "rate"), (&[0.0, 2.5], "trend")]
    {
        let mut state = LogState::new(log());
        let samples: Vec<(i64, f64)> = values.iter().zip(0..).map(|(&value, age)| (age, value)).collect();
        let made = batch("mine", &samples);
        fold(&mut state, &[record(R, Body::Data(Box::new(made))), record(R + 60_000, Body::IdleEnd)]);
        assert_eq!(summary(&state)["metrics"]["mine"]["type"], guess, "{values:?}");
    }
}

#[test]
fn a_state_that_was_stored_between_any_two_records_goes_on_alike() {
    let records: Vec<Record> =
        (0..60).map(|at| data(R + at * 1_000, &[at as i64, at as i64 - 1, at as i64 - 7])).collect();
    let (mut kept, mut stored) = (LogState::new(log()), LogState::new(log()));
    for record in &records {
        let bytes = postcard::to_allocvec(&stored).expect("a state is stored");
        stored = postcard::from_bytes(&bytes).expect("and read");
        assert_eq!(kept.step(record, None), stored.step(record, None));
        let bytes = |state| postcard::to_allocvec(state).expect("a state is stored");
        assert_eq!(bytes(&kept), bytes(&stored));
        assert_eq!(loadgate::documents::state(&kept), loadgate::documents::state(&stored));
    }
}

#[test]
fn the_order_of_records_within_open_windows_does_not_matter() {
    let snapshots = |order: [usize; 3]| {
        let middle = [data(R + 1, &[0, 2]), data(R + 1, &[1, 3]), data(R + 1, &[3])];
        let mut records = vec![data(R, &[0])];
        records.extend(order.map(|at| middle[at].clone()));
        records.push(data(R + 2, &[20]));
        let mut state = LogState::new(log());
        let steps = fold(&mut state, &records);
        let chunks = steps.into_iter().flat_map(|step| step.chunks).collect::<Vec<_>>();
        (chunks, loadgate::documents::state(&state))
    };
    for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        assert_eq!(snapshots(order), snapshots([0, 1, 2]), "{order:?}");
    }
}
