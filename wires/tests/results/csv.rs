//! JTL as CSV.

use crate::seen::*;
use loadgate_wires::jmeter::CsvResults;
use loadgate_wires::{Point, Value};

const HEADER: &str = "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,\
                      bytes,sentBytes,grpThreads,allThreads,URL,Latency,IdleTime,Connect";

fn of_rows(rows: &str) -> Seen {
    read_well(CsvResults::new(), format!("{HEADER}\n{rows}").as_bytes(), 64)
}

fn named<'a>(points: &'a [Point], metric: &str, name: &str) -> Vec<&'a Point> {
    points.iter().filter(|point| point.metric == metric && tag(point, "name") == name).collect()
}

#[test]
fn every_label_has_the_figures_that_were_computed_from_the_file() {
    let (file, expected) = (fixture("jmeter/results.jtl"), expected());
    let seen = read_well(CsvResults::new(), &file, 4_096);
    assert_eq!((seen.units, seen.refused.len()), (1_577, 0));

    let of = |metric, key| figures(&seen.points, metric, key);
    let (times, failed) = (of("http_req_duration", "name"), of("http_req_failed", "name"));
    let (parts, parts_failed) = (of("jmeter_part_duration", "name"), of("jmeter_part_failed", "name"));
    let (groups, groups_failed) = (of("group_duration", "group"), of("jmeter_transaction_failed", "group"));
    let (received, sent) = (of("data_received", "name"), of("data_sent", "name"));
    let (requests, parts_received) = (of("http_reqs", "name"), of("jmeter_part_received", "name"));
    for (name, label) in expected["labels"].as_object().expect("labels") {
        let group = format!("::{name}");
        if label["kind"] == "transaction" {
            assert_figures(label, &groups[&group], groups_failed[&group].sum);
            assert!(!times.contains_key(name));
        } else if name.ends_with("-0") || name.ends_with("-1") {
            assert_figures(label, &parts[name], parts_failed[name].sum);
            assert_eq!(parts_received[name].sum, label["bytes"].as_f64().expect("bytes"));
            assert!(!times.contains_key(name));
        } else {
            assert_figures(label, &times[name], failed[name].sum);
            assert_eq!(requests[name].sum, label["count"].as_f64().expect("count"));
            assert_eq!(received[name].sum, label["bytes"].as_f64().expect("bytes"));
            assert_eq!(sent[name].sum, label["sentBytes"].as_f64().expect("bytes"));
        }
    }
    assert_eq!((times.len(), parts.len(), groups.len()), (9, 2, 2));

    let all = &of("http_req_duration", "no such tag")[""];
    assert_figures(&expected["requests_only"], all, of("http_req_failed", "no such tag")[""].sum);
    let bytes = of("data_received", "no such tag")[""].sum;
    assert_eq!(bytes, expected["requests_only"]["bytes"].as_f64().expect("bytes"));
}

#[test]
fn a_file_reads_the_same_in_pieces_of_any_size() {
    let file = fixture("jmeter/timed.jtl");
    let whole = read_well(CsvResults::new(), &file, file.len());
    for size in [1, 17, 1_000] {
        assert_eq!(read_well(CsvResults::new(), &file, size), whole, "{size}");
    }
}

#[test]
fn requests_of_a_parent_transaction_stand_in_its_group() {
    let seen = read_well(CsvResults::new(), &fixture("jmeter/results.jtl"), 4_096);
    let groups = figures(&seen.points, "http_reqs", "group");
    // The parent's requests follow it; those of an additional sample came before it.
    assert_eq!(groups["::Find a product"].count, 245 + 244);
    assert_eq!(groups[""].count, 1_128 - 245 - 244);
    let scenarios = figures(&seen.points, "http_reqs", "scenario");
    assert_eq!(scenarios.keys().collect::<Vec<_>>(), ["Browse", "Buy"]);
}

#[test]
fn a_request_has_k6_s_names_tags_and_the_time_of_its_end() {
    let seen = of_rows(
        "1000,35,Front page,200,OK,Browse 1-1,text,true,,4152,118,1,2,http://127.0.0.1/,28,0,17\n\
         2000,9,Product,200,OK,Browse 1-1,text,false,\"Test failed: \"\"name\"\"\nis missing\",178,128,1,2,http://127.0.0.1/p,8,0,0\n\
         3000,2,Dead,Non HTTP response code: org.apache.HostException,Non HTTP response message: refused,Browse 1-1,\
         text,false,,2583,0,2,4,http://127.0.0.1:9/,0,0,2\n",
    );
    let said = |metric: &str| -> Vec<(f64, i64)> {
        let of_metric = seen.points.iter().filter(|point| point.metric == metric);
        of_metric
            .map(|point| match point.value {
                Value::Sample(value) => (value, point.time_ns.expect("a time") / 1_000_000),
                _ => panic!("{point:?}"),
            })
            .collect()
    };
    assert_eq!(said("http_req_duration"), [(35.0, 1_035), (9.0, 2_009), (2.0, 3_002)]);
    assert_eq!(said("http_req_failed"), [(0.0, 1_035), (1.0, 2_009), (1.0, 3_002)]);
    assert_eq!(said("http_req_connecting"), [(17.0, 1_035), (0.0, 2_009), (2.0, 3_002)]);
    // No response came of the last: what was never measured is no 0.
    assert_eq!(said("http_req_waiting"), [(11.0, 1_035), (8.0, 2_009)]);
    assert_eq!(said("data_sent"), [(118.0, 1_035), (128.0, 2_009), (0.0, 3_002)]);
    // Less than a second apart they would be two generators'.
    assert_eq!(said("vus"), [(2.0, 1_035), (4.0, 3_002)]);

    let tags =
        |name: &str| -> Vec<(String, String)> { named(&seen.points, "http_reqs", name)[0].tags.clone() };
    let owned = |tags: &[(&str, &str)]| -> Vec<(String, String)> {
        tags.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
    };
    assert_eq!(
        tags("Front page"),
        owned(&[
            ("name", "Front page"),
            ("scenario", "Browse"),
            ("url", "http://127.0.0.1/"),
            ("status", "200"),
            ("expected_response", "true"),
        ])
    );
    assert_eq!(tags("Product").last(), owned(&[("error", "Test failed: \"name\"\nis missing")]).first());
    let dead = tags("Dead");
    assert_eq!(dead[dead.len() - 2..], owned(&[("error", "refused"), ("error_code", "HostException")]));
}

#[test]
fn threads_are_told_once_a_second() {
    let rows: String = (0..50)
        .map(|n| format!("{},10,a,200,OK,T 1-1,text,true,,1,1,1,{n},null,1,0,0\n", 1_000 + n * 100))
        .collect();
    let seen = of_rows(&rows);
    let vus: Vec<_> = seen.points.iter().filter(|point| point.metric == "vus").collect();
    assert_eq!(vus.len(), 5);
    assert_eq!(vus[1].value, Value::Sample(10.0));
}

#[test]
fn a_part_is_told_by_its_label_and_its_time() {
    let seen = of_rows(
        "1000,50,Old,200,OK,T 1-1,text,true,,9,9,1,1,http://a/,1,0,0\n\
         1000,5,Other,200,OK,T 1-2,text,true,,9,9,1,1,http://a/,1,0,0\n\
         1000,20,Old-0,302,Found,T 1-1,text,true,,4,4,1,1,http://a/,1,0,0\n\
         1005,5,Old-0-0,200,OK,T 1-1,text,true,,2,2,1,1,http://a/,1,0,0\n\
         1020,30,Old-1,200,OK,T 1-1,text,true,,5,5,1,1,http://a/,1,0,0\n\
         1051,5,Old-2,200,OK,T 1-1,text,true,,5,5,1,1,http://a/,1,0,0\n\
         1010,5,Old-0,200,OK,T 1-2,text,true,,5,5,1,1,http://a/,1,0,0\n",
    );
    let names = |metric| figures(&seen.points, metric, "name").into_keys().collect::<Vec<_>>();
    assert_eq!(names("jmeter_part_duration"), ["Old-0", "Old-0-0", "Old-1"]);
    // Later on the same thread, and within the time of another's.
    assert_eq!(names("http_reqs"), ["Old", "Old-0", "Old-2", "Other"]);
}

#[test]
fn a_part_without_a_number_is_told_by_its_time() {
    // As JMeter wrote them before 5.0, and does with `subresults.disable_renaming`.
    let seen = of_rows(
        "1000,50,Old,200,OK,T 1-1,text,true,,9,9,1,1,http://a/,1,0,0\n\
         1000,20,http://a/old,302,Found,T 1-1,text,true,,4,4,1,1,http://a/old,1,0,0\n\
         1020,30,http://a/,200,OK,T 1-1,text,true,,5,5,1,1,http://a/,1,0,0\n\
         1050,0,Next,200,OK,T 1-1,text,true,,5,5,1,1,http://a/,1,0,0\n\
         1050,9,After,200,OK,T 1-1,text,true,,5,5,1,1,http://a/,1,0,0\n\
         1058,1,Clock,200,OK,T 1-1,text,true,,5,5,1,1,http://a/,1,0,0\n",
    );
    let names = |metric| figures(&seen.points, metric, "name").into_keys().collect::<Vec<_>>();
    assert_eq!(names("jmeter_part_duration"), ["http://a/", "http://a/old"]);
    assert_eq!(names("http_reqs"), ["After", "Clock", "Next", "Old"]);
}

#[test]
fn without_messages_a_transaction_shows_in_what_it_contains() {
    let header = "timeStamp,elapsed,label,success,threadName,dataType,URL,IdleTime";
    let round = |at: i64| {
        let (first, second) = (at, at + 30);
        format!(
            "{at},40,Find,true,T 1-1,,null,5\n{first},20,Search,true,T 1-1,text,http://a/,0\n\
             {second},15,Product,true,T 1-1,text,http://a/,0\n"
        )
    };
    let file = format!("{header}\n{}{}{}", round(1_000), round(2_000), round(3_000));
    let seen = read_well(CsvResults::new(), file.as_bytes(), 100);
    let requests = figures(&seen.points, "http_reqs", "name");
    let counts: Vec<_> = requests.iter().map(|(name, figures)| (&**name, figures.count)).collect();
    // The first was taken for a request, before anything told.
    assert_eq!(counts, [("Find", 1), ("Product", 3), ("Search", 3)]);
    assert_eq!(figures(&seen.points, "group_duration", "group")["::Find"].count, 2);
    assert_eq!(figures(&seen.points, "http_reqs", "group")["::Find"].count, 4);
}

#[test]
fn columns_are_those_of_the_header_whatever_stands_between() {
    let rows = [
        "elapsed,success,timeStamp,label\n12,true,1000,a\n",
        "\u{feff}timeStamp;elapsed;label;success;\"my;var\"\r\n1000;12;a;true;5\r\n",
        "timeStamp\telapsed\tlabel\tsuccess\n1000\t12\ta\tTRUE\n",
        "1000,12,a,,,,,true,,,,,,null,,,\n",
        "1000;12;a;;;;;true;;;;;;null;;;\n",
        "timeStamp,elapsed,label,responseCode\n1000,12,a,204\n",
    ];
    for file in rows {
        let seen = read_well(CsvResults::new(), file.as_bytes(), 3);
        assert_eq!(seen.refused, [], "{file}");
        let durations = named(&seen.points, "http_req_duration", "a");
        assert_eq!(durations.len(), 1, "{file}");
        assert_eq!((&durations[0].value, durations[0].time_ns), (&Value::Sample(12.0), Some(1_012_000_000)));
        assert_eq!(named(&seen.points, "http_req_failed", "a")[0].value, Value::Sample(0.0));
        assert!(seen.points.iter().all(|point| !point.metric.starts_with("data_")), "{file}");
    }
    let seen = read_well(
        CsvResults::new(),
        b"timeStamp,elapsed,label\n1000,12,a\ntimeStamp,label,elapsed\n2000,b,7\n",
        9,
    );
    assert_eq!(seen.refused, []);
    assert_eq!(named(&seen.points, "http_req_duration", "b")[0].value, Value::Sample(7.0));
    assert!(named(&seen.points, "http_req_failed", "a").is_empty(), "nothing tells whether it failed");
}

#[test]
fn rows_that_sum_up_samples_are_sums_without_a_distribution() {
    let file = "timeStamp,elapsed,label,success,bytes,SampleCount,ErrorCount\n1000,120,a,true,500,4,1\n";
    let seen = read_well(CsvResults::new(), file.as_bytes(), 9);
    let sum = |metric| match &named(&seen.points, metric, "a")[0].value {
        Value::Interval { length_ns: 0, sum } => (sum.count, sum.nonzero, sum.sum, sum.buckets.is_some()),
        other => panic!("{other:?}"),
    };
    assert_eq!(sum("http_reqs"), (4, 4, 4.0, false));
    assert_eq!(sum("http_req_failed"), (4, 1, 1.0, false));
    assert_eq!(sum("http_req_duration"), (4, 4, 120.0, false));
    assert_eq!(sum("data_received"), (4, 4, 500.0, false));
}

#[test]
fn what_cannot_be_read_is_refused_with_a_sentence() {
    let whole = |file: &str| read(CsvResults::new(), file.as_bytes(), 50).1.expect_err(file);
    assert!(
        whole("timeStamp,elapsed,label\n2026/11/21 10:00:00.123,12,a\n")
            .reason
            .contains("timestamp_format=ms")
    );
    assert!(whole("2026/11/21 10:00:00,12,a,,,,,true,,,,,,null,,,\n").reason.contains("timestamp_format=ms"));
    assert_eq!(whole("label,elapsed\na,12\n").reason, "the results have no column `timeStamp`");
    assert_eq!(whole("timeStamp,label\n1000,a\n").reason, "the results have no column `elapsed`");
    assert!(whole("Name,Requests\na,12\n").reason.starts_with("these are not JMeter's results"));
    assert!(whole("1000,12,a\n").reason.contains("no header line"));

    let rows = "timeStamp,elapsed,label,success,bytes\n1000,x,a,true,1\n1000,5,a\n1000,5,a,maybe,1\n\
                99999999999999999,5,a,true,1\n1000,5,a,true,-1\n9223372036854,5,a,true,1\n1000,5,a,true,1\n";
    let seen = read_well(CsvResults::new(), rows.as_bytes(), 50);
    let refused: Vec<(u64, &str)> =
        seen.refused.iter().map(|(line, wrong)| (*line, &*wrong.reason)).collect();
    assert_eq!(
        refused,
        [
            (2, "`elapsed` is not a whole number that is 0 or more"),
            (3, "the row has not as many fields as there are columns"),
            (4, "`success` is neither `true` nor `false`"),
            (5, "`timeStamp` is not in milliseconds since 1970"),
            (6, "`bytes` is not a whole number that is 0 or more"),
            (7, "the sample ends beyond the year 2262"),
        ]
    );
    assert_eq!(named(&seen.points, "http_reqs", "a").len(), 1);
}

#[test]
fn nothing_that_is_sent_breaks_the_reader() {
    let file = fixture("jmeter/results.jtl");
    let file = &file[..8_000];
    let mut seeded = Seeded(1);
    for _ in 0..3_000 {
        let hostile = seeded.mutated(file, b"\",;\t\n\r-0123456789\xff\0");
        let size = 1 + seeded.below(3_000);
        assert_sound(&read(CsvResults::new(), &hostile, size).0);
    }
}
