//! `loadgate webhooks`: who is told a test's verdicts, and what they were told.

use super::client::encoded;
use super::test_file::{self, PutArguments, TestArguments};
use super::{Embedded, Target, say};
use anyhow::{Context, Result};
use std::io::Write as _;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Put a test's webhooks, a JSON array, in the place of those that there were
    Put(PutArguments),
    /// Print a test's webhooks, without their secrets
    Get(TestArguments),
    /// Remove them: nobody is told anything any more
    Remove(TestArguments),
    /// Print the log of what was told of a run's verdicts
    Log(RunArguments),
    /// Send a delivery again
    Replay(ReplayArguments),
}

#[derive(Debug, clap::Args)]
struct RunArguments {
    #[arg(value_name = "RUN")]
    run: String,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, clap::Args)]
struct ReplayArguments {
    #[arg(value_name = "RUN")]
    run: String,
    /// The delivery's number, as the log has it
    #[arg(value_name = "NUMBER")]
    number: u32,
    #[command(flatten)]
    target: Target,
}

pub(super) fn run(arguments: &Arguments, embedded: Embedded) -> Result<ExitCode> {
    let ask = |target: &Target, method: &str, path: &str, body: &[u8]| -> Result<Vec<u8>> {
        let place = target.open_quietly(embedded)?;
        let json = [("content-type", "application/json")];
        let answer = place.client.send(method, path, &json, body);
        place.close();
        answer?.success()
    };
    let webhooks = |test: &str| format!("/tests/{}/webhooks", encoded(test));
    match &arguments.what {
        What::Put(put) => {
            let test = put.test()?;
            ask(&put.target, "PUT", &webhooks(&test), &test_file::read(&put.file)?)?;
            say(&format!("the verdicts on {test} are told to its webhooks from now on"));
        }
        What::Get(get) => print(&ask(&get.target, "GET", &webhooks(&get.test), &[])?)?,
        What::Remove(remove) => {
            ask(&remove.target, "DELETE", &webhooks(&remove.test), &[])?;
            say(&format!("{} has no webhooks any more", remove.test));
        }
        What::Log(log) => {
            print(&ask(&log.target, "GET", &format!("/runs/{}/deliveries", encoded(&log.run)), &[])?)?;
        }
        What::Replay(replay) => {
            let ReplayArguments { run, number, target } = replay;
            let path = format!("/runs/{}/deliveries/{number}/replay", encoded(run));
            ask(target, "POST", &path, &[])?;
            say(&format!("delivery {number} of {run} is sent again"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A document on a line of its own.
fn print(text: &[u8]) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text).and_then(|()| out.write_all(b"\n")).context("stdout takes no more")
}
