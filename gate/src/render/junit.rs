//! A verdict as JUnit XML, in the dialect that Jenkins, GitLab and Azure DevOps read.
//!
//! Each objective is a test case: one that failed has a `failure`, one that nobody could judge an `error`, an
//! informational one is `skipped`; a warning passes, as the format knows none, and says so in its output. The
//! last case, `verdict`, is the whole, so that what is missing or too low a score is red there, too.

use super::{clean, compared, figure, judged, signed, wanted};
use loadgate_documents::{GateVerdict, ObjectiveResult, ObjectiveState};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use std::io;

/// The verdict as a JUnit report.
pub fn junit(verdict: &GateVerdict) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let written = document(&mut writer, verdict);
    debug_assert!(written.is_ok(), "memory takes every byte");
    let mut text = String::from_utf8(writer.into_inner()).unwrap_or_default();
    text.push('\n');
    text
}

fn document(writer: &mut Writer<Vec<u8>>, verdict: &GateVerdict) -> io::Result<()> {
    let whole = (verdict.state, verdict.reason.as_str());
    let states = || verdict.objectives.iter().map(|objective| objective.state).chain([verdict.state]);
    let count = |wanted| states().filter(|state| *state == wanted).count().to_string();
    let (tests, failures, errors, skipped) = (
        states().count().to_string(),
        count(ObjectiveState::Fail),
        count(ObjectiveState::Error),
        count(ObjectiveState::Info),
    );
    let name = valid(&verdict.run);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer
        .create_element("testsuites")
        .with_attributes([
            ("name", "loadgate"),
            ("tests", tests.as_str()),
            ("failures", failures.as_str()),
            ("errors", errors.as_str()),
        ])
        .write_inner_content(|writer| {
            writer
                .create_element("testsuite")
                .with_attributes([
                    ("name", name.as_str()),
                    ("tests", tests.as_str()),
                    ("failures", failures.as_str()),
                    ("errors", errors.as_str()),
                    ("skipped", skipped.as_str()),
                ])
                .write_inner_content(|writer| {
                    for objective in &verdict.objectives {
                        let outcome = (objective.state, objective.reason.as_str());
                        case(writer, verdict, &objective.name, outcome, &details(objective, verdict))?;
                    }
                    let lines: Vec<String> =
                        judged(verdict).into_iter().chain(verdict.missing.iter().cloned()).collect();
                    case(writer, verdict, "verdict", whole, &lines.join("\n"))
                })?;
            Ok(())
        })?;
    Ok(())
}

fn case(
    writer: &mut Writer<Vec<u8>>,
    verdict: &GateVerdict,
    name: &str,
    (state, reason): (ObjectiveState, &str),
    details: &str,
) -> io::Result<()> {
    let (class, name, reason) = (format!("loadgate.{}", valid(&verdict.test)), valid(name), valid(reason));
    let element = match state {
        ObjectiveState::Fail => Some("failure"),
        ObjectiveState::Error => Some("error"),
        ObjectiveState::Info => Some("skipped"),
        ObjectiveState::Pass | ObjectiveState::Warning => None,
    };
    writer
        .create_element("testcase")
        .with_attributes([("name", name.as_str()), ("classname", class.as_str())])
        .write_inner_content(|writer| {
            if let Some(element) = element {
                let mut element = writer.create_element(element).with_attribute(("message", reason.as_str()));
                if state != ObjectiveState::Info {
                    element = element.with_attribute(("type", state.word()));
                }
                element.write_text_content(BytesText::new(&reason))?;
            }
            let output = format!(
                "{state}: {reason}\n{}",
                details.split('\n').map(valid).collect::<Vec<_>>().join("\n")
            );
            writer.create_element("system-out").write_text_content(BytesText::new(output.trim_end()))?;
            Ok(())
        })?;
    Ok(())
}

/// What there is to say of an objective, a line each.
fn details(objective: &ObjectiveResult, verdict: &GateVerdict) -> String {
    let mut lines = vec![
        format!("expression: {}", objective.expression),
        format!("observed: {}", figure(objective.observed, objective.unit)),
        format!("wanted: {}", wanted(objective)),
        format!("margin: {}", signed(objective.margin)),
    ];
    lines.extend(verdict.place(objective.window).map(|place| format!("window: {place}")));
    lines.extend(compared(objective).map(|compared| format!("baseline: {compared}")));
    lines.extend(objective.description.iter().map(|text| clean(text)));
    lines.extend(objective.links.iter().map(|link| format!("{}: {}", link.title, link.url)));
    lines.join("\n")
}

/// One line of characters that XML 1.0 can say.
fn valid(text: &str) -> String {
    clean(text).chars().map(|c| if matches!(c, '\u{fffe}' | '\u{ffff}') { ' ' } else { c }).collect()
}
