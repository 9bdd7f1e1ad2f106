//! From sources to one program: pages, components, the precompiled pair, the host that holds it.

use crate::setup;
use crate::stamp::unless_done;
use crate::workspace::{cargo, found, products, root, target};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use xshell::{Shell, cmd};

/// The two components as cargo leaves them; `spin.toml` names the same files.
pub struct Components {
    pub web: PathBuf,
    pub aggregator: PathBuf,
}

/// What the components are made of.
const SOURCES: [&str; 11] = [
    "comparison",
    "components",
    "documents",
    "findings",
    "gate",
    "journal",
    "lifecycle",
    "report",
    "src",
    "wires",
    "wit",
];

/// Pages and components: all that `spin up` needs.
pub fn components(shell: &Shell) -> Result<Components> {
    setup::toolchain(shell)?;
    pages(shell)?;
    let built = products().join("wasm32-wasip2/release");
    let components = Components {
        web: built.join("loadgate_web.wasm"),
        aggregator: built.join("loadgate_aggregator.wasm"),
    };
    let settings = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", ".cargo"];
    let inputs: Vec<PathBuf> = settings.iter().chain(&SOURCES).map(|name| root().join(name)).collect();
    let outputs = [components.web.clone(), components.aggregator.clone()];
    unless_done(&stamp("components"), &inputs, &outputs, || {
        let build = cargo(shell).args(["build", "--release", "--target", "wasm32-wasip2", "--target-dir"]);
        let build = build.arg(products());
        Ok(build.args(["--package", "loadgate-aggregator", "--package", "loadgate-web"]).run()?)
    })?;
    Ok(components)
}

/// Everything; gives the path of the host.
pub fn everything(shell: &Shell) -> Result<PathBuf> {
    let components = components(shell)?;
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
        host(shell, "loadgate-precompile")?;
        let fresh = folder.join("loadgate.cwasm.new");
        let precompile = target().join("debug/loadgate-precompile");
        let Components { web, aggregator } = &components;
        cmd!(shell, "{precompile} {web} {aggregator} {fresh}").run()?;
        // The host is linked again only when the bytes differ.
        if fs::read(&fresh)? == fs::read(&precompiled).unwrap_or_default() {
            return Ok(fs::remove_file(&fresh)?);
        }
        fs::rename(&fresh, &precompiled).context("putting the precompiled components in place")
    })?;
    host(shell, "loadgate")?;
    Ok(target().join("debug/loadgate"))
}

fn host(shell: &Shell, binary: &str) -> Result<()> {
    Ok(cargo(shell).args(["build", "--package", "loadgate-host", "--bin", binary]).run()?)
}

/// The pages, from `static/`, with the libraries that npm brings.
fn pages(shell: &Shell) -> Result<()> {
    ensure!(
        found(shell, "node") && found(shell, "npm"),
        "the pages need Node 20 or newer: https://nodejs.org/"
    );
    let folder = root().join("static");
    let lock = folder.join("package-lock.json");
    npm_ci(shell, "static")?;
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
        let built = products().join("static");
        Ok(cmd!(shell, "node static/build.mjs {built}").run()?)
    })?;
    Ok(())
}

/// `npm ci` in a folder of the repository, when its lock file changed.
pub fn npm_ci(shell: &Shell, folder: &str) -> Result<()> {
    let path = root().join(folder);
    let inputs = ["package.json", "package-lock.json"].map(|name| path.join(name));
    // In node_modules: whoever deletes that deletes the stamp.
    let stamp = path.join("node_modules/.loadgate-stamp");
    unless_done(&stamp, &inputs, &[], || {
        let _there = shell.push_dir(&path);
        Ok(cmd!(shell, "npm ci --no-audit --no-fund --loglevel=error").run()?)
    })?;
    Ok(())
}

/// The stock k6, built once from its Go module.
pub fn k6(shell: &Shell) -> Result<PathBuf> {
    go_program(shell, "k6")
}

/// A program of `tests`, of its folder's name.
fn go_program(shell: &Shell, name: &str) -> Result<PathBuf> {
    let binary = products().join(name);
    let folder = root().join("tests").join(name);
    unless_done(&stamp(name), std::slice::from_ref(&folder), std::slice::from_ref(&binary), || {
        ensure!(found_go(shell), "the tests build {name}, which needs Go 1.26 or newer: https://go.dev/dl/");
        let _there = shell.push_dir(&folder);
        Ok(cmd!(shell, "go build -trimpath -o {binary} .").run()?)
    })?;
    Ok(binary)
}

/// Prometheus's remote write, built once from its Go module.
pub fn remote_write(shell: &Shell) -> Result<PathBuf> {
    go_program(shell, "remote-write")
}

/// Apache JMeter from its published artifacts, laid out as its own archive is.
pub fn jmeter(shell: &Shell) -> Result<PathBuf> {
    let home = artifacts(shell, "jmeter", "bin/ApacheJMeter.jar")?;
    // It looks there whether there is anything or not.
    fs::create_dir_all(home.join("lib/junit"))?;
    Ok(home)
}

/// Micrometer's Dynatrace registry from its published artifacts.
pub fn micrometer(shell: &Shell) -> Result<PathBuf> {
    artifacts(shell, "micrometer", "lib")
}

/// What Maven brings as a folder of `tests` says, with `product` in it.
fn artifacts(shell: &Shell, name: &str, product: &str) -> Result<PathBuf> {
    let home = products().join(name);
    let plan = root().join("tests").join(name).join("pom.xml");
    unless_done(&stamp(name), std::slice::from_ref(&plan), &[home.join(product)], || {
        Ok(cmd!(shell, "mvn --quiet --batch-mode --file {plan} package -Dhome={home}").run()?)
    })?;
    Ok(home)
}

/// `go` knows no `--version`.
pub fn found_go(shell: &Shell) -> bool {
    cmd!(shell, "go version").read().is_ok()
}

/// Builds, then becomes the server: Ctrl-C and the exit code are its own.
pub fn serve(shell: &Shell, arguments: &[String]) -> Result<()> {
    let server = everything(shell)?;
    become_program(cmd!(shell, "{server} serve {arguments...}").into())
}

#[cfg(unix)]
fn become_program(mut command: Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    Err(command.exec()).context("starting the server")
}

#[cfg(not(unix))]
fn become_program(mut command: Command) -> Result<()> {
    std::process::exit(command.status().context("starting the server")?.code().unwrap_or(1))
}

fn stamp(name: &str) -> PathBuf {
    products().join("stamps").join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Else a change of it would leave the components as they are.
    #[test]
    fn every_crate_but_those_beside_the_components_is_one_of_their_sources() {
        let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
        let members = manifest.lines().find_map(|line| line.strip_prefix("members = ")).unwrap();
        let members = members.split('"').skip(1).step_by(2);
        let mut wanted: Vec<&str> = members.filter_map(|member| member.split('/').next()).collect();
        wanted.retain(|member| !["host", "tests", "xtask"].contains(member));
        wanted.extend(["src", "wit"]);
        wanted.sort_unstable();
        wanted.dedup();
        assert_eq!(wanted, SOURCES);
    }
}
