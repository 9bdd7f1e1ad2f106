//! k6's own arguments, as far as they must be understood.

use crate::cli::stem;
use anyhow::{Context, Result, bail};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// `k6 run …`.
pub struct Run {
    /// Behind `run`.
    arguments: Vec<OsString>,
    script: Option<PathBuf>,
}

/// Endings of what k6 runs; an archive is a `.tar`.
const SCRIPTS: [&str; 5] = ["js", "mjs", "cjs", "ts", "tar"];

/// Options of `run` that `inspect` knows too, and that may change what the script says.
const SHARED: [&str; 3] = ["--env", "-e", "--compatibility-mode"];
const SHARED_SWITCHES: [&str; 1] = ["--include-system-env-vars"];

impl Run {
    /// Takes what stands behind `k6`; `None` unless that is `run`.
    pub fn parse(words: &[OsString]) -> Option<Self> {
        let (first, arguments) = words.split_first()?;
        (first == "run").then(|| Run { arguments: arguments.to_vec(), script: script(arguments) })
    }

    /// The test that is named after the script.
    pub fn test(&self) -> String {
        self.script.as_deref().map_or_else(|| "k6".to_owned(), stem)
    }

    /// The script's text, where it is a file that holds one; an archive's is packed.
    pub fn source(&self) -> Option<&Path> {
        self.script.as_deref().filter(|path| path.extension().is_some_and(|ending| ending != "tar"))
    }

    /// The arguments with one more output, before the person's own.
    pub fn with_output(&self, pipe: &Path) -> Vec<OsString> {
        let mut output = OsString::from("json=");
        output.push(pipe);
        let mut words = vec!["run".into(), "--out".into(), output];
        words.extend(self.arguments.iter().cloned());
        words
    }

    /// The script's options as k6 understands them; `None` when the script is stdin, which can be
    /// read but once.
    pub fn inspect(&self, k6: &OsStr) -> Result<Option<Vec<u8>>> {
        let Some(script) = &self.script else { return Ok(None) };
        let output = Command::new(k6)
            .args(["inspect", "--execution-requirements"])
            .args(self.shared())
            .arg(script)
            .stdin(Stdio::null())
            .output()
            .context("k6 cannot be started")?;
        if !output.status.success() {
            let reason = String::from_utf8_lossy(&output.stderr);
            bail!("`k6 inspect` failed: {}", reason.trim().lines().last().unwrap_or_default());
        }
        Ok(Some(output.stdout))
    }

    fn shared(&self) -> Vec<OsString> {
        let mut shared = Vec::new();
        let mut words = self.arguments.iter();
        while let Some(word) = words.next() {
            let text = word.to_string_lossy();
            if SHARED.contains(&text.as_ref()) {
                shared.push(word.clone());
                shared.extend(words.next().cloned());
            } else if SHARED_SWITCHES.contains(&text.as_ref())
                || SHARED.iter().any(|name| {
                    text.strip_prefix(name).is_some_and(|rest| {
                        rest.starts_with('=') || (!name.starts_with("--") && !rest.is_empty())
                    })
                })
            {
                shared.push(word.clone());
            }
        }
        shared
    }
}

/// The script: what has a script's ending, the last of several, for it usually ends the line; a
/// value of an option seldom looks like that.
fn script(arguments: &[OsString]) -> Option<PathBuf> {
    let ending = |word: &&OsString| {
        let path = Path::new(word);
        path.extension().is_some_and(|ending| SCRIPTS.iter().any(|script| ending == *script))
            && !word.to_string_lossy().starts_with('-')
            && !word.to_string_lossy().contains('=')
    };
    let candidates = || arguments.iter().filter(ending);
    candidates()
        .rfind(|word| Path::new(word).is_file())
        .or_else(|| candidates().next_back())
        .map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    fn parse(line: &str) -> Run {
        Run::parse(&words(line)).unwrap()
    }

    #[test]
    fn every_argument_is_passed_on_behind_our_output() {
        let run = parse("run -u 5 --out csv=a.csv shop.js -- x");
        let wanted = words("run --out json=/tmp/p -u 5 --out csv=a.csv shop.js -- x");
        assert_eq!(run.with_output(Path::new("/tmp/p")), wanted);
    }

    #[test]
    fn the_script_is_found_among_options() {
        for (line, test) in [
            ("run shop.js", "shop"),
            ("run -e SCRIPT=other.js tests/cart.ts --vus 5", "cart"),
            ("run --config k6.json --summary-export s.json a/b/cart.js", "cart"),
            ("run archive.tar", "archive"),
            ("run -", "k6"),
        ] {
            assert_eq!(parse(line).test(), test, "{line}");
        }
        assert!(Run::parse(&words("cloud shop.js")).is_none());
    }

    #[test]
    fn what_changes_the_options_reaches_inspect_too() {
        let run = parse("run -e A=1 --env=B=2 -eC=3 --vus 5 --include-system-env-vars --tag e=1 s.js");
        assert_eq!(run.shared(), words("-e A=1 --env=B=2 -eC=3 --include-system-env-vars"));
    }
}
