//! The command line: what can be typed, and where it is done.
//!
//! Everything but `serve` is a client of a server, over HTTP: of the one that is named or that
//! answers at the default address, else of one in this process on the store.

mod client;
mod foreign;
mod import;
mod k6;
mod merge;
mod metrics;
mod objectives;
mod runs;
mod serve;
mod summary;
mod test_file;
mod upload;
mod verdict;
mod webhooks;

use crate::assets::Assets;
use crate::server::{self, Demo, Server};
use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use client::Client;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;
use tokio::runtime::Runtime;

const DEFAULT_STORE: &str = "./loadgate.db";

/// What the build puts into the binary.
#[derive(Clone, Copy)]
pub struct Embedded {
    /// What `loadgate-precompile` made of the two components.
    pub components: &'static [u8],
    /// The pages, as the component finds them at `/`.
    pub pages: &'static include_dir::Dir<'static>,
    /// What `serve --demo` plays.
    pub demo: &'static Demo,
}

/// Live dashboard, report and go/no-go gate for load tests.
#[derive(Debug, Parser)]
#[command(name = "loadgate", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the dashboard, and take the samples of load generators
    Serve(serve::Arguments),
    /// Run k6 and watch it live: the usual command, with `loadgate` in front
    K6(k6::Arguments),
    /// Import results that k6 saved with --out json=FILE
    Import(import::Arguments),
    /// Tell the types of a script's custom metrics, which not every output of k6 sends
    Metrics(metrics::Arguments),
    /// Write the report of a run, or of a file of results, as one HTML file
    Report(runs::ReportArguments),
    /// List the runs
    Runs(runs::ListArguments),
    /// End a live run now rather than after its idle time
    Finish(runs::FinishArguments),
    /// Say what has to hold for a test's runs
    Objectives(objectives::Arguments),
    /// Wait for a run's verdict, and end with it
    Verdict(verdict::Arguments),
    /// Say who is told a test's verdicts, and see what they were told
    Webhooks(webhooks::Arguments),
}

/// Which server does it.
#[derive(Debug, Clone, Args)]
struct Target {
    /// A running server [default: the one at http://127.0.0.1:5660 if it answers, else the store]
    #[arg(long, value_name = "URL", env = "LOADGATE_SERVER", conflicts_with = "store")]
    server: Option<String>,
    /// Work on this store, without a server: a file, redis://…, or memory:
    #[arg(long, value_name = "PATH|URL")]
    store: Option<String>,
    /// The server's token
    #[arg(long, env = "LOADGATE_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

/// Where a command is done.
struct Place {
    client: Client,
    /// The server in this process, with the runtime that it lives in.
    own: Option<(Runtime, Server)>,
}

impl Place {
    /// Ends the server in this process, if there is one.
    fn close(self) {
        if let Some((runtime, server)) = self.own {
            runtime.block_on(server.stop());
            // Whatever is still folding goes on from the log the next time.
            runtime.shutdown_timeout(Duration::from_millis(100));
        }
    }
}

impl Target {
    /// The server that is named or answers at the default address, else one in this process that
    /// tries to listen at `listen`.
    fn open(&self, embedded: Embedded, listen: &[&str]) -> Result<Place> {
        if let Some(url) = &self.server {
            let client = Client::new(url, self.token.clone())?;
            client.check()?;
            return Ok(Place { client, own: None });
        }
        if self.store.is_none() {
            let client = Client::new(&format!("http://{}", server::DEFAULT_LISTEN), self.token.clone())?;
            if client.check().is_ok() {
                return Ok(Place { client, own: None });
            }
        }
        let store = self.store.as_deref().unwrap_or(DEFAULT_STORE);
        let runtime = runtime()?;
        let mut started = None;
        for listen in listen {
            started = Some(runtime.block_on(Server::start(server::Options {
                listen,
                tls: None,
                store,
                precompiled: embedded.components,
                assets: Assets::unpack(embedded.pages)?,
                insecure: false,
                announce: false,
            })));
            if let Some(Ok(_)) = started {
                break;
            }
        }
        let server = started.context("there is nowhere to listen")??;
        let token = std::env::var(server::WRITE_TOKEN).ok().filter(|token| !token.is_empty());
        let client = Client::new(server.url(), token.or_else(|| self.token.clone()))?;
        Ok(Place { client, own: Some((runtime, server)) })
    }

    /// As [`Target::open`]; a server in this process is for this command alone.
    fn open_quietly(&self, embedded: Embedded) -> Result<Place> {
        self.open(embedded, &["127.0.0.1:0"])
    }
}

/// Two workers also on one processor: calls into the components and SQLite block theirs. More than
/// there are processors would only wake each other.
fn runtime() -> Result<Runtime> {
    let workers = std::thread::available_parallelism().map_or(2, |n| n.get().max(2));
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()
        .context("cannot start the runtime")
}

/// Does what the process's arguments say.
pub fn run(embedded: Embedded) -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(arguments) => serve::run(arguments, embedded),
        Command::K6(arguments) => k6::run(arguments, embedded),
        Command::Import(arguments) => import::run(arguments, embedded),
        Command::Metrics(arguments) => metrics::run(&arguments, embedded),
        Command::Report(arguments) => runs::report(arguments, embedded),
        Command::Runs(arguments) => runs::list(&arguments, embedded),
        Command::Finish(arguments) => runs::finish(&arguments, embedded),
        Command::Objectives(arguments) => objectives::run(&arguments, embedded),
        Command::Verdict(arguments) => verdict::run(&arguments, embedded),
        Command::Webhooks(arguments) => webhooks::run(&arguments, embedded),
    };
    done.unwrap_or_else(|error| {
        eprintln!("loadgate: {error:#}");
        ExitCode::FAILURE
    })
}

/// A line on stdout, at once: scripts and tests wait for it.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever closes our stdout has read enough; that is no failure of ours.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// The test that a file of results or a script is of: its name without folders and endings.
fn stem(path: &std::path::Path) -> String {
    let mut name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for ending in [".gz", ".json", ".ndjson", ".jsonl", ".js", ".mjs", ".cjs", ".ts", ".tar", ".yaml", ".yml"]
    {
        if let Some(shorter) = name.strip_suffix(ending).filter(|shorter| !shorter.is_empty()) {
            name.truncate(shorter.len());
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(line: &str) -> Result<Command, clap::Error> {
        Cli::try_parse_from(line.split_whitespace()).map(|cli| cli.command)
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn everything_behind_k6_belongs_to_k6_and_what_stands_before_run_is_ours() {
        let Ok(Command::K6(arguments)) = parse("loadgate k6 --test shop run -u 5 --tag a=b s.js --store x")
        else {
            panic!("not understood");
        };
        assert_eq!(arguments.test.as_deref(), Some("shop"));
        assert_eq!(arguments.words, ["run", "-u", "5", "--tag", "a=b", "s.js", "--store", "x"]);
        assert_eq!(arguments.target.store, None);
        assert!(parse("loadgate k6").is_err());
    }

    #[test]
    fn a_server_and_a_store_exclude_each_other() {
        assert!(parse("loadgate import a.json --server http://x --store y").is_err());
        assert!(parse("loadgate import").is_err(), "there must be a file");
        assert!(parse("loadgate import - --test a").is_ok());
    }

    #[test]
    fn a_test_is_named_after_its_file() {
        for (path, name) in [
            ("a/shop.json.gz", "shop"),
            ("shop.js", "shop"),
            ("gate/shop.yaml", "shop"),
            ("shop.v2.json", "shop.v2"),
            ("results", "results"),
            (".json", ".json"),
        ] {
            assert_eq!(stem(path.as_ref()), name);
        }
    }
}
