//! Why a request is not taken: one sentence that says where it is wrong, and how.

use crate::limits;
use http::StatusCode;
use std::fmt;
use thiserror::Error;

/// A request that is refused as a whole: nothing of it is taken. Displayed as a sentence for who reads the
/// answer, such as `element 1, data.subject: an object is expected, a string is given`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct Refusal {
    /// Which element of the body's array, from 0.
    pub element: Option<usize>,
    /// The field or header; `None` where it is the body or the element itself.
    pub field: Option<String>,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// No bytes, or white space alone.
    #[error("the body is empty")]
    Empty,
    /// [`limits::BODY_BYTES`].
    #[error("{given} bytes are more than the {} that a request may have", limits::BODY_BYTES)]
    Large {
        /// What the body has.
        given: usize,
    },
    /// [`limits::EVENTS`].
    #[error("{given} events are more than the {} that a request may have", limits::EVENTS)]
    Many {
        /// What the body has.
        given: usize,
    },
    /// [`limits::DEPTH`].
    #[error("objects and arrays stand within one another deeper than {}", limits::DEPTH)]
    Deep,
    /// [`limits::TEXT_BYTES`].
    #[error("{given} bytes are more than the {} that a text may have", limits::TEXT_BYTES)]
    LongText {
        /// What the text has.
        given: usize,
    },
    /// [`limits::ATTRIBUTES`].
    #[error("the event carries more than {} fields", limits::ATTRIBUTES)]
    ManyAttributes,
    /// [`limits::CARRIED_BYTES`].
    #[error("{given} bytes of JSON are more than the {} that are carried along", limits::CARRIED_BYTES)]
    LongCarried {
        /// What the field has.
        given: usize,
    },
    /// Neither UTF-8 nor JSON, therefore.
    #[error("not UTF-8 from byte {at} on")]
    Encoding {
        /// How many bytes are.
        at: usize,
    },
    /// What the parser says, with line and column.
    #[error("not JSON: {0}")]
    Json(String),
    /// The media type of the body.
    #[error(
        "the format {given:?} is not supported; application/json, application/cloudevents+json and \
         application/cloudevents-batch+json are"
    )]
    MediaType {
        /// As the header has it.
        given: String,
    },
    /// A field that must be there.
    #[error("is required")]
    Missing,
    /// A text that must say something.
    #[error("must not be empty")]
    EmptyText,
    /// A value of another type.
    #[error("{expected} is expected, {given} is given")]
    Type {
        /// With its article.
        expected: &'static str,
        /// With its article.
        given: &'static str,
    },
    /// A word that is not of the vocabulary.
    #[error("{given:?} is none of {known}")]
    Unknown {
        /// What stands there.
        given: String,
        /// What may.
        known: &'static str,
    },
    /// Neither a number of nanoseconds or milliseconds, nor written like `90s`, `1m30s` or `PT90S`.
    #[error("{given} is no duration; `90s`, `1m30s`, `PT90S` or a number of nanoseconds or milliseconds is")]
    Duration {
        /// As JSON has it.
        given: String,
    },
    /// Durations have no sign.
    #[error("the duration {given} is negative")]
    Negative {
        /// As JSON has it.
        given: String,
    },
    /// [`limits::DURATION_MS`].
    #[error("the duration is longer than a year")]
    LongDuration,
    /// Neither a Unix time nor RFC 3339.
    #[error("{given} is no moment; RFC 3339 such as `2026-11-20T23:59:00Z`, or Unix time, is")]
    Moment {
        /// As JSON has it.
        given: String,
    },
    /// RFC 3339 alone is taken.
    #[error("{given:?} is not RFC 3339, such as `2026-11-20T23:59:00Z`")]
    Rfc3339 {
        /// What stands there.
        given: String,
    },
    /// The test's window.
    #[error("the test ends before it starts")]
    EndsBeforeStart,
    /// `data` and `data_base64`.
    #[error("data and data_base64 exclude one another")]
    DataTwice,
    /// `data_base64`, or what it holds.
    #[error("not base64")]
    Base64,
    /// An attribute of the CloudEvent that says otherwise than the CDEvent within.
    #[error("the CDEvent says {inner:?}, its CloudEvent {outer:?}; they must be equal")]
    Differs {
        /// The CDEvent's.
        inner: String,
        /// The CloudEvent's.
        outer: String,
    },
}

impl Refusal {
    /// About the body or an element as a whole.
    pub(crate) fn of(fault: Fault) -> Self {
        Refusal { element: None, field: None, fault }
    }

    pub(crate) fn at(field: impl Into<String>, fault: Fault) -> Self {
        Refusal { element: None, field: Some(field.into()), fault }
    }

    /// The same, within an element of an array.
    pub(crate) fn in_element(self, index: usize) -> Self {
        Refusal { element: Some(index), ..self }
    }

    /// The answer's status.
    pub fn status(&self) -> StatusCode {
        match self.fault {
            Fault::Large { .. } | Fault::Many { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Fault::MediaType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(index) = self.element {
            write!(f, "element {index}")?;
        }
        if let Some(field) = &self.field {
            write!(f, "{}{field}", if self.element.is_some() { ", " } else { "" })?;
        }
        match (&self.element, &self.field, &self.fault) {
            (None, None, fault) => write!(f, "{fault}"),
            (_, Some(_), fault @ (Fault::Missing | Fault::EmptyText)) => write!(f, " {fault}"),
            (_, _, fault) => write!(f, ": {fault}"),
        }
    }
}
