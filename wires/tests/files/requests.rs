//! Files that have every request.

use crate::support::{assert_near, figures, fixture, good, json, tag};
use loadgate_wires::files::Format;

#[test]
fn vegetas_results_come_to_its_own_report_in_both_forms() {
    let report = json("vegeta.report.json");
    let as_json = good(Format::VegetaJson, &fixture("vegeta.json"));
    let as_csv = good(Format::VegetaCsv, &fixture("vegeta.csv"));
    assert_eq!(as_json.points, as_csv.points);

    let points = &as_json.points;
    let ms = |name: &str| report["latencies"][name].as_f64().expect("ns") / 1e6;
    let times = figures(points, "http_req_duration", &[]);
    assert_eq!(times.count, report["requests"].as_u64().expect("a number"));
    assert_near(times.sum, ms("total"), 1e-6);
    assert_eq!((times.min, times.max), (Some(ms("min")), Some(ms("max"))));
    for (status, count) in report["status_codes"].as_object().expect("by code") {
        assert_eq!(Some(figures(points, "http_reqs", &[("status", status)]).count), count.as_u64());
    }
    let failed = figures(points, "http_req_failed", &[]);
    assert_eq!(1.0 - failed.sum / failed.count as f64, report["success"].as_f64().expect("a number"));
    assert_eq!(Some(figures(points, "data_received", &[]).sum), report["bytes_in"]["total"].as_f64());
    assert_eq!(Some(figures(points, "data_sent", &[]).sum), report["bytes_out"]["total"].as_f64());

    let refused = points.iter().find(|point| tag(point, "status") == "0").expect("one");
    assert!(tag(refused, "error").ends_with("connect: connection refused"));
    assert_eq!((tag(refused, "scenario"), tag(refused, "method")), ("front, page", "GET"));
    // 15:52:21.688332828, and 40.625569 ms later.
    assert_eq!(points[0].time_ns, Some(1_795_708_341_728_958_397));
}

#[test]
fn gatlings_log_comes_to_its_own_report() {
    let stats = json("gatling-3.11.stats.json");
    let points = good(Format::Gatling, &fixture("gatling-3.11.log")).points;
    let all = &stats["stats"];
    let number = |of: &serde_json::Value| of.as_f64().expect("a number");
    let times = figures(&points, "http_req_duration", &[]);
    assert_eq!(times.count as f64, number(&all["numberOfRequests"]["total"]));
    assert_eq!(figures(&points, "http_req_failed", &[]).sum, number(&all["numberOfRequests"]["ko"]));
    assert_eq!(times.min, all["minResponseTime"]["total"].as_f64());
    assert_eq!(times.max, all["maxResponseTime"]["total"].as_f64());
    assert_near(times.sum / times.count as f64, number(&all["meanResponseTime"]["total"]), 0.5);

    let search = figures(&points, "http_req_duration", &[("name", "Search"), ("group", "::Find")]);
    assert_eq!(search.count, 24);
    let product = [("name", "Product, \"it\""), ("group", "::Find::Detail"), ("status", "404")];
    assert_eq!(figures(&points, "http_req_failed", &product).nonzero, 24);
    let closed = figures(
        &points,
        "http_reqs",
        &[("error", "j.n.ConnectException: finishConnect(..) failed: Connection refused")],
    );
    assert_eq!(closed.count, 3);
    assert_eq!(figures(&points, "group_duration", &[("group", "::Find")]).count, 24);
    // 8 users browse and 3 buy; at the end nobody is there.
    assert_eq!(figures(&points, "iterations", &[("scenario", "Browse")]).count, 8);
    assert_eq!(figures(&points, "iterations", &[("scenario", "Buy")]).count, 3);
    assert_eq!(figures(&points, "vus", &[]).last, Some(0.0));
}

/// Records of the five forms, after the examples in `src/test/resources` of github.com/nuxeo/gatling-report.
const GATLING: [(&str, &str); 4] = [
    (
        "2.0",
        "org.shop.Buy\tbuy\tRUN\t1448309155252\t \t2.0\n\
         Buy\t116-0\tUSER\tSTART\t1448309155266\t0\n\
         Buy\t116-0\tREQUEST\tShop\tPay\t1448309155292\t1448309155293\t1448309155604\t1448309155604\tKO\tno answer\n\
         Buy\t116-0\tUSER\tEND\t1448309155266\t1448309331967\n",
    ),
    (
        "2.3 and 3.0",
        "RUN\torg.shop.Buy\t\tbuy\t1448309155252\tnull\t2.0\n\
         USER\tBuy\t1\tSTART\t1448309155266\t1448309155266\n\
         REQUEST\tBuy\t1\tShop\tPay\t1448309155292\t1448309155604\tKO\tno answer\n\
         USER\tBuy\t1\tEND\t1448309155266\t1448309331967\n",
    ),
    (
        "3.2 and 3.3",
        "RUN\torg.shop.Buy\tbuy\t1448309155252\t \t3.2.1\n\
         USER\tBuy\t1\tSTART\t1448309155266\t1448309155266\n\
         REQUEST\t1\tShop\tPay\t1448309155292\t1448309155604\tKO\tno answer\n\
         USER\tBuy\t1\tEND\t1448309155266\t1448309331967\n",
    ),
    (
        "3.4 and later",
        "ASSERTION\tAAECAAIFAAAAAAAAAFlA\n\
         RUN\torg.shop.Buy\tbuy\t1448309155252\t \t3.4.0\n\
         USER\tBuy\tSTART\t1448309155266\n\
         REQUEST\tShop\tPay\t1448309155292\t1448309155604\tKO\tno answer\n\
         USER\tBuy\tEND\t1448309331967\n",
    ),
];

#[test]
fn gatlings_forms_say_the_same() {
    for (version, log) in GATLING {
        let points = good(Format::Gatling, log.as_bytes()).points;
        let pay = [("name", "Pay"), ("group", "::Shop"), ("error", "no answer")];
        let times = figures(&points, "http_req_duration", &pay);
        assert_eq!((times.count, times.sum), (1, 312.0), "{version}");
        assert_eq!(figures(&points, "http_req_failed", &pay).nonzero, 1, "{version}");
        let request = points.iter().find(|point| point.metric == "http_reqs").expect("one");
        assert_eq!(request.time_ns, Some(1_448_309_155_604_000_000), "{version}");
        let in_front = version.starts_with('2');
        assert_eq!(tag(request, "scenario"), if in_front { "Buy" } else { "" }, "{version}");
        assert_eq!(figures(&points, "iterations", &[("scenario", "Buy")]).count, 1, "{version}");
        let lasted = figures(&points, "iteration_duration", &[]).last;
        assert_eq!(lasted, (version != "3.4 and later").then_some(176_701.0), "{version}");
        assert_eq!(figures(&points, "vus", &[]).max, Some(1.0), "{version}");
    }
}

#[test]
fn a_users_error_outside_of_requests_is_none_of_a_requests() {
    let log = "RUN\tShop\tshop\t1795708391402\t \t3.11.5\nERROR\tno attribute 'nothing'\t1795708394051\n";
    let points = good(Format::Gatling, log.as_bytes()).points;
    assert_eq!(points.len(), 1);
    assert_eq!(
        (points[0].metric.as_str(), tag(&points[0], "error")),
        ("gatling_errors", "no attribute 'nothing'")
    );
}

#[test]
fn ohas_own_rows_are_counted_one_by_one() {
    let file = fixture("oha.csv");
    let points = good(Format::OhaCsv, &file).points;
    let text = String::from_utf8(file).expect("text");
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip(1)
        .map(|row| row.split(',').map(|cell| cell.parse().expect("a number")).collect())
        .collect();
    let times = figures(&points, "http_req_duration", &[]);
    assert_eq!((times.count, rows.len()), (78, 78));
    let sum = |column: usize| rows.iter().map(|row| row[column]).sum::<f64>();
    assert_near(times.sum, sum(4) * 1e3, 1e-9);
    let failed = rows.iter().filter(|row| row[6] >= 400.0).count() as u64;
    assert_eq!(figures(&points, "http_req_failed", &[]).nonzero, failed);
    assert_eq!(figures(&points, "data_received", &[]).sum, sum(5));
}

/// After the rows in `tests/tests.rs` of github.com/hatoo/oha, of two versions.
const OHA: [&str; 2] = [
    "request-start,DNS,DNS+dialup,Response-delay,request-duration,bytes,status\n\
     0.002211678,0.000374078,0.001148565,0.002619327,0.002626127,11,200\n\
     0.010000000,0,0,0.5,0.6,7,503\n",
    "request-start,DNS,DNS+dialup,request-duration,bytes,status\n\
     0.002211678,0.000374078,0.001148565,0.002626127,11,200\n\
     0.010000000,0,0,0.6,7,503\n",
];

#[test]
fn ohas_rows_are_requests_of_a_time_that_the_file_does_not_tell() {
    for csv in OHA {
        let seen = good(Format::OhaCsv, csv.as_bytes());
        let points = &seen.points;
        assert_eq!(seen.warned.len(), 1);
        assert!(points.iter().all(|point| point.time_ns.is_none()));
        let slow = figures(points, "http_req_duration", &[("status", "503")]);
        assert_eq!((slow.count, slow.sum), (1, 600.0));
        assert_eq!(figures(points, "http_req_failed", &[]).nonzero, 1);
        assert_eq!(figures(points, "data_received", &[]).sum, 18.0);
    }
    let mut reader = loadgate_wires::files::reader(Format::OhaCsv, Some(1_000_000_000)).expect("a reader");
    let mut seen = crate::support::Seen::default();
    reader.feed(OHA[0].as_bytes(), &mut seen).and_then(|()| reader.finish(&mut seen)).expect("rows");
    assert_eq!(seen.points.last().expect("points").time_ns, Some(1_610_000_000));
    assert!(seen.warned.is_empty());
}
