//! VUs of several load generators, added up.
//!
//! k6 writes `vus` and `vus_max` once a second, so within a source, samples less than 0.9 s apart
//! come from different generators. A generator's value holds 3 s; of one that speaks less often, until it
//! should have spoken again.
//!
//! Other wires push when they will, and once more when they end. Where a wire tells one series from another, each is
//! one generator.

use crate::fold::tally::Tally;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const SECOND_NS: i64 = 1_000_000_000;
/// Closer samples come from different generators.
const APART_NS: i64 = 900_000_000;
/// How long a generator's value holds at the least …
const HOLD_NS: i64 = 3 * SECOND_NS;
/// … and at the most: the slowest outputs speak once a minute.
const HOLD_MOST_NS: i64 = 90 * SECOND_NS;
/// Sources, and generators of one, that are told apart; what comes beyond shares one place, so
/// that made-up names cannot grow the state.
const MOST: usize = 1_000;
const OTHER: &str = "(other)";

/// A sample of `vus` (or `vus_max`) that waits for its window to close.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Waiting {
    pub time_ns: i64,
    pub source: u32,
    pub max: bool,
    pub value: f64,
    /// Of its wire; 0: not told.
    pub series: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Generator {
    series: u64,
    last_ns: i64,
    value: f64,
    /// Its last silence, and the shorter of its last two: one that was cut off for a while is not slow.
    gap_ns: i64,
    beat_ns: i64,
}

impl Generator {
    fn speaks(&mut self, time_ns: i64, value: f64) {
        let gap_ns = time_ns.saturating_sub(self.last_ns);
        self.beat_ns = if self.gap_ns == 0 { 0 } else { gap_ns.min(self.gap_ns) };
        (self.gap_ns, self.last_ns, self.value) = (gap_ns, time_ns, value);
    }

    fn hold_ns(&self) -> i64 {
        self.beat_ns.saturating_add(self.beat_ns / 2).clamp(HOLD_NS, HOLD_MOST_NS)
    }
}

/// All that is known of the generators of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Generators {
    sources: Vec<String>,
    /// By source, of `vus` and of `vus_max`.
    vus: BTreeMap<u32, Vec<Generator>>,
    vus_max: BTreeMap<u32, Vec<Generator>>,
}

/// A generator as `health` shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen<'a> {
    /// Its own name, or its address.
    pub source: &'a str,
    /// Virtual users in its newest sample of `vus`.
    pub vus: f64,
    /// Unix ms.
    pub last_seen: i64,
}

impl Generators {
    /// The number of a source, by which samples name it.
    pub(super) fn source(&mut self, name: &str) -> u32 {
        let name = if self.sources.len() < MOST { name } else { OTHER };
        let at = self.sources.iter().position(|known| known == name).unwrap_or_else(|| {
            self.sources.push(name.to_owned());
            self.sources.len() - 1
        });
        at as u32
    }

    /// Takes the samples of a window that closes, and gives the sums of `vus` and of `vus_max`,
    /// second by second, over the window's seconds (`from` included, `until` not, Unix seconds).
    pub(super) fn close(&mut self, mut waiting: Vec<Waiting>, from: i64, until: i64) -> (Tally, Tally) {
        // By time, whatever the order of arrival was.
        waiting.sort_by(|a, b| {
            (a.time_ns, a.source, a.max).cmp(&(b.time_ns, b.source, b.max)).then(a.value.total_cmp(&b.value))
        });
        let (max, vus) = waiting.into_iter().partition(|sample: &Waiting| sample.max);
        (sums(&mut self.vus, vus, from, until), sums(&mut self.vus_max, max, from, until))
    }

    /// Every generator that ever sent `vus`.
    pub(super) fn seen(&self) -> impl Iterator<Item = Seen<'_>> {
        self.vus.iter().flat_map(move |(&source, generators)| {
            generators.iter().map(move |generator| Seen {
                source: self.sources.get(source as usize).map_or(OTHER, String::as_str),
                vus: generator.value,
                last_seen: generator.last_ns.div_euclid(1_000_000),
            })
        })
    }
}

fn sums(sources: &mut BTreeMap<u32, Vec<Generator>>, samples: Vec<Waiting>, from: i64, until: i64) -> Tally {
    let mut tally = Tally::default();
    let mut samples = samples.into_iter().peekable();
    let mut second = from;
    while second < until {
        let end_ns = second.saturating_add(1).saturating_mul(SECOND_NS);
        while let Some(sample) = samples.next_if(|sample| sample.time_ns < end_ns) {
            let generators = sources.entry(sample.source).or_default();
            let Some(at) = assign(generators, sample.series, sample.time_ns) else { continue };
            // A generator that speaks twice within a second is heard both times.
            let again = generators.get(at).is_some_and(|g| g.last_ns >= end_ns - SECOND_NS);
            if again {
                observe(&mut tally, sources, sample.time_ns);
            }
            let generators = sources.entry(sample.source).or_default();
            match generators.get_mut(at) {
                Some(known) => known.speaks(sample.time_ns, sample.value),
                None => {
                    let Waiting { time_ns: last_ns, value, series, .. } = sample;
                    generators.push(Generator { series, last_ns, value, gap_ns: 0, beat_ns: 0 });
                }
            }
        }
        let alive = observe(&mut tally, sources, end_ns - 1);
        // Nothing more can change once all values have expired: a window may be long.
        second = match samples.peek() {
            _ if alive => second.saturating_add(1),
            Some(next) => next.time_ns.div_euclid(SECOND_NS).max(second.saturating_add(1)),
            None => until,
        };
    }
    tally
}

/// Which of a source's generators sent a sample; `generators.len()`: a new one; `None`: it is older
/// than what is known, and changes nothing.
fn assign(generators: &[Generator], series: u64, time_ns: i64) -> Option<usize> {
    if series != 0 {
        let known = generators.iter().position(|g| g.series == series);
        let at = known.unwrap_or(generators.len()).min(MOST);
        return (at < MOST && generators.get(at).is_none_or(|g| g.last_ns <= time_ns)).then_some(at);
    }
    let fits = |g: &&Generator| g.series == 0 && time_ns.saturating_sub(g.last_ns) >= APART_NS;
    // Each keeps to its own beat: the one whose last sample is closest to whole seconds ago, among
    // those whose values hold; else the one that fell silent last.
    let off_beat = |g: &Generator| {
        let past = time_ns.saturating_sub(g.last_ns).rem_euclid(SECOND_NS);
        past.min(SECOND_NS - past)
    };
    let found = generators.iter().enumerate().filter(|(_, g)| fits(g)).min_by_key(|(_, g)| {
        let silence = time_ns.saturating_sub(g.last_ns);
        let silent = silence > g.hold_ns();
        (silent, if silent { silence } else { off_beat(g) })
    });
    match found {
        Some((at, _)) => Some(at),
        None if generators.iter().any(|g| g.last_ns > time_ns) || generators.len() >= MOST => None,
        None => Some(generators.len()),
    }
}

/// Counts the sum at a moment; false: no value holds.
fn observe(tally: &mut Tally, sources: &BTreeMap<u32, Vec<Generator>>, now_ns: i64) -> bool {
    let (mut sum, mut newest) = (0.0_f64, None);
    for generator in sources.values().flatten() {
        if now_ns.saturating_sub(generator.last_ns) <= generator.hold_ns() {
            sum += generator.value;
            newest = newest.max(Some(generator.last_ns));
        }
    }
    if newest.is_some() {
        tally.observe(sum.clamp(f64::MIN, f64::MAX), now_ns);
    }
    newest.is_some()
}
