//! The business events of Dynatrace's Site Reliability Guardian: one `guardian.validation.started`, one
//! `guardian.validation.objective` for each objective, one `guardian.validation.finished`; in one array, as its
//! ingest takes them.
//!
//! Fields by its pages "Site Reliability guardian event structure", "Guardian execution context" and "Add and access
//! validation insight links". What its queries parse as JSON (`validation.summary`, `guardian.objective`,
//! `execution_context`) is JSON in a string. The provider is Loadgate: queries that filter by the vendor's
//! own provider have to name it.

use super::{Notice, Objective};
use crate::time::written;
use loadgate_documents::ObjectiveState;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Event<'a> {
    #[serde(rename = "event.kind")]
    kind: &'static str,
    #[serde(rename = "event.provider")]
    provider: &'static str,
    #[serde(rename = "event.type")]
    r#type: &'static str,
    #[serde(rename = "event.id")]
    id: String,
    timestamp: &'a str,
    #[serde(rename = "guardian.id")]
    guardian_id: &'a str,
    #[serde(rename = "guardian.name")]
    guardian_name: &'a str,
    #[serde(rename = "validation.id")]
    validation_id: &'a str,
    #[serde(rename = "validation.from")]
    from: &'a str,
    #[serde(rename = "validation.to")]
    to: &'a str,
    #[serde(rename = "validation.url")]
    url: &'a str,
    #[serde(rename = "execution_context", skip_serializing_if = "Option::is_none")]
    context: Option<&'a str>,
    #[serde(rename = "validation.status", skip_serializing_if = "Option::is_none")]
    status: Option<ObjectiveState>,
    #[serde(rename = "validation.summary", skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    #[serde(rename = "guardian.objective", skip_serializing_if = "Option::is_none")]
    objective: Option<String>,
}

/// `guardian.objective`.
#[derive(Serialize)]
struct Judged<'a> {
    name: &'a str,
    status: ObjectiveState,
    value: Option<f64>,
    criterion: &'a str,
    reason: &'a str,
}

pub(super) fn body(notice: &Notice<'_>) -> serde_json::Result<String> {
    let (judged, from, to) = (written(notice.judged), written(notice.start), written(notice.end));
    let context = notice.context.map(ToString::to_string);
    let event = |r#type: &'static str, suffix: &str| Event {
        kind: "BIZ_EVENT",
        provider: "loadgate",
        r#type,
        id: format!("{}.{suffix}", notice.id),
        timestamp: &judged,
        guardian_id: notice.test,
        guardian_name: notice.test,
        validation_id: notice.run,
        from: &from,
        to: &to,
        url: notice.page,
        context: context.as_deref(),
        status: None,
        summary: None,
        objective: None,
    };
    let mut events = vec![event("guardian.validation.started", "started")];
    for (index, objective) in notice.objectives.iter().enumerate() {
        let Objective { name, grade, value, criterion, reason, .. } = *objective;
        let judged = Judged { name, status: grade, value, criterion, reason };
        events.push(Event {
            objective: Some(serde_json::to_string(&judged)?),
            ..event("guardian.validation.objective", &(index + 1).to_string())
        });
    }
    let count = |grade| notice.objectives.iter().filter(|objective| objective.grade == grade).count();
    let summary: BTreeMap<&str, usize> = ObjectiveState::ALL.map(|grade| (grade.word(), count(grade))).into();
    events.push(Event {
        status: Some(notice.grade),
        summary: Some(serde_json::to_string(&summary)?),
        ..event("guardian.validation.finished", "finished")
    });
    serde_json::to_string(&events)
}
