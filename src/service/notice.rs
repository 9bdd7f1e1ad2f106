//! What a webhook is told of a verdict: the requests, without their signatures.

use super::{Service, gate};
use crate::catalogue::verdicts::{self, Given};
use crate::catalogue::{runs, webhooks::Webhooks};
use crate::ingest::Refusal;
use crate::names::RunId;
use crate::store::{Clock, Store};
use loadgate_documents::format::format;
use loadgate_documents::{GateVerdict, ObjectiveResult};
use loadgate_lifecycle::out::{Message, Notice, Objective, Shape};
use serde_json::Value;
use serde_json::value::RawValue;

impl<S: Store, C: Clock> Service<S, C> {
    /// The messages that tell one of the verdicts given on a run, the same whenever they are made. `id` names them.
    pub(super) async fn messages(
        &self,
        run: &RunId,
        shape: Shape,
        id: &str,
        (given, number): (&[Given], u64),
        webhooks: &Webhooks,
    ) -> Result<Vec<Message>, Refusal> {
        let told = given.iter().position(|given| given.number == number);
        let told = told.ok_or_else(|| Refusal::Damaged(format!("verdict {number} on {run} is gone")))?;
        // Later ones are none of its business.
        let given = &given[..=told];
        let (verdict, judged_ms) = (given[told].verdict()?, given[told].judged_ms);
        let item = runs::require(&self.store, run).await?;
        let finished = verdicts::finished(&self.store, run).await?.unwrap_or_default();
        let event: Value = serde_json::from_str(&finished.event).unwrap_or_default();
        let shown: Vec<String> = verdict.objectives.iter().map(shown).collect();
        let server = webhooks.server.as_str();
        let notice = Notice {
            id,
            source: server,
            run: &verdict.run,
            test: &verdict.test,
            grade: verdict.state,
            reason: &verdict.reason,
            score: verdict.score,
            start: item.start as i64,
            end: item.end.unwrap_or(item.start) as i64,
            judged: judged_ms as i64,
            page: &std::format!("{server}/ui/?run={run}"),
            report: Some(&std::format!("{server}/report?run={run}")),
            environment: event["environment"].as_str(),
            context: event.get("context").filter(|context| !context.is_null()),
            objectives: &objectives(&verdict, &shown),
        };
        let damaged = |error: serde_json::Error| Refusal::Damaged(error.to_string());
        let document = gate::document(verdict.clone(), given.last(), given)?;
        shape.messages(&notice, &RawValue::from_string(document).map_err(damaged)?).map_err(damaged)
    }
}

fn shown(objective: &ObjectiveResult) -> String {
    format(objective.observed, objective.unit, false)
}

fn objectives<'a>(verdict: &'a GateVerdict, shown: &'a [String]) -> Vec<Objective<'a>> {
    let results = verdict.objectives.iter().zip(shown);
    results
        .map(|(result, shown)| Objective {
            name: &result.name,
            grade: result.state,
            value: result.observed,
            shown,
            criterion: &result.criterion,
            reason: &result.reason,
        })
        .collect()
}
