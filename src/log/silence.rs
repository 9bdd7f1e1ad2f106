//! Holes in a run: times of which no load generator has told its VUs, though some did before and after.
//!
//! k6 sends `vus` every second for as long as its iterations run, even where a script pauses: what it sent meanwhile did
//! not arrive. Other tools have a rhythm of their own, which is no hole. Runs without `vus` have none. They are read from
//! the run's snapshots, which are a small part of what is kept of its windows.

use super::stream::{self, Cursor};
use crate::names::RunId;
use crate::store::{Store, StoreError};
use loadgate_documents::Span;
use serde::de::IgnoredAny;
use std::collections::{BTreeMap, BTreeSet};

/// A hole is at least so long, ms: shorter ones a generator that is out of breath makes, too.
const LEAST_MS: i64 = 10_000;

/// … and so many times as long as the pauses that are usual.
const USUAL: i64 = 5;

/// The holes of a run, in their order, as far as windows can tell: one within a long window is none.
pub(crate) async fn silences<S: Store>(store: &S, run: &RunId) -> Result<Vec<Span>, StoreError> {
    let mut heard = Heard::default();
    let mut cursor = Cursor::default();
    loop {
        let page = stream::read(store, run, cursor).await?;
        for event in page.events.iter().filter(|event| event.id.is_some()) {
            heard
                .event(&event.kind, &event.data)
                .map_err(|error| StoreError::damaged(format!("an event of {run}"), error))?;
        }
        if page.current || page.ended {
            return Ok(heard.silences());
        }
        cursor = page.cursor;
    }
}

#[derive(Default)]
struct Heard {
    /// Arrays of snapshots are in the order of these.
    names: BTreeSet<String>,
    /// When the newest window ended, and the newest one with VUs; Unix ms.
    newest_ms: Option<i64>,
    vus_ms: Option<i64>,
    /// From each window with VUs to the next; most are empty.
    pauses: Vec<Span>,
}

impl Heard {
    fn event(&mut self, kind: &str, data: &str) -> Result<(), serde_json::Error> {
        match kind {
            "metric" => {
                let named: BTreeMap<String, IgnoredAny> = serde_json::from_str(data)?;
                self.names.extend(named.into_keys());
            }
            "snapshot" => self.window(&serde_json::from_str::<Vec<Vec<Option<f64>>>>(data)?),
            _ => {}
        }
        Ok(())
    }

    fn window(&mut self, snapshot: &[Vec<Option<f64>>]) {
        let of = |name: &str| {
            let at = self.names.iter().position(|known| known == name)?;
            snapshot.get(at)?.first().copied().flatten()
        };
        let Some(end_ms) = of("time").map(|time| time as i64) else { return };
        // One window begins where the one before it ended.
        let begin_ms = self.newest_ms.replace(end_ms);
        if of("vus").is_none() {
            return;
        }
        let pause = self.vus_ms.replace(end_ms).zip(begin_ms);
        self.pauses.extend(pause.map(|(start, end)| Span { start, end }));
    }

    fn silences(mut self) -> Vec<Span> {
        let length = |pause: &Span| pause.end - pause.start;
        let mut lengths: Vec<i64> = self.pauses.iter().map(length).collect();
        lengths.sort_unstable();
        let usual = lengths.get(lengths.len() / 2).copied().unwrap_or(0);
        self.pauses.retain(|pause| length(pause) >= LEAST_MS.max(USUAL * usual));
        self.pauses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows of 2 s, with VUs or without.
    fn silences(windows: &[bool]) -> Vec<(i64, i64)> {
        let mut heard = Heard::default();
        heard.event("metric", r#"{"time":{},"http_reqs":{}}"#).unwrap();
        heard.event("metric", r#"{"vus":{}}"#).unwrap();
        for (end_s, vus) in (1..).map(|number| number * 2).zip(windows) {
            let vus = if *vus { "[3]" } else { "[]" };
            heard.event("snapshot", &format!("[[7],[{}],{vus}]", end_s * 1_000)).unwrap();
        }
        heard.silences().iter().map(|span| (span.start / 1_000, span.end / 1_000)).collect()
    }

    #[test]
    fn a_figure_that_is_not_known_is_no_damage() {
        let mut heard = Heard::default();
        heard.event("metric", r#"{"http_req_duration":{},"time":{},"vus":{}}"#).unwrap();
        for end_s in [2, 4] {
            heard.event("snapshot", &format!("[[null,null],[{}],[3]]", end_s * 1_000)).unwrap();
        }
        assert_eq!((heard.vus_ms, heard.pauses.len()), (Some(4_000), 1));
    }

    #[test]
    fn a_hole_is_between_two_times_with_vus_and_long() {
        let (on, off) = ([true; 3], [false; 5]);
        assert_eq!(silences(&[&on[..], &off, &on].concat()), [(6, 16)]);
        assert_eq!(silences(&[&on[..], &off[..4], &on].concat()), []);
        // A setup without VUs, and a teardown.
        assert_eq!(silences(&[&off[..], &off, &on, &off, &off].concat()), []);
        assert_eq!(silences(&[&off[..], &off, &off].concat()), []);
        assert_eq!(silences(&[&on[..], &off, &on, &off, &off, &on].concat()), [(6, 16), (22, 42)]);
    }

    #[test]
    fn the_rhythm_of_a_tool_that_tells_its_vus_seldom_is_no_hole() {
        // One of 2 s in 14.
        let seldom = [true, false, false, false, false, false, false].repeat(9);
        assert_eq!(silences(&seldom), []);
        let (begin, end) = (&seldom[..21], &seldom[..]);
        assert_eq!(silences(&[begin, &[false; 30], end].concat()), [(30, 102)]);
    }
}
