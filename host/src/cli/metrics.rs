//! `loadgate metrics`: the types of a script's custom metrics, read off its text.

use super::k6::script;
use super::{Embedded, Target, say, stem};
use anyhow::Result;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The k6 script; local files that it imports are read too
    #[arg(value_name = "SCRIPT")]
    script: PathBuf,
    /// The test that they are declared for [default: the script's name]
    #[arg(long)]
    test: Option<String>,
    /// Only print them
    #[arg(long)]
    print: bool,
    #[command(flatten)]
    target: Target,
}

pub(super) fn run(arguments: &Arguments, embedded: Embedded) -> Result<ExitCode> {
    std::fs::metadata(&arguments.script)
        .map_err(|error| anyhow::anyhow!("{} cannot be read: {error}", arguments.script.display()))?;
    let found = script::scan(&arguments.script);
    say(&found.document().to_string());
    for said in &found.unseen {
        eprintln!("loadgate: not seen: {said}");
    }
    if !arguments.print && !found.metrics.is_empty() {
        let test = arguments.test.clone().unwrap_or_else(|| stem(&arguments.script));
        let place = arguments.target.open_quietly(embedded)?;
        let declared = place.client.declare_metrics(&test, &found.document());
        place.close();
        declared?;
        eprintln!("loadgate: declared for {test}, from its next samples on");
    }
    // A pipeline may insist on all of them.
    Ok(if found.unseen.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}
