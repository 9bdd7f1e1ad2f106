//! Who uses the product in a schedule on the machines' side: folders, readers, and clients that write to logs
//! of every kind.

use super::model::Model;
use super::uploads::{Batch, Custom, Post};
use super::world::{START_MS, SimClock, SimStore, World};
use crate::ingest::Wire;
use crate::names::{LogName, RunId, TestName};
use crate::record::Sent;
use crate::service::Service;
use crate::settings::Settings;
use std::cell::RefCell;
use std::rc::Rc;

pub type Replica = Rc<Service<SimStore, SimClock>>;

pub const TEST: &str = "t";

/// What is imported was measured long before.
const IMPORTED_MS: u64 = START_MS - 6 * 3_600_000;

/// Custom metrics that clients declare, each with a type that changes.
const CUSTOM: u64 = 3;

pub fn unnamed() -> LogName {
    LogName::unnamed(TestName::from_foreign(TEST))
}

/// What everybody in a schedule shares.
pub struct Stage {
    pub settings: Settings,
    /// Clocks of instances are wrong by this at the most.
    pub skew_ms: u64,
    /// Uploads are cut, come in pieces, and are repeated through other instances.
    pub rough: bool,
    pub world: Rc<World>,
    pub model: RefCell<Model>,
    pub end_ms: u64,
    /// Between two batches of one client, on average.
    pub pause_ms: u64,
}

impl Stage {
    /// One on which nothing goes wrong unless it is told to.
    pub fn calm() -> Self {
        let world = World::new(1, 0);
        world.calm.set(true);
        Stage {
            settings: Settings::default(),
            skew_ms: 0,
            rough: false,
            world,
            model: RefCell::default(),
            end_ms: u64::MAX,
            pause_ms: 1,
        }
    }

    pub fn is_over(&self) -> bool {
        self.world.now_ms.get() >= self.end_ms
    }

    /// An instance that knows nothing.
    pub fn instance(&self) -> Replica {
        let skew_ms = self.world.below(2 * self.skew_ms + 1) as i64 - self.skew_ms as i64;
        let clock = SimClock::new(&self.world, skew_ms);
        Rc::new(Service::new(SimStore(self.world.clone()), clock, self.settings.clone()))
    }

    /// One of the logs that were written to and that are wanted.
    pub fn any_log(&self, wanted: impl Fn(&LogName) -> bool) -> Option<LogName> {
        let logs: Vec<LogName> = self.model.borrow().logs().filter(|log| wanted(log)).cloned().collect();
        (!logs.is_empty()).then(|| logs[self.world.below(logs.len() as u64) as usize].clone())
    }

    pub async fn pause(&self) {
        let longest = if self.world.chance(20) { 45_000 } else { 2 * self.pause_ms };
        self.world.sleep(self.world.below(longest)).await;
    }
}

/// Folds the unnamed log, or else the others in turns.
pub async fn fold(stage: Rc<Stage>, replica: Replica, named: bool) {
    let world = &stage.world;
    while !stage.is_over() {
        let log = if named { stage.any_log(|log| log.name.is_some()) } else { Some(unnamed()) };
        let wait = match log {
            Some(log) => match replica.advance(&log.to_string()).await {
                Ok(progress) if progress.more => 0,
                Ok(progress) => progress.again_ms.unwrap_or(2_000).min(2_000),
                Err(_) => 1_000,
            },
            None => 2_000,
        };
        world.sleep(wait + world.below(500)).await;
    }
}

pub async fn read(stage: Rc<Stage>, replica: Replica) {
    let world = &stage.world;
    while !stage.is_over() {
        world.sleep(world.below(20_000)).await;
        let newest = if world.chance(500) { replica.newest(Some(TEST)).await.ok().flatten() } else { None };
        let other = || stage.any_log(|_| true).map(|log| log.run(1 + world.below(2)));
        let Some(run) = newest.or_else(other) else { continue };
        let after = world.chance(500).then(|| world.below(60));
        let Ok(mut cursor) = replica.seek(&run.to_string(), after).await else { continue };
        for _ in 0..10 {
            let Ok(page) = replica.read(&run.to_string(), cursor).await else { break };
            stage.model.borrow_mut().see(&run, &page);
            cursor = page.cursor;
            if page.ended {
                break;
            }
            world.sleep(world.below(3_000)).await;
        }
    }
}

/// A client that posts small batches, all its life to logs of one kind.
pub async fn write(stage: Rc<Stage>, replica: Replica) {
    let world = stage.world.clone();
    let client = Client {
        name: format!("c{}", world.below(u64::MAX)),
        numbered: world.chance(500),
        wire: if world.chance(300) { Wire::K6Json } else { Wire::InfluxLines },
        tagging: world.chance(500),
        stage,
        replica,
    };
    match world.below(10) {
        0..6 => client.generate(unnamed()).await,
        6..8 => client.generate(LogName { name: Some("night".to_owned()), ..unnamed() }).await,
        _ => client.import().await,
    }
}

struct Client {
    stage: Rc<Stage>,
    replica: Replica,
    name: String,
    /// Repeats what was not acknowledged.
    numbered: bool,
    wire: Wire,
    /// Names runs by a tag of the lines, not by the request.
    tagging: bool,
}

impl Client {
    async fn generate(self, log: LogName) {
        for sequence in 0.. {
            self.stage.pause().await;
            if self.stage.is_over() {
                return;
            }
            let mut logs = vec![log.clone()];
            if self.tagging && log.name.is_some() && self.stage.world.chance(300) {
                logs.push(unnamed());
            }
            self.deliver(&logs, self.stage.world.now_ms.get(), sequence).await;
        }
    }

    /// Two files at once, merged by time, then the finish; sometimes several share one import.
    async fn import(self) {
        let world = &self.stage.world;
        let mut sequence = 0;
        while !self.stage.is_over() {
            self.stage.pause().await;
            let log = match self.stage.any_log(is_import) {
                Some(log) if world.chance(300) => log,
                _ => {
                    let Ok(name) = self.replica.new_import(Some(TEST)).await else { continue };
                    let log = LogName { name: Some(name), ..unnamed() };
                    self.stage.model.borrow_mut().import(log.clone());
                    log
                }
            };
            let mut files = [IMPORTED_MS, IMPORTED_MS + world.below(60_000)];
            for _ in 0..=world.below(20) {
                self.stage.pause().await;
                if self.stage.is_over() {
                    return;
                }
                let time_ms = &mut files[world.below(2) as usize];
                *time_ms += world.below(10_000);
                self.deliver(std::slice::from_ref(&log), *time_ms, sequence).await;
                sequence += 1;
            }
            if world.chance(900) {
                self.finish(&log.run(1)).await;
            }
        }
    }

    /// Nobody can finish a run that was not folded yet: asks again then.
    async fn finish(&self, run: &RunId) {
        let world = &self.stage.world;
        for _ in 0..5 {
            // Some do not hear the answer, and ask again all the same.
            if self.replica.finish_run(&run.to_string(), Sent::Perhaps).await.is_ok() && !world.chance(100) {
                return;
            }
            world.sleep(world.below(5_000)).await;
        }
    }

    async fn deliver(&self, logs: &[LogName], time_ms: u64, sequence: u64) {
        let world = &self.stage.world;
        let in_pieces = self.stage.rough && self.numbered && logs.len() == 1 && world.chance(150);
        let mut batches = Vec::new();
        for piece in 0..if in_pieces { 2 + world.below(2) } else { 1 } {
            for log in logs {
                let samples = 1 + world.below(3);
                let model = &mut self.stage.model.borrow_mut();
                let batch = Batch::new(model, log, samples, self.numbered);
                let ahead = in_pieces && piece == 0 && !is_import(log) && world.chance(400);
                batches.push(Batch { ahead, ..batch });
            }
        }
        // Now and then a test begins or ends, of whatever connection.
        let says = |number: usize| match number % 7 {
            0 => Some("started"),
            5 => Some("ended"),
            _ => None,
        };
        let jmeter = self.stage.rough && self.wire == Wire::InfluxLines && !in_pieces;
        let post = Post {
            event: batches.first().filter(|_| jmeter).and_then(|batch| says(batch.number)),
            batches,
            in_pieces,
            source: if self.numbered { self.name.clone() } else { "s".to_owned() },
            sequence: self.numbered.then_some(sequence),
            wire: self.wire,
            tagging: self.tagging,
            time_ms,
            declared: (self.wire == Wire::K6Json && world.chance(300)).then(|| Custom {
                metric: world.below(CUSTOM),
                kind: ["counter", "gauge", "rate", "trend"][world.below(4) as usize],
            }),
        };
        let attempts = if self.numbered { 1 + world.below(4) } else { 1 };
        for _ in 0..attempts {
            let other = (self.stage.rough && world.chance(300)).then(|| self.stage.instance());
            // Some do not hear the answer, and repeat all the same.
            if post.send(&self.stage, other.as_ref().unwrap_or(&self.replica)).await && !world.chance(200) {
                return;
            }
        }
    }
}

pub fn is_import(log: &LogName) -> bool {
    log.name.as_ref().is_some_and(|name| name.starts_with('i'))
}
