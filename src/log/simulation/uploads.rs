//! What clients send: bodies of one piece or of several, whole or cut, and what becomes of them.

use super::clients::{Replica, Stage, TEST, is_import};
use super::model::Model;
use super::world::World;
use crate::ingest::{Encoding, Precision, Receipt, Request, Wire};
use crate::limits;
use crate::names::LogName;

/// Connections, by which any client may come: borders of runs fall anywhere.
pub const PEERS: u64 = 4;

/// A sample that lies so far ahead is refused by who knows the run, and counted where nobody does.
const AHEAD_MS: u64 = 1_200_000;

pub struct Batch {
    pub log: LogName,
    /// The model's.
    pub number: usize,
    pub samples: u64,
    /// Its clock is wrong.
    pub ahead: bool,
}

impl Batch {
    pub fn new(model: &mut Model, log: &LogName, samples: u64, numbered: bool) -> Self {
        Batch { log: log.clone(), number: model.send(log, samples, numbered), samples, ahead: false }
    }
}

/// A `Metric` line, and a sample of what it declares.
pub struct Custom {
    pub metric: u64,
    pub kind: &'static str,
}

/// One request; to several logs only by tags.
pub struct Post {
    pub batches: Vec<Batch>,
    /// Every batch is a piece of its own.
    pub in_pieces: bool,
    pub source: String,
    pub sequence: Option<u64>,
    pub wire: Wire,
    pub tagging: bool,
    pub time_ms: u64,
    pub declared: Option<Custom>,
    /// What a JMeter says of its test: `started`, `ended`.
    pub event: Option<&'static str>,
}

/// A batch for a log by nobody in particular. True when it was acknowledged.
pub async fn post_one(stage: &Stage, replica: &Replica, log: &LogName) -> bool {
    let batch = Batch::new(&mut stage.model.borrow_mut(), log, 1, false);
    let post = Post {
        batches: vec![batch],
        in_pieces: false,
        source: "s".to_owned(),
        sequence: None,
        wire: Wire::InfluxLines,
        tagging: false,
        time_ms: stage.world.now_ms.get(),
        declared: None,
        event: None,
    };
    post.send(stage, replica).await
}

pub fn any_peer(world: &World) -> String {
    format!("p{}", world.below(PEERS))
}

impl Post {
    /// True when it was acknowledged.
    pub async fn send(&self, stage: &Stage, replica: &Replica) -> bool {
        let world = &stage.world;
        let log = &self.batches[0].log;
        let (body, lines) = self.body();
        let request = Request {
            wire: self.wire,
            encoding: Encoding::Identity,
            precision: Precision::Milliseconds,
            test: Some(TEST.to_owned()),
            run: log.name.clone().filter(|_| is_import(log) || !self.tagging),
            source: self.source.clone(),
            peer: if world.chance(500) { String::new() } else { any_peer(world) },
            sequence: self.sequence,
            import: is_import(log),
        };
        // Only of numbered batches it is known what comes of a part.
        let cuts = stage.rough && self.sequence.is_some() && world.chance(200);
        let end = if cuts { world.below(body.len() as u64) as usize } else { body.len() };
        let Ok(mut session) = replica.open(request).await else { return false };
        let pushed = session.push(replica, &body.as_bytes()[..end]).await;
        let outcome = session.finish(replica, !cuts).await;
        let receipt = &outcome.receipt;
        let acknowledged = !cuts && pushed.is_ok() && outcome.failure.is_none() && receipt.accepted == lines;
        self.note(&mut stage.model.borrow_mut(), acknowledged, receipt);
        for log in outcome.dirty_logs {
            if world.chance(100) {
                drop(replica.advance(&log.to_string()).await);
            }
        }
        acknowledged
    }

    fn note(&self, model: &mut Model, acknowledged: bool, receipt: &Receipt) {
        if acknowledged {
            model.acknowledge(self.batches.iter().map(|batch| batch.number));
        }
        if !self.batches.iter().any(|batch| batch.ahead)
            && let Some(error) = receipt.errors.iter().find(|error| error.reason.contains("too far"))
        {
            model.blame(format!("good data for {} was refused: {error:?}", self.batches[0].log));
        }
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
        if let Some(word) = self.event {
            let run = self.batches[0].log.name.as_deref().filter(|_| self.tagging);
            let run = run.map_or_else(String::new, |run| format!(",testid={run}"));
            let text = format!("text=\"Shop {word}\" {}", self.time_ms);
            lines.push(format!("events,application=shop{run},title=ApacheJMeter {text}"));
        }
        let mut blank = 0;
        for (piece, batch) in self.batches.iter().enumerate() {
            if self.in_pieces && piece > 0 {
                // Blank lines fill a piece as well.
                let end = limits::RECORD_LINES as usize * piece;
                blank += end - lines.len();
                lines.resize(end, String::new());
            }
            lines.extend((0..batch.samples).map(|_| self.line("http_reqs", batch)));
        }
        let count = (lines.len() - blank) as u64;
        lines.push(String::new());
        (lines.join("\n"), count)
    }

    fn line(&self, metric: &str, batch: &Batch) -> String {
        let name = batch.number;
        let time_ms = self.time_ms + if batch.ahead { AHEAD_MS } else { 0 };
        let run = batch.log.name.as_deref().filter(|_| self.tagging);
        match self.wire {
            Wire::InfluxLines => {
                let run = run.map_or_else(String::new, |run| format!(",testid={run}"));
                format!("{metric},method=GET,name=b{name}{run} value=1 {time_ms}")
            }
            _ => {
                let run = run.map_or_else(String::new, |run| format!(r#","testid":"{run}""#));
                let time = rfc3339(time_ms);
                format!(
                    r#"{{"metric":"{metric}","type":"Point","data":{{"time":"{time}","value":1,"tags":{{"method":"GET","name":"b{name}"{run}}}}}}}"#
                )
            }
        }
    }
}

/// Of the day of [`super::world::START_MS`], which no schedule leaves.
fn rfc3339(time_ms: u64) -> String {
    let ms = time_ms % 86_400_000;
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("2026-11-18T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1_000)
}
