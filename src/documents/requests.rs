//! Requests by what tells them apart: the document of `/runs/ID/requests`.

use super::{request_tags, tables};
use crate::fold::{OTHER, Tally};
use crate::limits;
use crate::record::{Dimension, SeriesKey, phase};
use loadgate_documents::{Digits, RequestRow, Requests, Span, shorten, to_json};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What requests are grouped and filtered by.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The tag of this key, where a submetric of requests names it; empty where a request has none.
    Tag(String),
}

/// Those that every run has, in the order in which a sentence lists them.
const FACETS: [Facet; 7] =
    [Facet::Method, Facet::Name, Facet::Status, Facet::Scenario, Facet::Group, Facet::Expected, Facet::Phase];

/// What a tag is called in addresses: `by=tag:region`, `tag=region:eu`.
const TAG: &str = "tag";

/// Values that one may filter by: each is held against every row.
const MOST_FILTERS: usize = 100;

/// What a phase is called that is neither setup nor teardown.
const LOAD: &str = "load";

impl Facet {
    /// Its name in addresses and documents.
    pub fn word(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Facet::Method => "method",
            Facet::Name => "name",
            Facet::Status => "status",
            Facet::Scenario => "scenario",
            Facet::Group => "group",
            Facet::Expected => "expected",
            Facet::Phase => "phase",
            Facet::Tag(key) => return Cow::Owned(format!("{TAG}:{key}")),
        })
    }

    fn parse(word: &str) -> Result<Self, String> {
        let tag = word.strip_prefix(TAG).and_then(|rest| rest.strip_prefix(':'));
        match tag.filter(|key| !key.is_empty()) {
            Some(key) => Ok(Facet::Tag(key.to_owned())),
            None => FACETS.into_iter().find(|facet| facet.word() == word).ok_or_else(|| {
                let names = FACETS.map(|facet| facet.word()).join(", ");
                format!(
                    "by={} is none of {names} and tag:KEY; several have commas between them",
                    shorten(word)
                )
            }),
        }
    }

    /// What a key of [`Dimension::Facets`] has; `None`: when it came nobody kept that.
    fn find<'a>(&self, key: &'a [String]) -> Option<&'a str> {
        match self {
            Facet::Tag(tag) => request_tags::of(key, tag),
            _ => Some(self.of(key)),
        }
    }

    /// The same; empty where nobody kept it.
    fn of<'a>(&self, key: &'a [String]) -> &'a str {
        let part = |at: usize| key.get(at).map_or("", String::as_str);
        match self {
            Facet::Tag(_) => self.find(key).unwrap_or_default(),
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
    fn check(&self, value: &str) -> Result<(), String> {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let (fits, is) = match self {
            Facet::Status => (
                value.is_empty() || digits(class(value).unwrap_or(value)),
                "a status, like status=404, a class of them, like status=4xx, or 0 for no answer",
            ),
            Facet::Expected => (matches!(value, "true" | "false" | ""), "true or false"),
            Facet::Phase => (matches!(value, LOAD | "setup" | "teardown"), "load, setup or teardown"),
            Facet::Method | Facet::Name | Facet::Scenario | Facet::Group | Facet::Tag(_) => return Ok(()),
        };
        let word = self.word();
        let wrong = || format!("{word}={} is none: {word} is {is}", shorten(value));
        if fits { Ok(()) } else { Err(wrong()) }
    }

    /// Whether it is a value that is asked for.
    fn fits(&self, value: &str, wanted: &str) -> bool {
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
    /// As an address has it: what to group by, with commas between, and parameters, of which those count that
    /// are called like a facet, also without a value: such are outside of any scenario or group.
    ///
    /// # Errors
    ///
    /// A sentence, where there is no such facet, and as [`Asked::new`].
    pub fn parse(by: &str, parameters: &[(String, String)]) -> Result<Self, String> {
        let by: Result<Vec<Facet>, String> = by.split(',').map(|word| Facet::parse(word.trim())).collect();
        let mut filters = Vec::new();
        for (name, value) in parameters {
            if name == TAG {
                let tag = value.split_once(':').filter(|(key, _)| !key.is_empty());
                let (key, value) = tag.ok_or_else(|| {
                    format!("tag={} is none: a tag is KEY:VALUE, like tag=region:eu", shorten(value))
                })?;
                filters.push((Facet::Tag(key.to_owned()), value.to_owned()));
            } else if let Some(facet) = FACETS.into_iter().find(|facet| facet.word() == *name) {
                filters.push((facet, value.clone()));
            }
        }
        Asked::new(by?, filters)
    }

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

    fn wants(&self, key: &[String]) -> Wants {
        let mut unknown = self.by.iter().any(|facet| facet.find(key).is_none());
        for (facet, _) in &self.filters {
            let Some(value) = facet.find(key) else {
                unknown = true;
                continue;
            };
            let mut values = self.filters.iter().filter(|(other, _)| other == facet);
            if !values.any(|(_, wanted)| facet.fits(value, wanted)) {
                return Wants::No;
            }
        }
        if unknown { Wants::Unknown } else { Wants::Yes }
    }

    /// Fails where a tag is asked for that nothing is kept by.
    ///
    /// # Errors
    ///
    /// A sentence.
    pub(crate) fn check_tags<'a>(&self, keys: impl Iterator<Item = &'a [String]>) -> Result<(), String> {
        let asked = self.by.iter().chain(self.filters.iter().map(|(facet, _)| facet));
        let mut asked = asked
            .filter_map(|facet| match facet {
                Facet::Tag(key) => Some(key),
                _ => None,
            })
            .peekable();
        if asked.peek().is_none() {
            return Ok(());
        }
        let kept = request_tags::all(keys);
        match asked.find(|key| !kept.contains_key(*key)) {
            None => Ok(()),
            Some(key) => {
                let kept: Vec<&str> = kept.keys().map(String::as_str).collect();
                let kept = if kept.is_empty() { "none".to_owned() } else { kept.join(" and ") };
                Err(format!(
                    "no requests are kept by the tag {}: a threshold or panel on http_req_duration{{KEY:VALUE}} makes \
                     Loadgate keep its tag from then on, of at most {} keys; kept are: {kept}",
                    shorten(key),
                    limits::REQUEST_TAGS
                ))
            }
        }
    }
}

/// Whether requests are among those that are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wants {
    Yes,
    No,
    /// They came before anybody named a tag that is asked for.
    Unknown,
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
    let (mut whole, mut groups) = (Group::default(), BTreeMap::<(bool, Vec<&str>), Group>::new());
    let mut other = 0.0;
    for (key, own) in &fine {
        let wants = if *key == [OTHER] { Wants::Unknown } else { asked.wants(key) };
        let name = match wants {
            Wants::Yes => (false, asked.by.iter().map(|facet| facet.of(key)).collect()),
            Wants::No => continue,
            Wants::Unknown => {
                other += tables::requests_of(own);
                if !asked.filters.is_empty() {
                    continue;
                }
                (true, vec![OTHER])
            }
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
        by: asked.by.iter().map(|facet| facet.word().into_owned()).collect(),
        whole: whole.row(Vec::new(), found.seconds),
        rows: rows.collect(),
        other,
    };
    to_json(&document, Digits::All)
}
