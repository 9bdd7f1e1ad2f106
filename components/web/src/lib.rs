//! The Spin HTTP component: routes, authentication, content negotiation, the event stream and
//! static assets. What samples mean is the aggregator's business; it is called through WIT only.

#![warn(missing_docs, unreachable_pub, clippy::missing_errors_doc)]

mod background;
mod body;
mod call;
mod deliver;
mod handlers;
mod journal;
mod reply;
mod routes;
mod settings;

use spin_sdk::http::Request;
use spin_sdk::http_service;

/// Bindings of the world `web`; private, and seen by the modules that call the aggregator.
// Generated code of the component's ABI.
#[allow(missing_docs, unreachable_pub, unsafe_code)]
mod bindings {
    wit_bindgen::generate!({
        world: "web",
        path: "../../wit",
        generate_all,
    });
}

#[http_service]
async fn handle(request: Request) -> reply::Reply {
    routes::answer(request).await
}
