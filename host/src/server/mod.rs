//! The HTTP server in front of the component.

mod announce;
mod body;
mod clockwork;
mod connection;
mod demo;
mod health;
mod tls;

pub use self::demo::Demo;
pub(crate) use self::tls::Files as TlsFiles;

use self::body::{Phase, Until};
use self::health::Health;
use crate::assets::Assets;
use crate::component::App;
use crate::outbound::Outbound;
use crate::redact::redacted;
use crate::{engine, journal, key_value, settings, variables};
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use wasmtime_wasi_http::WasiBody;

/// Where Loadgate is when nobody says otherwise.
pub(crate) const DEFAULT_LISTEN: &str = "127.0.0.1:5660";

/// Spin's name for the header that tells the component who asks, `IP:PORT`.
const CLIENT_ADDRESS: HeaderName = HeaderName::from_static("spin-client-addr");

/// Likewise for the one that says where the request went, `Host` included.
const FULL_URL: HeaderName = HeaderName::from_static("spin-full-url");

/// At the end, requests in flight may take so long; then uploads are cut, and have as long again
/// until what came of them is stored.
const DRAIN: Duration = Duration::from_secs(2);

/// The environment variable with the token that writing takes. The component reads the same.
pub(crate) const WRITE_TOKEN: &str = "LOADGATE_WRITE_TOKEN";

/// What to serve, and where.
pub(crate) struct Options<'a> {
    /// `HOST:PORT`; port 0 takes any.
    pub listen: &'a str,
    /// Without them it speaks plain HTTP.
    pub tls: Option<TlsFiles<'a>>,
    /// See [`key_value::open`].
    pub store: &'a str,
    pub precompiled: &'a [u8],
    pub assets: Assets,
    /// Listening beyond loopback without a write token is meant.
    pub insecure: bool,
    /// Say on stdout when a run begins and ends.
    pub announce: bool,
}

/// A server that runs until [`Server::stop`].
pub(crate) struct Server {
    url: String,
    phases: watch::Sender<Phase>,
    accepting: JoinHandle<GracefulShutdown>,
    store: Arc<dyn key_value::Store>,
    app: App,
    _assets: Assets,
}

impl Server {
    /// Starts to listen, once everything that it needs is there. Needs a multi-threaded tokio runtime.
    pub(crate) async fn start(options: Options<'_>) -> Result<Self> {
        settings::check(|variable| std::env::var_os(variable))?;
        let tls = options.tls.map(tls::acceptor).transpose()?;
        let outbound = Outbound::new(settings::webhook_hosts(|variable| std::env::var(variable).ok())?);
        let store = key_value::open(options.store).await?;
        health::probe(store.clone())
            .await
            .with_context(|| format!("the store {} cannot be written and read", redacted(options.store)))?;
        let listener = bind(options.listen, options.insecure).await?;
        let address = listener.local_addr()?;
        let engine = engine::engine()?;
        let component = engine::load(&engine, options.precompiled)?;
        let variables = variables::View { any_host: options.insecure };
        let files = options.assets.path().to_owned();
        let app = App::new(&engine, &component, store.clone(), files, variables, outbound)?;
        let (phases, phase) = watch::channel(Phase::Serving);
        let scheme = if tls.is_some() { Scheme::HTTPS } else { Scheme::HTTP };
        let url = reachable(&scheme, address);
        let front = Arc::new(Front {
            scheme,
            url: url.clone(),
            app: app.clone(),
            health: Health::new(store.clone()),
            store: store.clone(),
            phase: phase.clone(),
            local: address,
            born: Instant::now(),
            last_write: AtomicU64::new(0),
        });
        if options.announce {
            announce::spawn(front.clone());
        }
        clockwork::spawn(front.clone());
        let accepting = tokio::spawn(accept(listener, tls, front, phase));
        Ok(Server { url, phases, accepting, store, app, _assets: options.assets })
    }

    /// `http://HOST:PORT` that a client on this machine reaches it at.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Ends in good order: accepts nothing more, ends event streams, lets requests in flight finish
    /// within a few seconds, and closes the store.
    pub(crate) async fn stop(self) {
        self.phases.send_replace(Phase::Draining);
        if let Ok(connections) = self.accepting.await {
            let mut ended = std::pin::pin!(connections.shutdown());
            if tokio::time::timeout(DRAIN, &mut ended).await.is_err() {
                self.phases.send_replace(Phase::Cutting);
                let _ = tokio::time::timeout(DRAIN, ended).await;
            }
        }
        self.app.end();
        self.store.close().await;
    }
}

/// The URL of a listening address; one that listens everywhere is reached by loopback.
fn reachable(scheme: &Scheme, mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("{scheme}://{address}")
}

async fn bind(listen: &str, insecure: bool) -> Result<TcpListener> {
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host(listen)
        .await
        .with_context(|| format!("{listen:?} is no HOST:PORT to listen at"))?
        .collect();
    let token = std::env::var(WRITE_TOKEN).is_ok_and(|token| !token.is_empty());
    check_exposure(&addresses, token, insecure)?;
    match TcpListener::bind(addresses.as_slice()).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => bail!(
            "{listen} is taken, by another Loadgate, perhaps; \
             choose another with --listen 127.0.0.1:PORT (0 takes any)"
        ),
        Err(error) => Err(error).with_context(|| format!("cannot listen at {listen}")),
    }
}

/// Anybody who reaches the server without a token could write to it.
fn check_exposure(addresses: &[SocketAddr], token: bool, insecure: bool) -> Result<()> {
    if let Some(open) = addresses.iter().find(|address| !address.ip().is_loopback())
        && !token
        && !insecure
    {
        bail!(
            "at {open} anybody on the network could send data; set {WRITE_TOKEN} to a secret of your choice \
             (clients give it as `Authorization: Bearer SECRET`, k6 as the password in its URL), or say \
             --insecure-listen if that is meant"
        );
    }
    Ok(())
}

async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    front: Arc<Front>,
    mut phase: watch::Receiver<Phase>,
) -> GracefulShutdown {
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = phase.wait_for(|phase| *phase != Phase::Serving) => return connections,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            // The connection failed before it began, or descriptors ran out: the next may do.
            Err(error) => {
                if !matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted
                        | io::ErrorKind::ConnectionReset
                        | io::ErrorKind::Interrupted
                ) {
                    journal::error(&format!("cannot accept a connection: {error}"));
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                continue;
            }
        };
        let front = front.clone();
        let service = service_fn(move |request| {
            let front = front.clone();
            async move { Ok::<_, Infallible>(front.answer(request, peer).await) }
        });
        tokio::spawn(connection::serve(stream, tls.clone(), service, connections.watcher()));
    }
}

/// What every connection shares.
struct Front {
    scheme: Scheme,
    /// See [`Server::url`].
    url: String,
    app: App,
    health: Health,
    store: Arc<dyn key_value::Store>,
    phase: watch::Receiver<Phase>,
    local: SocketAddr,
    born: Instant,
    /// Milliseconds after `born` of the newest request that was more than a question; 0: none.
    last_write: AtomicU64,
}

impl Front {
    async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<WasiBody> {
        let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        if changes {
            let now = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.last_write.store(now.max(1), Ordering::Relaxed);
        }
        if let Some(answer) = self.health.answer(&request).await {
            return answer;
        }
        let Some(request) = self.admit(request, peer) else {
            return problem(StatusCode::BAD_REQUEST, "the request's target or Host header is malformed");
        };
        match self.app.answer(request).await {
            Ok(response) if changes => match self.store.flush().await {
                Ok(()) => response,
                Err(error) => {
                    journal::error(&error.to_string());
                    problem(StatusCode::SERVICE_UNAVAILABLE, "what was sent may not be kept; send it again")
                }
            },
            Ok(response) => self.release(response),
            Err(error) => {
                journal::error(&format!("a request failed: {error:#}"));
                problem(StatusCode::INTERNAL_SERVER_ERROR, "the server failed; its log says why")
            }
        }
    }

    /// The request as the component wants it: absolute, and with the peer's address and its own, which
    /// nobody but us may name.
    fn admit(&self, request: Request<Incoming>, peer: SocketAddr) -> Option<Request<WasiBody>> {
        let (mut parts, body) = request.into_parts();
        parts.uri = absolute(&self.scheme, &parts.uri, parts.headers.get(HOST), self.local)?;
        parts.headers.insert(CLIENT_ADDRESS, HeaderValue::from_str(&peer.to_string()).ok()?);
        parts.headers.insert(FULL_URL, HeaderValue::from_str(&parts.uri.to_string()).ok()?);
        let body = body.map_err(wasmtime_wasi_http::Error::from);
        Some(Request::from_parts(parts, Until::new(body, self.phase.clone(), Phase::Cutting).boxed_unsync()))
    }

    fn release(&self, response: Response<WasiBody>) -> Response<WasiBody> {
        let streams = response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"));
        if !streams {
            return response;
        }
        response.map(|body| Until::new(body, self.phase.clone(), Phase::Draining).boxed_unsync())
    }

    /// Asks the component without a connection.
    async fn ask(&self, method: Method, target: &'static str) -> Result<(StatusCode, Bytes)> {
        let token = if method == Method::GET { read_token() } else { token(&[WRITE_TOKEN]) };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}://{}{target}", self.scheme, self.local))
            .header(CLIENT_ADDRESS, "127.0.0.1:0")
            .body(empty())?;
        if let Some(token) = token {
            request.headers_mut().insert(http::header::AUTHORIZATION, format!("Bearer {token}").parse()?);
        }
        let response = self.app.answer(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|error| anyhow::anyhow!("{error:?}"))?;
        Ok((status, body.to_bytes()))
    }
}

/// A token that reading takes, if it takes one.
fn read_token() -> Option<String> {
    token(&["LOADGATE_READ_TOKEN", WRITE_TOKEN])
}

/// The first of these environment variables that says anything.
fn token(names: &[&str]) -> Option<String> {
    names.iter().filter_map(|name| std::env::var(name).ok()).find(|token| !token.is_empty())
}

fn absolute(scheme: &Scheme, uri: &Uri, host: Option<&HeaderValue>, local: SocketAddr) -> Option<Uri> {
    let path = match uri.path_and_query() {
        Some(path) if path.as_str().starts_with('/') => path.clone(),
        Some(_) => return None,
        None => PathAndQuery::from_static("/"),
    };
    let authority = match (uri.authority(), host) {
        (Some(authority), _) => authority.clone(),
        (None, Some(host)) if !host.is_empty() => Authority::try_from(host.as_bytes()).ok()?,
        // HTTP/1.0.
        (None, _) => Authority::try_from(local.to_string()).ok()?,
    };
    Uri::builder().scheme(scheme.clone()).authority(authority).path_and_query(path).build().ok()
}

fn empty() -> WasiBody {
    Full::new(Bytes::new()).map_err(|never| match never {}).boxed_unsync()
}

/// RFC 9457, for what the component cannot say itself.
fn problem(status: StatusCode, detail: &str) -> Response<WasiBody> {
    let document = serde_json::json!({ "status": status.as_u16(), "detail": detail }).to_string();
    let mut response =
        Response::new(Full::new(Bytes::from(document)).map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_becomes_absolute_by_the_host_header() {
        let local: SocketAddr = "127.0.0.1:5660".parse().unwrap();
        let host = HeaderValue::from_static("gate.example:80");
        let absolute = |target: &str, host: Option<&HeaderValue>| {
            absolute(&Scheme::HTTP, &target.parse().unwrap(), host, local).map(|uri| uri.to_string())
        };
        assert_eq!(absolute("/runs?x=1", Some(&host)).as_deref(), Some("http://gate.example:80/runs?x=1"));
        assert_eq!(absolute("/", None).as_deref(), Some("http://127.0.0.1:5660/"));
        assert_eq!(absolute("http://other/a", Some(&host)).as_deref(), Some("http://other/a"));
        assert_eq!(absolute("*", Some(&host)), None);
        assert_eq!(absolute("/", Some(&HeaderValue::from_static("a b"))), None);
    }

    #[test]
    fn nobody_listens_to_the_network_without_a_token_by_mistake() {
        let loopback: Vec<SocketAddr> = vec!["127.0.0.1:1".parse().unwrap(), "[::1]:1".parse().unwrap()];
        let everywhere: Vec<SocketAddr> = vec!["0.0.0.0:1".parse().unwrap()];
        assert!(check_exposure(&loopback, false, false).is_ok());
        assert!(check_exposure(&everywhere, true, false).is_ok());
        assert!(check_exposure(&everywhere, false, true).is_ok());
        let refusal = check_exposure(&everywhere, false, false).unwrap_err().to_string();
        assert!(refusal.contains(WRITE_TOKEN) && refusal.contains("--insecure-listen"), "{refusal}");
    }

    #[tokio::test]
    async fn a_port_in_use_is_said_in_a_sentence() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = taken.local_addr().unwrap().to_string();
        let error = bind(&address, false).await.unwrap_err().to_string();
        assert!(error.contains(&address) && error.contains("--listen"), "{error}");
    }
}
