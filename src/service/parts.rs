//! What a run has to show to the gate: its figures, and those of its parts: of a window, of what was steady, of
//! stretch after stretch.

use super::Service;
use crate::catalogue::runs;
use crate::catalogue::verdicts::{self, Finished};
use crate::documents::{distribution, part};
use crate::ingest::Refusal;
use crate::log::stretches::{self, Ask, Between, Stretch};
use crate::log::{self, silence};
use crate::names::RunId;
use crate::record::{Dimension, SeriesKey};
use crate::store::{Clock, Store};
use loadgate_documents::{Digits, MetricKind, RunState, Span, Summary, clock, to_json};
use loadgate_gate::{Evidence, Expression, MAX_BASELINE, Objectives, Part, Subject, Window};
use lru::LruCache;
use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::num::NonZeroUsize;
use std::rc::Rc;

/// The load is steady while the VUs are within this share of their most.
const STEADY: f64 = 0.95;

/// An event's window that differs from the run's by less than this is the run's, ms.
const WINDOW_SLACK_MS: i64 = 2_000;

/// Ended runs that are remembered as others were compared with them: of one test, and some more.
const COMPARED: NonZeroUsize = NonZeroUsize::new(MAX_BASELINE * 2).expect("it is not zero");

/// Times of silence that a sentence tells.
const SILENCES: usize = 5;

/// What is asked for cannot be had: why, as a sentence.
pub(super) type Found<T> = Result<T, String>;

/// What an instance remembers, so that a run that is judged every few seconds costs little. Nothing depends on it.
pub(super) struct Cache {
    stretches: stretches::Cache,
    /// By run: what it was made of, as a hash, and what others are compared with.
    compared: RefCell<LruCache<RunId, (String, Rc<Seen>)>>,
}

impl Default for Cache {
    fn default() -> Self {
        Cache { stretches: stretches::Cache::default(), compared: RefCell::new(LruCache::new(COMPARED)) }
    }
}

/// What a run is looked at for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It is judged.
    Judged,
    /// Another is compared with it.
    Compared,
}

/// A run as the gate sees it: the figures of what is judged, and of its parts.
pub(super) struct Seen {
    /// Of the window that an event asks for, else of all of the run.
    summary: Summary,
    /// By expression and part.
    parts: HashMap<(String, Part), Found<Vec<Summary>>>,
    /// What is known to be missing; each a sentence.
    missing: Vec<String>,
}

impl Evidence for Seen {
    fn whole(&self) -> &Summary {
        &self.summary
    }

    fn part(&self, expression: &Expression, part: &Part) -> Found<Vec<&Summary>> {
        match self.parts.get(&(expression.text.clone(), *part)) {
            Some(Ok(summaries)) => Ok(summaries.iter().collect()),
            Some(Err(why)) => Err(why.clone()),
            None => Err("Nobody looked at this part of the run.".to_owned()),
        }
    }

    fn missing(&self) -> Vec<String> {
        self.missing.clone()
    }
}

/// The window that an event asks for, where it is not all of the run.
fn told_window(whole: &Summary, finished: &Finished) -> Option<Window> {
    let from = finished.start_ms.filter(|start| *start > whole.start + WINDOW_SLACK_MS);
    let to = finished.end_ms.filter(|end| *end < whole.end - WINDOW_SLACK_MS);
    let age = |at: i64| u64::try_from(at - whole.start).unwrap_or(0);
    let ended = whole.state != RunState::Live;
    (ended && (from.is_some() || to.is_some()))
        .then(|| Window::Between { from: from.map_or(0, age), to: to.map(age) })
}

impl<S: Store, C: Clock> Service<S, C> {
    /// A run as the gate sees it, with the parts that the objectives look at.
    pub(super) async fn seen(
        &self,
        run: &RunId,
        whole: Summary,
        objectives: &Objectives,
        role: Role,
    ) -> Result<Seen, Refusal> {
        let finished = verdicts::finished(&self.store, run).await?;
        self.seen_with(run, whole, objectives, role, finished.as_ref()).await
    }

    /// The same of a run that others are compared with: one that has ended is looked at once.
    pub(super) async fn seen_before(
        &self,
        run: &RunId,
        whole: Summary,
        text: &str,
        objectives: &Objectives,
    ) -> Result<Rc<Seen>, Refusal> {
        let finished = verdicts::finished(&self.store, run).await?;
        let told = format!("{finished:?}");
        let basis = verdicts::hash(&[text, &told, &to_json(&whole, Digits::All)]);
        if let Some((of, seen)) = self.evidence.compared.borrow_mut().get(run)
            && *of == basis
        {
            return Ok(Rc::clone(seen));
        }
        let ended = whole.state == RunState::Ended;
        let seen = Rc::new(self.seen_with(run, whole, objectives, Role::Compared, finished.as_ref()).await?);
        if ended {
            self.evidence.compared.borrow_mut().put(run.clone(), (basis, Rc::clone(&seen)));
        }
        Ok(seen)
    }

    async fn seen_with(
        &self,
        run: &RunId,
        whole: Summary,
        objectives: &Objectives,
        role: Role,
        finished: Option<&Finished>,
    ) -> Result<Seen, Refusal> {
        let wanted = objectives.objectives.iter().map(|objective| {
            let Part { window, stretch } = objective.part;
            // What is judged is looked at stretch by stretch, what it is compared with as a whole.
            let stretch = stretch.filter(|_| role == Role::Judged);
            (&objective.expression, Part { window, stretch })
        });
        let wanted: Vec<_> = wanted.filter(|(_, part)| *part != Part::default()).collect();
        let parts = self.parts(run, &whole, &wanted).await?;
        let mut missing = Vec::new();
        if role == Role::Judged && whole.state == RunState::Ended {
            missing.extend(self.silence(run, &whole).await?);
        }
        let told = finished.and_then(|finished| told_window(&whole, finished));
        let Some(window) = told else { return Ok(Seen { summary: whole, parts, missing }) };
        Ok(match self.summary_within(run, &whole, window).await? {
            Ok(summary) => Seen { summary, parts, missing },
            Err(why) => {
                missing.push(format!("The test's end was told with a window of its own. {why}"));
                Seen { summary: whole, parts, missing }
            }
        })
    }

    /// When nothing was heard of a run while it went on, as a sentence.
    async fn silence(&self, run: &RunId, whole: &Summary) -> Result<Option<String>, Refusal> {
        let silences = silence::silences(&self.store, run).await?;
        let at = |ms: i64| clock(ms.saturating_sub(whole.start) as f64);
        let times = silences
            .iter()
            .take(SILENCES)
            .map(|Span { start, end }| format!("from {} to {}", at(*start), at(*end)));
        let times: Vec<String> = times.collect();
        let more = match silences.len().saturating_sub(SILENCES) {
            0 => String::new(),
            more => format!(" and {more} times more"),
        };
        Ok((!times.is_empty()).then(|| {
            format!(
                "There are no samples of vus {}{more}, though they came steadily before and after: others of \
                 that time are missing, too.",
                times.join(", ")
            )
        }))
    }

    /// What expressions look at in parts of a run: one summary of each, or one of each stretch.
    async fn parts(
        &self,
        run: &RunId,
        whole: &Summary,
        wanted: &[(&Expression, Part)],
    ) -> Result<HashMap<(String, Part), Found<Vec<Summary>>>, Refusal> {
        let (mut found, mut windows, mut asks, mut asked) =
            (HashMap::new(), HashMap::new(), Vec::new(), Vec::new());
        for (expression, part) in wanted {
            let between = match windows.entry(part.window) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(window) => window.insert(self.between(run, whole, part.window).await?),
            };
            match between {
                Ok(between) => {
                    let step_ms = part.stretch.and_then(|length| i64::try_from(length).ok());
                    let between = Between { step_ms, ..*between };
                    let subject = &expression.subject;
                    let wanted = Box::new(move |key: &SeriesKey| looks_at(subject, key));
                    asks.push(Ask { name: &expression.text, between, wanted });
                    asked.push((expression, *part));
                }
                Err(why) => _ = found.insert((expression.text.clone(), *part), Err(why.clone())),
            }
        }
        if asks.is_empty() {
            return Ok(found);
        }
        let stretches =
            self.evidence.stretches.stretches(&self.store, &self.cache.windows, run, &asks).await?;
        for (((expression, part), ask), stretches) in asked.into_iter().zip(&asks).zip(stretches) {
            let whole = &only(whole, &expression.subject);
            let summaries = match stretches {
                None => Err(format!("{} has more than {} such stretches.", whole.run, stretches::MOST)),
                Some(none) if none.is_empty() => Err(nothing(whole, ask.between)),
                Some(some) => Ok(some.iter().map(|stretch| part::summary(whole, of(stretch))).collect()),
            };
            found.insert((expression.text.clone(), part), summaries);
        }
        Ok(found)
    }

    /// The summary of a window of the run that `whole` is of.
    pub(super) async fn summary_within(
        &self,
        run: &RunId,
        whole: &Summary,
        window: Window,
    ) -> Result<Found<Summary>, Refusal> {
        match self.between(run, whole, window).await? {
            Ok(between) => self.summary_between(run, whole, between).await,
            Err(why) => Ok(Err(why)),
        }
    }

    /// The same of times that are known.
    pub(super) async fn summary_between(
        &self,
        run: &RunId,
        whole: &Summary,
        between: Between,
    ) -> Result<Found<Summary>, Refusal> {
        let stretch = self.stretch(run, whole, between, |_| true).await?;
        Ok(stretch.map(|stretch| part::summary(whole, of(&stretch))))
    }

    /// How the values of a trend are distributed in a window; none where it has none there.
    pub(super) async fn distribution_within(
        &self,
        run: &RunId,
        of: &distribution::Of<'_>,
        key: &SeriesKey,
        window: Window,
    ) -> Result<Found<Option<String>>, Refusal> {
        let whole = runs::summary(&self.store, run).await?;
        let stretch = self.stretch_within(run, &whole, window, part::counting_in(&whole, key)).await?;
        let kind = whole.kind(&key.metric);
        let kind = kind.map(|(metric_type, contains)| MetricKind { metric_type, contains });
        Ok(stretch.map(|stretch| distribution::document(of, kind?, &part::sum(&stretch.tallies))))
    }

    /// What came in a window of the run that `whole` is of, in the series that are wanted.
    pub(super) async fn stretch_within(
        &self,
        run: &RunId,
        whole: &Summary,
        window: Window,
        wanted: impl Fn(&SeriesKey) -> bool,
    ) -> Result<Found<Rc<Stretch>>, Refusal> {
        match self.between(run, whole, window).await? {
            Ok(between) => self.stretch(run, whole, between, wanted).await,
            Err(why) => Ok(Err(why)),
        }
    }

    /// What came between two times of the run that `whole` is of, in the series that are wanted.
    async fn stretch(
        &self,
        run: &RunId,
        whole: &Summary,
        between: Between,
        wanted: impl Fn(&SeriesKey) -> bool,
    ) -> Result<Found<Rc<Stretch>>, Refusal> {
        let ask = Ask { name: "", between, wanted: Box::new(wanted) };
        // Whoever wants this once need not have it kept: it can have every series.
        let once = stretches::Cache::default();
        let mut found = once.stretches(&self.store, &self.cache.windows, run, &[ask]).await?;
        let stretch = found.pop().flatten().unwrap_or_default().pop();
        Ok(stretch.ok_or_else(|| nothing(whole, between)))
    }

    /// The times of a window.
    pub(super) async fn between(
        &self,
        run: &RunId,
        whole: &Summary,
        window: Window,
    ) -> Result<Found<Between>, Refusal> {
        let at = |ms: u64| whole.start.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX));
        let (from_ms, to_ms) = match window {
            Window::Whole => (i64::MIN, i64::MAX),
            Window::Between { from, to } => (at(from), to.map_or(i64::MAX, at)),
            Window::Steady => match self.steady(run, whole).await? {
                Ok(span) => (span.start, span.end),
                Err(why) => return Ok(Err(why)),
            },
        };
        Ok(Ok(Between { from_ms, to_ms, step_ms: None }))
    }

    /// Where the load was planned to be steady, if the options say it and the run came so far; else the longest
    /// stretch in which its VUs were at their most, or near it. A plan of VUs counts only where those were there: setup
    /// puts it off.
    async fn steady(&self, run: &RunId, whole: &Summary) -> Result<Found<Span>, Refusal> {
        let planned = log::with_run(&self.store, &self.cache, run, |run| run.steady_ms(STEADY)).await?;
        let at = |ms: u64| whole.start.saturating_add(i64::try_from(ms).unwrap_or(i64::MAX)).min(whole.end);
        let planned = planned.flatten().map(|(from, to)| Span { start: at(from), end: at(to) });
        let planned = planned.filter(|span| span.end - span.start > WINDOW_SLACK_MS);
        // Where arrivals are planned, it is said what became of them.
        if let Some(span) = planned.filter(|_| !whole.health.wanted.is_empty()) {
            return Ok(Ok(span));
        }
        let vus = self.evidence.stretches.vus(&self.store, &self.cache.windows, run).await?;
        let most = vus.iter().map(|window| window.most).fold(0.0, f64::max);
        if most <= 0.0 {
            return Ok(Err(format!("{} has no VUs that tell where it was steady.", whole.run)));
        }
        let as_planned = |span: &Span| {
            let mut within = vus
                .iter()
                .filter(|window| window.start_ms >= span.start && window.end_ms <= span.end)
                .peekable();
            within.peek().is_some() && within.all(|window| window.least >= most * STEADY)
        };
        if let Some(span) = planned.filter(as_planned) {
            return Ok(Ok(span));
        }
        let stretches = vus.chunk_by(|before, after| {
            before.least >= most * STEADY && after.least >= most * STEADY && before.end_ms == after.start_ms
        });
        let steady = stretches.filter(|stretch| stretch[0].least >= most * STEADY);
        let spans = steady.map(|stretch| Span {
            start: stretch[0].start_ms,
            end: stretch.last().map_or(stretch[0].end_ms, |window| window.end_ms),
        });
        // Of equals the first.
        let longest = spans
            .reduce(|long, span| if span.end - span.start > long.end - long.start { span } else { long });
        Ok(longest.ok_or_else(|| {
            format!(
                "{} was never steady: no window of it had at least 95 % of its most VUs, {most}, throughout.",
                whole.run
            )
        }))
    }
}

fn of(stretch: &Stretch) -> part::Part<'_> {
    let Stretch { start_ms, end_ms, tallies } = stretch;
    part::Part { span: Span { start: *start_ms, end: *end_ms }, tallies }
}

fn nothing(whole: &Summary, asked: Between) -> String {
    let at =
        |ms: i64| clock(ms.clamp(whole.start, whole.end.max(whole.start)).saturating_sub(whole.start) as f64);
    format!(
        "No window of {} lies between {} and {}: figures are kept of 2 s at first, of more in long runs.",
        whole.run,
        at(asked.from_ms),
        at(asked.to_ms)
    )
}

/// Whether a subject's figures are of a series.
fn looks_at(subject: &Subject, key: &SeriesKey) -> bool {
    match subject {
        Subject::Metric { name, .. } => *key == SeriesKey::named(name),
        Subject::Request { method, name, .. } => {
            key.dimension == Dimension::Request
                && (key.key.len() == 1 || (key.key.first() == Some(method) && key.key.get(1) == Some(name)))
        }
        Subject::Health { .. } | Subject::Unknown => false,
    }
}

/// A summary without what a subject does not look at: there may be one for each of many stretches.
fn only(whole: &Summary, subject: &Subject) -> Summary {
    let mut summary = whole.clone();
    summary.metrics.retain(|metric, _| matches!(subject, Subject::Metric { name, .. } if name == metric));
    summary.thresholds.clear();
    let requests = std::mem::take(&mut summary.tables).requests;
    if let Subject::Request { method, name, .. } = subject {
        summary.tables.requests = requests
            .into_iter()
            .filter(|row| row.key.len() == 1 || row.key == [method.as_str(), name.as_str()])
            .collect();
    }
    summary
}
