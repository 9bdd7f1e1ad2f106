//! Wrong settings are said at the start, not by the first request that meets them.

use crate::variables::environment_name;
use anyhow::{Result, bail};
use loadgate::settings::{NAMES, Settings};
use loadgate_http::{Hosts, Origins};
use loadgate_lifecycle::webhook::Reach;
use std::ffi::OsString;

/// Checks everything that the components read from the environment, by the components' own rules.
pub(crate) fn check(environment: impl Fn(&str) -> Option<OsString>) -> Result<()> {
    let read = |name: &str| -> Result<String> {
        let variable = environment_name(name);
        match environment(&variable).map(OsString::into_string) {
            None => Ok(String::new()),
            Some(Ok(value)) => Ok(value),
            Some(Err(_)) => bail!("{variable} is not UTF-8 text"),
        }
    };
    let wrong = |name: &str, value: &str, wanted: &str| {
        anyhow::anyhow!("{} is {value:?}; it takes {wanted}", environment_name(name))
    };
    for name in NAMES {
        let value = read(name)?;
        if let Err(error) = Settings::parse([(name, value.as_str())]) {
            return Err(wrong(name, &error.value, error.wanted));
        }
    }
    let hosts = read("hosts")?;
    Hosts::parse(&hosts).map_err(|wanted| wrong("hosts", &hosts, wanted))?;
    for name in ["cors_origin", "frame_ancestors"] {
        let origins = read(name)?;
        Origins::parse(&origins).map_err(|wanted| wrong(name, &origins, wanted))?;
    }
    // One that cannot be read would leave the server open.
    for token in ["write_token", "read_token"] {
        read(token)?;
    }
    Ok(())
}

/// Where webhooks may lead besides the public network.
pub(crate) fn webhook_hosts(environment: impl Fn(&str) -> Option<String>) -> Result<Reach> {
    let variable = environment_name("webhook_hosts");
    let value = environment(&variable).unwrap_or_default();
    Reach::parse(&value).map_err(|wanted| anyhow::anyhow!("{variable} is {value:?}; it takes {wanted}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;

    #[test]
    fn a_wrong_setting_is_refused_with_its_name_and_what_is_allowed() {
        let check = |name: &'static str, value: &str| {
            let value = OsString::from(value);
            check(move |asked| (asked == name).then(|| value.clone()))
        };
        for (name, value, allowed) in [
            ("LOADGATE_IDLE", "abc", "duration"),
            ("LOADGATE_PERIOD", "100ms", "whole seconds"),
            ("LOADGATE_RETENTION", "-1", "whole number"),
            ("LOADGATE_WEBHOOK_HOSTS", "http://hooks", "without scheme"),
            ("LOADGATE_HOSTS", "http://gate", "names of this server"),
            ("LOADGATE_CORS_ORIGIN", "pages.example", "origins such as"),
            ("LOADGATE_FRAME_ANCESTORS", "grafana.example", "origins such as"),
        ] {
            let error = check(name, value).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(value) && error.contains(allowed), "{error}");
        }
        for (name, value) in [("LOADGATE_IDLE", "4s"), ("LOADGATE_HOSTS", "*"), ("LOADGATE_IDLE", "")] {
            check(name, value).unwrap();
        }
    }

    #[test]
    fn a_token_that_is_no_text_does_not_leave_the_server_open() {
        let check =
            |variable| check(move |asked| (asked == variable).then(|| OsString::from_vec(vec![b's', 0xff])));
        for variable in ["LOADGATE_WRITE_TOKEN", "LOADGATE_READ_TOKEN", "LOADGATE_IDLE"] {
            assert!(check(variable).unwrap_err().to_string().contains(variable));
        }
    }
}
