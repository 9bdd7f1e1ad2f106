//! The log's protocol under seeded schedules: many writers, readers, folders and reapers
//! interleaved at every store operation, crashed between any two, with writes that come late.
//!
//! `LOADGATE_SEED=n` runs one schedule alone.

mod model;
pub(super) mod world;

use super::fault::{self, Fault};
use super::runs::Cursor;
use crate::ingest::{Encoding, Precision, Request, Wire};
use crate::names::{LogName, RunId, TestName};
use crate::service::Service;
use crate::settings::Settings;
use model::Model;
use std::cell::RefCell;
use std::rc::Rc;
use world::{Scheduler, SimClock, SimStore, World};

type Replica = Rc<Service<SimStore, SimClock>>;

const TEST: &str = "t";
const INSTANCES: usize = 3;
const WRITERS: u64 = 2;
const SCHEDULES: u64 = 2_000;
/// Batches of one schedule: each has a row of its own in the breakdown, which has 300.
const BATCHES: u64 = 220;
/// Clocks of replicas differ by less than 10 s.
const SKEW_MS: u64 = 4_900;

#[derive(Clone, Copy)]
struct Plan {
    seed: u64,
    skew_ms: u64,
}

struct Simulation {
    world: Rc<World>,
    model: Rc<RefCell<Model>>,
    scheduler: Scheduler,
    plan: Plan,
    end_ms: u64,
    /// Between two batches of one client, on average.
    pause_ms: u64,
}

impl Simulation {
    fn new(plan: Plan) -> Self {
        let world = World::new(plan.seed);
        // Most are short; some are long enough for records to be deleted, and some slow as well.
        world.sluggish.set(world.chance(50));
        let length = match world.below(100) {
            _ if world.sluggish.get() => 1_500_000,
            0..10 => 600_000,
            _ => 60_000 + world.below(120_000),
        };
        let end_ms = world.now_ms.get() + length;
        let pause_ms = length * INSTANCES as u64 * WRITERS / BATCHES;
        let model = Rc::default();
        Simulation { world, model, scheduler: Scheduler::default(), plan, end_ms, pause_ms }
    }

    fn replica(&self) -> Replica {
        let spread = 2 * self.plan.skew_ms + 1;
        let skew_ms = self.world.below(spread) as i64 - self.plan.skew_ms as i64;
        let clock = SimClock { world: self.world.clone(), skew_ms };
        Rc::new(Service::new(SimStore(self.world.clone()), clock, Settings::default()))
    }

    /// An instance begins, with its folder, its reader and its clients.
    fn start(&mut self, instance: usize) {
        let replica = self.replica();
        let (world, model, end_ms) = (self.world.clone(), self.model.clone(), self.end_ms);
        let pause_ms = self.pause_ms;
        self.scheduler.spawn(instance, fold(world.clone(), replica.clone(), end_ms));
        self.scheduler.spawn(instance, read(world.clone(), model.clone(), replica.clone(), end_ms));
        self.scheduler.spawn(instance, command(world.clone(), replica.clone(), end_ms));
        for _ in 0..WRITERS {
            let numbered = world.chance(500);
            self.scheduler.spawn(
                instance,
                write(world.clone(), model.clone(), replica.clone(), numbered, pause_ms, end_ms),
            );
        }
    }

    /// Runs the schedule; gives what cannot be, if anything.
    fn run(mut self) -> Option<String> {
        for instance in 0..INSTANCES {
            self.start(instance);
        }
        while self.scheduler.step(&self.world, self.end_ms) {
            if self.world.chance(1) {
                let instance = self.world.below(INSTANCES as u64) as usize;
                self.scheduler.crash(instance);
                self.start(instance);
            }
            if let Some(wrong) = self.model.borrow_mut().wrong.take() {
                return Some(wrong);
            }
        }
        self.settle()
    }

    /// A last client, and an instance that knows nothing, bring everything to its end.
    fn settle(&mut self) -> Option<String> {
        self.scheduler.stop(&self.world);
        let (world, model) = (self.world.clone(), self.model.clone());
        world.now_ms.set(world.now_ms.get() + 600_000);
        let log = LogName::unnamed(TestName::from_foreign(TEST));
        let replica = self.replica();
        super::testing::block_on(async {
            let number = model.borrow_mut().send(1, false);
            if post(&world, &replica, number, 1, None).await {
                model.borrow_mut().sent[number].acknowledged = true;
            }
            for _ in 0..20_000 {
                match replica.advance(TEST).await {
                    Ok(progress) if progress.more => {}
                    Ok(progress) => match progress.again_ms {
                        Some(ms) => world.now_ms.set(world.now_ms.get() + ms.clamp(1, 60_000)),
                        None => break,
                    },
                    Err(error) => return Some(error.to_string()),
                }
            }
            let fresh = self.replica();
            let mut summaries = Vec::new();
            for number in 1.. {
                let run = log.run(number);
                let Ok(summary) = fresh.summary(&run.to_string()).await else { break };
                summaries.push(serde_json::from_str(&summary).expect("a summary is JSON"));
                if let Err(wrong) = read_all(&model, &fresh, &run).await {
                    return Some(wrong);
                }
            }
            model.borrow_mut().check(&world, &log, &summaries);
            model.borrow_mut().wrong.take()
        })
    }
}

/// Reads a run whole: ids from 0, `stop` at the end.
async fn read_all(model: &RefCell<Model>, replica: &Replica, run: &RunId) -> Result<(), String> {
    let mut cursor = Cursor::default();
    loop {
        let page = replica.read(&run.to_string(), cursor).await.map_err(|error| error.to_string())?;
        if cursor.id == 0 && page.events.first().and_then(|event| event.id) != Some(0) {
            return Err(format!("{run} does not begin with id 0"));
        }
        model.borrow_mut().see(run, &page);
        cursor = page.cursor;
        if page.ended {
            return Ok(());
        }
        if page.current {
            return Err(format!("{run} has no end"));
        }
    }
}

async fn fold(world: Rc<World>, replica: Replica, end_ms: u64) {
    while world.now_ms.get() < end_ms {
        let wait = match replica.advance(TEST).await {
            Ok(progress) if progress.more => 0,
            Ok(progress) => progress.again_ms.unwrap_or(2_000).min(2_000),
            Err(_) => 1_000,
        };
        world.sleep(wait + world.below(500)).await;
    }
}

async fn read(world: Rc<World>, model: Rc<RefCell<Model>>, replica: Replica, end_ms: u64) {
    while world.now_ms.get() < end_ms {
        world.sleep(world.below(20_000)).await;
        let Ok(Some(run)) = replica.newest(Some(TEST)).await else { continue };
        let after = world.chance(500).then(|| world.below(60));
        let Ok(mut cursor) = replica.seek(&run.to_string(), after).await else { continue };
        for _ in 0..10 {
            let Ok(page) = replica.read(&run.to_string(), cursor).await else { break };
            model.borrow_mut().see(&run, &page);
            cursor = page.cursor;
            if page.ended {
                break;
            }
            world.sleep(world.below(3_000)).await;
        }
    }
}

/// Now and then somebody begins, ends or declares something.
async fn command(world: Rc<World>, replica: Replica, end_ms: u64) {
    while world.now_ms.get() < end_ms {
        world.sleep(world.below(120_000)).await;
        match world.below(6) {
            0 => drop(replica.new_run(TEST).await),
            1 | 2 => drop(replica.finish_run(TEST).await),
            3 => {
                let options = format!(r#"{{"thresholds":{{"http_reqs":["count>{}"]}}}}"#, world.below(3));
                drop(replica.declare(TEST, options.as_bytes()).await);
            }
            _ => drop(replica.hello(Some(TEST)).await),
        }
    }
}

/// A client that posts small batches; a numbered one repeats what was not acknowledged.
async fn write(
    world: Rc<World>,
    model: Rc<RefCell<Model>>,
    replica: Replica,
    numbered: bool,
    pause_ms: u64,
    end_ms: u64,
) {
    let client = format!("c{}", world.below(u64::MAX));
    for sequence in 0.. {
        let pause = if world.chance(20) { world.below(45_000) } else { world.below(2 * pause_ms) };
        world.sleep(pause).await;
        if world.now_ms.get() >= end_ms {
            return;
        }
        let samples = 1 + world.below(3);
        let number = model.borrow_mut().send(samples, numbered);
        let attempts = if numbered { 1 + world.below(4) } else { 1 };
        for _ in 0..attempts {
            let name = numbered.then_some((client.as_str(), sequence));
            if post(&world, &replica, number, samples, name).await {
                model.borrow_mut().sent[number].acknowledged = true;
                // Some do not hear the answer, and repeat all the same.
                if !world.chance(200) {
                    break;
                }
            }
        }
    }
}

/// Posts one batch; true when it was acknowledged.
async fn post(
    world: &World,
    replica: &Replica,
    number: usize,
    samples: u64,
    numbered: Option<(&str, u64)>,
) -> bool {
    let time = world.now_ms.get();
    let line = format!("http_reqs,method=GET,name=b{number} value=1 {time}\n");
    let request = Request {
        wire: Wire::InfluxLines,
        encoding: Encoding::Identity,
        precision: Precision::Milliseconds,
        test: Some(TEST.to_owned()),
        run: None,
        source: numbered.map_or("s", |(client, _)| client).to_owned(),
        sequence: numbered.map(|(_, sequence)| sequence),
        import: false,
    };
    let Ok(mut session) = replica.open(request).await else { return false };
    let pushed = session.push(replica, line.repeat(samples as usize).as_bytes()).await;
    let outcome = session.finish(replica, true).await;
    pushed.is_ok() && outcome.failure.is_none() && outcome.receipt.accepted == samples
}

/// The seed of the first schedule that goes wrong, and how.
fn first_wrong(schedules: u64, skew_ms: u64) -> Option<(u64, String)> {
    (1..=schedules).find_map(|seed| Simulation::new(Plan { seed, skew_ms }).run().map(|wrong| (seed, wrong)))
}

#[test]
fn no_schedule_loses_doubles_or_changes_anything() {
    if let Some(seed) = std::env::var("LOADGATE_SEED").ok().and_then(|seed| seed.parse().ok()) {
        assert_eq!(Simulation::new(Plan { seed, skew_ms: SKEW_MS }).run(), None);
        return;
    }
    if let Some((seed, wrong)) = first_wrong(SCHEDULES, SKEW_MS) {
        panic!("LOADGATE_SEED={seed}: {wrong}");
    }
}

/// Each deliberate mistake is noticed within as many schedules as must pass without it.
fn is_caught(mistake: Fault) {
    fault::set(Some(mistake));
    let caught = first_wrong(SCHEDULES, SKEW_MS);
    fault::set(None);
    let (seed, wrong) = caught.unwrap_or_else(|| panic!("{mistake:?} went unnoticed"));
    println!("{mistake:?} is caught by seed {seed}: {wrong}");
}

#[test]
fn forgetting_decisions_is_caught() {
    is_caught(Fault::ForgetHoles);
}

#[test]
fn acknowledging_a_dying_ticket_is_caught() {
    is_caught(Fault::AcknowledgeDying);
}

#[test]
fn deciding_without_reading_again_is_caught() {
    is_caught(Fault::DecideUnread);
}

#[test]
fn trusting_old_records_is_caught() {
    is_caught(Fault::TrustOldRecords);
}

#[test]
fn writing_events_first_is_caught() {
    is_caught(Fault::EventsFirst);
}

#[test]
fn deleting_early_is_caught() {
    is_caught(Fault::DeleteEarly);
}

#[test]
fn believing_absence_is_caught() {
    is_caught(Fault::BelieveAbsence);
}

#[test]
fn clocks_that_differ_too_much_are_caught() {
    let caught = first_wrong(SCHEDULES, 60_000);
    assert!(caught.is_some(), "clocks may differ by two minutes and nobody notices");
}
