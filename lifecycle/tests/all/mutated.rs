//! Requests that nobody would send: seeded mutations of the fixtures.

use crate::fixtures::{NOW, fixtures};

/// A small generator of numbers (splitmix64): the same ones from the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// Pieces that parsers trip over.
const PIECES: [&str; 16] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "-1",
    "1e999",
    "18446744073709551615",
    "-9223372036854775808",
    "\\ud800",
    "\u{0}",
    "9999-12-31T23:59:60Z",
    "PT9999999999H",
];

#[test]
fn no_mutation_of_a_request_makes_the_reader_panic_or_tell_nonsense() {
    let all = fixtures();
    let mut random = Random(20_261_126);
    for round in 0..40_000 {
        let mut request = all[random.below(all.len())].request.clone();
        for _ in 0..=random.below(4) {
            let body = &mut request.body;
            let at = random.below(body.len() + 1);
            match random.below(6) {
                0 if at < body.len() => body[at] = random.next() as u8,
                1 => body.truncate(at),
                2 => {
                    let piece = PIECES[random.below(PIECES.len())];
                    body.splice(at..at, piece.bytes());
                }
                3 => {
                    let end = (at + random.below(20)).min(body.len());
                    body.drain(at..end);
                }
                4 => {
                    let other = &all[random.below(all.len())].request;
                    request.endpoint = other.endpoint;
                    request.headers = other.headers.clone();
                }
                _ => {
                    let names: Vec<_> = request.headers.keys().cloned().collect();
                    if let Some(name) = names.get(random.below(names.len())) {
                        let bytes: Vec<u8> =
                            (0..random.below(9)).map(|_| (random.next() as u8) | 0x80).collect();
                        request.headers.insert(name, http::HeaderValue::from_bytes(&bytes).unwrap());
                    }
                }
            }
        }
        match request.read(NOW) {
            Ok(taken) => {
                for event in &taken.events {
                    if let (Some(start), Some(end)) = (event.start, event.end) {
                        assert!(start <= end, "round {round}: {event:?}");
                    }
                    assert!(event.duration.is_none_or(|ms| ms >= 0), "round {round}: {event:?}");
                }
            }
            Err(refusal) => assert!(refusal.to_string().len() < 10_000, "round {round}: {refusal}"),
        }
    }
}
