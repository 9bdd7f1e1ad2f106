//! Sending webhooks, behind the answers of other requests: nothing waits for it. The aggregator decides what is
//! sent; one task of an instance sends a few at a time.

use crate::bindings::loadgate::dashboard::webhooks::{self, Answer, Attempt};
use crate::{journal, reply};
use futures::StreamExt;
use futures::future::{Either, select};
use futures::stream::FuturesUnordered;
use http::header::{CONTENT_LENGTH, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, Request};
use loadgate_lifecycle::webhook::TIMEOUT_S;
use spin_sdk::http::{FullBody, box_body, send};
use spin_sdk::time::sleep;
use std::cell::Cell;
use std::pin::pin;
use std::time::{Duration, Instant};

/// Messages under way at once, from one instance.
const AT_ONCE: usize = 8;

/// Without a verdict of its own an instance looks for what others left so often, while it is asked for anything.
const LOOK: Duration = Duration::from_secs(5);

/// While there is something to do, so often: a task of the component model cannot be woken by another.
const WHILE_BUSY: Duration = Duration::from_millis(250);

const SENDER: &str = concat!("Loadgate/", env!("CARGO_PKG_VERSION"));

thread_local! {
    /// This instance has a task that sends.
    static SENDING: Cell<bool> = const { Cell::new(false) };
    static LOOKED: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Sends what is due, if this instance knows of any, or if it is time to look.
pub(crate) fn in_background() {
    if webhooks::has_due() || LOOKED.get().is_none_or(|looked| looked.elapsed() >= LOOK) {
        now();
    }
}

/// Looks for what is due, and sends it.
pub(crate) fn now() {
    LOOKED.set(Some(Instant::now()));
    if SENDING.replace(true) {
        return;
    }
    spin_sdk::wasip3::spawn(async {
        send_due().await;
        SENDING.set(false);
    });
}

/// Sends until nothing is known to come soon.
async fn send_due() {
    let mut under_way = FuturesUnordered::new();
    loop {
        let mut until = Instant::now() + LOOK;
        if under_way.len() < AT_ONCE {
            let again = match webhooks::claim((AT_ONCE - under_way.len()) as u32) {
                Ok(due) => {
                    under_way.extend(due.attempts.into_iter().map(attempt));
                    due.again
                }
                Err(failure) => {
                    journal::error(&format!("webhooks: {}", reply::sentence(&failure)));
                    None
                }
            };
            LOOKED.set(Some(Instant::now()));
            match again {
                None if under_way.is_empty() => return,
                Some(ms) => until = Instant::now() + Duration::from_millis(ms.into()),
                None => {}
            }
        }
        loop {
            let pause = pin!(sleep(WHILE_BUSY.min(until.saturating_duration_since(Instant::now()))));
            if under_way.is_empty() {
                pause.await;
            } else if let Either::Left(_) = select(under_way.next(), pause).await {
                break;
            }
            let due = Instant::now() >= until || webhooks::has_due();
            if due && under_way.len() < AT_ONCE {
                break;
            }
        }
    }
}

async fn attempt(mut attempt: Attempt) {
    let answer = answer(&mut attempt).await;
    let told = webhooks::attempted(&attempt.run, attempt.number, attempt.claim, &answer);
    if let Err(failure) = told {
        journal::error(&format!("what became of a webhook is not kept: {}", reply::sentence(&failure)));
    }
}

/// Sends one message. Of the answer only its head matters.
async fn answer(attempt: &mut Attempt) -> Answer {
    let body = std::mem::take(&mut attempt.body).into_bytes();
    let mut request =
        Request::post(&attempt.url).header(USER_AGENT, SENDER).header(CONTENT_LENGTH, body.len());
    for (name, value) in &attempt.headers {
        request = request.header(name, value);
    }
    let request = match request.body(box_body(FullBody::new(body.into()))) {
        Ok(request) => request,
        Err(error) => return Answer::Nothing(error.to_string()),
    };
    let answered = pin!(send(request));
    match select(answered, pin!(sleep(Duration::from_secs(TIMEOUT_S)))).await {
        Either::Left((Ok(response), _)) => {
            Answer::Status((response.status().as_u16(), retry_after(response.headers())))
        }
        Either::Left((Err(error), _)) => Answer::Nothing(why(&error)),
        Either::Right(_) => Answer::Nothing(format!("no answer within {TIMEOUT_S} s")),
    }
}

fn retry_after(headers: &HeaderMap) -> Option<u64> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

/// Why there was no answer, in a sentence.
fn why(error: &spin_sdk::wasip3::http::types::ErrorCode) -> String {
    use spin_sdk::wasip3::http::types::ErrorCode;
    match error {
        ErrorCode::HttpRequestDenied => "this server may send nothing there: under Spin the variable \
                                         `webhook_outbound` lists where it may"
            .to_owned(),
        ErrorCode::InternalError(Some(sentence)) => sentence.clone(),
        ErrorCode::ConnectionRefused => "the connection was refused".to_owned(),
        ErrorCode::ConnectionTimeout => "no connection came about in time".to_owned(),
        ErrorCode::ConnectionTerminated => "the connection was closed before an answer came".to_owned(),
        ErrorCode::TlsCertificateError => "its certificate is not trusted".to_owned(),
        ErrorCode::TlsProtocolError => "it speaks no TLS that this server knows".to_owned(),
        ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => "its name has no address".to_owned(),
        other => format!("there was no answer: {other:?}"),
    }
}
