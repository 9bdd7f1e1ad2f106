//! Every test, in sections with their durations.

use crate::workspace::{cargo, found, products, program, root, run as run_command, target};
use crate::{build, setup};
use anyhow::{Result, ensure};
use std::time::Instant;

/// Runs everything; what fails does not keep the rest from running. With `filter`, only the tests
/// of the whole, and of these those whose names hold one of the words.
pub fn run(filter: &[String]) -> Result<()> {
    prerequisites()?;
    let mut sections = Sections::default();
    sections.section("build", || build::everything().map(drop));
    ensure!(sections.failed.is_empty(), "the build failed");
    sections.section("k6, as the tests use it", || build::k6().map(drop));
    sections.section("the browser's driver", || build::npm_ci("tests/browser"));
    if filter.is_empty() {
        sections.section("pages", || {
            run_command(program("npm").args(["test"]).current_dir(root().join("static")))
        });
        // One by one: together, cargo would unify their features and build wasmtime a second time.
        for (section, package) in [
            ("the core, with the simulation of the log", "loadgate"),
            ("routes and access", "loadgate-http"),
            ("documents", "loadgate-documents"),
            ("the gate", "loadgate-gate"),
            ("news of tests, and of verdicts", "loadgate-lifecycle"),
            ("the report", "loadgate-report"),
            ("what goes into the log of a server", "loadgate-journal"),
            ("the host", "loadgate-host"),
            ("xtask", "xtask"),
        ] {
            sections.section(section, || run_command(cargo().args(["test", "--package", package])));
        }
        if root().join("k6/go.mod").exists() {
            sections.section("k6 extension", || {
                run_command(program("go").args(["test", "./..."]).current_dir(root().join("k6")))
            });
        }
    }
    // Last, so that its closing line is the last that is seen.
    sections.section("the whole", || {
        let mut tests = cargo();
        tests.args(["test", "--package", "loadgate-tests", "--"]).args(filter);
        run_command(built(&mut tests))
    });
    sections.end()
}

/// Speed; see `tests/bench`.
pub fn bench(arguments: &[String]) -> Result<()> {
    setup::packages()?;
    build::everything()?;
    build::npm_ci("tests/browser")?;
    let mut bench = cargo();
    bench.args(["run", "--quiet", "--package", "loadgate-bench", "--"]).args(arguments);
    run_command(built(&mut bench))
}

/// Tells a program where what we built is.
fn built(command: &mut std::process::Command) -> &mut std::process::Command {
    command.env("LOADGATE_BIN", target().join("debug/loadgate")).env("LOADGATE_K6", products().join("k6"))
}

/// What the tests need beyond Rust. One sentence names everything that is missing and cannot be
/// installed from here.
fn prerequisites() -> Result<()> {
    let missing: Vec<&str> = [
        (found("node") && found("npm"), "Node 20 or newer (https://nodejs.org/)"),
        (build::found_go(), "Go 1.26 or newer (https://go.dev/dl/)"),
    ]
    .into_iter()
    .filter_map(|(there, what)| (!there).then_some(what))
    .collect();
    ensure!(missing.is_empty(), "the tests need {}", missing.join(" and "));
    setup::packages()
}

#[derive(Default)]
struct Sections {
    failed: Vec<&'static str>,
}

impl Sections {
    fn section(&mut self, name: &'static str, work: impl FnOnce() -> Result<()>) {
        eprintln!("── {name}");
        let start = Instant::now();
        let result = work();
        let took = start.elapsed().as_secs_f64();
        match result {
            Ok(()) => eprintln!("── {name}: {took:.1} s"),
            Err(error) => {
                eprintln!("── {name}: FAILED after {took:.1} s: {error:#}");
                self.failed.push(name);
            }
        }
    }

    fn end(self) -> Result<()> {
        ensure!(self.failed.is_empty(), "failed: {}", self.failed.join(", "));
        Ok(())
    }
}
