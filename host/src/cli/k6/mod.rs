//! `loadgate k6 run …`: the stock k6, its terminal and its arguments untouched, watched live.
//!
//! Whatever happens to the server, the test goes on as if nobody watched.

mod command;
mod gate;
mod pipe;
pub(super) mod script;

use self::command::Run;
use self::gate::{Ended, Gate};
use self::pipe::Tail;
use super::client::{Client, SETTLE, encoded};
use super::{Embedded, Place, Target, runtime, upload};
use crate::server::DEFAULT_LISTEN;
use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The test's name [default: the script's]
    #[arg(long)]
    pub test: Option<String>,
    #[command(flatten)]
    pub gate: gate::Arguments,
    #[command(flatten)]
    pub target: Target,
    /// What you would type behind `k6`: run script.js …
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "run …")]
    pub words: Vec<OsString>,
}

/// A server that failed is asked to finish the run for so long.
const LAST_WORD: Duration = Duration::from_secs(1);

/// The k6 to run; [default: the one on the path].
const K6: &str = "K6";

pub(super) fn run(mut arguments: Arguments, embedded: Embedded) -> Result<ExitCode> {
    let mut gate = Gate::new(&arguments.gate, &mut arguments.words)?;
    let k6 = std::env::var_os(K6).filter(|k6| !k6.is_empty()).unwrap_or_else(|| "k6".into());
    let Some(run) = Run::parse(&arguments.words) else {
        bail!("only `k6 run` makes samples; type the other commands of k6 without `loadgate`");
    };
    let test = arguments.test.clone().unwrap_or_else(|| run.test());
    let source = upload::source();
    let place = open(&arguments.target, embedded);
    let client = place.as_ref().ok().map(|place| place.client.clone());
    let mut may_stop = false;
    match &place {
        Ok(place) => {
            prepare(&place.client, &k6, &run, &test, &source);
            may_stop = gate.prepare(&place.client, &test);
        }
        // The load test matters more than who watches it.
        Err(error) => note(&format!("nobody watches this run: {error:#}")),
    }

    let tail = Tail::start(client.clone(), &source, &test).context("cannot make a pipe for k6's samples")?;
    let started = Command::new(&k6)
        .args(run.with_output(tail.path(), &run.other_outputs()))
        .stdin(Stdio::inherit())
        .spawn()
        .with_context(|| format!("cannot start {}; is k6 on the path? ${K6} names another", k6.display()));
    let child = match started {
        Ok(child) => child,
        Err(error) => {
            tail.end();
            if let Ok(place) = place {
                place.close();
            }
            return Err(error);
        }
    };
    let (stop, stopped) = oneshot::channel();
    // Closed when k6 has ended.
    let (ended, end) = mpsc::channel();
    if let Some(client) = client.clone().filter(|_| may_stop) {
        let heard = tail.heard();
        std::thread::spawn(move || gate::watch(&client, heard, &end, stop));
    }
    let waited = wait(child, stopped);
    drop(ended);
    let sent = tail.end();
    let exit = waited.as_ref().ok().map(|end| exit_number(end.status));
    let run = match (&client, &place) {
        (Some(client), Ok(place)) => conclude(client, place.own.is_some(), (&test, &source), &sent, exit),
        _ => None,
    };
    let code = waited.and_then(|end| {
        let (k6, run, lost) = (exit_number(end.status), run.as_deref(), sent.lost());
        gate.conclude(client.as_ref(), Ended { k6, stopped: end.stopped, run, lost })
    });
    if let Ok(place) = place {
        place.close();
    }
    code.map(ExitCode::from)
}

fn note(text: &str) {
    eprintln!("loadgate: {text}");
}

/// The server that is meant or runs; else one here at the default address, or at any if something
/// else is there.
fn open(target: &Target, embedded: Embedded) -> Result<Place> {
    target.open(embedded, &[DEFAULT_LISTEN, "127.0.0.1:0"])
}

/// Tells the server what is coming, and the person where to look.
fn prepare(client: &Client, k6: &std::ffi::OsStr, run: &Run, test: &str, source: &str) {
    match run.inspect(k6) {
        Ok(Some(options)) => {
            let target = format!("/tests/{}/options", encoded(test));
            let json = [("content-type", "application/json")];
            let put = client.send("PUT", &target, &json, &options).and_then(|answer| answer.success());
            if let Err(error) = put {
                note(&format!("the thresholds are not known to the page: {error:#}"));
            }
        }
        Ok(None) => {}
        Err(error) => note(&format!("the thresholds are not known to the page: {error:#}")),
    }
    declare_metrics(client, run, test);
    let hello = format!("/tests/{}/hello", encoded(test));
    let said = client.send("POST", &hello, &[("x-loadgate-source", source)], &[]);
    if let Err(error) = said.and_then(|answer| answer.success()) {
        note(&format!("{error:#}"));
    }
    note(&format!("watch {test} at {}/ui/?test={}", client.url(), encoded(test)));
}

/// Tells the types of the script's metrics, also of those that will have no sample. k6 sends types with
/// its samples, so that what this cannot see is no matter.
fn declare_metrics(client: &Client, run: &Run, test: &str) {
    let Some(script) = run.source() else { return };
    let found = script::scan(script);
    if found.metrics.is_empty() {
        return;
    }
    if let Err(error) = client.declare_metrics(test, &found.document()) {
        note(&format!("the types of the script's metrics are not known to the page: {error:#}"));
    }
}

/// Finishes the run, says what became of it, and gives its id; `exit` is k6's exit code.
fn conclude(
    client: &Client,
    own: bool,
    (test, source): (&str, &str),
    sent: &pipe::Sent,
    exit: Option<u8>,
) -> Option<String> {
    if let Some(trouble) = &sent.trouble {
        note(&format!("the server did not take everything: {trouble}"));
    }
    if sent.dropped > 0 {
        note(&format!("{} lines of samples were dropped: the page shows less than k6", sent.dropped));
    }
    if sent.receipt.refused > 0 {
        let reason = sent.receipt.errors.first().map_or("", |error| error.reason.as_str());
        note(&format!("{} lines were refused: {reason}", sent.receipt.refused));
    }
    if sent.receipt.accepted == 0 {
        return None;
    }
    // As the server calls it: a name may have had to be mapped.
    let target = sent.receipt.run.as_deref().or(sent.receipt.test.as_deref()).unwrap_or(test);
    // One that did not take the last batch is hardly there for this.
    let patience = if sent.trouble.is_some() { LAST_WORD } else { SETTLE };
    let run = match client.finish_source(target, source, patience) {
        Ok(run) => run,
        Err(error) => {
            note(&format!("the run could not be finished: {error:#}"));
            return None;
        }
    };
    if let Some(exit) = exit
        && let Err(error) = client.tell_outcome(&run, exit)
    {
        note(&format!("the page does not know how k6 ended: {error:#}"));
    }
    if own {
        client.settle(&run);
        note(&format!(
            "run {run} is kept; `loadgate serve` shows it, `loadgate report {run} -o report.html` writes its report"
        ));
    } else {
        note(&format!("run {run}: {0}/ui/?run={1}  report: {0}/report?run={1}", client.url(), encoded(&run)));
    }
    Some(run)
}

/// How k6 ended, and whether that was for an objective.
struct End {
    status: ExitStatus,
    stopped: bool,
}

/// Waits for k6. Ctrl-C reaches k6 by itself, being typed for the whole process group: we only stay
/// to see the end. Being asked to terminate is passed on. When `stop` says why, k6 is interrupted as by Ctrl-C,
/// once: it runs its teardown and writes its summary.
fn wait(mut child: Child, mut stop: oneshot::Receiver<String>) -> Result<End> {
    let id = i32::try_from(child.id()).context("k6 has no process id")?;
    let runtime = runtime()?;
    let status = runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut ended = tokio::task::spawn_blocking(move || child.wait());
        let (mut stopped, mut may_stop) = (false, true);
        loop {
            tokio::select! {
                status = &mut ended => {
                    let status = status.context("nobody waits for k6")??;
                    return anyhow::Ok(End { status, stopped });
                }
                why = &mut stop, if may_stop => {
                    may_stop = false;
                    if let Ok(why) = why {
                        note(&format!("k6 is stopped: {why}"));
                        stopped = kill(Pid::from_raw(id), Signal::SIGINT).is_ok();
                    }
                }
                _ = interrupt.recv() => {}
                _ = terminate.recv() => { let _ = kill(Pid::from_raw(id), Signal::SIGTERM); }
            }
        }
    });
    runtime.shutdown_timeout(Duration::from_millis(10));
    status
}

/// As a shell has it: 128 and the signal's number for a death by signal.
fn exit_number(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}
