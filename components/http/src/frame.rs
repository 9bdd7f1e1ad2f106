//! Frames of an event stream (Server-Sent Events, WHATWG HTML, section 9.2).

use std::borrow::Cow;
use std::fmt::Write;

/// One event. A line break within would end it, so none is written.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// What a client that comes back has seen; state has none.
    pub id: Option<u64>,
    /// How long a client waits before it comes back.
    pub retry_ms: Option<u64>,
    /// The event's name.
    pub kind: &'a str,
    /// One line.
    pub data: &'a str,
}

impl Frame<'_> {
    /// Appends the frame.
    pub fn write(&self, out: &mut String) {
        // Writing into a String cannot fail.
        if let Some(id) = self.id {
            let _ = writeln!(out, "id: {id}");
        }
        if let Some(retry_ms) = self.retry_ms {
            let _ = writeln!(out, "retry: {retry_ms}");
        }
        let _ = writeln!(out, "event: {}", one_line(self.kind));
        let _ = write!(out, "data: {}\n\n", one_line(self.data));
    }
}

/// What clients skip and people who look at the stream read.
pub fn comment(text: &str) -> String {
    format!(": {}\n\n", one_line(text))
}

fn one_line(text: &str) -> Cow<'_, str> {
    if text.contains(['\r', '\n']) { text.replace(['\r', '\n'], " ").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_what_it_is_to_the_byte() {
        let mut out = String::new();
        Frame { id: Some(7), retry_ms: None, kind: "snapshot", data: "[[1]]" }.write(&mut out);
        Frame { id: None, retry_ms: Some(2_000), kind: "stop", data: "a\r\nb" }.write(&mut out);
        assert_eq!(out, "id: 7\nevent: snapshot\ndata: [[1]]\n\nretry: 2000\nevent: stop\ndata: a  b\n\n");
        assert_eq!(comment("the store\nfailed"), ": the store failed\n\n");
    }
}
