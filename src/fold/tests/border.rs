//! Whether data behind a hello begin a run.

use super::*;

const NOW: u64 = T as u64 * 1_000;

/// Data of a connection that said hello at a time.
fn by(peer: &str, greeted_ms: Option<u64>, at_ms: u64) -> Record {
    let mut made = data(NOW + at_ms, &[((NOW + at_ms) as i64, "http_reqs", 1.0)]);
    made.peer = peer.to_owned();
    made.greeted_ms = greeted_ms.map(|ms| NOW + ms);
    made.hello_ms = made.greeted_ms;
    made
}

/// How many requests each run has.
fn runs(records: &[Record]) -> Vec<u64> {
    let mut state = unnamed();
    let mut steps = fold(&mut state, records);
    steps.extend(fold(&mut state, &[record(NOW + 10_000_000, Body::IdleEnd)]));
    let mut counts = Vec::new();
    for step in steps {
        for chunk in step.chunks {
            let number = chunk.run.number as usize - 1;
            counts.resize(counts.len().max(number + 1), 0);
            for event in chunk.events.iter().filter(|event| event.kind == "snapshot") {
                let snapshot: serde_json::Value = serde_json::from_str(&event.data).unwrap();
                counts[number] += snapshot[0][0].as_f64().unwrap_or(0.0) as u64;
            }
        }
    }
    counts
}

/// Posts every `interval_ms` from the hello on, and a last one at the end.
fn generator(peer: &str, hello_ms: u64, interval_ms: u64, until_ms: u64) -> Vec<Record> {
    let mut times: Vec<u64> =
        (1..).map(|n| hello_ms + n * interval_ms).take_while(|&at| at < until_ms).collect();
    times.push(until_ms);
    times.into_iter().map(|at| by(peer, Some(hello_ms), at)).collect()
}

fn merged(mut all: Vec<Vec<Record>>) -> Vec<Record> {
    let mut records: Vec<Record> = all.drain(..).flatten().collect();
    records.sort_by_key(|record| record.received_ms);
    records
}

#[test]
fn a_generator_after_the_other_begins_a_run_and_one_beside_it_does_not() {
    for interval in [300, 1_000, 5_000, 10_000] {
        let first = || generator("a:1", 0, interval, 40_000);
        let after = generator("a:2", 40_200, interval, 80_000);
        let count = first().len() as u64;
        assert_eq!(
            runs(&merged(vec![first(), after.clone()])),
            [count, after.len() as u64],
            "every {interval} ms, one after the other"
        );
        for hello in [500, 5_000, 15_000, 38_000] {
            let beside = generator("a:2", hello, interval, 79_000);
            let both = count + beside.len() as u64;
            assert_eq!(runs(&merged(vec![first(), beside])), [both], "every {interval} ms, joins at {hello}");
        }
    }
}

#[test]
fn tests_shorter_than_an_interval_are_runs_of_their_own() {
    let short = |n: u64| by(&format!("a:{n}"), Some(n * 340), n * 340 + 280);
    let records: Vec<Record> = (1..=4).map(short).collect();
    let mut state = unnamed();
    fold(&mut state, &records[..1]);
    let until = match state.border(&records[1], records[2..].iter()) {
        Border::Undecided { until_ms } => until_ms,
        other => panic!("nothing has decided yet: {other:?}"),
    };
    assert!(until > records[3].received_ms && until < records[3].received_ms + 3_000);
    let mut all = records;
    // Whoever notices the silence says so, again and again.
    all.extend((1..10).map(|n| record(NOW + 2_000 + n * 500, Body::IdleEnd)));
    assert_eq!(runs(&all), [1, 1, 1, 1]);
}

#[test]
fn what_decides_once_decides_always_whatever_follows() {
    let records = merged(vec![generator("a:1", 0, 1_000, 9_000), generator("a:2", 9_100, 1_000, 20_000)]);
    let mut state = unnamed();
    for at in 0..records.len() {
        let mut decided = None;
        for end in at + 1..=records.len() {
            match (state.border(&records[at], records[at + 1..end].iter()), decided) {
                (Border::Undecided { .. }, None) => {}
                (now, None) => decided = Some(now),
                (now, Some(before)) => assert_eq!(now, before),
            }
        }
        if decided == Some(Border::Begins) {
            state.end_before(&records[at]);
        }
        state.step(&records[at], None);
    }
    assert_eq!(state.current().unwrap().run.number, 2);
}

#[test]
fn a_newcomer_after_a_finish_needs_no_waiting() {
    let mut state = unnamed();
    fold(&mut state, &generator("a:1", 0, 1_000, 3_200));
    state.step(&record(NOW + 3_300, Body::Finish { run: 1, sent: Sent::Perhaps }), None);
    let newcomer = by("a:2", Some(3_400), 4_400);
    assert_eq!(state.border(&newcomer, [].iter()), Border::Begins);
}

#[test]
fn who_has_sent_all_ends_the_run_only_when_nobody_else_is_at_it() {
    let all_by =
        |name: &str, at_ms| record(NOW + at_ms, Body::Finish { run: 1, sent: Sent::AllBy(name.to_owned()) });
    let mut state = unnamed();
    fold(&mut state, &merged(vec![generator("a", 0, 500, 4_000), generator("b", 100, 500, 4_100)]));
    assert!(state.step(&all_by("a", 4_100), None).ended.is_none());
    assert!(state.step(&all_by("b", 4_200), None).ended.is_some());
}

#[test]
fn behind_a_proxy_the_rhythm_of_vus_tells_generators_apart() {
    // Every request comes by a connection of its own, and none of them is one that said hello.
    let mut port = 0;
    let mut process = |hello_ms: u64, until_ms: u64, newest_hello: u64| -> Vec<Record> {
        (1..)
            .map(|n| hello_ms + n * 1_000)
            .take_while(|&at| at <= until_ms)
            .map(|at| {
                port += 1;
                let ms = (NOW + at) as i64;
                let mut made = data(NOW + at, &[(ms, "http_reqs", 1.0), (ms - 30, "vus", 2.0)]);
                made.peer = format!("proxy:{port}");
                made.hello_ms = Some(NOW + if at > newest_hello { newest_hello } else { 0 });
                made
            })
            .collect()
    };
    let sequence = merged(vec![process(0, 9_000, 0), process(9_600, 20_000, 9_600)]);
    assert_eq!(runs(&sequence), [9, 10]);
    let beside = merged(vec![process(0, 20_000, 5_400), process(5_400, 30_000, 5_400)]);
    assert_eq!(runs(&beside), [44]);
}

#[test]
fn a_connection_for_every_request_does_not_fill_the_state() {
    let mut state = unnamed();
    for second in 0..2_000 {
        let port = format!("10.0.0.1:{}", 1_024 + second);
        fold(&mut state, &[by(&port, None, second * 1_000)]);
    }
    let many = bytes(&state).len();
    let mut state = unnamed();
    for second in 0..2_000 {
        fold(&mut state, &[by("10.0.0.1:1024", None, second * 1_000)]);
    }
    let one = bytes(&state).len();
    assert!(many < one + 8_000, "{many} and {one} bytes");
}
