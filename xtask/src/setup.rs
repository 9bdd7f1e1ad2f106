//! What a fresh machine lacks: installs it where that can be done, and says what cannot.

use crate::workspace::{cargo, found, products, root};
use anyhow::{Context, Result, bail};
use std::fs;
use xshell::{Cmd, Shell, cmd};

/// The target of the components and the toolchain's parts. rustup may have been told to install nothing
/// by itself.
pub fn toolchain(shell: &Shell) -> Result<()> {
    let wanted = Wanted::read()?;
    if !found(shell, "rustup") {
        // A Rust from elsewhere: what is missing, the compiler will say.
        return Ok(());
    }
    let channel = &wanted.channel;
    for (what, names) in [("target", &wanted.targets), ("component", &wanted.components)] {
        let installed = cmd!(shell, "rustup {what} list --installed --toolchain {channel}").read()?;
        for name in missing(names, &installed) {
            eprintln!("── installing Rust's {what} {name}");
            cmd!(shell, "rustup {what} add --toolchain {channel} {name}")
                .run()
                .with_context(|| format!("Rust {channel} needs its {what} {name}"))?;
        }
    }
    Ok(())
}

/// Those of the names that a list of rustup's does not have; its components carry the host's name, too.
fn missing<'a>(names: &'a [String], list: &str) -> Vec<&'a str> {
    let has = |name: &str| {
        list.lines()
            .any(|line| line == name || line.strip_prefix(name).is_some_and(|rest| rest.starts_with('-')))
    };
    names.iter().map(String::as_str).filter(|name| !has(name)).collect()
}

/// `rust-toolchain.toml`.
#[derive(Debug, PartialEq)]
struct Wanted {
    channel: String,
    components: Vec<String>,
    targets: Vec<String>,
}

impl Wanted {
    fn read() -> Result<Self> {
        let text =
            fs::read_to_string(root().join("rust-toolchain.toml")).context("no rust-toolchain.toml")?;
        Wanted::parse(&text).context("rust-toolchain.toml names no channel")
    }

    fn parse(text: &str) -> Option<Self> {
        let value = |name: &str| -> Vec<String> {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('='));
            let quoted = line.unwrap_or_default().split('"').skip(1).step_by(2);
            quoted.map(str::to_owned).collect()
        };
        let channel = value("channel").pop()?;
        Some(Wanted { channel, components: value("components"), targets: value("targets") })
    }
}

/// Programs that the tests run, and the Debian packages that bring them.
const PACKAGES: [(&str, &str); 5] = [
    ("chromium", "chromium"),
    ("firefox-esr", "firefox-esr"),
    ("redis-server", "redis-server"),
    ("curl", "curl"),
    ("git", "git"),
];

/// What JMeter and Micrometer need beyond that: some 130 MB. A program in one file is compiled when it is run.
const JAVA: [(&str, &str); 2] = [("javac", "default-jdk-headless"), ("mvn", "maven")];

/// Browsers, Redis and the like: from Debian's packages, as root, where they are missing.
pub fn packages(shell: &Shell) -> Result<()> {
    install(shell, &PACKAGES)
}

/// Java, which runs JMeter and Micrometer, and Maven, which brings them.
pub fn java(shell: &Shell) -> Result<()> {
    install(shell, &JAVA)
}

fn install(shell: &Shell, packages: &[(&str, &'static str)]) -> Result<()> {
    let missing: Vec<&str> =
        packages.iter().filter(|(name, _)| !found(shell, name)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if !found(shell, "apt-get") {
        bail!("the tests need {names}, which this can install on Debian alone: install them, then try again");
    }
    eprintln!("── installing {names} (Debian packages, as root)");
    let installed = as_root(shell, "apt-get").args(["update", "-qq"]).run().and_then(|()| {
        let install = as_root(shell, "apt-get").args(["install", "-y", "-qq", "--no-install-recommends"]);
        install.args(&missing).env("DEBIAN_FRONTEND", "noninteractive").run()
    });
    installed.with_context(|| format!("the tests need {names}; try `apt-get install {names}` as root"))
}

fn as_root<'a>(shell: &'a Shell, name: &str) -> Cmd<'a> {
    match cmd!(shell, "id -u").read() {
        Ok(id) if id == "0" => shell.cmd(name),
        _ => cmd!(shell, "sudo {name}"),
    }
}

/// The checker of licences. Unoptimised: it builds in a fraction of the time and reads a few manifests.
pub fn cargo_deny(shell: &Shell) -> Result<()> {
    if found(shell, "cargo-deny") {
        return Ok(());
    }
    eprintln!("── installing cargo-deny");
    let folder = products().join("cargo-deny");
    let install =
        cargo(shell).args(["install", "--debug", "--locked", "--quiet", "cargo-deny", "--target-dir"]);
    install.arg(&folder).run()?;
    fs::remove_dir_all(folder).context("cleaning up behind cargo-deny")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_known_from_rustups_lists() {
        let wanted = Wanted::parse(
            "[toolchain]\nchannel = \"1.95.0\"\ncomponents = [\"rustfmt\", \"clippy\"]\ntargets = [\"wasm32-wasip2\"]\n",
        )
        .unwrap();
        assert_eq!((wanted.channel.as_str(), wanted.targets.len()), ("1.95.0", 1));
        assert_eq!(missing(&wanted.targets, "x86_64-unknown-linux-gnu\n"), ["wasm32-wasip2"]);
        assert!(missing(&wanted.targets, "wasm32-wasip2\nx86_64-unknown-linux-gnu\n").is_empty());
        let list = "cargo-x86_64-unknown-linux-gnu\nrustfmt-x86_64-unknown-linux-gnu\n";
        assert_eq!(missing(&wanted.components, list), ["clippy"]);
        assert_eq!(Wanted::parse("[toolchain]\n"), None);
        assert!(Wanted::read().is_ok());
    }
}
