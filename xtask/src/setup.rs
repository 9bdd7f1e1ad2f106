//! What a fresh machine lacks: installs it where that can be done, and says what cannot.

use crate::workspace::{cargo, found, output, products, program, root, run};
use anyhow::{Context, Result, bail};
use std::fs;
use std::process::Command;

/// The target of the components and the toolchain's parts. rustup may have been told to install nothing
/// by itself.
pub fn toolchain() -> Result<()> {
    let wanted = Wanted::read()?;
    if !found("rustup") {
        // A Rust from elsewhere: what is missing, the compiler will say.
        return Ok(());
    }
    let installed = |what: &str| {
        output(program("rustup").args([what, "list", "--installed", "--toolchain", &wanted.channel]))
    };
    for (what, names) in [("target", &wanted.targets), ("component", &wanted.components)] {
        for name in missing(names, &installed(what)?) {
            eprintln!("── installing Rust's {what} {name}");
            run(program("rustup").args([what, "add", "--toolchain", &wanted.channel, name]))
                .with_context(|| format!("Rust {} needs its {what} {name}", wanted.channel))?;
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
const PACKAGES: [(&str, &str); 4] =
    [("chromium", "chromium"), ("redis-server", "redis-server"), ("curl", "curl"), ("git", "git")];

/// Chromium, Redis and the like: from Debian's packages, as root, where they are missing.
pub fn packages() -> Result<()> {
    let missing: Vec<&str> =
        PACKAGES.iter().filter(|(name, _)| !found(name)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if !found("apt-get") {
        bail!("the tests need {names}, which this can install on Debian alone: install them, then try again");
    }
    eprintln!("── installing {names} (Debian packages, as root)");
    let installed = run(as_root("apt-get").args(["update", "-qq"])).and_then(|()| {
        run(as_root("apt-get")
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(&missing)
            .env("DEBIAN_FRONTEND", "noninteractive"))
    });
    installed.with_context(|| format!("the tests need {names}; try `apt-get install {names}` as root"))
}

fn as_root(name: &str) -> Command {
    let root = output(program("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if root {
        return program(name);
    }
    let mut command = program("sudo");
    command.arg(name);
    command
}

/// The checker of licences. Unoptimised: it builds in a fraction of the time and reads a few manifests.
pub fn cargo_deny() -> Result<()> {
    if found("cargo-deny") {
        return Ok(());
    }
    eprintln!("── installing cargo-deny");
    let folder = products().join("cargo-deny");
    run(cargo()
        .args(["install", "--debug", "--locked", "--quiet", "cargo-deny", "--target-dir"])
        .arg(&folder))?;
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
