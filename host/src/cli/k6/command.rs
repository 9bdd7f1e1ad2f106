//! k6's own arguments, as far as they must be understood.

use crate::cli::stem;
use anyhow::{Context, Result, bail};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// `k6 run …`.
pub(super) struct Run {
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
    pub(super) fn parse(words: &[OsString]) -> Option<Self> {
        let (first, arguments) = words.split_first()?;
        (first == "run").then(|| Run { arguments: arguments.to_vec(), script: script(arguments) })
    }

    /// The test that is named after the script.
    pub(super) fn test(&self) -> String {
        self.script.as_deref().map_or_else(|| "k6".to_owned(), stem)
    }

    /// The script's text, where it is a file that holds one; an archive's is packed.
    pub(super) fn source(&self) -> Option<&Path> {
        self.script.as_deref().filter(|path| path.extension().is_some_and(|ending| ending != "tar"))
    }

    /// The arguments with one more output, before the person's own. `others` are outputs that k6 would
    /// have written to if none were given here.
    pub(super) fn with_output(&self, pipe: &Path, others: &[String]) -> Vec<OsString> {
        let mut output = OsString::from("json=");
        output.push(pipe);
        let mut words = vec!["run".into(), "--out".into(), output];
        for other in others {
            words.extend(["--out".into(), other.into()]);
        }
        words.extend(self.arguments.iter().cloned());
        words
    }

    /// The outputs that k6's environment or configuration file names. k6 heeds them only where its
    /// command line names none, which ours always does.
    pub(super) fn other_outputs(&self) -> Vec<String> {
        if self.option(&["--out", "-o"]).is_some() {
            return Vec::new();
        }
        if let Some(list) = std::env::var("K6_OUT").ok().filter(|list| !list.is_empty()) {
            return list.split(',').map(str::to_owned).collect();
        }
        let file = self.option(&["--config", "-c"]).map(PathBuf::from).or_else(default_config);
        file.and_then(|file| std::fs::read(file).ok()).map_or_else(Vec::new, |text| configured(&text))
    }

    /// The value of an option, in any way that k6 reads one.
    fn option(&self, names: &[&str]) -> Option<String> {
        let mut words = self.arguments.iter().map(|word| word.to_string_lossy());
        while let Some(word) = words.next() {
            for name in names {
                if word == *name {
                    return words.next().map(|value| value.into_owned());
                }
                let Some(rest) = word.strip_prefix(name) else { continue };
                if let Some(value) = rest.strip_prefix('=') {
                    return Some(value.to_owned());
                }
                if !name.starts_with("--") && !rest.is_empty() {
                    return Some(rest.to_owned());
                }
            }
        }
        None
    }

    /// The script's options as k6 understands them; `None` when the script is stdin, which can be
    /// read but once.
    pub(super) fn inspect(&self, k6: &OsStr) -> Result<Option<Vec<u8>>> {
        let Some(script) = &self.script else { return Ok(None) };
        let inspect = |more: &[&str]| {
            let mut command = Command::new(k6);
            command.arg("inspect").args(more).args(self.shared()).arg(script).stdin(Stdio::null());
            command.output().context("k6 cannot be started")
        };
        let mut output = inspect(&["--execution-requirements"])?;
        if !output.status.success() {
            // It wants a plan that is whole without the command line; thresholds need none.
            output = inspect(&[])?;
        }
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

/// Where k6 looks for its configuration.
fn default_config() -> Option<PathBuf> {
    if let Some(file) = std::env::var_os("K6_CONFIG").filter(|file| !file.is_empty()) {
        return Some(file.into());
    }
    let home = std::env::var_os("HOME").map(PathBuf::from)?;
    let folder = std::env::var_os("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
    ["k6/config.json", "loadimpact/k6/config.json"]
        .into_iter()
        .map(|file| folder.join(file))
        .find(|file| file.is_file())
}

/// The outputs that a configuration file names; k6 says what is wrong with one that cannot be read.
fn configured(text: &[u8]) -> Vec<String> {
    #[derive(serde::Deserialize)]
    struct Config {
        #[serde(default)]
        out: Vec<String>,
    }
    serde_json::from_slice::<Config>(text).map(|config| config.out).unwrap_or_default()
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
        assert_eq!(run.with_output(Path::new("/tmp/p"), &[]), wanted);
    }

    #[test]
    fn outputs_that_k6_would_have_used_stand_beside_ours() {
        let run = parse("run shop.js");
        let wanted = words("run --out json=/tmp/p --out csv=o.csv --out influxdb shop.js");
        let others = ["csv=o.csv".to_owned(), "influxdb".to_owned()];
        assert_eq!(run.with_output(Path::new("/tmp/p"), &others), wanted);
        assert_eq!(
            configured(br#"{"out":["csv=o.csv","influxdb"],"collectors":{"influxdb":{}},"vus":3}"#),
            others
        );
        assert!(configured(b"no JSON").is_empty());
        for line in ["run -o csv shop.js", "run --out=csv shop.js", "run -ocsv shop.js"] {
            assert_eq!(parse(line).option(&["--out", "-o"]).as_deref(), Some("csv"), "{line}");
            assert!(parse(line).other_outputs().is_empty(), "{line}");
        }
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
