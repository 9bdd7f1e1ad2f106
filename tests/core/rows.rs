//! Breakdowns over time and distributions, and what people say of runs.

use crate::support::{Server, block_on, text};
use loadgate::ingest::{Refusal, Wire};
use loadgate::log::rows::{Query, RowSeries};
use loadgate::record::Dimension;
use loadgate::service::Window;
use loadgate::service::series::Asked;
use serde_json::{Value, json};

fn shop() -> (Server, String) {
    let server = Server::new();
    server.replay("shop", &text("k6/shop/influx.ndjson.gz"));
    let run = server.finish("shop");
    (server, run)
}

/// All pages, joined.
fn rows(server: &Server, run: &str, query: &Query) -> (Vec<(i64, f64)>, Vec<RowSeries>) {
    let (mut windows, mut series): (Vec<_>, Vec<RowSeries>) = (Vec::new(), Vec::new());
    let mut from = Some(0);
    while let Some(at) = from {
        let page = block_on(server.service.rows(run, query, at)).expect("a page");
        windows.extend(page.windows);
        for more in page.series {
            match series.iter_mut().find(|known| (&known.key, &known.metric) == (&more.key, &more.metric)) {
                Some(known) => known.points.extend(more.points),
                None => series.push(more),
            }
        }
        from = page.next;
    }
    (windows, series)
}

fn key_of(row: &Value) -> Vec<String> {
    row["key"].as_array().expect("a key").iter().map(|part| part.as_str().expect("text").to_owned()).collect()
}

fn count(series: &[RowSeries], metric: &str) -> u64 {
    let of_metric = series.iter().filter(|series| series.metric == metric);
    of_metric.flat_map(|series| &series.points).map(|point| point.count).sum()
}

#[test]
fn the_windows_of_every_row_add_up_to_the_row() {
    let (server, run) = shop();
    let summary = server.summary(&run);
    let requests = summary["requests"].as_array().expect("requests");
    assert!(requests.len() > 5);
    for row in requests {
        let query = Query { table: Dimension::Request, key: Some(key_of(row)), after_ms: None };
        let (windows, series) = rows(&server, &run, &query);
        assert_eq!(count(&series, "http_reqs"), row["count"].as_u64().expect("a count"), "{row}");
        assert!(windows.is_sorted_by(|a, b| a.0 < b.0), "{windows:?}");
        let durations = series.iter().find(|series| series.metric == "http_req_duration").expect("durations");
        let sum: f64 = durations.points.iter().map(|point| point.sum).sum();
        let total = row["time"].as_f64().expect("a sum");
        assert!((sum - total).abs() <= 1e-6 * total, "{sum} {total}");
        for point in &durations.points {
            let [p50, p95, p99, max] = point.percentiles.expect("durations are a trend");
            assert!(p50 <= p95 && p95 <= p99 && p99 <= max, "{point:?}");
            assert!(windows.iter().any(|(end, _)| *end == point.end_ms));
        }
    }
    for row in summary["checks"].as_array().expect("checks") {
        let query = Query { table: Dimension::Check, key: Some(key_of(row)), after_ms: None };
        let (_, series) = rows(&server, &run, &query);
        let passes: u64 = series.iter().flat_map(|series| &series.points).map(|point| point.nonzero).sum();
        assert_eq!(passes, row["passes"].as_u64().expect("passes"), "{row}");
    }
}

/// The series of a run in steps of so many ms.
fn series(server: &Server, run: &str, step_ms: u64, metrics: &[&str]) -> Value {
    let metrics = metrics.iter().map(|name| (*name).to_owned()).collect();
    let asked = Asked { table: Dimension::Metric, key: Vec::new(), metrics, step_ms };
    let document = block_on(server.service.series(run, &asked)).expect("series");
    serde_json::from_str(&document).expect("JSON")
}

fn values<'a>(document: &'a Value, metric: &str) -> &'a Vec<Value> {
    let series = document["series"].as_array().expect("series");
    let found = series.iter().find(|series| series["metric"] == metric).expect("the metric");
    found["values"].as_array().expect("values")
}

#[test]
fn windows_of_any_length_add_up_and_one_that_holds_the_run_has_its_percentiles() {
    let (server, run) = shop();
    let summary = server.summary(&run);
    let total = summary["metrics"]["http_reqs"]["values"]["count"].as_f64().expect("a count");
    for step in [1_000, 2_000, 7_000, 10_000, 600_000] {
        let document = series(&server, &run, step, &["http_reqs", "http_req_duration"]);
        let times = document["times"].as_array().expect("times");
        assert!(times.is_sorted_by(|a, b| a.as_i64() < b.as_i64()), "{times:?}");
        assert_eq!(document["series"].as_array().map(Vec::len), Some(2), "those that were named");
        let counts = values(&document, "http_reqs");
        assert_eq!(counts.len(), times.len());
        assert_eq!(counts.iter().filter_map(|row| row[0].as_f64()).sum::<f64>(), total, "{step}");
    }
    let document = series(&server, &run, 600_000, &[]);
    assert!(document["series"].as_array().is_some_and(|all| all.len() > 10));
    let whole = &summary["metrics"]["http_req_duration"]["values"];
    let row = &values(&document, "http_req_duration")[0];
    for (at, name) in ["avg", "max", "med", "min", "p(90)", "p(95)", "p(99)"].iter().enumerate() {
        let (one, other) = (row[at].as_f64().expect("a figure"), whole[name].as_f64().expect("a figure"));
        assert!((one - other).abs() <= 1e-4 * other, "{name}: {one} {other}");
    }
    let request = summary["requests"][0].clone();
    let asked =
        Asked { table: Dimension::Request, key: key_of(&request), metrics: Vec::new(), step_ms: 600_000 };
    let document: Value =
        serde_json::from_str(&block_on(server.service.series(&run, &asked)).expect("series")).expect("JSON");
    assert_eq!(values(&document, "http_reqs")[0][0], request["count"]);
    let short = Asked { step_ms: 10, ..asked };
    assert!(matches!(block_on(server.service.series(&run, &short)), Err(Refusal::Invalid(_))));
}

#[test]
fn statuses_are_summed_by_status_alone() {
    let (server, run) = shop();
    let summary = server.summary(&run);
    let query = Query { table: Dimension::Status, key: None, after_ms: None };
    let (_, series) = rows(&server, &run, &query);
    let statuses = summary["statuses"].as_array().expect("statuses");
    for own in &series {
        let same = statuses.iter().filter(|row| row["key"][2] == own.key[0].as_str());
        let expected: u64 = same.map(|row| row["count"].as_u64().expect("a count")).sum();
        assert_eq!(own.points.iter().map(|point| point.count).sum::<u64>(), expected, "{:?}", own.key);
        assert!(own.points.is_sorted_by(|a, b| a.end_ms < b.end_ms), "a window counts once");
    }
    assert!(series.len() > 2);
    assert_eq!(count(&series, "http_reqs"), summary["metrics"]["http_reqs"]["values"]["count"]);
    let all = Query { table: Dimension::Request, key: None, after_ms: None };
    assert!(matches!(block_on(server.service.rows(&run, &all, 0)), Err(Refusal::Invalid(_))));
}

#[test]
fn news_of_a_row_are_the_rest_of_it_whatever_an_instance_remembers() {
    let (server, run) = shop();
    assert_news(&server, &run, &["POST", "login"]);
}

/// That from each window on, what is asked for is the rest of a row's course. Gives how many windows there are.
fn assert_news(server: &Server, run: &str, key: &[&str]) -> usize {
    let key = key.iter().map(|&part| part.to_owned()).collect();
    let all = Query { table: Dimension::Request, key: Some(key), after_ms: None };
    let (windows, whole) = rows(server, run, &all);
    for (end, _) in &windows {
        let later = Query { after_ms: Some(*end), ..all.clone() };
        let expected: Vec<_> = windows.iter().filter(|(other, _)| other > end).copied().collect();
        // One that has read before, and one that has just started.
        for instance in [server, &Server::on(server.memory.clone(), server.hands.clone())] {
            let (news, series) = rows(instance, run, &later);
            assert_eq!(news, expected);
            for part in &series {
                let of_whole = whole.iter().find(|s| s.metric == part.metric).expect("a series of the whole");
                let rest: Vec<_> = of_whole.points.iter().filter(|p| p.end_ms > *end).cloned().collect();
                assert_eq!(part.points, rest);
            }
        }
    }
    windows.len()
}

#[test]
fn rows_that_take_the_places_of_others_have_their_course_and_nothing_of_theirs() {
    let server = Server::new();
    let at = |second: i64| (1_795_218_590 + second) * 1_000_000_000;
    let line = |name: &str, ms: f64, ns: i64| {
        format!(
            "http_reqs,method=GET,name={name} value=1 {ns}\nhttp_req_duration,method=GET,name={name} value={ms} {ns}\n"
        )
    };
    let post = |body: String| server.post(Wire::InfluxLines, "wide", "k6", body.as_bytes());
    post((0..400).map(|n| line(&format!("cold{n}"), 1.0, at(0))).collect());
    for second in 1..=100 {
        // Names that never come again want rows too, and take the lightest.
        let ids = (0..60).map(|n| line(&format!("id{second}x{n}"), 2.0, at(second)));
        post((0..50).map(|n| line("checkout", 100.0 + f64::from(n), at(second))).chain(ids).collect());
        server.pass(1_000);
    }
    let run = server.finish("wide");
    let summary = server.summary(&run);
    let requests = summary["requests"].as_array().expect("requests");
    let total: u64 = requests.iter().map(|row| row["count"].as_u64().expect("a count")).sum();
    assert_eq!((requests.len(), total), (301, 400 + 100 * 110));
    assert_eq!(summary["metrics"]["http_reqs"]["values"]["count"], total);
    let checkout = requests.iter().find(|row| row["key"][1] == "checkout").expect("it has a row");
    assert_eq!((&checkout["count"], &checkout["min"]), (&json!(5_000), &json!(100)));
    assert!(requests.iter().any(|row| row["missed"].as_u64() > Some(0)), "late rows say so");
    for row in requests {
        let query = Query { table: Dimension::Request, key: Some(key_of(row)), after_ms: None };
        let (_, series) = rows(&server, &run, &query);
        // A row that was lost and won back has its first part in its course too.
        assert!(
            count(&series, "http_reqs") >= row["count"].as_u64().unwrap() || row["key"] == json!(["(other)"])
        );
    }
    assert!(assert_news(&server, &run, &["GET", "checkout"]) > 40, "definitions begin anew in between");
}

#[test]
fn a_distribution_holds_every_value_live_ended_and_after_a_restart() {
    let server = Server::new();
    server.replay("shop", &text("k6/shop/influx.ndjson.gz"));
    server.fold("shop");
    let ask = |server: &Server, table: (&str, Dimension), key: &[String], metric: &str| {
        block_on(server.service.distribution("shop.1", table, key, metric, Window::Whole))
            .map(|text| serde_json::from_str::<Value>(&text).expect("JSON"))
    };
    let live = ask(&server, ("metrics", Dimension::Metric), &[], "http_req_duration").expect("a live one");
    let run = server.finish("shop");
    let summary = server.summary(&run);
    let ended = ask(&server, ("metrics", Dimension::Metric), &[], "http_req_duration").expect("an ended one");
    assert!(live["count"].as_u64() <= ended["count"].as_u64());
    let values = &summary["metrics"]["http_req_duration"]["values"];
    assert_eq!(ended["count"], values["count"]);
    assert_eq!(ended["min"].as_f64(), values["min"].as_f64());
    assert_eq!(ended["max"].as_f64(), values["max"].as_f64());
    let binned: u64 = ended["bins"]
        .as_array()
        .expect("bins")
        .iter()
        .map(|bin| bin["count"].as_u64().expect("a count"))
        .sum();
    assert_eq!(json!(binned), values["count"]);
    let p95 = ended["percentiles"][6][1].as_f64().expect("p95");
    let truth = values["p(95)"].as_f64().expect("p95");
    assert!((p95 - truth).abs() <= 1e-3 * truth, "{p95} {truth}");

    let restarted = Server::on(server.memory.clone(), server.hands.clone());
    assert_eq!(ask(&restarted, ("metrics", Dimension::Metric), &[], "http_req_duration"), Ok(ended));
    let key = ["POST".to_owned(), "login".to_owned()];
    let row = ask(&restarted, ("requests", Dimension::Request), &key, "http_req_duration").expect("a row");
    let of_summary = summary["requests"].as_array().expect("rows").iter().find(|row| key_of(row) == key);
    assert_eq!(row["count"], of_summary.expect("the row")["count"]);
    for (table, metric) in
        [(("metrics", Dimension::Metric), "vus"), (("requests", Dimension::Request), "none")]
    {
        assert!(matches!(ask(&restarted, table, &[], metric), Err(Refusal::NotFound(_))));
    }
}

#[test]
fn people_label_pin_and_delete_runs() {
    let (server, run) = shop();
    let item = |server: &Server| -> Value {
        let list = server.list(Some("shop"), 10, true);
        serde_json::from_str::<Value>(&list).expect("JSON")[0].clone()
    };
    assert_eq!((&item(&server)["label"], &item(&server)["baseline"]), (&Value::Null, &json!(false)));
    let change = |text: &str| block_on(server.service.set_label(&run, text.as_bytes()));
    change(r#"{"label":"before <b>the</b> fix","note":"two\nlines"}"#).expect("a change");
    // What is absent stays, and null removes.
    change(r#"{"note":null}"#).expect("a change");
    assert_eq!(
        (&item(&server)["label"], &item(&server)["note"]),
        (&json!("before <b>the</b> fix"), &Value::Null)
    );
    for wrong in ["", "[]", r#"{"lable":"x"}"#, &format!(r#"{{"label":"{}"}}"#, "x".repeat(201))] {
        assert!(matches!(change(wrong), Err(Refusal::Invalid(_))), "{wrong}");
    }

    let figures = item(&server)["figures"].clone();
    let summary = server.summary(&run);
    assert_eq!(figures["requests"], summary["metrics"]["http_reqs"]["values"]["count"]);
    assert_eq!(figures["p95"], summary["metrics"]["http_req_duration"]["values"]["p(95)"]);
    assert_eq!(item(&server)["thresholds"], summary["thresholds"]);

    assert_eq!(server.summary(&run)["label"], "before <b>the</b> fix");

    let pin = |test: &str, text: &str| block_on(server.service.set_baseline(test, Some(text.as_bytes())));
    pin("shop", &format!(r#"{{"run":"{run}"}}"#)).expect("it is pinned");
    assert_eq!(item(&server)["baseline"], json!(true));
    assert!(matches!(pin("other", &format!(r#"{{"run":"{run}"}}"#)), Err(Refusal::Invalid(_))));
    assert!(matches!(pin("shop", r#"{"run":"shop.99"}"#), Err(Refusal::NotFound(_))));

    server.replay("shop", &text("k6/short/influx.ndjson.gz"));
    server.fold("shop");
    assert!(matches!(block_on(server.service.delete_run("shop.2")), Err(Refusal::Conflict(_))));
    block_on(server.service.delete_run(&run)).expect("it is deleted");
    assert!(matches!(block_on(server.service.get(&run)), Err(Refusal::NotFound(_))));
    server.finish("shop");
    server.pass(7 * 24 * 3600 * 1000);
    while block_on(server.service.sweep("shop", 1)).expect("it sweeps") {}
    let left: Vec<String> =
        server.memory.keys().into_iter().filter(|key| key.starts_with(&format!("run/{run}/"))).collect();
    assert_eq!(left, [format!("run/{run}/deleted")], "nothing else is left of it");
}

#[test]
fn requests_of_setup_and_teardown_are_rows_of_their_own() {
    let server = Server::new();
    let line = |group: &str, name: &str| {
        format!(
            "http_reqs,method=GET,name={name},status=200,group={group} value=1 1795300000000000000\n\
             http_req_duration,method=GET,name={name},status=200,group={group} value=5 1795300000000000000\n"
        )
    };
    let body = [("::setup", "login"), ("::setup::deep", "login"), ("::main", "login"), ("::setups", "x")]
        .map(|(group, name)| line(group, name))
        .concat()
        + &line("::teardown", "logout");
    server.post(Wire::InfluxLines, "shop", "k6", body.as_bytes());
    let run = server.finish("shop");
    let summary = server.summary(&run);
    let counts = |table: &str| -> Vec<(Vec<String>, u64)> {
        let rows = summary[table].as_array().expect("rows");
        rows.iter().map(|row| (key_of(row), row["count"].as_u64().expect("a count"))).collect()
    };
    let key = |parts: &[&str]| parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        counts("requests"),
        [
            (key(&["GET", "login"]), 1),
            (key(&["GET", "login", "setup"]), 2),
            (key(&["GET", "logout", "teardown"]), 1),
            (key(&["GET", "x"]), 1),
        ]
    );
    assert!(counts("statuses").contains(&(key(&["GET", "login", "200", "", "setup"]), 2)));
}

#[test]
fn groups_add_up_to_their_parents() {
    let server = Server::new();
    let sample = |group: &str, ms: u32, passes: u8| {
        format!(
            "http_req_duration,group={group} value={ms} 1795300000000000000\n\
             checks,group={group},check=ok value={passes} 1795300000000000000\n\
             group_duration,group={group} value={ms} 1795300000000000000\n"
        )
    };
    let body = [
        sample("::main", 10, 1),
        sample("::main::a", 20, 0),
        sample("::main::a::deep", 30, 1),
        // Between `::main` and its children in byte order, and neither of them.
        sample("::main-2", 1000, 1),
        sample("::main::b", 40, 1),
    ]
    .concat();
    server.post(Wire::InfluxLines, "shop", "k6", body.as_bytes());
    let run = server.finish("shop");
    let summary = server.summary(&run);
    let row = |group: &str| {
        let rows = summary["groups"].as_array().expect("groups");
        rows.iter().find(|row| row["key"][0] == group).unwrap_or_else(|| panic!("{group}")).clone()
    };
    let main = row("::main");
    assert_eq!(main["metrics"]["http_req_duration"]["count"], 1);
    let whole = &main["whole"];
    assert_eq!(whole["http_req_duration"]["count"], 4);
    assert_eq!(whole["http_req_duration"]["avg"], 25.0);
    assert_eq!(
        (&whole["http_req_duration"]["min"], &whole["http_req_duration"]["max"]),
        (&json!(10), &json!(40))
    );
    assert_eq!((&whole["checks"]["passes"], &whole["checks"]["fails"]), (&json!(3), &json!(1)));
    // k6 counts what happens in a group into its duration, whatever group it is in.
    assert_eq!(whole["group_duration"], main["metrics"]["group_duration"]);
    assert_eq!(row("::main::a")["whole"]["http_req_duration"]["count"], 2);
    for leaf in ["::main::b", "::main::a::deep", "::main-2"] {
        assert!(row(leaf).get("whole").is_none(), "{leaf}");
    }
}

/// As k6's gRPC client tags what it measures.
#[test]
fn calls_of_grpc_are_rows_by_method_and_by_the_status_of_those_that_failed() {
    let server = Server::new();
    let name = "/hello.HelloService/SayHello";
    let line = |status: u32, group: &str, ms: u32| {
        let time = server.hands_ms() + u64::from(ms);
        format!(
            "grpc_req_duration,group={group},method=SayHello,name={name},service=hello.HelloService,status={status} value={ms} {time}\n"
        )
    };
    let body: String =
        [line(0, "::load", 10), line(0, "::load", 30), line(14, "::load", 50), line(4, "::setup", 70)]
            .concat();
    // An HTTP request that a person tagged with a service, and one that had no response.
    let http = |status: u32| {
        format!("http_reqs,method=GET,name=/a,service=shop,status={status} value=1 {}\n", server.hands_ms())
    };
    let body = body + &http(200) + &http(0);
    server.post_as(|_| {}, body.as_bytes(), true).expect("it is taken");
    let summary = server.summary(&server.finish("t"));
    let row =
        |row: &Value| (row["key"].clone(), row["count"].clone(), row["failed"].clone(), row["max"].clone());
    let mut rows: Vec<_> = summary["requests"].as_array().expect("rows").iter().map(row).collect();
    rows.sort_by_key(|(key, ..)| key.to_string());
    let call = |rest: &[&str]| json!([&["SayHello", name], rest].concat());
    assert_eq!(
        rows,
        [
            (json!(["GET", "/a"]), json!(2), Value::Null, Value::Null),
            (call(&["DEADLINE_EXCEEDED", "setup"]), json!(1), json!(1), json!(70)),
            (call(&["UNAVAILABLE"]), json!(1), json!(1), json!(50)),
            (call(&[]), json!(2), json!(0), json!(30)),
        ],
        "{summary:#}"
    );
    assert!(summary["metrics"]["grpc_req_duration"]["values"]["count"] == 4, "{summary:#}");
}
