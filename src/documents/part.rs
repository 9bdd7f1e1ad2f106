//! The summary of a part of a run: of the whole run's what goes for any part, and the figures of its windows.

use super::tables::{self, Totals};
use crate::fold::{Detail, OTHER, Tally, View, shortened_key};
use crate::record::{Dimension, SeriesKey};
use loadgate_documents::{
    Metric, MetricKind, MetricType, Span, Summary, Tables, Threshold, ThresholdRow, Values,
};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A stretch of a run, Unix ms, and what came in it.
pub(crate) struct Part<'a> {
    pub span: Span,
    pub tallies: &'a HashMap<SeriesKey, Tally>,
}

/// The summary of a part: `whole` with its figures; metrics that had no samples in it are all zeros, as in the
/// whole. Its health and its end are the run's.
pub(crate) fn summary(whole: &Summary, part: Part) -> Summary {
    let Part { span, tallies } = part;
    let rows = Rows::of(&whole.tables);
    let totals = placed(&rows, tallies);
    let seconds = seconds(span);
    let figures = Figures { totals: &totals, seconds, whole, rows: &rows };
    let nothing = Tally::default();
    let view = |name: &str, metric: &Metric| {
        let tally = totals.get(&SeriesKey::named(name)).unwrap_or(&nothing);
        View { tally, metric_type: metric.metric_type, seconds }
    };
    let thresholds: Vec<ThresholdRow> = whole
        .thresholds
        .iter()
        .map(|row| {
            let known = whole.metrics.get(&row.metric).filter(|_| row.unknown.is_none());
            let known = known
                .zip(Threshold::parse(&row.expression).ok())
                .map(|(metric, threshold)| (threshold, view(&row.metric, metric)));
            let evaluated = known.map(|(threshold, view)| threshold.evaluate(&view));
            ThresholdRow {
                observed: evaluated.and_then(|evaluated| evaluated.observed),
                passes: evaluated.and_then(|evaluated| evaluated.passes),
                untold: known.is_some_and(|(threshold, view)| view.is_untold(threshold.aggregate)),
                first_failed: row.first_failed.filter(|at| (span.start..=span.end).contains(at)),
                ..row.clone()
            }
        })
        .collect();
    let metrics = whole
        .metrics
        .iter()
        .map(|(name, metric)| (name.clone(), one_metric(name, metric, &view(name, metric), &thresholds)))
        .collect();
    Summary {
        window: Some(span),
        metrics,
        // What can be asked for is a matter of the whole run.
        tables: Tables {
            request_tags: whole.tables.request_tags.clone(),
            ..tables::tables(&figures, Detail::All(&[]))
        },
        thresholds,
        ..whole.clone()
    }
}

/// What rates per second are over in a part.
pub(crate) fn seconds(span: Span) -> f64 {
    ((span.end - span.start) as f64 / 1e3).max(1.0)
}

/// Which series of windows count in this one of the whole run: its own, and those of names that share its row by now.
pub(crate) fn counting_in<'a>(whole: &'a Summary, wanted: &'a SeriesKey) -> impl Fn(&SeriesKey) -> bool + 'a {
    let rows = Rows::of(&whole.tables);
    move |key| {
        key.dimension == wanted.dimension && key.metric == wanted.metric && rows.place(key.clone()) == *wanted
    }
}

/// All of them together, added up in one order, whoever does it.
pub(crate) fn sum(tallies: &HashMap<SeriesKey, Tally>) -> Tally {
    let tallies: BTreeMap<&SeriesKey, &Tally> = tallies.iter().collect();
    let mut sum = Tally::default();
    tallies.values().for_each(|tally| sum.merge(tally, true));
    sum
}

/// What came in a part, each series where it counts by now.
pub(crate) fn totals(tables: &Tables, tallies: &HashMap<SeriesKey, Tally>) -> BTreeMap<SeriesKey, Tally> {
    placed(&Rows::of(tables), tallies)
}

/// The same by facets, of a run that has these keys, each with what it missed.
pub(crate) fn facets(
    keys: &BTreeMap<Vec<String>, u64>,
    tallies: &HashMap<SeriesKey, Tally>,
) -> BTreeMap<SeriesKey, Tally> {
    let mut rows = Rows::default();
    keys.iter().for_each(|(key, missed)| rows.add(Dimension::Facets, key, *missed));
    placed(&rows, tallies)
}

fn placed(rows: &Rows, tallies: &HashMap<SeriesKey, Tally>) -> BTreeMap<SeriesKey, Tally> {
    let mut totals: BTreeMap<SeriesKey, Tally> = BTreeMap::new();
    // Those that share a row are added up in one order, whoever does it.
    let tallies: BTreeMap<&SeriesKey, &Tally> = tallies.iter().collect();
    for (key, tally) in tallies {
        totals.entry(rows.place(key.clone())).or_default().merge(tally, true);
    }
    totals
}

fn one_metric(name: &str, whole: &Metric, view: &View, thresholds: &[ThresholdRow]) -> Metric {
    let percentiles: Vec<f64> = match &whole.values {
        Values::Trend(trend) => trend.percentiles.iter().map(|(rank, _)| *rank).collect(),
        _ => Vec::new(),
    };
    let own = thresholds.iter().filter(|row| row.metric == name);
    Metric {
        silent: view.tally.count == 0 && whole.metric_type != MetricType::Counter,
        values: view.values(Detail::All(&percentiles)),
        thresholds: own.map(|row| (row.expression.clone(), row.verdict())).collect(),
        ..whole.clone()
    }
}

/// The rows of the whole run, and what is said of each beside its figures.
#[derive(Default)]
struct Rows<'a> {
    keys: HashSet<(Dimension, &'a [String])>,
    missed: HashMap<(Dimension, &'a [String]), u64>,
    names: HashMap<&'a [String], u64>,
}

impl<'a> Rows<'a> {
    fn of(tables: &'a Tables) -> Self {
        let mut rows = Rows::default();
        tables.requests.iter().for_each(|row| rows.add(Dimension::Request, &row.key, row.missed));
        tables.statuses.iter().for_each(|row| rows.add(Dimension::Status, &row.key, row.missed));
        tables.checks.iter().for_each(|row| rows.add(Dimension::Check, &row.key, row.missed));
        tables.groups.iter().for_each(|row| rows.add(Dimension::Group, &row.key, row.missed));
        tables.scenarios.iter().for_each(|row| rows.add(Dimension::Scenario, &row.key, row.missed));
        let named = tables.requests.iter().filter_map(|row| Some((row.key.as_slice(), row.names?)));
        rows.names.extend(named);
        rows
    }

    fn add(&mut self, dimension: Dimension, key: &'a [String], missed: u64) {
        self.keys.insert((dimension, key));
        self.missed.insert((dimension, key), missed);
    }

    /// Where a window's series counts by now: in its row, in that of its shorter name, or among the others.
    fn place(&self, key: SeriesKey) -> SeriesKey {
        let SeriesKey { dimension, key: row, metric } = key;
        let known = |row: &[String]| self.keys.contains(&(dimension, row));
        let divided = !matches!(dimension, Dimension::Metric | Dimension::Submetric);
        let row = if !divided || known(&row) {
            row
        } else {
            let short = shortened_key(dimension, &row).filter(|short| known(short));
            short.unwrap_or_else(|| vec![OTHER.to_owned()])
        };
        SeriesKey { dimension, key: row, metric }
    }
}

struct Figures<'a> {
    totals: &'a BTreeMap<SeriesKey, Tally>,
    seconds: f64,
    whole: &'a Summary,
    rows: &'a Rows<'a>,
}

impl Totals for Figures<'_> {
    fn totals(&self) -> impl Iterator<Item = (&SeriesKey, &Tally)> {
        self.totals.iter()
    }

    fn seconds(&self) -> f64 {
        self.seconds
    }

    fn kind(&self, metric: &str) -> MetricKind {
        self.whole.metrics.get(metric).map_or_else(
            || MetricKind { metric_type: MetricType::Trend, contains: Default::default() },
            |metric| MetricKind { metric_type: metric.metric_type, contains: metric.contains },
        )
    }

    fn missed(&self, dimension: Dimension, key: &[String]) -> u64 {
        self.rows.missed.get(&(dimension, key)).copied().unwrap_or(0)
    }

    fn names(&self, key: &[String]) -> Option<u64> {
        self.rows.names.get(key).copied()
    }

    fn example(&self, key: &[String]) -> [Option<String>; 2] {
        let row = self.whole.tables.statuses.iter().find(|row| row.key == key);
        row.map_or([None, None], |row| [row.error.clone(), row.url.clone()])
    }
}
