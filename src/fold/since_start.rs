//! Series that are told since their start: what is new is the difference to what they told last.

use crate::limits;
use crate::record::{Over, Sums};
use loadgate_wires::{Bucket, Summed};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

const SECOND_NS: i64 = 1_000_000_000;

/// The newest sum of every series that is told since its start.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct SinceStart(BTreeMap<u64, Newest>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Newest {
    start_ns: Option<i64>,
    time_ns: i64,
    sum: Summed,
}

/// Samples of an interval, with what else is known of where their values lie.
pub(super) struct Part<'a> {
    pub sum: Cow<'a, Summed>,
    pub from_ns: i64,
    pub to_ns: i64,
    /// No value is less, none greater.
    pub within: (f64, f64),
}

/// What a sum says that is told since its start.
pub(super) enum News<'a> {
    Part(Part<'a>),
    /// It is older than what is known.
    Stale,
    /// The series is older than the run: this is where it stood when the run began.
    Base,
    TooMany,
}

impl SinceStart {
    /// What a sum adds to a run that began then, Unix s.
    pub(super) fn news<'a>(&mut self, origin: i64, sums: &'a Sums) -> News<'a> {
        let Sums { time_ns: to_ns, sum, .. } = sums;
        let to_ns = *to_ns;
        let (series, start_ns) = match sums.over {
            Over::Interval(length_ns) => {
                let from_ns = to_ns.saturating_sub(length_ns.max(0));
                let within = bounds(sum);
                return News::Part(Part { sum: Cow::Borrowed(sum), from_ns, to_ns, within });
            }
            Over::Start { series, start_ns } => (series, start_ns),
        };
        let origin_ns = origin.saturating_mul(SECOND_NS);
        let newest = Newest { start_ns, time_ns: to_ns, sum: sum.clone() };
        let room = self.0.len() < limits::SUMMED_SERIES;
        let whole = |from_ns: i64| Part { sum: Cow::Borrowed(sum), from_ns, to_ns, within: bounds(sum) };
        let Some(known) = self.0.get_mut(&series) else {
            if !room {
                return News::TooMany;
            }
            self.0.insert(series, newest);
            // Generators of one test begin at about the same time; who is much older is no part of it.
            let oldest_ns = origin_ns.saturating_sub(limits::AHEAD_LIVE_S * SECOND_NS);
            return match start_ns {
                Some(start_ns) if start_ns < oldest_ns => News::Base,
                Some(start_ns) => News::Part(whole(start_ns.max(origin_ns).min(to_ns))),
                None => News::Part(whole(to_ns)),
            };
        };
        let anew = start_ns > known.start_ns
            || sum.count < known.sum.count
            || (sum.count == known.sum.count && sum.sum < known.sum.sum);
        if to_ns <= known.time_ns && !(anew && start_ns > known.start_ns) {
            return News::Stale;
        }
        let before = std::mem::replace(known, newest);
        if anew {
            return News::Part(whole(start_ns.unwrap_or(before.time_ns).max(before.time_ns).min(to_ns)));
        }
        let sum = Cow::Owned(difference(sum, &before.sum));
        News::Part(Part { sum, from_ns: before.time_ns, to_ns, within: bounds(&sums.sum) })
    }
}

/// The least and the greatest value, where they are known.
fn bounds(sum: &Summed) -> (f64, f64) {
    (sum.min.unwrap_or(f64::NEG_INFINITY), sum.max.unwrap_or(f64::INFINITY))
}

/// What came between two sums of a series. Its extremes are known where they moved.
fn difference(new: &Summed, old: &Summed) -> Summed {
    let buckets = new.buckets.as_ref().map(|new| {
        let mut rest: Vec<Bucket> = new.clone();
        for gone in old.buckets.iter().flatten() {
            // Buckets may have become wider since: exponential histograms do.
            let middle = if gone.low.is_infinite() {
                gone.high
            } else if gone.high.is_infinite() {
                gone.low.next_up()
            } else {
                gone.low + (gone.high - gone.low) / 2.0
            };
            if let Some(bucket) = rest.iter_mut().find(|bucket| bucket.low <= middle && middle <= bucket.high)
            {
                bucket.count = bucket.count.saturating_sub(gone.count);
            }
        }
        rest.retain(|bucket| bucket.count > 0);
        rest
    });
    Summed {
        count: new.count.saturating_sub(old.count),
        nonzero: new.nonzero.saturating_sub(old.nonzero),
        sum: new.sum - old.sum,
        min: new.min.filter(|_| new.min != old.min),
        max: new.max.filter(|_| new.max != old.max),
        buckets,
        told: None,
    }
}
