//! The application's variables: who may do what for this component, the rest for the aggregator.

use crate::bindings::loadgate::dashboard::control;
use loadgate_http::{Hosts, Origins, Policy, Tokens};
use std::cell::OnceCell;
use std::rc::Rc;

thread_local! {
    static POLICY: OnceCell<Rc<Policy>> = const { OnceCell::new() };
}

/// The settings, read at the first request of an instance. An error is a sentence for the operator.
pub(crate) async fn get() -> Result<Rc<Policy>, String> {
    if let Some(policy) = POLICY.with(|cell| cell.get().cloned()) {
        return Ok(policy);
    }
    let mut pairs = Vec::new();
    for name in loadgate::settings::NAMES {
        pairs.push((name.to_owned(), variable(name).await?));
    }
    control::configure(&pairs).map_err(|error| crate::reply::failure_parts(&error).1.to_owned())?;
    let policy = Rc::new(Policy {
        tokens: Tokens { write: variable("write_token").await?, read: variable("read_token").await? },
        hosts: parsed("hosts", Hosts::parse).await?,
        origins: parsed("cors_origin", Origins::parse).await?,
        frames: parsed("frame_ancestors", Origins::parse).await?,
    });
    Ok(POLICY.with(|cell| cell.get_or_init(|| policy).clone()))
}

async fn parsed<T>(name: &str, parse: fn(&str) -> Result<T, &'static str>) -> Result<T, String> {
    let value = variable(name).await?;
    parse(&value).map_err(|wanted| format!("the setting `{name}` is {value:?}; it takes {wanted}"))
}

async fn variable(name: &str) -> Result<String, String> {
    use spin_sdk::variables::{Error, get};
    match get(name).await {
        Ok(value) => Ok(value),
        Err(Error::Undefined(_)) => Ok(String::new()),
        Err(error) => Err(format!("the variable `{name}` cannot be read: {error}")),
    }
}
