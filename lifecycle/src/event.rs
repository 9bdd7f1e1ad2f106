//! What a request says about a test, in one vocabulary whatever its dialect.

use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// News of a test's run, or of one case of it. Moments are Unix milliseconds, durations milliseconds.
///
/// `None` means that the request does not say. Who takes the event finds the run by [`Event::names_run`], else by
/// [`Event::names_test`], else it is about traffic that names no test either.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// The test's name, of a case that of the case.
    pub test: Option<String>,
    /// The run's.
    pub run: Option<String>,
    /// How far it is.
    pub state: State,
    /// When the test began: of a finished one the beginning of the window to judge.
    pub start: Option<i64>,
    /// When it ended; told by a finished one alone, and by each.
    pub end: Option<i64>,
    /// How long it took, or is meant to take.
    pub duration: Option<i64>,
    /// How it went, as the sender sees it.
    pub outcome: Option<Outcome>,
    /// The program that tells, such as `k6`.
    pub tool: Option<String>,
    /// Where the start comes from if it is not stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_from: Option<StartFrom>,
    /// The event's own time stamp.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<i64>,
    /// The test's id beside its name; a CDEvent that knows of tests has it as `null` if it names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_id: Option<Option<String>>,
    /// The one case of the run that this is about. Its end is not the run's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// Where it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// What is tested, where that is not the test's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The run of the pipeline that the test is a part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline_run: Option<String>,
    /// A sentence for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// `execution_context`: the sender's own, given back with the verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Value>,
    /// `customData` of a CDEvent: the sender's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<Value>,
    /// The event's own id: with [`Event::source`] the same for each time that it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Who sends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Web addresses that the event names, by the field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<String, String>,
    /// What else it says in single values, by the field.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
}

/// How far a test is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Asked for.
    Queued,
    /// Begun.
    Started,
    /// Over, however it went.
    Finished,
}

/// How a test went, as its sender sees it; what Loadgate judges is another matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It ran, and all was well.
    Success,
    /// It ran, and something was not.
    Failure,
    /// Somebody stopped it.
    Cancel,
    /// It did not run as it should.
    Error,
}

/// Where a start comes from that is not stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum StartFrom {
    /// The test is taken to end when the request arrives.
    #[serde(rename = "arrival minus duration")]
    ArrivalMinusDuration,
    /// The end is stated.
    #[serde(rename = "end minus duration")]
    EndMinusDuration,
}

/// Keys of a context that name a run.
const RUN_KEYS: [&str; 4] = ["run", "run.id", "run_id", "runId"];

impl Event {
    pub(crate) fn new(state: State) -> Self {
        Event {
            test: None,
            run: None,
            state,
            start: None,
            end: None,
            duration: None,
            outcome: None,
            tool: None,
            start_from: None,
            at: None,
            test_id: None,
            case: None,
            environment: None,
            service: None,
            pipeline_run: None,
            text: None,
            context: None,
            custom: None,
            id: None,
            source: None,
            links: BTreeMap::new(),
            attributes: BTreeMap::new(),
        }
    }

    /// The run that is meant: the one that the event names, else the one that its context does.
    pub fn names_run(&self) -> Option<&str> {
        let in_context = || {
            let context: &Map<String, Value> = self.context.as_ref()?.as_object()?;
            RUN_KEYS.iter().find_map(|key| context.get(*key)?.as_str())
        };
        self.run.as_deref().or_else(in_context).filter(|run| !run.is_empty())
    }

    /// The test that is meant, by name, else by id.
    pub fn names_test(&self) -> Option<&str> {
        self.test.as_deref().or_else(|| self.test_id.as_ref()?.as_deref())
    }
}
