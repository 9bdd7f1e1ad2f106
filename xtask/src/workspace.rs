//! Where things are, and how programs are run.

use anyhow::Result;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use xshell::{Cmd, Shell, cmd};

/// The repository.
pub fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        // As cargo says it now: checkouts that share a target folder share this binary, too.
        let here =
            std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let here = Path::new(&here);
        here.parent().unwrap_or(here).to_owned()
    })
}

/// Where other parts of the build, and `spin.toml`, look for what the build makes besides the host:
/// pages, components, k6. It stands there whatever cargo was told of its own folder.
pub fn products() -> PathBuf {
    root().join("target")
}

/// Where cargo builds the host to.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(elsewhere) => root().join(elsewhere),
        None => root().join("target"),
    }
}

/// Programs run in the repository, and are printed as they are run.
pub fn shell() -> Result<Shell> {
    let shell = Shell::new()?;
    shell.change_dir(root());
    Ok(shell)
}

/// The cargo that started us.
pub fn cargo(shell: &Shell) -> Cmd<'_> {
    let cargo = shell.cmd(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What cargo tells a program that it runs is about that program, not about what we build.
    let names = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    names
        .filter(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
        .fold(cargo, Cmd::env_remove)
}

/// True when a program of that name can be started.
pub fn found(shell: &Shell, name: &str) -> bool {
    let version = cmd!(shell, "{name} --version").quiet();
    version.ignore_stdout().ignore_stderr().ignore_status().run().is_ok()
}
