//! The gate around k6: objectives that stop it early, and a verdict that it ends with.

use super::note;
use crate::cli::client::{Client, encoded};
use crate::cli::objectives::{self, Checked};
use crate::cli::verdict::{self, Forms, Found, NO_VERDICT};
use anyhow::{Context, Result, ensure};
use clap::Parser;
use jiff::Timestamp;
use loadgate::names::TestName;
use loadgate_documents::{GateVerdict, ObjectiveResult};
use serde::Deserialize;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;
use tokio::sync::oneshot;

/// What k6 exits with when a threshold was crossed, and the gate when an objective failed.
const FAILED: u8 = 99;

/// How often the verdict so far is asked for, where an objective may stop the test.
const LOOK: Duration = Duration::from_secs(2);

/// Runs of a test among which the one of this k6 is.
const LISTED: u32 = 20;

#[derive(Debug, Default, Clone, PartialEq, clap::Args)]
pub(crate) struct Arguments {
    /// End with the gate's verdict on the run
    #[arg(long)]
    gate: bool,
    /// Put this file of objectives in force before the run
    #[arg(long, value_name = "FILE")]
    objectives: Option<PathBuf>,
    /// With --gate, wait so long for the verdict after k6's end [default: 1m]
    #[arg(long, value_name = "DURATION", value_parser = verdict::duration)]
    wait: Option<Duration>,
    #[command(flatten)]
    forms: Forms,
}

/// Ours among the words behind `run`: they come first, and the first that is none of them begins k6's.
#[derive(Debug, Parser)]
#[command(no_binary_name = true, disable_help_flag = true, disable_version_flag = true)]
struct Behind {
    #[command(flatten)]
    ours: Arguments,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    theirs: Vec<OsString>,
}

/// What the gate has to do in one run of k6.
pub(super) struct Gate {
    arguments: Arguments,
    objectives: Option<Checked>,
    /// Why the verdict would be by other objectives than those that were asked for.
    not_put: Option<String>,
}

/// What is known when k6 has ended.
pub(super) struct Ended<'a> {
    /// k6's exit code.
    pub k6: u8,
    /// An objective stopped it.
    pub stopped: bool,
    /// The run, where the server has one.
    pub run: Option<&'a str>,
    /// What of the samples did not reach the server; a sentence.
    pub lost: Option<String>,
}

impl Gate {
    /// Takes ours out of the words behind `k6`, beside those that stood before `run`.
    ///
    /// # Errors
    ///
    /// Words that make no sense, or a file of objectives that cannot be read: better before the test than
    /// after it.
    pub(super) fn new(before: &Arguments, words: &mut Vec<OsString>) -> Result<Self> {
        let mut arguments = before.clone();
        if words.first().is_some_and(|word| word == "run") {
            let Behind { ours, theirs } = Behind::try_parse_from(words.drain(1..))?;
            words.extend(theirs);
            arguments.gate |= ours.gate;
            arguments.forms.strict |= ours.forms.strict;
            arguments.objectives = ours.objectives.or(arguments.objectives);
            arguments.wait = ours.wait.or(arguments.wait);
            arguments.forms.junit = ours.forms.junit.or(arguments.forms.junit);
            arguments.forms.markdown = ours.forms.markdown.or(arguments.forms.markdown);
        }
        ensure!(
            arguments.gate || (arguments.wait.is_none() && arguments.forms == Forms::default()),
            "--strict, --junit, --markdown and --wait say what becomes of the verdict: add --gate"
        );
        let objectives = arguments.objectives.as_deref().map(objectives::read).transpose()?;
        Ok(Gate { arguments, objectives, not_put: None })
    }

    /// Puts the objectives in force, if any are given, and says whether one of those in force may stop the test.
    pub(super) fn prepare(&mut self, client: &Client, test: &str) -> bool {
        // As the server calls it.
        let test = TestName::from_foreign(test);
        let in_force = match &self.objectives {
            Some(given) => match objectives::put(client, test.as_str(), &given.text) {
                Ok(()) => Ok(Some(given.objectives.clone())),
                Err(error) => {
                    let why = format!("the objectives could not be put in force: {error:#}");
                    note(&why);
                    self.not_put = Some(why);
                    return false;
                }
            },
            None => objectives::of(client, test.as_str()),
        };
        match in_force {
            Ok(objectives) => objectives
                .is_some_and(|objectives| objectives.objectives.iter().any(|one| one.abort.is_some())),
            Err(error) => {
                note(&format!("no objective can stop this test: {error:#}"));
                false
            }
        }
    }

    /// The exit code of the whole: k6's, and with `--gate` the verdict's.
    ///
    /// # Errors
    ///
    /// A file could not be written, and the exit code would not tell otherwise.
    pub(super) fn conclude(&self, client: Option<&Client>, ended: Ended) -> Result<u8> {
        if !self.arguments.gate {
            return Ok(ended.k6);
        }
        let code = match self.verdict(client, &ended) {
            Ok(mut verdict) => {
                if let Some(lost) = ended.lost {
                    loadgate_gate::incomplete(&mut verdict, lost);
                }
                verdict::tell(&verdict, &self.arguments.forms, None)
            }
            Err(error) => {
                note(&format!("there is no verdict: {error:#}"));
                Ok(NO_VERDICT)
            }
        };
        match code {
            Ok(code) => Ok(exit_code(ended.k6, ended.stopped, code)),
            Err(error) if ended.stopped || ended.k6 != 0 => {
                note(&format!("{error:#}"));
                Ok(exit_code(ended.k6, ended.stopped, NO_VERDICT))
            }
            Err(error) => Err(error),
        }
    }

    fn verdict(&self, client: Option<&Client>, ended: &Ended) -> Result<GateVerdict> {
        let client = client.context("no server watched this run")?;
        ensure!(self.not_put.is_none(), "{}", self.not_put.as_deref().unwrap_or_default());
        let run = ended.run.context("the server has no finished run of it")?;
        match verdict::wait_for(
            client,
            verdict::Of::Named(run),
            self.arguments.wait.unwrap_or(Duration::from_secs(60)),
        )? {
            Found::Verdict(told) => Ok(told.verdict),
            Found::Nothing(sentence) => anyhow::bail!(sentence),
        }
    }
}

/// k6's own code says what a verdict cannot, but for 0 and its 99. What it ends with when we interrupt it says
/// nothing that we do not know: an objective failed.
fn exit_code(k6: u8, stopped: bool, gate: u8) -> u8 {
    match k6 {
        _ if stopped => FAILED,
        0 => gate,
        FAILED if gate == NO_VERDICT => FAILED,
        FAILED => gate,
        other => other,
    }
}

/// Looks at the verdict so far until an objective stops the test, whose sentence it sends, or until k6 has
/// ended, when `end` closes. `heard` tells under what name the server takes the samples.
pub(super) fn watch(
    client: &Client,
    heard: impl Fn() -> Option<String>,
    end: &Receiver<()>,
    stop: oneshot::Sender<String>,
) {
    let mut run = None;
    while end.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        // A server that does not answer stops no test.
        run = run.or_else(|| live_run(client, &heard()?).ok().flatten());
        let Some((id, start)) = &run else { continue };
        let answer = client.get(&format!("/runs/{}/verdict", encoded(id)));
        let Some(verdict) = answer.ok().and_then(|body| serde_json::from_slice::<GateVerdict>(&body).ok())
        else {
            continue;
        };
        let elapsed = Timestamp::now().as_millisecond() - start;
        if let Some(objective) = stopping(&verdict, elapsed) {
            let sentence = format!("{:?} failed, and asks for it: {}", objective.name, objective.reason);
            // Nobody waits for it once k6 has ended.
            let _ = stop.send(sentence);
            return;
        }
    }
}

fn stopping(verdict: &GateVerdict, elapsed_ms: i64) -> Option<&ObjectiveResult> {
    let elapsed = u64::try_from(elapsed_ms).unwrap_or(0);
    verdict.objectives.iter().find(|objective| verdict.provisional && objective.stops(elapsed))
}

#[derive(Deserialize)]
struct Listed {
    id: String,
    state: String,
    start: Option<i64>,
}

/// The live run of a test, or of a name within it, and when it began, Unix ms.
fn live_run(client: &Client, heard: &str) -> Result<Option<(String, i64)>> {
    let test = heard.split('.').next().unwrap_or_default();
    let list = client.get(&format!("/runs?test={}&limit={LISTED}", encoded(test)))?;
    let runs: Vec<Listed> = serde_json::from_slice(&list).context("the server's list cannot be read")?;
    Ok(runs.into_iter().find(|run| is_of(run, heard)).and_then(|run| Some((run.id, run.start?))))
}

fn is_of(run: &Listed, log: &str) -> bool {
    let number = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_digit());
    let behind = run.id.strip_prefix(log);
    let own = behind.is_some_and(|behind| behind.is_empty() || behind.strip_prefix('.').is_some_and(number));
    own && run.state == "live"
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgate_documents::ObjectiveState;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    fn parse(line: &str) -> (Result<Gate>, Vec<OsString>) {
        let mut words = words(line);
        (Gate::new(&Arguments::default(), &mut words), words)
    }

    #[test]
    fn ours_come_right_behind_run_and_what_follows_is_k6s() {
        let (gate, left) = parse("run --gate --strict --junit j.xml -u 5 --tag gate=--gate s.js --strict");
        let gate = gate.unwrap().arguments;
        assert!(gate.gate && gate.forms.strict);
        assert_eq!(gate.forms.junit, Some(PathBuf::from("j.xml")));
        assert_eq!(left, words("run -u 5 --tag gate=--gate s.js --strict"));
        for line in ["run -u 5 --gate s.js", "run s.js --wait 5m", "run --help", "run - -- x", "run"] {
            let (gate, left) = parse(line);
            assert_eq!(gate.unwrap().arguments, Arguments::default(), "{line}");
            assert_eq!(left, words(line));
        }
    }

    #[test]
    fn what_stands_before_run_counts_as_much() {
        let before = Arguments { gate: true, ..Arguments::default() };
        let mut words = words("run --strict s.js");
        let gate = Gate::new(&before, &mut words).unwrap().arguments;
        assert!(gate.gate && gate.forms.strict);
        assert!(parse("run --strict s.js").0.is_err(), "strict about nothing");
        assert!(parse("run --gate --objectives /none.yaml s.js").0.is_err(), "before k6 begins");
    }

    #[test]
    fn k6s_own_code_wins_where_it_says_what_a_verdict_cannot() {
        for (k6, stopped, gate, whole) in [
            (0, false, 0, 0),
            (0, false, 4, 4),
            (0, false, NO_VERDICT, NO_VERDICT),
            (FAILED, false, 3, 3),
            (FAILED, false, 0, 0), // thresholds that the objectives ignore
            (FAILED, false, NO_VERDICT, FAILED),
            (107, false, FAILED, 107),
            (105, false, 0, 105),
            (105, true, 0, FAILED),
            (105, true, NO_VERDICT, FAILED),
        ] {
            assert_eq!(exit_code(k6, stopped, gate), whole, "{k6} {stopped} {gate}");
        }
    }

    #[test]
    fn a_gate_without_a_server_is_not_open() {
        let gate = parse("run --gate s.js").0.unwrap();
        let ended = || Ended { k6: 0, stopped: false, run: None, lost: None };
        assert_eq!(gate.conclude(None, ended()).unwrap(), NO_VERDICT);
        let without = parse("run s.js").0.unwrap();
        assert_eq!(without.conclude(None, ended()).unwrap(), 0);
    }

    #[test]
    fn an_objective_stops_a_live_run_after_its_delay() {
        let failed = ObjectiveResult {
            state: ObjectiveState::Fail,
            abort: Some(30_000),
            ..ObjectiveResult::default()
        };
        let mut verdict =
            GateVerdict { provisional: true, objectives: vec![failed], ..GateVerdict::default() };
        assert!(stopping(&verdict, 29_999).is_none() && stopping(&verdict, -5).is_none());
        assert!(stopping(&verdict, 30_000).is_some());
        verdict.provisional = false;
        assert!(stopping(&verdict, 30_000).is_none(), "it has ended");
    }

    #[test]
    fn the_run_of_this_k6_is_told_from_others_of_the_test() {
        let run = |id: &str, state: &str| Listed { id: id.into(), state: state.into(), start: Some(0) };
        for (id, log, own) in [
            ("shop.12", "shop", true),
            ("shop.nightly", "shop", false),
            ("shop.nightly", "shop.nightly", true),
            ("shop.nightly.2", "shop.nightly", true),
            ("shop.nightly2", "shop.nightly", false),
            ("shopping.1", "shop", false),
        ] {
            assert_eq!(is_of(&run(id, "live"), log), own, "{id} {log}");
        }
        assert!(!is_of(&run("shop.12", "ended"), "shop"));
    }
}
