//! Whatever a file holds, its reader says something sound of it.

use crate::support::{assert_sound, fixture, in_pieces};
use loadgate_wires::UNIT_BYTES;
use loadgate_wires::files::{Format, detect};

/// Numbers that look random and are the same every time.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

const PARTS: [&[u8]; 16] = [
    b"1e308",
    b"-1",
    b"99999999999999999999",
    b"NaN",
    b"null",
    b"\"",
    b"\\",
    b"\t",
    b",",
    b"\n",
    b"\r\n",
    b"{",
    b"]",
    b"\xff",
    b"\xc3",
    b"0",
];

fn mutated(random: &mut Seeded, file: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    for _ in 0..=random.below(6) {
        let at = random.below(file.len());
        let end = (at + random.below(60)).min(file.len());
        match random.below(4) {
            0 => drop(file.drain(at..end)),
            1 => {
                let part = file[at..end].to_vec();
                file.splice(at..at, part);
            }
            2 => {
                let end = (at + random.below(12)).min(file.len());
                file.splice(at..end, PARTS[random.below(PARTS.len())].iter().copied());
            }
            // A number becomes another.
            _ => {
                if let Some(digit) = file[at..].iter().position(u8::is_ascii_digit) {
                    file.splice(at + digit..=at + digit, PARTS[random.below(5)].iter().copied());
                }
            }
        }
    }
    file
}

#[test]
fn mutated_files_are_read_soundly() {
    let mut random = Seeded(13);
    let mut read = 0;
    for (file, format) in [
        ("k6-export.json", Format::K6Summary),
        ("k6-handle.json", Format::K6Summary),
        ("k6-machine-readable.json", Format::K6Summary),
        ("vegeta.json", Format::VegetaJson),
        ("vegeta.csv", Format::VegetaCsv),
        ("vegeta.hgrm", Format::Hgrm),
        ("hdrhistogram.hgrm", Format::Hgrm),
        ("locust-full_stats_history.csv", Format::LocustHistory),
        ("gatling-3.11.log", Format::Gatling),
        ("artillery.json", Format::Artillery),
        ("k6-dashboard.ndjson", Format::K6Recording),
    ] {
        let whole = fixture(file);
        // Of the long ones a part, which has all that they are made of.
        let whole = &whole[..whole.len().min(12_000)];
        for _ in 0..500 {
            let bytes = mutated(&mut random, whole);
            let _ = detect(&bytes);
            let (seen, _) = in_pieces(format, &bytes, 1 + random.below(5_000));
            assert_sound(&seen);
            read += seen.points.len();
        }
    }
    assert!(read > 100_000, "only {read} points were read: the mutations are too hard");
}

#[test]
fn every_reader_bears_every_file() {
    let files = [
        "k6-export.json",
        "k6-machine-readable.json",
        "k6-dashboard.ndjson",
        "vegeta.json",
        "vegeta.csv",
        "vegeta.hgrm",
        "locust_stats_history.csv",
        "gatling-3.11.log",
        "artillery.json",
    ];
    for file in files {
        let bytes = fixture(file);
        let own = detect(&bytes).expect("known");
        for format in Format::ALL {
            if format == own || loadgate_wires::files::reader(format, None).is_none() {
                continue;
            }
            let (seen, end) = in_pieces(format, &bytes, 1_000);
            assert_sound(&seen);
            assert!(end.is_err() || !seen.refused.is_empty(), "{file} read as {format:?}");
        }
    }
}

#[test]
fn a_file_that_never_ends_costs_no_memory() {
    let line = vec![b'x'; 3 * UNIT_BYTES];
    for format in [Format::Gatling, Format::VegetaJson, Format::VegetaCsv, Format::K6Recording] {
        let (seen, end) = in_pieces(format, &line, 1 << 16);
        assert!(end.is_ok() && seen.refused.len() == 1, "{format:?}");
    }
    let long = vec![b' '; 20 << 20];
    for format in [Format::K6Summary, Format::Artillery, Format::OhaJson, Format::Hgrm] {
        let (_, end) = in_pieces(format, &long, 1 << 16);
        assert_eq!(
            end.expect_err("too long").reason,
            "the body is longer than 16 MiB, and can only be read as a whole"
        );
    }
}
