//! Files that have what a tool made of the requests.

use crate::support::{assert_near, figures, fixture, good, in_pieces, json, percentiles, tag};
use loadgate_wires::Value;
use loadgate_wires::files::Format;

#[test]
fn locusts_full_history_comes_to_its_own_totals() {
    let points = good(Format::LocustHistory, &fixture("locust-full_stats_history.csv")).points;
    // Type, name, requests, failures, average, least and greatest time, average size, of `…_stats.csv`.
    let totals = [
        ("POST", "/cart", 62, 0, 15.466419565435048, 7.2653530005482025, 27.22423800150864, 120.0),
        ("GET", "/search", 134, 0, 32.81069535844822, 22.970402998907957, 106.0384869997506, 700.0),
        ("GET", "Missing, \"it\"", 37, 37, 13.544144378298567, 5.5954220006242394, 25.553275998390745, 120.0),
    ];
    for (method, name, count, failures, average, min, max, size) in totals {
        let tags = [("method", method), ("name", name)];
        let times = figures(&points, "http_req_duration", &tags);
        assert_eq!((times.count, times.min, times.max), (count, Some(min), Some(max)), "{name}");
        assert_near(times.sum / count as f64, average, 1e-9);
        assert_eq!(figures(&points, "http_reqs", &tags).count, count, "{name}");
        assert_eq!(figures(&points, "http_req_failed", &tags).nonzero, failures, "{name}");
        assert_eq!(figures(&points, "data_received", &tags).sum, size * count as f64, "{name}");
    }
    assert_eq!(figures(&points, "http_reqs", &[]).count, 233, "the aggregated row repeats the others");
    assert_eq!(figures(&points, "vus", &[]).max, Some(4.0));
    assert_eq!(figures(&points, "http_req_duration_p95", &[("name", "/search")]).last, Some(41.0));
    let second = points.iter().filter(|point| point.metric == "http_reqs");
    let mut lengths = second.map(|point| match &point.value {
        Value::Interval { length_ns, .. } => *length_ns,
        other => panic!("{other:?}"),
    });
    assert!(lengths.all(|length| length == 1_000_000_000));
}

#[test]
fn locusts_short_history_has_all_requests_together() {
    let points = good(Format::LocustHistory, &fixture("locust_stats_history.csv")).points;
    let times = figures(&points, "http_req_duration", &[("name", "")]);
    assert_eq!((times.count, figures(&points, "http_req_failed", &[]).nonzero), (125, 27));
    assert_near(times.sum, 125.0 * 27.264177544158883, 1e-6);
    assert_eq!((times.min, times.max), (Some(5.928698003117461), Some(106.25075399730122)));
}

#[test]
fn what_locust_set_back_is_counted_anew() {
    let head = "Timestamp,User Count,Type,Name,50%,Total Request Count,Total Failure Count,\
                Total Average Response Time,Total Min Response Time,Total Max Response Time,Total Average Content Size\n";
    let rows = "100,1,,Aggregated,7,10,1,5,1,9,100\n101,1,,Aggregated,7,4,0,2,2,3,100\n";
    let (seen, end) = in_pieces(Format::LocustHistory, format!("{head}{rows}").as_bytes(), 9);
    assert_eq!((end, seen.refused.len()), (Ok(()), 0));
    let times = figures(&seen.points, "http_req_duration", &[]);
    assert_eq!((times.count, times.sum), (14, 58.0));

    let head = head.replace("Total Failure Count,", "");
    let (_, end) = in_pieces(Format::LocustHistory, format!("{head}{rows}").as_bytes(), 9);
    let wrong = end.expect_err("without failures nothing is known");
    assert_eq!(wrong.reason, "Locust's stats history lacks a column");
    assert_eq!(wrong.detail.as_deref(), Some("`Total Failure Count`"));
}

#[test]
fn artillerys_periods_come_to_its_aggregate() {
    let report = json("artillery.json");
    let seen = good(Format::Artillery, &fixture("artillery.json"));
    let (points, all) = (&seen.points, &report["aggregate"]);
    let counter = |name: &str| all["counters"][name].as_u64().expect("a counter");
    assert_eq!(figures(points, "http_reqs", &[]).count, counter("http.requests"));
    for (name, status) in [("/search", "200"), ("/missing", "404")] {
        let tags = [("name", name), ("status", status)];
        let known = counter(&format!("plugins.metrics-by-endpoint.{name}.codes.{status}"));
        assert_eq!(figures(points, "http_reqs", &tags).count, known, "{name}");
        let times = figures(points, "http_req_duration", &[("name", name)]);
        let known = &all["summaries"][format!("plugins.metrics-by-endpoint.response_time.{name}")];
        assert_eq!(Some(times.count), known["count"].as_u64(), "{name}");
        assert_eq!((times.min, times.max), (known["min"].as_f64(), known["max"].as_f64()), "{name}");
        // Means have one digit.
        assert_near(times.sum / times.count as f64, known["mean"].as_f64().expect("told"), 0.1);
        let p95 = figures(points, "http_req_duration_p95", &[("name", name)]);
        assert_eq!(p95.last, known["p95"].as_f64(), "{name}: of the whole run at the end");
    }
    let refused = figures(points, "http_req_failed", &[("error", "ECONNREFUSED"), ("status", "0")]);
    assert_eq!((refused.count, refused.nonzero), (16, 16));
    assert_eq!(figures(points, "http_req_duration", &[]).count, counter("http.responses"));
    assert_eq!(figures(points, "iterations", &[]).count, counter("vusers.completed"));
    assert_eq!(figures(points, "data_received", &[]).sum, 16_400.0);
    assert_eq!(figures(points, "vus", &[]).last, Some(0.0));
    assert_eq!(seen.warned.len(), 1, "response times end with the first byte");
}

#[test]
fn artillerys_whole_requests_are_told_apart_from_their_first_byte() {
    let all = &json("artillery-extended.json")["aggregate"]["summaries"];
    let seen = good(Format::Artillery, &fixture("artillery-extended.json"));
    assert!(seen.warned.is_empty());
    for (metric, name) in [("http_req_duration", "http.total"), ("http_req_waiting", "http.response_time")] {
        let times = figures(&seen.points, metric, &[]);
        assert_eq!(Some(times.count), all[name]["count"].as_u64(), "{metric}");
        assert_eq!(
            (times.min, times.max),
            (all[name]["min"].as_f64(), all[name]["max"].as_f64()),
            "{metric}"
        );
    }
    assert_eq!(figures(&seen.points, "http_req_connecting", &[]).count, 10);
    let of_tls = seen.points.iter().filter(|point| point.metric.starts_with("http_req_tls_handshaking"));
    assert_eq!(of_tls.count(), 0, "there was no TLS, though it has percentiles of 0");
}

#[test]
fn artillerys_aggregate_counts_where_there_are_no_periods() {
    let mut report = json("artillery.json");
    report["intermediate"] = serde_json::json!([]);
    let points = good(Format::Artillery, report.to_string().as_bytes()).points;
    assert_eq!(figures(&points, "http_reqs", &[]).count, 56);
    assert_eq!(figures(&points, "http_req_duration", &[]).count, 40);
}

/// After `schema.json` in github.com/hatoo/oha and an output of version 0.5 that a public README shows, with a
/// failure added.
const OHA: &str = r#"{
  "summary": {"successRate": 1.0, "total": 1.00266425, "slowest": 0.454240625, "fastest": 0.025575416,
    "average": 0.10357136808333334, "requestsPerSec": 13.962799611136033, "totalData": 6565, "sizePerRequest": 547,
    "sizePerSec": 6547.5556747934315},
  "responseTimeHistogram": {"0.025575416": 1, "0.0684419369": 9, "0.45424062499999995": 2},
  "latencyPercentiles": {"p10": 0.025709833, "p50": 0.029952542, "p95": 0.454240625, "p99.9": 0.454240625},
  "rps": {"mean": 91034.26228249371, "stddev": 315128.94569284806, "max": 1091703.0568139108, "percentiles": {}},
  "details": {"DNSDialup": {"average": 0.2863108125, "fastest": 0.279199333, "slowest": 0.293422292}},
  "statusCodeDistribution": {"200": 11, "503": 1},
  "errorDistribution": {"aborted due to deadline": 2, "connection refused": 3}
}"#;

#[test]
fn ohas_report_is_a_run_without_a_time_series() {
    let points = good(Format::OhaJson, OHA.as_bytes()).points;
    assert_eq!(figures(&points, "http_reqs", &[]).count, 15, "those that the end cut off do not count");
    assert_eq!(figures(&points, "http_req_failed", &[]).nonzero, 4);
    assert_eq!(
        figures(&points, "http_req_failed", &[("error", "connection refused"), ("status", "0")]).nonzero,
        3
    );
    let times = figures(&points, "http_req_duration", &[]);
    assert_eq!((times.count, times.min), (12, Some(25.575416)));
    assert_near(times.sum, 12.0 * 103.57136808333334, 1e-9);
    let told = percentiles(&points, "http_req_duration");
    assert_eq!((told.len(), told.last()), (4, Some(&(99.9, 454.240625))));
    assert_eq!(figures(&points, "data_received", &[]).sum, 6_565.0);
    assert!(points.iter().all(|point| point.time_ns.is_none()));

    // Where nothing was answered, figures are null.
    let none = r#"{"summary": {"successRate": null, "total": 1.0, "slowest": null, "fastest": null, "average": null, "totalData": 0},
        "latencyPercentiles": {"p95": null}, "statusCodeDistribution": {}, "errorDistribution": {"aborted due to deadline": 2}}"#;
    assert_eq!(good(Format::OhaJson, none.as_bytes()).points, []);
}

#[test]
fn ohas_own_report_has_its_own_figures() {
    let (points, report) = (good(Format::OhaJson, &fixture("oha.json")).points, json("oha.json"));
    let numbers = |name: &str| report[name].as_object().expect("numbers").clone();
    let mut all = 0;
    for (status, count) in numbers("statusCodeDistribution") {
        let found = figures(&points, "http_reqs", &[("status", &status)]).count;
        assert_eq!(Some(found), count.as_u64(), "{status}");
        all += found;
    }
    let times = figures(&points, "http_req_duration", &[]);
    assert_eq!(times.count, all, "of those that were answered");
    let summary = |figure: &str| report["summary"][figure].as_f64().expect("a number");
    assert_near(times.sum / all as f64, summary("average") * 1e3, 1e-9);
    assert_eq!((times.min, times.max), (Some(summary("fastest") * 1e3), Some(summary("slowest") * 1e3)));
    assert_eq!(figures(&points, "data_received", &[]).sum, summary("totalData"));
    let told = percentiles(&points, "http_req_duration");
    let theirs = numbers("latencyPercentiles");
    assert_eq!(told.len(), theirs.len());
    for (rank, value) in told {
        assert_eq!(Some(value), theirs[&format!("p{rank}")].as_f64().map(|seconds| seconds * 1e3), "{rank}");
    }
    let lost = figures(&points, "http_reqs", &[("status", "0")]).count;
    assert_eq!((all, lost, figures(&points, "http_req_failed", &[]).nonzero), (78, 2, 8 + 7 + 2));
}

/// From the README of github.com/giltene/wrk2, with fewer rows.
const WRK2: &str = "Running 30s test @ http://127.0.0.1:80/index.html
  2 threads and 100 connections
  Latency Distribution (HdrHistogram - Recorded Latency)
 50.000%    6.67ms
  Detailed Percentile spectrum:
       Value   Percentile   TotalCount 1/(1-Percentile)

       0.921     0.000000            1         1.00
       4.053     0.100000         3951         1.11
       6.671     0.500000        19783         2.00
       9.143     0.900000        35570        10.00
      12.503     0.999976        39500     40960.00
      12.503     1.000000        39500          inf
#[Mean    =        6.602, StdDeviation   =        1.919]
#[Max     =       12.496, Total count    =        39500]
#[Buckets =           27, SubBuckets     =         2048]
----------------------------------------------------------
  60018 requests in 30.00s, 19.81MB read
Requests/sec:   2000.28
";

#[test]
fn a_percentile_distribution_is_a_distribution() {
    let seen = good(Format::Hgrm, WRK2.as_bytes());
    let point = seen.points.iter().find(|point| point.metric == "http_req_duration").expect("one");
    let Value::Interval { sum, .. } = &point.value else { panic!("{point:?}") };
    assert_eq!((sum.count, sum.min, sum.max), (39_500, Some(0.921), Some(12.503)));
    assert_near(sum.sum / 39_500.0, 6.602, 1e-9);
    let buckets = sum.buckets.as_ref().expect("a distribution");
    let bounds: Vec<_> = buckets.iter().map(|bucket| (bucket.low, bucket.high, bucket.count)).collect();
    assert_eq!(bounds[..2], [(0.921, 0.921, 1), (0.921, 4.053, 3_950)]);
    assert_eq!(bounds.len(), 5);
    assert_eq!(seen.warned.len(), 1, "the unit is assumed");
}

#[test]
fn vegetas_plot_has_its_unit_and_no_mean() {
    let seen = good(Format::Hgrm, &fixture("vegeta.hgrm"));
    assert!(seen.warned.is_empty());
    let report = json("vegeta.report.json");
    let times = figures(&seen.points, "http_req_duration", &[]);
    assert_eq!(Some(times.count), report["requests"].as_u64());
    assert_near(times.max.expect("told"), report["latencies"]["max"].as_f64().expect("told") / 1e6, 1e-6);
    let mean = report["latencies"]["mean"].as_f64().expect("told") / 1e6;
    assert_near(times.sum / times.count as f64, mean, mean * 0.05);
    assert_eq!(tag(&seen.points[0], "name"), "");
}

/// Printed by the Python package hdrhistogram 0.10.8, of 2,000 values whose mean, percentile and extremes it was
/// asked for.
#[test]
fn the_mean_is_that_of_the_foot() {
    let points = good(Format::Hgrm, &fixture("hdrhistogram.hgrm")).points;
    let times = figures(&points, "http_req_duration", &[]);
    assert_eq!((times.count, times.min, times.max), (2_000, Some(0.499), Some(32.863)));
    assert_near(times.sum / 2_000.0, 3.4915575, 1e-3);
    let point = points.iter().find(|point| point.metric == "http_req_duration").expect("one");
    let Value::Interval { sum, .. } = &point.value else { panic!("{point:?}") };
    let buckets = sum.buckets.as_ref().expect("a distribution");
    let mut up_to = 0;
    let of_p95 = buckets.iter().find(|bucket| {
        up_to += bucket.count;
        up_to >= 1_900
    });
    let of_p95 = of_p95.expect("a bucket");
    assert!(of_p95.low <= 7.575 && 7.575 <= of_p95.high, "{of_p95:?}");
}

#[test]
fn a_distribution_whose_rows_fall_loses_these() {
    let text = "Value(us) Percentile TotalCount 1/(1-Percentile)\n1000 0.0 1 1\n500 0.5 2 2\n2000 1.0 1 inf\n3000 1.0 4 inf\n";
    let (seen, end) = in_pieces(Format::Hgrm, text.as_bytes(), 5);
    assert_eq!(end, Ok(()));
    assert_eq!(seen.refused.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3]);
    let times = figures(&seen.points, "http_req_duration", &[]);
    assert_eq!((times.count, times.max), (4, Some(3.0)));
}
