//! Where parsed lines go: to the batch of their log, and into the receipt.

use super::receipt::Receipt;
use super::{Prepared, Request, is_equal};
use crate::aggregate::batch::{BatchBuilder, TagsId, TimeLimits};
use crate::aggregate::metrics::{Metric, MetricError, Metrics};
use crate::aggregate::tags::TagSet;
use crate::declare::{Declarations, MetricDeclaration};
use crate::limits;
use crate::names::{LogName, TestName};
use crate::record::{FoldSettings, Listener};
use hashbrown::HashTable;
use loadgate_documents::Submetric;
use loadgate_wires::Wrong;
use loadgate_wires::jmeter::listener::Sign;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::BuildHasher;

/// The tag that names a run.
const RUN_TAG: &str = "testid";

/// A tag set of the piece at hand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Handle {
    pub(super) log: u32,
    pub(super) tags: TagsId,
    /// The tag `name` is among them.
    pub named: bool,
}

/// The tag sets of a piece by their raw bytes. A map would compare keys by `memcmp`, which goes byte by byte on
/// wasm32, and these are long.
#[derive(Debug, Default)]
struct RawTags {
    table: HashTable<(Box<[u8]>, Handle)>,
    hasher: foldhash::fast::RandomState,
}

impl RawTags {
    #[inline(always)]
    fn get(&self, raw: &[u8]) -> Option<Handle> {
        let found = self.table.find(self.hasher.hash_one(raw), |(known, _)| is_equal(known, raw));
        found.map(|(_, handle)| *handle)
    }

    /// Those that were not there.
    fn insert(&mut self, raw: &[u8], handle: Handle) {
        let hash = |(raw, _): &(Box<[u8]>, Handle)| self.hasher.hash_one(&**raw);
        self.table.insert_unique(self.hasher.hash_one(raw), (raw.into(), handle), hash);
    }

    fn clear(&mut self) {
        self.table.clear();
    }
}

/// Everything about an upload but the bytes.
#[derive(Debug)]
pub(crate) struct Session {
    test: TestName,
    /// The run that the request names: the tag does not count then.
    named: Option<LogName>,
    source: String,
    import: bool,
    fold: FoldSettings,
    pub metrics: Metrics,
    pub declared: Declarations,
    pub changed: bool,
    /// What this upload itself declared.
    pub own: Declarations,
    /// Types that this request declared: they may not contradict each other.
    own_types: HashMap<String, loadgate_documents::MetricKind>,
    submetrics: Vec<Submetric>,
    /// Tags that submetrics ask for.
    pub tag_fields: Vec<String>,
    pub receipt: Receipt,
    /// The body says that a generator begins with it.
    pub started: bool,
    /// The number of the line at hand, from 1.
    pub line: u64,
    /// The line before the first of the piece at hand.
    base: u64,
    by_raw_tags: RawTags,
    pub(super) logs: Vec<Log>,
    /// Pieces that were sealed, those without a sample included: a body that is sent again is cut in the
    /// same places, whatever is refused of it.
    pieces: u32,
}

#[derive(Debug)]
pub(super) struct Log {
    name: LogName,
    pub(super) builder: BatchBuilder,
    /// JMeters' applications that it has samples of, and how many of their tests began.
    listeners: BTreeMap<String, u32>,
    /// Those of which a test has ended.
    ended: Vec<String>,
    /// Units of other wires that are in it: each may say several things, or none.
    pub(super) units: u64,
    /// The newest sample of its run, and how long ago that was known, by the wall clock in ms.
    newest: Option<(i64, Option<u64>)>,
}

impl Session {
    pub(super) fn new(
        request: &Request,
        test: TestName,
        named: Option<LogName>,
        fold: FoldSettings,
        declared: Declarations,
    ) -> Self {
        Session {
            test,
            named,
            source: request.source.clone(),
            import: request.import,
            fold,
            metrics: Metrics::default(),
            tag_fields: tag_names(&declared.submetrics()),
            submetrics: declared.submetrics(),
            declared,
            changed: false,
            own: Declarations::default(),
            own_types: HashMap::new(),
            receipt: Receipt::default(),
            started: false,
            line: 0,
            base: 0,
            by_raw_tags: RawTags::default(),
            logs: Vec::new(),
            pieces: 0,
        }
    }

    pub(super) fn intern(&mut self, name: &[u8]) -> Result<Metric, Wrong> {
        self.metrics.intern(name).map_err(|error| match error {
            MetricError::Name => Wrong::quoting(
                "a metric's name is up to 128 letters, digits and underscores, does not begin with a digit, and is not `time`",
                name,
            ),
            MetricError::TooMany => {
                Wrong::quoting(format!("there are more than {} metrics in this request", limits::METRICS), name)
            }
        })
    }

    /// The tag set with these raw bytes, which `parse` reads if they are new in this piece.
    pub(super) fn tags(
        &mut self,
        raw: &[u8],
        parse: impl FnOnce() -> Result<TagSet, Wrong>,
    ) -> Result<Handle, Wrong> {
        if let Some(handle) = self.by_raw_tags.get(raw) {
            return Ok(handle);
        }
        let set = parse()?;
        let log = self.log_of(&set)?;
        let named = set.contains("name");
        let tags = self.logs[log].builder.tags(set);
        let handle = Handle { log: log as u32, tags, named };
        self.by_raw_tags.insert(raw, handle);
        Ok(handle)
    }

    /// Whether samples are counted in a submetric.
    pub(super) fn counts_in(&self, submetric: &Submetric) -> bool {
        self.submetrics.contains(submetric)
    }

    fn log_of(&mut self, tags: &TagSet) -> Result<usize, Wrong> {
        let run = match &self.named {
            Some(_) => "",
            None => tags.get(RUN_TAG),
        };
        if let [first, ..] = &self.logs[..]
            && (self.named.is_some() || (run.is_empty() && first.name.name.is_none()))
        {
            return Ok(0);
        }
        let name = self.named.clone().unwrap_or_else(|| LogName::named(self.test.clone(), run));
        self.log_at(name).ok_or_else(|| {
            Wrong::new(format!("lines of one request name more than {} runs", limits::RUNS_PER_REQUEST))
        })
    }

    fn log_at(&mut self, name: LogName) -> Option<usize> {
        if let Some(at) = self.logs.iter().position(|log| log.name == name) {
            return Some(at);
        }
        if self.logs.len() >= limits::RUNS_PER_REQUEST {
            return None;
        }
        self.logs.push(Log {
            name,
            builder: BatchBuilder::default(),
            listeners: BTreeMap::new(),
            ended: Vec::new(),
            units: 0,
            newest: None,
        });
        Some(self.logs.len() - 1)
    }

    /// Takes note of a point of JMeter's listener, and of what it says of its test.
    pub(super) fn hear_listener(
        &mut self,
        tags: &TagSet,
        application: &str,
        sign: Option<&Sign>,
    ) -> Result<(), Wrong> {
        let log = self.log_of(tags)?;
        let Log { listeners, ended, .. } = &mut self.logs[log];
        let name = &application[..application.floor_char_boundary(limits::APPLICATION_BYTES)];
        match sign {
            Some(Sign::Ended(_)) if ended.len() < limits::APPLICATIONS => ended.push(name.to_owned()),
            Some(Sign::Ended(_)) => {}
            sign => {
                self.started |= sign.is_some();
                if listeners.len() < limits::APPLICATIONS || listeners.contains_key(name) {
                    *listeners.entry(name.to_owned()).or_default() += u32::from(sign.is_some());
                }
            }
        }
        Ok(())
    }

    /// The logs with JMeters' applications of which a test has ended, one that stands twice twice.
    pub(super) fn take_ended(&mut self) -> Vec<(LogName, Vec<String>)> {
        let mut ended: Vec<_> =
            self.logs.iter_mut().map(|log| (log.name.clone(), std::mem::take(&mut log.ended))).collect();
        ended.retain(|(_, applications)| !applications.is_empty());
        ended
    }

    /// Tells the time of the newest sample that a log's run was known to have at `seen_ms`.
    pub(super) fn set_newest(&mut self, name: &LogName, newest_ns: i64, seen_ms: u64) {
        if let Some(at) = self.log_at(name.clone()) {
            self.logs[at].newest = Some((newest_ns, Some(seen_ms)));
        }
    }

    /// Whether somebody wants to know a URL that these tags came with.
    pub(super) fn wants_url(&mut self, handle: Handle) -> bool {
        self.logs[handle.log as usize].builder.wants_url(handle.tags)
    }

    pub(super) fn note_url(&mut self, handle: Handle, url: &str) {
        self.logs[handle.log as usize].builder.note_url(handle.tags, url);
    }

    #[inline(always)]
    pub(super) fn add(&mut self, handle: Handle, metric: Metric, time_ns: i64, value: f64) {
        let line = (self.line - self.base) as u32;
        self.logs[handle.log as usize].builder.add(metric, handle.tags, time_ns, value, line);
        self.receipt.accept();
    }

    pub(super) fn declare(&mut self, line: &MetricDeclaration) -> Result<(), Wrong> {
        self.take_declaration(line)?;
        self.receipt.accept();
        Ok(())
    }

    /// Declares without counting a line.
    pub(super) fn take_declaration(&mut self, line: &MetricDeclaration) -> Result<(), Wrong> {
        let contradiction = "a metric keeps the type that it was declared with first";
        if let Some(earlier) = self.own_types.get(&line.name)
            && earlier.metric_type != line.kind.metric_type
        {
            let (name, new) = (&line.name, line.kind.metric_type.word());
            let old = earlier.metric_type.word();
            return Err(Wrong::with(contradiction, format!("`{name}` is a {old}, not a {new}")));
        }
        let changed = self
            .declared
            .declare(line)
            .map_err(|error| Wrong::with("the declaration cannot stand", error.to_string()))?;
        // Those that were refused above are not counted, so this stays as small as the set.
        self.own_types.insert(line.name.clone(), line.kind);
        if changed {
            // It stands in the whole set, so it stands alone.
            _ = self.own.declare(line);
            self.changed = true;
            self.submetrics = self.declared.submetrics();
            self.tag_fields = tag_names(&self.submetrics);
        }
        Ok(())
    }

    /// Takes over all limits of the run that the upload is of.
    pub(super) fn take_limits(&mut self, limits: BTreeMap<String, Vec<String>>) -> Result<(), Wrong> {
        let said = Declarations::from_limits(limits, BTreeSet::new())
            .map_err(|error| Wrong::with("a limit cannot stand", error.to_string()))?;
        // The options that the test has say more: what ends it early, its scenarios, how long it takes.
        if self.declared.has_limits_of(&said) {
            return Ok(());
        }
        self.own.merge(&said);
        self.changed = true;
        self.adopt(self.declared.clone());
        Ok(())
    }

    /// Takes over a set that others declared meanwhile; what this upload declares stands.
    pub(super) fn adopt(&mut self, mut declared: Declarations) {
        declared.merge(&self.own);
        self.submetrics = declared.submetrics();
        self.tag_fields = tag_names(&self.submetrics);
        self.declared = declared;
    }

    pub(super) fn refuse(&mut self, wrong: Wrong) {
        self.receipt.refuse(self.line, wrong);
    }

    /// Refuses an earlier line.
    pub(super) fn refuse_line(&mut self, line: u64, wrong: Wrong) {
        self.receipt.refuse(line, wrong);
    }

    /// The line before the first of the piece at hand.
    pub(super) fn base(&self) -> u64 {
        self.base
    }

    /// The request belongs to an import.
    pub(super) fn is_import(&self) -> bool {
        self.import
    }

    /// The client's own name for itself, else its IP address.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// Whether a submetric asks for the tag `url`.
    pub(super) fn url_is_tag(&self) -> bool {
        self.tag_fields.iter().any(|tag| tag == "url")
    }

    /// Ends the piece: judges times, builds the batches. Handles are void from here on.
    pub(super) fn seal(&mut self, now_ms: Option<u64>, out: &mut Vec<Prepared>) {
        let gap_s = if self.import { limits::AHEAD_IMPORT_S } else { limits::AHEAD_LIVE_S };
        for log in &mut self.logs {
            // The run may have gone on since then, for as long.
            let newest_ns = log.newest.map(|(newest_ns, seen_ms)| {
                let since_ms = now_ms.zip(seen_ms).map_or(0, |(now, seen)| now.saturating_sub(seen));
                newest_ns
                    .saturating_add(i64::try_from(since_ms).unwrap_or(i64::MAX).saturating_mul(1_000_000))
            });
            let times = TimeLimits { gap_s, newest_ns };
            for line in log.builder.drop_misdated(times) {
                log.units = log.units.saturating_sub(1);
                self.receipt.withdraw(
                    self.base + u64::from(line),
                    Wrong::new("the time lies too far from the rest of the data: is the clock right?"),
                );
            }
        }
        let mut refused = None;
        for log in &mut self.logs {
            let builder = std::mem::take(&mut log.builder);
            let units = std::mem::take(&mut log.units);
            if builder.is_empty() {
                continue;
            }
            let mut batch = builder.build(&self.metrics, &self.submetrics, &self.source);
            batch.import = self.import;
            let listeners = std::mem::take(&mut log.listeners).into_iter();
            let ended = |application: &String| log.ended.contains(application);
            batch.listeners = listeners
                .map(|(application, started)| Listener { ended: ended(&application), application, started })
                .collect();
            batch.settings = self.fold;
            // Whose log a refused line would have gone to cannot be known: the first tells it.
            batch.refused = refused.replace(()).map_or_else(|| self.receipt.take_reasons(), |()| Vec::new());
            if log.newest.is_none_or(|(newest_ns, _)| newest_ns <= batch.newest_ns) {
                log.newest = Some((batch.newest_ns, now_ms));
            }
            out.push(Prepared {
                log: log.name.clone(),
                piece: self.pieces,
                lines: if units > 0 { units } else { batch.samples },
                first_line: self.base + 1,
                batch,
            });
        }
        self.pieces += 1;
        self.by_raw_tags.clear();
        self.base = self.line;
    }

    pub(super) fn withdraw(&mut self, prepared: &Prepared, reason: &str) {
        let wrong = Wrong::new(reason.to_owned());
        self.receipt.withdraw_all(prepared.first_line, prepared.lines, wrong);
    }
}

fn tag_names(submetrics: &[Submetric]) -> Vec<String> {
    let mut names: Vec<String> =
        submetrics.iter().flat_map(|submetric| submetric.tags.iter().map(|(key, _)| key.clone())).collect();
    names.sort();
    names.dedup();
    names
}
