//! JMeters whose listeners say that their tests begin and end, by whatever connections they come.

use crate::support::{Server, block_on};
use loadgate::ingest::Precision;
use loadgate::record::Sent;
use serde_json::Value;
use std::collections::BTreeMap;

/// Between two rounds of a listener.
const ROUND_MS: u64 = 5_000;
/// Requests in a round.
const REQUESTS: u64 = 3;

/// What a JMeter says, and how it reaches the server.
#[derive(Clone, Copy)]
struct JMeter {
    application: &'static str,
    address: &'static str,
    by: By,
    /// `TAG_testid` of its plan.
    run: Option<&'static str>,
}

const SHOP: JMeter = JMeter { application: "shop", address: "10.0.0.7", by: By::New, run: None };

/// Connections that requests come by.
#[derive(Debug, Clone, Copy, PartialEq)]
enum By {
    /// A new one for each, or for each a new one of a proxy.
    New,
    /// One that is nobody else's.
    Own,
    /// The one that a proxy keeps.
    Shared,
}

/// What happens at a moment, in ms.
#[derive(Clone, Copy)]
enum Act {
    Start(JMeter),
    Round(JMeter),
    /// It ends, and has requests of its last moments to tell, or none.
    End(JMeter, u64),
    /// Somebody wants a run of its own for what follows.
    NewRun,
    /// k6 says that it begins …
    K6Begins,
    /// … and posts by the same connection.
    K6,
}

impl JMeter {
    fn event(self, word: &str, now_ms: u64) -> String {
        let tags = self.tags();
        format!("events,{tags},title=ApacheJMeter text=\"Shop {word}\" {now_ms}000000\n")
    }

    fn name(self) -> String {
        format!("{} at {} by {:?}", self.application, self.address, self.by)
    }

    fn tags(self) -> String {
        let run = self.run.map_or_else(String::new, |run| format!(",testid={run}"));
        format!("application={}{run}", self.application)
    }

    fn points(self, requests: u64, now_ms: u64) -> String {
        let tags = self.tags();
        let point =
            |what: &str, fields: &str| format!("jmeter,{tags},transaction={what} {fields} {now_ms}000000\n");
        let times = format!("count={requests},avg=4.0,min=4.0,max=4.0,hit={requests},sb=10,rb=10");
        let mut points = String::new();
        if requests > 0 {
            points += &point("all,statut=all", &format!("{times},countError=0"));
            points += &point("home,statut=all", &times);
            points += &point("home,statut=ok", &times);
        }
        points + &point("internal", "minAT=1,maxAT=1,meanAT=1,startedT=1,endedT=0")
    }

    /// A whole life that begins and ends then.
    fn lives(self, from_ms: u64, until_ms: u64) -> Vec<(u64, Act)> {
        let rounds = (1..).map(|n| from_ms + n * ROUND_MS - 160).take_while(|&at| at < until_ms);
        let mut acts = vec![(from_ms, Act::Start(self))];
        acts.extend(rounds.map(|at| (at, Act::Round(self))));
        acts.push((until_ms, Act::End(self, 1)));
        acts
    }

    /// It is killed.
    fn dies(self, from_ms: u64, until_ms: u64) -> Vec<(u64, Act)> {
        let mut acts = self.lives(from_ms, until_ms);
        acts.pop();
        acts
    }
}

/// Plays lives beside each other until something happens last, and folds all the while or only then.
fn play(lives: &[Vec<(u64, Act)>], eager: bool) -> Server {
    let server = Server::new();
    let mut acts: Vec<(u64, usize, Act)> = Vec::new();
    for (who, life) in lives.iter().enumerate() {
        acts.extend(life.iter().map(|&(at_ms, act)| (at_ms, who, act)));
    }
    acts.sort_by_key(|&(at_ms, ..)| at_ms);
    let began_ms = server.hands_ms();
    let mut ports = 40_000;
    for (at_ms, who, act) in acts {
        while server.hands_ms() < began_ms + at_ms {
            server.pass((began_ms + at_ms - server.hands_ms()).min(1_000));
            if eager {
                server.fold("t");
            }
        }
        let now_ms = server.hands_ms();
        let (jmeter, body) = match act {
            Act::Start(jmeter) => (jmeter, jmeter.event("started", now_ms) + &jmeter.points(0, now_ms)),
            Act::Round(jmeter) => (jmeter, jmeter.points(REQUESTS, now_ms)),
            // JMeter tells its threads then, too; of a plan's last moments there may be nothing else.
            Act::End(jmeter, requests) => {
                (jmeter, jmeter.event("ended", now_ms) + &jmeter.points(requests, now_ms))
            }
            Act::NewRun => {
                block_on(server.service.new_run("t", None)).expect("it is taken");
                server.fold("t");
                continue;
            }
            Act::K6Begins => {
                block_on(server.service.hello(Some("t"), &format!("10.0.0.9:{}", 30_000 + who)))
                    .expect("a hello");
                continue;
            }
            Act::K6 => {
                let line = format!("http_reqs,method=GET value=1 {now_ms}000000\n");
                (JMeter { by: By::Own, address: "10.0.0.9", ..SHOP }, line)
            }
        };
        ports += 1;
        let port = match jmeter.by {
            By::New => ports,
            By::Own => 30_000 + who,
            By::Shared => 80,
        };
        let say = |request: &mut loadgate::ingest::Request| {
            request.precision = Precision::Nanoseconds;
            request.source = jmeter.address.to_owned();
            request.peer = format!("{}:{port}", jmeter.address);
        };
        let outcome = server.post_as(say, body.as_bytes(), true).expect("the request is fine");
        assert_eq!(outcome.failure, None, "at {at_ms} ms");
        assert_eq!(outcome.receipt.refused, 0, "{:?}", outcome.receipt.errors);
        for log in outcome.dirty_logs.iter().filter(|_| eager) {
            server.fold(&log.to_string());
        }
    }
    for log in ["t", "t.night"] {
        server.fold(log);
    }
    server
}

/// The runs, each with its requests and whether it has ended.
fn runs(server: &Server) -> BTreeMap<String, (u64, bool)> {
    let list: Vec<Value> = serde_json::from_str(&server.list(Some("t"), 100, false)).expect("JSON");
    let ids = list.iter().map(|item| item["id"].as_str().expect("an id"));
    ids.map(|id| {
        let ended = server.summary(id)["state"] == "ended";
        if !ended {
            // Figures are of windows that have closed.
            block_on(server.service.finish_run(id, Sent::All)).expect("it is live");
        }
        let requests = &server.summary(id)["metrics"]["http_reqs"]["values"]["count"];
        (id.to_owned(), (requests.as_u64().unwrap_or(0), ended))
    })
    .collect()
}

/// Holds what becomes of lives against what is wanted, whoever folds and when.
#[track_caller]
fn assert_runs(what: &str, lives: &[Vec<(u64, Act)>], wanted: &[(&str, u64, bool)]) {
    let wanted: BTreeMap<String, (u64, bool)> =
        wanted.iter().map(|&(id, requests, ended)| (id.to_owned(), (requests, ended))).collect();
    for eager in [true, false] {
        assert_eq!(runs(&play(lives, eager)), wanted, "{what}, folded all the while: {eager}");
    }
}

/// Those of a life of that length.
fn requests(life: &[(u64, Act)]) -> u64 {
    let of = |act: &Act| match act {
        Act::Round(_) => REQUESTS,
        Act::End(_, requests) => *requests,
        Act::K6 => 1,
        Act::Start(_) | Act::NewRun | Act::K6Begins => 0,
    };
    life.iter().map(|(_, act)| of(act)).sum()
}

#[test]
fn a_jmeter_ends_its_run_whatever_connections_it_comes_by() {
    for by in [By::New, By::Own, By::Shared] {
        let jmeter = JMeter { by, ..SHOP };
        // Its last round was a moment ago, or it had none.
        for until_ms in [400, 4_900, 11_000, 14_800, 63_000] {
            let life = jmeter.lives(0, until_ms);
            let all = requests(&life);
            assert_runs(&format!("{until_ms} ms, by: {by:?}"), &[life], &[("t.1", all, true)]);
        }
        let mut quiet = jmeter.lives(0, 11_000);
        quiet.pop();
        let all = requests(&quiet);
        quiet.push((11_000, Act::End(jmeter, 0)));
        assert_runs("nothing in its last moments", &[quiet], &[("t.1", all, true)]);
    }
}

#[test]
fn a_jmeter_after_the_other_has_a_run_of_its_own() {
    for by in [By::New, By::Own, By::Shared] {
        let jmeter = JMeter { by, ..SHOP };
        let (first, second) = (jmeter.lives(0, 21_000), jmeter.lives(21_300, 33_000));
        let wanted = [("t.1", requests(&first), true), ("t.2", requests(&second), true)];
        assert_runs(&format!("by: {by:?}"), &[first, second], &wanted);
        // Who was killed said nothing, and is missed.
        let (first, second) = (jmeter.dies(0, 21_000), jmeter.lives(23_000, 47_000));
        let wanted = [("t.1", requests(&first), true), ("t.2", requests(&second), true)];
        assert_runs(&format!("killed, by: {by:?}"), &[first, second], &wanted);
    }
}

#[test]
fn two_that_begin_behind_one_that_was_killed_are_a_run_of_their_own() {
    for by in [By::New, By::Own] {
        let jmeter = JMeter { by, ..SHOP };
        let lives = [jmeter.dies(0, 19_900), jmeter.lives(20_500, 47_000), jmeter.lives(20_900, 42_000)];
        let wanted = [("t.1", requests(&lives[0]), true), ("t.2", requests(&lives[1..].concat()), true)];
        assert_runs(&format!("by: {by:?}"), &lives, &wanted);
    }
}

#[test]
fn a_jmeter_that_begins_a_moment_before_the_other_ends_is_of_its_run() {
    for by in [By::New, By::Own, By::Shared] {
        let jmeter = JMeter { by, ..SHOP };
        let lives = [jmeter.lives(0, 20_000), jmeter.lives(19_900, 41_000)];
        assert_runs(&format!("by: {by:?}"), &lives, &[("t.1", requests(&lives.concat()), true)]);
    }
}

#[test]
fn two_jmeters_are_one_run_until_the_last_of_them_ends() {
    let ways = [By::New, By::Own, By::Shared];
    let cases = (0..36).map(|case| (case & 1 != 0, case & 2 != 0, ways[case / 4 % 3], ways[case / 12]));
    for (same_application, same_address, by, others) in cases {
        let one = JMeter { by, ..SHOP };
        let other = JMeter {
            application: if same_application { "shop" } else { "stock" },
            address: if same_address { SHOP.address } else { "10.0.0.8" },
            by: others,
            ..SHOP
        };
        for joins_ms in [100, 3_100, 12_400] {
            let what = format!("{} and {} at {joins_ms} ms", one.name(), other.name());
            let (first, second) = (one.lives(0, 31_200), other.lives(joins_ms, 71_000));
            let all = requests(&first) + requests(&second);
            let lives = [first, second];
            assert_runs(&what, &lives, &[("t.1", all, true)]);
            let mut before = lives.clone();
            before[1].retain(|(at_ms, _)| *at_ms < 60_000);
            let all = before.iter().map(|life| requests(life)).sum();
            assert_runs(&format!("{what}, before the last ends"), &before, &[("t.1", all, false)]);
        }
    }
}

#[test]
fn a_new_run_has_the_jmeters_that_go_on() {
    for by in [By::New, By::Own, By::Shared] {
        let jmeter = JMeter { by, ..SHOP };
        let lives = [jmeter.lives(0, 31_200), jmeter.lives(100, 47_000), vec![(22_000, Act::NewRun)]];
        let (mut before, mut after) = (0, 0);
        for (at_ms, act) in lives.iter().flatten() {
            *(if *at_ms < 22_000 { &mut before } else { &mut after }) += requests(&[(*at_ms, *act)]);
        }
        assert_runs(&format!("by: {by:?}"), &lives, &[("t.1", before, true), ("t.2", after, true)]);
    }
}

#[test]
fn a_jmeter_that_ends_leaves_the_run_to_a_k6_beside_it() {
    for by in [By::New, By::Own] {
        for begins_s in [0, 1, 12] {
            let posts = (begins_s + 1..40).map(|second| (second * 1_000, Act::K6));
            let k6: Vec<_> = [(begins_s * 1_000, Act::K6Begins)].into_iter().chain(posts).collect();
            let life = JMeter { by, ..SHOP }.lives(500, 21_000);
            let all = requests(&life) + requests(&k6);
            assert_runs(&format!("{by:?}, k6 from {begins_s} s on"), &[life, k6], &[("t.1", all, false)]);
        }
    }
}

#[test]
fn one_that_was_killed_does_not_keep_the_run_of_another() {
    let stays = JMeter { by: By::Own, ..SHOP };
    let lives = [stays.dies(0, 21_000), stays.lives(300, 41_000)];
    let all = requests(&lives[0]) + requests(&lives[1]);
    assert_runs("it is missed", &lives, &[("t.1", all, true)]);
}

#[test]
fn an_end_without_samples_is_of_the_run_that_its_plan_names() {
    let jmeter = JMeter { run: Some("night"), ..SHOP };
    let mut life = jmeter.lives(0, 11_000);
    life.pop();
    let all = requests(&life);
    life.push((11_000, Act::End(jmeter, 0)));
    let other = SHOP.lives(200, 11_600);
    let others = requests(&other);
    let mut live = other.clone();
    live.pop();
    assert_runs("both", &[life.clone(), other], &[("t.1", others, true), ("t.night", all, true)]);
    assert_runs("the other goes on", &[life, live], &[("t.1", others - 1, false), ("t.night", all, true)]);
}

#[test]
fn a_jmeter_that_nobody_heard_begin_is_not_ended_by_another() {
    let mut untold = JMeter { by: By::Own, address: "10.0.0.8", ..SHOP }.lives(0, 41_000);
    untold.remove(0);
    let all = |lives: &[Vec<(u64, Act)>]| lives.iter().map(|life| requests(life)).sum::<u64>();
    // The other was there before; it did not reach the server at its begin.
    let mut lives = [SHOP.lives(100, 31_000), untold];
    assert_runs("both end", &lives, &[("t.1", all(&lives), true)]);
    lives[1].pop();
    assert_runs("one ends", &lives, &[("t.1", all(&lives), false)]);
    // Of neither is known that it began, and both are at one address.
    let stays = JMeter { by: By::Own, ..SHOP };
    let mut lives = [stays.lives(0, 31_000), stays.lives(1_000, 41_000)];
    lives.iter_mut().for_each(|life| _ = life.remove(0));
    assert_runs("both end", &lives, &[("t.1", all(&lives), true)]);
    lives[1].pop();
    assert_runs("one ends", &lives, &[("t.1", all(&lives), false)]);
}
