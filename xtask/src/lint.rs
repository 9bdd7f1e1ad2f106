//! Formatting, lints, licences and tidiness.

use crate::workspace::{cargo, root};
use crate::{build, setup, tidy};
use anyhow::{Result, ensure};
use xshell::{Shell, cmd};

/// Components for the target that they are built for, everything else for this machine.
const COMPONENTS: &str = "--package loadgate-aggregator --package loadgate-web";

pub fn everything(shell: &Shell) -> Result<()> {
    let cargo = |arguments: &str| Ok(cargo(shell).args(arguments.split(' ')).run()?);
    step("tidiness", || tidy::check(shell))?;
    step("rustfmt", || cargo("fmt --all --check"))?;
    // Pages and components first: the host's build script looks for them.
    let components = build::components(shell)?;
    drop(components);
    step("clippy, components", || {
        cargo(&format!("clippy --release --target wasm32-wasip2 {COMPONENTS} -- --deny warnings"))
    })?;
    step("clippy, the rest", || {
        cargo(
            "clippy --workspace --all-targets --exclude loadgate-aggregator --exclude loadgate-web -- --deny warnings",
        )
    })?;
    for module in ["k6", "tests/k6", "tests/remote-write"]
        .into_iter()
        .filter(|module| root().join(module).join("go.mod").exists())
    {
        step("gofmt and go vet", || go(shell, module))?;
    }
    step("ESLint, types and Prettier", || {
        cmd!(shell, "npm run --silent --prefix static lint").run()?;
        // Prettier reads the pattern itself.
        let scripts = "tests/{browser,receiver,opentelemetry}/*.{mjs,json}";
        let prettier = cmd!(shell, "static/node_modules/.bin/prettier --config static/.prettierrc.json");
        Ok(prettier.args(["--check", scripts]).run()?)
    })?;
    setup::cargo_deny(shell)?;
    step("cargo deny", || cargo("deny --log-level error check bans licenses sources"))
}

fn go(shell: &Shell, module: &str) -> Result<()> {
    let _there = shell.push_dir(module);
    let unformatted = cmd!(shell, "gofmt -l .").read()?;
    ensure!(unformatted.is_empty(), "gofmt would change: {}", unformatted.replace('\n', " "));
    Ok(cmd!(shell, "go vet ./...").run()?)
}

fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    eprintln!("── {name}");
    work()
}
