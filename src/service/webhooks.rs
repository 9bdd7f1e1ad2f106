//! A test's webhooks, as people put them and see them: addresses and formats are checked here, secrets go in
//! and never come out.

use super::{Service, foreign_test, known_test};
use crate::catalogue::webhooks::{self, MOST, Webhook, Webhooks};
use crate::ingest::Refusal;
use crate::limits;
use crate::store::{Clock, Store};
use loadgate_documents::{Digits, ObjectiveState, to_json};
use loadgate_lifecycle::out::Shape;
use loadgate_lifecycle::webhook::{Destination, Reach, Secret};
use serde::{Deserialize, Serialize};

/// In place of a secret: there is one, and it stays.
const KEPT: &str = "kept";

/// Secrets of one webhook: the one that comes beside the one that goes.
const SECRETS: usize = 2;

/// One of them, as it is put.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Put {
    name: Option<String>,
    url: String,
    format: Shape,
    secret: Option<String>,
    authorization: Option<String>,
    #[serde(default)]
    verdicts: Vec<ObjectiveState>,
    #[serde(default)]
    disabled: bool,
}

/// The same, as it is shown: it can be put again.
#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    url: &'a str,
    format: Shape,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization: Option<&'static str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    verdicts: &'a [ObjectiveState],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    disabled: bool,
}

impl<S: Store, C: Clock> Service<S, C> {
    /// Puts a test's webhooks, a JSON array, in the place of those that there were. `server` is this server's own
    /// address, as messages will name it.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] with the place of what cannot be taken; what the store refuses.
    pub async fn set_webhooks(&self, test: &str, document: &[u8], server: &str) -> Result<(), Refusal> {
        let test = foreign_test(Some(test))?;
        if document.len() > limits::WEBHOOKS_BYTES {
            let most = limits::WEBHOOKS_BYTES;
            return Err(Refusal::TooLarge(format!("the webhooks are longer than {most} bytes")));
        }
        let put: Vec<Put> = serde_json::from_slice(document).map_err(|error| {
            let shape = r#"webhooks are an array of {"url": ADDRESS, "format": FORMAT, "secret": "whsec_…"}"#;
            Refusal::Invalid(format!("{shape}: {error}"))
        })?;
        let before = webhooks::of(&self.store, &test).await?;
        let now_ms = self.clock.now_ms();
        let all = checked(put, &before, &self.settings.webhook_hosts, now_ms).map_err(Refusal::Invalid)?;
        // What was disabled is so by the moment at which it was put.
        let put_ms = now_ms.max(before.put_ms + 1);
        let webhooks = Webhooks { put_ms, server: server.to_owned(), all };
        Ok(webhooks::set(&self.store, &test, &webhooks).await?)
    }

    /// A test's webhooks, without their secrets.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where the name is no test's; what the store refuses.
    pub async fn webhooks(&self, test: &str) -> Result<String, Refusal> {
        let webhooks = webhooks::of(&self.store, &known_test(test)?).await?;
        let shown: Vec<Shown<'_>> = webhooks.all.iter().map(shown).collect();
        Ok(to_json(&shown, Digits::All))
    }

    /// Removes them. What was not told yet is told to nobody.
    ///
    /// # Errors
    ///
    /// [`Refusal::NotFound`] where the name is no test's; what the store refuses.
    pub async fn remove_webhooks(&self, test: &str) -> Result<(), Refusal> {
        Ok(webhooks::set(&self.store, &known_test(test)?, &Webhooks::default()).await?)
    }
}

fn shown(webhook: &Webhook) -> Shown<'_> {
    Shown {
        name: &webhook.name,
        url: &webhook.url,
        format: webhook.format,
        secret: (!webhook.secrets.is_empty()).then_some(KEPT),
        authorization: webhook.authorization.as_ref().map(|_| KEPT),
        verdicts: &webhook.verdicts,
        disabled: webhook.disabled,
    }
}

/// An error is a sentence that begins with the webhook that it is about.
fn checked(put: Vec<Put>, before: &Webhooks, reach: &Reach, now_ms: u64) -> Result<Vec<Webhook>, String> {
    if put.len() > usize::from(MOST) {
        return Err(format!("a test has {MOST} webhooks at the most"));
    }
    let mut all: Vec<Webhook> = Vec::new();
    for (index, put) in put.into_iter().enumerate() {
        let at = |reason: &dyn std::fmt::Display| format!("webhook {}: {reason}", index + 1);
        if put.url.len() > limits::URL_BYTES {
            return Err(at(&format_args!("its address is longer than {} bytes", limits::URL_BYTES)));
        }
        let destination = Destination::parse(&put.url, reach).map_err(|error| at(&error))?;
        let name = put.name.unwrap_or_else(|| destination.host().to_owned());
        if name.is_empty() || name.len() > limits::LABEL_BYTES || name.chars().any(char::is_control) {
            return Err(at(&format_args!("a name is 1 to {} bytes of text", limits::LABEL_BYTES)));
        }
        if all.iter().any(|other| other.name == name) {
            return Err(at(&format_args!("another is called {name:?}, too: give each a `name` of its own")));
        }
        let known = before.named(&name);
        let secrets = match put.secret.as_deref() {
            None => Vec::new(),
            Some(KEPT) => known
                .filter(|known| !known.secrets.is_empty())
                .map(|known| known.secrets.clone())
                .ok_or_else(|| at(&format_args!("no secret is kept of a webhook {name:?}")))?,
            Some(text) => secrets(text).map_err(|error| at(&error))?,
        };
        let safe = put.url.starts_with("https://") || destination.is_listed();
        let authorization = put.authorization.map(|text| authorization(text, safe, &put.url, known));
        let authorization = authorization.transpose().map_err(|error| at(&error))?;
        let taken = |slot: &u8| {
            all.iter().any(|other| other.slot == *slot)
                || before.all.iter().any(|other| other.slot == *slot && other.name != name)
        };
        // One of another that goes now is used again where no other is left.
        let slot = known.map(|known| known.slot).or_else(|| (0..MOST).find(|slot| !taken(slot)));
        let slot = slot.or_else(|| (0..MOST).find(|slot| !all.iter().any(|other| other.slot == *slot)));
        // Verdicts that it did not want when they were given are not told later.
        let same = known.filter(|known| !known.disabled && known.verdicts == put.verdicts);
        let since_ms = same.map(|known| known.since_ms);
        all.push(Webhook {
            name,
            slot: slot.unwrap_or_default(),
            url: put.url,
            format: put.format,
            secrets,
            authorization,
            verdicts: put.verdicts,
            disabled: put.disabled,
            since_ms: since_ms.unwrap_or(now_ms),
        });
    }
    Ok(all)
}

/// What a webhook sends as `Authorization`: what is given, or what is kept of it for where it leads already. Else
/// whoever may put an address would be told it.
fn authorization(text: String, safe: bool, url: &str, known: Option<&Webhook>) -> Result<String, String> {
    if !safe {
        return Err(
            "what it sends as `authorization` is a secret: its address has to begin with https://".into()
        );
    }
    if text == KEPT {
        let kept = known.and_then(|known| Some((&known.url, known.authorization.clone()?)));
        let (before, kept) = kept.ok_or("no `authorization` is kept of it")?;
        if origin(before) != origin(url) {
            return Err(format!("its `authorization` was for {}: say it again for another", origin(before)));
        }
        return Ok(kept);
    }
    let visible = |byte: u8| (b' '..=b'~').contains(&byte);
    if text.trim().is_empty() || text.len() > limits::AUTHORIZATION_BYTES || !text.bytes().all(visible) {
        let most = limits::AUTHORIZATION_BYTES;
        return Err(format!(
            "`authorization` is 1 to {most} visible ASCII characters, such as \"Api-Token …\""
        ));
    }
    Ok(text)
}

/// What of an address is no secret.
pub(super) fn origin(url: &str) -> String {
    url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")
}

/// Secrets stand beside one another while one replaces the other.
fn secrets(text: &str) -> Result<Vec<String>, String> {
    let found: Vec<&str> = text.split_whitespace().collect();
    if found.is_empty() || found.len() > SECRETS {
        return Err(
            "a webhook has one secret, or two, separated by a space, while one replaces the other".into()
        );
    }
    found
        .into_iter()
        .map(|text| Secret::parse(text).map(|_| text.to_owned()).map_err(|e| e.to_string()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    fn put(document: &str, before: &Webhooks) -> Result<Vec<Webhook>, String> {
        let put = serde_json::from_str(document).map_err(|error| error.to_string())?;
        checked(put, before, &Reach::default(), 7)
    }

    #[track_caller]
    fn refused(document: &str, part: &str) {
        let Err(said) = put(document, &Webhooks::default()) else { panic!("{document} was taken") };
        assert!(said.contains(part), "{said}");
    }

    #[test]
    fn what_is_wrong_is_said_in_a_sentence() {
        refused(r#"[{"url": "ftp://x.example", "format": "json"}]"#, "webhook 1: \"ftp://x.example\" is not");
        refused(r#"[{"url": "http://127.0.0.1:9/", "format": "json"}]"#, "LOADGATE_WEBHOOK_HOSTS");
        refused(r#"[{"url": "http://169.254.169.254/", "format": "json"}]"#, "link-local");
        refused(
            r#"[{"url": "https://x.example", "format": "xml"}]"#,
            "`json`, `cdevents`, `guardian`, `slack`",
        );
        refused(r#"[{"url": "https://x.example", "format": "json", "secret": "abc"}]"#, "`whsec_`");
        refused(r#"[{"url": "https://x.example", "format": "json", "secret": "kept"}]"#, "no secret is kept");
        refused(r#"[{"url": "https://x.example", "format": "json", "verdicts": ["bad"]}]"#, "`fail`");
        let sends = |url: &str, text: &str| {
            format!(r#"[{{"url": "{url}", "format": "guardian", "authorization": "{text}"}}]"#)
        };
        refused(&sends("http://x.example", "Bearer a"), "webhook 1: what it sends as `authorization`");
        refused(&sends("https://x.example", "kept"), "no `authorization` is kept");
        for text in ["", " ", "a\\nb", "\u{e9}", &"a".repeat(4_097)] {
            refused(&sends("https://x.example", text), "visible ASCII");
        }
        refused(r#"[{"url": "https://x.example", "format": "json", "sekret": "x"}]"#, "sekret");
        let one = r#"{"url": "https://x.example", "format": "json"}"#;
        refused(&format!("[{one}, {one}]"), "webhook 2: another is called \"x.example\"");
        refused(&format!("[{}]", [one; 9].join(",")), "8 webhooks");
    }

    #[test]
    fn what_is_shown_can_be_put_again_and_changes_nothing() {
        let document = format!(
            r#"[{{"name": "ci", "url": "https://x.example/a", "format": "cdevents", "secret": "{SECRET} {SECRET}"}},
                {{"url": "https://y.example/", "format": "slack", "verdicts": ["fail", "error"], "disabled": true}}]"#
        );
        let all = put(&document, &Webhooks::default()).unwrap_or_else(|said| panic!("{said}"));
        let before = Webhooks { put_ms: 7, server: String::new(), all };
        let shown = to_json(&before.all.iter().map(shown).collect::<Vec<_>>(), Digits::All);
        assert!(!shown.contains("whsec_"), "{shown}");
        let again = put(&shown, &before).unwrap_or_else(|said| panic!("{said}"));
        assert!(again == before.all);
        assert_eq!((again[0].secrets.len(), again[1].secrets.len()), (2, 0));
    }

    #[test]
    fn what_is_sent_as_authorization_never_comes_out_and_goes_nowhere_else() {
        let hook = |url: &str, text: &str| {
            format!(r#"[{{"name": "g", "url": "{url}", "format": "guardian", "authorization": "{text}"}}]"#)
        };
        let all = put(&hook("https://x.example/a", "Api-Token abc"), &Webhooks::default());
        let before = Webhooks { all: all.unwrap_or_else(|said| panic!("{said}")), ..Webhooks::default() };
        assert_eq!(before.all[0].authorization.as_deref(), Some("Api-Token abc"));
        let shown = to_json(&before.all.iter().map(shown).collect::<Vec<_>>(), Digits::All);
        assert!(shown.contains(r#""authorization":"kept""#) && !shown.contains("abc"), "{shown}");
        let again =
            put(&hook("https://x.example/b", "kept"), &before).unwrap_or_else(|said| panic!("{said}"));
        assert_eq!(again[0].authorization, before.all[0].authorization);
        for url in ["https://y.example/a", "https://x.example:444/a", "https://x.example.y.example/a"] {
            let Err(said) = put(&hook(url, "kept"), &before) else { panic!("{url} would be told it") };
            assert!(said.contains("say it again"), "{said}");
        }
    }

    #[test]
    fn a_place_stays_with_its_name_and_a_new_one_takes_a_free_one() {
        let hook =
            |name: &str| format!(r#"{{"name": "{name}", "url": "https://x.example", "format": "json"}}"#);
        let of = |names: &[&str]| {
            format!("[{}]", names.iter().map(|name| hook(name)).collect::<Vec<_>>().join(","))
        };
        let places = |all: &[Webhook]| -> Vec<(String, u8)> {
            all.iter().map(|webhook| (webhook.name.clone(), webhook.slot)).collect()
        };
        let all = put(&of(&["a", "b"]), &Webhooks::default()).unwrap_or_else(|said| panic!("{said}"));
        let before = Webhooks { all, ..Webhooks::default() };
        let all = put(&of(&["c", "b"]), &before).unwrap_or_else(|said| panic!("{said}"));
        assert_eq!(places(&all), [("c".to_owned(), 2), ("b".to_owned(), 1)]);
    }
}
