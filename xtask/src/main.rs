//! `cargo xtask build | serve | test | lint`: the same commands for people and for CI.

mod build;
mod lint;
mod setup;
mod stamp;
mod test;
mod tidy;
mod workspace;

use anyhow::{Result, bail};
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask COMMAND

  build [--components]  everything, or only what `spin up` needs: pages and components
  serve [ARGS…]         build, then run the server; --demo also plays a recorded k6 run
  test [FILTER…]        build, then every test; with names, only those of the tests of the whole
  lint                  formatting, clippy, go vet, ESLint, types, licences, tidiness
  bench [ARGS…]         speed, side by side with plain native loops over the same bytes
";

/// An error is a sentence for a person, never a backtrace.
fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((command, rest)) = arguments.split_first() else {
        print!("{USAGE}");
        return Ok(());
    };
    match (command.as_str(), rest) {
        ("build", []) => build::everything().map(drop),
        ("build", [only]) if only == "--components" => build::components().map(drop),
        ("serve", rest) => build::serve(rest),
        ("test", rest) => test::run(rest),
        ("lint", []) => lint::everything(),
        ("bench", rest) => test::bench(rest),
        ("help" | "--help" | "-h", _) => {
            print!("{USAGE}");
            Ok(())
        }
        _ => bail!("`cargo xtask {}` is not a command\n\n{USAGE}", arguments.join(" ")),
    }
}
