//! Real traffic against a naive reader, whole and mutated.

use super::*;

/// `(count, sum, min, max)` by metric, `metric{text}` or `metric|group|…`, computed the plain way.
#[derive(Default)]
struct Naive {
    cells: BTreeMap<String, (u64, f64, f64, f64)>,
    samples: u64,
}

impl Naive {
    fn add(&mut self, name: String, value: f64) {
        let cell = self.cells.entry(name).or_insert((0, 0.0, f64::INFINITY, f64::NEG_INFINITY));
        *cell = (cell.0 + 1, cell.1 + value, cell.2.min(value), cell.3.max(value));
    }

    fn read(text: &[u8], declared: &Declarations) -> Naive {
        let mut naive = Naive::default();
        for line in text.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
            let line: Value = serde_json::from_slice(line).unwrap();
            if line["type"] == "Metric" {
                continue;
            }
            naive.samples += 1;
            let (metric, data) = (line["metric"].as_str().unwrap(), &line["data"]);
            let value = data["value"].as_f64().unwrap();
            if metric == "vus" || metric == "vus_max" {
                naive.add(metric.to_owned(), value);
                continue;
            }
            naive.add(metric.to_owned(), value);
            let tag = |key: &str| data["tags"][key].as_str().unwrap_or_default();
            for submetric in declared.submetrics() {
                if submetric.metric == metric && submetric.tags.iter().all(|(k, v)| tag(k) == v) {
                    naive.add(format!("{metric}{{{}}}", submetric.text), value);
                }
            }
            if !tag("group").is_empty() {
                naive.add(format!("{metric}|Group|{}", tag("group")), value);
            }
            if metric == "checks" {
                naive.add(format!("{metric}|Check|{}|{}", tag("group"), tag("check")), value);
            }
            if metric == "http_reqs" {
                let mut key =
                    format!("{}|{}|{}|{}", tag("method"), tag("name"), tag("status"), tag("error_code"));
                if let phase @ ("::setup" | "::teardown") = tag("group") {
                    key += &phase.replace("::", "|");
                }
                naive.add(format!("{metric}|Status|{key}"), value);
            }
            if metric == "http_reqs" || metric == "http_req_duration" {
                let facets = ["method", "name", "status", "scenario", "group", "expected_response"].map(tag);
                naive.add(format!("{metric}|Facets|{}", facets.join("|")), value);
            }
        }
        naive
    }

    fn compare(&self, outcome: &Outcome, what: &str) {
        let mut ours = BTreeMap::new();
        for ((dimension, metric, key), cell) in totals(&outcome.records) {
            let name = match dimension {
                Dimension::Metric => metric,
                Dimension::Submetric => format!("{metric}{{{}}}", key[0]),
                Dimension::Group | Dimension::Check | Dimension::Status | Dimension::Facets => {
                    format!("{metric}|{dimension:?}|{}", key.join("|"))
                }
                Dimension::Request | Dimension::Scenario => continue,
            };
            assert!(cell.sketch.is_empty() || sketched(&cell) == cell.count, "{what}: {name}");
            ours.insert(name, (cell.count, cell.sum, cell.min, cell.max));
        }
        let mut vus = Naive::default();
        for sample in outcome.records.iter().flat_map(|record| &record.batch.vus) {
            vus.add(if sample.max { "vus_max" } else { "vus" }.to_owned(), sample.value);
        }
        ours.extend(vus.cells);
        assert_eq!(ours.keys().collect::<Vec<_>>(), self.cells.keys().collect::<Vec<_>>(), "{what}");
        for (name, (count, sum, min, max)) in &self.cells {
            let got = ours[name];
            assert_eq!((got.0, got.2, got.3), (*count, *min, *max), "{what}: {name}");
            assert!((got.1 - sum).abs() <= 1e-9 * sum.abs().max(1.0), "{what}: {name}: {} {sum}", got.1);
        }
        assert_eq!(outcome.records.iter().map(|r| r.batch.samples).sum::<u64>(), self.samples, "{what}");
    }
}

fn influx_bodies(path: &str) -> Vec<u8> {
    let mut all = Vec::new();
    for line in unpacked(path).split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        let line: Value = serde_json::from_slice(line).unwrap();
        all.extend_from_slice(line["body"].as_str().unwrap().as_bytes());
    }
    all
}

#[test]
fn real_traffic_adds_up_to_what_a_naive_reader_finds_on_both_wires() {
    for (name, json, influx) in [
        ("shop", vec!["k6/shop/k6.json.gz"], "k6/shop/influx.ndjson.gz"),
        ("short", vec!["k6/short/k6.json.gz"], "k6/short/influx.ndjson.gz"),
        ("aborted", vec!["k6/aborted/k6.json.gz"], "k6/aborted/influx.ndjson.gz"),
        (
            "cluster",
            vec!["k6/cluster/a.k6.json.gz", "k6/cluster/b.k6.json.gz"],
            "k6/cluster/influx.ndjson.gz",
        ),
    ] {
        let text: Vec<u8> = json.into_iter().flat_map(unpacked).collect();
        let declared = send(request(Wire::K6Json), &text, text.len()).declared;
        let naive = Naive::read(&text, &declared);
        for (wire, body) in [(Wire::K6Json, text), (Wire::InfluxLines, influx_bodies(influx))] {
            let upload = Upload::open(request(wire), &Settings::default(), declared.clone()).unwrap();
            let outcome = send_to(upload, &body, 10_007);
            assert_eq!(outcome.receipt.errors, [], "{name}");
            naive.compare(&outcome, &format!("{name} {wire:?}"));
            for record in &outcome.records {
                let bytes = postcard::to_allocvec(&record.batch).unwrap();
                assert_eq!(postcard::from_bytes::<Batch>(&bytes).unwrap(), record.batch);
            }
        }
    }
}

#[test]
fn a_repeat_is_cut_the_same_way_and_pieces_are_numbered() {
    let body = influx_bodies("k6/cluster/influx.ndjson.gz");
    let a = send(request(Wire::InfluxLines), &body, 1_000);
    let b = send(request(Wire::InfluxLines), &body, body.len());
    assert_eq!(a.records, b.records);
    assert_eq!(
        a.records.iter().map(|r| r.piece).collect::<Vec<_>>(),
        (0..a.records.len() as u32).collect::<Vec<_>>()
    );
    assert!(a.records.iter().all(|r| r.log.to_string() == "t.cluster-1"));
}

/// A small generator (splitmix64): mutations need variety, not quality.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

/// Mutates real lines; what is read by way of the line before must equal what a fresh reader makes of it.
fn mutated_lines_read_alike(wire: Wire, text: &[u8], slow: impl Fn(&[u8]) -> Vec<u8>) {
    let all: Vec<&[u8]> = text.split(|b| *b == b'\n').filter(|line| !line.is_empty()).collect();
    let alphabet = b"\"\\{}[],:=. eE+-019azZ\x00\xff\xc3";
    for seed in 0..20_000 {
        let mut random = Random(seed);
        let at = random.below(all.len() - 1);
        let mut line = all[at + 1].to_vec();
        for _ in 0..random.below(3) {
            let place = random.below(line.len());
            match random.below(4) {
                0 => line[place] = alphabet[random.below(alphabet.len())],
                1 => line.insert(place, alphabet[random.below(alphabet.len())]),
                2 => drop(line.remove(place)),
                _ => line.truncate(place.max(1)),
            }
        }
        line.retain(|b| *b != b'\n');
        let fast = send(request(wire), &[all[at], b"\n", &line].concat(), 1 << 16);
        let slow = send(request(wire), &[&slow(all[at])[..], b"\n", &slow(&line)].concat(), 1 << 16);
        let what = String::from_utf8_lossy(&line);
        assert_eq!(
            (fast.receipt.accepted, fast.receipt.refused),
            (slow.receipt.accepted, slow.receipt.refused),
            "{seed}: {what}"
        );
        // Of several things that are wrong with a line, another may be named.
        let batches = |outcome: Outcome| {
            outcome.records.into_iter().map(|r| Batch { refused: vec![], ..r.batch }).collect::<Vec<_>>()
        };
        assert_eq!(batches(fast), batches(slow), "{seed}: {what}");
    }
}

#[test]
fn json_read_quickly_is_json_read_slowly() {
    // A space where k6 has none keeps the quick way out.
    mutated_lines_read_alike(Wire::K6Json, &unpacked("k6/aborted/k6.json.gz"), |line| [b" ", line].concat());
}

#[test]
fn influx_lines_read_quickly_are_read_slowly() {
    // Two spaces before the fields do.
    mutated_lines_read_alike(Wire::InfluxLines, &influx_bodies("k6/aborted/influx.ndjson.gz"), |line| {
        [line, b" "].concat()
    });
}
