//! The InfluxDB listeners.

use crate::seen::*;
use loadgate_wires::jmeter::listener::{Field, Line, Listener, Sign};
use loadgate_wires::{Point, Value};
use serde_json::Value as Json;

/// What a body of line protocol says, read as simply as can be: the recorded ones have no quotes within text.
fn body(text: &str) -> (Vec<Point>, Vec<Sign>) {
    let (mut points, mut signs, mut listener) = (Vec::new(), Vec::new(), Listener::default());
    for line in text.lines() {
        let (head, rest) = cut(line, ' ');
        let (fields, time) = rest.rsplit_once(' ').expect("a time");
        let (measurement, tags) = cut(&head, ',');
        let (mut rest, mut pairs) = (tags, Vec::new());
        while !rest.is_empty() {
            let (pair, next) = cut(&rest, ',');
            let (key, value) = cut(&pair, '=');
            pairs.push((key, unescaped(&value)));
            rest = next;
        }
        let tags: Vec<(&str, &str)> = pairs.iter().map(|(key, value)| (&**key, &**value)).collect();
        let fields: Vec<(&str, Field)> = match fields.strip_prefix("text=\"") {
            Some(text) => vec![("text", Field::Text(text.trim_end_matches('"')))],
            None => fields
                .split(',')
                .map(|field| {
                    let (name, number) = field.split_once('=').expect("a field");
                    (name, Field::Number(number.parse().expect("a number")))
                })
                .collect(),
        };
        let time_ns = Some(time.parse().expect("a time"));
        let line = Line { measurement: &measurement, tags: &tags, fields: &fields, time_ns };
        assert!(line.is_listener(), "{line:?}");
        let news = listener.read(&line).expect("a point of JMeter's");
        points.extend(news.points);
        signs.extend(news.sign);
    }
    points.extend(listener.finish());
    (points, signs)
}

/// At the first `at` that no backslash escapes.
fn cut(text: &str, at: char) -> (String, String) {
    let mut escaped = false;
    for (place, c) in text.char_indices() {
        if c == at && !escaped {
            return (text[..place].to_owned(), text[place + 1..].to_owned());
        }
        escaped = c == '\\';
    }
    (text.to_owned(), String::new())
}

fn unescaped(text: &str) -> String {
    text.replace("\\ ", " ").replace("\\,", ",").replace("\\=", "=")
}

fn recorded(name: &str) -> (Seen, Vec<Sign>) {
    let (mut seen, mut signs) = (Seen::default(), Vec::new());
    for line in String::from_utf8(fixture(&format!("jmeter/{name}"))).expect("UTF-8").lines() {
        let request: Json = serde_json::from_str(line).expect("JSON");
        let (points, sign) = body(request["body"].as_str().expect("a body"));
        seen.points.extend(points);
        signs.extend(sign);
    }
    assert_sound(&seen);
    (seen, signs)
}

fn failures(points: &[Point], name: &str) -> u64 {
    let of = points.iter().filter(|point| point.metric == "http_req_failed" && tag(point, "name") == name);
    of.map(|point| match &point.value {
        Value::Interval { sum, .. } => sum.nonzero,
        other => panic!("{other:?}"),
    })
    .sum()
}

#[test]
fn every_label_has_the_sums_of_the_results_file() {
    let ((seen, signs), expected) = (recorded("influx.ndjson"), expected());
    let of = |metric| figures(&seen.points, metric, "name");
    let (requests, rates) = (of("http_reqs"), of("http_req_failed"));
    let (received, sent) = (of("data_received"), of("data_sent"));
    let sums = expected["influx"]["count_sums"].as_object().expect("sums");
    for (name, count) in sums.iter().filter(|(name, _)| *name != "all") {
        let label = &expected["labels"][name];
        assert_eq!(requests[name].sum, count.as_f64().expect("a count"), "{name}");
        assert_eq!(rates[name].count, count.as_u64().expect("a count"), "{name}");
        assert_eq!(
            Json::from(failures(&seen.points, name)),
            expected["influx"]["error_sums"][name],
            "{name}"
        );
        assert_eq!(received[name].sum, label["bytes"].as_f64().expect("bytes"), "{name}");
        assert_eq!(sent[name].sum, label["sentBytes"].as_f64().expect("bytes"), "{name}");
    }
    assert_eq!(requests.len(), sums.len() - 1);
    let all = &figures(&seen.points, "http_reqs", "no such tag")[""];
    assert_eq!((all.sum, all.count), (991.0, 991));
    let title = "Nightly shop test, build 42".to_owned();
    assert_eq!(signs, [Sign::Started(title.clone()), Sign::Ended(title)]);
}

#[test]
fn failures_count_by_code_and_message() {
    let ((seen, _), expected) = (recorded("influx.ndjson"), expected());
    let mut of_errors = 0;
    for failure in expected["failures"].as_array().expect("failures") {
        let text = |key: &str| failure[key].as_str().expect("text");
        let code = text("responseCode");
        let message = text("responseMessage");
        let message = message.strip_prefix("Non HTTP response message: ").unwrap_or(message);
        let matching = seen.points.iter().filter(|point| {
            let (status, error_code) = (tag(point, "status"), tag(point, "error_code"));
            point.metric == "http_reqs"
                && tag(point, "name") == text("label")
                && (status == code
                    || (status.is_empty() && !error_code.is_empty() && code.ends_with(error_code)))
                && tag(point, "error") == message
                && tag(point, "expected_response") == "false"
        });
        let sum: u64 = matching
            .map(|point| figures(std::slice::from_ref(point), "http_reqs", "name")[text("label")].count)
            .sum();
        assert_eq!(Json::from(sum), failure["count"], "{failure}");
        of_errors += sum;
    }
    assert_eq!(of_errors, 94);
}

#[test]
fn times_are_gauges_and_never_a_distribution() {
    for (name, labels) in [("influx.ndjson", 9), ("timed.ndjson", 9), ("summary-only.ndjson", 1)] {
        let (seen, _) = recorded(name);
        assert!(seen.points.iter().all(|point| point.metric != "http_req_duration"));
        for metric in
            ["jmeter_avg", "jmeter_min", "jmeter_max", "jmeter_pct90", "jmeter_pct95", "jmeter_pct99"]
        {
            assert_eq!(figures(&seen.points, metric, "name").len(), labels, "{name} {metric}");
        }
        for point in seen.points.iter().filter(|point| point.metric.starts_with("jmeter_")) {
            let kind = point.kind.expect("a kind");
            assert_eq!((kind.metric_type.word(), kind.contains.word()), ("gauge", Some("time")));
        }
    }
}

#[test]
fn the_summary_counts_where_it_is_all_there_is() {
    let (seen, signs) = recorded("summary-only.ndjson");
    assert_eq!(signs.len(), 2);
    let of = |metric| figures(&seen.points, metric, "name").remove("").expect(metric);
    assert_eq!((of("http_reqs").sum, of("http_req_failed").count), (394.0, 394));
    assert_eq!(failures(&seen.points, ""), 25);
    assert!(of("data_received").sum > 0.0);

    // Labels may come before it, too; threads end a round.
    let round = |labels: &[&str]| {
        let all = "jmeter,application=a,transaction=all,statut=all count=2,countError=1,hit=2 1000\n";
        let label = "jmeter,application=a,transaction=x,statut=ok count=2,hit=2 1000\n";
        let threads =
            "jmeter,application=a,transaction=internal minAT=0,maxAT=2,meanAT=1,startedT=2,endedT=0 1000\n";
        let lines = labels.iter().map(|line| match *line {
            "all" => all,
            "label" => label,
            _ => threads,
        });
        let (points, _) = body(&lines.collect::<String>());
        figures(&points, "http_reqs", "no such tag").remove("").map_or(0.0, |figures| figures.sum)
    };
    assert_eq!(round(&["all", "threads"]), 2.0);
    assert_eq!(round(&["all"]), 2.0);
    assert_eq!(round(&["all", "label", "threads"]), 2.0);
    assert_eq!(round(&["label", "all", "threads"]), 2.0);
    assert_eq!(round(&["label", "all", "threads", "all", "threads"]), 4.0);
    assert_eq!(round(&["all", "all", "threads"]), 4.0);
}

#[test]
fn threads_and_the_plan_s_own_tags_come_through() {
    let (seen, _) = recorded("influx.ndjson");
    let vus: Vec<_> = seen.points.iter().filter(|point| point.metric == "vus").collect();
    assert_eq!(vus.len(), 10);
    match &vus[1].value {
        Value::Interval { length_ns: 0, sum } => {
            assert_eq!((sum.sum, sum.min, sum.max), (3.0, Some(1.0), Some(5.0)));
        }
        other => panic!("{other:?}"),
    }
    for point in &seen.points {
        let of = |key| tag(point, key);
        assert_eq!((of("application"), of("team"), of("run")), ("shop", "checkout team", "run-7"));
        assert_eq!((of("transaction"), of("statut")), ("", ""));
    }
}

#[test]
fn labels_that_are_called_as_jmeter_s_own_points_are_labels() {
    let (points, _) = body(
        "jmeter,application=a,transaction=all,statut=ok count=2,avg=1.0,hit=2 1000\n\
         jmeter,application=a,transaction=internal,status=ok count=3,avg=1.0,hit=3 1000\n",
    );
    assert!(points.iter().all(|point| tag(point, "status").is_empty()));
    let requests = figures(&points, "http_reqs", "name");
    assert_eq!((requests["all"].sum, requests["internal"].sum), (2.0, 3.0));
}

#[test]
fn the_raw_listener_s_samples_are_requests() {
    let (points, _) = body(
        "jmeter,status=ok,transaction=Front\\ page,threadName=Browse1-1 duration=35,ttfb=28,connectTime=17 1000000000\n\
         jmeter,status=ko,transaction=Dead,threadName=Browse1-2 duration=2,ttfb=0,connectTime=2 2000000000\n",
    );
    let said: Vec<(&str, &str, &Value)> =
        points.iter().map(|point| (&*point.metric, tag(point, "name"), &point.value)).collect();
    let (page, dead) = ("Front page", "Dead");
    assert_eq!(
        said,
        [
            ("http_req_failed", page, &Value::Sample(0.0)),
            ("http_req_duration", page, &Value::Sample(35.0)),
            ("http_reqs", page, &Value::Sample(1.0)),
            ("http_req_connecting", page, &Value::Sample(17.0)),
            ("http_req_waiting", page, &Value::Sample(11.0)),
            ("http_req_failed", dead, &Value::Sample(1.0)),
            ("http_req_duration", dead, &Value::Sample(2.0)),
            ("http_reqs", dead, &Value::Sample(1.0)),
            ("http_req_connecting", dead, &Value::Sample(2.0)),
        ]
    );
    assert_eq!(points[0].time_ns, Some(1_035_000_000));
    assert!(points.iter().all(|point| tag(point, "scenario") == "Browse1"));
}

#[test]
fn points_of_others_are_not_taken_for_jmeter_s() {
    let value = [("value", Field::Number(1.0))];
    let text = [("text", Field::Text("deployed"))];
    for (measurement, tags, fields) in [
        ("http_reqs", &[("transaction", "a"), ("application", "b")][..], &value[..]),
        ("http_reqs", &[("name", "a")], &value),
        ("events", &[("title", "Grafana")], &text),
        ("events", &[("title", "ApacheJMeter")], &value),
        ("jmeter", &[("transaction", "a"), ("threadName", "b")], &value),
    ] {
        assert!(!Line { measurement, tags, fields, time_ns: None }.is_listener(), "{tags:?}");
    }
}

#[test]
fn numbers_that_are_none_are_refused_with_a_sentence() {
    let tags = [("application", "a"), ("transaction", "b"), ("statut", "all")];
    for (fields, reason) in [
        (vec![("count", Field::Text("2"))], "`count` is not a number"),
        (vec![("count", Field::Number(f64::NAN))], "`count` is not a number"),
        (vec![("count", Field::Number(1.5))], "`count` is not a whole number that is 0 or more"),
        (vec![("count", Field::Number(-1.0))], "`count` is not a whole number that is 0 or more"),
        (vec![("count", Field::Number(1e300))], "`count` is not a whole number that is 0 or more"),
        (vec![("avg", Field::Number(1.0))], "JMeter's point has no `count`"),
    ] {
        let line = Line { measurement: "jmeter", tags: &tags, fields: &fields, time_ns: Some(0) };
        assert_eq!(Listener::default().read(&line).expect_err(reason).reason, reason);
    }
    let fields = [("count", Field::Number(1.0))];
    let line = Line { measurement: "jmeter", tags: &tags[..2], fields: &fields, time_ns: Some(0) };
    let reason = "JMeter's point has neither `statut` nor `responseCode`";
    assert_eq!(Listener::default().read(&line).expect_err(reason).reason, reason);
}

#[test]
fn nothing_that_is_sent_breaks_the_listener() {
    let keys = [
        "application",
        "transaction",
        "statut",
        "responseCode",
        "responseMessage",
        "threadName",
        "status",
        "name",
        "",
    ];
    let values = ["all", "internal", "ok", "ko", "", "200", "a-", "-", "Non HTTP response code: ", "\0"];
    let names = [
        "count",
        "countError",
        "avg",
        "min",
        "pct95.0",
        "pct",
        "pct\0.",
        "rb",
        "meanAT",
        "minAT",
        "duration",
        "text",
    ];
    let numbers = [0.0, -1.0, 0.5, 1e9, 1e300, f64::NAN, f64::INFINITY, 3.0];
    let mut seeded = Seeded(3);
    let (mut seen, mut listener, mut read) = (Seen::default(), Listener::default(), 0);
    for _ in 0..20_000 {
        let usual = seeded.below(2);
        let mut tags = [("application", "a"), ("transaction", "b"), ("statut", "all")][..usual * 3].to_vec();
        tags.extend(
            (0..seeded.below(6))
                .map(|_| (keys[seeded.below(keys.len())], values[seeded.below(values.len())])),
        );
        let mut fields = [("count", Field::Number(2.0))][..usual].to_vec();
        fields.extend((0..seeded.below(6)).map(|_| {
            let value = match seeded.below(8) {
                0 => Field::Text(values[seeded.below(values.len())]),
                _ => Field::Number(numbers[seeded.below(numbers.len())]),
            };
            (names[seeded.below(names.len())], value)
        }));
        let time_ns = [None, Some(i64::MAX), Some(i64::MIN), Some(5)][seeded.below(4)];
        let line = Line { measurement: "events", tags: &tags, fields: &fields, time_ns };
        line.is_listener();
        if let Ok(news) = listener.read(&line) {
            read += 1;
            seen.points.extend(news.points);
        }
    }
    assert!(read > 1_000, "{read}");
    assert_sound(&seen);
}
