//! What a file is.

use super::Parser;
use super::k6_json::K6Json;
use super::points::Foreign;
use loadgate_wires::Wrong;
use loadgate_wires::files::{self, Format};

/// So much of a file is looked at, if it has so much.
const BEGIN: usize = 64 * 1024;

/// Whether a file's beginning tells what it is: a live upload must not wait for more than its first line.
pub(super) fn is_enough(begin: &[u8]) -> bool {
    let text = begin.trim_ascii_start();
    let line = text.iter().position(|b| *b == b'\n').map(|end| text[..end].trim_ascii_end());
    begin.len() >= BEGIN || line.is_some_and(|line| line.starts_with(b"{") && line.ends_with(b"}"))
}

/// What reads a file that begins so. What nobody knows is read as k6's JSON, which says of each line what is wrong
/// with it.
pub(super) fn parser(begin: &[u8]) -> Result<Parser, Wrong> {
    Ok(match files::detect(begin) {
        Ok(Format::K6Json) | Err(_) => Parser::K6Json(K6Json::default()),
        Ok(format) => match format.reader() {
            Some(reader) => Parser::Foreign(Foreign(reader)),
            None => return Err(Wrong::new("the body is gzip: say so by `Content-Encoding: gzip`")),
        },
    })
}
