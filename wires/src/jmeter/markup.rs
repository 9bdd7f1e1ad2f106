//! Cuts XML into tags and text as its bytes come: a body in a result may be larger than memory should be.

use crate::{Out, UNIT_BYTES, Wrong};
use memchr::{memchr, memchr3};

/// Takes what XML consists of.
pub(super) trait Markup {
    /// What stands between `<` and `>` or `/>`.
    ///
    /// # Errors
    ///
    /// Where nothing that follows can be read.
    fn start(&mut self, tag: &str, out: &mut dyn Out) -> Result<(), Wrong>;

    /// An element's end, by its name.
    ///
    /// # Errors
    ///
    /// Where no such element is open.
    fn end(&mut self, name: &str, out: &mut dyn Out) -> Result<(), Wrong>;

    /// Text within an element, in pieces; byte by byte where it is `plain` and has no references.
    fn text(&mut self, text: &[u8], plain: bool);
}

#[derive(Debug, Default, Clone, Copy, PartialEq)]
enum At {
    #[default]
    Text,
    /// After `<`.
    Tag,
    /// Within a tag, and quotes of that kind.
    Quoted(u8),
    /// Up to `-->`.
    Comment,
    /// Up to `?>`.
    Instruction,
    /// Up to `]]>`.
    Data,
}

/// Where the reading stands.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    at: At,
    tag: Vec<u8>,
    /// What may be the beginning of the end of a comment, an instruction or data.
    tail: Vec<u8>,
}

impl Tokens {
    pub(super) fn feed(
        &mut self,
        bytes: &[u8],
        markup: &mut dyn Markup,
        out: &mut dyn Out,
    ) -> Result<(), Wrong> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let taken = match self.at {
                At::Text => self.text(rest, markup),
                At::Tag => self.tag(rest, markup, out)?,
                At::Quoted(quote) => self.quoted(rest, quote)?,
                At::Comment => self.until(rest, b"-->", None)?,
                At::Instruction => self.until(rest, b"?>", None)?,
                At::Data => self.until(rest, b"]]>", Some(markup))?,
            };
            rest = &rest[taken..];
        }
        Ok(())
    }

    /// Nothing follows.
    pub(super) fn finish(&self) -> Result<(), Wrong> {
        if self.at == At::Text { Ok(()) } else { Err(Wrong::new("the file ends within a tag")) }
    }

    fn text(&mut self, rest: &[u8], markup: &mut dyn Markup) -> usize {
        let end = memchr(b'<', rest);
        markup.text(&rest[..end.unwrap_or(rest.len())], false);
        let Some(end) = end else { return rest.len() };
        self.at = At::Tag;
        self.tag.clear();
        end + 1
    }

    fn tag(&mut self, rest: &[u8], markup: &mut dyn Markup, out: &mut dyn Out) -> Result<usize, Wrong> {
        // What it is shows in its first bytes.
        if self.tag.len() < b"![CDATA[".len() && (self.tag.first() == Some(&b'!') || self.tag.is_empty()) {
            let (byte, begun) = (rest[0], self.tag.is_empty());
            if begun && byte == b'?' {
                self.at = At::Instruction;
                self.tail.clear();
                return Ok(1);
            }
            if !begun || byte == b'!' {
                self.tag.push(byte);
                self.declaration()?;
                return Ok(1);
            }
        }
        let end = memchr3(b'>', b'"', b'\'', rest);
        let run = &rest[..end.unwrap_or(rest.len())];
        self.push(run)?;
        let Some(end) = end else { return Ok(rest.len()) };
        if rest[end] == b'>' {
            self.at = At::Text;
            let tag = std::mem::take(&mut self.tag);
            end_tag(&tag, markup, out)?;
            self.tag = tag;
        } else {
            self.push(&rest[end..=end])?;
            self.at = At::Quoted(rest[end]);
        }
        Ok(end + 1)
    }

    fn declaration(&mut self) -> Result<(), Wrong> {
        match &self.tag[..] {
            b"!--" => self.at = At::Comment,
            b"![CDATA[" => self.at = At::Data,
            begun if b"!--".starts_with(begun) || b"![CDATA[".starts_with(begun) => return Ok(()),
            // JMeter writes none, and what it declares may grow without bounds.
            _ => return Err(Wrong::new("a document type is not read")),
        }
        self.tail.clear();
        Ok(())
    }

    fn quoted(&mut self, rest: &[u8], quote: u8) -> Result<usize, Wrong> {
        let end = memchr(quote, rest);
        let taken = end.map_or(rest.len(), |end| end + 1);
        self.push(&rest[..taken])?;
        if end.is_some() {
            self.at = At::Tag;
        }
        Ok(taken)
    }

    fn push(&mut self, run: &[u8]) -> Result<(), Wrong> {
        if self.tag.len() + run.len() > UNIT_BYTES {
            return Err(Wrong::new(format!("a tag is longer than {UNIT_BYTES} bytes")));
        }
        self.tag.extend_from_slice(run);
        Ok(())
    }

    /// What may be part of its end waits for what follows.
    fn until(
        &mut self,
        rest: &[u8],
        end: &[u8],
        mut markup: Option<&mut dyn Markup>,
    ) -> Result<usize, Wrong> {
        for (place, &byte) in rest.iter().enumerate() {
            self.tail.push(byte);
            if self.tail == end {
                self.at = At::Text;
                return Ok(place + 1);
            }
            while !end.starts_with(&self.tail) {
                if let Some(markup) = &mut markup {
                    markup.text(&self.tail[..1], true);
                }
                self.tail.remove(0);
            }
        }
        Ok(rest.len())
    }
}

fn end_tag(tag: &[u8], markup: &mut dyn Markup, out: &mut dyn Out) -> Result<(), Wrong> {
    let text = String::from_utf8_lossy(tag);
    if let Some(name) = text.strip_prefix('/') {
        return markup.end(name.trim_end(), out);
    }
    let (tag, empty) = match text.strip_suffix('/') {
        Some(tag) => (tag, true),
        None => (&*text, false),
    };
    let name = name(tag);
    if name.is_empty() || name.contains(['<', '"', '\'', '=']) {
        return Err(Wrong::quoting("this is no XML: an element has no name", tag.as_bytes()));
    }
    markup.start(tag, out)?;
    if empty { markup.end(name, out) } else { Ok(()) }
}

/// An element's.
pub(super) fn name(tag: &str) -> &str {
    tag.split([' ', '\t', '\n', '\r']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Point;

    struct Ignore;

    impl Out for Ignore {
        fn accept(&mut self, _: u64, _: Vec<Point>) {}
        fn refuse(&mut self, _: u64, _: Wrong) {}
        fn warn(&mut self, _: u64, _: Wrong) {}
    }

    #[derive(Default)]
    struct Echo(String);

    impl Markup for Echo {
        fn start(&mut self, tag: &str, _: &mut dyn Out) -> Result<(), Wrong> {
            self.0 += &format!("({tag})");
            Ok(())
        }
        fn end(&mut self, name: &str, _: &mut dyn Out) -> Result<(), Wrong> {
            self.0 += &format!("(/{name})");
            Ok(())
        }
        fn text(&mut self, text: &[u8], _: bool) {
            self.0 += &String::from_utf8_lossy(text);
        }
    }

    fn read(text: &str, size: usize) -> Result<String, Wrong> {
        let (mut echo, mut tokens) = (Echo::default(), Tokens::default());
        for part in text.as_bytes().chunks(size) {
            tokens.feed(part, &mut echo, &mut Ignore)?;
        }
        tokens.finish()?;
        Ok(echo.0)
    }

    #[test]
    fn tags_and_text_are_the_same_however_the_bytes_come() {
        let text = "<?xml version='1.0'?><a b='>' c=\"'/>\"><!-- <x> -- ---><d/>t&amp;<![CDATA[<e>]]]>u</a >";
        let said = "(a b='>' c=\"'/>\")(d)(/d)t&amp;<e>]u(/a)";
        for size in [1, 2, 3, 5, text.len()] {
            assert_eq!(read(text, size).expect("XML"), said, "{size}");
        }
    }

    #[test]
    fn what_is_no_result_file_is_refused_with_a_sentence() {
        for (text, reason) in [
            ("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "a document type is not read"),
            ("<a b='", "the file ends within a tag"),
            ("a < b > c", "this is no XML: an element has no name"),
            (&format!("<a b='{}'/>", "x".repeat(UNIT_BYTES)), "a tag is longer than 1048576 bytes"),
        ] {
            assert_eq!(read(text, 1_000).expect_err(reason).reason, reason);
        }
    }
}
