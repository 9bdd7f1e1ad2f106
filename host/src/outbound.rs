//! What the components may send to the network: requests to addresses of the web, by HTTP/1.1. A name is resolved
//! once, all that it leads to is checked, and the connection goes to the very address that was checked. Redirects
//! are answers like all others.

use futures::future::{Either, select};
use http::header::HOST;
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::BodyExt;
use hyper::client::conn::http1::{Connection, SendRequest, handshake};
use hyper_util::rt::TokioIo;
use loadgate_lifecycle::webhook::{Destination, Reach};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};
use wasmtime_wasi_http::{Error, WasiBody};

/// Connections at once, of all instances.
const AT_ONCE: usize = 32;

/// A connection comes about in this time, TLS included.
const CONNECT: Duration = Duration::from_secs(10);

/// The head of an answer comes in this time: longer than any component waits.
const ANSWER: Duration = Duration::from_secs(60);

/// The network, as far as the operator allows it.
pub(crate) struct Outbound {
    reach: Reach,
    turns: Semaphore,
    tls: OnceLock<TlsConnector>,
}

/// What drives a connection, for as long as its answer is read.
pub(crate) type Driver = Box<dyn Future<Output = Result<(), Error>> + Send>;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

type Io = TokioIo<Box<dyn Stream>>;

impl Outbound {
    pub(crate) fn new(reach: Reach) -> Self {
        Outbound { reach, turns: Semaphore::new(AT_ONCE), tls: OnceLock::new() }
    }

    /// Sends a request, whose URI is absolute.
    ///
    /// # Errors
    ///
    /// A sentence for whoever set the address, where there is one to say.
    pub(crate) async fn send(
        self: Arc<Self>,
        request: Request<WasiBody>,
    ) -> Result<(Response<WasiBody>, Driver), Error> {
        let turn = self.turns.acquire().await.map_err(|_| Error::ConnectionLimitReached)?;
        let connected = timeout(CONNECT, self.connect(request.uri()));
        let (sender, connection) = connected.await.map_err(|_| Error::ConnectionTimeout)??;
        let answered = timeout(ANSWER, exchange(sender, connection, in_origin_form(request)?));
        let answer = answered.await.map_err(|_| Error::HttpResponseTimeout)?;
        drop(turn);
        answer
    }

    async fn connect(&self, uri: &Uri) -> Result<(SendRequest<WasiBody>, Connection<Io, WasiBody>), Error> {
        let destination = Destination::parse(&uri.to_string(), &self.reach).map_err(sentence)?;
        let tls = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let found = tokio::net::lookup_host((destination.host(), port)).await;
        let addresses: Vec<SocketAddr> = found.map(Iterator::collect).unwrap_or_default();
        let checked: Vec<_> = addresses.iter().map(SocketAddr::ip).collect();
        destination.check(&checked).map_err(sentence)?;
        if addresses.is_empty() {
            return Err(Error::DestinationNotFound);
        }
        let stream = TcpStream::connect(addresses.as_slice()).await.map_err(refused)?;
        let stream: Box<dyn Stream> = if tls {
            let name = ServerName::try_from(destination.host().to_owned()).map_err(sentence)?;
            Box::new(self.tls()?.connect(name, stream).await.map_err(distrusted)?)
        } else {
            Box::new(stream)
        };
        handshake(TokioIo::new(stream)).await.map_err(Error::from)
    }

    /// Certificates are read at the first need.
    fn tls(&self) -> Result<TlsConnector, Error> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls.clone());
        }
        let mut roots = RootCertStore::empty();
        // The machine's own, and where it has none, in a container, those that browsers trust.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(sentence)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(self.tls.get_or_init(|| TlsConnector::from(Arc::new(config))).clone())
    }
}

/// Sends the request and waits for the head of the answer.
async fn exchange(
    mut sender: SendRequest<WasiBody>,
    connection: Connection<Io, WasiBody>,
    request: Request<WasiBody>,
) -> Result<(Response<WasiBody>, Driver), Error> {
    let mut connection = Box::pin(connection);
    let answered = pin!(sender.send_request(request));
    let (answer, driver): (_, Driver) = match select(answered, &mut connection).await {
        Either::Left((answer, _)) => {
            (answer?, Box::new(async move { connection.await.map_err(Error::from) }))
        }
        // It is over; whatever was answered is there.
        Either::Right((ended, answered)) => {
            ended?;
            (answered.await?, Box::new(std::future::ready(Ok(()))))
        }
    };
    Ok((answer.map(|body| body.map_err(Error::from).boxed_unsync()), driver))
}

/// As a server wants it, and not a proxy: the host in a header.
fn in_origin_form(mut request: Request<WasiBody>) -> Result<Request<WasiBody>, Error> {
    let uri = request.uri();
    let authority = uri.authority().ok_or(Error::HttpRequestUriInvalid)?;
    let host = HeaderValue::from_str(authority.as_str()).map_err(|_| Error::HttpRequestUriInvalid)?;
    let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from(path);
    request.headers_mut().insert(HOST, host);
    Ok(request)
}

fn sentence(error: impl ToString) -> Error {
    Error::InternalError(Some(error.to_string()))
}

fn refused(error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => Error::ConnectionRefused,
        _ => sentence(format!("no connection: {error}")),
    }
}

fn distrusted(error: std::io::Error) -> Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(_)) => Error::TlsCertificateError,
        Some(inner) => sentence(format!("no TLS: {inner}")),
        None => sentence(format!("no TLS: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http_body_util::Full;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    fn outbound(hosts: &str) -> Arc<Outbound> {
        Arc::new(Outbound::new(Reach::parse(hosts).unwrap()))
    }

    fn post(url: &str) -> Request<WasiBody> {
        let body = Full::new(Bytes::from_static(b"told")).map_err(|never| match never {}).boxed_unsync();
        Request::post(url).header("content-length", "4").body(body).unwrap()
    }

    #[track_caller]
    fn said(result: Result<(Response<WasiBody>, Driver), Error>) -> String {
        match result {
            Err(Error::InternalError(Some(sentence))) => sentence,
            Err(error) => error.to_string(),
            Ok((answer, _)) => panic!("it was sent: {}", answer.status()),
        }
    }

    #[tokio::test]
    async fn nothing_is_sent_inside_unless_the_operator_lists_the_host() {
        for url in ["http://127.0.0.1:9/", "http://localhost:9/", "http://169.254.169.254/latest/meta-data"] {
            let said = said(outbound("").send(post(url)).await);
            assert!(said.contains("LOADGATE_WEBHOOK_HOSTS"), "{said}");
        }
        let said = said(outbound("other.example").send(post("http://[::1]:9/")).await);
        assert!(said.contains("this machine's own"), "{said}");
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_the_request_is_whole() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let receiver = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut seen, mut bytes) = (Vec::new(), [0; 1024]);
            while !seen.ends_with(b"told") {
                let read = stream.read(&mut bytes).await.unwrap();
                seen.extend(&bytes[..read]);
            }
            let answer = b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            String::from_utf8(seen).unwrap()
        });
        let (answer, _driver) =
            outbound("127.0.0.1").send(post(&format!("http://{address}/a?b=c"))).await.unwrap();
        assert_eq!(answer.status(), 302);
        let seen = receiver.await.unwrap().to_ascii_lowercase();
        assert!(seen.starts_with("post /a?b=c http/1.1\r\n"), "{seen}");
        assert!(seen.contains(&format!("\r\nhost: {address}\r\n")), "{seen}");
    }

    #[tokio::test]
    async fn why_there_is_no_connection_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let closed = listener.local_addr().unwrap();
        drop(listener);
        let result = outbound("127.0.0.1").send(post(&format!("http://{closed}/"))).await;
        assert!(matches!(result, Err(Error::ConnectionRefused)));
        let said = said(outbound("").send(post("http://nothing.invalid/")).await);
        assert!(said.contains("\"nothing.invalid\" has no address"), "{said}");
    }

    #[tokio::test]
    async fn a_receiver_without_tls_is_no_receiver_of_https() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        });
        let said = said(outbound("127.0.0.1").send(post(&format!("https://{address}/"))).await);
        assert!(said.starts_with("no TLS: "), "{said}");
    }
}
