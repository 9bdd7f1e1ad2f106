//! Hostile requests from the fixtures' manifest, and the rules line by line.

mod real;
mod recorded;

use super::*;
use crate::fold::{LogState, OTHER};
use crate::record::cell::Cell;
use crate::record::packed::Packed;
use crate::record::sketch::Sketch;
use crate::record::{Body, Dimension, Record, SeriesKey};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;

fn fixture(path: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn unpacked(path: &str) -> Vec<u8> {
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(&fixture(path)[..]).read_to_end(&mut text).unwrap();
    text
}

fn request(wire: Wire) -> Request {
    Request {
        wire,
        encoding: Encoding::Identity,
        precision: Precision::Nanoseconds,
        test: Some("t".to_owned()),
        run: None,
        source: "127.0.0.1".to_owned(),
        peer: String::new(),
        sequence: None,
        import: false,
    }
}

/// Everything that came of a body.
#[derive(Debug, PartialEq)]
struct Outcome {
    records: Vec<Prepared>,
    receipt: Receipt,
    failure: Option<Refusal>,
    declared: Declarations,
    /// The most records that waited at once.
    waiting: usize,
}

fn send_to(mut upload: Upload, body: &[u8], cut: usize) -> Outcome {
    let (mut records, mut failure, mut waiting) = (Vec::new(), None, 0);
    'body: for piece in body.chunks(cut.max(1)) {
        let mut rest = piece;
        while !rest.is_empty() {
            match upload.push(rest) {
                Ok(taken) => rest = &rest[taken..],
                Err(refusal) => {
                    failure = Some(refusal);
                    break 'body;
                }
            }
            let ready = upload.take();
            waiting = waiting.max(ready.len());
            records.extend(ready);
        }
    }
    if let Err(refusal) = upload.finish(true) {
        failure.get_or_insert(refusal);
    }
    records.extend(upload.take());
    Outcome {
        records,
        receipt: upload.receipt().clone(),
        failure,
        declared: upload.own_declarations().clone(),
        waiting,
    }
}

fn send(request: Request, body: &[u8], cut: usize) -> Outcome {
    let upload = Upload::open(request, &Settings::default(), Declarations::default()).unwrap();
    send_to(upload, body, cut)
}

fn lines(wire: Wire, body: &str) -> Outcome {
    send(request(wire), body.as_bytes(), body.len())
}

fn cells(records: &[Prepared]) -> impl Iterator<Item = (&SeriesKey, i64, &Cell)> {
    records.iter().flat_map(|record| {
        record.batch.seconds.iter().flat_map(move |second| {
            second
                .cells
                .iter()
                .map(move |(at, cell)| (&record.batch.series[*at as usize], second.second, cell))
        })
    })
}

/// Samples in a cell's sketch.
fn sketched(cell: &Cell) -> u64 {
    cell.sketch.entries().map(|(_, count)| count).sum()
}

/// One cell per series.
fn totals(records: &[Prepared]) -> BTreeMap<(Dimension, String, Vec<String>), Cell> {
    let mut totals: BTreeMap<_, Cell> = BTreeMap::new();
    for (series, _, cell) in cells(records) {
        let total =
            totals.entry((series.dimension, series.metric.clone(), series.key.clone())).or_insert_with(
                || Cell { min: f64::INFINITY, max: f64::NEG_INFINITY, last_ns: i64::MIN, ..Cell::default() },
            );
        total.count += cell.count;
        total.nonzero += cell.nonzero;
        total.sum += cell.sum;
        total.min = total.min.min(cell.min);
        total.max = total.max.max(cell.max);
        if cell.last_ns >= total.last_ns {
            (total.last, total.last_ns) = (cell.last, cell.last_ns);
        }
        let mut sketch = Sketch::default();
        sketch.merge_packed(&total.sketch);
        sketch.merge_packed(&cell.sketch);
        total.sketch = Packed::from_entries(sketch.entries());
    }
    totals
}

/// How many rows of requests a fold of these records has, besides `(other)`.
fn folded_requests(records: &[Prepared]) -> u64 {
    let mut log = LogState::new(LogName::unnamed(TestName::from_foreign("t")));
    let data = records.iter().map(|prepared| Body::Data(Box::new(prepared.batch.clone())));
    for body in data.chain([Body::NewRun]) {
        let record = Record::new(0, "k6", body);
        while !log.step(&record, None).consumed {}
    }
    let summary = crate::documents::summary(&log).expect("a run");
    summary.tables.requests.iter().filter(|row| row.key != [OTHER]).count() as u64
}

#[test]
fn every_malformed_request_gets_what_the_manifest_says_however_it_is_cut() {
    let manifest: Vec<Value> = serde_json::from_slice(&fixture("malformed/manifest.json")).unwrap();
    let mut cases = 0;
    for case in &manifest {
        let (Some(file), target) = (case["file"].as_str(), case["target"].as_str().unwrap()) else {
            continue;
        };
        let encoding = match case["headers"]["Content-Encoding"].as_str() {
            None => Encoding::Identity,
            Some("gzip") => Encoding::Gzip,
            // Other encodings never get this far.
            Some(_) => continue,
        };
        let wire = if target.starts_with("/write") { Wire::InfluxLines } else { Wire::K6Json };
        let path = format!("malformed/{file}");
        let body = if case["unpack_first"] == true { unpacked(&path) } else { fixture(&path) };
        let outcome = send(Request { encoding, ..request(wire) }, &body, body.len());
        let expect = &case["expect"];
        let receipt = &outcome.receipt;
        for (what, lines) in [("accepted", receipt.accepted), ("refused", receipt.refused)] {
            if let Some(wanted) = expect[what].as_u64() {
                assert_eq!(lines, wanted, "{file}: {what}: {receipt:?}");
            }
        }
        let may = |status: u64| match &expect["status"] {
            Value::Array(all) => all.iter().any(|one| one == status),
            one => one == status,
        };
        let status = match (&outcome.failure, wire, receipt.refused) {
            (Some(Refusal::TooLarge(_)), ..) => 413,
            (Some(_), ..) => 400,
            (None, Wire::InfluxLines, 0) => 204,
            (None, Wire::InfluxLines, _) => 400,
            (None, ..) => 200,
        };
        assert!(may(status), "{file}: {status}: {outcome:?}");
        if let Some(limit) = expect["breakdown_keys_at_most"].as_u64() {
            let rows = folded_requests(&outcome.records);
            assert!(0 < rows && rows <= limit, "{file}: {rows} rows");
        }
        if let Some(windows) = expect["windows_at_most"].as_u64() {
            let seconds: Vec<i64> = cells(&outcome.records).map(|(_, second, _)| second).collect();
            let (first, last) = (seconds.iter().min(), seconds.iter().max());
            assert!(first.is_none_or(|first| last.unwrap() - first <= 2 * windows as i64), "{file}");
        }
        if let Some(limit) = expect["message_at_most"].as_u64() {
            assert!(receipt.errors.iter().all(|e| (e.reason.len() as u64) < limit), "{file}");
        }
        if encoding == Encoding::Identity {
            let samples = outcome.records.iter().map(|r| r.lines).sum::<u64>();
            assert_eq!(samples + declared_lines(&body, wire), receipt.accepted, "{file}");
        }
        // The biggest bodies take long byte by byte.
        let cuts: &[usize] = if body.len() > 100_000 { &[4_097] } else { &[1, 3, 61, 4_097] };
        for &cut in cuts {
            let again = send(Request { encoding, ..request(wire) }, &body, cut);
            assert_eq!(again.receipt, outcome.receipt, "{file}: cut {cut}");
            assert_eq!(again.records, outcome.records, "{file}: cut {cut}");
            assert_eq!(again.failure, outcome.failure, "{file}: cut {cut}");
        }
        cases += 1;
    }
    assert!(cases >= 38, "{cases}");
}

/// Good `Metric` lines.
fn declared_lines(body: &[u8], wire: Wire) -> u64 {
    if wire == Wire::InfluxLines {
        return 0;
    }
    let text = String::from_utf8_lossy(body);
    let metric = |line: &&str| line.contains(r#""type": "Metric""#) && !line.contains(r#""metric": "","#);
    let declared = text.lines().filter(metric).count() as u64;
    // A second type for the same metric is refused.
    declared - u64::from(text.contains(r#""name": "m", "type": "trend""#))
}

#[test]
fn two_million_compressed_lines_need_no_more_memory_than_few() {
    let body = fixture("malformed/gzip-many-lines.ndjson.gz");
    let outcome = send(Request { encoding: Encoding::Gzip, ..request(Wire::K6Json) }, &body, 1 << 20);
    assert_eq!((outcome.receipt.accepted, outcome.receipt.refused, outcome.failure), (2_000_000, 0, None));
    assert!(outcome.waiting <= 4, "{} records waited", outcome.waiting);
    assert!(outcome.records.iter().all(|record| record.lines <= limits::RECORD_LINES));
}

#[test]
fn refusals_say_what_is_wrong() {
    let reasons = |wire, body: &str| {
        lines(wire, body).receipt.errors.into_iter().map(|e| (e.line, e.reason)).collect::<Vec<_>>()
    };
    for (line, part) in [
        ("http_reqs value=1 1795218590", "precision="),
        ("http_reqs value=1", "no timestamp"),
        ("http_reqs value=NaN 1795218590000000000", "`NaN`"),
        ("http_reqs value=1,value=2 1795218590000000000", "twice"),
        ("http_reqs,a=1,a=2 value=1 1795218590000000000", "twice"),
        ("http_reqs url=\"x\" 1795218590000000000", "no numeric field `value`"),
        ("time value=1 1795218590000000000", "`time`"),
        ("a-b value=1 1795218590000000000", "`a-b`"),
    ] {
        let got = reasons(Wire::InfluxLines, &format!("# comment\n{line}\n"));
        assert!(got.len() == 1 && got[0].0 == 2 && got[0].1.contains(part), "{line}: {got:?}");
    }
    for (line, part) in [
        (r#"{"metric":"m","type":"Point","data":{"time":"now","value":1,"tags":{}}}"#, "`now`"),
        (
            r#"{"metric":"m","type":"Point","data":{"time":"2026-11-20T23:49:50Z","value":"x","tags":{}}}"#,
            "expected f64",
        ),
        (
            r#"{"metric":"m","type":"Point","data":{"time":"2026-11-20T23:49:50Z","value":1,"tags":{"a":"1","a":"2"}}}"#,
            "twice",
        ),
        (
            r#"{"metric":"m","metric":"m","type":"Point","data":{"time":"2026-11-20T23:49:50Z","value":1}}"#,
            "duplicate",
        ),
        (
            r#"{"metric":"m","type":"Point","data":{"time":"2026-11-20T23:49:50Z","value":1,"tags":{"a":"\u0000"}}}"#,
            "control",
        ),
        (r#"{"metric":"m","type":"Spot","data":{}}"#, "`Spot`"),
        (r#"["Point","m",{"time":"2026-11-20T23:49:50Z","value":1}]"#, "no JSON object"),
        (r#"{"metric":"m","type":"Point","data":["2026-11-20T23:49:50Z",1]}"#, "no `data`"),
        (r#"{"metric":"http_reqs","type":"Metric","data":{"type":"trend"}}"#, "k6's own counter"),
        (r#"{"metric":"m","type":"Metric","data":{"type":"sum"}}"#, "sum"),
    ] {
        let got = reasons(Wire::K6Json, line);
        assert!(got.len() == 1 && got[0].1.contains(part), "{line}: {got:?}");
    }
}

#[test]
fn influx_text_is_unescaped_and_other_fields_are_left_alone() {
    let body = "http_reqs,method=GET,name=a\\ b\\,c\\=d\\x,umlaut=ü iter=3i,url=\"a, \\\"b\\\" c\",value=2.5,vu=1i 1795218590000000000\n\
                http_reqs,method=GET,name=a\\ b\\,c\\=d\\x,umlaut=ü iter=3i,url=\"a, \\\"b\\\" c\",value=1i,vu=1i,ok=true 1795218590000000000\n";
    let outcome = lines(Wire::InfluxLines, body);
    assert_eq!(outcome.receipt.errors, []);
    let key = vec!["GET".to_owned(), "a b,c=d\\x".to_owned()];
    assert_eq!(totals(&outcome.records)[&(Dimension::Request, "http_reqs".to_owned(), key)].sum, 3.5);
}

#[test]
fn precision_is_the_unit_of_timestamps() {
    for (precision, time) in [
        (Precision::Nanoseconds, "1795219200000000000"),
        (Precision::Microseconds, "1795219200000000"),
        (Precision::Milliseconds, "1795219200000"),
        (Precision::Seconds, "1795219200"),
        (Precision::Minutes, "29920320"),
        (Precision::Hours, "498672"),
    ] {
        let body = format!("m value=1 {time}");
        let outcome = send(Request { precision, ..request(Wire::InfluxLines) }, body.as_bytes(), 100);
        assert_eq!(outcome.records[0].batch.newest_ns, 1_795_219_200_000_000_000, "{precision:?}");
    }
    let wrong = send(
        Request { precision: Precision::Seconds, ..request(Wire::InfluxLines) },
        b"m value=1 1795219200000000000",
        100,
    );
    assert!(wrong.receipt.errors[0].reason.contains("precision="));
}

#[test]
fn lines_without_a_time_get_the_clocks() {
    let mut upload =
        Upload::open(request(Wire::InfluxLines), &Settings::default(), Declarations::default()).unwrap();
    upload.set_clock(1_795_219_200_123);
    let outcome = send_to(upload, b"m value=1\nm value=2 \n", 5);
    assert_eq!(outcome.records[0].batch.samples, 2);
    assert_eq!(outcome.records[0].batch.newest_ns, 1_795_219_200_123_000_000);
}

#[test]
fn each_name_gets_its_own_record_and_the_requests_name_overrides() {
    let body = "m,testid=a value=1 1795218590000000000\nm,testid=b value=2 1795218590000000000\n\
                m value=3 1795218590000000000\nm,testid=a value=4 1795218590000000000\n";
    let logs = |outcome: &Outcome| {
        outcome.records.iter().map(|r| (r.log.to_string(), r.batch.samples)).collect::<Vec<_>>()
    };
    let by_tag = lines(Wire::InfluxLines, body);
    assert_eq!(logs(&by_tag), [("t.a".to_owned(), 2), ("t.b".to_owned(), 1), ("t".to_owned(), 1)]);
    let named = Request { run: Some("mine".to_owned()), ..request(Wire::InfluxLines) };
    assert_eq!(logs(&send(named, body.as_bytes(), 7)), [("t.mine".to_owned(), 4)]);
    let import = Request { run: Some("i7".to_owned()), import: true, ..request(Wire::InfluxLines) };
    let import = send(import, body.as_bytes(), 7);
    assert_eq!(logs(&import), [("t.i7".to_owned(), 4)]);
    assert!(import.records[0].batch.import);
    let live = Request { run: Some("i7".to_owned()), ..request(Wire::InfluxLines) };
    assert_eq!(logs(&send(live, body.as_bytes(), 7)), [("t.ri7".to_owned(), 4)]);
    let many: String = (0..50).map(|n| format!("m,testid=n{n} value=1 1795218590000000000\n")).collect();
    let many = lines(Wire::InfluxLines, &many);
    assert_eq!((many.receipt.accepted, many.receipt.refused), (20, 30));
}

#[test]
fn the_cluster_around_the_median_second_stays() {
    let at = |second: i64| format!("m value=1 {}000000000\n", 1_795_218_590 + second);
    let body: String = [0, 599, 1199, 1800, -601, 100, 50].into_iter().map(at).collect();
    let outcome = lines(Wire::InfluxLines, &body);
    let refused: Vec<u64> = outcome.receipt.errors.iter().map(|error| error.line).collect();
    assert_eq!(refused, [4, 5]);
    assert_eq!((outcome.receipt.accepted, outcome.records[0].batch.samples), (5, 5));
    assert_eq!(totals(&outcome.records)[&(Dimension::Metric, "m".to_owned(), vec![])].count, 5);

    let import = Request { import: true, run: Some("i1".to_owned()), ..request(Wire::InfluxLines) };
    assert_eq!(send(import, body.as_bytes(), 9).receipt.refused, 0, "imports may have gaps of a day");
}

#[test]
fn what_is_too_far_ahead_of_the_run_is_refused_and_what_is_behind_is_not() {
    let log = LogName::unnamed(TestName::from_foreign("t"));
    let with_newest = |newest_s: i64| {
        let mut upload =
            Upload::open(request(Wire::InfluxLines), &Settings::default(), Declarations::default()).unwrap();
        upload.set_newest(&log, newest_s * 1_000_000_000, u64::MAX);
        send_to(upload, b"vus value=1 1795218590000000000\nm value=1 1795218590000000000\n", 1000).receipt
    };
    assert_eq!(with_newest(1_795_218_590 - 600).refused, 0);
    assert_eq!(with_newest(1_795_218_590 - 601).refused, 2);
    assert_eq!(with_newest(1_795_218_590 + 5_000).refused, 0);
}

#[test]
fn vus_are_kept_whole_with_their_generators() {
    let body = "vus,instance_id=2 value=5 1795218591000000000\nvus value=3 1795218590000000000\n\
                vus_max,instance_id=2 value=9 1795218590500000000\n";
    let batch = &lines(Wire::InfluxLines, body).records[0].batch;
    assert_eq!(batch.sources.len(), 2);
    let got: Vec<_> =
        batch.vus.iter().map(|v| (v.max, v.value, batch.sources[v.source as usize].as_str())).collect();
    assert_eq!(got, [(false, 3.0, "127.0.0.1"), (true, 9.0, "2"), (false, 5.0, "2")]);
    assert!(batch.seconds.is_empty() && batch.series.is_empty());
    assert_eq!((batch.samples, batch.oldest_ns), (3, 1_795_218_590_000_000_000));
}

#[test]
fn known_types_without_a_distribution_carry_none_and_custom_metrics_all() {
    let body = "http_reqs,group=::g,scenario=s value=1 1795218590000000000\nhttp_req_duration value=1 1795218590000000000\n\
                mine value=1 1795218590000000000\n";
    for ((_, metric, _), cell) in totals(&lines(Wire::InfluxLines, body).records) {
        assert_eq!(cell.sketch.is_empty(), metric == "http_reqs", "{metric}");
    }
}

#[test]
fn many_metrics_with_the_same_tags_and_unordered_seconds_are_kept_apart() {
    let mut body = String::new();
    for round in 0..3 {
        for n in (0..100).rev() {
            let second = 1_795_218_590 + (n * 7 + round) % 5;
            body += &format!("m{n} value={n} {second}000000000\nm{} value=1 {second}000000000\n", 99 - n);
        }
    }
    let outcome = lines(Wire::InfluxLines, &body);
    let totals = totals(&outcome.records);
    assert_eq!((totals.len(), outcome.records[0].batch.seconds.len()), (100, 5));
    for n in 0..100 {
        let cell = &totals[&(Dimension::Metric, format!("m{n}"), vec![])];
        assert_eq!((cell.count, cell.sum), (6, f64::from(3 * n + 3)), "m{n}");
        assert_eq!(sketched(cell), 6);
    }
    for second in &outcome.records[0].batch.seconds {
        assert!(second.cells.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}

#[test]
fn a_record_has_every_key_of_a_breakdown_for_the_fold_alone_knows_which_matter() {
    let body: String =
        (0..1_000).map(|n| format!("http_reqs,method=GET,name=n{n} value=1 1795218590000000000\n")).collect();
    let outcome = lines(Wire::InfluxLines, &body);
    let totals = totals(&outcome.records);
    assert_eq!(totals.keys().filter(|(dimension, ..)| *dimension == Dimension::Request).count(), 1_000);
    assert_eq!(totals[&(Dimension::Metric, "http_reqs".to_owned(), vec![])].count, 1_000);
}

#[test]
fn a_client_that_went_away_leaves_no_half_line() {
    let mut upload =
        Upload::open(request(Wire::InfluxLines), &Settings::default(), Declarations::default()).unwrap();
    upload.push(b"m value=1 1795218590000000000\nm value=1 17952185900000").unwrap();
    upload.finish(false).unwrap();
    assert_eq!((upload.receipt().accepted, upload.receipt().refused), (1, 1));
    assert!(upload.push(b"m").is_err());
}

#[test]
fn refused_lines_are_told_in_the_record() {
    let body = "m value=x 1795218590000000000\nbad-name value=1 1795218590000000000\nm value=y 1795218590000000000\n\
                m value=1 1795218590000000000\n";
    let refused = lines(Wire::InfluxLines, body).records[0].batch.refused.clone();
    assert_eq!(refused.iter().map(|(_, lines)| *lines).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn a_rejected_record_counts_as_refused() {
    let mut upload =
        Upload::open(request(Wire::InfluxLines), &Settings::default(), Declarations::default()).unwrap();
    upload.push(b"m value=1 1795218590000000000\nm value=1 1795218590000000000\n").unwrap();
    upload.finish(true).unwrap();
    let record = upload.take().remove(0);
    upload.reject(&record, "the run has ended");
    assert_eq!((upload.receipt().accepted, upload.receipt().refused), (0, 2));
    assert_eq!(upload.receipt().errors[0].reason, "the run has ended");
}

#[test]
fn a_flush_makes_a_record_of_what_has_come_even_when_it_is_compressed() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut encoder, b"m value=1 1795218590000000000\n").unwrap();
    std::io::Write::flush(&mut encoder).unwrap();
    let body = encoder.get_ref().clone();
    let request = Request { encoding: Encoding::Gzip, ..request(Wire::InfluxLines) };
    let mut upload = Upload::open(request, &Settings::default(), Declarations::default()).unwrap();
    assert_eq!(upload.push(&body), Ok(body.len()));
    upload.flush().unwrap();
    assert_eq!(upload.take().len(), 1);
    assert!(upload.finish(true).is_err(), "the stream was never closed");
}

#[test]
fn metric_lines_teach_types_thresholds_and_submetrics() {
    let outcome = send(request(Wire::K6Json), &unpacked("k6/shop/k6.json.gz"), 1 << 16);
    let declared = &outcome.declared;
    assert_eq!(declared.metrics.len(), 8);
    assert_eq!(declared.thresholds["http_req_duration"], ["p(95)<400", "avg<150"]);
    assert!(declared.thresholds["http_req_duration{name:never}"].is_empty());
    assert!(!declared.thresholds_known);
}

#[test]
fn bytes_are_equal_when_each_of_them_is() {
    for length in 0..70 {
        let one: Vec<u8> = (0..length).collect();
        assert!(is_equal(&one, &one.clone()));
        assert!(!is_equal(&one, &[&one[..], b"x"].concat()));
        for at in 0..one.len() {
            let mut other = one.clone();
            other[at] ^= 1 << (at % 8);
            assert!(!is_equal(&one, &other), "byte {at} of {length}");
        }
    }
}
