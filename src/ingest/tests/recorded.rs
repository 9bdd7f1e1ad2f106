//! Lines as k6 2.2 wrote them for values that its line protocol can hardly hold: `fixtures/k6/lines`.

use super::*;

/// The values of `lines.js`, in order; k6's carriage return goes with the line's end.
const VALUES: [&str; 12] = [
    "C:\\ x",
    "a\\,b",
    "a\\=b",
    "end\\",
    "two\\\\",
    "a\\b",
    "q\"q",
    "line\nbreak",
    "cr\nlf",
    "a\n\nb",
    "plain",
    "it = 1, 2",
];

fn bodies(file: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/k6/lines/");
    let text = std::fs::read_to_string(format!("{path}{file}")).unwrap();
    let requests = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    requests
        .filter_map(|request| Some(format!("{}\n", request["body"].as_str().filter(|b| !b.is_empty())?)))
        .collect()
}

#[test]
fn every_value_that_k6_wrote_is_read_as_the_script_had_it() {
    for file in ["default.ndjson", "tags-as-fields.ndjson"] {
        // As names of requests the values can be looked at.
        let body =
            bodies(file).replace("odd,", "http_reqs,").replace("alpha=", "name=").replace("zzz=", "name=");
        let outcome = lines(Wire::InfluxLines, &body);
        assert_eq!(outcome.receipt.errors, [], "{file}");
        let totals = totals(&outcome.records);
        for (at, value) in VALUES.iter().enumerate() {
            let key = (Dimension::Request, "http_reqs".to_owned(), vec![String::new(), (*value).to_owned()]);
            let cell = totals.get(&key).unwrap_or_else(|| panic!("{file}: {value:?}"));
            assert_eq!((cell.count, cell.sum), (2, (101 + 2 * at) as f64), "{file}: {value:?}");
        }
        let named = (Dimension::Request, "http_reqs".to_owned(), vec!["GET".to_owned(), "C:\\ x".to_owned()]);
        assert_eq!(totals[&named].sum, 1.0, "{file}");
        let statuses = totals.keys().filter(|key| key.0 == Dimension::Status && key.2[2] == "204");
        assert_eq!(statuses.count(), 2, "{file}");
    }
}

#[test]
fn a_request_without_a_name_goes_by_its_url() {
    let influx = "http_reqs,method=GET,status=200 url=\"http://x/a\",value=1 1795218590000000000\n\
                  http_reqs,method=GET,status=200 url=\"http://x/b\",value=1 1795218590000000000\n\
                  http_reqs,method=GET,name=n,status=200 url=\"http://x/b\",value=1 1795218590000000000\n\
                  http_reqs,method=GET,url=http://x/a,status=200 value=1 1795218590000000000\n";
    let json = r#"{"metric":"http_reqs","type":"Metric","data":{"type":"counter"}}
{"metric":"http_reqs","type":"Point","data":{"time":"2026-11-20T23:49:50Z","value":2,"tags":{"method":"GET","url":"http://x/a"}}}
"#;
    let count = |wire, body: &str, name: &str| {
        let outcome = lines(wire, body);
        assert_eq!(outcome.receipt.errors, []);
        let key = (Dimension::Request, "http_reqs".to_owned(), vec!["GET".to_owned(), name.to_owned()]);
        totals(&outcome.records).get(&key).map(|cell| cell.sum)
    };
    assert_eq!(count(Wire::InfluxLines, influx, "http://x/a"), Some(2.0));
    assert_eq!(count(Wire::InfluxLines, influx, "http://x/b"), Some(1.0));
    assert_eq!(count(Wire::InfluxLines, influx, "n"), Some(1.0));
    assert_eq!(count(Wire::InfluxLines, influx, ""), None);
    assert_eq!(count(Wire::K6Json, json, "http://x/a"), Some(2.0));
}

#[test]
fn lines_that_make_none_together_have_one_cause() {
    let good = "http_reqs,name=a value=1 1795218590000000000\n";
    let outcome = lines(Wire::InfluxLines, &format!("http_reqs,error=one\ntwo oh no\n{good}"));
    assert_eq!(outcome.receipt.accepted, 1);
    let reasons: Vec<_> = outcome.receipt.errors.iter().map(|error| (error.line, &error.reason)).collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons.iter().all(|(_, reason)| reason.contains("line break")), "{reasons:?}");
    // Lines of known metrics are never swallowed by one that broke off.
    let outcome = lines(Wire::InfluxLines, &format!("http_reqs,name=a\n{good}{good}"));
    assert_eq!((outcome.receipt.accepted, outcome.receipt.refused), (2, 1));
    let outcome = lines(Wire::InfluxLines, "http_reqs,name=a");
    assert_eq!((outcome.receipt.accepted, outcome.receipt.refused), (0, 1));
}

/// Writes tags as k6's client does: commas, equals signs and spaces escaped, nothing else.
#[test]
fn any_value_survives_k6s_way_of_writing_it() {
    let parts = ["\\", ",", "=", " ", "\"", "x", "ü", "\\\\", "#", "value=1", "\n"];
    let mut seed = 7_u64;
    let mut draw = |most: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % most
    };
    let mut wrong = Vec::new();
    for _ in 0..2_000 {
        let inner: String = (0..draw(5)).map(|_| parts[draw(parts.len() as u64) as usize]).collect();
        let value = format!("v{inner}w");
        let escaped = value.replace(',', "\\,").replace('=', "\\=").replace(' ', "\\ ");
        let body = format!("http_reqs,method=GET,name={escaped},status=200 value=1 1795218590000000000\n");
        let outcome = lines(Wire::InfluxLines, &body);
        let key = (Dimension::Request, "http_reqs".to_owned(), vec!["GET".to_owned(), value.clone()]);
        if totals(&outcome.records).get(&key).is_none_or(|cell| cell.count != 1) {
            wrong.push((body, outcome.receipt.errors));
        }
    }
    assert!(wrong.is_empty(), "{} wrong, such as {:?}", wrong.len(), &wrong[..wrong.len().min(3)]);
}
