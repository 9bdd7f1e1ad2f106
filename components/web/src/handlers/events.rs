//! The event stream: Server-Sent Events (WHATWG HTML, section 9.2) over the log of a run.

use crate::background;
use crate::bindings::loadgate::dashboard::events::{
    Cursor, Event, Page, log_of, newest, progress, read, seek,
};
use crate::bindings::loadgate::dashboard::gate::verdict;
use crate::bindings::loadgate::dashboard::types::Failure;
use crate::call::Call;
use crate::reply::{self, Reply};
use flate2::write::GzEncoder;
use futures::SinkExt;
use futures::channel::mpsc::Sender;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderValue, Method, StatusCode};
use loadgate_http::Frame;
use spin_sdk::http::{body, box_body};
use spin_sdk::time::sleep;
use std::io::{self, Write};
use std::time::{Duration, Instant, SystemTime};

/// Between two looks for a new chunk.
const POLL: Duration = Duration::from_millis(250);

/// When no new chunk has come for so long, a stream sees to it that somebody folds: usually whoever took the
/// samples does.
const PATIENCE: Duration = Duration::from_secs(2);

/// A client that went away shows only by a send that fails, and of what is sent after it left, the first
/// still succeeds: so a quiet stream is gone after two of these.
const KEEP_ALIVE: Duration = Duration::from_secs(3);

/// No stream is without an event for longer. Comments are hidden from scripts: only by events can a page tell
/// a run without news from a connection that died without a word.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// So long after an event it is looked at how far the log is: the rest of what came with that event is folded by then.
/// Where it is no further at a heartbeat, nothing has come since.
const SETTLED: Duration = Duration::from_secs(5);

/// While a run goes on its verdict, which a figure changes with every window, is told at most so often.
const VERDICT: Duration = Duration::from_secs(4);

/// After `stop` clients stay away: a year, in milliseconds.
const RETRY_AFTER_STOP: u64 = 365 * 24 * 3600 * 1000;

/// A client that only wants to know of failures to read may come back after so long.
const RETRY: u64 = 2_000;

/// The stream of the run in the path, of the parameter `run`, or of the newest.
pub(crate) async fn answer(call: &Call, run: Option<&str>) -> Reply {
    if call.method == Method::HEAD {
        return reply::body(StatusCode::OK, "text/event-stream; charset=utf-8", Vec::new());
    }
    let after = call.header("last-event-id").or_else(|| call.param("lastEventId"));
    stream(
        run.or_else(|| call.param("run")).map(str::to_owned),
        call.param("test").map(str::to_owned),
        after.and_then(|id| id.trim().parse().ok()),
        loadgate_http::accepts_gzip(&call.headers),
    )
    .await
}

/// Answers with the stream of a run; without one, of the newest run (of the test), as soon as
/// there is one. `after` is the last id that the client has.
async fn stream(run: Option<String>, test: Option<String>, after: Option<u64>, gzip: bool) -> Reply {
    if let Some(run) = &run {
        // Acknowledged a moment ago, perhaps, and still to be folded.
        let known = match seek(run, after) {
            Ok(cursor) => Ok(cursor),
            Err(_) => background::catch_up(run).await.and_then(|()| seek(run, after)),
        };
        match known.and_then(|cursor| Ok((read(run, cursor)?, cursor))) {
            Err(error) => return reply::failure(&error),
            // The client has everything up to `stop`: 204 is what ends its reconnecting.
            Ok((page, _)) if page.ended && page.events.is_empty() => {
                return reply::empty(StatusCode::NO_CONTENT);
            }
            Ok(_) => {}
        }
    }
    let (sender, stream) = body::stream::<Vec<u8>>();
    spin_sdk::wasip3::spawn(async move {
        let now = Instant::now();
        let encoder = gzip.then(|| GzEncoder::new(Vec::new(), reply::LEVEL));
        let mut out = Out { sender, encoder, last: now, last_event: now, seen: None };
        // An error is a client that went away; there is nobody left to tell.
        if follow(run, test, after, &mut out).await.is_ok() {
            let _ = out.end().await;
        }
    });
    let mut reply = http::Response::new(box_body(stream));
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies such as nginx would hold events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if gzip {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    reply
}

/// The verdict as the client knows it.
#[derive(Default)]
struct Told {
    verdict: String,
    at: Option<Instant>,
}

impl Told {
    /// Puts the verdict behind the newest events, where it is another by now: state, and as all of that before
    /// `stop`. One that cannot be had is asked for again with the next window.
    fn add(&mut self, run: &str, page: &mut Page) {
        let soon = !page.ended && self.at.is_some_and(|at| at.elapsed() < VERDICT);
        if soon || !(page.current || page.ended) {
            return;
        }
        let Ok(now) = verdict(run) else { return };
        self.at = Some(Instant::now());
        if now == self.verdict {
            return;
        }
        let stop = page.events.iter().position(|event| event.kind == "stop");
        let event = Event { id: None, kind: "verdict".to_owned(), data: now.clone() };
        page.events.insert(stop.unwrap_or(page.events.len()), event);
        self.verdict = now;
    }
}

/// The client went away.
struct Gone;

struct Out {
    sender: Sender<Vec<u8>>,
    /// For a client that reads gzip.
    encoder: Option<GzEncoder<Vec<u8>>>,
    /// When anything was sent last …
    last: Instant,
    /// … and when an event was.
    last_event: Instant,
    /// How far the log was after that.
    seen: Option<u64>,
}

impl Out {
    /// Text that is to reach the client now, whatever comes behind it.
    async fn send(&mut self, text: String) -> Result<(), Gone> {
        self.last = Instant::now();
        let bytes = match &mut self.encoder {
            None => text.into_bytes(),
            Some(encoder) => packed(encoder, &text).map_err(|_| Gone)?,
        };
        self.sender.send(bytes).await.map_err(|_| Gone)
    }

    async fn send_events(&mut self, text: String) -> Result<(), Gone> {
        self.last_event = Instant::now();
        self.seen = None;
        self.send(text).await
    }

    /// Waits for a while; a run that is followed may have nothing to tell though data comes, while a long window
    /// is open.
    async fn idle(&mut self, run: Option<&str>) -> Result<(), Gone> {
        let quiet = self.last_event.elapsed();
        if quiet >= SETTLED && self.seen.is_none() {
            self.seen = run.and_then(|run| progress(run).ok());
        }
        if quiet >= HEARTBEAT {
            let seen = self.seen;
            let now = run.and_then(|run| progress(run).ok());
            self.send_events(heartbeat(SystemTime::now(), seen.is_some() && seen == now)).await?;
            self.seen = now;
        } else if self.last.elapsed() >= KEEP_ALIVE {
            self.send(": keep-alive\n\n".to_owned()).await?;
        }
        sleep(POLL).await;
        Ok(())
    }

    /// What gzip has at its end.
    async fn end(mut self) -> Result<(), Gone> {
        match self.encoder.take().map(GzEncoder::finish) {
            Some(Ok(bytes)) if !bytes.is_empty() => self.sender.send(bytes).await.map_err(|_| Gone),
            _ => Ok(()),
        }
    }
}

/// All of the text, compressed up to its last byte.
fn packed(encoder: &mut GzEncoder<Vec<u8>>, text: &str) -> io::Result<Vec<u8>> {
    encoder.write_all(text.as_bytes())?;
    encoder.flush()?;
    Ok(std::mem::take(encoder.get_mut()))
}

/// By this server's clock.
fn heartbeat(now: SystemTime, silent: bool) -> String {
    let ms = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    let mut text = String::new();
    let data = format!("{{\"time\":{ms},\"silent\":{silent}}}");
    Frame { id: None, retry_ms: None, kind: "heartbeat", data: &data }.write(&mut text);
    text
}

async fn follow(
    run: Option<String>,
    test: Option<String>,
    after: Option<u64>,
    out: &mut Out,
) -> Result<(), Gone> {
    // The head of the response reaches the client with its first bytes.
    out.send(format!("retry: {RETRY}\n\n")).await?;
    let (run, mut cursor) = match run {
        Some(run) => match seek(&run, after) {
            Ok(cursor) => (run, cursor),
            Err(error) => return out.send(comment(&error)).await,
        },
        None => loop {
            // Ids belong to a run: without a name there is nothing to resume.
            match newest(test.as_deref()) {
                Ok(Some(run)) => break (run, Cursor { chunk: 0, id: 0 }),
                Ok(None) => out.idle(None).await?,
                Err(error) => return out.send(comment(&error)).await,
            }
        },
    };
    let mut last_chunk = Instant::now();
    let mut first = true;
    let mut told = Told::default();
    loop {
        let mut page = match read(&run, cursor) {
            Ok(page) => page,
            Err(error) => return out.send(comment(&error)).await,
        };
        let fresh = first || page.events.iter().any(|event| event.id.is_some());
        if fresh && !page.events.is_empty() {
            told.add(&run, &mut page);
            out.send_events(frames(&page.events)).await?;
            last_chunk = Instant::now();
            first = false;
        }
        cursor = page.cursor;
        if page.ended {
            return Ok(());
        }
        if !page.current {
            continue;
        }
        if last_chunk.elapsed() >= PATIENCE {
            // Somebody has to fold it, for the run to end if for nothing else.
            match log_of(&run) {
                Ok(log) => background::fold(log),
                Err(error) => return out.send(comment(&error)).await,
            }
            last_chunk = Instant::now();
        }
        out.idle(Some(&run)).await?;
    }
}

/// Frames, in the order of the events. `stop` is followed by a long `retry`.
fn frames(events: &[Event]) -> String {
    let mut text = String::with_capacity(events.iter().map(|event| event.data.len() + 48).sum());
    for event in events {
        let retry_ms = (event.kind == "stop").then_some(RETRY_AFTER_STOP);
        Frame { id: event.id, retry_ms, kind: &event.kind, data: &event.data }.write(&mut text);
    }
    text
}

fn comment(failure: &Failure) -> String {
    loadgate_http::comment(reply::failure_parts(failure).1)
}
