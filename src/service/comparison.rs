//! A run held against another one: what came of both block by block, and what that says.

use super::{Service, Window};
use crate::catalogue::{labels, runs, verdicts};
use crate::documents::part;
use crate::fold::{Tally, width_at};
use crate::ingest::Refusal;
use crate::log::stretches;
use crate::names::RunId;
use crate::record::sketch::value_of;
use crate::record::{Dimension, SeriesKey};
use crate::store::{Clock, Store};
use loadgate_comparison::{Block, Blocks, MOST_BLOCKS, Series, Side, compare};
use loadgate_documents::{Comparison, Digits, MetricType, RunState, Span, Summary, to_json};
use lru::LruCache;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;

/// Comparisons of runs that have ended that are remembered, some hundred kilobytes each.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(16).expect("it is not zero");

/// Windows of a run of which nobody can tell how it varied.
const NO_COURSE: usize = 1;

/// What an instance remembers. Nothing depends on it.
pub(super) struct Cache(RefCell<LruCache<Pair, (String, String)>>);

/// Two runs, and the part of them.
type Pair = (RunId, RunId, Window);

impl Default for Cache {
    fn default() -> Self {
        Cache(RefCell::new(LruCache::new(REMEMBERED)))
    }
}

/// A run, or a part of it.
struct Looked {
    whole: Summary,
    summary: Summary,
    within: Span,
}

impl Looked {
    /// Where the part begins, and how long it is; Unix ms.
    fn part(&self) -> (i64, i64) {
        let Span { start, end } =
            self.summary.window.unwrap_or(Span { start: self.whole.start, end: self.whole.end });
        (start, (end - start).max(1))
    }

    fn name(&self) -> String {
        self.whole.label.clone().unwrap_or_else(|| self.whole.run.clone())
    }
}

impl<S: Store, C: Clock> Service<S, C> {
    /// A run, or a window of it, held against the same of another one, or of the baseline; JSON, null where the
    /// test has none or the run is it. See `docs/comparison.md`.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where there is no such run, or no such window of one of them; [`Refusal::Invalid`]
    /// where both are one; what the store refuses.
    pub async fn comparison(&self, run: &str, with: Option<&str>, window: Window) -> Result<String, Refusal> {
        let run = self.run(run).await?;
        let baseline = labels::baseline(&self.store, &run.log.test).await?;
        let other = match with {
            Some(other) => self.run(other).await?,
            None => match baseline.clone().filter(|baseline| *baseline != run) {
                Some(baseline) => baseline,
                None => return Ok("null".to_owned()),
            },
        };
        if other == run {
            return Err(Refusal::Invalid(format!("{run} cannot be compared with itself; say another run")));
        }
        let looked = [self.looked(&run, window).await?, self.looked(&other, window).await?];
        let is_baseline = baseline.as_ref() == Some(&other);
        let basis = looked.iter().map(|one| to_json(&one.whole, Digits::All)).collect::<Vec<_>>();
        let basis = verdicts::hash(&[&basis[0], &basis[1], &is_baseline.to_string()]);
        let pair = (run, other, window);
        if let Some((of, document)) = self.compared.0.borrow_mut().get(&pair)
            && *of == basis
        {
            return Ok(document.clone());
        }
        let document = self.compared_now(&pair, &looked, is_baseline).await?;
        let document = to_json(&document, Digits::Five);
        if looked.iter().all(|one| one.whole.state == RunState::Ended) {
            self.compared.0.borrow_mut().put(pair, (basis, document.clone()));
        }
        Ok(document)
    }

    async fn looked(&self, run: &RunId, window: Window) -> Result<Looked, Refusal> {
        let whole = runs::summary(&self.store, run).await?;
        let between = self.between(run, &whole, window).await?.map_err(Refusal::NotFound)?;
        let summary = match window {
            Window::Whole => whole.clone(),
            _ => self.summary_between(run, &whole, between).await?.map_err(Refusal::NotFound)?,
        };
        Ok(Looked { whole, summary, within: Span { start: between.from_ms, end: between.to_ms } })
    }

    async fn compared_now(
        &self,
        (run, other, _): &Pair,
        looked: &[Looked; 2],
        baseline: bool,
    ) -> Result<Comparison, Refusal> {
        let steps = looked.each_ref().map(|one| {
            // No block is shorter than a window.
            let ((_, length), age) = (one.part(), one.whole.end - one.whole.start);
            let widest = width_at(age - 1, i64::from(self.settings.fold.period_ms));
            let step = (length + MOST_BLOCKS - 1) / MOST_BLOCKS;
            (step + widest - 1) / widest * widest
        });
        // Blocks of both are of the same times, so that they can be paired.
        let step = steps[0].max(steps[1]);
        let alike = steps[0].min(steps[1]) * 2 > step;
        let steps = if alike { [step; 2] } else { steps };
        let [one, against] = looked;
        let series = [self.blocks(run, one, steps[0]).await?, self.blocks(other, against, steps[1]).await?];
        let names =
            [one.name(), if baseline { format!("the baseline {}", against.name()) } else { against.name() }];
        let side = |at: usize| Side { summary: &looked[at].summary, series: &series[at], name: &names[at] };
        Ok(Comparison { baseline, ..compare(side(0), side(1)) })
    }

    /// What came of a run, or of a part of it, in blocks of one length.
    async fn blocks(
        &self,
        run: &RunId,
        looked: &Looked,
        step_ms: i64,
    ) -> Result<BTreeMap<Series, Blocks>, Refusal> {
        let (origin, _) = looked.part();
        let kept = &self.cache.windows;
        let grid = (origin, step_ms);
        let steps = stretches::steps(&self.store, kept, run, grid, looked.within, is_compared).await?;
        let mut series: BTreeMap<Series, Blocks> = BTreeMap::new();
        if steps.len() <= NO_COURSE {
            return Ok(series);
        }
        for (number, step) in steps {
            for (key, tally) in part::totals(&looked.whole.tables, &step.tallies) {
                if let Some(name) = name(key, &looked.whole) {
                    series.entry(name).or_default().insert(number, block(&tally));
                }
            }
        }
        Ok(series)
    }
}

/// Series that are compared over time.
fn is_compared(key: &SeriesKey) -> bool {
    match key.dimension {
        Dimension::Metric | Dimension::Submetric | Dimension::Check => true,
        Dimension::Request => matches!(key.metric.as_str(), "http_req_duration" | "http_req_failed"),
        Dimension::Status | Dimension::Facets | Dimension::Group | Dimension::Scenario => false,
    }
}

fn name(key: SeriesKey, whole: &Summary) -> Option<Series> {
    let named = |name: String| {
        let kind = whole.metrics.get(&name)?.metric_type;
        // What holds its value has none that vary.
        (kind != MetricType::Gauge).then_some(Series::Metric(name))
    };
    match key.dimension {
        Dimension::Metric => named(key.metric),
        Dimension::Submetric => named(format!("{}{{{}}}", key.metric, key.key.concat())),
        Dimension::Request => Some(Series::Request(key.key, key.metric)),
        Dimension::Check => Some(Series::Check(key.key)),
        Dimension::Status | Dimension::Facets | Dimension::Group | Dimension::Scenario => None,
    }
}

fn block(tally: &Tally) -> Block {
    let values = tally.sketch.entries().iter();
    Block {
        count: tally.count as f64,
        nonzero: tally.nonzero as f64,
        sum: tally.sum.get(),
        values: values.map(|(bucket, count)| (value_of(*bucket), *count as f64)).collect(),
    }
}
