//! What no fixture shows: other spellings, and limits.

use crate::fixtures::{NOW, Owned, fixtures};
use loadgate_lifecycle::{Event, Outcome, StartFrom, limits};
use serde_json::{Value, json};

const SDLC: &str = "/platform/ingest/v1/events.sdlc";

/// A lifecycle event of a finished test, with these fields more.
fn finished(more: &Value) -> Result<Event, String> {
    let mut fields = json!({"event.type": "test", "event.status": "finished"});
    for (name, value) in more.as_object().unwrap() {
        fields[name] = value.clone();
    }
    let taken = Owned::json(SDLC, &fields.to_string()).read(NOW).map_err(|refusal| refusal.to_string())?;
    Ok(taken.events.into_iter().next().unwrap())
}

#[test]
fn durations_are_read_however_they_are_written() {
    for (written, ms) in [
        (json!(59_000_000_000_u64), 59_000),
        (json!("59000000000"), 59_000),
        (json!(59_000), 59_000),
        (json!("59000"), 59_000),
        (json!(59_000.0), 59_000),
        (json!("3s"), 3_000),
        (json!("1m"), 60_000),
        (json!("1m30s"), 90_000),
        (json!("1h2m3s"), 3_723_000),
        (json!("1.5h"), 5_400_000),
        (json!("250ms"), 250),
        (json!("1d"), 86_400_000),
        (json!("PT1M30S"), 90_000),
        (json!(0), 0),
        (json!(999_999_999), 999_999_999),
        (json!(1_000_000_000), 1_000),
    ] {
        let event =
            finished(&json!({"duration": written})).unwrap_or_else(|error| panic!("{written}: {error}"));
        assert_eq!((event.duration, event.start), (Some(ms), Some(NOW - ms)), "{written}");
        assert_eq!(event.start_from, Some(StartFrom::ArrivalMinusDuration));
    }
    for (written, said) in [
        (json!("-3s"), "negative"),
        (json!(-1), "negative"),
        (json!("-59000000000"), "negative"),
        (json!(""), "no duration"),
        (json!("1 moon"), "no duration"),
        (json!("1y"), "no duration"),
        (json!(true), "no duration"),
        (json!([1]), "no duration"),
        (json!("400d"), "longer than a year"),
        (json!(u64::MAX), "longer than a year"),
        (json!(1e300), "longer than a year"),
    ] {
        let said_now = finished(&json!({"duration": written})).unwrap_err();
        assert!(said_now.contains(said), "{written}: {said_now}");
    }
}

#[test]
fn moments_are_read_exactly_whatever_their_unit() {
    for written in [
        json!(1_795_219_140_001_000_000_u64),
        json!("1795219140001000000"),
        json!(1_795_219_140_001_000_u64),
        json!(1_795_219_140_001_u64),
        json!("2026-11-20T23:59:00.001Z"),
        json!("2026-11-21T00:59:00.001+01:00"),
        json!(1_795_219_140.001),
    ] {
        let event =
            finished(&json!({"start_time": written})).unwrap_or_else(|error| panic!("{written}: {error}"));
        assert_eq!((event.start, event.duration), (Some(NOW - 59_999), Some(59_999)), "{written}");
    }
    for written in [json!("yesterday"), json!(-1), json!({}), json!(1e300), json!("2026-11-20"), json!("+1")]
    {
        let said = finished(&json!({"start_time": written})).unwrap_err();
        assert!(said.starts_with("start_time: ") && said.contains("is no moment"), "{written}: {said}");
    }
    let late = finished(&json!({"start_time": NOW + 1})).unwrap_err();
    assert_eq!(late, "the test ends before it starts");
}

#[test]
fn two_of_start_end_and_duration_give_the_third_and_moments_go_first() {
    let window = |fields| {
        let event = finished(&fields).unwrap();
        (event.start, event.end, event.duration, event.start_from)
    };
    let (start, end) = (NOW - 100_000, NOW - 40_000);
    let whole = (Some(start), Some(end), Some(60_000), None);
    assert_eq!(window(json!({"start_time": start, "duration": "1m"})), whole);
    assert_eq!(window(json!({"start_time": start, "end_time": end, "duration": "5m"})), whole);
    let derived = (Some(start), Some(end), Some(60_000), Some(StartFrom::EndMinusDuration));
    assert_eq!(window(json!({"end_time": end, "duration": "1m"})), derived);
    assert_eq!(window(json!({"timestamp": end, "duration": "1m"})), derived);
}

#[test]
fn parameters_of_the_query_are_attributes_and_the_bodys_own_go_first() {
    let mut request =
        Owned::json(SDLC, r#"{"event.type": "test", "event.status": "finished", "task.id": "7"}"#);
    let query =
        [("task.id", "8"), ("task.name", "checkout"), ("duration", "1m"), ("stage", "prod"), ("token", "s")];
    request.query = query.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let event = &request.read(NOW).unwrap().events[0];
    assert_eq!((event.names_run(), event.names_test()), (Some("7"), Some("checkout")));
    assert_eq!(event.duration, Some(60_000));
    let stage = [("stage".to_owned(), "prod".to_owned())];
    assert_eq!(event.attributes, stage.into(), "a token is no attribute");
}

#[test]
fn a_run_is_named_by_the_event_or_by_its_context() {
    let named = |fields| finished(&fields).unwrap().names_run().map(str::to_owned);
    assert_eq!(named(json!({"run": "a", "task.id": "b"})).as_deref(), Some("a"));
    assert_eq!(named(json!({"task.id": 42})).as_deref(), Some("42"));
    assert_eq!(named(json!({"task.id": "", "execution_context": {"runId": "c"}})).as_deref(), Some("c"));
    assert_eq!(named(json!({"execution_context": r#"{"run_id": "d"}"#})).as_deref(), Some("d"));
    assert_eq!(named(json!({"execution_context": "build 42"})), None);
    let free = finished(&json!({"execution_context": "build 42"})).unwrap();
    assert_eq!(free.context, Some(json!("build 42")));
}

#[test]
fn outcomes_have_one_vocabulary_and_other_words_are_kept() {
    for (word, outcome) in [
        ("Success", Outcome::Success),
        ("passed", Outcome::Success),
        ("FAILED", Outcome::Failure),
        ("cancelled", Outcome::Cancel),
        ("error", Outcome::Error),
    ] {
        let event = finished(&json!({"task.outcome": word})).unwrap();
        assert_eq!((event.outcome, event.attributes.len()), (Some(outcome), 0), "{word}");
    }
    let event = finished(&json!({"task.outcome": "unstable"})).unwrap();
    assert_eq!(event.outcome, None);
    assert_eq!(event.attributes["task.outcome"], "unstable");
}

#[test]
fn the_events_api_answers_with_a_report_of_the_request() {
    let request = Owned::json("/api/v2/events/ingest", r#"{"eventType": "CUSTOM_INFO", "title": "over"}"#);
    let answer = request.read(NOW).unwrap().answer;
    let body: Value = serde_json::from_str(&answer.body.unwrap()).unwrap();
    let id = body["eventIngestResults"][0]["correlationId"].as_str().unwrap();
    assert!(id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit()));
    let told = json!({"reportCount": 1, "eventIngestResults": [{"correlationId": id, "status": "OK"}]});
    assert_eq!(body, told);
}

#[test]
fn cloudevents_are_known_by_their_fields_under_any_json() {
    let all = fixtures();
    let of = |file: &str| all.iter().find(|fixture| fixture.file == file).unwrap();
    for file in ["cdevents-05-suite-finished-failure.json", "cloudevents-batch.json"] {
        let mut request = of(file).request.clone();
        let told = request.read(NOW).unwrap();
        for media in
            ["application/json", "application/json; charset=utf-8", "text/json", "application/x+json"]
        {
            request.headers.insert("content-type", media.parse().unwrap());
            assert_eq!(request.read(NOW).unwrap().events, told.events, "{file} {media}");
        }
        request.headers.remove("content-type");
        assert_eq!(request.read(NOW).unwrap().events, told.events, "{file}");
        request.headers.insert("content-type", "text/plain".parse().unwrap());
        assert_eq!(request.read(NOW).unwrap_err().status(), 415, "{file}");
    }
}

#[test]
fn a_cloudevent_and_the_cdevent_within_must_agree() {
    let all = fixtures();
    let structured = |file: &str, change: &dyn Fn(&mut Value)| {
        let mut request = all.iter().find(|fixture| fixture.file == file).unwrap().request.clone();
        let mut event: Value = serde_json::from_slice(&request.body).unwrap();
        change(&mut event);
        request.body = event.to_string().into_bytes();
        request.read(NOW).map(|taken| taken.events.len()).map_err(|refusal| refusal.to_string())
    };
    let five = |change: &dyn Fn(&mut Value)| structured("cdevents-05-suite-started.json", change);
    assert_eq!(five(&|event| event["time"] = json!("2026-11-21T00:59:00+01:00")), Ok(1), "the same moment");
    assert_eq!(five(&|event| drop(event.as_object_mut().unwrap().remove("time"))), Ok(1));
    assert_eq!(five(&|event| drop(event.as_object_mut().unwrap().remove("subject"))), Ok(1));
    for (field, value, place) in [
        ("source", "/other", "data.context.source"),
        ("subject", "other", "data.subject.id"),
        ("time", "2026-11-20T23:59:01Z", "data.context.timestamp"),
        ("type", "dev.cdevents.testsuiterun.finished.0.3.0", "data.context.type"),
    ] {
        let said = five(&|event| event[field] = json!(value)).unwrap_err();
        assert!(said.starts_with(&format!("{place}: the CDEvent says ")) && said.contains(value), "{said}");
    }
    let said =
        structured("cdevents-04-suite-queued.json", &|event| event["data"]["subject"]["type"] = json!("x"));
    assert_eq!(said, Err(r#"data.subject.type: "x" is none of testSuiteRun"#.to_owned()));
    for (data, said) in
        [("!", "data_base64: not base64"), ("MQ==", "data_base64: an object is expected, a number is given")]
    {
        let told = structured("cdevents-05-data-base64.json", &|event| event["data_base64"] = json!(data));
        assert_eq!(told, Err(said.to_owned()));
    }
}

#[test]
fn what_is_ignored_in_an_array_has_its_index_and_alone_has_none() {
    let ignored = |body: &str| Owned::json(SDLC, body).read(NOW).unwrap().ignored;
    assert_eq!(ignored(r#"{"event.type": "build"}"#), ["event.type build"]);
    assert_eq!(ignored(r#"[{"event.type": "build"}]"#), ["element 0: event.type build"]);
    for (fields, why) in [
        (r#""event.status": "running""#, "event.status running"),
        (r#""event.category": "task""#, "event.category task"),
        (r#""more": 1"#, "neither event.status nor event.category says how far the test is"),
    ] {
        assert_eq!(ignored(&format!(r#"{{"event.type": "test", {fields}}}"#)), [why]);
    }
}

#[test]
fn beyond_every_limit_is_a_sentence() {
    let said = |body: &str| {
        let refusal = Owned::json(SDLC, body).read(NOW).unwrap_err();
        (refusal.status().as_u16(), refusal.to_string())
    };
    let text = "x".repeat(limits::TEXT_BYTES + 1);
    let (status, sentence) = said(&" ".repeat(limits::BODY_BYTES + 1));
    assert_eq!(
        (status, sentence.as_str()),
        (413, "1048577 bytes are more than the 1048576 that a request may have")
    );
    let (status, sentence) = said(&json!(vec![json!({}); limits::EVENTS + 1]).to_string());
    assert_eq!(
        (status, sentence.as_str()),
        (413, "1001 events are more than the 1000 that a request may have")
    );
    for depth in [limits::DEPTH + 1, 127, 5_000] {
        let (status, sentence) = said(&format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
        assert_eq!(status, 400, "{sentence}");
        let parser = sentence.contains("recursion limit");
        assert!(parser || sentence == "objects and arrays stand within one another deeper than 16");
    }
    let long = finished(&json!({"task.id": text})).unwrap_err();
    assert_eq!(long, "task.id: 4097 bytes are more than the 4096 that a text may have");
    assert!(finished(&json!({"more": text})).unwrap_err().starts_with("more: 4097 bytes"));
    let carried = json!({"execution_context": {"a": "x".repeat(limits::CARRIED_BYTES)}});
    assert!(finished(&carried).unwrap_err().contains("that are carried along"));
    let many: serde_json::Map<String, Value> =
        (0..=limits::ATTRIBUTES).map(|i| (format!("f{i}"), json!(i))).collect();
    assert_eq!(finished(&Value::Object(many)).unwrap_err(), "the event carries more than 100 fields");
}

#[test]
fn the_deepest_context_in_a_string_stays_text() {
    let deep = format!("{}1{}", r#"{"a":"#.repeat(100), "}".repeat(100));
    assert_eq!(finished(&json!({"execution_context": deep})).unwrap().context, Some(json!(deep)));
}
