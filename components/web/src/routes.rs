//! From a path and a method to an answer.

use crate::bindings::loadgate::dashboard::ingest::{
    self as aggregator, Encoding, Precision, Request as Upload, Sent, Wire,
};
use crate::bindings::loadgate::dashboard::runs;
use crate::bindings::loadgate::dashboard::types::Failure;
use crate::ingest::Unread;
use crate::reply::{self, Reply};
use crate::{assets, events, health, influx, ingest, report, rows, settings, tender};
use http::header::{CONTENT_ENCODING, REFERRER_POLICY, SET_COOKIE, WWW_AUTHENTICATE};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use loadgate_access::{Caller, Policy, Refusal};
use spin_sdk::http::Request;

/// Runs in a list whose length nobody asks for.
const LISTED: u32 = 50;

/// The largest declaration of options or metrics; the aggregator's limit is the same.
const OPTIONS_BYTES: usize = loadgate::limits::OPTIONS_BYTES;

/// The largest dashboard; likewise.
const DASHBOARD_BYTES: usize = loadgate::limits::DASHBOARD_BYTES;

/// The largest change of a label and note, escapes included.
const LABEL_BYTES: usize = 8 * (loadgate::limits::LABEL_BYTES + loadgate::limits::NOTE_BYTES);

/// The largest statement that `/query` reads from a form.
const STATEMENT_BYTES: usize = 64 * 1024;

/// One request, taken apart.
struct Call<'a> {
    request: Unread,
    method: Method,
    /// Parts of the path, still percent-encoded.
    path: Vec<&'a str>,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    /// The server's name and port as the client knows them.
    authority: Option<Authority>,
    /// The client speaks TLS, to us or to a proxy before us.
    tls: bool,
}

impl Call<'_> {
    fn caller(&self) -> Caller<'_> {
        Caller {
            method: &self.method,
            path: &self.path,
            authority: self.authority.as_ref().map(Authority::as_str),
            headers: &self.headers,
            query: &self.query,
        }
    }

    fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).filter(|value| !value.is_empty())
    }

    fn reads(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }
}

/// Answers any request.
pub async fn answer(request: Request) -> Reply {
    // Asked by whoever runs the server, and answered whatever is wrong with it.
    if let Some(answer) = health::answer(&request) {
        return answer;
    }
    let policy = match settings::get().await {
        Ok(policy) => policy,
        Err(sentence) => return reply::problem(StatusCode::INTERNAL_SERVER_ERROR, &sentence),
    };
    let method = request.method().clone();
    let uri = request.uri().clone();
    let headers = request.headers().clone();
    let request = Unread::of(request);
    let call = taken_apart(request.clone(), method.clone(), &uri, headers.clone());
    let mut answer = route(call, &policy).await;
    if !matches!(method, Method::GET | Method::HEAD | Method::OPTIONS) {
        request.discard().await;
    }
    policy.origins.tell(&method, &headers, answer.headers_mut());
    if matches!(method, Method::GET | Method::HEAD) {
        // Addresses name runs, and once a token.
        answer.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    if method == Method::HEAD { without_body(answer) } else { answer }
}

fn taken_apart(request: Unread, method: Method, uri: &Uri, headers: HeaderMap) -> Call<'_> {
    // Hosts keep `Host` from components; this header, which no client can set, has it.
    let full: Option<Uri> =
        headers.get("spin-full-url").and_then(|url| url.to_str().ok()).and_then(|url| url.parse().ok());
    let full = full.as_ref().unwrap_or(uri);
    let forwarded = headers.get("x-forwarded-proto").and_then(|proto| proto.to_str().ok());
    let proto = forwarded.and_then(|proto| proto.split(',').next()).unwrap_or_default().trim();
    Call {
        method,
        path: uri.path().split('/').skip(1).collect(),
        query: form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect(),
        authority: full.authority().or(uri.authority()).cloned(),
        tls: proto.eq_ignore_ascii_case("https") || full.scheme() == Some(&Scheme::HTTPS),
        headers,
        request,
    }
}

fn without_body(answer: Reply) -> Reply {
    let (parts, _) = answer.into_parts();
    let mut empty = reply::empty(parts.status);
    *empty.headers_mut() = parts.headers;
    empty
}

async fn route(call: Call<'_>, policy: &Policy) -> Reply {
    if let Err(refusal) = policy.check(&call.caller()) {
        return refused(&call, &refusal);
    }
    // Stock k6 may be told a path prefix, so InfluxDB's paths are known by their end.
    match call.path.as_slice() {
        ["api", "v2", "write"] => return write(call, "bucket").await,
        [.., "write"] => return write(call, "db").await,
        [.., "query"] => return query(call).await,
        [.., "ping"] if call.reads() => return influx::ping(),
        [.., "ping"] => return reply::method_not_allowed("GET, HEAD"),
        _ => {}
    }
    let allow = |call: &Call, allow: &'static str| {
        if call.method == Method::OPTIONS { options(allow) } else { reply::method_not_allowed(allow) }
    };
    const READS: &str = "GET, HEAD, OPTIONS";
    match call.path.as_slice() {
        ["" | "ui"] if call.reads() => reply::redirect("/ui/"),
        ["ui", rest @ ..] if call.reads() => match call.param("token") {
            Some(token) => sign_in(token, &call, policy),
            None => assets::serve(&rest.join("/"), &call.headers),
        },
        ["ingest"] => match call.method {
            Method::POST | Method::PUT => take_lines(call).await,
            _ => allow(&call, "POST, PUT, OPTIONS"),
        },
        ["events", "schema.json"] if call.reads() => reply::json(StatusCode::OK, runs::event_schema()),
        ["dashboard", "schema.json"] if call.reads() => reply::json(StatusCode::OK, runs::dashboard_schema()),
        ["runs", run, "rows"] if call.reads() => read_rows(&call, &decoded(run)).await,
        ["events"]
        | ["runs", _, "events"]
        | ["report"]
        | ["runs"]
        | ["runs", _]
        | ["runs", _, "summary" | "distribution"]
            if call.reads() =>
        {
            read_run(&call).await
        }
        ["runs", run] if matches!(call.method, Method::PATCH | Method::DELETE) => {
            let run = decoded(run);
            change_run(call, &run).await
        }
        ["runs", _] => allow(&call, "GET, HEAD, PATCH, DELETE, OPTIONS"),
        ["tests", test, "baseline"] if matches!(call.method, Method::PUT | Method::DELETE) => {
            let test = decoded(test);
            set_baseline(call, &test).await
        }
        ["tests", _, "baseline"] => allow(&call, "PUT, DELETE, OPTIONS"),
        ["events"]
        | ["events" | "dashboard", "schema.json"]
        | ["report"]
        | ["runs"]
        | ["runs", _, "events" | "summary" | "rows" | "distribution"]
        | ["" | "ui"]
        | ["ui", ..] => allow(&call, READS),
        ["runs", _, "finish"] | ["tests", _, "new-run" | "hello" | "imports"] => match call.method {
            Method::POST => command(&call).await,
            _ => allow(&call, "POST, OPTIONS"),
        },
        ["runs", run, "outcome"] => match call.method {
            Method::PUT => {
                let run = decoded(run);
                set_outcome(call.request, &run).await
            }
            _ => allow(&call, "PUT, OPTIONS"),
        },
        ["tests", test, what @ ("options" | "metrics")] => match call.method {
            Method::PUT => {
                let test = decoded(test);
                let declare: Declare =
                    if *what == "metrics" { aggregator::declare_metrics } else { aggregator::declare };
                take_declaration(call.request, test, declare).await
            }
            _ => allow(&call, "PUT, OPTIONS"),
        },
        ["tests", test, "dashboard"] => {
            let test = decoded(test);
            match call.method {
                Method::GET | Method::HEAD => reply::document(runs::dashboard(&test)),
                Method::PUT => set_dashboard(call.request, test).await,
                Method::DELETE => told(aggregator::remove_dashboard(&test)),
                _ => allow(&call, "GET, HEAD, PUT, DELETE, OPTIONS"),
            }
        }
        _ => reply::problem(StatusCode::NOT_FOUND, "there is nothing at this path"),
    }
}

/// A refusal in the words of the wire: InfluxDB's clients read its own errors.
fn refused(call: &Call, refusal: &Refusal) -> Reply {
    let (status, sentence) = (refusal.status(), refusal.to_string());
    let influx = matches!(call.path.as_slice(), [.., "write" | "query" | "ping"]);
    let mut answer = if influx && status == StatusCode::UNAUTHORIZED {
        influx::error(status, &format!("authorization failed: {sentence}"))
    } else if influx {
        influx::error(status, &sentence)
    } else {
        reply::problem(status, &sentence)
    };
    if status == StatusCode::UNAUTHORIZED && !influx {
        answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Loadgate\""));
    }
    answer
}

/// The methods of a path. What pages from elsewhere may do is another matter.
fn options(allow: &'static str) -> Reply {
    let mut answer = reply::empty(StatusCode::NO_CONTENT);
    answer.headers_mut().insert(http::header::ALLOW, HeaderValue::from_static(allow));
    answer
}

/// Puts a token into a cookie and out of the address bar. Only a token that is one: anybody can make a
/// browser open this address, and must not be able to put a person's own cookie out of use.
fn sign_in(token: &str, call: &Call, policy: &Policy) -> Reply {
    if policy.tokens.any() && !policy.tokens.know(token) {
        return reply::body(
            StatusCode::UNAUTHORIZED,
            "text/plain; charset=utf-8",
            "This is not a token of this server; nothing was changed. The page itself is at /ui/.\n",
        );
    }
    let encoded = percent_encoding::utf8_percent_encode(token, percent_encoding::NON_ALPHANUMERIC);
    let rest: String = call
        .query
        .iter()
        .filter(|(name, _)| name != "token")
        .fold(form_urlencoded::Serializer::new(String::new()), |mut out, (name, value)| {
            out.append_pair(name, value);
            out
        })
        .finish();
    let mut answer =
        reply::redirect(&if rest.is_empty() { "/ui/".to_owned() } else { format!("/ui/?{rest}") });
    if !policy.tokens.any() {
        return answer;
    }
    let secure = if call.tls { "; Secure" } else { "" };
    let cookie = format!(
        "{}={encoded}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000{secure}",
        loadgate_access::COOKIE_NAME
    );
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        answer.headers_mut().insert(SET_COOKIE, value);
    }
    answer
}

/// What the request says about itself, whatever the wire.
fn upload(call: &Call, wire: Wire, test: Option<&str>) -> Result<Upload, Failure> {
    let encoding = match call.header(CONTENT_ENCODING.as_str()) {
        None | Some("identity") => Encoding::Identity,
        Some(text) if text.eq_ignore_ascii_case("gzip") || text.eq_ignore_ascii_case("x-gzip") => {
            Encoding::Gzip
        }
        Some(_) => {
            return Err(Failure::Unsupported(
                "the content encoding is not one of gzip and identity".to_owned(),
            ));
        }
    };
    let precision = match call.param("precision") {
        None | Some("ns" | "n") => Precision::Nanoseconds,
        Some("us" | "u" | "µ") => Precision::Microseconds,
        Some("ms") => Precision::Milliseconds,
        Some("s") => Precision::Seconds,
        Some("m") => Precision::Minutes,
        Some("h") => Precision::Hours,
        Some(_) => return Err(Failure::Invalid("precision is one of ns, us, ms, s, m and h".to_owned())),
    };
    let sequence = match call.header("x-loadgate-sequence") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| {
            Failure::Invalid("X-Loadgate-Sequence is the number of the batch, a whole number".to_owned())
        })?),
    };
    let Sender { named, peer } = sender(call);
    Ok(Upload {
        wire,
        encoding,
        precision,
        test: test.map(str::to_owned),
        run: call.header("x-loadgate-run").or_else(|| call.param("run")).map(str::to_owned),
        source: named.unwrap_or_else(|| address(peer)).to_owned(),
        peer: if named.is_none() { peer.to_owned() } else { String::new() },
        sequence,
        import: call.param("import").is_some_and(|value| value == "1" || value == "true"),
    })
}

/// Who sends a request.
struct Sender<'a> {
    /// The client's own name for itself.
    named: Option<&'a str>,
    /// `IP:PORT`, by the host.
    peer: &'a str,
}

impl<'a> Sender<'a> {
    /// What tells one load generator from another.
    fn name(&self) -> &'a str {
        self.named.unwrap_or(self.peer)
    }
}

fn sender<'a>(call: &'a Call) -> Sender<'a> {
    Sender {
        named: call.header("x-loadgate-source").or_else(|| call.param("source")),
        peer: call.header("spin-client-addr").unwrap_or("unknown"),
    }
}

/// An address without its port: `127.0.0.1:5000`, `[::1]:5000`.
fn address(peer: &str) -> &str {
    match peer.rsplit_once(':') {
        Some((ip, port))
            if port.bytes().all(|b| b.is_ascii_digit()) && (!ip.contains(':') || ip.ends_with(']')) =>
        {
            ip.trim_matches(['[', ']'])
        }
        _ => peer,
    }
}

async fn take_lines(call: Call<'_>) -> Reply {
    let received = match upload(&call, Wire::K6Json, call.param("test")) {
        Ok(upload) => ingest::receive(call.request, &upload).await,
        Err(error) => Err(error),
    };
    match received {
        Ok(receipt) => ingest::receipt_reply(&receipt),
        Err(error) => ingest::refused_reply(&error),
    }
}

/// InfluxDB's `/write` and `/api/v2/write`; `parameter` names the test.
async fn write(call: Call<'_>, parameter: &str) -> Reply {
    if call.method != Method::POST {
        return reply::method_not_allowed("POST");
    }
    let received = match upload(&call, Wire::InfluxLines, call.param(parameter)) {
        Ok(upload) => ingest::receive(call.request, &upload).await,
        Err(error) => Err(error),
    };
    match received {
        Ok(receipt) => influx::write_reply(&receipt),
        Err(error) => {
            let (status, text) = reply::failure_parts(&error);
            influx::error(status, text)
        }
    }
}

/// InfluxDB's `/query`: the statement is in the query string, or in a form.
async fn query(call: Call<'_>) -> Reply {
    if !matches!(call.method, Method::GET | Method::HEAD | Method::POST) {
        return reply::method_not_allowed("GET, HEAD, POST");
    }
    let asker = sender(&call).name().to_owned();
    let mut statement = call.param("q").map(str::to_owned);
    let mut db = call.param("db").map(str::to_owned);
    if statement.is_none() && call.method == Method::POST {
        match ingest::collect(call.request, STATEMENT_BYTES).await {
            Ok(form) => {
                for (name, value) in form_urlencoded::parse(&form) {
                    match name.as_ref() {
                        "q" => statement = Some(value.into_owned()),
                        "db" => db = Some(value.into_owned()),
                        _ => {}
                    }
                }
            }
            Err(error) => {
                let (status, text) = reply::failure_parts(&error);
                return influx::error(status, text);
            }
        }
    }
    match statement {
        Some(statement) => influx::query(&statement, db.as_deref(), &asker),
        None => influx::error(StatusCode::BAD_REQUEST, "missing required parameter \"q\""),
    }
}

/// Documents and streams of runs.
async fn read_run(call: &Call<'_>) -> Reply {
    let current = async |run: &str| {
        let run = decoded(run);
        tender::catch_up(&run).await.map(|()| run)
    };
    match call.path.as_slice() {
        ["events"] | ["runs", _, "events"] => {
            let run = match call.path.as_slice() {
                ["runs", run, _] => Some(decoded(run)),
                _ => call.param("run").map(str::to_owned),
            };
            let after = call.header("last-event-id").or_else(|| call.param("lastEventId"));
            if call.method == Method::HEAD {
                return reply::body(StatusCode::OK, "text/event-stream; charset=utf-8", Vec::new());
            }
            events::stream(
                run,
                call.param("test").map(str::to_owned),
                after.and_then(|id| id.trim().parse().ok()),
            )
            .await
        }
        ["runs"] => {
            let Ok(limit) = call.param("limit").map_or(Ok(LISTED), str::parse) else {
                return reply::problem(
                    StatusCode::BAD_REQUEST,
                    "limit is how many runs are wanted, a whole number",
                );
            };
            let figures = call.param("figures").is_some_and(|value| value == "1" || value == "true");
            reply::document(runs::list(call.param("test"), call.param("before"), limit, figures))
        }
        ["runs", run] => reply::document(current(run).await.and_then(|run| runs::get(&run))),
        ["runs", run, "summary"] => reply::document(current(run).await.and_then(|run| runs::summary(&run))),
        ["runs", run, "distribution"] => reply::document(distribution(call, run).await),
        ["report"] => report::page(call.param("run")).await,
        _ => reply::problem(StatusCode::NOT_FOUND, "there is nothing at this path"),
    }
}

async fn distribution(call: &Call<'_>, run: &str) -> Result<String, Failure> {
    let run = decoded(run);
    let table = rows::table(call.param("table").unwrap_or("metrics"))?;
    let key = call.param("key").map_or(Ok(Vec::new()), rows::key)?;
    let metric = call
        .param("metric")
        .ok_or_else(|| Failure::Invalid("say which metric, like metric=http_req_duration".to_owned()))?;
    tender::catch_up(&run).await?;
    runs::distribution(&run, table, &key, metric)
}

async fn read_rows(call: &Call<'_>, run: &str) -> Reply {
    let asked = async {
        let table = rows::table(call.param("table").unwrap_or("statuses"))?;
        let key = call.param("key").map(rows::key).transpose()?;
        let after = call.param("after").map(str::parse).transpose();
        let after = after.map_err(|_| Failure::Invalid("after is a time in Unix ms".to_owned()))?;
        tender::catch_up(run).await?;
        Ok((table, key, after))
    };
    match asked.await {
        Ok((table, key, after)) => rows::answer(run, table, key, after).await,
        Err(error) => reply::failure(&error),
    }
}

/// Label and note of a run, or its end.
async fn change_run(call: Call<'_>, run: &str) -> Reply {
    if call.method == Method::DELETE {
        return no_content(tender::catch_up(run).await.and_then(|()| runs::delete(run)));
    }
    match ingest::collect(call.request, LABEL_BYTES).await {
        Ok(document) => reply::document(runs::set_label(run, &document)),
        Err(error) => reply::failure(&error),
    }
}

async fn set_baseline(call: Call<'_>, test: &str) -> Reply {
    let done = if call.method == Method::DELETE {
        runs::set_baseline(test, None)
    } else {
        match ingest::collect(call.request, LABEL_BYTES).await {
            Ok(document) => runs::set_baseline(test, Some(&document)),
            Err(error) => Err(error),
        }
    };
    no_content(done)
}

/// Commands without a body.
async fn command(call: &Call<'_>) -> Reply {
    let done = |document: serde_json::Value, logs: Vec<String>| {
        logs.into_iter().for_each(tender::tend);
        reply::json(StatusCode::OK, document.to_string())
    };
    let result = match call.path.as_slice() {
        ["runs", run, _] => {
            let run = decoded(run);
            // A pipeline finishes the run right after it has sent the last of it.
            tender::catch_up(&run)
                .await
                .and_then(|()| aggregator::finish_run(&run, &sent(call)))
                .map(|(run, logs)| done(serde_json::json!({ "run": run, "finished": true }), logs))
        }
        ["tests", test, "new-run"] => {
            let test = decoded(test);
            aggregator::new_run(&test, call.param("run"))
                .map(|logs| done(serde_json::json!({ "test": test }), logs))
        }
        ["tests", test, "hello"] => {
            let test = decoded(test);
            aggregator::hello(Some(&test), sender(call).name())
                .map(|()| done(serde_json::json!({ "test": test }), vec![]))
        }
        ["tests", test, _] => {
            let test = decoded(test);
            aggregator::new_import(Some(&test))
                .map(|run| done(serde_json::json!({ "test": test, "run": run }), vec![]))
        }
        _ => Err(Failure::NotFound("there is nothing at this path".to_owned())),
    };
    result.unwrap_or_else(|error| reply::failure(&error))
}

/// What a finish says of samples that may still be on their way: `?settled=true` that there are none,
/// of the client that names itself, else of anybody.
fn sent(call: &Call) -> Sent {
    match (call.param("settled"), sender(call).named) {
        (Some("1" | "true"), Some(name)) => Sent::AllBy(name.to_owned()),
        (Some("1" | "true"), None) => Sent::All,
        _ => Sent::Perhaps,
    }
}

/// What a run's end says of it.
async fn set_outcome(request: Unread, run: &str) -> Reply {
    match ingest::collect(request, LABEL_BYTES).await {
        // It may have been acknowledged a moment ago.
        Ok(document) => {
            no_content(tender::catch_up(run).await.and_then(|()| runs::set_outcome(run, &document)))
        }
        Err(error) => reply::failure(&error),
    }
}

/// Takes a test's name and a document.
type Declare = fn(&str, &[u8]) -> Result<Vec<String>, Failure>;

async fn take_declaration(request: Unread, test: String, declare: Declare) -> Reply {
    let result = match ingest::collect(request, OPTIONS_BYTES).await {
        Ok(document) => declare(&test, &document),
        Err(error) => Err(error),
    };
    told(result)
}

async fn set_dashboard(request: Unread, test: String) -> Reply {
    match ingest::collect(request, DASHBOARD_BYTES).await {
        Ok(document) => told(aggregator::set_dashboard(&test, &document)),
        Err(error) => reply::failure(&error),
    }
}

/// The answer to what was declared; the logs that were told of it are folded soon.
fn told(result: Result<Vec<String>, Failure>) -> Reply {
    no_content(result.map(|logs| logs.into_iter().for_each(tender::tend)))
}

/// The answer to a command that leaves nothing to tell.
fn no_content(result: Result<(), Failure>) -> Reply {
    match result {
        Ok(()) => reply::empty(StatusCode::NO_CONTENT),
        Err(error) => reply::failure(&error),
    }
}

/// A part of the path as text; what is no text cannot be a name either.
fn decoded(part: &str) -> String {
    percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned()
}
