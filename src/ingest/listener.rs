//! Points of JMeter's InfluxDB listeners, which come as InfluxDB's lines and have fields of their own.

use super::line_protocol::{self, each_field, field_text, parse_tags, parse_value, unescaped};
use super::session::Session;
use super::{Clock, text};
use loadgate_wires::Wrong;
use loadgate_wires::jmeter::listener::{Field, Line, Listener, News, Sign};
use std::borrow::Cow;

/// Whether a line may be of a listener: cheap, for every line is asked.
pub(super) fn may_be(line: &[u8]) -> bool {
    line.starts_with(b"events,") || memchr::memmem::find(line, b",transaction=").is_some()
}

/// What the listener of one body said so far.
#[derive(Debug, Default)]
pub(super) struct Points {
    listener: Listener,
    /// It said that its test is over.
    ended: bool,
}

impl Points {
    /// Takes a line of a listener; `None`: it is of somebody else.
    pub(super) fn line(
        &mut self,
        line: &[u8],
        unit_ns: i64,
        session: &mut Session,
        clock: Clock,
    ) -> Option<Result<(), Wrong>> {
        let at = memchr::memchr2(b',', b' ', line)?;
        let fields_at = unescaped(line, at, b' ')?;
        let set = parse_tags(&line[at..fields_at]).ok()?;
        let mut values: Vec<(&str, Value)> = Vec::new();
        let end = each_field(line, fields_at, |key, value, _| {
            let value = match parse_value(value) {
                Ok(number) => Value::Number(number),
                Err(_) => Value::Text(field_text(text(value)?)),
            };
            values.push((text(key)?, value));
            Ok(())
        });
        let end = end.ok()?;
        let fields: Vec<(&str, Field)> = values.iter().map(|(key, value)| (*key, value.field())).collect();
        let tags: Vec<(&str, &str)> = set.iter().collect();
        let time = line[end..].trim_ascii();
        let time_ns =
            if time.is_empty() { Ok(clock.now_ns()) } else { line_protocol::time(time, unit_ns).map(Some) };
        let measurement = text(&line[..at]).ok()?;
        let point =
            Line { measurement, tags: &tags, fields: &fields, time_ns: time_ns.clone().ok().flatten() };
        point.is_listener().then(|| {
            time_ns?;
            let News { mut points, sign } = self.listener.read(&point)?;
            self.ended |= matches!(sign, Some(Sign::Ended(_)));
            if self.ended {
                // The last interval is cut short: so soon after those before, its threads would be taken for
                // another generator's.
                points.retain(|point| point.metric != "vus");
            }
            session.take(points, clock)?;
            // The raw listener tells none of it, and nothing of its test.
            if let Some(application) = point.application().or(sign.as_ref().map(|_| "")) {
                session.hear_listener(&set, application, sign.as_ref())?;
            }
            session.receipt.accept();
            Ok(())
        })
    }

    /// The body has ended: nothing follows that a point waits for.
    pub(super) fn end(&mut self, session: &mut Session, clock: Clock) {
        let points = std::mem::take(&mut self.listener).finish();
        // They are of a line that was accepted; what is wrong with them would have been wrong there.
        if let Err(wrong) = session.take(points, clock) {
            session.receipt.warn(session.line, &wrong);
        }
    }
}

enum Value<'a> {
    Number(f64),
    Text(Cow<'a, str>),
}

impl Value<'_> {
    fn field(&self) -> Field<'_> {
        match self {
            Value::Number(number) => Field::Number(*number),
            Value::Text(text) => Field::Text(text),
        }
    }
}
