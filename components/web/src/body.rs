//! Request bodies on their way to the aggregator: piece by piece, as they arrive.

use crate::background;
use crate::bindings::loadgate::dashboard::ingest::{Receipt, Request as Upload, Upload as Incoming};
use crate::bindings::loadgate::dashboard::types::Failure;
use futures::future::{Either, select};
use spin_sdk::http::Request;
use spin_sdk::time::sleep;
use spin_sdk::wasip3::http::types::{ErrorCode, Request as WasiRequest};
use spin_sdk::wasip3::wit_bindgen::{StreamReader, StreamResult};
use std::cell::RefCell;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Read at once at the most; large reads cost fewer calls through the host.
const READ_BYTES: usize = 256 * 1024;

/// Lines are stored this long after they came at the latest, however slowly or steadily a body flows;
/// what folds them has the rest of half a second.
const FLUSH: Duration = Duration::from_millis(300);

/// So many records may wait to be folded; beyond, answers are late, the more the more there are.
const BACKLOG: u64 = 500;
const SLOWED: Duration = Duration::from_millis(20);
const SLOWED_MOST: u32 = 20;

/// An answer that goes out before its request was read to the end may be cut short on its way, and its
/// connection reset: so much of the rest, and so long, is read and thrown away first.
const DISCARD_BYTES: usize = 16 * 1024 * 1024;
const DISCARD_TIME: Duration = Duration::from_secs(1);

/// What is left of a request's body: nobody has read it yet, or whoever did left off.
#[derive(Clone)]
pub(crate) struct Unread(Rc<RefCell<Option<Left>>>);

enum Left {
    All(Box<Request>),
    Rest(Reading),
}

impl Unread {
    pub(crate) fn of(request: Request) -> Self {
        Unread(Rc::new(RefCell::new(Some(Left::All(Box::new(request))))))
    }

    /// Begins to read, or goes on.
    fn read(&self) -> Option<Reading> {
        match self.0.take()? {
            Left::All(request) => Some(Box::pin(Body::of(*request)?.next())),
            Left::Rest(reading) => Some(reading),
        }
    }

    /// Whoever reads leaves off.
    fn leave(&self, reading: Reading) {
        self.0.replace(Some(Left::Rest(reading)));
    }

    /// Reads what is left, within bounds.
    pub(crate) async fn discard(&self) {
        let Some(mut reading) = self.read() else { return };
        let (mut bytes, mut over) = (0, Box::pin(sleep(DISCARD_TIME)));
        while bytes < DISCARD_BYTES {
            match select(reading, over).await {
                Either::Left(((body, Ok(Some(more))), unfinished)) => {
                    bytes += more.len();
                    reading = Box::pin(body.next());
                    over = unfinished;
                }
                _ => return,
            }
        }
    }
}

/// The body of a request, as it arrives.
struct Body {
    stream: StreamReader<u8>,
    trailers: Pin<Box<dyn Future<Output = Result<(), ErrorCode>>>>,
}

/// The next bytes on their way; `None` at the end. An error: the client went away in the middle.
type Reading = Pin<Box<dyn Future<Output = (Body, Result<Option<Vec<u8>>, ErrorCode>)>>>;

impl Body {
    fn of(request: Request) -> Option<Self> {
        let message: WasiRequest = request.into_body().take_unstarted()?;
        let (_, done) = spin_sdk::wasip3::wit_future::new(|| Ok(()));
        let (stream, trailers) = WasiRequest::consume_body(message, done);
        Some(Body { stream, trailers: Box::pin(async move { trailers.await.map(|_| ()) }) })
    }

    async fn next(mut self) -> (Self, Result<Option<Vec<u8>>, ErrorCode>) {
        let (result, bytes) = self.stream.read(Vec::with_capacity(READ_BYTES)).await;
        let next = match result {
            StreamResult::Complete(_) => Ok(Some(bytes)),
            StreamResult::Dropped if !bytes.is_empty() => Ok(Some(bytes)),
            StreamResult::Dropped | StreamResult::Cancelled => self.trailers.as_mut().await.map(|()| None),
        };
        (self, next)
    }
}

/// Reads a whole body of at most `limit` bytes.
pub(crate) async fn collect(request: Unread, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut reading = request.read().ok_or_else(cut_short)?;
    let mut bytes = Vec::new();
    loop {
        let (body, next) = reading.await;
        match next {
            Ok(Some(more)) if bytes.len() + more.len() > limit => {
                request.leave(Box::pin(body.next()));
                return Err(Failure::TooLarge(format!("the body is larger than {limit} bytes")));
            }
            Ok(Some(more)) => bytes.extend(more),
            Ok(None) => return Ok(bytes),
            Err(_) => return Err(cut_short()),
        }
        reading = Box::pin(body.next());
    }
}

/// Streams a body into an upload. `early` is true when a part of the body may be stored before the
/// rest has come, however slowly that comes.
pub(crate) async fn receive(request: Unread, upload: &Upload) -> Result<Receipt, Failure> {
    let incoming = Incoming::open(upload)?;
    let mut reading = request.read().ok_or_else(cut_short)?;
    // An absolute time: one that began anew with every read would never come while data flows.
    let mut due = Instant::now() + FLUSH;
    let complete = loop {
        let left = due.saturating_duration_since(Instant::now());
        let mut over = left.is_zero();
        if !over {
            match select(reading, pin!(sleep(left))).await {
                Either::Left(((body, Ok(Some(bytes))), _)) => {
                    reading = Box::pin(body.next());
                    if push(&incoming, &bytes).is_err() {
                        request.leave(reading);
                        break true; // the receipt says why
                    }
                }
                Either::Left(((_, Ok(None)), _)) => break true,
                Either::Left(((_, Err(_)), _)) => break false,
                Either::Right((_, unfinished)) => {
                    reading = unfinished;
                    over = true;
                }
            }
        }
        if over {
            match incoming.flush() {
                Ok(logs) => logs.into_iter().for_each(background::fold),
                Err(_) => {
                    request.leave(reading);
                    break true;
                }
            }
            due = Instant::now() + FLUSH;
        }
    };
    let receipt = incoming.finish(complete);
    receipt.logs.iter().cloned().for_each(background::fold);
    if receipt.waiting > BACKLOG {
        // One generator posts once a second and never comes here; who feeds as fast as it can, waits for
        // the fold, lest the page fall behind by minutes.
        sleep(SLOWED * u32::try_from(receipt.waiting / BACKLOG).unwrap_or(u32::MAX).min(SLOWED_MOST)).await;
    }
    Ok(receipt)
}

fn push(incoming: &Incoming, bytes: &[u8]) -> Result<(), Failure> {
    let (whole, rest) = bytes.split_at(bytes.len() / size_of::<u64>() * size_of::<u64>());
    match bytemuck::try_cast_slice(whole) {
        Ok(words) => incoming.push(words, rest),
        // Not where words may begin.
        Err(_) => incoming.push(&[], bytes),
    }
}

fn cut_short() -> Failure {
    Failure::Invalid("the body ended before its time".to_owned())
}
