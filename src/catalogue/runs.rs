//! Which runs there are, and documents about them. Nothing here writes.

use super::labels::Label;
use super::verdicts::Newest;
use crate::documents::outcome::{Exit, outcome};
use crate::fold::RunMeta;
use crate::log::index::Walk;
use crate::log::model::{Ended, StoredState};
use crate::log::stream::newest_state;
use crate::log::{keys, value};
use crate::names::{RunId, TestName};
use crate::store::{Store, StoreError};
use loadgate_documents::{
    Digits, GateVerdict, ObjectiveState, Outcome, RunState, Summary, ThresholdRow, moment, shorten, to_json,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// Runs whose items are read at once.
const ITEM_PAGE: usize = 32;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadError {
    /// The run does not exist, or was deleted.
    #[error("there is no run {0}")]
    NoSuchRun(RunId),
    /// The run exists, and nothing of it was folded yet.
    #[error("the run {0} has no data yet")]
    Empty(RunId),
    /// The store could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One run, as lists show it. Times in Unix ms.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Item {
    /// As addresses have it: `shop.1`.
    pub id: String,
    /// The test that it is a run of.
    pub test: String,
    /// From 1, within its log.
    pub number: u64,
    /// The name that its generators gave.
    pub name: Option<String>,
    /// Whether it goes on.
    pub state: RunState,
    /// Its origin: the second of its oldest sample.
    pub start: u64,
    /// The time of its newest sample, once it has ended.
    pub end: Option<u64>,
    /// What people wrote beside it.
    #[serde(flatten)]
    pub label: Label,
    /// The tags that every sample of it has, with the values that its generators gave.
    pub tags: BTreeMap<String, Vec<String>>,
    /// The test's runs are compared with this one.
    pub baseline: bool,
    /// How it ended, where that is known; with the figures or alone, in every detail.
    pub outcome: Option<Outcome>,
    /// What the gate's newest verdict on it is; none before it has ended.
    pub verdict: Option<ObjectiveState>,
    /// How many objectives that judged: of none it says nothing but what is missing.
    pub objectives: Option<u32>,
    /// Where they were asked for.
    #[serde(flatten)]
    pub figures: Option<Figures>,
    /// The same as `id`.
    #[serde(skip)]
    pub run: RunId,
    /// The first ticket behind a run that has ended.
    #[serde(skip)]
    pub end_ticket: Option<u64>,
}

/// The figures that lists and trends show of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Those that a list has columns for.
    pub figures: MainFigures,
    /// As in the summary document.
    pub thresholds: Vec<ThresholdRow>,
    /// There are no others than those that are known.
    #[serde(rename = "thresholdsKnown")]
    pub thresholds_known: bool,
}

/// Over the whole run; `None` where nothing was measured. Durations in ms, shares as ratios.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MainFigures {
    /// HTTP requests.
    pub requests: Option<f64>,
    /// Of these, per second.
    pub rate: Option<f64>,
    /// Of their durations, ms.
    pub p95: Option<f64>,
    /// The share of them that failed.
    pub failed: Option<f64>,
    /// The share of checks that passed.
    pub checks: Option<f64>,
    /// The highest number of them.
    pub vus: Option<f64>,
    /// Iterations that were completed.
    pub iterations: Option<f64>,
}

impl MainFigures {
    pub(crate) fn of(summary: &Summary) -> Self {
        let figure = |metric: &str, value: &str| summary.metrics.get(metric)?.values.get(value);
        MainFigures {
            requests: figure("http_reqs", "count"),
            rate: figure("http_reqs", "rate"),
            p95: figure("http_req_duration", "p(95)"),
            failed: figure("http_req_failed", "rate"),
            checks: figure("checks", "rate"),
            vus: figure("vus", "max"),
            iterations: figure("iterations", "count"),
        }
    }
}

/// What is kept of an ended run, so that lists of many need not read its summary. A hint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub figures: MainFigures,
    objectives: u32,
}

/// Keeps it, as of a summary and the verdict on it.
///
/// # Errors
///
/// What the store refuses.
pub(crate) async fn keep<S: Store>(
    store: &S,
    run: &RunId,
    figures: MainFigures,
    verdict: &GateVerdict,
) -> Result<(), StoreError> {
    let kept = Kept { figures, objectives: u32::try_from(verdict.objectives.len()).unwrap_or(u32::MAX) };
    store.set(&keys::figures(run), &value::encode_small(&kept)).await
}

/// The newest run, of a test or of all, that was not deleted.
///
/// # Errors
///
/// What the store refuses.
pub async fn newest<S: Store>(store: &S, test: Option<&TestName>) -> Result<Option<RunId>, StoreError> {
    let wanted = Wanted { test, limit: 1, ..Wanted::default() };
    Ok(list(store, &wanted).await?.pop().map(|item| item.run))
}

/// Which runs are wanted, of all or of a test.
#[derive(Debug, Clone, Default)]
pub struct Wanted<'a> {
    /// Of this test.
    pub test: Option<&'a TestName>,
    /// From behind this one on.
    pub before: Option<&'a RunId>,
    /// At most so many.
    pub limit: usize,
    /// In which these can be found.
    pub search: Search,
}

/// What is looked for in lists, whatever its case; nothing is in everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Each of these is the run's number, or stands in its id, its label, its tags or the day on which it began, in UTC.
    words: Vec<String>,
    /// This stands in the label.
    label: Option<String>,
    /// It has each of these tags, `key:value`, to the letter.
    tags: Vec<String>,
}

impl Search {
    /// Words with spaces between them, a part of the label, and tags.
    ///
    /// # Errors
    ///
    /// A sentence, where that is no tag.
    pub fn new(words: Option<&str>, label: Option<&str>, tags: &[String]) -> Result<Self, String> {
        let is_tag =
            |tag: &str| tag.split_once(':').is_some_and(|(key, value)| !key.is_empty() && !value.is_empty());
        if let Some(wrong) = tags.iter().find(|tag| !is_tag(tag)) {
            return Err(format!("tag={} is none: a tag is KEY:VALUE, like tag=env:staging", shorten(wrong)));
        }
        let words = words.unwrap_or_default().split_whitespace().map(str::to_lowercase).collect();
        Ok(Search { words, label: label.map(str::to_lowercase), tags: tags.to_vec() })
    }

    fn is_empty(&self) -> bool {
        self.words.is_empty() && self.label.is_none() && self.tags.is_empty()
    }

    /// Whether tags have a say.
    fn needs_tags(&self) -> bool {
        !self.words.is_empty() || !self.tags.is_empty()
    }

    fn finds(&self, item: &Item) -> bool {
        let label = item.label.label.as_deref().unwrap_or_default().to_lowercase();
        if self.label.as_ref().is_some_and(|part| !label.contains(part)) {
            return false;
        }
        let tags: Vec<String> = item.tag_words().collect();
        if !self.tags.iter().all(|tag| tags.contains(tag)) {
            return false;
        }
        if self.words.is_empty() {
            return true;
        }
        let tags = tags.join(" ").to_lowercase();
        let day = moment(i64::try_from(item.start).unwrap_or(i64::MAX));
        let day = day.split(' ').next().unwrap_or_default();
        let name = item.name.as_deref().unwrap_or_default().to_lowercase();
        let words = format!("{name} {label}");
        let all = format!("{} {label} {tags} run {day}", item.id.to_lowercase());
        self.words.iter().all(|word| match word.parse::<u64>() {
            // Digits are in every id and every date, and in many a tag.
            Ok(number) => {
                number == item.number
                    || words.contains(word)
                    || item.tags.values().flatten().any(|value| value == word)
            }
            Err(_) => all.contains(word),
        })
    }
}

/// Blocks of an index that one search looks through: some 16,000 runs.
const SEARCHED: usize = 256;

/// Runs, newest first. A search gives up after some 16,000 of them.
///
/// # Errors
///
/// What the store refuses.
pub async fn list<S: Store>(store: &S, wanted: &Wanted<'_>) -> Result<Vec<Item>, StoreError> {
    let Wanted { test, before, limit, ref search } = *wanted;
    let mut items = Vec::new();
    let mut known = BTreeSet::new();
    let mut behind = before.is_none();
    let mut walk = Walk::begin(store, test).await?;
    let mut looked = 0;
    while items.len() < limit
        && (search.is_empty() || looked < SEARCHED)
        && let Some(block) = walk.next(store).await?
    {
        looked += 1;
        let mut wanted = Vec::new();
        for (_, run) in block.entries {
            if !known.insert(run.clone()) {
                continue;
            }
            if behind {
                wanted.push(run);
            } else {
                behind = before == Some(&run);
            }
        }
        if block.gone_to.is_some() {
            continue;
        }
        let mut wanted = wanted.as_slice();
        while items.len() < limit && !wanted.is_empty() {
            let most = if search.is_empty() { limit - items.len() } else { ITEM_PAGE };
            let (page, rest) = wanted.split_at(wanted.len().min(ITEM_PAGE).min(most));
            for mut item in self::items(store, page).await?.into_iter().flatten() {
                if search.needs_tags() {
                    add_live_tags(store, &mut item).await?;
                }
                if search.finds(&item) {
                    items.push(item);
                }
            }
            wanted = rest;
        }
        items.truncate(limit);
    }
    Ok(items)
}

/// A run as lists show it; `None` when it does not exist or was deleted.
///
/// # Errors
///
/// What the store refuses.
pub async fn item<S: Store>(store: &S, run: &RunId) -> Result<Option<Item>, StoreError> {
    Ok(items(store, std::slice::from_ref(run)).await?.pop().flatten())
}

/// What is kept of each run beside its events.
const FACTS: usize = 7;

/// The same for several runs, read at once.
pub(crate) async fn items<S: Store>(store: &S, runs: &[RunId]) -> Result<Vec<Option<Item>>, StoreError> {
    let tests: BTreeSet<&TestName> = runs.iter().map(|run| &run.log.test).collect();
    let facts = |run| {
        let fact = [
            keys::meta,
            keys::ended,
            keys::deleted,
            keys::label,
            keys::outcome,
            keys::newest_verdict,
            keys::figures,
        ];
        fact.map(|key| key(run))
    };
    let mut asked: Vec<String> = runs.iter().flat_map(facts).collect();
    asked.extend(tests.iter().map(|test| keys::baseline(test)));
    let found = store.get_many(&asked).await?;
    let (facts, pins) = found.split_at(runs.len() * FACTS);
    // A baseline that cannot be read is none.
    let pinned: BTreeSet<String> = pins
        .iter()
        .zip(&asked[facts.len()..])
        .filter_map(|(pin, key)| value::decode::<String>(key, pin.as_ref()?).ok())
        .collect();
    Ok(runs
        .iter()
        .zip(asked.chunks(FACTS).zip(facts.chunks(FACTS)))
        .map(|(run, (keys, facts))| {
            let (Some(_), None) = (&facts[0], &facts[2]) else { return None };
            let mut item = parse_item(run, keys, facts).unwrap_or_else(|_| unreadable_item(run));
            item.baseline = pinned.contains(&item.id);
            Some(item)
        })
        .collect())
}

/// Fails where something of it is damaged.
fn parse_item(run: &RunId, keys: &[String], facts: &[Option<Vec<u8>>]) -> Result<Item, StoreError> {
    fn parse<T: DeserializeOwned>(key: &str, fact: &Option<Vec<u8>>) -> Result<Option<T>, StoreError> {
        fact.as_ref().map(|fact| value::decode(key, fact)).transpose()
    }
    let meta = parse::<RunMeta>(&keys[0], &facts[0])?;
    let ended = parse::<Ended>(&keys[1], &facts[1])?;
    let label = parse::<Label>(&keys[3], &facts[3])?;
    let exit = parse::<Exit>(&keys[4], &facts[4])?;
    let verdict = parse::<Newest>(&keys[5], &facts[5])?;
    // A hint: one that cannot be read is none.
    let kept = parse::<Kept>(&keys[6], &facts[6]).ok().flatten();
    Ok(Item {
        state: if ended.is_some() { RunState::Ended } else { RunState::Live },
        start: meta.map_or(0, |meta| meta.start_ms),
        end_ticket: ended.as_ref().map(|ended| ended.end.ticket),
        end: ended.as_ref().map(|ended| ended.end.end_ms),
        tags: ended.map(|ended| ended.end.tags).unwrap_or_default(),
        label: label.unwrap_or_default(),
        outcome: exit.and_then(|exit| outcome(Some(exit.code), None)),
        verdict: verdict.map(|verdict| verdict.state),
        objectives: kept.map(|kept| kept.objectives),
        ..unreadable_item(run)
    })
}

/// All that is known of a run of which something is damaged.
fn unreadable_item(run: &RunId) -> Item {
    Item {
        id: run.to_string(),
        test: run.log.test.to_string(),
        number: run.number,
        name: run.log.name.clone(),
        state: RunState::Unreadable,
        start: 0,
        end: None,
        label: Label::default(),
        tags: BTreeMap::new(),
        baseline: false,
        outcome: None,
        verdict: None,
        objectives: None,
        figures: None,
        run: run.clone(),
        end_ticket: None,
    }
}

impl Item {
    /// Its tags as one asks for them: `env:staging`.
    fn tag_words(&self) -> impl Iterator<Item = String> {
        self.tags.iter().flat_map(|(key, values)| values.iter().map(move |value| format!("{key}:{value}")))
    }

    /// Says how the run ended with what its summary knows of that.
    fn tell_outcome(&mut self, summary: Option<&Summary>) {
        let exit = self.outcome.as_ref().and_then(|outcome| outcome.exit);
        self.outcome = outcome(exit, summary);
    }
}

/// Fails unless the run exists and can be read.
///
/// # Errors
///
/// [`ReadError::NoSuchRun`] where there is no such run; what the store refuses.
pub async fn require<S: Store>(store: &S, run: &RunId) -> Result<Item, ReadError> {
    let item = item(store, run).await?.ok_or_else(|| ReadError::NoSuchRun(run.clone()))?;
    if item.state == RunState::Unreadable {
        return Err(
            StoreError::damaged(format!("the run {run}"), "what is stored of it cannot be read").into()
        );
    }
    Ok(item)
}

/// Whether there are records behind the end of a run that is its log's newest in a list.
///
/// # Errors
///
/// What the store refuses.
pub async fn goes_on<S: Store>(store: &S, item: &Item) -> Result<bool, StoreError> {
    match item.end_ticket {
        Some(ticket) => Ok(store.get(&keys::record(&item.run.log, ticket)).await?.is_some()),
        None => Ok(false),
    }
}

/// The summary as it was stored with a run's newest state.
fn stored_summary(run: &RunId, state: &StoredState) -> Result<Summary, StoreError> {
    serde_json::from_str(&state.summary)
        .map_err(|error| StoreError::damaged(format!("the summary of {run}"), error))
}

/// The document of one run: its item, how its thresholds stand, and how many events it has.
///
/// # Errors
///
/// [`ReadError::NoSuchRun`] where there is no such run; what the store refuses.
pub async fn get<S: Store>(store: &S, run: &RunId) -> Result<String, ReadError> {
    #[derive(Serialize)]
    struct Document {
        #[serde(flatten)]
        item: Item,
        thresholds: Option<Thresholds>,
        events: u64,
    }
    #[derive(Serialize)]
    struct Thresholds {
        total: usize,
        failed: usize,
        known: bool,
    }
    let mut item = require(store, run).await?;
    let newest = newest_state(store, run).await?;
    let (stored, state) = newest.ok_or_else(|| ReadError::Empty(run.clone()))?;
    let summary = state.map(|state| stored_summary(run, &state)).transpose()?;
    item.tell_outcome(summary.as_ref());
    if let Some(summary) = &summary {
        item.tags.clone_from(&summary.tags);
    }
    let thresholds = summary.map(|summary| Thresholds {
        total: summary.thresholds.len(),
        failed: summary.thresholds.iter().filter(|row| row.passes == Some(false)).count(),
        known: summary.health.thresholds_known,
    });
    let events = stored.chunk.first_id + stored.chunk.events.len() as u64;
    Ok(to_json(&Document { item, thresholds, events }, Digits::All))
}

/// The summary of a run, as of its newest chunk, with its label and note.
///
/// # Errors
///
/// [`ReadError::NoSuchRun`] where there is no such run; what the store refuses.
pub async fn summary<S: Store>(store: &S, run: &RunId) -> Result<Summary, ReadError> {
    let mut item = require(store, run).await?;
    let state = newest_state(store, run).await?.and_then(|(_, state)| state);
    let mut summary = stored_summary(run, &state.ok_or_else(|| ReadError::Empty(run.clone()))?)?;
    // The fold knows nothing of what people write beside a run.
    item.tell_outcome(Some(&summary));
    (summary.outcome, summary.label, summary.note) = (item.outcome, item.label.label, item.label.note);
    Ok(summary)
}

/// Puts the tags of a run that goes on into its item, as of its newest chunk; those of others are there.
///
/// # Errors
///
/// What the store refuses.
pub async fn add_live_tags<S: Store>(store: &S, item: &mut Item) -> Result<(), StoreError> {
    if item.state != RunState::Live {
        return Ok(());
    }
    match newest_state(store, &item.run).await {
        Err(error) if error.is_outage() => return Err(error),
        // What is damaged is told where it is shown.
        Err(_) | Ok(None | Some((_, None))) => {}
        Ok(Some((_, Some(state)))) => {
            item.tags = stored_summary(&item.run, &state).map(|summary| summary.tags).unwrap_or_default();
        }
    }
    Ok(())
}

/// Puts the main figures of a run into its item, as of its newest chunk, and every detail of its end;
/// nothing before the first chunk.
///
/// # Errors
///
/// What the store refuses.
pub async fn add_figures<S: Store>(store: &S, item: &mut Item) -> Result<(), StoreError> {
    let newest = newest_state(store, &item.run).await?;
    let Some(state) = newest.and_then(|(_, state)| state) else { return Ok(()) };
    let summary = stored_summary(&item.run, &state)?;
    item.tell_outcome(Some(&summary));
    let figures = MainFigures::of(&summary);
    let thresholds_known = summary.health.thresholds_known;
    item.tags = summary.tags;
    item.figures = Some(Figures { figures, thresholds: summary.thresholds, thresholds_known });
    Ok(())
}
