//! What is derived from a run's totals when somebody asks: the state events and the summary.

use crate::declare::{Aggregate, MetricType, Submetric, Threshold};
use crate::events::{Digits, Event, write_number, write_text};
use crate::fold::{Evaluated, ObjectWriter, Run, Tally, View, write_list, write_types};
use crate::record::Dimension;
use std::collections::BTreeMap;
use std::ops::Bound;

/// `cumulative`, `thresholds`, `tables`, `health`; see `docs/events.md`.
pub(crate) fn state(run: &Run) -> Vec<Event> {
    let mut thresholds = String::new();
    write_thresholds(&mut thresholds, run, Digits::Five);
    let mut tables = String::new();
    let mut object = ObjectWriter::new(&mut tables, Digits::Five);
    write_tables(&mut object, run, Digits::Five);
    object.end();
    let mut health = String::new();
    write_health(&mut health, run);
    vec![
        Event::new("cumulative", run.cumulative()),
        Event::new("thresholds", thresholds),
        Event::new("tables", tables),
        Event::new("health", health),
    ]
}

/// The document of `/runs/ID/summary`.
pub(crate) fn summary(run: &Run) -> String {
    let mut out = String::new();
    let mut object = ObjectWriter::new(&mut out, Digits::All);
    object.text("run", &run.id.to_string());
    object.text("test", run.id.log.test.as_str());
    object.text("state", if run.live { "live" } else { "ended" });
    object.number("start", run.start_ms() as f64);
    object.number("end", run.newest_ms() as f64);
    object.maybe("planned", run.planned_ms().map(|ms| ms as f64));
    write_metrics(object.field("metrics"), run);
    write_tables(&mut object, run, Digits::All);
    write_thresholds(object.field("thresholds"), run, Digits::All);
    write_health(object.field("health"), run);
    object.end();
    out
}

/// Every metric and submetric, and those that thresholds name and that had no data (all zeros, as
/// k6 has them).
fn write_metrics(out: &mut String, run: &Run) {
    let mut found: BTreeMap<String, (&str, &Tally)> = BTreeMap::new();
    for (name, shown) in run.shown() {
        if let Some(series) = shown {
            found.insert(name.to_owned(), (run.series(series).metric.as_str(), run.tally(series)));
        }
    }
    let absent: Vec<(&String, String)> = run
        .declared_names()
        .filter(|name| !found.contains_key(*name))
        .map(|name| (name, Submetric::parse(name).map_or_else(|| name.clone(), |parsed| parsed.metric)))
        .collect();
    let nothing = Tally::default();
    for (name, metric) in &absent {
        found.insert((*name).clone(), (metric, &nothing));
    }
    let mut thresholds: BTreeMap<&str, Vec<Evaluated>> = BTreeMap::new();
    for threshold in run.evaluated() {
        thresholds.entry(threshold.metric).or_default().push(threshold);
    }

    let mut metrics = ObjectWriter::new(out, Digits::All);
    for (name, (metric, tally)) in &found {
        let kind = run.kind(metric);
        let mut object = ObjectWriter::new(metrics.field(name), Digits::All);
        object.text("type", kind.metric_type.word());
        if let Some(contains) = kind.contains.word() {
            object.text("contains", contains);
        }
        if let Some(types) = run.possible_types(metric).filter(|_| tally.count > 0) {
            write_types(object.field("unknown"), types);
        }
        if run.is_partial(name) {
            object.field("partial").push_str("true");
        }
        let own = thresholds.get(name.as_str()).map(Vec::as_slice).unwrap_or_default();
        let percentiles: Vec<f64> = own
            .iter()
            .filter_map(|threshold| match Threshold::parse(threshold.expression).ok()?.aggregate {
                Aggregate::Percentile(percentile) => Some(percentile),
                _ => None,
            })
            .collect();
        let view = View { tally, metric_type: kind.metric_type, seconds: run.seconds() };
        view.write_values(object.field("values"), Digits::All, &percentiles);
        if !own.is_empty() {
            let mut list = ObjectWriter::new(object.field("thresholds"), Digits::All);
            for threshold in own {
                let mut verdict = ObjectWriter::new(list.field(threshold.expression), Digits::All);
                // As k6 has it: without data, no threshold is crossed.
                match threshold.possible {
                    Some(_) => verdict.field("ok").push_str("null"),
                    None => write_bool(verdict.field("ok"), threshold.passes != Some(false)),
                }
                verdict.maybe("observed", threshold.observed);
                verdict.end();
            }
            list.end();
        }
        object.end();
    }
    metrics.end();
}

fn write_thresholds(out: &mut String, run: &Run, digits: Digits) {
    write_list(out, run.evaluated(), |out, threshold| {
        let mut object = ObjectWriter::new(out, digits);
        object.text("metric", threshold.metric);
        object.text("expression", threshold.expression);
        object.maybe("observed", threshold.observed);
        match threshold.passes {
            Some(passes) => write_bool(object.field("passes"), passes),
            None => object.field("passes").push_str("null"),
        }
        object.maybe("firstFailed", run.first_failed(&threshold).map(|ms| ms as f64));
        if let Some(types) = threshold.possible {
            write_types(object.field("unknown"), types);
        }
        if threshold.aborts {
            object.field("aborts").push_str("true");
        }
        object.end();
    });
}

fn write_bool(out: &mut String, value: bool) {
    out.push_str(if value { "true" } else { "false" });
}

/// The rows of one breakdown: what each metric has under each key, `(other)` last.
type Table<'a> = BTreeMap<(bool, &'a [String]), BTreeMap<&'a str, &'a Tally>>;

fn write_tables(object: &mut ObjectWriter, run: &Run, digits: Digits) {
    let mut tables: BTreeMap<Dimension, Table> = BTreeMap::new();
    for (key, tally) in run.totals() {
        if tally.count > 0 {
            let row = (key.key == [crate::fold::OTHER], key.key.as_slice());
            tables.entry(key.dimension).or_default().entry(row).or_default().insert(&key.metric, tally);
        }
    }
    let none = Table::default();
    for (name, dimension, write) in [
        (
            "requests",
            Dimension::Request,
            write_request as fn(&mut ObjectWriter, &Run, &BTreeMap<&str, &Tally>),
        ),
        ("statuses", Dimension::Status, write_status),
        ("checks", Dimension::Check, write_check),
        ("groups", Dimension::Group, write_metrics_of_row),
        ("scenarios", Dimension::Scenario, write_metrics_of_row),
    ] {
        let table = tables.get(&dimension).unwrap_or(&none);
        write_list(object.field(name), table, |out, ((_, key), metrics)| {
            let mut row = ObjectWriter::new(out, digits);
            write_list(row.field("key"), *key, |out, part| write_text(out, part));
            write(&mut row, run, metrics);
            if dimension == Dimension::Group {
                write_below(&mut row, run, table, key, metrics);
            }
            row.end();
        });
    }
}

fn write_request(row: &mut ObjectWriter, run: &Run, metrics: &BTreeMap<&str, &Tally>) {
    let none = Tally::default();
    let of = |name: &str| metrics.get(name).copied().unwrap_or(&none);
    let durations = of("http_req_duration");
    let requests = metrics.get("http_reqs").map_or(durations.count as f64, |reqs| reqs.sum.get());
    row.number("count", requests);
    row.number("rate", requests / run.seconds());
    row.maybe("failed", metrics.get("http_req_failed").map(|failed| failed.ratio()));
    row.number("avg", durations.avg());
    let quantiles = durations.sketch.quantiles([0.5, 0.9, 0.95, 0.99], durations.min, durations.max);
    let [med, p90, p95, p99] = quantiles.unwrap_or_default();
    row.number("min", durations.min);
    row.number("med", med);
    row.number("max", durations.max);
    row.number("p90", p90);
    row.number("p95", p95);
    row.number("p99", p99);
    row.number("time", durations.sum.get());
}

fn write_status(row: &mut ObjectWriter, _: &Run, metrics: &BTreeMap<&str, &Tally>) {
    let none = Tally::default();
    let requests = metrics.values().next().copied().unwrap_or(&none);
    row.number("count", requests.sum.get());
    row.number("first", requests.first_ms as f64);
    row.number("last", requests.last_ns.div_euclid(1_000_000) as f64);
}

fn write_check(row: &mut ObjectWriter, _: &Run, metrics: &BTreeMap<&str, &Tally>) {
    let none = Tally::default();
    let checks = metrics.values().next().copied().unwrap_or(&none);
    row.number("passes", checks.nonzero as f64);
    row.number("fails", checks.count.saturating_sub(checks.nonzero) as f64);
    row.maybe("lastFailed", checks.zero_ms.map(|ms| ms as f64));
}

fn write_metrics_of_row(row: &mut ObjectWriter, run: &Run, metrics: &BTreeMap<&str, &Tally>) {
    write_values(row, "metrics", run, metrics);
}

fn write_values(row: &mut ObjectWriter, field: &str, run: &Run, metrics: &BTreeMap<&str, &Tally>) {
    let digits = row.digits();
    let mut object = ObjectWriter::new(row.field(field), digits);
    for (metric, tally) in metrics {
        let metric_type = run.kind(metric).metric_type;
        View { tally, metric_type, seconds: run.seconds() }.write_values(object.field(metric), digits, &[]);
    }
    object.end();
}

/// `whole`: the figures of a group with those of all groups within it, where there are any. k6 gives a
/// sample to its innermost group alone.
fn write_below(
    row: &mut ObjectWriter,
    run: &Run,
    table: &Table,
    key: &[String],
    own: &BTreeMap<&str, &Tally>,
) {
    let [group] = key else { return };
    let within = [format!("{group}::")];
    let mut whole: BTreeMap<&str, Tally> = BTreeMap::new();
    let range = (Bound::Included((false, &within[..])), Bound::Unbounded);
    for ((_, key), metrics) in table.range::<(bool, &[String]), _>(range) {
        if !key.first().is_some_and(|key| key.starts_with(&within[0])) {
            break;
        }
        for (metric, tally) in metrics {
            // A group's duration holds those of the groups in it already.
            if *metric != "group_duration" {
                let distribution = run.kind(metric).metric_type == MetricType::Trend;
                let sum = whole
                    .entry(metric)
                    .or_insert_with(|| own.get(metric).map_or_else(Tally::default, |own| (*own).clone()));
                sum.merge(tally, distribution);
            }
        }
    }
    if whole.is_empty() {
        return;
    }
    let mut metrics: BTreeMap<&str, &Tally> = own.clone();
    metrics.extend(whole.iter().map(|(metric, tally)| (*metric, tally)));
    write_values(row, "whole", run, &metrics);
}

fn write_health(out: &mut String, run: &Run) {
    let mut object = ObjectWriter::new(out, Digits::All);
    run.write_counts(&mut object);
    write_list(object.field("generators"), run.generators_seen(), |out, seen| {
        let mut generator = ObjectWriter::new(out, Digits::All);
        generator.text("source", seen.source);
        generator.number("vus", seen.vus);
        generator.number("lastSeen", seen.last_seen as f64);
        generator.end();
    });
    write_list(object.field("wanted"), run.wanted(), |out, one| {
        let mut wanted = ObjectWriter::new(out, Digits::Five);
        wanted.text("scenario", &one.scenario);
        wanted.number("wanted", one.wanted);
        wanted.maybe("reached", one.reached);
        wanted.number("dropped", one.dropped);
        wanted.number("seconds", one.seconds);
        write_bool(wanted.field("short"), one.short);
        wanted.end();
    });
    object.end();
}

/// The refusals of a run, the most frequent first.
pub(crate) fn write_refusals(out: &mut String, refusals: &BTreeMap<String, u64>) {
    let mut list: Vec<(&String, &u64)> = refusals.iter().collect();
    list.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    write_list(out, list, |out, (reason, count)| {
        out.push('[');
        write_text(out, reason);
        out.push(',');
        write_number(out, *count as f64, Digits::All);
        out.push(']');
    });
}
