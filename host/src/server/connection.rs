//! One connection: TLS where the server has it, and HTTP/1.1 or HTTP/2, whichever the client speaks.
//!
//! HTTP/2 without TLS (h2c) is for proxies, which know beforehand that we speak it; browsers agree on it by TLS.

use super::tls::H2;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use std::convert::Infallible;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use wasmtime_wasi_http::WasiBody;

/// A client has so long for TLS, and for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// A client that does not answer to a ping for so long is gone.
const PING: Duration = Duration::from_secs(20);
/// What a client may send of a body, and of all of them, before we have read it.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
/// What a connection without TLS begins with if it is HTTP/2: no method of HTTP/1.1 does.
const PREFACE: &[u8] = b"PRI";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Http1,
    Http2,
}

/// Serves a connection to its end. What goes wrong is a client that went away, or speaks something else.
pub(super) async fn serve<S>(stream: TcpStream, tls: Option<TlsAcceptor>, service: S, watcher: Watcher)
where
    S: Service<Request<Incoming>, Response = Response<WasiBody>, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
{
    // Answers are small and awaited: nothing is won by collecting them.
    let _ = stream.set_nodelay(true);
    match tls {
        None => {
            if let Ok(Ok(protocol)) = timeout(HEAD_TIMEOUT, spoken(&stream)).await {
                speak(protocol, stream, service, watcher).await;
            }
        }
        Some(tls) => {
            if let Ok(Ok(stream)) = timeout(HEAD_TIMEOUT, tls.accept(stream)).await {
                let agreed = stream.get_ref().1.alpn_protocol();
                let protocol = if agreed == Some(H2) { Protocol::Http2 } else { Protocol::Http1 };
                speak(protocol, stream, service, watcher).await;
            }
        }
    }
}

/// What the client speaks, by how it begins.
async fn spoken(stream: &TcpStream) -> io::Result<Protocol> {
    let mut begin = [0; PREFACE.len()];
    loop {
        let read = stream.peek(&mut begin).await?;
        if read == begin.len() || read == 0 || !PREFACE.starts_with(&begin[..read]) {
            return Ok(if begin == PREFACE { Protocol::Http2 } else { Protocol::Http1 });
        }
        // Some of it is there, and stays until it is read.
        sleep(Duration::from_millis(10)).await;
    }
}

async fn speak<T, S>(protocol: Protocol, stream: T, service: S, watcher: Watcher)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<WasiBody>, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
{
    let stream = TokioIo::new(stream);
    let _ = match protocol {
        Protocol::Http1 => {
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
            watcher.watch(http.serve_connection(stream, service)).await
        }
        Protocol::Http2 => {
            let mut http = http2::Builder::new(TokioExecutor::new());
            http.timer(TokioTimer::new())
                .keep_alive_interval(PING)
                .keep_alive_timeout(PING)
                .initial_stream_window_size(STREAM_WINDOW)
                .initial_connection_window_size(CONNECTION_WINDOW);
            watcher.watch(http.serve_connection(stream, service)).await
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn how_a_connection_begins_says_what_it_speaks() {
        for (pieces, wanted) in [
            (&[&b"GET / HTTP/1.1\r\n"[..]][..], Protocol::Http1),
            (&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], Protocol::Http2),
            (&[b"P", b"R", b"I * HTTP/2.0"], Protocol::Http2),
            (&[b"P", b"OST / HTTP/1.1"], Protocol::Http1),
            (&[b"PR"], Protocol::Http1),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            client.set_nodelay(true).unwrap();
            let (server, _) = listener.accept().await.unwrap();
            let asked = tokio::spawn(async move { spoken(&server).await });
            for piece in pieces {
                client.write_all(piece).await.unwrap();
                sleep(Duration::from_millis(30)).await;
            }
            if pieces == [&b"PR"[..]] {
                assert!(!asked.is_finished(), "it may be either");
                asked.abort();
            } else {
                assert_eq!(asked.await.unwrap().unwrap(), wanted, "{pieces:?}");
            }
        }
    }
}
