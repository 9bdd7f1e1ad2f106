//! Requests grouped and filtered: whatever is asked, each counts once, and figures are those of what matches.

use crate::recorded;
use crate::support::{Random, Server, block_on, text};
use loadgate::documents::requests::{Asked, Facet};
use loadgate::ingest::{Refusal, Wire};
use loadgate::service::Window;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ALL: [Facet; 7] =
    [Facet::Method, Facet::Name, Facet::Status, Facet::Scenario, Facet::Group, Facet::Expected, Facet::Phase];
const WHOLE_WINDOW: Window = Window::Between { from: 0, to: None };

fn asked(by: &[Facet], filters: &[(Facet, &str)]) -> Asked {
    let filters = filters.iter().map(|(facet, value)| (facet.clone(), (*value).to_owned())).collect();
    Asked::new(by.to_vec(), filters).expect("it can be asked")
}

fn ask(server: &Server, run: &str, by: &[Facet], filters: &[(Facet, &str)], window: Window) -> Value {
    let document = block_on(server.service.requests(run, &asked(by, filters), window)).expect("a document");
    serde_json::from_str(&document).expect("JSON")
}

fn rows(document: &Value) -> &[Value] {
    document["rows"].as_array().expect("rows")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// Sums may be added up in another order.
fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => (one - other).abs() <= 1e-9 * one.abs().max(1.0),
        _ => one == other,
    }
}

#[test]
fn over_any_grouping_requests_add_up_to_all_of_them() {
    for name in recorded::ALL {
        for wire in recorded::WIRES {
            let server = recorded::sent(wire, name);
            let run = recorded::run(name);
            let summary = server.summary(&run);
            let metric = |name: &str| &summary["metrics"][name]["values"];
            for facet in ALL {
                for window in [Window::Whole, WHOLE_WINDOW] {
                    let document = ask(&server, &run, std::slice::from_ref(&facet), &[], window);
                    let sum = |figure: &str| -> f64 {
                        rows(&document).iter().map(|row| number(&row[figure])).sum()
                    };
                    let what = format!("{name} {wire:?} {facet:?} {window:?}");
                    assert_eq!(sum("count"), number(&metric("http_reqs")["count"]), "{what}");
                    let time = number(&metric("http_req_duration")["sum"]);
                    assert!((sum("time") - time).abs() <= 1e-9 * time, "{what}: {} {time}", sum("time"));
                    let whole = &document["whole"];
                    for (ours, theirs) in [("med", "med"), ("p90", "p(90)"), ("p95", "p(95)"), ("max", "max")]
                    {
                        assert!(same(&whole[ours], &metric("http_req_duration")[theirs]), "{what}: {ours}");
                    }
                    assert!(same(&whole["failed"], &metric("http_req_failed")["rate"]), "{what}");
                    if window == Window::Whole {
                        assert!(same(&whole["rate"], &metric("http_reqs")["rate"]), "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_filter_by_what_has_a_table_gives_the_figures_of_its_row() {
    for name in recorded::ALL {
        let server = recorded::sent(Wire::K6Json, name);
        let run = recorded::run(name);
        let summary = server.summary(&run);
        for scenario in summary["scenarios"].as_array().expect("scenarios") {
            let key = scenario["key"][0].as_str().expect("a name");
            let document = ask(&server, &run, &[Facet::Scenario], &[(Facet::Scenario, key)], Window::Whole);
            let (whole, own) = (&document["whole"], &scenario["metrics"]);
            if own["http_reqs"].is_null() {
                assert_eq!(whole["count"], 0, "{name} {key}");
                continue;
            }
            assert_eq!(whole["count"], own["http_reqs"]["count"], "{name} {key}");
            for (ours, theirs) in
                [("avg", "avg"), ("min", "min"), ("med", "med"), ("max", "max"), ("p99", "p(99)")]
            {
                assert!(same(&whole[ours], &own["http_req_duration"][theirs]), "{name} {key} {ours}");
            }
        }
        for group in summary["groups"].as_array().expect("groups") {
            let key = group["key"][0].as_str().expect("a name");
            let metrics = group.get("whole").unwrap_or(&group["metrics"]);
            let document = ask(&server, &run, &[Facet::Group], &[(Facet::Group, key)], Window::Whole);
            let count = metrics.get("http_reqs").map_or(0.0, |requests| number(&requests["count"]));
            assert_eq!(number(&document["whole"]["count"]), count, "{name} {key}: with those within it");
        }
        // The default grouping is the table of requests, which has setup and teardown apart.
        let document = ask(&server, &run, &[Facet::Method, Facet::Name, Facet::Phase], &[], Window::Whole);
        let figures = |row: &Value, key: Value| {
            ["count", "rate", "failed", "avg", "min", "med", "max", "p90", "p95", "p99"]
                .map(|figure| (key.clone(), figure, row[figure].clone()))
        };
        let table = summary["requests"].as_array().expect("requests").iter().flat_map(|row| {
            let mut key = row["key"].clone();
            if key.as_array().is_some_and(|key| key.len() == 2) {
                key.as_array_mut().expect("a key").push(json!("load"));
            }
            figures(row, key)
        });
        let mut table: Vec<_> = table.collect();
        let mut grouped: Vec<_> =
            rows(&document).iter().flat_map(|row| figures(row, row["key"].clone())).collect();
        let by_key = |(key, figure, _): &(Value, &'static str, Value)| (key.to_string(), *figure);
        table.sort_by_key(by_key);
        grouped.sort_by_key(by_key);
        assert_eq!(table.len(), grouped.len(), "{name}");
        for (one, other) in table.iter().zip(&grouped) {
            assert_eq!((&one.0, one.1), (&other.0, other.1), "{name}");
            assert!(same(&one.2, &other.2), "{name}: {one:?} {other:?}");
        }
    }
}

/// One request, as a naive reader keeps it.
struct Sample {
    facets: [&'static str; 7],
    second: u64,
    ms: f64,
}

/// What tells a request from others, in the order of [`ALL`].
fn kind(random: &mut Random) -> [&'static str; 7] {
    let group = random.of(&["", "::a", "::a::b", "::ab", "::setup", "::setup::x", "::teardown"]);
    let phase = match group {
        "::setup" | "::setup::x" => "setup",
        "::teardown" => "teardown",
        _ => "load",
    };
    [
        random.of(&["GET", "POST"]),
        random.of(&["login", "/users/7", "basket"]),
        random.of(&["200", "404", "500", "0"]),
        random.of(&["", "browse", "buy"]),
        group,
        random.of(&["true", "false", ""]),
        phase,
    ]
}

impl Sample {
    fn lines(&self) -> String {
        let names = ["method", "name", "status", "scenario", "group", "expected_response"];
        let tags: String = names
            .iter()
            .zip(self.facets)
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!(",{name}={value}"))
            .collect();
        let ns = (1_795_218_590 + self.second) * 1_000_000_000;
        format!("http_reqs{tags} value=1 {ns}\nhttp_req_duration{tags} value={} {ns}\n", self.ms)
    }

    fn fits(&self, facet: usize, wanted: &str) -> bool {
        let value = self.facets[facet];
        match ALL[facet] {
            Facet::Status if wanted == "4xx" => value == "404",
            Facet::Group if wanted == "::a" => matches!(value, "::a" | "::a::b"),
            Facet::Group if wanted == "::setup" => matches!(value, "::setup" | "::setup::x"),
            _ => value == wanted,
        }
    }
}

#[test]
fn whatever_is_asked_a_naive_reader_finds_the_same() {
    const VALUES: [&[&str]; 7] = [
        &["GET", "PUT"],
        &["login", "/users/7"],
        &["4xx", "500", "0"],
        &["", "browse", "nobody"],
        &["", "::a", "::ab", "::setup", "::nowhere"],
        &["true", "false", ""],
        &["load", "setup", "teardown"],
    ];
    for seed in 0..60 {
        let random = &mut Random(seed);
        // No more kinds than have rows.
        let kinds: Vec<[&str; 7]> = (0..250).map(|_| kind(random)).collect();
        let samples: Vec<Sample> = (0..400)
            .map(|_| Sample {
                facets: kinds[random.below(kinds.len())],
                second: random.below(40) as u64,
                ms: random.below(5_000) as f64 / 4.0,
            })
            .collect();
        let server = Server::new();
        // In the order of their times, as generators send them.
        for second in 0..40 {
            let of_second = samples.iter().filter(|sample| sample.second == second);
            let body: String = of_second.map(Sample::lines).collect();
            server.post(Wire::InfluxLines, "t", "k6", body.as_bytes());
            server.pass(1_000);
        }
        let run = server.finish("t");
        let start = samples.iter().map(|sample| sample.second).min().expect("samples");
        for _ in 0..20 {
            let by: Vec<usize> = (0..7).filter(|_| random.below(3) == 0).collect();
            let filters: Vec<(usize, &str)> = (0..random.below(4))
                .map(|_| {
                    let facet = random.below(7);
                    (facet, random.of(VALUES[facet]))
                })
                .collect();
            // Windows are 2 s at first, from the first sample on.
            let (window, seconds) = match random.below(2) {
                0 => (Window::Whole, 0..u64::MAX),
                _ => (Window::Between { from: 4_000, to: Some(12_000) }, start + 4..start + 12),
            };
            let fits = |sample: &&Sample| {
                seconds.contains(&sample.second)
                    && filters.iter().all(|(facet, _)| {
                        filters.iter().any(|(other, value)| other == facet && sample.fits(*facet, value))
                    })
            };
            let mut naive: BTreeMap<Vec<&str>, Vec<&Sample>> = BTreeMap::new();
            for sample in samples.iter().filter(fits) {
                naive.entry(by.iter().map(|&facet| sample.facets[facet]).collect()).or_default().push(sample);
            }
            let facets: Vec<Facet> = by.iter().map(|&facet| ALL[facet].clone()).collect();
            let wanted: Vec<(Facet, &str)> =
                filters.iter().map(|&(facet, value)| (ALL[facet].clone(), value)).collect();
            let document = ask(&server, &run, &facets, &wanted, window);
            let what = format!("{seed} {facets:?} {wanted:?} {window:?}");
            let keys: Vec<&Value> = rows(&document).iter().map(|row| &row["key"]).collect();
            assert_eq!(json!(keys), json!(naive.keys().collect::<Vec<_>>()), "{what}");
            for (row, samples) in rows(&document).iter().zip(naive.values()) {
                assert_eq!(row["count"], json!(samples.len()), "{what}");
                let time: f64 = samples.iter().map(|sample| sample.ms).sum();
                assert!((number(&row["time"]) - time).abs() < 1e-6, "{what}");
                let (least, most) = samples.iter().fold((f64::INFINITY, 0.0_f64), |(least, most), sample| {
                    (least.min(sample.ms), most.max(sample.ms))
                });
                assert_eq!((number(&row["min"]), number(&row["max"])), (least, most), "{what}");
                let told: Vec<&str> =
                    samples.iter().map(|sample| sample.facets[5]).filter(|told| !told.is_empty()).collect();
                let failed = told.iter().filter(|told| **told == "false").count() as f64;
                match told.len() {
                    0 => assert_eq!(row["failed"], Value::Null, "{what}"),
                    of => assert!((number(&row["failed"]) - failed / of as f64).abs() < 1e-12, "{what}"),
                }
            }
            let all: usize = naive.values().map(Vec::len).sum();
            assert_eq!(document["whole"]["count"], json!(all), "{what}");
        }
    }
}

#[test]
fn what_has_no_row_is_told_apart_and_matches_no_filter() {
    let server = Server::new();
    let line = |name: &str, scenario: &str| {
        let tags = format!("method=GET,name={name},status=200,scenario={scenario},expected_response=true");
        format!(
            "http_reqs,{tags} value=1 1795218590000000000\nhttp_req_duration,{tags} value=5 1795218590000000000\n"
        )
    };
    let body: String =
        (0..500).map(|n| line(&format!("page{n}x"), if n % 2 == 0 { "a" } else { "b" })).collect();
    server.post(Wire::InfluxLines, "wide", "k6", body.as_bytes());
    let run = server.finish("wide");
    for window in [Window::Whole, WHOLE_WINDOW] {
        let all = ask(&server, &run, &[Facet::Scenario], &[], window);
        assert_eq!((&all["whole"]["count"], &all["other"]), (&json!(500), &json!(200)));
        assert_eq!(rows(&all).last().expect("rows")["key"], json!(["(other)"]));
        let of_a = ask(&server, &run, &[Facet::Scenario], &[(Facet::Scenario, "a")], window);
        assert!(number(&of_a["whole"]["count"]) <= 250.0, "nobody knows of the others");
        assert_eq!(of_a["other"], 200);
    }
}

#[test]
fn shortened_names_are_one_row_of_the_whole_and_of_its_parts() {
    let server = Server::new();
    for second in 0..20 {
        let line = |n: u64| {
            let (id, ns) = (second * 40 + n, (1_795_218_590 + second) * 1_000_000_000);
            format!("http_req_duration,method=GET,name=/users/{id},status=200,scenario=a value=5 {ns}\n")
        };
        let body: String = (0..40).map(line).collect();
        server.post(Wire::InfluxLines, "ids", "k6", body.as_bytes());
        server.pass(1_000);
        server.fold("ids");
    }
    let run = server.finish("ids");
    for window in [Window::Whole, WHOLE_WINDOW] {
        let document = ask(&server, &run, &[Facet::Name], &[(Facet::Scenario, "a")], window);
        let rows: Vec<_> = rows(&document).iter().map(|row| (&row["key"][0], &row["count"])).collect();
        assert_eq!(rows, [(&json!("/users/{id}"), &json!(800))], "{window:?}");
    }
}

#[test]
fn live_runs_answer_and_what_cannot_be_asked_is_refused_with_a_sentence() {
    let server = Server::new();
    server.replay("shop", &text("k6/shop/influx.ndjson.gz"));
    server.fold("shop");
    let live = ask(&server, "shop.1", &[Facet::Status], &[(Facet::Phase, "load")], Window::Whole);
    assert!(number(&live["whole"]["count"]) > 0.0);
    let nothing = ask(&server, "shop.1", &[Facet::Status], &[(Facet::Scenario, "none")], Window::Whole);
    assert_eq!((&nothing["whole"]["count"], rows(&nothing).len()), (&json!(0), 0));
    let restarted = Server::on(server.memory.clone(), server.hands.clone());
    let again = ask(&restarted, "shop.1", &[Facet::Status], &[(Facet::Phase, "load")], WHOLE_WINDOW);
    assert!(number(&again["whole"]["count"]) > 0.0, "from the store alone");
    let gone = block_on(server.service.requests("shop.9", &asked(&[], &[]), Window::Whole));
    assert!(matches!(gone, Err(Refusal::NotFound(_))), "{gone:?}");
    for (facet, value) in [
        (Facet::Status, "many"),
        (Facet::Status, "xx"),
        (Facet::Expected, "maybe"),
        (Facet::Phase, "cleanup"),
    ] {
        let wrong = Asked::new(Vec::new(), vec![(facet.clone(), value.to_owned())])
            .expect_err("there is no such value");
        assert!(wrong.starts_with(&format!("{}={value} is none", facet.word())), "{wrong}");
    }
    let many = vec![(Facet::Name, "x".to_owned()); 101];
    assert!(Asked::new(Vec::new(), many).expect_err("too many").contains("more than 100"));
    assert_eq!(Asked::new(vec![Facet::Name, Facet::Name], Vec::new()), Err("by names name twice".to_owned()));
}

const REGION: &str = r#"{"thresholds":{"http_req_duration{region:eu}":["p(95)<400"],"http_req_duration{name:login}":["p(95)<400"]}}"#;

/// A request of a second with a region, or without one.
fn regional(second: u64, region: &str, scenario: &str, ms: u32) -> String {
    let region = if region.is_empty() { String::new() } else { format!(",region={region}") };
    let tags =
        format!(",method=GET,name=login,status=200,scenario={scenario},expected_response=true{region}");
    let ns = (1_795_218_590 + second) * 1_000_000_000;
    format!("http_reqs{tags} value=1 {ns}\nhttp_req_duration{tags} value={ms} {ns}\n")
}

fn parse(by: &str, parameters: &[(&str, &str)]) -> Result<Asked, String> {
    let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    Asked::parse(by, &parameters.iter().map(owned).collect::<Vec<_>>())
}

#[test]
fn a_tag_that_a_submetric_names_groups_and_filters_with_all_the_others() {
    let server = Server::new();
    block_on(server.service.declare("t", REGION.as_bytes())).expect("they are options");
    for second in 0..10 {
        let body: String =
            [("eu", "a", 10), ("eu", "b", 20), ("us", "a", 30), ("us", "a", 50), ("", "b", 70)]
                .map(|(region, scenario, ms)| regional(second, region, scenario, ms))
                .concat();
        server.post(Wire::InfluxLines, "t", "k6", body.as_bytes());
        server.pass(1_000);
    }
    let run = server.finish("t");
    let summary = server.summary(&run);
    assert_eq!(summary["requestTags"], json!({"region": ["", "eu", "us"]}), "names are no tag of their own");
    let document = |by: &str, parameters: &[(&str, &str)], window: Window| -> Value {
        let asked = parse(by, parameters).expect("it can be asked");
        let document = block_on(server.service.requests(&run, &asked, window)).expect("a document");
        serde_json::from_str(&document).expect("JSON")
    };
    for window in [Window::Whole, WHOLE_WINDOW] {
        let by_region = document("tag:region", &[], window);
        assert_eq!((&by_region["by"], &by_region["other"]), (&json!(["tag:region"]), &json!(0)));
        let counts: Vec<_> = rows(&by_region).iter().map(|row| (&row["key"][0], &row["count"])).collect();
        let expected =
            [("", 10), ("eu", 20), ("us", 20)].map(|(region, count)| (json!(region), json!(count)));
        assert_eq!(counts, expected.each_ref().map(|(region, count)| (region, count)));
        let own = &summary["metrics"]["http_req_duration{region:eu}"]["values"];
        let eu = document("name", &[("tag", "region:eu")], window);
        assert_eq!(eu["whole"]["p95"], own["p(95)"], "the figures of the submetric");
        let both = document("scenario,tag:region", &[("tag", "region:us"), ("scenario", "a")], window);
        assert_eq!((rows(&both).len(), &both["whole"]["count"]), (1, &json!(20)));
        assert_eq!(rows(&both)[0]["key"], json!(["a", "us"]));
        let any = document("name", &[("tag", "region:us"), ("tag", "region:eu"), ("from", "1s")], window);
        assert_eq!(any["whole"]["count"], 40, "one of its values; parameters that are no facet are none");
        let none = document("name", &[("tag", "region:")], window);
        assert_eq!(none["whole"]["count"], 10, "those without the tag");
        let asked = parse("tag:tier", &[]).expect("it can be asked");
        let refused = block_on(server.service.requests(&run, &asked, window));
        let why = "no requests are kept by the tag tier";
        assert!(
            matches!(&refused, Err(Refusal::NotFound(said)) if said.starts_with(why) && said.ends_with("region")),
            "{refused:?}"
        );
    }
    assert!(parse("tag:", &[]).expect_err("no key").contains("tag:KEY"));
    assert!(parse("colour", &[]).expect_err("no facet").contains("method, name, status"));
    assert!(parse("name", &[("tag", "region")]).expect_err("no value").contains("tag=region:eu"));
}

#[test]
fn requests_from_before_a_tag_was_named_match_nothing_that_is_asked_of_it() {
    let server = Server::new();
    for second in 0..10 {
        if second == 4 {
            block_on(server.service.declare("t", REGION.as_bytes())).expect("they are options");
        }
        let body = regional(second, "eu", "a", 10) + &regional(second, "us", "b", 10);
        server.post(Wire::InfluxLines, "t", "k6", body.as_bytes());
        server.pass(1_000);
    }
    let run = server.finish("t");
    for window in [Window::Whole, WHOLE_WINDOW] {
        let tag = || Facet::Tag("region".to_owned());
        let all = ask(&server, &run, &[tag()], &[], window);
        let counts: Vec<_> = rows(&all).iter().map(|row| (&row["key"][0], &row["count"])).collect();
        assert_eq!(
            counts,
            [(&json!("eu"), &json!(6)), (&json!("us"), &json!(6)), (&json!("(other)"), &json!(8))]
        );
        let eu = ask(&server, &run, &[Facet::Name], &[(tag(), "eu")], window);
        assert_eq!((&eu["whole"]["count"], &eu["other"]), (&json!(6), &json!(8)));
        let of_a = ask(&server, &run, &[Facet::Name], &[(tag(), "eu"), (Facet::Scenario, "a")], window);
        assert_eq!(
            (&of_a["whole"]["count"], &of_a["other"]),
            (&json!(6), &json!(4)),
            "the others are of no such scenario"
        );
        let names = ask(&server, &run, &[Facet::Name], &[], window);
        assert_eq!((rows(&names).len(), &names["other"]), (1, &json!(0)), "who does not ask of it sees all");
    }
}
