//! Formatting, lints, licences and tidiness.

use crate::workspace::{cargo, output, program, root, run};
use crate::{build, setup, tidy};
use anyhow::{Result, ensure};
use std::path::Path;

/// Components for the target that they are built for, everything else for this machine.
const COMPONENTS: [&str; 4] = ["--package", "loadgate-aggregator", "--package", "loadgate-web"];

pub fn everything() -> Result<()> {
    step("tidiness", tidy::check)?;
    step("rustfmt", || run(cargo().args(["fmt", "--all", "--check"])))?;
    // Pages and components first: the host's build script looks for them.
    let components = build::components()?;
    drop(components);
    step("clippy, components", || {
        run(cargo()
            .args(["clippy", "--release", "--target", "wasm32-wasip2"])
            .args(COMPONENTS)
            .args(["--", "--deny", "warnings"]))
    })?;
    step("clippy, the rest", || {
        run(cargo()
            .args(["clippy", "--workspace", "--all-targets"])
            .args(["--exclude", "loadgate-aggregator", "--exclude", "loadgate-web"])
            .args(["--", "--deny", "warnings"]))
    })?;
    for module in ["k6", "tests/k6"].map(|path| root().join(path)) {
        if module.join("go.mod").exists() {
            step("gofmt and go vet", || go(&module))?;
        }
    }
    step("ESLint, types and Prettier", || {
        run(program("npm").args(["run", "--silent", "lint"]).current_dir(root().join("static")))?;
        run(program(root().join("static/node_modules/.bin/prettier")).args([
            "--config",
            "static/.prettierrc.json",
            "--check",
            "tests/browser/*.{mjs,json}",
        ]))
    })?;
    setup::cargo_deny()?;
    step("cargo deny", || {
        run(cargo().args(["deny", "--log-level", "error", "check", "bans", "licenses", "sources"]))
    })?;
    Ok(())
}

fn go(module: &Path) -> Result<()> {
    let unformatted = output(program("gofmt").args(["-l", "."]).current_dir(module))?;
    ensure!(unformatted.is_empty(), "gofmt would change: {}", unformatted.replace('\n', " "));
    run(program("go").args(["vet", "./..."]).current_dir(module))
}

fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    eprintln!("── {name}");
    work()
}
