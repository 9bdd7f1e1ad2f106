//! CDEvents 0.5.1 in structured CloudEvents 1.0.
//!
//! A warning is a success that says why: the vocabulary has nothing between, and who wants it to stop a pipeline finds
//! it in `customData`.

use super::{Message, Notice, Objective};
use crate::time::written;
use loadgate_documents::ObjectiveState;
use serde::Serialize;
use serde_json::Value;

const SUITE: &str = "dev.cdevents.testsuiterun.finished.0.3.0";
const CASE: &str = "dev.cdevents.testcaserun.finished.0.3.0";

/// Required, and not always known.
const NO_ENVIRONMENT: &str = "unknown";

#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    r#type: &'static str,
    subject: &'a str,
    time: &'a str,
    datacontenttype: &'static str,
    data: CdEvent<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CdEvent<'a> {
    context: Context<'a>,
    subject: Subject<'a>,
    custom_data: CustomData<'a>,
    custom_data_content_type: &'static str,
}

#[derive(Serialize)]
struct Context<'a> {
    specversion: &'static str,
    id: &'a str,
    source: &'a str,
    r#type: &'static str,
    timestamp: &'a str,
}

#[derive(Serialize)]
struct Subject<'a> {
    id: &'a str,
    source: &'a str,
    content: Content<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content<'a> {
    outcome: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    reason: &'a str,
    environment: Reference<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_suite: Option<Test<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_suite_run: Option<Reference<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_case: Option<Test<'a>>,
}

#[derive(Serialize)]
struct Reference<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
}

#[derive(Serialize)]
struct Test<'a> {
    id: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum CustomData<'a> {
    #[serde(rename_all = "camelCase")]
    Suite {
        verdict: ObjectiveState,
        #[serde(skip_serializing_if = "Option::is_none")]
        score: Option<f64>,
        start: i64,
        end: i64,
        page: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        report: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        execution_context: Option<&'a Value>,
    },
    Case {
        verdict: ObjectiveState,
        value: Option<f64>,
        shown: &'a str,
        criterion: &'a str,
    },
}

/// The cases' events, then the suite's.
pub(super) fn messages(notice: &Notice<'_>) -> serde_json::Result<Vec<Message>> {
    let cases = notice.objectives.iter().enumerate();
    cases.map(|(index, objective)| case(notice, index + 1, objective)).chain([suite(notice)]).collect()
}

fn suite(notice: &Notice<'_>) -> serde_json::Result<Message> {
    let Notice { grade, reason, score, start, end, page, report, context, .. } = *notice;
    let test = Test { id: notice.test, name: notice.test, r#type: None };
    let content = Content { test_suite: Some(test), ..content(notice, grade, reason) };
    let custom =
        CustomData::Suite { verdict: grade, score, start, end, page, report, execution_context: context };
    message(notice, SUITE, notice.id, notice.run, content, custom)
}

fn case(notice: &Notice<'_>, number: usize, objective: &Objective<'_>) -> serde_json::Result<Message> {
    let Objective { name, grade, value, shown, criterion, reason } = *objective;
    let test = Test { id: name, name, r#type: Some("performance") };
    let run = Reference { id: notice.run, source: Some(notice.source) };
    let content =
        Content { test_case: Some(test), test_suite_run: Some(run), ..content(notice, grade, reason) };
    let custom = CustomData::Case { verdict: grade, value, shown, criterion };
    let id = format!("{}.{number}", notice.id);
    message(notice, CASE, &id, &format!("{}/{number}", notice.run), content, custom)
}

fn content<'a>(notice: &Notice<'a>, grade: ObjectiveState, reason: &'a str) -> Content<'a> {
    let outcome = match grade {
        ObjectiveState::Info | ObjectiveState::Pass | ObjectiveState::Warning => "success",
        ObjectiveState::Error => "error",
        ObjectiveState::Fail => "failure",
    };
    let environment = Reference { id: notice.environment.unwrap_or(NO_ENVIRONMENT), source: None };
    Content { outcome, reason, environment, test_suite: None, test_suite_run: None, test_case: None }
}

fn message(
    notice: &Notice<'_>,
    r#type: &'static str,
    id: &str,
    subject: &str,
    content: Content<'_>,
    custom_data: CustomData<'_>,
) -> serde_json::Result<Message> {
    let (source, time) = (notice.source, written(notice.judged));
    let event = CloudEvent {
        specversion: "1.0",
        id,
        source,
        r#type,
        subject,
        time: &time,
        datacontenttype: "application/json",
        data: CdEvent {
            context: Context { specversion: "0.5.1", id, source, r#type, timestamp: &time },
            subject: Subject { id: subject, source, content },
            custom_data,
            custom_data_content_type: "application/json",
        },
    };
    let body = serde_json::to_string(&event)?;
    Ok(Message { id: id.to_owned(), content_type: "application/cloudevents+json", body })
}
