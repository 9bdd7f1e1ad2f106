//! `loadgate verdict`: what the gate says of a run, for people, for build servers, and as an exit code.

use super::client::{Client, encoded};
use super::{Embedded, Target, say};
use anyhow::{Context, Result, bail};
use loadgate::settings::parse_duration_ms;
use loadgate_documents::GateVerdict;
use loadgate_gate::render;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The exit code where there is no verdict: the run goes on, or there is none. None of
/// [`render::exit_code`]'s, nor of k6's.
pub(super) const NO_VERDICT: u8 = 5;

/// One request waits for so long: less than proxies and this client cut off.
const HOLD: Duration = Duration::from_secs(25);

/// Between two requests.
const PAUSE: Duration = Duration::from_millis(500);

const EXIT_CODES: &str = "\
Exit codes:
  0   pass, or nothing is asked
  3   error: nobody can tell, for want of data
  4   warning, with --strict
  5   there is no verdict within the wait
  99  fail
  1   the command itself failed; 2: it was called wrongly";

#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Arguments {
    /// The run's id, or a test for its newest run
    #[arg(value_name = "RUN|TEST", required_unless_present = "execution_context")]
    of: Option<String>,
    /// Instead: the run that an event finished under this name, its execution_context or task id
    #[arg(long, value_name = "NAME", conflicts_with = "of")]
    execution_context: Option<String>,
    /// Wait so long for the run to begin and to end, such as 30s or 5m
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    wait: Duration,
    #[command(flatten)]
    forms: Forms,
    /// Print the verdict as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// Who else is told, and how strictly.
#[derive(Debug, Default, Clone, PartialEq, clap::Args)]
pub(super) struct Forms {
    /// A warning is no success: exit code 4 instead of 0
    #[arg(long)]
    pub strict: bool,
    /// Write the verdict as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write the verdict as Markdown, fit for a pull request's comment
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
}

/// What there was when the wait was over.
pub(super) enum Found {
    /// The last word; or, where it is provisional, what it would come to if the run ended now.
    Verdict(Box<Told>),
    /// There is no such run: why, as the server says it.
    Nothing(String),
}

/// Whose verdict.
#[derive(Clone, Copy)]
pub(super) enum Of<'a> {
    /// A run by its id, or a test.
    Named(&'a str),
    /// What an event called the run that it finished.
    KnownAs(&'a str),
}

pub(super) struct Told {
    pub verdict: GateVerdict,
    /// As the server sent it.
    pub document: Vec<u8>,
}

pub(super) fn run(arguments: &Arguments, embedded: Embedded) -> Result<ExitCode> {
    let place = arguments.target.open_quietly(embedded)?;
    let of = match &arguments.execution_context {
        Some(name) => Of::KnownAs(name),
        None => Of::Named(arguments.of.as_deref().unwrap_or_default()),
    };
    let found = wait_for(&place.client, of, arguments.wait);
    place.close();
    match found? {
        Found::Verdict(told) => {
            let document = arguments.json.then_some(told.document.as_slice());
            tell(&told.verdict, &arguments.forms, document).map(ExitCode::from)
        }
        Found::Nothing(sentence) => {
            eprintln!("loadgate: there is no verdict: {sentence}");
            Ok(NO_VERDICT.into())
        }
    }
}

/// Asks until there is a verdict on a run that has ended, or the wait is over. Meanwhile a server may come and
/// go.
///
/// # Errors
///
/// The server refuses, or does not answer at the end of the wait.
pub(super) fn wait_for(client: &Client, of: Of<'_>, wait: Duration) -> Result<Found> {
    let deadline = Instant::now() + wait;
    let mut path = of.path();
    loop {
        let hold = deadline.saturating_duration_since(Instant::now()).min(HOLD).as_millis();
        let answer = client.send("GET", &format!("{path}wait={hold}ms"), &[], &[]);
        let late = Instant::now() >= deadline;
        match answer {
            Ok(answer) if answer.is_success() => {
                let verdict: GateVerdict =
                    serde_json::from_slice(&answer.body).context("the server's verdict cannot be read")?;
                if late || !verdict.provisional {
                    return Ok(Found::Verdict(Box::new(Told { verdict, document: answer.body })));
                }
                // It is this one, even if the test's next begins meanwhile.
                path = Of::Named(&verdict.run).path();
            }
            Ok(answer) if answer.status == 404 && late => return Ok(Found::Nothing(answer.detail())),
            Ok(answer) if late || !matches!(answer.status, 404 | 408 | 425 | 429 | 500..) => {
                bail!(answer.detail())
            }
            Err(error) if late => return Err(error),
            Ok(_) | Err(_) => {}
        }
        std::thread::sleep(PAUSE.min(deadline.saturating_duration_since(Instant::now())));
    }
}

impl Of<'_> {
    /// Where it is, up to where another parameter can follow.
    fn path(self) -> String {
        match self {
            // A run's id has a dot in it, which a test's name cannot have.
            Of::Named(name) => {
                let list = if name.contains('.') { "runs" } else { "tests" };
                format!("/{list}/{}/verdict?", encoded(name))
            }
            Of::KnownAs(name) => format!("/verdict?execution_context={}&", encoded(name)),
        }
    }
}

/// Prints a verdict, or its JSON if that is given; writes what is asked for, and gives the exit code. What is
/// provisional is only printed.
///
/// # Errors
///
/// A file cannot be written, and the verdict is none that the exit code has to tell.
pub(super) fn tell(verdict: &GateVerdict, forms: &Forms, json: Option<&[u8]>) -> Result<u8> {
    match json {
        Some(document) => say(String::from_utf8_lossy(document).trim_end()),
        None => say(render::text(verdict).trim_end()),
    }
    if verdict.provisional {
        eprintln!("loadgate: {} goes on, so that this is not the last word: no file is written", verdict.run);
        return Ok(NO_VERDICT);
    }
    if std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true") {
        let annotations = render::github(verdict);
        // GitHub reads both; whoever asked for JSON reads the one.
        if json.is_some() {
            eprint!("{annotations}");
        } else if !annotations.is_empty() {
            say(annotations.trim_end());
        }
    }
    let summary = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty()).map(PathBuf::from);
    let code = render::exit_code(verdict.state, forms.strict);
    match write(verdict, forms, summary.as_deref()) {
        Err(error) if code == 0 => Err(error),
        Err(error) => {
            eprintln!("loadgate: {error:#}");
            Ok(code)
        }
        Ok(()) => Ok(code),
    }
}

fn write(verdict: &GateVerdict, forms: &Forms, summary: Option<&Path>) -> Result<()> {
    let cannot = |file: &Path| format!("cannot write {}", file.display());
    if let Some(file) = &forms.junit {
        fs::write(file, render::junit(verdict)).with_context(|| cannot(file))?;
    }
    if let Some(file) = &forms.markdown {
        fs::write(file, render::markdown(verdict)).with_context(|| cannot(file))?;
    }
    if let Some(file) = summary {
        // Other steps wrote theirs before.
        let mut opened =
            OpenOptions::new().append(true).create(true).open(file).with_context(|| cannot(file))?;
        writeln!(opened, "{}", render::markdown(verdict)).with_context(|| cannot(file))?;
    }
    Ok(())
}

/// `30s`, `1h30m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let ms = parse_duration_ms(text).ok_or("a duration is written as 30s, 5m or 1h30m")?;
    Ok(Duration::from_millis(ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgate_documents::ObjectiveState;
    use loadgate_gate::incomplete;
    use tempfile::tempdir;

    fn verdict(state: ObjectiveState) -> GateVerdict {
        let (run, test) = ("shop.1".to_owned(), "shop".to_owned());
        GateVerdict {
            run,
            test,
            state,
            reason: "1 of 1 objectives passed.".to_owned(),
            ..GateVerdict::default()
        }
    }

    #[test]
    fn a_run_has_a_dot_and_a_test_has_none() {
        assert_eq!(Of::Named("shop.12").path(), "/runs/shop.12/verdict?");
        assert_eq!(Of::Named("shop").path(), "/tests/shop/verdict?");
        assert_eq!(Of::Named("a b").path(), "/tests/a%20b/verdict?");
        assert_eq!(Of::KnownAs("build&17").path(), "/verdict?execution_context=build%2617&");
    }

    #[test]
    fn no_verdict_is_told_apart_from_every_verdict() {
        let codes =
            ObjectiveState::ALL.map(|state| [true, false].map(|strict| render::exit_code(state, strict)));
        assert!(!codes.as_flattened().contains(&NO_VERDICT));
        assert!(!(97..=110).contains(&NO_VERDICT), "k6's");
    }

    #[test]
    fn files_are_written_and_a_summary_is_added_to() {
        let folder = tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let read = |name: &str| fs::read_to_string(file(name)).unwrap();
        let forms = Forms { junit: Some(file("j.xml")), markdown: Some(file("v.md")), ..Forms::default() };
        fs::write(file("summary.md"), "before\n").unwrap();
        write(&verdict(ObjectiveState::Fail), &forms, Some(&file("summary.md"))).unwrap();
        assert!(read("j.xml").contains("<failure"));
        assert!(read("v.md").contains("shop"));
        assert!(read("summary.md").starts_with("before\n###"), "{}", read("summary.md"));
        let lost = Forms { junit: Some(file("none/j.xml")), ..Forms::default() };
        assert!(write(&verdict(ObjectiveState::Pass), &lost, None).is_err());
    }

    #[test]
    fn what_is_provisional_is_no_verdict() {
        let folder = tempdir().unwrap();
        let forms = Forms { junit: Some(folder.path().join("j.xml")), ..Forms::default() };
        let open = GateVerdict { provisional: true, ..verdict(ObjectiveState::Pass) };
        assert_eq!(tell(&open, &forms, None).unwrap(), NO_VERDICT);
        assert!(!folder.path().join("j.xml").exists());
    }

    #[test]
    fn evidence_that_was_lost_on_the_way_is_never_green() {
        let mut passed = verdict(ObjectiveState::Pass);
        incomplete(&mut passed, "3 lines were dropped.".to_owned());
        assert_eq!(passed.state, ObjectiveState::Warning);
        assert!(passed.reason.ends_with("not complete: 3 lines were dropped."), "{}", passed.reason);
        let mut failed = verdict(ObjectiveState::Fail);
        incomplete(&mut failed, "3 lines were dropped.".to_owned());
        assert_eq!((failed.state, failed.missing.len()), (ObjectiveState::Fail, 1));
    }

    #[test]
    fn a_wait_is_a_duration() {
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert!(duration("soon").is_err());
    }
}
