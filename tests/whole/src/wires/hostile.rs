//! What nobody should send on the other wires, at the built server: each body is answered in its protocol's way, never
//! with a failure of the server's own, and memory stays flat.

use crate::harness::Server;
use crate::harness::fixtures::{bytes, ndjson, unpacked};
use crate::harness::server::{Options, QUICK};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// As for the two first wires (`malformed.rs`): the server is warm before.
const GAIN_BYTES: u64 = 160 << 20;

/// Mutations of each wire.
const MUTATIONS: usize = 120;

/// The longest body that is read as a whole.
const BODY_BYTES: usize = 16 << 20;

struct Wire {
    target: &'static str,
    content_type: &'static str,
    bodies: Vec<Vec<u8>>,
    /// Bodies are read as a whole, and too long ones are refused.
    whole: bool,
}

const PROTOBUF: &str = "application/x-protobuf";
const PLAIN: &str = "text/plain";

/// The bodies of a recording.
fn recorded(name: &str) -> Vec<Vec<u8>> {
    let requests = ndjson(&bytes(name));
    let body = |request: &serde_json::Value| match (request["body"].as_str(), request["body_base64"].as_str())
    {
        (Some(body), _) => body.as_bytes().to_vec(),
        (None, packed) => STANDARD.decode(packed.expect("a body")).expect("base64"),
    };
    requests.iter().map(body).collect()
}

fn wires() -> [Wire; 9] {
    let file = |target, bodies| Wire { target, content_type: PLAIN, bodies, whole: false };
    [
        Wire {
            target: "/v1/metrics?test=otlp",
            content_type: PROTOBUF,
            bodies: recorded("opentelemetry/capture.ndjson"),
            whole: true,
        },
        Wire {
            target: "/v1/metrics?test=otlpjson",
            content_type: "application/json",
            // Every second one is protobuf.
            bodies: recorded("opentelemetry/javascript.ndjson")
                .into_iter()
                .filter(|body| body.starts_with(b"{"))
                .collect(),
            whole: true,
        },
        Wire {
            target: "/api/v1/write?test=rw",
            content_type: PROTOBUF,
            bodies: recorded("prometheus/native.ndjson"),
            whole: true,
        },
        Wire {
            target: "/api/v1/write?test=rwtwo",
            content_type: "application/x-protobuf;proto=io.prometheus.write.v2.Request",
            bodies: recorded("prometheus/version2.ndjson"),
            whole: true,
        },
        Wire {
            target: "/api/v2/metrics/ingest?test=dyna",
            content_type: PLAIN,
            bodies: recorded("dynatrace/capture.ndjson"),
            whole: false,
        },
        Wire {
            target: "/write?db=jm",
            content_type: PLAIN,
            bodies: recorded("jmeter/influx.ndjson"),
            whole: false,
        },
        file("/ingest?test=csv&import=1&run=i1", vec![bytes("k6-csv/results.csv")]),
        file("/ingest?test=jtl&import=1&run=i1", vec![bytes("jmeter/results.jtl")]),
        file("/ingest?test=xml&import=1&run=i1", vec![unpacked("jmeter/results.xml.jtl.gz")]),
    ]
}

/// Pseudo-random numbers (xorshift64*), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end.max(1)
    }

    /// Cuts, turns bits, takes out, repeats.
    fn mutate(&mut self, body: &[u8]) -> Vec<u8> {
        let mut body = body.to_vec();
        for _ in 0..=self.below(5) {
            let at = self.below(body.len());
            let end = (at + self.below(200)).min(body.len());
            match self.below(5) {
                0 if self.below(3) == 0 => body.truncate(at),
                1 => drop(body.drain(at..end)),
                2 => {
                    let piece = body[at..end].to_vec();
                    body.splice(at..at, piece);
                }
                3 if !body.is_empty() => {
                    body[at] = [0, 0x7f, 0x80, 0xff, b'"', b'-', b'\n', b'<'][self.below(8)]
                }
                _ if !body.is_empty() => body[at] ^= 1 << self.below(8),
                _ => {}
            }
        }
        body
    }
}

#[test]
fn mutated_bodies_of_every_wire_are_answered_and_memory_stays_flat() {
    let server = Server::with(Options { settings: QUICK, ..Options::default() });
    let wires = wires();
    let send = |wire: &Wire, body: &[u8]| {
        server.send("POST", wire.target, &[("content-type", wire.content_type)], body)
    };
    for wire in &wires {
        let good = send(wire, &wire.bodies[0]);
        assert!(
            matches!(good.status, 200 | 202 | 204 | 400),
            "{}: {} {}",
            wire.target,
            good.status,
            good.text()
        );
    }
    let (before, mut highest) = (server.memory(), 0);
    let mut random = Random(13);
    for wire in &wires {
        let mut answers = [0; 2];
        for _ in 0..MUTATIONS {
            let at = random.below(wire.bodies.len());
            let body = random.mutate(&wire.bodies[at]);
            let answer = send(wire, &body);
            let known = matches!(answer.status, 200 | 202 | 204 | 400 | 410 | 413);
            assert!(known, "{}: {} {}", wire.target, answer.status, answer.text());
            answers[usize::from(answer.status < 300)] += 1;
        }
        assert!(answers.iter().sum::<usize>() == MUTATIONS && answers[0] > 0, "{}: {answers:?}", wire.target);
        highest = highest.max(server.memory());
    }
    for wire in wires.iter().filter(|wire| wire.whole) {
        let answer = send(wire, &vec![b' '; BODY_BYTES + 1]);
        assert!(matches!(answer.status, 400 | 413), "{}: {}", wire.target, answer.status);
        assert!(answer.text().contains("16 MiB") || answer.text().contains("snappy"), "{}", answer.text());
        highest = highest.max(server.memory());
    }
    let gain = highest.saturating_sub(before);
    assert!(gain <= GAIN_BYTES, "{} MB more than the {} MB before", gain >> 20, before >> 20);
    assert_eq!(server.get("/ping").status, 204);
}

/// Of lines and rows there is no end: they are counted as they come.
#[test]
fn a_body_without_end_costs_no_memory() {
    const MEGABYTES: usize = 40;
    let server = Server::with(Options { settings: QUICK, ..Options::default() });
    let header = "timeStamp,elapsed,label,responseCode,responseMessage,threadName,success,bytes\n";
    let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_millis();
    let row = format!("{now},7,Cart,200,OK,Shop 1-1,true,120\n");
    let line = format!("shop.latency,page=\"cart\" gauge,min=1,max=9,sum=20,count=4 {now}\n");
    for (target, head, unit) in [
        ("/ingest?test=endless&import=1&run=i1", header, &row),
        ("/api/v2/metrics/ingest?test=endlessly", "", &line),
    ] {
        let piece = unit.repeat((1 << 20) / unit.len());
        let mut upload = server.connection().chunked("POST", target, &[("content-type", PLAIN)]);
        upload.push(head.as_bytes());
        upload.push(piece.as_bytes());
        let before = server.memory();
        let mut highest = before;
        for _ in 1..MEGABYTES {
            upload.push(piece.as_bytes());
            highest = highest.max(server.memory());
        }
        let answer = upload.finish();
        assert!(answer.status < 300, "{target}: {} {}", answer.status, answer.text());
        let gain = highest.max(server.memory()) - before;
        assert!(gain <= GAIN_BYTES, "{target}: {} MB more than {} MB", gain >> 20, before >> 20);
    }
}
