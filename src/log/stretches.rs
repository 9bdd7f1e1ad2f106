//! Stretches of a run, merged from its windows. Windows that have closed never change: an instance that is asked
//! again reads only those that have closed since.

use super::windows::{self, Proof, Read};
use crate::documents::series::Step;
use crate::fold::{Partial, Tally, Window};
use crate::names::RunId;
use crate::record::{Dimension, SeriesKey};
use crate::store::{Store, StoreError};
use loadgate_documents::Span;
use lru::LruCache;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::rc::Rc;

/// Runs of which an instance remembers what it merged.
const RUNS: NonZeroUsize = NonZeroUsize::new(32).expect("it is not zero");

/// Tallies that it remembers of them all, some kilobytes each.
const TALLIES: usize = 20_000;

/// A stretch is at least as long as a window: a run of a day has no more of them, and shorter ones nobody can read.
pub(crate) const MOST: usize = 10_000;

/// What is asked for: the windows that lie between two times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Between {
    /// Unix ms.
    pub from_ms: i64,
    pub to_ms: i64,
    /// Cut into stretches of as many windows as fit into this, ms, one at least.
    pub step_ms: Option<i64>,
}

/// Neighbouring windows, merged.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stretch {
    /// Unix ms.
    pub start_ms: i64,
    pub end_ms: i64,
    pub tallies: HashMap<SeriesKey, Tally>,
}

/// The VUs of a window: the least and the most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Vus {
    /// Unix ms.
    pub start_ms: i64,
    pub end_ms: i64,
    pub least: f64,
    pub most: f64,
}

/// Stretches that somebody wants, of some series.
pub(crate) struct Ask<'a> {
    /// Which series: one name is always of the same ones.
    pub name: &'a str,
    pub between: Between,
    pub wanted: Box<dyn Fn(&SeriesKey) -> bool + 'a>,
}

/// Windows without any samples are not kept, so a stretch lasts from one with some to another. `None`: there are
/// more than [`MOST`].
pub(crate) type Found = Option<Vec<Rc<Stretch>>>;

/// What an instance remembers of the runs that it was asked for.
pub(crate) struct Cache(RefCell<LruCache<RunId, Followed>>);

impl Default for Cache {
    fn default() -> Self {
        Cache(RefCell::new(LruCache::new(RUNS)))
    }
}

/// What was merged of a run.
#[derive(Debug, Clone, Default)]
struct Followed {
    proof: Option<Proof>,
    vus: (Taken, Vec<Vus>),
    merged: HashMap<Name, Merged>,
}

/// Of which series, from when on, and cut into what.
type Name = (String, i64, Option<i64>);

/// How far it is: the chunk and the end of the newest window.
#[derive(Debug, Clone, Copy, Default)]
struct Taken(Option<(u64, i64)>);

impl Taken {
    /// The chunk to read on from, and the end after which windows are new.
    fn next(self, from_ms: i64) -> (u64, i64) {
        self.0.unwrap_or((0, from_ms))
    }

    fn has(self, window: &Window) -> bool {
        self.0.is_some_and(|(_, end_ms)| window.end_ms <= end_ms)
    }
}

#[derive(Debug, Clone, Default)]
struct Merged {
    taken: Taken,
    /// The end of a window that is known to lie behind all that was taken: what ends before is complete.
    beyond: Option<i64>,
    stretches: Vec<Rc<Stretch>>,
}

impl Merged {
    fn is_complete(&self, to_ms: i64) -> bool {
        self.stretches.len() > MOST || self.beyond.is_some_and(|end_ms| end_ms > to_ms)
    }

    fn take(&mut self, ask: &Ask, series: &BTreeMap<u32, SeriesKey>, chunk: u64, window: &Window) {
        let Between { from_ms, to_ms, step_ms } = ask.between;
        if self.taken.has(window) || window.start_ms < from_ms || self.is_complete(to_ms) {
            return;
        }
        if window.end_ms > to_ms {
            self.beyond = Some(window.end_ms);
            return;
        }
        self.taken = Taken(Some((chunk, window.end_ms)));
        let full =
            |stretch: &Rc<Stretch>| step_ms.is_some_and(|step| window.end_ms - stretch.start_ms > step);
        if self.stretches.last().is_none_or(full) {
            let start_ms = window.start_ms;
            self.stretches.push(Rc::new(Stretch { start_ms, end_ms: start_ms, tallies: HashMap::new() }));
        }
        if let Some(stretch) = self.stretches.last_mut() {
            Rc::make_mut(stretch).take(series, window, &ask.wanted);
        }
    }
}

impl Stretch {
    fn take(
        &mut self,
        series: &BTreeMap<u32, SeriesKey>,
        window: &Window,
        wanted: impl Fn(&SeriesKey) -> bool,
    ) {
        self.end_ms = window.end_ms;
        merge(&mut self.tallies, series, window, wanted);
    }
}

/// Adds what a window has of the series that are wanted.
fn merge(
    tallies: &mut HashMap<SeriesKey, Tally>,
    series: &BTreeMap<u32, SeriesKey>,
    window: &Window,
    wanted: impl Fn(&SeriesKey) -> bool,
) {
    for partial in &window.partials {
        let Some(key) = series.get(&partial.series).filter(|key| wanted(key)) else { continue };
        let tally = partial.tally(window.start_ms);
        match tallies.get_mut(key) {
            Some(sum) => sum.merge(&tally, true),
            None => _ = tallies.insert(key.clone(), tally),
        }
    }
}

/// Merges the windows that end in each step of `step_ms` from `origin_ms` on, of the series that are wanted; by the
/// step's number. Only windows that lie within `within`.
pub(crate) async fn steps<S: Store>(
    store: &S,
    windows: &windows::Cache,
    run: &RunId,
    (origin_ms, step_ms): (i64, i64),
    within: Span,
    wanted: impl Fn(&SeriesKey) -> bool,
) -> Result<BTreeMap<i64, Step>, StoreError> {
    let mut found: BTreeMap<i64, Step> = BTreeMap::new();
    each(store, windows, run, 0, within.start, |series, _, window| {
        if window.start_ms < within.start || window.end_ms > within.end {
            return window.end_ms <= within.end;
        }
        let number = (window.end_ms - 1 - origin_ms).div_euclid(step_ms).max(0);
        let step = found.entry(number).or_default();
        step.end_ms = window.end_ms;
        merge(&mut step.tallies, series, &window, &wanted);
        true
    })
    .await?;
    Ok(found)
}

impl Cache {
    /// What is remembered of a run, if its store still has what that was made of.
    async fn followed<S: Store>(&self, store: &S, run: &RunId) -> Result<Followed, StoreError> {
        let followed = self.0.borrow_mut().get(run).cloned().unwrap_or_default();
        match followed.proof {
            Some(proof) if !proof.holds(store, run).await? => Ok(Followed::default()),
            _ => Ok(followed),
        }
    }

    fn remember(&self, run: &RunId, followed: Followed) {
        let mut runs = self.0.borrow_mut();
        runs.put(run.clone(), followed);
        let mut tallies: usize = runs.iter().map(|(_, followed)| followed.tallies()).sum();
        while tallies > TALLIES
            && let Some((_, oldest)) = runs.pop_lru()
        {
            tallies -= oldest.tallies();
        }
    }

    /// Merges what is asked for, in one walk over the windows that are not yet known.
    pub(crate) async fn stretches<S: Store>(
        &self,
        store: &S,
        windows: &windows::Cache,
        run: &RunId,
        asks: &[Ask<'_>],
    ) -> Result<Vec<Found>, StoreError> {
        let mut followed = self.followed(store, run).await?;
        let mut merged: Vec<Merged> = asks.iter().map(|ask| followed.merged_before(ask)).collect();
        let unread = asks.iter().zip(&merged).filter(|(ask, merged)| !merged.is_complete(ask.between.to_ms));
        let next = unread.map(|(ask, merged)| merged.taken.next(ask.between.from_ms));
        if let Some((chunk, after_ms)) = next.reduce(|one, other| (one.0.min(other.0), one.1.min(other.1))) {
            let newest = each(store, windows, run, chunk, after_ms, |series, chunk, window| {
                asks.iter()
                    .zip(&mut merged)
                    .for_each(|(ask, merged)| merged.take(ask, series, chunk, &window));
                asks.iter().zip(&merged).any(|(ask, merged)| !merged.is_complete(ask.between.to_ms))
            });
            followed.proven_by(newest.await?);
        }
        // What nobody asks for any more is forgotten.
        let names = asks.iter().map(Ask::name);
        followed.merged = names.zip(&merged).map(|(name, merged)| (name, merged.clone())).collect();
        self.remember(run, followed);
        Ok(merged
            .into_iter()
            .map(|merged| (merged.stretches.len() <= MOST).then_some(merged.stretches))
            .collect())
    }

    /// The VUs of a run, window by window.
    pub(crate) async fn vus<S: Store>(
        &self,
        store: &S,
        windows: &windows::Cache,
        run: &RunId,
    ) -> Result<Vec<Vus>, StoreError> {
        let mut followed = self.followed(store, run).await?;
        let (mut taken, mut found) = std::mem::take(&mut followed.vus);
        let (chunk, after_ms) = taken.next(i64::MIN);
        let newest = each(store, windows, run, chunk, after_ms, |series, chunk, window| {
            taken = Taken(Some((chunk, window.end_ms)));
            found.extend(vus_of(series, &window));
            true
        });
        followed.proven_by(newest.await?);
        followed.vus = (taken, found.clone());
        self.remember(run, followed);
        Ok(found)
    }
}

impl Ask<'_> {
    fn name(&self) -> Name {
        (self.name.to_owned(), self.between.from_ms, self.between.step_ms)
    }
}

impl Followed {
    fn tallies(&self) -> usize {
        let stretches = self.merged.values().flat_map(|merged| &merged.stretches);
        stretches.map(|stretch| stretch.tallies.len()).sum()
    }

    /// What goes on where it ended; what went too far begins anew.
    fn merged_before(&self, ask: &Ask) -> Merged {
        let merged = self.merged.get(&ask.name());
        let fits = |merged: &&Merged| merged.taken.0.is_none_or(|(_, end_ms)| end_ms <= ask.between.to_ms);
        merged.filter(fits).cloned().unwrap_or_default()
    }

    fn proven_by(&mut self, newest: Option<Proof>) {
        self.proof = self.proof.max(newest);
    }
}

fn vus_of(series: &BTreeMap<u32, SeriesKey>, window: &Window) -> Option<Vus> {
    let is_vus = |partial: &&Partial| {
        let key = series.get(&partial.series);
        key.is_some_and(|key| key.dimension == Dimension::Metric && key.metric == "vus")
    };
    let Tally { min: least, max: most, .. } = window.partials.iter().find(is_vus)?.tally(window.start_ms);
    Some(Vus { start_ms: window.start_ms, end_ms: window.end_ms, least, most })
}

/// Gives every window from a chunk on that ends after `after_ms`, for as long as they are wanted.
async fn each<S: Store>(
    store: &S,
    cache: &windows::Cache,
    run: &RunId,
    from: u64,
    after_ms: i64,
    mut give: impl FnMut(&BTreeMap<u32, SeriesKey>, u64, Window) -> bool,
) -> Result<Option<Proof>, StoreError> {
    let (mut next, mut wanted, mut proof) = (Some(from), true, None);
    while let Some(from) = next.filter(|_| wanted) {
        let Read { next: more, newest } =
            windows::page(store, cache, run, from, after_ms, |series, chunk, window| {
                wanted = wanted && give(series, chunk, window);
            })
            .await?;
        (next, proof) = (more, newest.or(proof));
    }
    Ok(proof)
}
