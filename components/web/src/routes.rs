//! From a request to its handler. What there is, and what it needs, is [`loadgate_http`]'s table; whoever may
//! not ask is refused here, before any handler is called.

use crate::body::Unread;
use crate::call::Call;
use crate::deliver;
use crate::handlers::{
    assets, events, gate, health, influx, lifecycle, lines, page, report, requests, rows, runs, series,
    tests, webhooks, wires,
};
use crate::reply::{self, Reply};
use crate::settings;
use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};
use loadgate_http::{Found, Policy, Refusal, Route};
use loadgate_lifecycle::Endpoint;
use spin_sdk::http::Request;

/// Answers any request.
pub(crate) async fn answer(request: Request) -> Reply {
    let (method, uri, headers) = (request.method().clone(), request.uri().clone(), request.headers().clone());
    let (found, needed) = Found::at(&method, uri.path());
    // Asked by whoever runs the server, and answered whatever is wrong with it.
    if let Found::Route(route @ (Route::Healthy | Route::Ready), _) = found {
        return whole_or_head(&method, health::answer(route));
    }
    let policy = match settings::get().await {
        Ok(policy) => policy,
        Err(sentence) => return reply::problem(StatusCode::INTERNAL_SERVER_ERROR, &sentence),
    };
    let body = Unread::of(request);
    let call = Call::new(body.clone(), method.clone(), &uri, headers.clone());
    let mut answer = match policy.check(&call.caller(needed)) {
        Ok(()) => handle(call, found, &policy).await,
        Err(refusal) => refused(&found, &refusal, by_script(&headers)),
    };
    // A verdict may have been given, or an older one be due again.
    deliver::in_background();
    let reads = matches!(method, Method::GET | Method::HEAD);
    if !reads && method != Method::OPTIONS {
        body.discard().await;
    }
    policy.origins.tell(&method, &headers, answer.headers_mut());
    if reads {
        let headers = answer.headers_mut();
        // Addresses name runs, and once a token.
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        // Beside the policy of the answer's own, if it has one: both hold.
        headers.append(CONTENT_SECURITY_POLICY, policy.frames.frame_ancestors());
    }
    whole_or_head(&method, answer)
}

async fn handle(call: Call, found: Found<'_>, policy: &Policy) -> Reply {
    let (route, parts) = match found {
        Found::Route(route, parts) => (route, parts),
        Found::Options(allow) => return reply::options(&allow),
        Found::OtherMethods(allow) => return reply::method_not_allowed(&allow),
        Found::Nothing => return reply::problem(StatusCode::NOT_FOUND, "there is nothing at this path"),
    };
    // The one name in the path, of a run or a test; what is no text cannot be a name either.
    let wild = parts.first().copied().unwrap_or_default();
    let name = percent_encoding::percent_decode_str(wild).decode_utf8_lossy().into_owned();
    let name = name.as_str();
    match route {
        Route::Healthy | Route::Ready => health::answer(route),
        // Relative: a proxy may have put this server below a path.
        Route::Home => reply::redirect("ui/"),
        Route::Page => match call.param("token") {
            Some(token) => page::sign_in(token, &call, policy),
            None => assets::serve(wild, &call.headers),
        },
        Route::Report => report::page(&call).await,
        Route::InfluxWrite(test) => influx::write(&call, test).await,
        Route::InfluxQuery => influx::query(&call).await,
        Route::InfluxPing => influx::ping(),
        Route::Ingest => lines::take(&call).await,
        Route::DynatraceMetrics => wires::dynatrace(&call, name).await,
        Route::OtlpMetrics => wires::otlp(&call, name).await,
        Route::RemoteWrite => wires::prometheus(&call, name).await,
        Route::Events => events::answer(&call, (!name.is_empty()).then_some(name)).await,
        Route::EventSchema => runs::event_schema(),
        Route::DashboardSchema => tests::dashboard_schema(),
        Route::ListRuns => runs::list(&call),
        Route::ListTests => tests::list(&call),
        Route::GetRun => runs::get(name).await,
        Route::LabelRun => runs::label(&call, name).await,
        Route::DeleteRun => runs::delete(name).await,
        Route::Summary => runs::summary(&call, name).await,
        Route::Requests => requests::answer(&call, name).await,
        Route::Rows => rows::answer(&call, name).await,
        Route::Series => series::answer(&call, name).await,
        Route::Findings => runs::findings(&call, name).await,
        Route::MuteFindings => tests::mute_findings(&call, name).await,
        Route::Distribution => runs::distribution(&call, name).await,
        Route::Comparison => runs::comparison(&call, name).await,
        Route::FinishRun => runs::finish(&call, name).await,
        Route::SetOutcome => runs::set_outcome(&call, name).await,
        Route::NewRun => tests::new_run(&call, name),
        Route::Hello => tests::hello(&call, name),
        Route::NewImport => tests::new_import(name),
        Route::SetBaseline => tests::set_baseline(&call, name).await,
        Route::RemoveBaseline => tests::remove_baseline(name),
        Route::DeclareOptions => tests::declare_options(&call, name).await,
        Route::DeclareMetrics => tests::declare_metrics(&call, name).await,
        Route::GetDashboard => tests::dashboard(name),
        Route::SetDashboard => tests::set_dashboard(&call, name).await,
        Route::RemoveDashboard => tests::remove_dashboard(name),
        Route::GetObjectives => gate::objectives(name),
        Route::SetObjectives => gate::set_objectives(&call, name).await,
        Route::RemoveObjectives => gate::remove_objectives(name),
        Route::SuggestObjectives => gate::suggest_objectives(name),
        Route::ObjectivesSchema => gate::objectives_schema(),
        Route::Verdict => gate::verdict(&call, gate::Asked::Run(name)).await,
        Route::TestVerdict => gate::verdict(&call, gate::Asked::Test(name)).await,
        Route::KnownVerdict => gate::known_verdict(&call).await,
        Route::Judge => gate::judge(name).await,
        Route::Badge => gate::badge(name),
        Route::Rollout => gate::rollout(name).await,
        Route::Sdlc => lifecycle::take(&call, Endpoint::Sdlc).await,
        Route::EventsV2 => lifecycle::take(&call, Endpoint::EventsV2).await,
        Route::CloudEvents => lifecycle::take(&call, Endpoint::CloudEvents).await,
        Route::GetWebhooks => webhooks::get(name),
        Route::SetWebhooks => webhooks::set(&call, name).await,
        Route::RemoveWebhooks => webhooks::remove(name),
        Route::Deliveries => webhooks::deliveries(name).await,
        Route::Replay => webhooks::replay(name, parts.get(1).copied().unwrap_or_default()),
        Route::Deliver => webhooks::deliver(),
    }
}

/// A refusal in the words of the wire: InfluxDB's clients read its own errors.
///
/// A browser that is asked for a name and password (`Basic`) asks its person in a window of its own, and keeps a page's
/// script waiting meanwhile: scripts are told of the token alone, and the pages ask for it themselves.
fn refused(found: &Found, refusal: &Refusal, by_script: bool) -> Reply {
    let (status, sentence) = (refusal.status(), refusal.to_string());
    let unknown = status == StatusCode::UNAUTHORIZED;
    if let Found::Route(Route::InfluxWrite(_) | Route::InfluxQuery | Route::InfluxPing, _) = found {
        let said = if unknown { format!("authorization failed: {sentence}") } else { sentence };
        return influx::error(status, &said);
    }
    let mut answer = reply::problem(status, &sentence);
    if unknown {
        let challenge = if by_script { "Bearer realm=\"Loadgate\"" } else { "Basic realm=\"Loadgate\"" };
        answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    answer
}

/// Whether a page's script asks, which browsers tell (Fetch Metadata Request Headers, section 2.2); no person does.
fn by_script(headers: &http::HeaderMap) -> bool {
    headers.get("sec-fetch-mode").is_some_and(|mode| mode != "navigate")
}

/// An answer to HEAD has no body.
fn whole_or_head(method: &Method, answer: Reply) -> Reply {
    if method != Method::HEAD {
        return answer;
    }
    let (parts, _) = answer.into_parts();
    let mut empty = reply::empty(parts.status);
    *empty.headers_mut() = parts.headers;
    empty
}
