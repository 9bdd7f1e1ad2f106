//! Who uses the product in a schedule: folders, readers, people who give commands, and clients that
//! write to logs of every kind.

use super::model::Model;
use super::world::{START_MS, SimClock, SimStore, World};
use crate::ingest::{Encoding, Precision, Request, Wire};
use crate::names::{LogName, RunId, TestName};
use crate::record::Sent;
use crate::service::Service;
use std::cell::RefCell;
use std::rc::Rc;

pub type Replica = Rc<Service<SimStore, SimClock>>;

pub const TEST: &str = "t";

/// What is imported was measured long before.
const IMPORTED_MS: u64 = START_MS - 6 * 3_600_000;

/// Custom metrics that clients declare, each with a type that changes.
const CUSTOM: u64 = 3;

/// Connections, by which any client may come: borders of runs fall anywhere.
const PEERS: u64 = 4;

fn sent(world: &World) -> Sent {
    match world.below(3) {
        0 => Sent::Perhaps,
        1 => Sent::All,
        _ => Sent::AllBy(format!("p{}", world.below(PEERS))),
    }
}

pub fn unnamed() -> LogName {
    LogName::unnamed(TestName::from_foreign(TEST))
}

/// What everybody in a schedule shares.
pub struct Stage {
    pub world: Rc<World>,
    pub model: RefCell<Model>,
    pub end_ms: u64,
    /// Between two batches of one client, on average.
    pub pause_ms: u64,
}

impl Stage {
    fn is_over(&self) -> bool {
        self.world.now_ms.get() >= self.end_ms
    }

    /// One of the logs that were written to and that are wanted.
    fn any_log(&self, wanted: impl Fn(&LogName) -> bool) -> Option<LogName> {
        let logs: Vec<LogName> = self.model.borrow().logs().filter(|log| wanted(log)).cloned().collect();
        (!logs.is_empty()).then(|| logs[self.world.below(logs.len() as u64) as usize].clone())
    }

    async fn pause(&self) {
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

/// Now and then somebody begins, ends or declares something.
pub async fn command(stage: Rc<Stage>, replica: Replica) {
    let world = &stage.world;
    while !stage.is_over() {
        world.sleep(world.below(120_000)).await;
        match world.below(8) {
            0 => drop(replica.new_run(TEST, None).await),
            1 | 2 => drop(replica.finish_run(TEST, sent(world)).await),
            3 => {
                if let Some(log) = stage.any_log(|log| log.name.is_some()) {
                    drop(replica.finish_run(&log.run(1 + world.below(2)).to_string(), sent(world)).await);
                }
            }
            4 | 5 => {
                let metric = ["http_reqs", "http_reqs{method:GET}"][world.below(2) as usize];
                let options = format!(r#"{{"thresholds":{{"{metric}":["count>{}"]}}}}"#, world.below(3));
                drop(replica.declare(TEST, options.as_bytes()).await);
            }
            // One of the connections that clients have.
            _ => drop(replica.hello(Some(TEST), &format!("p{}", world.below(PEERS))).await),
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
        let mut batches = Vec::new();
        for log in logs {
            let samples = 1 + world.below(3);
            let number = self.stage.model.borrow_mut().send(log, samples, self.numbered);
            batches.push(Batch { log: log.clone(), number, samples });
        }
        let post = Post {
            batches,
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
            // Some do not hear the answer, and repeat all the same.
            if post.send(&self.stage, &self.replica).await && !world.chance(200) {
                return;
            }
        }
    }
}

fn is_import(log: &LogName) -> bool {
    log.name.as_ref().is_some_and(|name| name.starts_with('i'))
}

struct Batch {
    log: LogName,
    /// The model's.
    number: usize,
    samples: u64,
}

/// A `Metric` line, and a sample of what it declares.
struct Custom {
    metric: u64,
    kind: &'static str,
}

/// One request; to several logs only by tags.
struct Post {
    batches: Vec<Batch>,
    source: String,
    sequence: Option<u64>,
    wire: Wire,
    tagging: bool,
    time_ms: u64,
    declared: Option<Custom>,
}

/// A last batch for a log, so that whatever is missing before it is seen to be.
pub async fn post_last(stage: &Stage, replica: &Replica, log: &LogName) {
    let number = stage.model.borrow_mut().send(log, 1, false);
    let post = Post {
        batches: vec![Batch { log: log.clone(), number, samples: 1 }],
        source: "s".to_owned(),
        sequence: None,
        wire: Wire::InfluxLines,
        tagging: false,
        time_ms: stage.world.now_ms.get(),
        declared: None,
    };
    post.send(stage, replica).await;
}

impl Post {
    /// True when it was acknowledged.
    async fn send(&self, stage: &Stage, replica: &Replica) -> bool {
        let log = &self.batches[0].log;
        let (body, lines) = self.body();
        let request = Request {
            wire: self.wire,
            encoding: Encoding::Identity,
            precision: Precision::Milliseconds,
            test: Some(TEST.to_owned()),
            run: log.name.clone().filter(|_| is_import(log) || !self.tagging),
            source: self.source.clone(),
            peer: if stage.world.chance(500) {
                String::new()
            } else {
                format!("p{}", stage.world.below(PEERS))
            },
            sequence: self.sequence,
            import: is_import(log),
        };
        let Ok(mut session) = replica.open(request).await else { return false };
        let pushed = session.push(replica, body.as_bytes()).await;
        let outcome = session.finish(replica, true).await;
        let acknowledged = pushed.is_ok() && outcome.failure.is_none() && outcome.receipt.accepted == lines;
        if acknowledged {
            stage.model.borrow_mut().acknowledge(self.batches.iter().map(|batch| batch.number));
        }
        for log in outcome.dirty_logs {
            if stage.world.chance(100) {
                drop(replica.advance(&log.to_string()).await);
            }
        }
        acknowledged
    }

    /// The lines, and how many.
    fn body(&self) -> (String, u64) {
        let mut lines = Vec::new();
        if let Some(Custom { metric, kind }) = self.declared {
            lines.push(format!(
                r#"{{"type":"Metric","data":{{"name":"m{metric}","type":"{kind}","contains":"default","thresholds":[],"submetrics":null}},"metric":"m{metric}"}}"#
            ));
            lines.push(self.line(&format!("m{metric}"), &self.batches[0]));
        }
        for batch in &self.batches {
            lines.extend((0..batch.samples).map(|_| self.line("http_reqs", batch)));
        }
        let count = lines.len() as u64;
        lines.push(String::new());
        (lines.join("\n"), count)
    }

    fn line(&self, metric: &str, batch: &Batch) -> String {
        let (name, time_ms) = (batch.number, self.time_ms);
        let run = batch.log.name.as_deref().filter(|_| self.tagging);
        match self.wire {
            Wire::InfluxLines => {
                let run = run.map_or_else(String::new, |run| format!(",testid={run}"));
                format!("{metric},method=GET,name=b{name}{run} value=1 {time_ms}")
            }
            Wire::K6Json => {
                let run = run.map_or_else(String::new, |run| format!(r#","testid":"{run}""#));
                let time = rfc3339(time_ms);
                format!(
                    r#"{{"metric":"{metric}","type":"Point","data":{{"time":"{time}","value":1,"tags":{{"method":"GET","name":"b{name}"{run}}}}}}}"#
                )
            }
        }
    }
}

/// Of the day of [`START_MS`], which no schedule leaves.
fn rfc3339(time_ms: u64) -> String {
    let ms = time_ms % 86_400_000;
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("2026-11-18T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1_000)
}
