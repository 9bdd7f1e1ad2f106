//! YAML, of which JSON is a part, within bounds, and its errors in the words of people who write it.

use crate::objectives::ObjectivesError;
use loadgate_documents::shorten;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::options::MergeKeyPolicy;
use serde_saphyr::{Error, Location, MessageFormatter, UserMessageFormatter};
use std::collections::BTreeMap;
use std::fmt;

pub(crate) type Read<T> = Result<T, ObjectivesError>;

/// Of a message: it may have somebody's text in it.
const MAX_REASON: usize = 300;

/// Parses a document. Its bounds are such that no file of objectives comes near them.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Read<T> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 12,
            max_documents: 1,
            max_nodes: 20_000,
            max_events: 40_000,
            max_aliases: 200,
            max_anchors: 50,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 20_000,
            max_replay_stack_depth: 4,
            max_alias_expansions_per_anchor: 200,
        },
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| explain(error.without_snippet()))
}

/// Whether the document is a map with such a key.
pub(crate) fn has_key(text: &str, key: &str) -> bool {
    parse::<BTreeMap<String, IgnoredAny>>(text).is_ok_and(|map| map.contains_key(key))
}

/// What is wrong at a place.
pub(crate) fn wrong(at: Location, reason: impl fmt::Display) -> ObjectivesError {
    ObjectivesError::Wrong { line: at.line().max(1), column: at.column().max(1), reason: reason.to_string() }
}

fn explain(error: &Error) -> ObjectivesError {
    let mut reason = words(error);
    reason.truncate(reason.floor_char_boundary(MAX_REASON));
    wrong(error.location().unwrap_or(Location::UNKNOWN), reason)
}

/// Adds what most people need to know who write a criterion: YAML has a meaning of its own for > and !.
pub(crate) fn hint(text: &str, mut error: ObjectivesError) -> ObjectivesError {
    if let ObjectivesError::Wrong { line, reason, .. } = &mut error {
        let line = usize::try_from(*line).ok().and_then(|line| text.lines().nth(line.checked_sub(1)?));
        let value =
            line.and_then(|line| line.split_once(": ").or(line.split_once("- "))).map(|(_, value)| value);
        if value.is_some_and(|value| value.trim_start().starts_with(['>', '!'])) {
            reason.push_str("; a criterion that begins with > or ! stands in quotes");
        }
    }
    error
}

fn words(error: &Error) -> String {
    match error {
        Error::Eof { .. } => "there is nothing in it".to_owned(),
        Error::Unexpected { expected, .. } => format!("expected {}", kind(expected)),
        Error::InvalidScalar { ty, .. } => {
            format!("expected a {}", if *ty == "floating point" { "number" } else { ty })
        }
        Error::InvalidBooleanStrict { .. } => "expected true or false".to_owned(),
        Error::NullIntoString { .. } => "expected text".to_owned(),
        Error::SerdeInvalidType { unexpected, expected, .. } => {
            format!("expected {expected}, not {}", shorten(unexpected))
        }
        Error::SerdeUnknownField { field, expected, .. } => {
            format!("{:?} is not known here: there are {}", shorten(field), expected.join(", "))
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            format!("{:?} is none of {}", shorten(variant), expected.join(", "))
        }
        Error::SerdeMissingField { field, .. } => format!("{field} is missing"),
        Error::DuplicateMappingKey { key, .. } => {
            format!("{:?} is there twice", shorten(key.as_deref().unwrap_or_default()))
        }
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            "an alias stands within what it is of".to_owned()
        }
        Error::MergeKeyNotAllowed { .. } => "<< is not taken".to_owned(),
        Error::Budget { breach: BudgetBreach::Documents { .. }, .. } | Error::MultipleDocuments { .. } => {
            "there is more than one document".to_owned()
        }
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => "it is nested too deeply".to_owned(),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => "there is too much in it".to_owned(),
        other => UserMessageFormatter.format_message(other).into_owned(),
    }
}

/// What the parser calls the kinds of nodes.
fn kind(expected: &str) -> &str {
    match expected {
        "sequence start" => "a list",
        "mapping start" => "a map of keys and values",
        "string scalar" => "text",
        other => other,
    }
}
