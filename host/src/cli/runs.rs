//! `loadgate runs`, `finish` and `report`.

use super::client::encoded;
use super::import::import;
use super::{Embedded, Target, say, stem};
use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use serde::Deserialize;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct ListArguments {
    /// Only runs of this test
    #[arg(long)]
    test: Option<String>,
    /// At most so many, the newest first
    #[arg(long, default_value_t = 50)]
    limit: u32,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, clap::Args)]
pub(super) struct FinishArguments {
    /// The run's id, or a test for its newest live run
    #[arg(value_name = "RUN|TEST")]
    run: String,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, clap::Args)]
pub(super) struct ReportArguments {
    /// The run's id, or a file of results
    #[arg(value_name = "RUN|FILE")]
    of: String,
    /// Where to write the report; - is stdout
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    target: Target,
}

/// A run as the server lists it; times in Unix milliseconds.
#[derive(Deserialize)]
struct Run {
    id: String,
    state: String,
    start: Option<i64>,
    end: Option<i64>,
}

pub(super) fn list(arguments: &ListArguments, embedded: Embedded) -> Result<ExitCode> {
    let place = arguments.target.open_quietly(embedded)?;
    let mut target = format!("/runs?limit={}", arguments.limit);
    if let Some(test) = &arguments.test {
        let _ = write!(target, "&test={}", encoded(test));
    }
    let listed = place.client.get(&target);
    place.close();
    let runs: Vec<Run> = serde_json::from_slice(&listed?).context("the server's list cannot be read")?;
    say(table(&runs).trim_end());
    Ok(ExitCode::SUCCESS)
}

fn table(runs: &[Run]) -> String {
    let width = runs.iter().map(|run| run.id.chars().count()).max().unwrap_or(0).max(3);
    let mut out = format!("{:width$}  {:5}  {:20}  DURATION\n", "RUN", "STATE", "START (UTC)");
    for run in runs {
        let start = run
            .start
            .and_then(|start| Timestamp::from_millisecond(start).ok())
            .map_or(String::new(), |start| start.strftime("%Y-%m-%d %H:%M:%S").to_string());
        let length =
            run.start.zip(run.end).map_or(String::new(), |(start, end)| duration((end - start).max(0)));
        let _ = writeln!(out, "{:width$}  {:5}  {start:20}  {length}", run.id, run.state);
    }
    out
}

/// `1h02m`, `3m05s`, `12s`.
fn duration(ms: i64) -> String {
    let seconds = (ms + 500) / 1000;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s:02}s"),
        (h, m, _) => format!("{h}h{m:02}m"),
    }
}

pub(super) fn finish(arguments: &FinishArguments, embedded: Embedded) -> Result<ExitCode> {
    let place = arguments.target.open_quietly(embedded)?;
    let finished = place.client.finish(&arguments.run);
    place.close();
    say(&format!("Run {} is finished", finished?));
    Ok(ExitCode::SUCCESS)
}

pub(super) fn report(arguments: ReportArguments, embedded: Embedded) -> Result<ExitCode> {
    let file = Path::new(&arguments.of);
    let page = if file.is_file() {
        // Of a file only the report is wanted: it leaves nothing behind.
        let target = Target { server: None, store: Some("memory:".to_owned()), token: None };
        let place = target.open_quietly(embedded)?;
        let page = import(&place.client, &[file.to_owned()], &stem(file), None, &[]).and_then(|imported| {
            match imported.run {
                Some(run) => {
                    place.client.settle(&run);
                    place.client.get(&format!("/report?run={}", encoded(&run)))
                }
                None => bail!(
                    "{} holds no samples of k6 that can be read{}",
                    file.display(),
                    imported
                        .receipt
                        .errors
                        .first()
                        .map_or(String::new(), |error| format!(": {}", error.reason))
                ),
            }
        });
        place.close();
        page?
    } else {
        let place = arguments.target.open_quietly(embedded)?;
        let page = place.client.get(&format!("/report?run={}", encoded(&arguments.of)));
        place.close();
        page?
    };
    if arguments.output == Path::new("-") {
        std::io::stdout().lock().write_all(&page)?;
    } else {
        std::fs::write(&arguments.output, page)
            .with_context(|| format!("cannot write {}", arguments.output.display()))?;
        say(&arguments.output.display().to_string());
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_aligned_and_says_when_and_how_long() {
        let run = |id: &str, state: &str, end| Run {
            id: id.into(),
            state: state.into(),
            start: Some(1_795_221_970_000),
            end,
        };
        let text = table(&[run("shop.10", "live", None), run("a", "ended", Some(1_795_222_155_400))]);
        assert_eq!(
            text,
            "RUN      STATE  START (UTC)           DURATION\n\
             shop.10  live   2026-11-21 00:46:10   \n\
             a        ended  2026-11-21 00:46:10   3m05s\n"
        );
        assert_eq!([duration(900), duration(3_725_000)], ["1s", "1h02m"]);
    }
}
