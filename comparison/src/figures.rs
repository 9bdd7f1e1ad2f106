//! The figures that two runs have, side by side, and what is to be said of each.

use crate::blocks::{Blocks, Estimate};
use crate::contrast::Contrast;
use crate::meaning::{Direction, decides, direction, matters};
use crate::{Series, text};
use loadgate_documents::format::Unit;
use loadgate_documents::{
    Aggregate, CheckRow, ComparedFigure, ComparedTable, Contains, Metric, MetricType, RequestRow, Says,
    Summary, Values,
};
use std::collections::{BTreeMap, BTreeSet};

/// The row that takes what has no row of its own: what is in it is another thing in every run.
const OTHERS: &str = "(other)";

/// What a figure is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Made {
    /// A quantile at this rank.
    Quantile(f64),
    Mean,
    Share,
    /// A sum over time.
    Rate,
    /// Of one value.
    Extreme,
}

/// A figure of both runs.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub series: Series,
    pub judged: bool,
    table: ComparedTable,
    figure: Aggregate,
    made: Made,
    unit: Unit,
    direction: Direction,
    value: Option<f64>,
    other: Option<f64>,
    /// Both runs have the row, or the metric.
    shared: [bool; 2],
}

/// What was found of a pair.
pub(crate) struct Found {
    pub chance: Option<f64>,
    pub interval: Option<[Option<f64>; 2]>,
    /// Up to this chance a difference counts.
    pub counts: f64,
    /// Both runs have blocks of it.
    pub has_blocks: bool,
    /// The loads are alike.
    pub comparable: bool,
}

/// Extremes are of one value, and one value can make a mean: neither is judged where there are quantiles.
const TREND: [(Aggregate, Made, bool); 7] = [
    (Aggregate::Med, Made::Quantile(0.5), true),
    (Aggregate::Percentile(90.0), Made::Quantile(0.9), true),
    (Aggregate::Percentile(95.0), Made::Quantile(0.95), true),
    (Aggregate::Percentile(99.0), Made::Quantile(0.99), true),
    (Aggregate::Avg, Made::Mean, false),
    (Aggregate::Min, Made::Extreme, false),
    (Aggregate::Max, Made::Extreme, false),
];

pub(crate) fn pairs(run: &Summary, other: &Summary) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let names: BTreeSet<&String> = run.metrics.keys().chain(other.metrics.keys()).collect();
    for name in names {
        let sides = [run, other].map(|summary| summary.metrics.get(name).filter(|one| has_data(&one.values)));
        if let [Some(metric), _] | [None, Some(metric)] = sides {
            let direction = direction(name, metric, [run, other]);
            pairs.extend(of_metric(name, metric, sides, direction));
        }
    }
    let requests = rows(&run.tables.requests, &other.tables.requests, |row| &row.key);
    pairs.extend(requests.into_iter().flat_map(|(key, sides)| of_request(key, sides)));
    let checks = rows(&run.tables.checks, &other.tables.checks, |row| &row.key);
    pairs.extend(checks.into_iter().map(|(key, sides)| of_check(key, sides)));
    pairs
}

/// What thresholds name and nobody measured stands in summaries as zeros.
fn has_data(values: &Values) -> bool {
    match values {
        Values::Trend(trend) => trend.has_data(),
        Values::Rate { passes, fails, .. } => passes + fails > 0,
        Values::Counter { .. } | Values::Gauge { .. } => true,
    }
}

fn rows<'a, T>(
    run: &'a [T],
    other: &'a [T],
    key: impl Fn(&T) -> &Vec<String>,
) -> BTreeMap<Vec<String>, [Option<&'a T>; 2]> {
    let mut found: BTreeMap<Vec<String>, [Option<&T>; 2]> = BTreeMap::new();
    for (side, rows) in [run, other].into_iter().enumerate() {
        for row in rows.iter().filter(|row| *key(row) != [OTHERS]) {
            found.entry(key(row).clone()).or_default()[side] = Some(row);
        }
    }
    found
}

fn of_metric(name: &str, metric: &Metric, sides: [Option<&Metric>; 2], direction: Direction) -> Vec<Pair> {
    let of = |figure: Aggregate| sides.map(|side| side.and_then(|metric| metric.values.of(figure)));
    let deciding = decides(name);
    let pair = |figure: Aggregate, made: Made, judged: bool| {
        let [value, other] = of(figure);
        Pair {
            series: Series::Metric(name.to_owned()),
            judged,
            table: if deciding { ComparedTable::Run } else { ComparedTable::Metrics },
            figure,
            made,
            unit: Unit::of(Some((metric.metric_type, metric.contains)), figure),
            direction,
            value,
            other,
            shared: sides.map(|side| side.is_some()),
        }
    };
    match metric.metric_type {
        MetricType::Trend => {
            let quantiles =
                of(Aggregate::Med).iter().zip(&sides).all(|(med, side)| med.is_some() || side.is_none());
            let pairs = TREND.into_iter().map(|(figure, made, judged)| {
                let judged = if quantiles { judged } else { judged || figure == Aggregate::Avg };
                pair(figure, made, judged)
            });
            // Without the distribution the mean stands for all of it.
            pairs.filter(|pair| quantiles || pair.value.is_some() || pair.other.is_some()).collect()
        }
        MetricType::Rate => vec![pair(Aggregate::Rate, Made::Share, true)],
        MetricType::Counter => vec![pair(Aggregate::Rate, Made::Rate, true)],
        MetricType::Gauge => vec![pair(Aggregate::Max, Made::Extreme, false)],
    }
}

fn of_request(key: Vec<String>, sides: [Option<&RequestRow>; 2]) -> Vec<Pair> {
    let shared = sides.map(|side| side.is_some());
    let pair = |metric: &str, figure, made, unit, of: fn(&RequestRow) -> Option<f64>| {
        let [value, other] = sides.map(|side| side.and_then(of));
        Pair {
            series: Series::Request(key.clone(), metric.to_owned()),
            judged: made != Made::Extreme,
            table: ComparedTable::Requests,
            figure,
            made,
            unit,
            direction: Direction::Down,
            value,
            other,
            shared,
        }
    };
    let duration = |figure, made, of| pair("http_req_duration", figure, made, Unit::Time, of);
    let quantiles = sides.iter().flatten().all(|row| row.med.is_some());
    let mut pairs = match quantiles {
        true => vec![
            duration(Aggregate::Med, Made::Quantile(0.5), |row| row.med),
            duration(Aggregate::Percentile(90.0), Made::Quantile(0.9), |row| row.p90),
            duration(Aggregate::Percentile(95.0), Made::Quantile(0.95), |row| row.p95),
            duration(Aggregate::Percentile(99.0), Made::Quantile(0.99), |row| row.p99),
        ],
        false => vec![duration(Aggregate::Avg, Made::Mean, |row| row.avg)],
    };
    pairs.push(pair("http_req_failed", Aggregate::Rate, Made::Share, Unit::Ratio, |row| row.failed));
    let rate = pair("http_reqs", Aggregate::Rate, Made::Extreme, Unit::Rate, |row| Some(row.rate));
    pairs.push(Pair { made: Made::Rate, ..rate });
    pairs.retain(|pair| pair.value.is_some() || pair.other.is_some());
    pairs
}

fn of_check(key: Vec<String>, sides: [Option<&CheckRow>; 2]) -> Pair {
    let share = |row: &CheckRow| row.passes as f64 / (row.passes + row.fails).max(1) as f64;
    let [value, other] = sides.map(|side| side.map(share));
    Pair {
        series: Series::Check(key),
        judged: true,
        table: ComparedTable::Checks,
        figure: Aggregate::Rate,
        made: Made::Share,
        unit: Unit::Ratio,
        direction: Direction::Up,
        value,
        other,
        shared: sides.map(|side| side.is_some()),
    }
}

/// Figures whose number is allowed for together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Run,
    Requests,
    Rest,
}

impl Pair {
    pub(crate) fn family(&self) -> Family {
        match self.table {
            ComparedTable::Run => Family::Run,
            ComparedTable::Requests => Family::Requests,
            ComparedTable::Checks | ComparedTable::Metrics => Family::Rest,
        }
    }

    /// The difference as blocks tell it. `None`: they do not, or it means nothing.
    pub(crate) fn contrast(
        &self,
        run: &BTreeMap<Series, Blocks>,
        other: &BTreeMap<Series, Blocks>,
        comparable: bool,
    ) -> Option<Contrast> {
        let (run, other) = (run.get(&self.series)?, other.get(&self.series)?);
        match self.made {
            Made::Quantile(rank) => Contrast::of_quantiles(run, other, rank),
            Made::Mean => Contrast::of_values(Estimate::mean(run)?, Estimate::mean(other)?),
            Made::Share => Some(Contrast::of_shares(Estimate::share(run)?, Estimate::share(other)?)),
            Made::Rate if comparable && self.judged => Contrast::of_sums(run, other),
            Made::Rate | Made::Extreme => None,
        }
    }

    pub(crate) fn figure(&self, found: Found) -> ComparedFigure {
        let both = self.value.zip(self.other);
        let difference = both.map(|(value, other)| value - other);
        let change = both.zip(difference).and_then(|((value, other), difference)| match () {
            () if value == other => Some(0.0),
            () if other == 0.0 => None,
            () => Some(difference / other.abs()),
        });
        // Of a difference from nothing, there is no share to tell.
        let interval = found.interval.filter(|_| self.unit == Unit::Ratio || change.is_some());
        let (key, metric) = match &self.series {
            Series::Metric(name) => (Vec::new(), name.clone()),
            Series::Request(key, metric) => (key.clone(), metric.clone()),
            Series::Check(key) => (key.clone(), "checks".to_owned()),
        };
        ComparedFigure {
            table: self.table,
            key,
            metric,
            figure: self.figure.to_string(),
            unit: self.unit,
            value: self.value,
            other: self.other,
            difference,
            change,
            interval,
            says: self.says(&found),
            text: text::difference(difference, change, interval, self.unit),
        }
    }

    fn says(&self, found: &Found) -> Says {
        match self.shared {
            [true, false] => return Says::Added,
            [false, true] => return Says::Gone,
            _ => {}
        }
        if self.made == Made::Rate && !found.comparable {
            return Says::Unlike;
        }
        if !self.judged {
            return Says::Shown;
        }
        let Some((value, other)) = self.value.zip(self.other) else { return Says::Unknown };
        if !found.has_blocks {
            return Says::Unknown;
        }
        let Some(chance) = found.chance else {
            // Nothing at all came in either, or all of it is alike.
            return if value == other { Says::None } else { Says::Little };
        };
        if chance > found.counts {
            let open = found.interval.is_some_and(|ends| ends.contains(&None));
            return if open { Says::Little } else { Says::None };
        }
        if !matters(value, other, self.unit) {
            return Says::None;
        }
        match self.direction {
            Direction::Unknown => Says::Differs,
            Direction::Up if value > other => Says::Better,
            Direction::Down if value < other => Says::Better,
            _ => Says::Worse,
        }
    }
}

/// The unit of a metric's figure.
pub(crate) fn unit(summary: &Summary, name: &str, figure: Aggregate) -> Unit {
    let kind = summary.kind(name).unwrap_or((MetricType::Trend, Contains::Default));
    Unit::of(Some(kind), figure)
}
