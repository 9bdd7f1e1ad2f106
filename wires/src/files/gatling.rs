//! Gatling's `simulation.log` in its text forms: records by line, fields by tab.
//!
//! The forms differ by version in what stands before the times, so a record is read from its status backwards:
//!
//! ```text
//! 2.0       scenario user REQUEST group name start sent received end status message
//! 2.3, 3.0  REQUEST scenario user group name start end status message
//! 3.2, 3.3  REQUEST user group name start end status message
//! 3.4–3.11  REQUEST group name start end status message
//! ```
//!
//! `GROUP` has the sum of its response times between end and status, and no name; `USER` ends in `START` or `END`
//! and one or two times; groups within groups are joined by commas; times are Unix ms. From 3.12 on the file is
//! binary.

use super::points::{Request, Tags, kind, sample, tag};
use crate::{LineReader, Out, Point, Wrong};
use loadgate_documents::{Contains, MetricType};

const MS: i64 = 1_000_000;

/// Reads it.
#[derive(Default)]
pub(super) struct Gatling {
    /// Users that have started and not ended.
    users: u64,
}

impl LineReader for Gatling {
    fn line(&mut self, number: u64, line: &[u8], out: &mut dyn Out) -> Result<(), Wrong> {
        let read = match std::str::from_utf8(line) {
            Ok(line) => self.read(line),
            Err(_) => Err(Wrong::quoting("the line must be UTF-8", line)),
        };
        match read {
            Ok(points) => out.accept(number, points),
            Err(wrong) => out.refuse(number, wrong),
        }
        Ok(())
    }
}

impl Gatling {
    fn read(&mut self, line: &str) -> Result<Vec<Point>, Wrong> {
        let fields: Vec<&str> = line.split('\t').collect();
        // The record's type stands first; in Gatling 2.0 third, after the scenario and the user.
        let third = matches!(fields.get(2), Some(&("RUN" | "USER" | "REQUEST" | "GROUP")));
        let known = matches!(fields[0], "RUN" | "USER" | "REQUEST" | "GROUP" | "ERROR" | "ASSERTION");
        let (word, scenario, rest) = match (known, third) {
            (true, _) => (fields[0], None, &fields[1..]),
            (false, true) => (fields[2], Some(fields[0]), &fields[3..]),
            (false, false) => {
                return Err(Wrong::quoting(
                    "a line must be a RUN, USER, REQUEST, GROUP or ERROR record",
                    line.as_bytes(),
                ));
            }
        };
        match word {
            "REQUEST" => request(scenario, rest),
            "GROUP" => group(scenario, rest),
            "USER" => self.user(scenario, rest),
            "ERROR" => error(rest),
            // They say what was run, and what was expected of it.
            _ => Ok(Vec::new()),
        }
        .map_err(|reason| Wrong::quoting(reason, line.as_bytes()))
    }

    fn user(&mut self, scenario: Option<&str>, rest: &[&str]) -> Result<Vec<Point>, String> {
        let Some(at) = rest.iter().position(|field| matches!(*field, "START" | "END")) else {
            return Err("a USER record must have START or END".to_owned());
        };
        let scenario = scenario.unwrap_or(if at > 0 { rest[0] } else { "" });
        let times = &rest[at + 1..];
        if rest[at] == "START" {
            let time = instant(times.first().copied().unwrap_or_default())?;
            self.users += 1;
            return Ok(vec![sample("vus", &Tags::new(), Some(time), self.users as f64)]);
        }
        let time = instant(times.last().copied().unwrap_or_default())?;
        self.users = self.users.saturating_sub(1);
        let mut tags = Tags::new();
        tag(&mut tags, "scenario", scenario);
        let mut points = vec![
            sample("vus", &Tags::new(), Some(time), self.users as f64),
            sample("iterations", &tags, Some(time), 1.0),
        ];
        // Of the forms with two times, the first is when the user began.
        if let [start, _] = times {
            let length = (time - instant(start)?).max(0);
            points.push(sample("iteration_duration", &tags, Some(time), length as f64 / MS as f64));
        }
        Ok(points)
    }
}

/// Numbers before the status: of a group start, end and the sum of its response times.
const GROUP_TIMES: usize = 3;

/// What a REQUEST or GROUP record has.
struct Timed<'a> {
    before: &'a [&'a str],
    start: i64,
    end: i64,
    failed: bool,
    message: &'a str,
}

/// Reads a record of which `times` numbers stand before its status, and `least` fields before them.
fn timed<'a>(rest: &'a [&'a str], least: usize, times: usize) -> Result<Timed<'a>, String> {
    let is_status = |at: &usize| {
        let numbers = &rest[at - times..*at];
        matches!(rest[*at], "OK" | "KO") && numbers.iter().all(|text| text.parse::<i64>().is_ok())
    };
    let Some(at) = (least + times..rest.len()).find(is_status) else {
        return Err("a record must have a start, an end and OK or KO in their places".to_owned());
    };
    let first = at - times;
    // Of a group the third number is a duration.
    let last = if times == GROUP_TIMES { at - 2 } else { at - 1 };
    let (start, end) = (instant(rest[first])?, instant(rest[last])?);
    if end < start {
        return Err("a record must not end before it starts".to_owned());
    }
    let message = rest.get(at + 1).map_or("", |text| text.trim());
    Ok(Timed { before: &rest[..first], start, end, failed: rest[at] == "KO", message })
}

fn request(scenario: Option<&str>, rest: &[&str]) -> Result<Vec<Point>, String> {
    // Gatling 2.0, which has the scenario in front, has two times between start and end.
    let times = if scenario.is_some() { 4 } else { 2 };
    let Timed { before, start, end, failed, message } = timed(rest, 2, times)?;
    let [front @ .., groups, name] = before else {
        return Err("a REQUEST record must have a group, which may be empty, and a name".to_owned());
    };
    let mut tags = Tags::new();
    tag(&mut tags, "name", name);
    if let Some(status) = status(message) {
        tag(&mut tags, "status", status);
    }
    tag(&mut tags, "scenario", scenario_of(scenario, front));
    tag(&mut tags, "group", path(groups));
    tag(&mut tags, "error", message);
    let duration_ms = (end - start) as f64 / MS as f64;
    Ok(Request { end_ns: Some(end), duration_ms, failed, tags, sent: None, received: None }.points())
}

fn group(scenario: Option<&str>, rest: &[&str]) -> Result<Vec<Point>, String> {
    let Timed { before, start, end, .. } = timed(rest, 1, GROUP_TIMES)?;
    let [front @ .., groups] = before else {
        return Err("a GROUP record must have its groups".to_owned());
    };
    let mut tags = Tags::new();
    tag(&mut tags, "group", path(groups));
    tag(&mut tags, "scenario", scenario_of(scenario, front));
    Ok(vec![sample("group_duration", &tags, Some(end), (end - start) as f64 / MS as f64)])
}

/// A user's error outside of requests: a name that could not be made, a crash of the scenario.
fn error(rest: &[&str]) -> Result<Vec<Point>, String> {
    let [message, time, ..] = rest else {
        return Err("an ERROR record must have a message and a time".to_owned());
    };
    let mut tags = Tags::new();
    tag(&mut tags, "error", message);
    let kind = kind(MetricType::Counter, Contains::Default);
    Ok(vec![Point::sample("gatling_errors", Some(kind), tags, Some(instant(time)?), 1.0)])
}

/// Forms of before 3.2 have it in front of everything, or in front of the user.
fn scenario_of<'a>(scenario: Option<&'a str>, front: &[&'a str]) -> &'a str {
    scenario.unwrap_or(if front.len() == 2 { front[0] } else { "" })
}

/// As k6 writes groups within groups.
fn path(groups: &str) -> String {
    if groups.is_empty() { String::new() } else { format!("::{}", groups.replace(',', "::")) }
}

/// Gatling's own check of the status says which one it found: `status.find.is(200), but actually found 503`.
fn status(message: &str) -> Option<&str> {
    let (_, found) = message.strip_prefix("status.find")?.rsplit_once(" found ")?;
    (found.len() == 3 && found.bytes().all(|byte| byte.is_ascii_digit())).then_some(found)
}

fn instant(text: &str) -> Result<i64, String> {
    let ms = text.trim().parse::<i64>().ok().filter(|ms| *ms > 0);
    let nanos = ms.and_then(|ms| ms.checked_mul(MS));
    nanos.ok_or_else(|| "a time must be in Unix milliseconds".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_told_where_gatlings_own_check_found_another() {
        assert_eq!(status("status.find.is(200), but actually found 503"), Some("503"));
        assert_eq!(status("status.find.in([200, 209], 304), found 404"), Some("404"));
        assert_eq!(status("jsonPath($.id).find.exists, found nothing"), None);
        assert_eq!(status("status.find.is(200), found nothing"), None);
    }
}
