//! Tags of a whole run: what every sample has, whatever the order in which it came, and lists that find runs by it.

use crate::support::{Random, Server, block_on};
use loadgate::ingest::Refusal;
use loadgate::limits;
use loadgate::record::Sent;
use loadgate::service::List;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The tags of one sample, by key.
type Tags = BTreeMap<&'static str, String>;

/// What a naive reader makes of the records of a run: of each the tags that all samples have alike, of all those that
/// every record has, with their values.
fn naive(records: &[Vec<Tags>]) -> BTreeMap<String, BTreeSet<String>> {
    let alike = |samples: &Vec<Tags>| -> Tags {
        let mut alike = samples[0].clone();
        alike.retain(|key, value| samples.iter().all(|sample| sample.get(key) == Some(value)));
        alike.retain(|key, _| !["name", "scenario", "testid"].contains(key));
        alike
    };
    let records: Vec<Tags> = records.iter().map(alike).collect();
    let keys: BTreeSet<&str> = records.iter().flat_map(Tags::keys).copied().collect();
    keys.into_iter()
        .filter(|key| records.iter().all(|tags| tags.contains_key(key)))
        .map(|key| (key.to_owned(), records.iter().map(|tags| tags[key].clone()).collect::<BTreeSet<_>>()))
        .filter(|(_, values)| values.len() <= limits::TAG_VALUES)
        .collect()
}

fn body(samples: &[Tags], ms: u64) -> String {
    let line = |tags: &Tags| {
        let tags: String = tags.iter().map(|(key, value)| format!(",{key}={value}")).collect();
        format!("iterations{tags} value=1 {ms}\n")
    };
    samples.iter().map(line).collect()
}

fn send(server: &Server, test: &str, body: &str) {
    let outcome = server.post_as(|request| request.test = Some(test.to_owned()), body.as_bytes(), true);
    assert!(outcome.expect("it is taken").failure.is_none());
}

/// A run of a test that has ended, of samples with these tags.
fn ended_run(server: &Server, test: &str, tags: &[&str]) -> String {
    let lines: String =
        tags.iter().map(|tags| format!("http_reqs{tags} value=1 {}\n", server.hands_ms())).collect();
    send(server, test, &lines);
    server.fold(test);
    let run = block_on(server.service.finish_run(test, Sent::All)).expect("it is live");
    server.fold(test);
    server.pass(60_000);
    run.to_string()
}

fn list(server: &Server, asked: &List) -> Value {
    serde_json::from_str(&block_on(server.service.list(asked)).expect("a list")).expect("JSON")
}

fn found(server: &Server, tags: &[&str], search: Option<&str>) -> Vec<String> {
    let tags: Vec<String> = tags.iter().map(|&tag| tag.to_owned()).collect();
    let list = list(server, &List { tags: &tags, search, limit: 100, ..List::default() });
    list.as_array().expect("runs").iter().map(|run| run["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn a_run_has_the_tags_that_every_sample_has_whatever_the_order_of_records() {
    let mut met = BTreeSet::new();
    for seed in 0..200 {
        let random = &mut Random(seed);
        // How often a tag is left out, and how many values it has, of 1,000.
        let kinds: [(&str, usize, usize); 6] = [
            ("env", 0, 1),
            ("zone", 0, 1 + random.below(12)),
            ("region", 50, 2),
            ("build", [0, 20][random.below(2)], 1),
            ("name", 0, 1),
            ("scenario", 0, 2),
        ];
        let mut records: Vec<Vec<Tags>> = (0..1 + random.below(12))
            .map(|_| {
                // One generator has one zone.
                let zone = random.below(kinds[1].2);
                let sample = |random: &mut Random| {
                    let of = |&(key, left_out, values): &(&'static str, usize, usize)| {
                        let value = if key == "zone" { zone } else { random.below(values) };
                        (random.below(1_000) >= left_out).then(|| (key, format!("v{value}")))
                    };
                    kinds.iter().filter_map(of).collect()
                };
                (0..1 + random.below(10)).map(|_| sample(random)).collect()
            })
            .collect();
        let wanted = json!(naive(&records));
        met.insert(wanted.as_object().expect("an object").len());
        for _ in 0..2 {
            let server = Server::new();
            for samples in &records {
                send(&server, "t", &body(samples, server.hands_ms()));
            }
            server.fold("t");
            assert_eq!(found(&server, &["env:v0"], None), ["t.1"], "{seed}: a live run");
            let run = server.finish("t");
            let summary = server.summary(&run);
            assert_eq!(summary["tags"], wanted, "{seed}");
            assert_eq!(list(&server, &List { limit: 1, ..List::default() })[0]["tags"], wanted, "{seed}");
            records.reverse();
            let by = random.below(records.len());
            records.rotate_left(by);
        }
    }
    assert!(met.len() >= 3, "there are runs of one tag, and of several: {met:?}");
}

#[test]
fn more_tags_than_are_shown_are_counted() {
    let server = Server::new();
    let tags: String = (0..20).map(|at| format!(",k{at:02}=x")).collect();
    let run = ended_run(&server, "many", &[&tags]);
    let summary = server.summary(&run);
    assert_eq!(summary["tags"].as_object().expect("tags").len(), limits::SHOWN_TAGS);
    assert_eq!(summary["moreTags"], 20 - limits::SHOWN_TAGS);
    let few = ended_run(&server, "few", &[",env=a", ""]);
    assert_eq!(
        (&server.summary(&few)["tags"], &server.summary(&few)["moreTags"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn runs_are_found_by_their_tags_all_of_them_to_the_letter_and_by_words() {
    let server = Server::new();
    ended_run(&server, "shop", &[",env=staging,build=42"]);
    ended_run(&server, "shop", &[",env=staging,build=43", ",env=staging,build=43,region=eu"]);
    ended_run(&server, "shop", &[",env=live,build=43"]);
    send(&server, "shop", &format!("vus,env=staging,build=44 value=3 {}\n", server.hands_ms()));
    server.fold("shop");
    let by = |tags: &[&str]| found(&server, tags, None);
    assert_eq!(by(&["env:staging"]), ["shop.4", "shop.2", "shop.1"], "a live one among them");
    assert_eq!(by(&["env:staging", "build:43"]), ["shop.2"]);
    assert_eq!(by(&["env:stag"]), Vec::<String>::new());
    assert_eq!(by(&["region:eu"]), Vec::<String>::new(), "some samples' own");
    let words = |words| found(&server, &[], Some(words));
    assert_eq!(words("ENV:live"), ["shop.3"]);
    assert_eq!(words("staging run"), ["shop.4", "shop.2", "shop.1"]);
    assert_eq!(words("43"), ["shop.3", "shop.2"], "a value that is a number, whole");
    assert_eq!(words("4"), ["shop.4"], "its number");
    for wrong in ["env", ":staging", "env:", ""] {
        let tags = [wrong.to_owned()];
        let refused = block_on(server.service.list(&List { tags: &tags, limit: 1, ..List::default() }));
        assert!(matches!(&refused, Err(Refusal::Invalid(why)) if why.contains("env:staging")), "{refused:?}");
    }
}

#[test]
fn runs_that_are_over_are_found_by_tags_for_no_more_than_a_list_of_them_costs() {
    let server = Server::new();
    for build in 0..150 {
        ended_run(&server, "shop", &[&format!(",build=b{build}")]);
    }
    let cost = |asked: &List| {
        let before = server.memory.operations();
        let found = list(&server, asked).as_array().expect("runs").len();
        (found, server.memory.operations() - before)
    };
    let (all, listed) = cost(&List { limit: 200, ..List::default() });
    let tags = ["build:b0".to_owned()];
    let (one, searched) = cost(&List { limit: 200, tags: &tags, ..List::default() });
    assert_eq!((all, one), (150, 1));
    assert!(searched <= listed, "{searched} operations, {listed} for all of them");
}

#[test]
fn nothing_says_the_tags_of_a_run_that_was_erased() {
    let server = Server::new();
    let run = ended_run(&server, "shop", &[",env=secretly"]);
    let has = |text: &str| server.memory.keys_with(text.as_bytes());
    assert!(has("secretly").contains(&format!("run/{run}/ended")), "{:?}", has("secretly"));
    assert!(server.memory.keys().contains(&format!("run/{run}/figures")));
    block_on(server.service.delete_run(&run)).expect("it has ended");
    server.pass(700_000);
    while block_on(server.service.sweep("shop", 1)).expect("it sweeps") {}
    assert_eq!(has("secretly"), Vec::<String>::new());
    assert!(!server.memory.keys().iter().any(|key| key.ends_with("/figures")), "{:?}", server.memory.keys());
}
