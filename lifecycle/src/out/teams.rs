//! A message for Teams: an Adaptive Card 1.4 in the envelope that its Workflows webhook takes.

use super::{Notice, cut, sign};
use loadgate_documents::ObjectiveState;
use serde::Serialize;

/// Of one text: twenty of them stay well below the 28 KB that a message may have.
const TEXT: usize = 300;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    r#type: &'static str,
    attachments: [Attachment<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attachment<'a> {
    content_type: &'static str,
    content_url: Option<&'static str>,
    content: Card<'a>,
}

#[derive(Serialize)]
struct Card<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    r#type: &'static str,
    version: &'static str,
    body: Vec<Element>,
    actions: Vec<Action<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum Element {
    TextBlock {
        text: String,
        wrap: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        size: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        weight: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        color: Option<&'static str>,
    },
    FactSet {
        facts: Vec<Fact>,
    },
}

#[derive(Serialize)]
struct Fact {
    title: String,
    value: String,
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum Action<'a> {
    #[serde(rename = "Action.OpenUrl")]
    OpenUrl { title: &'static str, url: &'a str },
}

pub(super) fn body(notice: &Notice<'_>) -> serde_json::Result<String> {
    let color = match notice.grade {
        ObjectiveState::Info => "Default",
        ObjectiveState::Pass => "Good",
        ObjectiveState::Warning | ObjectiveState::Error => "Warning",
        ObjectiveState::Fail => "Attention",
    };
    let plain = |text: String| Element::TextBlock { text, wrap: true, size: None, weight: None, color: None };
    let title = format!("{} {}", sign(notice.grade), notice.headline());
    let mut body = vec![Element::TextBlock {
        text: literal(&title),
        wrap: true,
        size: Some("Large"),
        weight: Some("Bolder"),
        color: Some(color),
    }];
    if !notice.reason.is_empty() {
        body.push(plain(literal(notice.reason)));
    }
    let (shown, more) = notice.worst();
    let facts = shown.into_iter().map(|objective| Fact {
        title: literal(&format!("{} {}", sign(objective.grade), objective.name)),
        value: literal(&objective.compared()),
    });
    let facts: Vec<Fact> = facts.collect();
    if !facts.is_empty() {
        body.push(Element::FactSet { facts });
    }
    if more > 0 {
        body.push(plain(format!("and {more} more")));
    }
    body.push(plain(literal(&format!("run {}", notice.run))));
    let mut actions = vec![Action::OpenUrl { title: "Verdict", url: notice.page }];
    actions.extend(notice.report.map(|url| Action::OpenUrl { title: "Report", url }));
    let content = Card {
        schema: "http://adaptivecards.io/schemas/adaptive-card.json",
        r#type: "AdaptiveCard",
        version: "1.4",
        body,
        actions,
    };
    let content_type = "application/vnd.microsoft.card.adaptive";
    let attachments = [Attachment { content_type, content_url: None, content }];
    serde_json::to_string(&Body { r#type: "message", attachments })
}

/// A text that stands for itself: cards read a part of Markdown, links among it.
fn literal(text: &str) -> String {
    let mut escaped = String::new();
    for c in cut(text, TEXT).chars() {
        if matches!(c, '\\' | '*' | '_' | '[' | ']' | '(' | ')' | '`' | '#') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
