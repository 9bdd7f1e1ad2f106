//! Answers, in the encoding of the request.

use super::Encoding;
use prost::Message;
use serde::Serialize;

/// `ExportMetricsServiceResponse`.
#[derive(Clone, PartialEq, Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    /// Missing where all was accepted and there is nothing to say.
    #[prost(message, optional, tag = "1")]
    #[serde(skip_serializing_if = "Option::is_none")]
    partial_success: Option<PartialSuccess>,
}

/// `ExportMetricsPartialSuccess`.
#[derive(Clone, PartialEq, Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    #[serde(serialize_with = "as_text", skip_serializing_if = "is_zero")]
    rejected_data_points: i64,
    #[prost(string, tag = "2")]
    #[serde(skip_serializing_if = "String::is_empty")]
    error_message: String,
}

/// `google.rpc.Status`, without details.
#[derive(Clone, PartialEq, Message, Serialize)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// Codes of `google.rpc.Code` that refusals have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// With HTTP 400: the same body will never be read.
    InvalidArgument = 3,
    /// With HTTP 429 or 413: there is no room for it.
    ResourceExhausted = 8,
    /// With HTTP 503: another time it may be.
    Unavailable = 14,
    /// With HTTP 401.
    Unauthenticated = 16,
}

/// The body of an answer with HTTP 200, by how many data points were refused and why. A message without
/// refusals is a warning.
pub fn answer(encoding: Encoding, rejected_data_points: u64, error_message: &str) -> Vec<u8> {
    let partial_success = (rejected_data_points > 0 || !error_message.is_empty()).then(|| PartialSuccess {
        rejected_data_points: i64::try_from(rejected_data_points).unwrap_or(i64::MAX),
        error_message: error_message.to_owned(),
    });
    write(encoding, &Response { partial_success })
}

/// The body of an answer to a request that was refused as a whole.
pub fn refusal(encoding: Encoding, code: Code, message: &str) -> Vec<u8> {
    write(encoding, &Status { code: code as i32, message: message.to_owned() })
}

fn write<M: Message + Serialize>(encoding: Encoding, message: &M) -> Vec<u8> {
    match encoding {
        Encoding::Protobuf => message.encode_to_vec(),
        Encoding::Json => serde_json::to_vec(message).expect("texts and numbers"),
    }
}

/// Protobuf's JSON writes numbers of 64 bits as text.
fn as_text<S: serde::Serializer>(number: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(body: Vec<u8>) -> String {
        String::from_utf8(body).expect("text")
    }

    #[test]
    fn answers_are_these_very_bytes() {
        assert_eq!(answer(Encoding::Protobuf, 0, ""), b"");
        assert_eq!(json(answer(Encoding::Json, 0, "")), "{}");
        assert_eq!(answer(Encoding::Protobuf, 2, "why"), b"\x0a\x07\x08\x02\x12\x03why");
        assert_eq!(
            json(answer(Encoding::Json, 2, "why")),
            r#"{"partialSuccess":{"rejectedDataPoints":"2","errorMessage":"why"}}"#
        );
        assert_eq!(answer(Encoding::Protobuf, 0, "why"), b"\x0a\x05\x12\x03why");
        assert_eq!(json(answer(Encoding::Json, 0, "why")), r#"{"partialSuccess":{"errorMessage":"why"}}"#);
    }

    #[test]
    fn refusals_are_these_very_bytes() {
        assert_eq!(refusal(Encoding::Protobuf, Code::InvalidArgument, "why"), b"\x08\x03\x12\x03why");
        assert_eq!(
            json(refusal(Encoding::Json, Code::ResourceExhausted, "why")),
            r#"{"code":8,"message":"why"}"#
        );
    }
}
