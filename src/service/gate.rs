//! The gate over the store: a test's objectives, the verdicts on its runs, and what events tell of their ends.
//!
//! A run that has ended is judged once for all that its verdict is made of: its figures, the objectives and the
//! baseline. Where one of them has changed since, whoever asks for that gets another verdict beside the first.

use super::parts::{Role, Seen};
use super::{COMMANDS, Service, foreign_test, known_test};
use crate::catalogue::verdicts::{self, Finished, Given};
use crate::catalogue::{labels, runs};
use crate::declare::Declarations;
use crate::ingest::Refusal;
use crate::log;
use crate::names::{LogName, RunId, TestName};
use crate::record::Sent;
use crate::store::{Clock, Store};
use loadgate_documents::{Digits, GateVerdict, ObjectiveState, RunState, to_json};
use loadgate_gate::{Baseline, BaselineChoice, Evidence, Objectives, Verdicts, judge, suggest};
use serde::Serialize;
use std::rc::Rc;

/// Runs that a draft of objectives is made of.
const SUGGESTED_BY: usize = 10;

/// Ended runs of a log that are looked at for one that nobody has judged yet.
const UNJUDGED: u64 = 8;

/// What a lifecycle event says, whatever its dialect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// The run that it names, and the test.
    pub run: Option<String>,
    /// Its name as the event has it.
    pub test: Option<String>,
    /// By what name else the verdict may be asked for.
    pub aliases: Vec<String>,
    /// Whether it begins or ends.
    pub state: Lifecycle,
    /// What is kept of a finish.
    pub finished: Finished,
}

/// How far a test is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Lifecycle {
    /// It begins, or is about to.
    Started,
    /// Its script is over; its tool may still be sending.
    #[default]
    Finished,
}

/// A verdict, and those that there were before.
#[derive(Serialize)]
struct Document {
    #[serde(flatten)]
    verdict: GateVerdict,
    /// From 1; none while the run goes on, when the verdict is not kept.
    number: Option<u64>,
    /// Unix ms.
    judged: Option<u64>,
    /// All that were given, in their order.
    judgements: Vec<Judgement>,
}

#[derive(Serialize)]
struct Judgement {
    number: u64,
    judged: u64,
    state: ObjectiveState,
}

impl<S: Store, C: Clock> Service<S, C> {
    /// Puts a test's file of objectives, YAML or JSON, in force; gives the logs that have news. What they
    /// name is measured from now on.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] with line and column of what is wrong; what the store refuses.
    pub async fn set_objectives(&self, test: &str, document: &[u8]) -> Result<Vec<LogName>, Refusal> {
        let text = str::from_utf8(document)
            .map_err(|error| Refusal::Invalid(format!("the objectives are no UTF-8: {error}")))?;
        let objectives = Objectives::read(text).map_err(|error| Refusal::Invalid(error.to_string()))?;
        let wants = Declarations::from_objectives(objectives.wants())
            .map_err(|error| Refusal::Invalid(error.to_string()))?;
        let test = foreign_test(Some(test))?;
        verdicts::set_objectives(&self.store, &test, Some(text)).await?;
        if wants.is_empty() {
            return Ok(Vec::new());
        }
        self.tell_all(&test, &wants).await
    }

    /// A test's file of objectives, as it was put.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where the test has none of its own; what the store refuses.
    pub async fn objectives(&self, test: &str) -> Result<String, Refusal> {
        let test = known_test(test)?;
        let text = verdicts::objectives(&self.store, &test).await?;
        text.ok_or_else(|| Refusal::NotFound(format!("the test {test} has no objectives of its own")))
    }

    /// Removes it; k6's own thresholds count from then on, as before.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where that is no test's name; what the store refuses.
    pub async fn remove_objectives(&self, test: &str) -> Result<(), Refusal> {
        Ok(verdicts::set_objectives(&self.store, &known_test(test)?, None).await?)
    }

    /// Drafts a file of objectives from a test's newest ended runs.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where no run of the test has ended; what the store refuses.
    pub async fn suggest_objectives(&self, test: &str) -> Result<String, Refusal> {
        let test = known_test(test)?;
        let items = self.newest_of(&test, None).await?;
        let mut summaries = Vec::new();
        for item in items.iter().filter(|item| item.state == RunState::Ended).take(SUGGESTED_BY) {
            summaries.push(runs::summary(&self.store, &item.run).await?);
        }
        if summaries.is_empty() {
            return Err(Refusal::NotFound(format!("no run of the test {test} has ended yet")));
        }
        Ok(suggest(&summaries))
    }

    /// The newest verdict on a run. One that has ended and was not judged yet is judged now; of one that goes
    /// on, what it would come to if it ended now.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where there is no such run; what the store refuses.
    pub async fn verdict(&self, run: &str) -> Result<String, Refusal> {
        let run = self.run(run).await?;
        let given = verdicts::given(&self.store, &run).await?;
        if let Some(newest) = given.last() {
            return document(newest.verdict()?, Some(newest), &given);
        }
        self.judge(&run, given).await
    }

    /// Judges a run by what is in force now.
    ///
    /// # Errors
    ///
    /// Likewise.
    pub async fn judge_again(&self, run: &str) -> Result<String, Refusal> {
        let run = self.run(run).await?;
        let given = verdicts::given(&self.store, &run).await?;
        self.judge(&run, given).await
    }

    /// Judges the newest ended runs of a log that nobody has judged yet.
    pub(super) async fn judge_ended(&self, log: &LogName) -> Result<(), Refusal> {
        let Some(newest) = log::last_run(&self.store, log).await? else { return Ok(()) };
        let numbers = newest.saturating_sub(UNJUDGED).max(1)..=newest;
        let newest: Vec<RunId> = numbers.map(|number| log.run(number)).collect();
        for item in runs::items(&self.store, &newest).await?.into_iter().flatten() {
            if item.state == RunState::Ended && item.verdict.is_none() {
                self.judge(&item.run, Vec::new()).await?;
            }
        }
        Ok(())
    }

    /// Judges a run anew where it was judged: something that its verdict is made of may be another now.
    pub(super) async fn judge_where_judged(&self, run: &RunId) -> Result<(), Refusal> {
        let given = verdicts::given(&self.store, run).await?;
        if !given.is_empty() {
            self.judge(run, given).await?;
        }
        Ok(())
    }

    async fn judge(&self, run: &RunId, given: Vec<Given>) -> Result<String, Refusal> {
        let text = verdicts::objectives(&self.store, &run.log.test).await?.unwrap_or_default();
        let objectives = if text.is_empty() {
            Objectives::default()
        } else {
            Objectives::read(&text).map_err(|error| Refusal::Damaged(error.to_string()))?
        };
        let summary = runs::summary(&self.store, run).await?;
        let ended = summary.state == RunState::Ended;
        let figures = runs::MainFigures::of(&summary);
        let seen = self.seen(run, summary, &objectives, Role::Judged).await?;
        let (compared, unavailable) = if objectives.needs_baseline() {
            self.baseline(run, &text, &objectives).await?
        } else {
            (Vec::new(), None)
        };
        let baseline = match unavailable {
            Some(reason) => Baseline::Unavailable(reason),
            None if compared.is_empty() => Baseline::None,
            None => Baseline::Runs(compared.iter().map(|seen| &**seen as &dyn Evidence).collect()),
        };
        let verdict = judge(&seen, &objectives, &baseline);
        if !ended {
            return document(verdict, None, &given);
        }
        let found = to_json(&verdict, Digits::All);
        let basis = verdicts::hash(&[&text, &found]);
        if let Some(same) = given.last().filter(|newest| newest.basis == basis) {
            return document(verdict, Some(same), &given);
        }
        let now_ms = self.clock.now_ms();
        self.expect_deliveries(run).await?;
        runs::keep(&self.store, run, figures, &verdict).await?;
        match verdicts::give(&self.store, run, now_ms, basis, &verdict).await? {
            Some(_) => {
                self.outbox.note(now_ms, run);
                // Another instance may have given the same a moment before.
                let given = verdicts::given(&self.store, run).await?;
                document(verdict, given.last(), &given)
            }
            None => Err(Refusal::Conflict(format!(
                "{run} was judged {} times already: no more verdicts are kept of one run",
                verdicts::KEPT
            ))),
        }
    }

    /// The runs that relative criteria compare with, or why the one that was asked for cannot be had.
    async fn baseline(
        &self,
        run: &RunId,
        text: &str,
        objectives: &Objectives,
    ) -> Result<(Vec<Rc<Seen>>, Option<String>), Refusal> {
        let wanted = match &objectives.baseline {
            BaselineChoice::Pinned => labels::baseline(&self.store, &run.log.test).await?,
            BaselineChoice::Run(id) => match RunId::parse(id) {
                Some(run) => Some(run),
                None => return Ok((Vec::new(), Some(format!("{id} is no run's id")))),
            },
            BaselineChoice::Last { count, verdicts, .. } => {
                let last = self.last_runs(run, *count, *verdicts).await?;
                let mut found = Vec::new();
                for run in last {
                    let summary = runs::summary(&self.store, &run).await?;
                    found.push(self.seen_before(&run, summary, text, objectives).await?);
                }
                return Ok((found, None));
            }
        };
        let Some(wanted) = wanted.filter(|wanted| wanted != run) else { return Ok((Vec::new(), None)) };
        Ok(match runs::summary(&self.store, &wanted).await {
            Ok(summary) => (vec![self.seen_before(&wanted, summary, text, objectives).await?], None),
            Err(runs::ReadError::Store(error)) => return Err(error.into()),
            Err(error) => (Vec::new(), Some(error.to_string())),
        })
    }

    /// The newest ended runs before a run that have such verdicts.
    async fn last_runs(&self, run: &RunId, count: usize, wanted: Verdicts) -> Result<Vec<RunId>, Refusal> {
        // A run that nobody has judged yet is one of all, and of no others.
        let fits =
            |state: Option<ObjectiveState>| state.map_or(wanted == Verdicts::All, |state| wanted.take(state));
        let items = self.newest_of(&run.log.test, Some(run)).await?;
        let ended = items.into_iter().filter(|item| item.state == RunState::Ended && fits(item.verdict));
        Ok(ended.take(count).map(|item| item.run).collect())
    }

    /// Takes an event: a run that is finished ends once nothing more comes. Gives the run that is meant, if
    /// it is known, and the logs that have news.
    ///
    /// # Errors
    ///
    /// Where what it names cannot be found or finished; what the store refuses.
    pub async fn take_news(&self, news: News) -> Result<(Option<RunId>, Vec<LogName>), Refusal> {
        let test = foreign_test(news.test.as_deref())?;
        if news.state == Lifecycle::Started {
            log::hello(&self.store, &self.clock, &test, COMMANDS).await?;
            return Ok((None, Vec::new()));
        }
        let Some(run) = self.meant(&news, &test).await? else { return Ok((None, Vec::new())) };
        verdicts::set_finished(&self.store, &run, &news.finished).await?;
        for name in news.aliases.iter().chain(&news.run) {
            verdicts::set_alias(&self.store, name, &run).await?;
        }
        let live = runs::require(&self.store, &run).await?.state == RunState::Live;
        if live {
            let settings = &self.settings;
            let (quiet_ms, most_ms) = (settings.settle_ms, settings.settle_most_ms);
            self.end(&run, Sent::Announced { quiet_ms, most_ms }).await?;
        } else {
            self.judge_where_judged(&run).await?;
        }
        Ok((Some(run.clone()), vec![run.log]))
    }

    /// The run that an event is about: the one that it names, else the test's newest one that is live, else its
    /// newest.
    async fn meant(&self, news: &News, test: &TestName) -> Result<Option<RunId>, Refusal> {
        if let Some(name) = &news.run {
            let whole = RunId::parse(name).filter(|run| news.test.is_none() || run.log.test == *test);
            let named = LogName::named(test.clone(), name);
            for log in whole.iter().map(|run| run.log.clone()).chain([named]) {
                self.catch_up(&log).await?;
            }
            if let Some(run) = whole
                && runs::item(&self.store, &run).await?.is_some()
            {
                return Ok(Some(run));
            }
            let log = LogName::named(test.clone(), name);
            if let Some(number) = log::last_run(&self.store, &log).await? {
                let run = log.run(number);
                if runs::item(&self.store, &run).await?.is_some() {
                    return Ok(Some(run));
                }
            }
        }
        match self.newest_live(test).await {
            Ok(run) => Ok(Some(run)),
            Err(Refusal::NotFound(_)) => Ok(runs::newest(&self.store, Some(test)).await?),
            Err(refusal) => Err(refusal),
        }
    }

    /// The run that others know by a name: a task's id, or an execution context.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where no run has that name; what the store refuses.
    pub async fn run_by_alias(&self, name: &str) -> Result<RunId, Refusal> {
        let run = verdicts::by_alias(&self.store, name).await?;
        run.ok_or_else(|| Refusal::NotFound(format!("no run was finished under the name {name:?}")))
    }
}

/// A verdict as it is read, beside those that were given.
pub(super) fn document(
    verdict: GateVerdict,
    this: Option<&Given>,
    given: &[Given],
) -> Result<String, Refusal> {
    let judgements = given.iter().map(|given| {
        let state = given.verdict()?.state;
        Ok(Judgement { number: given.number, judged: given.judged_ms, state })
    });
    let judgements = judgements.collect::<Result<_, Refusal>>()?;
    let (number, judged) = (this.map(|this| this.number), this.map(|this| this.judged_ms));
    Ok(to_json(&Document { verdict, number, judged, judgements }, Digits::All))
}
