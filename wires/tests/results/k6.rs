//! k6's CSV files.

use crate::seen::*;
use jiff::Timestamp;
use loadgate_wires::k6::CsvResults;
use loadgate_wires::{Point, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;

const HEADER: &str = "metric_name,timestamp,metric_value,group,name,extra_tags,metadata";

/// A sample, to the six decimals that the CSV has.
fn line(metric: &str, time_ns: i128, value: f64, mut tags: Vec<(String, String)>) -> String {
    tags.sort_unstable();
    format!("{metric} {time_ns} {value:.6} {tags:?}")
}

fn counted(lines: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    lines.for_each(|line| *counts.entry(line).or_default() += 1);
    counts
}

fn value(point: &Point) -> f64 {
    match point.value {
        Value::Sample(value) => value,
        _ => panic!("{point:?} is no sample"),
    }
}

#[test]
fn the_csv_file_says_what_k6_s_json_says_of_the_same_run() {
    let seen = read_well(CsvResults::new(), &fixture("k6-csv/results.csv"), 1_000);
    assert_eq!(seen.refused, []);
    let csv = seen.points.iter().map(|point| {
        let time = point.time_ns.expect("a time");
        line(&point.metric, time.into(), value(point), point.tags.clone())
    });
    let file = String::from_utf8(fixture("k6-csv/results.ndjson")).expect("UTF-8");
    let objects = file.lines().map(|line| serde_json::from_str::<Json>(line).expect("JSON"));
    let json = objects.filter(|object| object["type"] == "Point").map(|object| {
        let (metric, data) = (object["metric"].as_str().expect("a name"), &object["data"]);
        let tags = data["tags"].as_object().into_iter().flatten();
        let tags = tags.map(|(key, value)| (key.clone(), value.as_str().expect("text").to_owned()));
        // An empty value is no tag.
        let tags = tags.filter(|(_, value)| !value.is_empty()).collect();
        let time: Timestamp = data["time"].as_str().expect("a time").parse().expect("a time");
        line(metric, time.as_nanosecond(), data["value"].as_f64().expect("a number"), tags)
    });
    let (csv, json) = (counted(csv), counted(json));
    for (line, count) in &json {
        assert_eq!(csv.get(line), Some(count), "{line}");
    }
    assert_eq!((csv.len(), csv.values().sum::<usize>()), (json.len(), json.values().sum::<usize>()));
}

#[test]
fn figures_are_those_of_k6_s_own_summary() {
    let seen = read_well(CsvResults::new(), &fixture("k6-csv/results.csv"), 1_000);
    let summary: Json = serde_json::from_slice(&fixture("k6-csv/summary.json")).expect("JSON");
    let of = |metric: &str| figures(&seen.points, metric, "no such tag").remove("").expect("samples");
    for (metric, figure) in summary["metrics"].as_object().expect("metrics") {
        if metric.contains('{') {
            continue;
        }
        let number = |name: &str| figure[name].as_f64().expect("a number");
        let own = of(metric);
        if figure.get("passes").is_some() {
            assert_eq!(
                (own.sum, own.count as f64),
                (number("passes"), number("passes") + number("fails")),
                "{metric}"
            );
        } else if figure.get("count").is_some() {
            assert_eq!(own.sum, number("count"), "{metric}");
        } else {
            assert!((own.values[0] - number("min")).abs() < 1e-6, "{metric}");
            assert!((own.percentile(100) - number("max")).abs() < 1e-6, "{metric}");
        }
    }
    let kind = |metric: &str| seen.points.iter().find(|point| point.metric == metric).expect("a point").kind;
    assert_eq!(kind("http_req_duration").expect("k6's own").metric_type.word(), "trend");
    assert_eq!(kind("sold"), None, "the file does not tell");
}

#[test]
fn a_file_reads_the_same_in_pieces_of_any_size() {
    let file = fixture("k6-csv/results.csv");
    let whole = read_well(CsvResults::new(), &file, file.len());
    for size in [1, 19, 1_000] {
        assert_eq!(read_well(CsvResults::new(), &file, size), whole, "{size}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_a_sentence() {
    let wrong = read(CsvResults::new(), b"metric,time,value\nvus,1,1\n", 9).1.expect_err("no header");
    assert!(wrong.reason.starts_with("this is not k6's CSV"), "{}", wrong.reason);

    let many: String = (0..200).map(|n| format!("&t{n}=x")).collect();
    let rows = format!(
        "{HEADER}\nvus,1795710114,x,,,,\nvus,yesterday,1,,,,\n1vus,1795710114,1,,,,\nvus,1795710114,1\n\
         vus,1795710114,NaN,,,,\nvus,1795710114,1,,,a=b{many},\n{HEADER}\nvus,1795710114,1,::g,n,name=other&a=b,vu=1\n"
    );
    let seen = read_well(CsvResults::new(), rows.as_bytes(), 50);
    let refused: Vec<(u64, &str)> =
        seen.refused.iter().map(|(line, wrong)| (*line, &*wrong.reason)).collect();
    assert_eq!(
        refused,
        [
            (2, "the value is not a number"),
            (3, "the timestamp is neither Unix time nor RFC 3339"),
            (4, "this is no metric's name"),
            (5, "the row has not as many fields as there are columns"),
            (6, "the value is not a number"),
            (7, "the row has more than 100 tags"),
        ]
    );
    let tags = [("group", "::g"), ("name", "n"), ("a", "b")];
    let tags: Vec<(String, String)> = tags.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    assert_eq!(seen.points.iter().map(|point| &point.tags).collect::<Vec<_>>(), [&tags]);
}

#[test]
fn nothing_that_is_sent_breaks_the_reader() {
    let file = fixture("k6-csv/results.csv");
    let file = &file[..8_000];
    let mut seeded = Seeded(4);
    for _ in 0..3_000 {
        let hostile = seeded.mutated(file, b"\",;&=\n\r-.e0123456789\xff\0");
        let size = 1 + seeded.below(3_000);
        assert_sound(&read(CsvResults::new(), &hostile, size).0);
    }
}
