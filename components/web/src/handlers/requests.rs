//! `/runs/ID/requests`: requests by what tells them apart, grouped and filtered.

use super::runs::window;
use crate::background;
use crate::bindings::loadgate::dashboard::runs::{self, Facet};
use crate::bindings::loadgate::dashboard::types::Failure;
use crate::call::Call;
use crate::reply::{self, Reply};
use loadgate_documents::shorten;

/// What parameters are called, in the order in which a sentence lists them.
const FACETS: [(&str, Facet); 7] = [
    ("method", Facet::Method),
    ("name", Facet::Name),
    ("status", Facet::Status),
    ("scenario", Facet::Scenario),
    ("group", Facet::Group),
    ("expected", Facet::Expected),
    ("phase", Facet::Phase),
];

pub(crate) async fn answer(call: &Call, run: &str) -> Reply {
    let document = async {
        let by: Result<Vec<Facet>, Failure> =
            call.param("by").unwrap_or("method,name").split(',').map(|name| facet(name.trim())).collect();
        let by = by?;
        let window = window(call)?;
        background::settle(run).await?;
        runs::requests(run, &by, &filters(call), window)
    };
    reply::large_document(call, document.await)
}

fn facet(name: &str) -> Result<Facet, Failure> {
    let found = FACETS.iter().find(|(known, _)| *known == name);
    found.map(|(_, facet)| *facet).ok_or_else(|| {
        let names = FACETS.map(|(name, _)| name).join(", ");
        Failure::Invalid(format!("by={} is none of {names}; several have commas between them", shorten(name)))
    })
}

/// Every parameter that is called like a facet, also without a value: such are outside of any scenario or group.
fn filters(call: &Call) -> Vec<(Facet, String)> {
    let filters = call.query().iter().filter_map(|(name, value)| {
        let (_, facet) = FACETS.iter().find(|(known, _)| known == name)?;
        Some((*facet, value.clone()))
    });
    filters.collect()
}
