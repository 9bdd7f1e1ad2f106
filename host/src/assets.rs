//! The pages that the web component serves: embedded in the binary, unpacked at start.

use anyhow::{Context, Result};
use include_dir::Dir;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder that is mounted for the component at `/`, as Spin does it.
pub(crate) enum Assets {
    /// Unpacked from the binary, removed when this is dropped.
    Unpacked(TempDir),
    /// A folder of somebody else: for development.
    Folder(PathBuf),
}

impl Assets {
    /// Writes the embedded files to a new temporary folder.
    pub(crate) fn unpack(embedded: &Dir) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("loadgate-")
            .tempdir()
            .context("cannot make a temporary folder for the pages")?;
        embedded.extract(folder.path()).context("cannot write the pages to a temporary folder")?;
        Ok(Assets::Unpacked(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Assets::Unpacked(folder) => folder.path(),
            Assets::Folder(path) => path,
        }
    }
}
