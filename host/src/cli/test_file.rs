//! What commands have in common that put a test's file and show it again.

use super::{Target, stem};
use anyhow::{Context, Result, bail};
use std::io::Read as _;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(super) struct PutArguments {
    /// The file; - is stdin
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The test's name [default: the file's]
    #[arg(long)]
    test: Option<String>,
    #[command(flatten)]
    pub target: Target,
}

impl PutArguments {
    pub(super) fn test(&self) -> Result<String> {
        match (&self.test, is_stdin(&self.file)) {
            (Some(test), _) => Ok(test.clone()),
            (None, false) => Ok(stem(&self.file)),
            (None, true) => bail!("stdin has no name: say which test with --test"),
        }
    }
}

#[derive(Debug, clap::Args)]
pub(super) struct TestArguments {
    #[arg(value_name = "TEST")]
    pub test: String,
    #[command(flatten)]
    pub target: Target,
}

/// A file's bytes, or those of stdin.
pub(super) fn read(file: &Path) -> Result<Vec<u8>> {
    if is_stdin(file) {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).context("stdin cannot be read")?;
        return Ok(bytes);
    }
    std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}
