//! Builds the [`Batch`] of one record: partials per second of event time and series.
//!
//! Samples are added up per metric, tag set and second ("atoms") as they come, which costs a few
//! additions each. Everything else happens once, in [`BatchBuilder::build`]: the series that an atom
//! belongs to are looked up per tag set, atoms are merged into the cells of their series, and the
//! distributions are filled in bucket order, so that no cell sorts anything.

use super::metrics::{Metric, Metrics};
use super::run_wide;
use super::series::{SeriesTable, is_failure};
use super::tags::TagSet;
use crate::limits;
use crate::record::cell::Cell;
use crate::record::packed::Packed;
use crate::record::sketch::bucket_of;
use crate::record::{self, Batch, Over, Second, VusSample};
use loadgate_documents::Submetric;
use loadgate_wires::Summed;
use std::collections::HashMap;

const NANOS: i64 = 1_000_000_000;

/// A tag set of a [`BatchBuilder`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TagsId(u32);

/// Collects the samples of one record.
#[derive(Debug, Default)]
pub struct BatchBuilder {
    tags: Vec<Tagged>,
    pairs: Vec<Pair>,
    atoms: Vec<Atom>,
    samples: Vec<Sample>,
    vus: Vec<Vus>,
    summed: Vec<Sum>,
    /// Atoms by pair and second, of the seconds that were a pair's latest before others came.
    atom_of: HashMap<(u32, i64), u32, foldhash::fast::RandomState>,
    /// Pairs by metric and tag set, of tag sets that have too many to look through.
    pair_of: HashMap<(u32, u32), u32, foldhash::fast::RandomState>,
    /// The second of the last sample: its beginning in ns, and its number.
    second: (i64, i64),
}

#[derive(Debug)]
struct Tagged {
    set: TagSet,
    url: Url,
    /// `(metric, pair)` of the first metrics that came with these tags.
    pairs: Vec<(u32, u32)>,
    /// Where in `pairs` the next sample's metric is expected.
    next: usize,
}

/// A URL that came with tags and is none of them, and by which people know a failure.
#[derive(Debug, Default)]
enum Url {
    /// None came yet, as far as anybody looked.
    #[default]
    Missing,
    /// Nothing failed.
    NotWanted,
    /// The first.
    Is(String),
}

/// A tag set's metrics beyond these are looked up by hash.
const SCANNED_PAIRS: usize = 32;

/// A metric with a tag set.
#[derive(Debug)]
struct Pair {
    metric: Metric,
    tags: u32,
    /// The latest second that came, and its atom.
    second: i64,
    atom: u32,
}

/// The samples of a pair in one second.
#[derive(Debug, Clone, Copy)]
struct Atom {
    pair: u32,
    second: i64,
    sums: Sums,
    first_ns: i64,
}

/// A [`Cell`] without its sketch.
#[derive(Debug, Clone, Copy)]
struct Sums {
    count: u64,
    nonzero: u64,
    sum: f64,
    min: f64,
    max: f64,
    last: f64,
    last_ns: i64,
}

impl Sums {
    const NONE: Sums = Sums {
        count: 0,
        nonzero: 0,
        sum: 0.0,
        min: f64::INFINITY,
        max: f64::NEG_INFINITY,
        last: 0.0,
        last_ns: i64::MIN,
    };

    fn merge(&mut self, other: &Sums) {
        self.count += other.count;
        self.nonzero += other.nonzero;
        self.sum += other.sum;
        // `f64::min` is a call into the C library on wasm32.
        self.min = if other.min < self.min { other.min } else { self.min };
        self.max = if other.max > self.max { other.max } else { self.max };
        if other.last_ns >= self.last_ns {
            (self.last, self.last_ns) = (other.last, other.last_ns);
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Sample {
    atom: u32,
    /// Whatever the caller calls its line; given back by [`BatchBuilder::drop_misdated`].
    line: u32,
    /// Only where the metric has a sketch.
    bucket: u32,
}

#[derive(Debug, Clone, Copy)]
struct Vus {
    tags: u32,
    max: bool,
    time_ns: i64,
    value: f64,
    series: u64,
    line: u32,
}

/// Samples that came summed up.
#[derive(Debug)]
struct Sum {
    pair: u32,
    over: Over,
    time_ns: i64,
    sum: Summed,
    line: u32,
}

impl Sum {
    /// When the first of them may have been taken, Unix ns.
    fn oldest_ns(&self) -> i64 {
        let start_ns = match self.over {
            Over::Interval(length_ns) => self.time_ns.saturating_sub(length_ns),
            Over::Start { start_ns, .. } => start_ns.unwrap_or(self.time_ns),
        };
        // What began long before the run is no part of it.
        let long_ago_ns = self.time_ns.saturating_sub(limits::AHEAD_LIVE_S * NANOS);
        if (long_ago_ns..=self.time_ns).contains(&start_ns) { start_ns } else { self.time_ns }
    }
}

/// How far times may lie apart.
#[derive(Debug, Clone, Copy)]
pub struct TimeLimits {
    /// Seconds that two neighbouring seconds of one batch may be apart.
    pub gap_s: i64,
    /// Unix ns of the run's newest sample before this batch, where it is known.
    pub newest_ns: Option<i64>,
}

impl BatchBuilder {
    /// Whether no sample has come yet.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty() && self.vus.is_empty() && self.summed.is_empty()
    }

    /// Takes in a tag set; the caller keeps apart which ones it has given already.
    pub fn tags(&mut self, set: TagSet) -> TagsId {
        self.tags.push(Tagged { set, url: Url::Missing, pairs: Vec::new(), next: 0 });
        TagsId(self.tags.len() as u32 - 1)
    }

    /// Whether somebody wants to know a URL that a sample with these tags came with: one that failed.
    pub fn wants_url(&mut self, tags: TagsId) -> bool {
        let Tagged { set, url, .. } = &mut self.tags[tags.0 as usize];
        if matches!(url, Url::Missing) && !is_failure(set) {
            *url = Url::NotWanted;
        }
        matches!(url, Url::Missing)
    }

    /// Notes the URL that a sample with these tags came with.
    pub fn note_url(&mut self, tags: TagsId, url: &str) {
        self.tags[tags.0 as usize].url = Url::Is(url.to_owned());
    }

    /// Adds a sample. `value` is finite; `time_ns` is Unix time; `line` is the caller's.
    #[inline(always)]
    pub fn add(&mut self, metric: Metric, tags: TagsId, time_ns: i64, value: f64, line: u32) {
        debug_assert!(value.is_finite());
        if metric.is_vus() && self.tags[tags.0 as usize].set.submetric().is_none() {
            self.add_vus(metric, tags, time_ns, value, 0, line);
            return;
        }
        if !(0..NANOS).contains(&time_ns.wrapping_sub(self.second.0)) || self.samples.is_empty() {
            let second = time_ns.div_euclid(NANOS);
            self.second = (second.saturating_mul(NANOS), second);
        }
        let second = self.second.1;
        let tagged = &mut self.tags[tags.0 as usize];
        let pair = match tagged.pairs.get(tagged.next) {
            Some(&(id, pair)) if id == metric.id => {
                tagged.next += 1;
                pair
            }
            _ => self.find_pair(metric, tags),
        };
        let latest = &self.pairs[pair as usize];
        let at = if latest.second == second { latest.atom } else { self.find_atom(pair, second) };
        let atom = &mut self.atoms[at as usize];
        let sums = &mut atom.sums;
        sums.count += 1;
        sums.nonzero += u64::from(value != 0.0);
        sums.sum += value;
        sums.min = if value < sums.min { value } else { sums.min };
        sums.max = if value > sums.max { value } else { sums.max };
        if time_ns >= sums.last_ns {
            (sums.last, sums.last_ns) = (value, time_ns);
        }
        atom.first_ns = atom.first_ns.min(time_ns);
        let bucket = if metric.has_sketch() { bucket_of(value) } else { 0 };
        self.samples.push(Sample { atom: at, line, bucket });
    }

    /// Adds a sample of `vus` or `vus_max`. `series` tells whose it is, where the wire does; else it is 0.
    pub fn add_vus(
        &mut self,
        metric: Metric,
        tags: TagsId,
        time_ns: i64,
        value: f64,
        series: u64,
        line: u32,
    ) {
        debug_assert!(metric.is_vus() && value.is_finite());
        self.vus.push(Vus { tags: tags.0, max: metric.is_vus_max(), time_ns, value, series, line });
    }

    /// Adds samples that came summed up, of no metric of VUs; `time_ns` is the end of their interval.
    pub fn add_sum(
        &mut self,
        metric: Metric,
        tags: TagsId,
        (time_ns, over): (i64, Over),
        sum: Summed,
        line: u32,
    ) {
        debug_assert!(!metric.is_vus());
        let pair = self.find_pair(metric, tags);
        self.summed.push(Sum { pair, over, time_ns, sum, line });
    }

    fn find_pair(&mut self, metric: Metric, tags: TagsId) -> u32 {
        let tagged = &mut self.tags[tags.0 as usize];
        if let Some(at) = tagged.pairs.iter().take(SCANNED_PAIRS).position(|&(id, _)| id == metric.id) {
            tagged.next = at + 1;
            return tagged.pairs[at].1;
        }
        if let Some(&pair) = self.pair_of.get(&(metric.id, tags.0)) {
            return pair;
        }
        let pair = self.pairs.len() as u32;
        self.pairs.push(Pair { metric, tags: tags.0, second: i64::MIN, atom: 0 });
        if tagged.pairs.len() < SCANNED_PAIRS {
            tagged.pairs.push((metric.id, pair));
            tagged.next = tagged.pairs.len();
        } else {
            self.pair_of.insert((metric.id, tags.0), pair);
        }
        pair
    }

    fn find_atom(&mut self, pair: u32, second: i64) -> u32 {
        let latest = &mut self.pairs[pair as usize];
        let mut known = None;
        if latest.second != i64::MIN {
            self.atom_of.insert((pair, latest.second), latest.atom);
            known = self.atom_of.get(&(pair, second)).copied();
        }
        let at = known.unwrap_or_else(|| {
            self.atoms.push(Atom { pair, second, sums: Sums::NONE, first_ns: i64::MAX });
            self.atoms.len() as u32 - 1
        });
        (latest.second, latest.atom) = (second, at);
        at
    }

    /// Drops the samples whose times cannot belong to the rest, and gives their lines in ascending
    /// order. The rest is the cluster of seconds around the median one, over gaps within the limit;
    /// where the run's newest sample is known, what lies further ahead of it is dropped, too.
    pub fn drop_misdated(&mut self, limits: TimeLimits) -> Vec<u32> {
        let Some((first, last)) = self.cluster(limits) else { return Vec::new() };
        let dated = |second: i64| (first..=last).contains(&second);
        let mut lines = Vec::new();
        let atoms = &self.atoms;
        self.samples.retain(|sample| {
            let keep = dated(atoms[sample.atom as usize].second);
            if !keep {
                lines.push(sample.line);
            }
            keep
        });
        self.vus.retain(|vus| {
            let keep = dated(vus.time_ns.div_euclid(NANOS));
            if !keep {
                lines.push(vus.line);
            }
            keep
        });
        self.summed.retain(|sum| {
            let keep = dated(sum.time_ns.div_euclid(NANOS));
            if !keep {
                lines.push(sum.line);
            }
            keep
        });
        for atom in &mut self.atoms {
            if !dated(atom.second) {
                atom.sums = Sums::NONE;
            }
        }
        lines.sort_unstable();
        lines.dedup();
        lines
    }

    /// The first and last second that samples may have; `None` if all are in order.
    fn cluster(&self, limits: TimeLimits) -> Option<(i64, i64)> {
        let mut seconds: Vec<(i64, u64)> = self.atoms.iter().map(|a| (a.second, a.sums.count)).collect();
        seconds.extend(self.vus.iter().map(|vus| (vus.time_ns.div_euclid(NANOS), 1)));
        seconds.extend(self.summed.iter().map(|sum| (sum.time_ns.div_euclid(NANOS), 1)));
        let ahead = limits.newest_ns.map_or(i64::MAX, |ns| ns.div_euclid(NANOS) + limits.gap_s);
        let (oldest, newest) =
            seconds.iter().fold((i64::MAX, i64::MIN), |(a, b), &(second, _)| (a.min(second), b.max(second)));
        if seconds.is_empty() || (newest - oldest <= limits.gap_s && newest <= ahead) {
            return None;
        }
        seconds.sort_unstable();
        seconds.retain(|&(second, _)| second <= ahead);
        if seconds.is_empty() {
            return Some((i64::MAX, i64::MIN));
        }
        let half = seconds.iter().map(|(_, count)| count).sum::<u64>().div_ceil(2);
        let mut seen = 0;
        let middle = seconds
            .iter()
            .position(|(_, count)| {
                seen += count;
                seen >= half
            })
            .unwrap_or(0);
        let apart = |pair: &[(i64, u64)]| pair[1].0 - pair[0].0 > limits.gap_s;
        let first = seconds[..=middle].windows(2).rposition(apart).map_or(0, |at| at + 1);
        let last = seconds[middle..].windows(2).position(apart).map_or(seconds.len() - 1, |at| middle + at);
        Some((seconds[first].0, seconds[last].0))
    }

    /// The finished batch, without what only the caller knows: `import`, `settings`, `refused`.
    /// `source` stands for generators whose tags do not name them.
    pub fn build(mut self, metrics: &Metrics, submetrics: &[Submetric], source: &str) -> Batch {
        let samples = self.samples.len() + self.vus.len() + self.summed.len();
        let mut batch = Batch { samples: samples as u64, ..Batch::default() };
        self.build_vus(&mut batch, source);
        batch.tags = self.run_wide_tags();
        if self.samples.is_empty() && self.summed.is_empty() {
            return batch;
        }
        let mut table = SeriesTable::new(metrics, submetrics, self.tags.len());
        let targets = self.targets(&mut table);
        let (cells, membership) = self.merge_atoms(&targets, table.len());
        let buckets = self.distribute(&cells, &membership);
        for atom in self.atoms.iter().filter(|atom| atom.sums.count > 0) {
            batch.oldest_ns = batch.oldest_ns.min(atom.first_ns);
            batch.newest_ns = batch.newest_ns.max(atom.sums.last_ns);
        }
        for sum in &self.summed {
            batch.oldest_ns = batch.oldest_ns.min(sum.oldest_ns());
            batch.newest_ns = batch.newest_ns.max(sum.time_ns);
        }
        let summed = std::mem::take(&mut self.summed).into_iter();
        batch.sums = summed
            .map(|Sum { pair, over, time_ns, sum, .. }| {
                let mut series = targets[pair as usize].clone();
                series.sort_unstable();
                record::Sums { series, over, time_ns, sum }
            })
            .collect();
        batch.seconds = seconds(cells, &buckets);
        (batch.series, batch.examples) = table.finish();
        batch
    }

    fn build_vus(&mut self, batch: &mut Batch, source: &str) {
        (batch.oldest_ns, batch.newest_ns) = (i64::MAX, i64::MIN);
        self.vus.sort_by_key(|vus| vus.time_ns);
        for vus in &self.vus {
            let named = self.tags[vus.tags as usize].set.get("instance_id");
            let name = if named.is_empty() { source } else { named };
            let index = batch.sources.iter().position(|known| known == name).unwrap_or_else(|| {
                batch.sources.push(name.to_owned());
                batch.sources.len() - 1
            });
            let &Vus { max, time_ns, value, series, .. } = vus;
            batch.vus.push(VusSample { max, time_ns, value, source: index as u32, series });
            batch.oldest_ns = batch.oldest_ns.min(time_ns);
            batch.newest_ns = batch.newest_ns.max(time_ns);
        }
        if self.is_empty() {
            (batch.oldest_ns, batch.newest_ns) = (0, 0);
        }
    }

    /// The tags that all samples have alike. Looks at each tag set once, not at samples.
    fn run_wide_tags(&self) -> Vec<(String, String)> {
        let mut used = vec![false; self.tags.len()];
        for atom in self.atoms.iter().filter(|atom| atom.sums.count > 0) {
            used[self.pairs[atom.pair as usize].tags as usize] = true;
        }
        let summed = self.summed.iter().map(|sum| self.pairs[sum.pair as usize].tags);
        for tags in self.vus.iter().map(|vus| vus.tags).chain(summed) {
            used[tags as usize] = true;
        }
        run_wide::common(self.tags.iter().zip(used).filter(|(_, used)| *used).map(|(tagged, _)| &tagged.set))
    }

    /// The series of every pair that still has samples, or sums of such.
    fn targets(&self, table: &mut SeriesTable) -> Vec<Vec<u32>> {
        let mut samples = vec![0; self.pairs.len()];
        for atom in &self.atoms {
            samples[atom.pair as usize] += atom.sums.count;
        }
        for sum in &self.summed {
            samples[sum.pair as usize] += 1;
        }
        self.pairs
            .iter()
            .zip(samples)
            .map(|(pair, samples)| {
                if samples == 0 {
                    return Vec::new();
                }
                let Tagged { set, url, .. } = &self.tags[pair.tags as usize];
                let url = match url {
                    Url::Is(url) => Some(url.as_str()),
                    Url::Missing | Url::NotWanted => None,
                };
                table.targets(pair.metric, pair.tags, set, url)
            })
            .collect()
    }

    /// Merges atoms into cells, second by second. Gives the cells, and for each atom those that it
    /// went to.
    fn merge_atoms(&self, targets: &[Vec<u32>], series: usize) -> (Vec<Open>, Membership) {
        let mut order: Vec<u32> = (0..self.atoms.len() as u32).collect();
        order.retain(|&at| self.atoms[at as usize].sums.count > 0);
        order.sort_by_key(|&at| self.atoms[at as usize].second);
        let mut cells: Vec<Open> = Vec::with_capacity(order.len() * 2);
        let mut membership =
            Membership { cells: Vec::with_capacity(order.len() * 3), spans: vec![(0, 0); self.atoms.len()] };
        // One more than the latest cell of each series; up to `begin` it is of an earlier second.
        let mut latest = vec![0; series];
        let (mut second, mut begin) = (None, 0);
        for at in order {
            let atom = &self.atoms[at as usize];
            if second != Some(atom.second) {
                (second, begin) = (Some(atom.second), cells.len());
            }
            let start = membership.cells.len() as u32;
            let sketched = self.pairs[atom.pair as usize].metric.has_sketch();
            for &series in &targets[atom.pair as usize] {
                let latest = &mut latest[series as usize];
                if *latest <= begin {
                    cells.push(Open { second: atom.second, series, sums: Sums::NONE, sketched: 0 });
                    *latest = cells.len();
                }
                let cell = *latest as u32 - 1;
                let open = &mut cells[cell as usize];
                open.sums.merge(&atom.sums);
                open.sketched += if sketched { atom.sums.count as u32 } else { 0 };
                membership.cells.push(cell);
            }
            membership.spans[at as usize] = (start, membership.cells.len() as u32);
        }
        (cells, membership)
    }

    /// Every sketched cell's buckets in ascending order, cell after cell.
    fn distribute(&self, cells: &[Open], membership: &Membership) -> Vec<u32> {
        let mut fill = Vec::with_capacity(cells.len());
        let mut total = 0;
        for cell in cells {
            fill.push(total);
            total += cell.sketched;
        }
        let mut buckets = vec![0; total as usize];
        let sketched = self
            .samples
            .iter()
            .filter(|sample| self.pairs[self.atoms[sample.atom as usize].pair as usize].metric.has_sketch());
        for (bucket, atom) in sorted_by_bucket(sketched.map(|sample| (sample.bucket, sample.atom)).collect())
        {
            let (start, end) = membership.spans[atom as usize];
            for &cell in &membership.cells[start as usize..end as usize] {
                let place = &mut fill[cell as usize];
                buckets[*place as usize] = bucket;
                *place += 1;
            }
        }
        buckets
    }
}

/// A cell in the making.
struct Open {
    second: i64,
    series: u32,
    sums: Sums,
    /// Samples that go into its sketch.
    sketched: u32,
}

/// The cells that each atom belongs to: a span of `cells`.
struct Membership {
    cells: Vec<u32>,
    spans: Vec<(u32, u32)>,
}

/// Buckets have 22 significant bits, so two counting passes of 11 sort them.
fn sorted_by_bucket(mut samples: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    const DIGIT: usize = 1 << 11;
    if samples.len() < 512 {
        samples.sort_unstable();
        return samples;
    }
    let mut other = vec![(0, 0); samples.len()];
    for shift in [0, 11] {
        let digit = |bucket: u32| (bucket >> shift) as usize % DIGIT;
        let mut ends = [0_u32; DIGIT];
        for &(bucket, _) in &samples {
            ends[digit(bucket)] += 1;
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += std::mem::replace(end, sum);
        }
        for &sample in &samples {
            let place = &mut ends[digit(sample.0)];
            other[*place as usize] = sample;
            *place += 1;
        }
        std::mem::swap(&mut samples, &mut other);
    }
    samples
}

/// Closes cells, which stand in the order of their seconds.
fn seconds(cells: Vec<Open>, buckets: &[u32]) -> Vec<Second> {
    let mut seconds: Vec<Second> = Vec::new();
    let mut rest = buckets;
    for open in cells {
        let (own, tail) = rest.split_at(open.sketched as usize);
        rest = tail;
        let Sums { count, nonzero, sum, min, max, last, last_ns } = open.sums;
        let sketch = Packed::from_sorted(own);
        let cell = Cell { count, nonzero, sum, min, max, last, last_ns, sketch };
        match seconds.last_mut() {
            Some(second) if second.second == open.second => second.cells.push((open.series, cell)),
            _ => seconds.push(Second { second: open.second, cells: vec![(open.series, cell)] }),
        }
    }
    for second in &mut seconds {
        second.cells.sort_unstable_by_key(|(series, _)| *series);
    }
    seconds
}
