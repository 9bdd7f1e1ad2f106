//! Signatures are those of another implementation of Standard Webhooks.

use loadgate_lifecycle::webhook::{Secret, signature};
use serde_json::Value;

#[test]
fn signatures_are_those_of_the_reference_implementation() {
    let text = include_str!("../../../tests/fixtures/webhooks/signed.json");
    let recorded: Value = serde_json::from_str(text).unwrap();
    let vectors = recorded["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 4);
    for vector in vectors {
        let text = |field: &str| vector[field].as_str().unwrap();
        let secret = Secret::parse(text("secret")).unwrap();
        let timestamp = vector["timestamp"].as_i64().unwrap();
        let signed = signature(&[secret], text("id"), timestamp, text("body").as_bytes());
        assert_eq!(signed, text("signature"), "{vector}");
    }
}
