//! Right numbers: every figure of a run equals what k6 said of it, whatever wire it came by.

use crate::figures::{EXACT, close, difference};
use crate::recorded::{self, SINGLE, WIRES};
use crate::support::{Server, json, text};
use loadgate::ingest::Wire;
use serde_json::Value;
use std::collections::BTreeMap;

/// The JSON file, posted whole.
fn imported(name: &str) -> (Server, String) {
    let server = Server::new();
    recorded::declare(&server, name);
    let outcome = server.post(Wire::K6Json, name, "k6", text(&format!("k6/{name}/k6.json.gz")).as_bytes());
    assert_eq!((outcome.receipt.refused, outcome.failure), (0, None));
    let run = server.finish(name);
    (server, run)
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
    found.extend(unknown(summary, &truth["metrics"]));
    if checks.is_empty() {
        found.push("k6's export has no checks to compare".to_owned());
    }
    let rows = summary["checks"].as_array().expect("checks");
    if rows.len() != checks.len() {
        found.push(format!("{} checks where k6 has {}", rows.len(), checks.len()));
    }
    for (group, check, passes, fails) in checks {
        let own = rows.iter().find(|row| row["key"][0] == group.as_str() && row["key"][1] == check.as_str());
        if !own.is_some_and(|row| row["passes"] == passes && row["fails"] == fails) {
            found.push(format!("check {group} {check}: {own:?} where k6 has {passes} and {fails}"));
        }
    }
    found
}

/// Metrics that the truth does not know.
fn unknown(summary: &Value, truth: &Value) -> Vec<String> {
    let ours = summary["metrics"].as_object().expect("metrics").keys();
    ours.filter(|name| truth[name.as_str()].is_null()).map(|name| format!("k6 has no {name}")).collect()
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
    for name in SINGLE {
        let (server, run) = imported(name);
        assert_eq!(differences(&server.summary(&run), name), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn live_traffic_on_either_wire_equals_k6_own_summary() {
    for (name, wire) in SINGLE.into_iter().flat_map(|name| WIRES.map(|wire| (name, wire))) {
        // Folded at the end, and as it comes.
        for server in [recorded::sent(wire, name), recorded::live(wire, name, |_| {})] {
            let summary = server.summary(&recorded::run(name));
            assert_eq!(differences(&summary, name), Vec::<String>::new(), "{name} {wire:?}");
        }
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
        found.extend(difference(metric, &summary["metrics"][metric], expected));
    }
    found.extend(unknown(summary, &truth));
    let (ours, sums) = (&summary["metrics"]["vus"]["values"], &truth["vus"]["sum_of_generators"]);
    if ours["value"] != sums["final"] {
        found.push(format!("vus at the end: {} where {} are due", ours["value"], sums["final"]));
    }
    let max = |value: &Value| value["max"].as_f64().expect("a number");
    if (max(ours) - max(sums)).abs() > 1.0 {
        found.push(format!("most vus: {} where {} are due", max(ours), max(sums)));
    }
    // Both processes live to the end.
    let each = ["a", "b"].map(|one| json(&format!("k6/cluster/{one}.summary.json")));
    let due: f64 = each.iter().filter_map(|one| one["metrics"]["vus_max"]["value"].as_f64()).sum();
    let own = &summary["metrics"]["vus_max"]["values"]["value"];
    if own.as_f64() != Some(due) {
        found.push(format!("vus_max at the end: {own} where {due} are due"));
    }
    found
}

#[test]
fn rates_of_counters_are_near_k6_own() {
    // `short` took a third of a second, and rates are over at least a whole one.
    for (name, wire) in ["shop", "aborted"].into_iter().flat_map(|name| WIRES.map(|wire| (name, wire))) {
        let summary = recorded::sent(wire, name).summary(&recorded::run(name));
        let truth = json(&format!("k6/{name}/summary.json"));
        for (metric, expected) in truth["metrics"].as_object().expect("metrics") {
            let ours = &summary["metrics"][metric];
            if ours["type"] == "counter" {
                let rate = |values: &Value| values["rate"].as_f64().expect("a rate");
                let (own, expected) = (rate(&ours["values"]), rate(expected));
                // k6 divides by the time that its scenarios took, which is no sample's.
                assert!(close(own, expected, 5e-3), "{name} {metric}: {own} where k6 has {expected}");
            }
        }
    }
}

#[test]
fn two_generators_of_one_run_add_up_on_either_wire() {
    for wire in WIRES {
        for server in [recorded::sent(wire, "cluster"), recorded::live(wire, "cluster", |_| {})] {
            let summary = server.summary(&recorded::run("cluster"));
            assert_eq!(cluster_differences(&summary), Vec::<String>::new(), "{wire:?}");
        }
    }
}

#[test]
fn the_figures_of_groups_are_those_of_k6_group_series() {
    let (server, run) = imported("shop");
    let summary = server.summary(&run);
    let lines = text("k6/shop/k6.json.gz");
    let mut sums: BTreeMap<(String, String), (f64, f64)> = BTreeMap::new();
    let mut last: BTreeMap<(String, String), (String, f64)> = BTreeMap::new();
    for line in lines.lines() {
        let point: Value = serde_json::from_str(line).expect("JSON");
        let group = point["data"]["tags"]["group"].as_str().unwrap_or_default();
        if point["type"] == "Point" && !group.is_empty() {
            let key = (group.to_owned(), point["metric"].as_str().expect("a name").to_owned());
            let value = point["data"]["value"].as_f64().expect("a number");
            // Without the zone, fractions of any length stand in order.
            let time = point["data"]["time"].as_str().expect("a time").trim_end_matches('Z').to_owned();
            let newest = last.entry(key.clone()).or_default();
            if time >= newest.0 {
                *newest = (time, value);
            }
            let entry = sums.entry(key).or_default();
            entry.0 += 1.0;
            entry.1 += value;
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
            (.., Some(own_last)) => own_last == last[&(group.clone(), metric.clone())].1,
            _ => own("count").is_some_and(|own| close(own, sum, EXACT)),
        };
        assert!(equal, "{group} {metric}: {values} where {count} samples have {sum}");
    }
}
