//! Bodies that nobody should send: none makes a reader panic, and what it keeps of one is bounded by the body.

use crate::support::{read, requests};
use loadgate_wires::otlp::{self, Encoding};
use loadgate_wires::prometheus::{self, Version};
use loadgate_wires::{BODY_BYTES, Out, Point, Reader, Summed, Value, Wrong};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Pseudo-random numbers (xorshift64*), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// Holds what is accepted to what points promise.
#[derive(Default)]
struct Checked {
    accepted: u64,
    refused: u64,
}

impl Out for Checked {
    fn accept(&mut self, _: u64, points: Vec<Point>) {
        self.accepted += 1;
        for point in &points {
            assert!(loadgate_documents::is_metric_name(&point.metric), "{point:?}");
            assert!(point.tags.iter().all(|(key, value)| !key.is_empty() && !value.is_empty()), "{point:?}");
            match &point.value {
                Value::Sample(value) => assert!(value.is_finite(), "{point:?}"),
                Value::Interval { sum, .. } | Value::SinceStart { sum, .. } => check(sum),
            }
        }
    }

    fn refuse(&mut self, _: u64, _: Wrong) {
        self.refused += 1;
    }

    fn warn(&mut self, _: u64, _: Wrong) {}
}

fn check(sum: &Summed) {
    assert!(sum.nonzero <= sum.count && sum.sum.is_finite(), "{sum:?}");
    assert!([sum.min, sum.max].iter().flatten().all(|value| value.is_finite()), "{sum:?}");
    let Some(buckets) = &sum.buckets else { return };
    assert_eq!(buckets.iter().map(|bucket| bucket.count).sum::<u64>(), sum.count, "{sum:?}");
    assert!(buckets.iter().all(|bucket| bucket.count > 0 && bucket.low <= bucket.high), "{sum:?}");
    assert!(buckets.is_sorted_by(|a, b| a.high <= b.low), "{sum:?}");
}

fn run(mut reader: impl Reader, body: &[u8]) -> (Result<(), Wrong>, Checked) {
    let mut checked = Checked::default();
    let end = reader.feed(body, &mut checked).and_then(|()| reader.finish(&mut checked));
    (end, checked)
}

/// Cuts, turns bits, takes out, repeats, and puts in what lengths and numbers are made of.
fn mutate(random: &mut Random, body: &[u8]) -> Vec<u8> {
    let mut body = body.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(body.len());
        match random.below(6) {
            0 => body.truncate(at),
            1 if !body.is_empty() => body[at] ^= 1 << random.below(8),
            2 if !body.is_empty() => body[at] = [0, 0x7f, 0x80, 0xff, b'"', b'-'][random.below(6)],
            3 => drop(body.drain(at..(at + random.below(20)).min(body.len()))),
            4 => {
                let piece = body[at..(at + random.below(200)).min(body.len())].to_vec();
                body.splice(at..at, piece);
            }
            _ => drop(
                body.splice(at..at, (0..random.below(10)).map(|_| random.next() as u8).collect::<Vec<_>>()),
            ),
        }
    }
    body
}

/// As many mutations of each body of a recording; how many were read to their end, and how many not.
fn survive(seed: u64, times: usize, bodies: &[Vec<u8>], read: impl Fn(&[u8]) -> Result<(), Wrong>) {
    let mut random = Random(seed);
    let mut ends = [0, 0];
    for body in bodies {
        for _ in 0..times {
            let mutated = mutate(&mut random, body);
            ends[usize::from(read(&mutated).is_ok())] += 1;
        }
    }
    assert!(ends.iter().all(|end| *end > times / 10), "mutations of both kinds: {ends:?}");
}

fn bodies(recording: &str, encoding: Option<&str>) -> Vec<Vec<u8>> {
    let wanted = |headers: &std::collections::BTreeMap<String, String>| {
        encoding.is_none_or(|encoding| headers["content-type"] == encoding)
    };
    requests(recording)
        .iter()
        .filter(|request| wanted(&request.headers))
        .map(|request| request.body())
        .collect()
}

#[test]
fn mutated_opentelemetry_bodies_are_read_or_refused() {
    let protobuf = |body: &[u8]| run(otlp::Reader::new(Encoding::Protobuf), body).0;
    survive(1, 300, &bodies("opentelemetry/capture.ndjson", None), protobuf);
    survive(2, 700, &bodies("opentelemetry/delta.ndjson", None), protobuf);
    let json = |body: &[u8]| run(otlp::Reader::new(Encoding::Json), body).0;
    survive(3, 2_000, &bodies("opentelemetry/javascript.ndjson", Some("application/json")), json);
}

#[test]
fn mutated_remote_writes_are_read_or_refused() {
    let unpack = |body: &Vec<u8>| snap::raw::Decoder::new().decompress_vec(body).expect("snappy");
    let read = |version: Version| {
        move |body: &[u8]| {
            let packed = snap::raw::Encoder::new().compress_vec(body).expect("snappy");
            run(prometheus::Reader::new(version), &packed).0
        }
    };
    for (seed, recording, version) in
        [(4, "stats", Version::One), (5, "native", Version::One), (6, "version2", Version::Two)]
    {
        let packed = bodies(&format!("prometheus/{recording}.ndjson"), None);
        let unpacked: Vec<_> = packed.iter().map(unpack).collect();
        survive(seed, 400, &unpacked, read(version));
        // What is packed, changed.
        let mut random = Random(seed);
        for body in &packed {
            for _ in 0..300 {
                let _ = run(prometheus::Reader::new(version), &mutate(&mut random, body));
            }
        }
    }
}

#[test]
fn any_bytes_are_read_or_refused() {
    let mut random = Random(7);
    for _ in 0..5_000 {
        let body: Vec<u8> = (0..random.below(300)).map(|_| random.next() as u8).collect();
        let _ = run(otlp::Reader::new(Encoding::Protobuf), &body);
        let _ = run(otlp::Reader::new(Encoding::Json), &body);
        let packed = snap::raw::Encoder::new().compress_vec(&body).expect("snappy");
        for version in [Version::One, Version::Two] {
            let _ = run(prometheus::Reader::new(version), &body);
            let _ = run(prometheus::Reader::new(version), &packed);
        }
    }
}

#[test]
fn a_body_that_ends_early_counts_nowhere() {
    let whole = &bodies("opentelemetry/capture.ndjson", None)[0];
    for end in (1..whole.len()).step_by(97) {
        let (ended, seen) = run(otlp::Reader::new(Encoding::Protobuf), &whole[..end]);
        assert!(ended.is_err() && seen.accepted + seen.refused == 0, "{end}");
    }
    let json = &bodies("opentelemetry/javascript.ndjson", Some("application/json"))[0];
    for end in (1..json.len()).step_by(97) {
        let (ended, seen) = run(otlp::Reader::new(Encoding::Json), &json[..end]);
        assert!(ended.is_err() && seen.accepted + seen.refused == 0, "{end}");
    }
}

/// Counts what a thread has of the heap, and the most that it had.
struct Counting;

thread_local! {
    static HELD: Cell<(isize, isize)> = const { Cell::new((0, 0)) };
}

fn count(change: isize) {
    // At a thread's end there is nothing to count by.
    let _ = HELD.try_with(|held| {
        let (now, most) = held.get();
        held.set((now + change, most.max(now + change)));
    });
}

#[expect(unsafe_code, reason = "an allocator cannot be anything else; it only counts")]
// SAFETY: all calls go to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The most that a reader holds at a time, in bytes.
fn most(reader: impl Reader, body: &[u8]) -> (isize, Result<(), Wrong>) {
    let before = HELD.with(|held| {
        let (now, _) = held.get();
        held.set((now, now));
        now
    });
    let (end, _) = run(reader, body);
    (HELD.with(Cell::get).1 - before, end)
}

fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(content);
    bytes
}

/// As many as go into a body.
fn full(element: &[u8], room: usize) -> Vec<u8> {
    element.repeat((BODY_BYTES - room) / element.len())
}

#[test]
fn a_body_of_nothing_but_empty_elements_holds_little_more_than_itself() {
    let room = 64;
    // Resources, scopes, metrics, data points; attributes of a resource; buckets are within data points.
    let empty = full(&[0x0a, 0], room);
    let scopes = field(1, &full(&[0x12, 0], room));
    let metrics = field(1, &field(2, &full(&[0x12, 0], room)));
    let points = field(1, &field(2, &field(2, &field(5, &full(&[0x0a, 0], room)))));
    let attributes = field(1, &field(1, &full(&[0x0a, 0], room)));
    for body in [empty, scopes, metrics, points, attributes] {
        assert!(body.len() <= BODY_BYTES && body.len() > BODY_BYTES - 2 * room);
        let (most, _) = most(otlp::Reader::new(Encoding::Protobuf), &body);
        assert!(most < 2 * BODY_BYTES.cast_signed(), "{most}");
    }
    let list = format!(r#"{{"resourceMetrics":[{}{{}}]}}"#, "{},".repeat(BODY_BYTES / 3 - room));
    let nested = format!(r#"{{"resourceMetrics":{}"#, "[".repeat(BODY_BYTES - room));
    let unknown = format!(r#"{{"unknown":{}"#, r#"{"a":"#.repeat(BODY_BYTES / 5 - room));
    for body in [list, nested, unknown] {
        // JSON's reader keeps which brackets are open.
        let (most, _) = most(otlp::Reader::new(Encoding::Json), body.as_bytes());
        assert!(most < 3 * BODY_BYTES.cast_signed(), "{most}");
    }
}

#[test]
fn a_bomb_of_snappy_holds_no_more_than_a_body() {
    let pack = |body: &[u8]| snap::raw::Encoder::new().compress_vec(body).expect("snappy");
    let label = field(1, b"\x0a\x08__name__\x12\x07x_count");
    let samples = field(1, &[label, full(&[0x12, 0], 64)].concat());
    let labels = field(1, &full(&[0x0a, 0], 64));
    let series = full(&[0x0a, 0], 64);
    for body in [samples, labels, series, vec![0; BODY_BYTES]] {
        let packed = pack(&body);
        assert!(packed.len() < body.len() / 15, "{}", packed.len());
        for version in [Version::One, Version::Two] {
            let (most, end) = most(prometheus::Reader::new(version), &packed);
            assert!(most < 2 * BODY_BYTES.cast_signed(), "{most} {end:?}");
        }
    }
    let (most, end) = most(prometheus::Reader::new(Version::One), &pack(&vec![0; BODY_BYTES + 1]));
    assert!(end.is_err_and(|wrong| wrong.reason.contains("longer than 16 MiB")));
    assert!(most < BODY_BYTES.cast_signed() / 4, "{most}");
}

#[test]
fn samples_that_wait_for_others_in_vain_hold_little() {
    let series = |number: usize| {
        let name = format!("s{number}_count");
        let label = field(1, &[field(1, b"__name__"), field(2, name.as_bytes())].concat());
        field(1, &[label, field(2, b"")].concat())
    };
    let body: Vec<u8> = (0..prometheus::SAMPLES).flat_map(series).collect();
    let packed = snap::raw::Encoder::new().compress_vec(&body).expect("snappy");
    let (most, end) = most(prometheus::Reader::new(Version::One), &packed);
    assert_eq!(end, Ok(()));
    assert!(most < 4 * BODY_BYTES.cast_signed(), "{most}");
}

#[test]
fn limits_are_named_where_they_are_passed() {
    let reason = |version, body: &[u8]| {
        let packed = snap::raw::Encoder::new().compress_vec(body).expect("snappy");
        run(prometheus::Reader::new(version), &packed).0.expect_err("too much").reason
    };
    let series = field(1, &[field(1, b"\x0a\x08__name__\x12\x01x"), field(2, b"")].concat());
    let samples = series.repeat(prometheus::SAMPLES + 1);
    assert!(reason(Version::One, &samples).contains("more than 100000 samples"));
    let symbols = field(4, b"x").repeat(prometheus::SYMBOLS + 1);
    assert!(reason(Version::Two, &symbols).contains("more than 200000 symbols"));
    let elements = [0x0a, 0].repeat(otlp::ELEMENTS + 1);
    let (end, _) = run(otlp::Reader::new(Encoding::Protobuf), &elements);
    assert!(end.expect_err("too much").reason.contains("more than 200000 elements"));
    let too_long = vec![0; BODY_BYTES + 1];
    for encoding in [Encoding::Protobuf, Encoding::Json] {
        let wrong = read(otlp::Reader::new(encoding), &too_long, 1 << 20).expect_err("too much");
        assert!(wrong.reason.contains("longer than 16 MiB"));
    }
}
