//! Whose metrics a body holds.

use super::Encoding;
use super::walk::{self, Element, Head, Source, Visitor};

/// The name of the first service in a body that says one; none for k6 itself, and where nobody named it.
pub fn service_name(encoding: Encoding, body: &[u8]) -> Option<String> {
    let mut first = First(None);
    // What cannot be read is told when it is read.
    _ = match encoding {
        Encoding::Protobuf => walk::protobuf(body, &mut first),
        Encoding::Json => super::json::walk(body, &mut first),
    };
    first.0
}

struct First(Option<String>);

impl Visitor for First {
    fn metric(&mut self, source: &Source<'_>, _: &Head) {
        if self.0.is_none() {
            let service = source.origin.tags.iter().find(|(key, _)| key == "service_name");
            self.0 = service.map(|(_, name)| name.clone());
        }
    }

    fn point(&mut self, _: &Source<'_>, _: &Head, _: Element<'_>) {}
}
