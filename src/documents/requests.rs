//! Requests by what tells them apart: the document of `/runs/ID/requests`.

use super::tables;
use crate::fold::{OTHER, Tally};
use crate::record::{Dimension, SeriesKey, phase};
use loadgate_documents::{Digits, RequestRow, Requests, Span, shorten, to_json};
use std::collections::BTreeMap;

/// What requests are grouped and filtered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Facet {
    /// GET, POST …
    Method,
    /// As k6 names them: the tag `name`, else the URL.
    Name,
    /// The status, `0` where there was no answer.
    Status,
    /// The scenario; empty outside of any.
    Scenario,
    /// The innermost group, `::outer::inner`; empty outside of any.
    Group,
    /// `true` or `false`, as k6 expected the answer.
    Expected,
    /// `load`, or `setup` or `teardown`, which run once.
    Phase,
}

/// Values that one may filter by: each is held against every row.
const MOST_FILTERS: usize = 100;

/// What a phase is called that is neither setup nor teardown.
const LOAD: &str = "load";

impl Facet {
    /// Its name in addresses and documents.
    pub fn word(self) -> &'static str {
        match self {
            Facet::Method => "method",
            Facet::Name => "name",
            Facet::Status => "status",
            Facet::Scenario => "scenario",
            Facet::Group => "group",
            Facet::Expected => "expected",
            Facet::Phase => "phase",
        }
    }

    /// What a key of [`Dimension::Facets`] has.
    fn of(self, key: &[String]) -> &str {
        let part = |at: usize| key.get(at).map_or("", String::as_str);
        match self {
            Facet::Method => part(0),
            Facet::Name => part(1),
            Facet::Status => part(2),
            Facet::Scenario => part(3),
            Facet::Group => part(4),
            Facet::Expected => part(5),
            Facet::Phase => phase(part(4)).unwrap_or(LOAD),
        }
    }

    /// Whether there can be such a value.
    fn check(self, value: &str) -> Result<(), String> {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (fits, is) = match self {
            Facet::Status => (
                value.is_empty() || digits(class(value).unwrap_or(value)),
                "a status, like status=404, a class of them, like status=4xx, or 0 for no answer",
            ),
            Facet::Expected => (matches!(value, "true" | "false" | ""), "true or false"),
            Facet::Phase => (matches!(value, LOAD | "setup" | "teardown"), "load, setup or teardown"),
            Facet::Method | Facet::Name | Facet::Scenario | Facet::Group => return Ok(()),
        };
        let word = self.word();
        let wrong = || format!("{word}={} is none: {word} is {is}", shorten(value));
        if fits { Ok(()) } else { Err(wrong()) }
    }

    /// Whether a key has a value that is asked for.
    fn fits(self, key: &[String], wanted: &str) -> bool {
        let value = self.of(key);
        let within = |rest: &str| !wanted.is_empty() && rest.starts_with("::");
        match (self, class(wanted)) {
            (Facet::Status, Some(class)) => value.len() == wanted.len() && value.starts_with(class),
            // What is in a group is in those around it.
            (Facet::Group, _) => {
                value.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || within(rest))
            }
            _ => value == wanted,
        }
    }
}

/// The digit of a class of statuses: 4 of `4xx`.
fn class(value: &str) -> Option<&str> {
    value.strip_suffix("xx").filter(|digit| digit.len() == 1)
}

/// How requests are to be grouped, and which of them are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    by: Vec<Facet>,
    filters: Vec<(Facet, String)>,
}

impl Asked {
    /// Requests fit if for every facet that is filtered by they have one of its values.
    ///
    /// # Errors
    ///
    /// A sentence, where there can be no such value, are too many, or they are grouped by one facet twice.
    pub fn new(by: Vec<Facet>, filters: Vec<(Facet, String)>) -> Result<Self, String> {
        if let Some(twice) = (1..by.len()).find(|&at| by[..at].contains(&by[at])) {
            return Err(format!("by names {} twice", by[twice].word()));
        }
        if filters.len() > MOST_FILTERS {
            return Err(format!("there are more than {MOST_FILTERS} values to filter by"));
        }
        filters.iter().try_for_each(|(facet, value)| facet.check(value))?;
        Ok(Asked { by, filters })
    }

    fn wants(&self, key: &[String]) -> bool {
        self.filters.iter().all(|(facet, _)| {
            let mut values = self.filters.iter().filter(|(other, _)| other == facet);
            values.any(|(_, value)| facet.fits(key, value))
        })
    }
}

/// Requests that are one row.
#[derive(Default)]
struct Group {
    metrics: BTreeMap<&'static str, Tally>,
    /// How many answers were said to be expected or not, and how many were not.
    told: f64,
    failed: f64,
    missed: u64,
}

/// What a run has by facets, or a part of it.
pub(crate) struct Found<'a, T> {
    pub run: String,
    pub window: Option<Span>,
    /// What rates per second are over.
    pub seconds: f64,
    pub totals: T,
    /// How many earlier requests of a key are in `(other)`, at most.
    pub missed: &'a dyn Fn(&[String]) -> u64,
}

const COUNTS: &str = "http_reqs";
const DURATIONS: &str = "http_req_duration";

impl Group {
    fn add(&mut self, key: &[String], own: &BTreeMap<&str, &Tally>, missed: u64) {
        for metric in [COUNTS, DURATIONS] {
            if let Some(tally) = own.get(metric) {
                self.metrics.entry(metric).or_default().merge(tally, true);
            }
        }
        let requests = tables::requests_of(own);
        match Facet::Expected.of(key) {
            "false" => (self.told, self.failed) = (self.told + requests, self.failed + requests),
            "true" => self.told += requests,
            _ => {}
        }
        self.missed = self.missed.saturating_add(missed);
    }

    fn row(&self, key: Vec<String>, seconds: f64) -> RequestRow {
        let metrics = self.metrics.iter().map(|(metric, tally)| (*metric, tally)).collect();
        let failed = (self.told > 0.0).then(|| self.failed / self.told);
        RequestRow { failed, missed: self.missed, ..tables::request_row(key, &metrics, seconds) }
    }
}

/// The document, as JSON.
pub(crate) fn document<'a, T>(asked: &Asked, found: Found<'_, T>) -> String
where
    T: Iterator<Item = (&'a SeriesKey, &'a Tally)>,
{
    let mut fine: BTreeMap<&[String], BTreeMap<&str, &Tally>> = BTreeMap::new();
    for (key, tally) in
        found.totals.filter(|(key, tally)| key.dimension == Dimension::Facets && tally.count > 0)
    {
        fine.entry(&key.key).or_default().insert(&key.metric, tally);
    }
    let is_other = |key: &[String]| key == [OTHER];
    let (mut whole, mut groups) = (Group::default(), BTreeMap::<(bool, Vec<&str>), Group>::new());
    let mut other = 0.0;
    for (key, own) in &fine {
        let name = if is_other(key) {
            other = tables::requests_of(own);
            if !asked.filters.is_empty() {
                continue;
            }
            (true, vec![OTHER])
        } else if asked.wants(key) {
            (false, asked.by.iter().map(|facet| facet.of(key)).collect())
        } else {
            continue;
        };
        let missed = (found.missed)(key);
        whole.add(key, own, missed);
        groups.entry(name).or_default().add(key, own, missed);
    }
    let rows = groups
        .iter()
        .map(|((_, key), group)| group.row(key.iter().map(|&part| part.to_owned()).collect(), found.seconds));
    let document = Requests {
        run: found.run,
        window: found.window,
        by: asked.by.iter().map(|facet| facet.word().to_owned()).collect(),
        whole: whole.row(Vec::new(), found.seconds),
        rows: rows.collect(),
        other,
    };
    to_json(&document, Digits::All)
}
