//! From sources to one program: pages, components, the precompiled pair, the host that holds it.

use crate::setup;
use crate::stamp::unless_done;
use crate::workspace::{cargo, found, products, program, root, run, target};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::PathBuf;

/// The two components as cargo leaves them; `spin.toml` names the same files.
pub struct Components {
    pub web: PathBuf,
    pub aggregator: PathBuf,
}

/// Pages and components: all that `spin up` needs.
pub fn components() -> Result<Components> {
    setup::toolchain()?;
    pages()?;
    let built = products().join("wasm32-wasip2/release");
    let components = Components {
        web: built.join("loadgate_web.wasm"),
        aggregator: built.join("loadgate_aggregator.wasm"),
    };
    let settings = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", ".cargo"];
    let sources = ["src", "components", "documents", "gate", "journal", "lifecycle", "report", "wit"];
    let inputs: Vec<PathBuf> = settings.iter().chain(&sources).map(|name| root().join(name)).collect();
    let outputs = [components.web.clone(), components.aggregator.clone()];
    unless_done(&stamp("components"), &inputs, &outputs, || {
        run(cargo()
            .args(["build", "--release", "--target", "wasm32-wasip2", "--target-dir"])
            .arg(products())
            .args(["--package", "loadgate-aggregator", "--package", "loadgate-web"]))
    })?;
    Ok(components)
}

/// Everything; gives the path of the host.
pub fn everything() -> Result<PathBuf> {
    let components = components()?;
    let folder = products().join("components");
    fs::create_dir_all(&folder)?;
    let precompiled = folder.join("loadgate.cwasm");

    // The compiler is part of what the result depends on: the lock file names its version.
    let inputs = [
        components.web.clone(),
        components.aggregator.clone(),
        root().join("Cargo.lock"),
        root().join("host"),
    ];
    unless_done(&stamp("precompiled"), &inputs, std::slice::from_ref(&precompiled), || {
        host("loadgate-precompile")?;
        let fresh = folder.join("loadgate.cwasm.new");
        run(program(target().join("debug/loadgate-precompile")).args([
            &components.web,
            &components.aggregator,
            &fresh,
        ]))?;
        // The host is linked again only when the bytes differ.
        if fs::read(&fresh)? == fs::read(&precompiled).unwrap_or_default() {
            return Ok(fs::remove_file(&fresh)?);
        }
        fs::rename(&fresh, &precompiled).context("putting the precompiled components in place")
    })?;
    host("loadgate")?;
    Ok(target().join("debug/loadgate"))
}

fn host(binary: &str) -> Result<()> {
    run(cargo().args(["build", "--package", "loadgate-host", "--bin", binary]))
}

/// The pages, from `static/`, with the libraries that npm brings.
fn pages() -> Result<()> {
    ensure!(found("node") && found("npm"), "the pages need Node 20 or newer: https://nodejs.org/");
    let folder = root().join("static");
    let lock = folder.join("package-lock.json");
    npm_ci("static")?;
    // Data that the server and the pages read alike.
    let data = [
        "documents/src/dashboard/default.json",
        "documents/src/metric/aggregates.json",
        "report/src/codes.json",
        "report/src/metric-tables.json",
    ];
    let mut inputs = vec![folder, lock];
    inputs.extend(data.map(|file| root().join(file)));
    unless_done(&stamp("pages"), &inputs, &[products().join("static/ui/index.html")], || {
        run(program("node").arg("static/build.mjs").arg(products().join("static")))
    })?;
    Ok(())
}

/// `npm ci` in a folder of the repository, when its lock file changed.
pub fn npm_ci(folder: &str) -> Result<()> {
    let path = root().join(folder);
    let inputs = ["package.json", "package-lock.json"].map(|name| path.join(name));
    // In node_modules: whoever deletes that deletes the stamp.
    let stamp = path.join("node_modules/.loadgate-stamp");
    unless_done(&stamp, &inputs, &[], || {
        run(program("npm").args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&path))
    })?;
    Ok(())
}

/// The stock k6, built once from its Go module.
pub fn k6() -> Result<PathBuf> {
    let binary = products().join("k6");
    let folder = root().join("tests/k6");
    unless_done(&stamp("k6"), std::slice::from_ref(&folder), std::slice::from_ref(&binary), || {
        ensure!(found_go(), "the tests build k6, which needs Go 1.26 or newer: https://go.dev/dl/");
        run(program("go").args(["build", "-trimpath", "-o"]).arg(&binary).arg(".").current_dir(&folder))
    })?;
    Ok(binary)
}

/// `go` knows no `--version`.
pub fn found_go() -> bool {
    crate::workspace::output(program("go").arg("version")).is_ok()
}

/// Builds, then becomes the server: Ctrl-C and the exit code are its own.
pub fn serve(arguments: &[String]) -> Result<()> {
    let mut server = program(everything()?);
    server.arg("serve").args(arguments);
    become_program(server)
}

#[cfg(unix)]
fn become_program(mut command: std::process::Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    Err(command.exec()).context("starting the server")
}

#[cfg(not(unix))]
fn become_program(mut command: std::process::Command) -> Result<()> {
    std::process::exit(command.status().context("starting the server")?.code().unwrap_or(1))
}

fn stamp(name: &str) -> PathBuf {
    products().join("stamps").join(name)
}
