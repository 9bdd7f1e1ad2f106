//! Every request of `tests/fixtures/lifecycle` means what its manifest says.

use crate::fixtures::{Fixture, NOW, fixtures};
use serde_json::{Value, json};

/// Beside what the manifest tells of: they have tests of their own.
const MORE: [&str; 4] = ["id", "source", "links", "attributes"];

/// What who sends a bad request reads.
const SENTENCES: &[(&str, &str)] = &[
    ("bad-events-no-title.json", "title is required"),
    (
        "bad-events-unknown-type.json",
        "eventType: \"LOADTEST\" is none of the types of this API, of which CUSTOM_INFO tells of tests",
    ),
    ("bad-events-properties-object.json", "properties.task: a string is expected, an object is given"),
    ("bad-events-array.json", "an object is expected, an array is given"),
    ("bad-json.json", "not JSON: EOF while parsing a value at line 1 column 47"),
    ("bad-json-trailing.json", "not JSON: trailing characters at line 1 column 24"),
    ("bad-json-literal.json", "not JSON: expected `,` or `}` at line 1 column 91"),
    ("bad-empty.json", "the body is empty"),
    ("bad-string.json", "an object or an array is expected, a string is given"),
    ("bad-null.json", "an object or an array is expected, null is given"),
    ("bad-number.json", "an object or an array is expected, a number is given"),
    ("bad-array-of-strings.json", "element 0: an object is expected, a string is given"),
    ("bad-array-mixed.json", "element 1: an object is expected, a string is given"),
    ("bad-encoding.json", "not UTF-8 from byte 37 on"),
    (
        "bad-duration-text.json",
        "duration: \"soon\" is no duration; `90s`, `1m30s`, `PT90S` or a number of nanoseconds or milliseconds is",
    ),
    ("bad-duration-negative.json", "duration: the duration -5 is negative"),
    ("bad-end-before-start.json", "the test ends before it starts"),
    ("bad-state-object.json", "event.status: a string is expected, an object is given"),
    ("bad-sdlc-no-type.json", "event.type is required"),
    ("bad-ce-no-type.json", "type is required"),
    ("bad-ce-no-id.json", "id is required"),
    ("bad-ce-empty-source.json", "source must not be empty"),
    ("bad-ce-specversion.json", "specversion: \"0.3\" is none of the known versions, 1.0"),
    ("bad-ce-specversion-number.json", "specversion: a string is expected, a number is given"),
    ("bad-ce-no-data.json", "data is required"),
    ("bad-ce-data-string.json", "data: an object is expected, a string is given"),
    ("bad-ce-data-twice.json", "data and data_base64 exclude one another"),
    ("bad-ce-time.json", "time: \"yesterday\" is not RFC 3339, such as `2026-11-20T23:59:00Z`"),
    ("bad-ce-binary-no-type.json", "ce-type is required"),
    ("bad-ce-binary-no-specversion.json", "ce-specversion is required"),
    ("bad-ce-binary-body.json", "not JSON: expected ident at line 1 column 2"),
    ("bad-cd-subject-string.json", "data.subject: an object is expected, a string is given"),
    (
        "bad-cd-outcome.json",
        "data.subject.content.outcome: \"ok\" is none of success, failure, cancel, error",
    ),
    ("bad-cd-no-environment.json", "data.subject.content.environment is required"),
    (
        "bad-cd-id-differs.json",
        "data.context.id: the CDEvent says \"other\", its CloudEvent \"b-2\"; they must be equal",
    ),
    (
        "bad-cd-version.json",
        "type: \"dev.cdevents.testsuiterun.finished.9.0.0\" is none of the known versions of its type, 0.2.0 (of CDEvents 0.4) and 0.3.0 (of 0.5)",
    ),
    ("bad-ce-batch-one.json", "element 1, id is required"),
    ("bad-ce-batch-object.json", "an array is expected, an object is given"),
    (
        "bad-media-type.json",
        "content-type: the format \"application/cloudevents+avro\" is not supported; application/json, application/cloudevents+json and application/cloudevents-batch+json are",
    ),
];

#[test]
fn every_request_means_what_the_manifest_says() {
    let (mut good, mut bad) = (0, 0);
    for Fixture { file, told, request } in &fixtures() {
        match request.read(NOW) {
            Ok(taken) => {
                assert_eq!(told["valid"], true, "{file}: {}", told["reason"]);
                assert_eq!(told["status"], taken.answer.status.as_u16(), "{file}");
                let mut events = serde_json::to_value(&taken.events).unwrap();
                for event in events.as_array_mut().unwrap() {
                    event.as_object_mut().unwrap().retain(|key, _| !MORE.contains(&key.as_str()));
                }
                assert_eq!(told["events"], events, "{file}");
                let ignored = told.get("ignored").cloned().unwrap_or(json!([]));
                assert_eq!(ignored, json!(taken.ignored), "{file}");
                good += 1;
            }
            Err(refusal) => {
                assert_eq!(told["valid"], false, "{file}: {refusal}");
                assert_eq!(told["status"], refusal.status().as_u16(), "{file}: {refusal}");
                let said = SENTENCES.iter().find(|(of, _)| of == file).map(|(_, said)| *said);
                assert_eq!(said, Some(refusal.to_string().as_str()), "{file}: {}", told["reason"]);
                bad += 1;
            }
        }
    }
    assert_eq!((good, bad), (40, 39));
}

#[test]
fn what_an_event_says_beside_is_carried_along() {
    let all = fixtures();
    let events = |file: &str| -> Value {
        let fixture = all.iter().find(|fixture| fixture.file == file).unwrap();
        serde_json::to_value(fixture.request.read(NOW).unwrap().events).unwrap()
    };
    let queued = &events("cdevents-05-suite-queued.json")[0];
    assert_eq!(queued["links"], json!({"trigger": "https://ci.example/runs/9876"}));
    assert_eq!(queued["id"], "q-2");
    assert_eq!(queued["source"], "/ci/shop/nightly");
    let test = json!({"test": "https://git.example/shop/checkout.js"});
    assert_eq!(events("cdevents-05-suite-started.json")[0]["links"], test);
    let mut four = test.clone();
    four["trigger"] = json!("https://ci.example/jobs/7");
    assert_eq!(events("cdevents-04-suite-queued.json")[0]["links"], four);
    let failure = &events("cdevents-05-suite-finished-failure.json")[0];
    assert_eq!(failure["attributes"]["severity"], "critical");
    assert_eq!(events("sdlc-k6-teardown-purpose.json")[0]["attributes"], json!({"purpose": "undefined"}));
    assert_eq!(events("events-custom-info.json")[0]["attributes"], json!({"vus": "10"}));
}
