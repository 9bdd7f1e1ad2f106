//! Server-Sent Events with their exact bytes.

use super::http::Streaming;
use super::{PATIENCE, Server};
use serde_json::Value;
use std::io::Read;
use std::time::{Duration, Instant};

/// One frame: the lines up to a blank one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub id: Option<u64>,
    pub kind: String,
    pub data: String,
    /// As it came, with its blank line.
    pub raw: String,
}

impl Frame {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap_or_else(|error| panic!("{error} in {}", self.raw))
    }

    fn parse(raw: &str) -> Self {
        let field = |name: &str| raw.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        Frame {
            id: field("id").map(|id| id.parse().expect("an id is a number")),
            kind: field("event").unwrap_or_default().to_owned(),
            data: field("data").unwrap_or_default().to_owned(),
            raw: raw.to_owned(),
        }
    }
}

/// A stream of a run, or whatever `target` asks for.
pub struct Events {
    stream: Streaming,
    pending: String,
}

impl Events {
    #[track_caller]
    pub fn open(server: &Server, target: &str, after: Option<u64>) -> Self {
        let after = after.map(|id| id.to_string());
        let headers: Vec<(&str, &str)> = after.iter().map(|id| ("last-event-id", id.as_str())).collect();
        let stream = server.connection().begin(target, &headers);
        assert_eq!(stream.status, 200, "{target}");
        Events { stream, pending: String::new() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        super::http::header(&self.stream.headers, name)
    }

    /// The next frame that holds an event; comments, heartbeats and a lone `retry` are passed over. `None` at
    /// the end of the response.
    #[track_caller]
    pub fn next(&mut self) -> Option<Frame> {
        self.next_within(PATIENCE).expect("a frame, or the end of the stream")
    }

    /// As [`Events::next`]; `Err` when nothing came for so long.
    pub fn next_within(&mut self, patience: Duration) -> Result<Option<Frame>, Duration> {
        let deadline = Instant::now() + patience;
        loop {
            while let Some(end) = self.pending.find("\n\n") {
                let raw: String = self.pending.drain(..end + 2).collect();
                let beats = raw.lines().any(|line| line == "event: heartbeat");
                if !beats && raw.lines().any(|line| line.starts_with("data")) {
                    return Ok(Some(Frame::parse(&raw)));
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(patience);
            }
            self.stream.set_patience(left);
            let mut bytes = [0; 64 * 1024];
            match self.stream.read(&mut bytes) {
                Ok(0) => return Ok(None),
                // A frame may be cut anywhere, but the server writes whole frames of text.
                Ok(read) => self.pending.push_str(
                    std::str::from_utf8(&bytes[..read])
                        .unwrap_or_else(|error| panic!("a chunk is cut inside a character: {error}")),
                ),
                Err(error)
                    if matches!(
                        error.kind(),
                        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                    ) =>
                {
                    return Err(patience);
                }
                Err(error) => panic!("the stream broke: {error}"),
            }
        }
    }

    /// Everything up to the end.
    #[track_caller]
    pub fn rest(mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next() {
            frames.push(frame);
        }
        frames
    }

    /// Reads until a frame is as wanted.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut wanted: impl FnMut(&Frame) -> bool) -> Vec<Frame> {
        let mut frames = Vec::new();
        loop {
            let frame = self.next().unwrap_or_else(|| panic!("the stream ended before {what}"));
            let found = wanted(&frame);
            frames.push(frame);
            if found {
                return frames;
            }
        }
    }
}

/// The events of a run that has ended, from the first.
#[track_caller]
pub fn replay(server: &Server, run: &str) -> Vec<Frame> {
    Events::open(server, &format!("/runs/{run}/events"), None).rest()
}

/// The bytes of the event log: frames with an id.
pub fn log_bytes(frames: &[Frame]) -> String {
    frames.iter().filter(|frame| frame.id.is_some()).map(|frame| frame.raw.as_str()).collect()
}
