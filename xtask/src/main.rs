//! `cargo xtask build | serve | test | lint | bench`: the same commands for people and for CI.

mod build;
mod lint;
mod setup;
mod stamp;
mod test;
mod tidy;
mod workspace;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The commands that people and CI share.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything: pages, components, and the host that holds them
    Build {
        /// Only what `spin up` needs: pages and components
        #[arg(long)]
        components: bool,
    },
    /// Builds, then runs the server; --demo also plays a recorded k6 run
    #[command(disable_help_flag = true)]
    Serve {
        /// What `loadgate serve` takes
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Builds, then runs every test
    Test {
        /// Only those of the tests of the whole whose names hold one of these words
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        filter: Vec<String>,
    },
    /// Formatting, clippy, go vet, ESLint, types, licences, tidiness
    Lint,
    /// Speed, side by side with plain native loops over the same bytes
    #[command(disable_help_flag = true)]
    Bench {
        /// What the benchmark takes
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

/// An error is a sentence for a person, never a backtrace.
fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    let shell = workspace::shell()?;
    match command {
        Command::Build { components: true } => build::components(&shell).map(drop),
        Command::Build { components: false } => build::everything(&shell).map(drop),
        Command::Serve { arguments } => build::serve(&shell, &arguments),
        Command::Test { filter } => test::run(&shell, &filter),
        Command::Lint => lint::everything(&shell),
        Command::Bench { arguments } => test::bench(&shell, &arguments),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound_and_passes_on_what_is_not_its_own() {
        Arguments::command().debug_assert();
        let read = |line: &str| Arguments::try_parse_from(line.split(' ')).map(|read| read.command);
        let Ok(Command::Serve { arguments }) = read("xtask serve --demo --listen 127.0.0.1:0 --help") else {
            panic!("serve")
        };
        assert_eq!(arguments, ["--demo", "--listen", "127.0.0.1:0", "--help"]);
        let Ok(Command::Test { filter }) = read("xtask test numbers:: --nocapture") else { panic!("test") };
        assert_eq!(filter, ["numbers::", "--nocapture"]);
        assert!(read("xtask build --everything").is_err() && read("xtask lint more").is_err());
    }
}
