//! A body that names its own test.

use super::gzip::Gzip;
use super::{Encoding, Refusal, Request, Wire};
use loadgate_wires::{BODY_BYTES, otlp};

/// An OpenTelemetry exporter that cannot be told a path: its service names the test. The body is read as a whole
/// anyhow, so it is collected before the test is known.
#[derive(Debug)]
pub struct Unnamed {
    request: Request,
    body: Vec<u8>,
}

impl Unnamed {
    /// What such a request waits in; `None` where the test is known.
    pub fn of(request: &Request) -> Option<Self> {
        let waits = request.test.is_none() && matches!(request.wire, Wire::Otlp(_));
        waits.then(|| Unnamed { request: request.clone(), body: Vec::new() })
    }

    /// Takes the next bytes of the body.
    ///
    /// # Errors
    ///
    /// [`Refusal::TooLarge`] where it is longer than any that is read.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        if self.body.len() + bytes.len() > BODY_BYTES {
            return Err(Refusal::TooLarge(format!("the body is longer than {BODY_BYTES} bytes")));
        }
        self.body.extend_from_slice(bytes);
        Ok(())
    }

    /// The request with the test that its body names, if it does, and the body.
    #[must_use]
    pub fn named(self) -> (Request, Vec<u8>) {
        let Unnamed { mut request, body } = self;
        if let Wire::Otlp(encoding) = request.wire {
            request.test = match request.encoding {
                Encoding::Identity => otlp::service_name(encoding, &body),
                Encoding::Gzip => otlp::service_name(encoding, &unpacked(&body)),
            };
        }
        (request, body)
    }
}

/// The body, as far as it can be unpacked within bounds: what is wrong with it is told when it is read.
fn unpacked(body: &[u8]) -> Vec<u8> {
    let (mut gzip, mut whole, mut rest) = (Gzip::new(), Vec::new(), body);
    while !rest.is_empty() && whole.len() <= BODY_BYTES {
        let step = gzip.step(rest);
        whole.extend_from_slice(gzip.output());
        match step {
            Ok(taken) => rest = &rest[taken..],
            Err(_) => break,
        }
    }
    if gzip.finish().is_ok() {
        whole.extend_from_slice(gzip.output());
    }
    whole
}
