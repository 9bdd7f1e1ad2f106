//! Every test, in sections with their durations.

use crate::workspace::{cargo, found, products, root, target};
use crate::{build, setup};
use anyhow::{Result, ensure};
use std::time::Instant;
use xshell::{Cmd, Shell, cmd};

/// Runs everything; what fails does not keep the rest from running. With `filter`, only the tests
/// of the whole, and of these those whose names hold one of the words.
pub fn run(shell: &Shell, filter: &[String]) -> Result<()> {
    prerequisites(shell)?;
    let mut sections = Sections::default();
    sections.section("build", || build::everything(shell).map(drop));
    ensure!(sections.failed.is_empty(), "the build failed");
    sections.section("k6, as the tests use it", || build::k6(shell).map(drop));
    sections.section("the browser's driver", || build::npm_ci(shell, "tests/browser"));
    sections.section("the receiver of webhooks", || build::npm_ci(shell, "tests/receiver"));
    sections.section("OpenTelemetry's SDK", || build::npm_ci(shell, "tests/opentelemetry"));
    sections.section("Prometheus's remote write", || build::remote_write(shell).map(drop));
    sections.section("JMeter", || build::jmeter(shell).map(drop));
    sections.section("Micrometer", || build::micrometer(shell).map(drop));
    if filter.is_empty() {
        sections.section("pages", || {
            let _there = shell.push_dir("static");
            Ok(cmd!(shell, "npm test").run()?)
        });
        // One by one: together, cargo would unify their features and build wasmtime a second time.
        for (section, package) in [
            ("the core, with the simulation of the log", "loadgate"),
            ("routes and access", "loadgate-http"),
            ("documents", "loadgate-documents"),
            ("the gate", "loadgate-gate"),
            ("the comparison", "loadgate-comparison"),
            ("findings", "loadgate-findings"),
            ("news of tests, and of verdicts", "loadgate-lifecycle"),
            ("the report", "loadgate-report"),
            ("what goes into the log of a server", "loadgate-journal"),
            ("the wires and files of other tools", "loadgate-wires"),
            ("the host", "loadgate-host"),
            ("xtask", "xtask"),
        ] {
            sections.section(section, || Ok(cargo(shell).args(["test", "--package", package]).run()?));
        }
        if root().join("k6/go.mod").exists() {
            sections.section("k6 extension", || {
                let _there = shell.push_dir("k6");
                Ok(cmd!(shell, "go test ./...").run()?)
            });
        }
    }
    // Last, so that its closing line is the last that is seen.
    sections.section("the whole", || {
        let tests = cargo(shell).args(["test", "--package", "loadgate-tests", "--"]).args(filter);
        Ok(built(tests).run()?)
    });
    sections.end()
}

/// Speed; see `tests/bench`.
pub fn bench(shell: &Shell, arguments: &[String]) -> Result<()> {
    setup::packages(shell)?;
    build::everything(shell)?;
    build::npm_ci(shell, "tests/browser")?;
    let bench = cargo(shell).args(["run", "--quiet", "--package", "loadgate-bench", "--"]).args(arguments);
    Ok(built(bench).run()?)
}

/// Tells a program where what we built is.
fn built(command: Cmd<'_>) -> Cmd<'_> {
    command.env("LOADGATE_BIN", target().join("debug/loadgate")).env("LOADGATE_K6", products().join("k6"))
}

/// What the tests need beyond Rust. One sentence names everything that is missing and cannot be
/// installed from here.
fn prerequisites(shell: &Shell) -> Result<()> {
    let missing: Vec<&str> = [
        (found(shell, "node") && found(shell, "npm"), "Node 20 or newer (https://nodejs.org/)"),
        (build::found_go(shell), "Go 1.26 or newer (https://go.dev/dl/)"),
    ]
    .into_iter()
    .filter_map(|(there, what)| (!there).then_some(what))
    .collect();
    ensure!(missing.is_empty(), "the tests need {}", missing.join(" and "));
    setup::packages(shell)?;
    setup::java(shell)
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
