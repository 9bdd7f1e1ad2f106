//! Where runs begin and end.

use super::*;

const NOW: u64 = T as u64 * 1_000;

const FINISH: Body = Body::Finish { run: 1, sent: Sent::Perhaps };

/// A run whose newest data came at `NOW`.
fn running() -> LogState {
    let mut state = unnamed();
    let began = state.step(&request_at(0), None).began.expect("data begin a run");
    assert_eq!((began.run.number, began.start_ms, began.ticket, began.import), (1, NOW, 1, false));
    state
}

fn is_live(state: &LogState) -> bool {
    state.current().is_some_and(|run| run.live)
}

#[test]
fn a_record_ends_a_run_only_when_its_receive_time_says_so() {
    for (body, after_ms, ends) in [
        (Body::IdleEnd, IDLE_MS - 1, false),
        (Body::IdleEnd, IDLE_MS, true),
        (Body::NewRun, 0, true),
        (Body::Declared, 10 * IDLE_MS, false),
        (FINISH, 10 * IDLE_MS, false),
        (Body::Finish { run: 1, sent: Sent::All }, 0, true),
        (Body::Finish { run: 2, sent: Sent::All }, 0, false),
    ] {
        let mut state = running();
        let step = state.step(&record(NOW + after_ms, body.clone()), None);
        assert!(step.consumed);
        assert_eq!((step.ended.is_some(), is_live(&state)), (ends, !ends), "{body:?} after {after_ms}");
        if let Some(end) = step.ended {
            let last = step.chunks.last().expect("an end has a chunk");
            assert_eq!((end.chunk, end.ticket, end.end_ms), (last.index, 3, NOW));
            assert_eq!(last.events.last().unwrap().kind, "stop");
        }
    }
}

#[test]
fn data_after_the_idle_time_first_end_the_run_and_then_begin_the_next() {
    let mut state = running();
    let late = data(NOW + IDLE_MS, &[(T * 1_000, "http_reqs", 1.0)]);
    let step = state.step(&late, None);
    assert!(!step.consumed && step.began.is_none());
    assert_eq!(step.ended.map(|end| end.ticket), Some(2), "the record is not the run's");
    assert_eq!(state.next_ticket(), 2);

    let step = state.step(&late, None);
    assert!(step.consumed && step.ended.is_none());
    assert_eq!(step.began.map(|began| (began.run.number, began.ticket)), Some((2, 2)));
    assert_eq!(step.chunks[0].index, 0);
    assert_eq!(state.next_ticket(), 3);

    let mut state = running();
    assert_eq!(fold(&mut state, &[data(NOW + IDLE_MS - 1, &[(T * 1_000, "http_reqs", 1.0)])]).len(), 1);
    assert!(is_live(&state));
}

#[test]
fn silence_counts_from_the_newest_receive_time_whatever_the_order_of_tickets() {
    let mut state = running();
    state.step(&data(NOW + 20_000, &[(T * 1_000, "http_reqs", 1.0)]), None);
    state.step(&data(NOW + 5_000, &[(T * 1_000, "http_reqs", 1.0)]), None);
    assert_eq!(state.current().unwrap().ends_at_ms, Some(NOW + 20_000 + IDLE_MS));
    state.step(&record(NOW + 6_000 + IDLE_MS, Body::IdleEnd), None);
    assert!(is_live(&state));
    state.step(&record(NOW + 20_000 + IDLE_MS, Body::IdleEnd), None);
    assert!(!is_live(&state));
}

#[test]
fn a_finish_lets_the_last_flush_in() {
    let mut state = running();
    state.step(&record(NOW + 500, FINISH), None);
    // A second finish puts nothing off.
    state.step(&record(NOW + 1_500, FINISH), None);
    assert_eq!(state.current().unwrap().ends_at_ms, Some(NOW + 2_500));
    let flush = |at| data(NOW + at, &[(T * 1_000 + 400, "http_reqs", 1.0)]);
    assert!(state.step(&flush(2_499), None).consumed);
    assert!(state.step(&record(NOW + 2_499, Body::IdleEnd), None).ended.is_none());

    let mut by_data = state.clone();
    assert!(!by_data.step(&flush(2_500), None).consumed, "data 2 s after a finish are the next run's");
    let end = state.step(&record(NOW + 2_500, Body::IdleEnd), None).ended.expect("a finish settles");
    assert_eq!(end.received_ms, NOW + 2_500);
    assert_eq!(summary(&state)["metrics"]["http_reqs"]["values"]["count"], 2);
}

#[test]
fn an_import_ends_by_its_finish_or_after_an_hour() {
    let import = |received_ms| {
        let mut batch = batch(&[(T * 1_000, "http_reqs", 1.0)]);
        batch.import = true;
        record(received_ms, Body::Data(Box::new(batch)))
    };
    let mut state = LogState::new(LogName::import(TestName::from_foreign("shop"), 1));
    assert!(state.step(&import(NOW), None).began.is_some_and(|began| began.import));
    for body in [Body::NewRun, Body::IdleEnd] {
        assert!(state.step(&record(NOW + 3_599_999, body), None).ended.is_none());
    }
    assert!(state.clone().step(&import(NOW + 3_599_999), None).consumed);
    assert!(!state.clone().step(&import(NOW + 3_600_000), None).consumed);
    assert!(state.clone().step(&record(NOW + 3_600_000, Body::IdleEnd), None).ended.is_some());
    assert!(state.step(&record(NOW + 1, FINISH), None).ended.is_some());
}

#[test]
fn nothing_but_samples_begins_a_run() {
    let mut state = unnamed();
    let mut refused = batch(&[]);
    refused.refused.push(("no value".to_owned(), 3));
    let bodies = [Body::Declared, Body::NewRun, FINISH, Body::IdleEnd, Body::Data(Box::new(refused))];
    for body in bodies {
        let step = state.step(&record(NOW, body), None);
        assert_eq!(step, Step { consumed: true, began: None, chunks: Vec::new(), ended: None });
    }
    assert_eq!((state.next_ticket(), state.current()), (6, None));
}

#[test]
fn refused_lines_do_not_keep_a_run_alive() {
    let mut state = running();
    let mut refused = batch(&[]);
    refused.refused.push(("no value".to_owned(), 3));
    state.step(&record(NOW + 10_000, Body::Data(Box::new(refused))), None);
    assert_eq!(state.current().unwrap().ends_at_ms, Some(NOW + IDLE_MS));
    assert_eq!(told(&state, "health")["refusals"], serde_json::json!([["no value", 3]]));
}

#[test]
fn a_numbered_batch_counts_once_through_the_next_run_too() {
    let numbered = |second: i64, batch, piece| Record {
        sequence: Some(crate::record::Sequence { batch, piece }),
        ..request_at(second)
    };
    let count = |state: &LogState| summary(state)["metrics"]["http_reqs"]["values"]["count"].clone();
    let end = |state: &mut LogState, second: i64| {
        state.step(&record(((T + second) * 1_000) as u64, Body::NewRun), None);
    };
    let mut state = unnamed();
    fold(&mut state, &[numbered(0, 1, 0), numbered(1, 1, 1), numbered(1, 1, 0), numbered(2, 1, 1)]);
    end(&mut state, 3);
    assert_eq!(count(&state), 2);

    // A repeat begins no run, and does not count in the next.
    assert!(state.step(&numbered(50, 1, 0), None).began.is_none());
    fold(&mut state, &[numbered(60, 2, 0), numbered(61, 1, 1), numbered(61, 2, 0)]);
    end(&mut state, 62);
    assert_eq!(count(&state), 1);

    // Two runs later it is forgotten.
    fold(&mut state, &[numbered(90, 3, 0), numbered(91, 1, 1), numbered(92, 2, 0)]);
    end(&mut state, 93);
    assert_eq!(count(&state), 2);
}

#[test]
fn a_repeat_is_no_sign_of_life() {
    let numbered = |second: i64| Record {
        sequence: Some(crate::record::Sequence { batch: 1, piece: 0 }),
        ..request_at(second)
    };
    let mut state = unnamed();
    fold(&mut state, &[numbered(0), numbered(20), numbered(100)]);
    assert_eq!(state.current().unwrap().ends_at_ms, Some(NOW + IDLE_MS));
}

#[test]
fn skipped_tickets_only_pass() {
    let mut state = running();
    let before = state.current();
    state.skip();
    assert_eq!((state.next_ticket(), state.current()), (3, before));
}
