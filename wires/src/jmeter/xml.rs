//! JTL as XML: an element per sample, within the element of the sample that contains it.

use super::known::{Known, hash, whole};
use super::markup::{Markup, name};
use super::sample::{Sample, Transaction, number, shortened, success, time_ms, within};
use crate::{Out, Wrong};
use quick_xml::escape::unescape;
use quick_xml::events::BytesStart;
use std::borrow::Cow;
use std::collections::HashMap;

/// Elements within each other; JMeter nests some ten.
const DEPTH: usize = 64;

/// Text of an element that is kept.
const TEXT: usize = 4_096;

/// What a sample is to those around it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Role {
    Request,
    /// A transaction's requests stand in it.
    Transaction,
    /// Whether it is a transaction shows in the first sample within.
    Unclear,
    Part,
}

/// An open sample.
#[derive(Debug)]
struct Open {
    unit: u64,
    /// `None`: it was refused; those within count.
    sample: Option<Sample<'static>>,
    role: Role,
    /// In which it stands.
    outer: String,
    /// Likewise those within it.
    group: String,
}

/// An open assertion's result.
#[derive(Debug, Default)]
struct Assertion {
    name: String,
    message: String,
    failed: bool,
}

/// What an element is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Results,
    Sample,
    Assertion,
    /// Of a sample or an assertion.
    Text(Part),
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    Url,
    Method,
    Name,
    Failed,
    Message,
}

/// Reads elements.
#[derive(Debug, Default)]
pub(super) struct Elements {
    /// Open ones, by what they are and their names.
    open: Vec<(Kind, u64)>,
    samples: Vec<Open>,
    assertion: Assertion,
    /// Of an element whose text is kept, as far as it is.
    text: Option<Vec<u8>>,
    /// Samples so far.
    units: u64,
    known: Known,
    /// A file's end was seen.
    whole: bool,
}

impl Elements {
    /// Nothing follows.
    pub(super) fn finish(&self) -> Result<(), Wrong> {
        match (self.open.is_empty(), self.whole) {
            (true, true) => Ok(()),
            (true, false) => Err(Wrong::new("these are not JMeter's results: there is no element")),
            (false, _) => {
                Err(Wrong::new("the file ends before `</testResults>`: JMeter did not come to its end"))
            }
        }
    }

    fn kind(&self, name: &str) -> Result<Kind, Wrong> {
        Ok(match (self.open.last().map(|(kind, _)| *kind), name) {
            (None, "testResults") => Kind::Results,
            (None, _) => {
                return Err(Wrong::quoting(
                    "these are not JMeter's results: the first element is not `testResults`",
                    name.as_bytes(),
                ));
            }
            (Some(Kind::Results | Kind::Sample), "sample" | "httpSample") => Kind::Sample,
            (Some(Kind::Sample), "assertionResult") => Kind::Assertion,
            (Some(Kind::Sample), "java.net.URL") => Kind::Text(Part::Url),
            (Some(Kind::Sample), "method") => Kind::Text(Part::Method),
            (Some(Kind::Assertion), "name") => Kind::Text(Part::Name),
            (Some(Kind::Assertion), "failure" | "error") => Kind::Text(Part::Failed),
            (Some(Kind::Assertion), "failureMessage") => Kind::Text(Part::Message),
            _ => Kind::Other,
        })
    }

    fn start_sample(&mut self, tag: &str, out: &mut dyn Out) {
        self.units += 1;
        let sample = match sample(tag) {
            Ok(sample) => Some(sample),
            Err(wrong) => {
                out.refuse(self.units, wrong);
                None
            }
        };
        let label = sample.as_ref().map_or("", |sample| &sample.label);
        // JMeter numbers the parts of a request, and leaves the requests of a transaction their labels.
        if let Some(parent) = self.samples.last_mut().filter(|parent| parent.role == Role::Unclear) {
            let parent_label = parent.sample.as_ref().map_or("", |sample| &sample.label);
            parent.role = if whole(label) == Some(parent_label) { Role::Request } else { Role::Transaction };
            if parent.role == Role::Transaction {
                parent.group = within(&parent.outer, parent_label);
            }
        }
        let parent = self.samples.last();
        let outer = parent.map(|parent| parent.group.clone()).unwrap_or_default();
        let contained = parent.is_some_and(|parent| {
            parent.sample.is_some() && matches!(parent.role, Role::Request | Role::Part)
        });
        let role = match &sample {
            _ if contained => Role::Part,
            Some(_) if name(tag) == "httpSample" => Role::Request,
            Some(sample) if self.known.is_transaction(sample) => Role::Transaction,
            Some(sample) if sample.transaction() == Transaction::Unclear => Role::Unclear,
            _ => Role::Request,
        };
        let group = if role == Role::Transaction { within(&outer, label) } else { outer.clone() };
        self.samples.push(Open { unit: self.units, sample, role, outer, group });
    }

    fn end_sample(&mut self, out: &mut dyn Out) {
        let Some(Open { unit, sample: Some(sample), role, outer, group }) = self.samples.pop() else {
            return;
        };
        let mut points = match role {
            Role::Request | Role::Unclear => sample.request(&outer),
            Role::Transaction => sample.transaction_points(&group),
            Role::Part => sample.part(&outer),
        };
        points.extend(self.known.vus(&sample));
        out.accept(unit, points);
    }

    fn end_assertion(&mut self) {
        let Assertion { name, message, failed } = std::mem::take(&mut self.assertion);
        let sample = self.samples.last_mut().and_then(|open| open.sample.as_mut());
        if let Some(sample) = sample.filter(|sample| failed && sample.failure.is_empty()) {
            sample.failure = Cow::Owned(if message.is_empty() { name } else { message });
        }
    }

    fn end_text(&mut self, part: Part) {
        let text = self.text.take().unwrap_or_default();
        let text = unescaped(String::from_utf8_lossy(&text).trim());
        let sample = self.samples.last_mut().and_then(|open| open.sample.as_mut());
        match (part, sample) {
            (Part::Url, Some(sample)) => sample.url = Cow::Owned(text),
            (Part::Method, Some(sample)) => sample.method = Cow::Owned(text),
            (Part::Name, _) => self.assertion.name = text,
            (Part::Failed, _) => self.assertion.failed |= text.eq_ignore_ascii_case("true"),
            (Part::Message, _) => self.assertion.message = text,
            _ => {}
        }
    }
}

impl Markup for Elements {
    fn start(&mut self, tag: &str, out: &mut dyn Out) -> Result<(), Wrong> {
        let kind = self.kind(name(tag))?;
        if self.open.len() == DEPTH {
            return Err(Wrong::new(format!("more than {DEPTH} elements stand within each other")));
        }
        self.open.push((kind, hash(name(tag))));
        self.text = None;
        match kind {
            Kind::Sample => self.start_sample(tag, out),
            Kind::Assertion => self.assertion = Assertion::default(),
            Kind::Text(_) => self.text = Some(Vec::new()),
            Kind::Results | Kind::Other => {}
        }
        Ok(())
    }

    fn end(&mut self, name: &str, out: &mut dyn Out) -> Result<(), Wrong> {
        let Some((kind, _)) = self.open.pop().filter(|&(_, opened)| opened == hash(name)) else {
            return Err(Wrong::quoting("an element ends that is not the open one", name.as_bytes()));
        };
        match kind {
            Kind::Results => self.whole = true,
            Kind::Sample => self.end_sample(out),
            Kind::Assertion => self.end_assertion(),
            Kind::Text(part) => self.end_text(part),
            Kind::Other => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &[u8], plain: bool) {
        if let Some(kept) = &mut self.text {
            // References are resolved at its end; plain text comes byte by byte.
            let text = if plain && text == b"&" { b"&amp;" } else { text };
            let room = TEXT.saturating_sub(kept.len());
            kept.extend_from_slice(&text[..text.len().min(room)]);
        }
    }
}

/// Reads a sample's attributes.
fn sample(tag: &str) -> Result<Sample<'static>, Wrong> {
    let start = BytesStart::from_content(tag, name(tag).len());
    let mut values: HashMap<String, String> = HashMap::new();
    // Without checks, which compare each with all.
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute
            .map_err(|wrong| Wrong::with("a sample's attributes are malformed", wrong.to_string()))?;
        let key = attribute.key.into_inner();
        if key.len() <= 3 {
            let value = unescaped(&attribute.value);
            values.entry(key.to_owned()).or_insert_with(|| shortened(&value).into_owned());
        }
    }
    let amount = |key: &str| number(key, values.get(key).map_or("", |value| value));
    let summed = match (amount("sc")?, amount("ec")?) {
        (Some(count), errors) if count > 1 => Some((count, errors.unwrap_or(0).min(count))),
        _ => None,
    };
    let (elapsed, idle, latency, connect) = (amount("t")?, amount("it")?, amount("lt")?, amount("ct")?);
    let (received, sent, threads) = (amount("by")?, amount("sby")?, amount("na")?);
    let mut text = |key: &str| values.remove(key).unwrap_or_default();
    Sample {
        start_ms: time_ms(&text("ts"))?,
        elapsed_ms: elapsed.ok_or_else(|| Wrong::new("a sample has no `t`, its time"))?,
        idle_ms: idle.unwrap_or(0),
        latency_ms: latency,
        connect_ms: connect,
        label: text("lb").into(),
        code: text("rc").into(),
        message: text("rm").into(),
        failure: "".into(),
        thread: text("tn").into(),
        data_type: text("dt").into(),
        url: "".into(),
        method: "".into(),
        success: success("s", &text("s"))?,
        received,
        sent,
        threads,
        summed,
    }
    .dated()
}

/// References that are none, such as `&#0;`, stay as they are: JMeter writes what a server sent.
fn unescaped(text: &str) -> String {
    unescape(text).map_or_else(|_| text.to_owned(), Cow::into_owned)
}
