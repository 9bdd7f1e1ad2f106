//! Skips work whose inputs have not changed, where the tool itself is slow to notice.

use anyhow::{Context, Result};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Does `work` unless it was done for just these inputs (files or folders: names, sizes and times
/// of change) and every output still exists. The stamp is written only after success.
pub fn unless_done(
    stamp: &Path,
    inputs: &[PathBuf],
    outputs: &[PathBuf],
    work: impl FnOnce() -> Result<()>,
) -> Result<bool> {
    let now = fingerprint(inputs)?;
    let done = outputs.iter().all(|output| output.exists())
        && fs::read_to_string(stamp).is_ok_and(|before| before == now);
    if done {
        return Ok(false);
    }
    work()?;
    if let Some(folder) = stamp.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(stamp, now).with_context(|| format!("writing {}", stamp.display()))?;
    Ok(true)
}

fn fingerprint(inputs: &[PathBuf]) -> Result<String> {
    let mut text = String::new();
    for input in inputs {
        add(input, &mut text).with_context(|| format!("looking at {}", input.display()))?;
    }
    Ok(text)
}

fn add(path: &Path, text: &mut String) -> Result<()> {
    let Ok(about) = fs::metadata(path) else {
        writeln!(text, "{} absent", path.display())?;
        return Ok(());
    };
    if about.is_dir() {
        let mut entries = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        entries.sort();
        for entry in entries {
            if entry.file_name().is_none_or(|name| name != "node_modules") {
                add(&entry, text)?;
            }
        }
        return Ok(());
    }
    let changed = about.modified()?.duration_since(UNIX_EPOCH)?.as_nanos();
    writeln!(text, "{} {} {changed}", path.display(), about.len())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_again_only_when_an_input_changed_or_an_output_is_gone() {
        let folder = std::env::temp_dir().join(format!("loadgate-stamp-{}", std::process::id()));
        fs::create_dir_all(folder.join("in")).unwrap();
        fs::write(folder.join("in/a"), "1").unwrap();
        let output = folder.join("out");
        let mut times = 0;
        let mut go = || {
            unless_done(&folder.join("stamp"), &[folder.join("in")], std::slice::from_ref(&output), || {
                times += 1;
                Ok(fs::write(&output, "")?)
            })
            .unwrap();
            times
        };
        assert_eq!((go(), go()), (1, 1));
        fs::write(folder.join("in/b"), "").unwrap();
        assert_eq!((go(), go()), (2, 2), "a new file");
        fs::write(folder.join("in/a"), "22").unwrap();
        assert_eq!((go(), go()), (3, 3), "a changed file");
        fs::remove_file(folder.join("out")).unwrap();
        assert_eq!((go(), go()), (4, 4), "a lost output");
        fs::remove_dir_all(folder).unwrap();
    }
}
