//! Right numbers: every figure of a run equals what k6 said of it, whatever wire it came by.

use crate::figures::{EXACT, close, difference};
use crate::support::{Server, block_on, declarations, json, text};
use loadgate::ingest::Wire;
use serde_json::Value;

/// The JSON file, posted whole.
fn by_json(name: &str) -> (Server, String) {
    let server = Server::new();
    declare(&server, name);
    let outcome = server.post(Wire::K6Json, name, "k6", text(&format!("k6/{name}/k6.json.gz")).as_bytes());
    assert_eq!((outcome.receipt.refused, outcome.failure), (0, None));
    let run = server.finish(name);
    (server, run)
}

/// Only the declarations of the JSON file, then every request of the InfluxDB capture.
fn by_influx(name: &str) -> (Server, String) {
    let server = Server::new();
    declare(&server, name);
    let metrics = declarations(&text(&format!("k6/{name}/k6.json.gz")));
    let outcome = server.post(Wire::K6Json, name, "k6", metrics.as_bytes());
    assert_eq!(outcome.receipt.refused, 0);
    server.replay(name, &text(&format!("k6/{name}/influx.ndjson.gz")));
    let run = server.finish(name);
    (server, run)
}

fn declare(server: &Server, name: &str) {
    let options = text(&format!("k6/{name}/options.json"));
    block_on(server.service.declare(name, options.as_bytes())).expect("k6's options");
}

/// Everything that differs from k6's own summary export.
fn differences(summary: &Value, name: &str) -> Vec<String> {
    let truth = json(&format!("k6/{name}/summary.json"));
    let mut found = Vec::new();
    for (metric, expected) in truth["metrics"].as_object().expect("metrics") {
        let ours = &summary["metrics"][metric];
        let expected = expected.as_object().expect("a metric");
        found.extend(difference(metric, ours, expected));
        for (expression, crossed) in
            expected.get("thresholds").and_then(Value::as_object).into_iter().flatten()
        {
            // In k6's export `true` means crossed.
            if ours["thresholds"][expression]["ok"] != Value::Bool(crossed == &Value::Bool(false)) {
                found.push(format!("{metric} {expression}: {}", ours["thresholds"][expression]));
            }
        }
    }
    let mut checks = Vec::new();
    collect_checks(&truth["root_group"], &mut checks);
    if checks.is_empty() {
        found.push("k6's export has no checks to compare".to_owned());
    }
    for (group, check, passes, fails) in checks {
        let rows = summary["checks"].as_array().expect("checks");
        let own = rows.iter().find(|row| row["key"][0] == group.as_str() && row["key"][1] == check.as_str());
        if !own.is_some_and(|row| row["passes"] == passes && row["fails"] == fails) {
            found.push(format!("check {group} {check}: {own:?} where k6 has {passes} and {fails}"));
        }
    }
    found
}

fn collect_checks(group: &Value, found: &mut Vec<(String, String, f64, f64)>) {
    let path = group["path"].as_str().unwrap_or_default();
    let each = |value: &Value| -> Vec<Value> {
        match value {
            Value::Object(map) => map.values().cloned().collect(),
            Value::Array(list) => list.clone(),
            _ => Vec::new(),
        }
    };
    for check in each(&group["checks"]) {
        let count = |field: &str| check[field].as_f64().unwrap_or(0.0);
        let name = check["name"].as_str().unwrap_or_default().to_owned();
        found.push((path.to_owned(), name, count("passes"), count("fails")));
    }
    for inner in each(&group["groups"]) {
        collect_checks(&inner, found);
    }
}

#[test]
fn an_import_of_k6_json_equals_k6_own_summary() {
    for name in ["shop", "short", "aborted"] {
        let (server, run) = by_json(name);
        assert_eq!(differences(&server.summary(&run), name), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn declarations_and_the_influxdb_capture_equal_k6_own_summary() {
    for name in ["shop", "short", "aborted"] {
        let (server, run) = by_influx(name);
        assert_eq!(differences(&server.summary(&run), name), Vec::<String>::new(), "{name}");
    }
}

fn cluster_differences(summary: &Value) -> Vec<String> {
    let truth = json("k6/cluster/truth.json");
    let mut found = Vec::new();
    for (metric, expected) in truth.as_object().expect("metrics") {
        if metric == "vus" || metric == "vus_max" {
            continue;
        }
        let expected = expected.as_object().expect("a metric");
        let empty = expected.get("count").and_then(Value::as_f64) == Some(0.0);
        if !empty {
            found.extend(difference(metric, &summary["metrics"][metric], expected));
        }
    }
    let (ours, sums) = (&summary["metrics"]["vus"]["values"], &truth["vus"]["sum_of_generators"]);
    if ours["value"] != sums["final"] {
        found.push(format!("vus at the end: {} where {} are due", ours["value"], sums["final"]));
    }
    let max = |value: &Value| value["max"].as_f64().expect("a number");
    if (max(ours) - max(sums)).abs() > 1.0 {
        found.push(format!("most vus: {} where {} are due", max(ours), max(sums)));
    }
    found
}

#[test]
fn two_generators_of_one_run_add_up_on_the_influxdb_wire() {
    let server = Server::new();
    let both = text("k6/cluster/a.k6.json.gz");
    server.post(Wire::K6Json, "cluster", "k6", declarations(&both).as_bytes());
    // The captures name the run by the tag `testid`.
    server.replay("cluster", &text("k6/cluster/influx.ndjson.gz"));
    let log = "cluster.cluster-1";
    server.fold(log);
    block_on(server.service.finish_run(log)).expect("the run exists");
    server.pass(5_000);
    server.fold(log);
    assert_eq!(cluster_differences(&server.summary(log)), Vec::<String>::new());
}

#[test]
fn two_generators_of_one_run_add_up_as_json() {
    let server = Server::new();
    let files = ["a", "b"].map(|name| (name, text(&format!("k6/cluster/{name}.k6.json.gz"))));
    // Second by second, as two live uploads would come.
    let mut pieces: Vec<(String, &str, Vec<&str>)> = Vec::new();
    for (source, lines) in &files {
        let mut second = String::new();
        for line in lines.lines() {
            if let Some(at) = line.find(r#""time":""#) {
                second = line[at + 8..at + 27].to_owned();
            }
            match pieces.last_mut() {
                Some((known, from, piece)) if *known == second && from == source => piece.push(line),
                _ => pieces.push((second.clone(), source, vec![line])),
            }
        }
    }
    pieces.sort_by(|a, b| a.0.cmp(&b.0));
    for (_, source, lines) in pieces {
        let outcome = server.post(Wire::K6Json, "cluster", source, (lines.join("\n") + "\n").as_bytes());
        assert_eq!(outcome.receipt.refused, 0, "{:?}", outcome.receipt.errors);
    }
    let log = "cluster.cluster-1";
    server.fold(log);
    block_on(server.service.finish_run(log)).expect("the run exists");
    server.pass(5_000);
    server.fold(log);
    assert_eq!(cluster_differences(&server.summary(log)), Vec::<String>::new());
}

#[test]
fn the_figures_of_groups_are_those_of_k6_group_series() {
    let (server, run) = by_json("shop");
    let summary = server.summary(&run);
    let lines = text("k6/shop/k6.json.gz");
    let mut sums: std::collections::BTreeMap<(String, String), (f64, f64)> = Default::default();
    for line in lines.lines() {
        let point: Value = serde_json::from_str(line).expect("JSON");
        let group = point["data"]["tags"]["group"].as_str().unwrap_or_default();
        if point["type"] == "Point" && !group.is_empty() {
            let key = (group.to_owned(), point["metric"].as_str().expect("a name").to_owned());
            let entry = sums.entry(key).or_default();
            entry.0 += 1.0;
            entry.1 += point["data"]["value"].as_f64().expect("a number");
        }
    }
    assert!(sums.len() > 30);
    for ((group, metric), (count, sum)) in sums {
        let row =
            summary["groups"].as_array().expect("groups").iter().find(|row| row["key"][0] == group.as_str());
        let values = &row.expect("the group has a row")["metrics"][&metric];
        let own = |field: &str| values[field].as_f64();
        let equal = match (own("sum"), own("passes"), own("value")) {
            (Some(own_sum), ..) => close(own_sum, sum, EXACT) && own("count") == Some(count),
            (_, Some(passes), _) => passes == sum,
            (.., Some(_)) => true,
            _ => own("count").is_some_and(|own| close(own, sum, EXACT)),
        };
        assert!(equal, "{group} {metric}: {values} where {count} samples have {sum}");
    }
}
