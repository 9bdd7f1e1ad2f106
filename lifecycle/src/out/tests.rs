//! What is sent, byte for byte where it is short, and by the readers of others.

use super::*;
use crate::{Endpoint, Outcome, Request, State, read};
use http::HeaderMap;
use serde_json::json;

const OBJECTIVES: [Objective<'static>; 2] = [
    Objective {
        name: "errors",
        grade: ObjectiveState::Pass,
        value: Some(0.002),
        shown: "0.2 %",
        criterion: "< 1%",
        reason: "0.2 % is below 1 %.",
    },
    Objective {
        name: "p(95) <login>",
        grade: ObjectiveState::Fail,
        value: Some(612.0),
        shown: "612 ms",
        criterion: "< 500",
        reason: "612 ms is not below 500 ms.",
    },
];

/// With a context as CI gives it.
fn with_notice<T>(work: impl FnOnce(&Notice<'_>) -> T) -> T {
    let context = json!({"buildId": "42"});
    work(&Notice {
        id: "msg_checkout.7",
        source: "https://gate.example/",
        run: "checkout.7",
        test: "checkout",
        grade: ObjectiveState::Fail,
        reason: "1 of 2 objectives does not hold.",
        score: Some(50.0),
        start: 1_795_219_140_000,
        end: 1_795_219_199_000,
        judged: 1_795_219_205_250,
        page: "https://gate.example/ui/?run=checkout.7&view=verdict",
        report: None,
        environment: None,
        context: Some(&context),
        objectives: &OBJECTIVES,
    })
}

fn sent(shape: Shape) -> Vec<Message> {
    with_notice(|notice| shape.messages(notice, &json!({"state": "fail"})).unwrap())
}

fn json_of(shape: Shape) -> Value {
    let [message] = &sent(shape)[..] else { panic!("one message") };
    assert_eq!(message.content_type, "application/json");
    assert_eq!(message.id, "msg_checkout.7");
    serde_json::from_str(&message.body).unwrap()
}

#[test]
fn the_plain_shape_carries_the_verdict_as_it_is() {
    let expected = concat!(
        r#"{"type":"loadgate.verdict","timestamp":"2026-11-21T00:00:05.25Z","data":{"id":"msg_checkout.7","#,
        r#""verdict":{"state":"fail"},"start":1795219140000,"end":1795219199000,"judged":1795219205250,"#,
        r#""page":"https://gate.example/ui/?run=checkout.7&view=verdict","execution_context":{"buildId":"42"}}}"#,
    );
    assert_eq!(sent(Shape::Plain)[0].body, expected);
}

#[test]
fn cdevents_are_read_by_their_sdk_and_by_loadgate_itself() {
    let messages = sent(Shape::CdEvents);
    assert_eq!(messages.len(), 3);
    let mut outcomes = Vec::new();
    for message in &messages {
        assert_eq!(message.content_type, "application/cloudevents+json");
        // It takes no field that its schema does not have, and all that are required.
        let value: Value = serde_json::from_str(&message.body).unwrap();
        assert_eq!((&value["specversion"], &value["id"]), (&json!("1.0"), &json!(message.id)));
        let inner: cdevents_sdk::CDEvent = serde_json::from_value(value["data"].clone()).unwrap();
        assert_eq!((inner.version(), inner.ty()), ("0.5.1", value["type"].as_str().unwrap()));
        assert_eq!(serde_json::to_value(&inner).unwrap(), value["data"], "nothing is lost");

        let mut headers = HeaderMap::new();
        headers.insert("content-type", message.content_type.parse().unwrap());
        let endpoint = Endpoint::CloudEvents;
        let request = Request { endpoint, query: &[], headers: &headers, body: message.body.as_bytes() };
        let event = read(&request, 0).unwrap().events.remove(0);
        assert_eq!((event.state, event.run.as_deref()), (State::Finished, Some("checkout.7")));
        assert_eq!(event.environment.as_deref(), Some("unknown"));
        outcomes.push((event.case, event.test, event.outcome));
    }
    let case = |number: usize, outcome| {
        let name = OBJECTIVES[number - 1].name.to_owned();
        (Some(format!("checkout.7/{number}")), Some(name), Some(outcome))
    };
    let suite = (None, Some("checkout".to_owned()), Some(Outcome::Failure));
    assert_eq!(outcomes, [case(1, Outcome::Success), case(2, Outcome::Failure), suite]);
    let last: Value = serde_json::from_str(&messages[2].body).unwrap();
    let custom = json!({
        "verdict": "fail", "score": 50.0, "start": 1_795_219_140_000_i64, "end": 1_795_219_199_000_i64,
        "page": "https://gate.example/ui/?run=checkout.7&view=verdict", "executionContext": {"buildId": "42"},
    });
    assert_eq!(last["data"]["customData"], custom);
}

#[test]
fn a_guardian_tells_of_its_validation_and_of_each_objective() {
    let events = json_of(Shape::Guardian);
    let types: Vec<&str> =
        events.as_array().unwrap().iter().map(|e| e["event.type"].as_str().unwrap()).collect();
    let objective = "guardian.validation.objective";
    assert_eq!(types, ["guardian.validation.started", objective, objective, "guardian.validation.finished"]);
    for event in events.as_array().unwrap() {
        assert_eq!(event["validation.id"], "checkout.7");
        assert_eq!(event["validation.from"], "2026-11-20T23:59:00Z");
        assert_eq!(event["execution_context"], r#"{"buildId":"42"}"#);
    }
    assert_eq!(events[3]["validation.status"], "fail");
    assert_eq!(events[3]["validation.summary"], r#"{"error":0,"fail":1,"info":0,"pass":1,"warning":0}"#);
    let judged: Value = serde_json::from_str(events[2]["guardian.objective"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&judged["name"], &judged["status"], &judged["value"]),
        (&json!("p(95) <login>"), &json!("fail"), &json!(612.0))
    );
}

#[test]
fn slack_gets_a_text_and_blocks_without_markup_of_others() {
    let expected = json!({
        "text": "❌ checkout: fail, score 50",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "❌ checkout: fail, score 50"}},
            {"type": "section", "text": {"type": "mrkdwn", "text": "1 of 2 objectives does not hold."}},
            {"type": "section", "text": {"type": "mrkdwn", "text":
                "❌ p(95) &lt;login&gt;: 612 ms, wanted &lt; 500\n✅ errors: 0.2 %, wanted &lt; 1%"}},
            {"type": "context", "elements": [{"type": "mrkdwn", "text":
                "<https://gate.example/ui/?run=checkout.7&amp;view=verdict|Verdict> · run checkout.7"}]},
        ],
    });
    assert_eq!(json_of(Shape::Slack), expected);
}

#[test]
fn teams_gets_a_card_in_its_envelope_without_markdown_of_others() {
    let message = json_of(Shape::Teams);
    assert_eq!(message["type"], "message");
    let attachment = &message["attachments"][0];
    assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
    let card = &attachment["content"];
    assert_eq!((&card["type"], &card["version"]), (&json!("AdaptiveCard"), &json!("1.4")));
    assert_eq!(card["body"][0]["color"], "Attention");
    let fact = json!({"title": r"❌ p\(95\) <login>", "value": "612 ms, wanted < 500"});
    assert_eq!(card["body"][2]["facts"][0], fact);
    assert_eq!(card["actions"][0]["type"], "Action.OpenUrl");
}

#[test]
fn the_largest_verdict_stays_within_what_receivers_take() {
    let name = "<é&".repeat(2_000);
    let objective = Objective { name: &name, reason: &name, criterion: &name, ..OBJECTIVES[1] };
    let objectives = [objective; 500];
    let [slack, teams] = with_notice(|notice| {
        let notice = Notice { test: &name, reason: &name, objectives: &objectives, ..*notice };
        [Shape::Slack, Shape::Teams].map(|shape| shape.messages(&notice, &()).unwrap().remove(0).body)
    });
    assert!(teams.len() < 28 * 1024, "{}", teams.len());
    let slack: Value = serde_json::from_str(&slack).unwrap();
    let blocks = slack["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50);
    assert_eq!(blocks[0]["text"]["text"].as_str().unwrap().chars().count(), 150);
    for block in blocks.iter().filter(|block| block["type"] == "section") {
        assert!(block["text"]["text"].as_str().unwrap().chars().count() <= 3_000);
    }
}

#[test]
fn shapes_and_grades_are_known_by_their_words() {
    for shape in Shape::ALL {
        assert_eq!(Shape::named(shape.word()), Some(shape));
    }
    assert_eq!(Shape::named("xml"), None);
    assert!(ObjectiveState::ALL.is_sorted());
}

#[test]
fn texts_are_cut_at_characters() {
    assert_eq!(cut("überall", 7), "überall");
    assert_eq!(cut("überall", 4), "übe…");
    assert_eq!(cut("", 4), "");
}
