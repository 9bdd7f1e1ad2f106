//! Bodies that end when the server does.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::watch;
use wasmtime_wasi_http::Error;

/// How far the server's end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Serving,
    /// Nothing new is accepted, event streams end.
    Draining,
    /// What is still on its way in is cut off.
    Cutting,
}

type Reached = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A body until a phase is reached. A response then ends; a request then fails, so that nobody
/// takes half an upload for the whole.
pub(super) struct Until<B> {
    body: Pin<Box<B>>,
    reached: Reached,
    limit: Phase,
}

impl<B> Until<B> {
    pub(super) fn new(body: B, mut phases: watch::Receiver<Phase>, limit: Phase) -> Self {
        let reached = Box::pin(async move {
            if phases.wait_for(|phase| *phase >= limit).await.is_err() {
                // The server is gone without a word: its runtime ends us.
                std::future::pending::<()>().await;
            }
        });
        Until { body: Box::pin(body), reached, limit }
    }
}

impl<B: Body<Data = Bytes, Error = Error>> Body for Until<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Poll::Ready(frame) = self.body.as_mut().poll_frame(context) {
            return Poll::Ready(frame);
        }
        self.reached.as_mut().poll(context).map(|()| match self.limit {
            Phase::Cutting => Some(Err(Error::ConnectionTerminated)),
            _ => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{BodyExt, StreamBody};

    fn endless() -> impl Body<Data = Bytes, Error = Error> {
        let first = futures::stream::iter([Ok(Frame::data(Bytes::from_static(b"one")))]);
        StreamBody::new(futures::StreamExt::chain(first, futures::stream::pending()))
    }

    #[tokio::test]
    async fn an_event_stream_ends_and_an_upload_fails_when_the_server_ends() {
        let (phase, phases) = watch::channel(Phase::Serving);
        let mut stream = Until::new(endless(), phases.clone(), Phase::Draining);
        let mut upload = Until::new(endless(), phases, Phase::Cutting);
        assert!(stream.frame().await.unwrap().is_ok());
        assert!(upload.frame().await.unwrap().is_ok());
        phase.send_replace(Phase::Draining);
        assert!(stream.frame().await.is_none());
        assert!(futures::FutureExt::now_or_never(upload.frame()).is_none(), "uploads go on while draining");
        phase.send_replace(Phase::Cutting);
        assert!(upload.frame().await.unwrap().is_err());
    }
}
