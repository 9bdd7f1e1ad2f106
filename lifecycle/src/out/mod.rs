//! What is sent of a verdict: one [`Notice`], in the shape that its receiver reads.

mod cdevents;
mod guardian;
mod plain;
mod slack;
mod teams;
#[cfg(test)]
mod tests;

use loadgate_documents::ObjectiveState;
use serde::Serialize;
use serde_json::Value;

/// A verdict, as the ones who asked are told of it.
#[derive(Debug, Clone, Copy)]
pub struct Notice<'a> {
    /// The verdict's own id: the same each time that it is told, another when a run is judged again.
    pub id: &'a str,
    /// This server's address: who tells.
    pub source: &'a str,
    /// The run's id.
    pub run: &'a str,
    /// Its test.
    pub test: &'a str,
    /// What the objectives come to together.
    pub grade: ObjectiveState,
    /// Why, in a sentence.
    pub reason: &'a str,
    /// The weighted share of what holds, 0 to 100.
    pub score: Option<f64>,
    /// The beginning of what was judged, in Unix milliseconds.
    pub start: i64,
    /// Its end.
    pub end: i64,
    /// When it was judged.
    pub judged: i64,
    /// The verdict's page.
    pub page: &'a str,
    /// The run's report.
    pub report: Option<&'a str>,
    /// Where the test ran.
    pub environment: Option<&'a str>,
    /// The `execution_context` of who told of the test.
    pub context: Option<&'a Value>,
    /// In the order in which they are shown.
    pub objectives: &'a [Objective<'a>],
}

/// One objective of a [`Notice`].
#[derive(Debug, Clone, Copy)]
pub struct Objective<'a> {
    /// What people call it.
    pub name: &'a str,
    /// What became of it.
    pub grade: ObjectiveState,
    /// What was compared; durations in ms, shares of 0 to 1.
    pub value: Option<f64>,
    /// The same with its unit, as pages show it.
    pub shown: &'a str,
    /// What passes, as its author wrote it.
    pub criterion: &'a str,
    /// Why, in a sentence.
    pub reason: &'a str,
}

/// Whom a notice is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The verdict's own JSON, as `GET /runs/ID/verdict` has it, in the envelope that Standard Webhooks recommends.
    Plain,
    /// CDEvents 0.5.1 in structured CloudEvents: `testcaserun.finished` for each objective, then
    /// `testsuiterun.finished`.
    CdEvents,
    /// The events of Dynatrace's Site Reliability Guardian for businesses, `guardian.validation.*`, in one array.
    Guardian,
    /// A message of blocks for Slack's incoming webhooks.
    Slack,
    /// An Adaptive Card for Teams' Workflows.
    Teams,
}

/// One request's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The message's id, for [`crate::webhook::HEADER_ID`].
    pub id: String,
    /// Of the body.
    pub content_type: &'static str,
    /// JSON.
    pub body: String,
}

impl Shape {
    /// All of them.
    pub const ALL: [Shape; 5] = [Shape::Plain, Shape::CdEvents, Shape::Guardian, Shape::Slack, Shape::Teams];

    /// As settings name it.
    pub fn word(self) -> &'static str {
        match self {
            Shape::Plain => "json",
            Shape::CdEvents => "cdevents",
            Shape::Guardian => "guardian",
            Shape::Slack => "slack",
            Shape::Teams => "teams",
        }
    }

    /// The shape of that name.
    pub fn named(word: &str) -> Option<Self> {
        Shape::ALL.into_iter().find(|shape| shape.word() == word)
    }

    /// The requests to send, in their order; `verdict` is the document that [`Shape::Plain`] carries. The same
    /// notice makes the same bytes.
    pub fn messages(self, notice: &Notice<'_>, verdict: &impl Serialize) -> serde_json::Result<Vec<Message>> {
        let one = |body: serde_json::Result<String>| -> serde_json::Result<Vec<Message>> {
            let id = notice.id.to_owned();
            Ok(vec![Message { id, content_type: "application/json", body: body? }])
        };
        match self {
            Shape::Plain => one(plain::body(notice, verdict)),
            Shape::CdEvents => cdevents::messages(notice),
            Shape::Guardian => one(guardian::body(notice)),
            Shape::Slack => one(slack::body(notice)),
            Shape::Teams => one(teams::body(notice)),
        }
    }
}

/// A sign for people, told apart by its form, not by its colour alone.
fn sign(state: ObjectiveState) -> &'static str {
    match state {
        ObjectiveState::Info => "ℹ️",
        ObjectiveState::Pass => "✅",
        ObjectiveState::Warning => "⚠️",
        ObjectiveState::Error => "❓",
        ObjectiveState::Fail => "❌",
    }
}

/// Objectives that a message for people has room for.
const SHOWN: usize = 20;

impl<'a> Notice<'a> {
    /// `checkout: fail, score 62.5`
    fn headline(&self) -> String {
        let score = self.score.map(|score| format!(", score {}", (score * 10.0).round() / 10.0));
        format!("{}: {}{}", self.test, self.grade.word(), score.unwrap_or_default())
    }

    /// The objectives to show, the worst first, and how many more there are.
    fn worst(&self) -> (Vec<&Objective<'a>>, usize) {
        let mut sorted: Vec<&Objective<'_>> = self.objectives.iter().collect();
        sorted.sort_by_key(|objective| std::cmp::Reverse(objective.grade));
        let more = sorted.len().saturating_sub(SHOWN);
        sorted.truncate(SHOWN);
        (sorted, more)
    }
}

impl Objective<'_> {
    /// `612 ms, wanted < 500`
    fn compared(&self) -> String {
        match self.criterion {
            "" => self.shown.to_owned(),
            criterion => format!("{}, wanted {criterion}", self.shown),
        }
    }
}

/// At most so many characters, of which the last says that there are more.
fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters.saturating_sub(1)) {
        Some((at, c)) if at + c.len_utf8() < text.len() => format!("{}…", &text[..at]),
        _ => text.to_owned(),
    }
}
