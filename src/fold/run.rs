//! One run: its time, its open windows, and what it adds up to.

use crate::declare::Declarations;
use crate::fold::generators::{Generators, Waiting};
use crate::fold::kinds::Kinds;
use crate::fold::ladder::{Window, window_at};
use crate::fold::senders::Senders;
use crate::fold::series::SeriesTable;
use crate::fold::since_start::SinceStart;
use crate::fold::stream::{CHUNK_BYTES, CHUNK_RECORDS, Draft, Stream};
use crate::fold::tags::Tags;
use crate::fold::tally::Tally;
use crate::fold::{Chunk, CurrentRun, RunEnd, RunMeta};
use crate::limits;
use crate::names::RunId;
use crate::record::{Batch, Dimension, Record, Second, Sent, SeriesKey, VusSample};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const SECOND_NS: i64 = 1_000_000_000;
/// Seconds whose nanoseconds an `i64` can hold.
const SECONDS_MOST: i64 = i64::MAX / SECOND_NS - 1;
/// A run ends this long after a finish, so that the last flush still belongs to it.
const FINISH_MS: u64 = 2_000;
/// An import without a finish ends after this silence.
const IMPORT_IDLE_MS: u64 = 3_600_000;
/// A stretch without any data longer than this (only imports have such) is told by its first and
/// last window alone, so that made-up times cannot make windows without end.
const EMPTY_STRETCH_S: i64 = limits::AHEAD_LIVE_S;
/// Reasons for refusals that are told apart.
const REASONS: usize = 50;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub id: RunId,
    pub live: bool,
    import: bool,
    grace_ns: i64,
    idle_ms: u64,
    /// Seconds; 0: the ladder's own.
    pub(super) period: i64,
    /// Names of requests are never shortened.
    pub(super) keeps_names: bool,

    /// Newest receive time of data, Unix ms.
    pub(super) received_ms: u64,
    finish: Option<Finish>,
    pub(super) senders: Senders,
    pub(super) tags: Tags,

    /// Unix seconds.
    pub(super) origin: i64,
    oldest_ns: i64,
    pub(super) newest_ns: i64,
    /// Age in seconds at which the oldest open window begins.
    open: i64,
    /// Unix ms: the `time` of the last snapshot, the origin before the first.
    pub(super) closed_ms: i64,

    pub(super) series: SeriesTable,
    pub(super) totals: Vec<Tally>,
    pub(super) windows: BTreeMap<i64, OpenWindow>,
    pub(super) generators: Generators,
    pub(super) since_start: SinceStart,

    /// Hash of the set in force, and what it says.
    declared_hash: Option<String>,
    pub(super) declared: Declarations,
    /// Submetrics that were declared when the run began, and miss nothing.
    pub(super) declared_at_start: Vec<String>,
    pub(super) kinds: Kinds,
    pub(super) stream: Stream,
    pub(super) counts: Counts,
}

/// Somebody said that the load test is over; the last samples may still be on their way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Finish {
    at_ms: u64,
    /// The run ends after so long without data …
    quiet_ms: u64,
    /// … and so long after the finish at the latest.
    most_ms: u64,
}

impl Finish {
    /// When the run ends, if nothing more comes than what was received until then.
    fn settles_at_ms(&self, received_ms: u64) -> u64 {
        let quiet = self.at_ms.max(received_ms).saturating_add(self.quiet_ms);
        quiet.min(self.at_ms.saturating_add(self.most_ms))
    }
}

/// What `health` tells.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub records: u64,
    pub samples: u64,
    pub late: u64,
    pub misdated: u64,
    pub refused: u64,
    pub refusals: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct OpenWindow {
    pub cells: BTreeMap<u32, Tally>,
    pub vus: Vec<Waiting>,
}

fn seconds_of(ns: i64) -> i64 {
    ns.div_euclid(SECOND_NS)
}

impl Run {
    /// Begins with its first batch: chunk 0.
    pub(super) fn begin(
        id: RunId,
        record: &Record,
        batch: &Batch,
        declarations: Option<&Declarations>,
        before: Option<&Run>,
    ) -> (Self, Chunk) {
        let declared = declarations.cloned().unwrap_or_default();
        let origin = seconds_of(batch.oldest_ns);
        let period_ms = u64::from(batch.settings.period_ms);
        let mut run = Run {
            id,
            live: true,
            import: batch.import,
            grace_ns: i64::from(batch.settings.grace_ms) * 1_000_000,
            idle_ms: if batch.import { IMPORT_IDLE_MS } else { batch.settings.idle_ms.into() },
            // Partials are per second. A year is longer than any period that makes sense.
            period: period_ms.div_ceil(1_000).min(366 * 86_400) as i64,
            keeps_names: batch.settings.keeps_names,
            received_ms: record.received_ms,
            finish: None,
            senders: Senders::begin(record, before.map(|before| &before.senders)),
            tags: Tags::default(),
            origin,
            oldest_ns: batch.oldest_ns,
            newest_ns: batch.oldest_ns,
            open: 0,
            closed_ms: origin.saturating_mul(1_000),
            series: SeriesTable::default(),
            totals: Vec::new(),
            windows: BTreeMap::new(),
            generators: Generators::default(),
            since_start: SinceStart::default(),
            declared_hash: record.declarations.clone(),
            declared_at_start: declared.submetric_names().into_iter().map(str::to_owned).collect(),
            declared,
            kinds: Kinds::default(),
            stream: Stream::default(),
            counts: Counts::default(),
        };
        run.kinds.declare(&run.declared);
        let mut draft = Draft::default();
        run.open_stream(&mut draft);
        run.stream.end_chunk(&run.id, &mut draft);
        let first = draft.done.remove(0);
        (run, first)
    }

    pub(super) fn meta(&self, ticket: u64) -> RunMeta {
        RunMeta { run: self.id.clone(), start_ms: self.start_ms(), ticket, import: self.import }
    }

    pub(crate) fn start_ms(&self) -> u64 {
        u64::try_from(self.origin.saturating_mul(1_000)).unwrap_or(0)
    }

    pub(crate) fn newest_ms(&self) -> u64 {
        u64::try_from(self.newest_ns.div_euclid(1_000_000)).unwrap_or(0)
    }

    pub(super) fn current(&self) -> CurrentRun {
        let settled = self.finish.as_ref().map(|finish| finish.settles_at_ms(self.received_ms));
        let silent = self.silent_at_ms();
        CurrentRun {
            run: self.id.clone(),
            live: self.live,
            import: self.import,
            chunks: self.stream.chunks,
            ends_at_ms: self.live.then(|| settled.map_or(silent, |settled| settled.min(silent))),
            settles_at_ms: settled.filter(|_| self.live),
            newest_ms: self.newest_ms(),
        }
    }

    /// Silence that ends the run, ms.
    pub(crate) fn idle_ms(&self) -> u64 {
        self.idle_ms
    }

    /// What cumulative rates are over: from the oldest sample to the newest, but not beyond the
    /// last closed window, whose samples are what they divide; at least 1 s.
    pub(crate) fn seconds(&self) -> f64 {
        let newest = self.newest_ns.min(self.closed_ms.saturating_mul(1_000_000));
        let newest = if self.live { newest } else { self.newest_ns };
        (newest.saturating_sub(self.oldest_ns) as f64 / SECOND_NS as f64).max(1.0)
    }

    /// Whether a data record that was received then comes after the run's end.
    pub(super) fn is_over_at(&self, received_ms: u64) -> bool {
        self.live && self.current().ends_at_ms.is_some_and(|end| received_ms >= end)
    }

    /// Whether somebody said before then that the run is over.
    pub(super) fn finished_before(&self, received_ms: u64) -> bool {
        self.finish.as_ref().is_some_and(|finish| finish.at_ms <= received_ms)
    }

    /// When silence ends the run, Unix ms.
    pub(super) fn silent_at_ms(&self) -> u64 {
        self.received_ms.saturating_add(self.idle_ms)
    }

    pub(super) fn is_import(&self) -> bool {
        self.import
    }

    /// The first finish counts; a repeated one must not put the end off.
    pub(super) fn finish(&mut self, at_ms: u64, sent: &Sent) {
        let (quiet_ms, most_ms) = match sent {
            Sent::Announced { quiet_ms, most_ms } => (u64::from(*quiet_ms), u64::from(*most_ms)),
            Sent::Perhaps | Sent::All | Sent::AllBy(_) => (FINISH_MS, FINISH_MS),
        };
        self.finish.get_or_insert(Finish { at_ms, quiet_ms, most_ms });
    }

    /// Takes over the declarations that a record names, unless it is of an upload that began before those
    /// in force were told.
    pub(super) fn declare(&mut self, hash: Option<&String>, declarations: Option<&Declarations>) {
        if let Some(declarations) = declarations
            && self.declared_hash.as_ref() != hash
            && declarations.revision >= self.declared.revision
        {
            self.declared_hash = hash.cloned();
            let mut declared = declarations.clone();
            // A long upload names the set that it began with.
            let dashboard = std::mem::take(&mut self.declared.dashboard);
            let newest = std::mem::take(&mut declared.dashboard).max(dashboard.clone());
            self.stream.config_due |= newest.own() != dashboard.own();
            // How often something was declared is nothing to tell.
            self.declared.revision = declared.revision;
            self.stream.param_due |= self.declared != declared;
            declared.dashboard = newest;
            self.declared = declared;
            self.kinds.declare(declarations);
            for (number, total) in self.totals.iter_mut().enumerate() {
                if !self.kinds.keeps_distribution(&self.series.key(number as u32).metric) {
                    total.sketch = Default::default();
                }
            }
        }
    }

    /// Tells what declarations have changed without waiting for a window, which a silent run has none of.
    pub(super) fn emit_declared(&mut self, draft: &mut Draft) {
        self.open_chunk(draft);
        if !draft.events.is_empty() {
            draft.state_at = draft.events.len();
            self.stream.end_chunk(&self.id, draft);
        }
    }

    /// Counts a record of the run, whatever its body; gives a chunk when it has been long.
    pub(super) fn count_record(&mut self, draft: &mut Draft) {
        self.counts.records += 1;
        self.stream.records_since_chunk += 1;
        if self.stream.records_since_chunk >= CHUNK_RECORDS && draft.events.is_empty() {
            self.open_chunk(draft);
            draft.state_at = draft.events.len();
            self.stream.end_chunk(&self.id, draft);
        }
    }

    /// Counts a batch.
    pub(super) fn add(&mut self, record: &Record, batch: &Batch, draft: &mut Draft) {
        for (reason, lines) in &batch.refused {
            self.refuse(reason, *lines);
        }
        if batch.samples == 0 {
            return;
        }
        self.received_ms = self.received_ms.max(record.received_ms);
        self.senders.hear(record);
        self.tags.hear(batch);
        self.counts.samples = self.counts.samples.saturating_add(batch.samples);
        let seconds = self.seconds_of(batch);
        let series = self.places(batch, &seconds);
        self.hear_told(batch, &series);
        let distributions: Vec<bool> =
            batch.series.iter().map(|key| self.kinds.keeps_distribution(&key.metric)).collect();
        let sources: Vec<u32> = batch.sources.iter().map(|name| self.generators.source(name)).collect();

        // Both are in ascending order, and newest moves step by step through the two together.
        let mut vus = batch.vus.iter().peekable();
        for second in seconds.iter() {
            while let Some(sample) = vus.next_if(|sample| seconds_of(sample.time_ns) < second.second) {
                self.add_vus(sample, &sources, draft);
            }
            self.add_second(second, batch, &series, &distributions, draft);
        }
        for sample in vus {
            self.add_vus(sample, &sources, draft);
        }
    }

    pub(super) fn refuse(&mut self, reason: &str, lines: u64) {
        self.counts.refused = self.counts.refused.saturating_add(lines);
        let known = self.counts.refusals.contains_key(reason);
        let reason = if known || self.counts.refusals.len() < REASONS { reason } else { "other reasons" };
        let count = self.counts.refusals.entry(reason.to_owned()).or_default();
        *count = count.saturating_add(lines);
    }

    fn add_second(
        &mut self,
        second: &Second,
        batch: &Batch,
        series: &[Option<u32>],
        distributions: &[bool],
        draft: &mut Draft,
    ) {
        let start = second.second.clamp(-SECONDS_MOST, SECONDS_MOST);
        let within = |ns: i64| ns.clamp(start * SECOND_NS, start * SECOND_NS + SECOND_NS - 1);
        let cells = || {
            second.cells.iter().filter_map(|(at, cell)| {
                let at = *at as usize;
                (cell.count > 0).then_some((at, batch.series.get(at)?, cell))
            })
        };
        let samples =
            || cells().filter(|(_, key, _)| key.dimension == Dimension::Metric).map(|(.., cell)| cell.count);
        let Some(newest_ns) = cells().map(|(.., cell)| within(cell.last_ns)).max() else { return };
        // Rates are over what lies between samples, not between seconds.
        let range_ns = (within(batch.oldest_ns).min(newest_ns), newest_ns);
        let Some(place) = self.place(start * SECOND_NS, range_ns, samples().sum(), draft) else { return };
        let last_most = if place.misdated { self.newest_ns } else { i64::MAX };

        let mut unplaced = 0_u64;
        let window = self.windows.entry(place.window).or_default();
        for (at, key, cell) in cells() {
            match series.get(at).copied().flatten() {
                Some(number) => {
                    let last_ns = within(cell.last_ns).min(last_most);
                    let tally = window.cells.entry(number).or_default();
                    tally.add(cell, start.saturating_mul(1_000), last_ns, distributions[at]);
                }
                None if key.dimension == Dimension::Metric => unplaced = unplaced.saturating_add(cell.count),
                None => {}
            }
        }
        if unplaced > 0 {
            self.refuse(&format!("the run has more than {} metrics", limits::METRICS), unplaced);
        }
    }

    fn add_vus(&mut self, sample: &VusSample, sources: &[u32], draft: &mut Draft) {
        let Some(&source) = sources.get(sample.source as usize) else { return };
        let limit = SECONDS_MOST * SECOND_NS;
        let time_ns = sample.time_ns.clamp(-limit, limit);
        let Some(place) = self.place(time_ns, (time_ns, time_ns), 1, draft) else { return };
        // A late one keeps its time: it tells which generator it is from.
        let time_ns = if place.misdated { self.newest_ns } else { time_ns };
        let &VusSample { max, value, series, .. } = sample;
        let waiting = Waiting { time_ns, source, max, value, series };
        self.windows.entry(place.window).or_default().vus.push(waiting);
    }

    /// Finds the window in which samples of the second or instant `from_ns` count, and moves time on
    /// to the newest of them. `oldest_ns` is the first of them, as far as it is known.
    fn place(
        &mut self,
        from_ns: i64,
        (oldest_ns, to_ns): (i64, i64),
        samples: u64,
        draft: &mut Draft,
    ) -> Option<Place> {
        let ahead = if self.import { limits::AHEAD_IMPORT_S } else { limits::AHEAD_LIVE_S };
        let misdated = from_ns > self.newest_ns.saturating_add(ahead * SECOND_NS);
        if misdated {
            self.counts.misdated = self.counts.misdated.saturating_add(samples);
        } else {
            if to_ns > self.newest_ns {
                self.newest_ns = to_ns;
                self.close_due(draft);
            }
            // A sample from long before the run is counted, but cannot stretch what rates are over.
            let floor = (self.origin - limits::AHEAD_LIVE_S).saturating_mul(SECOND_NS);
            if oldest_ns < self.oldest_ns && oldest_ns >= floor {
                self.oldest_ns = oldest_ns;
            }
        }
        let at = if misdated { self.newest_ns } else { from_ns };
        let age = seconds_of(at).saturating_sub(self.origin);
        if age < self.open && self.open > 0 && !misdated {
            self.counts.late = self.counts.late.saturating_add(samples);
        }
        Some(Place { window: self.window(age.max(self.open)).start, misdated })
    }

    fn window(&self, age: i64) -> Window {
        window_at(age.max(0), self.period)
    }

    fn end_ns(&self, window: Window) -> i64 {
        self.origin.saturating_add(window.end).saturating_mul(SECOND_NS)
    }

    /// Whether a sample of that time closes a window.
    pub(super) fn closes_by(&self, newest_ns: i64) -> bool {
        self.end_ns(self.window(self.open)) <= newest_ns.saturating_sub(self.grace_ns)
    }

    /// Closes every window whose end time has passed by the grace time.
    fn close_due(&mut self, draft: &mut Draft) {
        let due = self.newest_ns.saturating_sub(self.grace_ns);
        loop {
            let window = self.window(self.open);
            if self.end_ns(window) > due {
                return;
            }
            let empty = !self.windows.contains_key(&window.start);
            self.close(window, self.end_ns(window).div_euclid(1_000_000), draft);
            if empty {
                self.skip_empty(seconds_of(due).saturating_sub(self.origin));
            }
        }
    }

    /// After an empty window: passes over a long stretch without data, up to its last window.
    /// `due` is the age up to which windows can close.
    fn skip_empty(&mut self, due: i64) {
        let next = self.windows.keys().next().copied().unwrap_or(due).min(due);
        if next.saturating_sub(self.open) > EMPTY_STRETCH_S {
            let before = self.window(next - 1);
            let last = if self.windows.is_empty() && before.end > due {
                self.window(before.start - 1)
            } else {
                before
            };
            self.open = last.start.max(self.open);
        }
    }

    /// Ends the run: closes what is open, up to the newest sample.
    pub(super) fn end(&mut self, record: &Record, ticket: u64) -> (Vec<Chunk>, RunEnd) {
        let mut draft = Draft::default();
        let newest = seconds_of(self.newest_ns).saturating_sub(self.origin);
        loop {
            let window = self.window(self.open);
            if window.end > newest {
                let newest_ms = self.newest_ns.div_euclid(1_000_000);
                // A snapshot's time is always later than that of the one before.
                self.close(window, newest_ms.max(self.closed_ms.saturating_add(1)), &mut draft);
                break;
            }
            let empty = !self.windows.contains_key(&window.start);
            self.close(window, self.end_ns(window).div_euclid(1_000_000), &mut draft);
            if empty {
                self.skip_empty(newest);
            }
        }
        self.live = false;
        self.close_stream(&mut draft);
        self.stream.end_chunk(&self.id, &mut draft);
        let end = RunEnd {
            end_ms: self.newest_ms(),
            received_ms: record.received_ms,
            chunk: self.stream.chunks - 1,
            ticket,
            tags: self.tags.shown(),
        };
        (draft.done, end)
    }

    fn close(&mut self, window: Window, end_ms: i64, draft: &mut Draft) {
        if draft.bytes > CHUNK_BYTES {
            self.stream.end_chunk(&self.id, draft);
        }
        let mut open = self.windows.remove(&window.start).unwrap_or_default();
        let from = self.origin.saturating_add(window.start);
        // The last window of a run ends with the second of its last sample.
        let until = self.origin.saturating_add(window.end).min(end_ms.div_euclid(1_000).saturating_add(1));
        let (vus, vus_max) =
            self.generators.close(std::mem::take(&mut open.vus), from, until.max(from.saturating_add(1)));
        for (name, tally) in [("vus", vus), ("vus_max", vus_max)] {
            if tally.count > 0 {
                let key =
                    SeriesKey { dimension: Dimension::Metric, key: Vec::new(), metric: name.to_owned() };
                if let Some(number) = self.series.intern(&key, tally.count) {
                    open.cells.entry(number).or_default().merge(&tally, false);
                }
            }
        }
        self.make_room();
        for (&number, tally) in &open.cells {
            let key = self.series.key(number);
            let total = &mut self.totals[number as usize];
            total.merge(tally, self.kinds.keeps_distribution(&key.metric));
            if key.dimension == Dimension::Metric {
                self.kinds.guess(&key.metric, total);
            }
        }
        let length = end_ms.saturating_sub(from.saturating_mul(1_000)) as f64 / 1e3;
        self.open = window.end;
        self.closed_ms = end_ms;
        self.open_chunk(draft);
        self.emit_window(&open, from.saturating_mul(1_000), end_ms, length.max(1.0), draft);
    }

    /// Ends the chunk that a record began, if it did.
    pub(super) fn end_record(&mut self, draft: &mut Draft) {
        if !draft.events.is_empty() {
            self.stream.end_chunk(&self.id, draft);
        }
    }
}

/// Where samples count.
struct Place {
    /// The start of their window, an age.
    window: i64,
    misdated: bool,
}
