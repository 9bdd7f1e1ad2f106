//! `loadgate objectives`: the file of objectives that a test's runs are judged by.

use super::client::{Client, encoded};
use super::test_file::{self, PutArguments, TestArguments};
use super::{Embedded, say};
use anyhow::{Context, Result, bail};
use loadgate_gate::{Objectives, ObjectivesError};
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Put a file of objectives in force: YAML or JSON, also Keptn's slo.yaml
    Put(PutArguments),
    /// Print a test's objectives, as they were put
    Get(TestArguments),
    /// Remove them: then the script's thresholds alone decide
    Remove(TestArguments),
    /// Draft a file of objectives from a test's last runs
    Suggest(TestArguments),
}

/// A file that can be put: its text, and what it says.
pub(super) struct Checked {
    pub text: String,
    pub objectives: Objectives,
}

pub(super) fn run(arguments: &Arguments, embedded: Embedded) -> Result<ExitCode> {
    match &arguments.what {
        What::Put(put) => {
            let test = put.test()?;
            let checked = read(&put.file)?;
            let place = put.target.open_quietly(embedded)?;
            let done = self::put(&place.client, &test, &checked.text);
            place.close();
            done?;
            let count = checked.objectives.objectives.len();
            say(&format!("{test} is judged by {count} objective{}", if count == 1 { "" } else { "s" }));
        }
        What::Get(one) => print(&ask(one, "GET", "objectives", embedded)?)?,
        What::Suggest(one) => print(&ask(one, "GET", "objectives/suggestion", embedded)?)?,
        What::Remove(one) => {
            ask(one, "DELETE", "objectives", embedded)?;
            say(&format!("{} has no objectives of its own any more", one.test));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads a file as the server will; an error names the place in it.
pub(super) fn read(file: &Path) -> Result<Checked> {
    let text = String::from_utf8(test_file::read(file)?)
        .with_context(|| format!("cannot read {}", file.display()))?;
    match Objectives::read(&text) {
        Ok(objectives) => Ok(Checked { text, objectives }),
        Err(ObjectivesError::Wrong { line, column, reason }) => {
            bail!("{}:{line}:{column}: {reason}", file.display())
        }
        Err(error) => bail!("{}: {error}", file.display()),
    }
}

/// Puts a text in force.
pub(super) fn put(client: &Client, test: &str, text: &str) -> Result<()> {
    let yaml = [("content-type", "application/yaml")];
    client.send("PUT", &path(test, "objectives"), &yaml, text.as_bytes())?.success().map(drop)
}

/// Those in force; `None`: the test has none of its own.
pub(super) fn of(client: &Client, test: &str) -> Result<Option<Objectives>> {
    let answer = client.send("GET", &path(test, "objectives"), &[], &[])?;
    if answer.status == 404 {
        return Ok(None);
    }
    let text = answer.success()?;
    let objectives = Objectives::read(&String::from_utf8_lossy(&text));
    objectives.map(Some).context("the test's objectives cannot be read")
}

fn path(test: &str, what: &str) -> String {
    format!("/tests/{}/{what}", encoded(test))
}

fn ask(one: &TestArguments, method: &str, what: &str, embedded: Embedded) -> Result<Vec<u8>> {
    let place = one.target.open_quietly(embedded)?;
    let answer = place.client.send(method, &path(&one.test, what), &[], &[]);
    place.close();
    answer?.success()
}

fn print(text: &[u8]) -> Result<()> {
    std::io::stdout().lock().write_all(text).context("stdout takes no more")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn read_text(name: &str, text: &str) -> (PathBuf, Result<Checked>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        (file.clone(), read(&file))
    }

    #[test]
    fn what_is_wrong_in_a_file_is_said_with_its_place() {
        let (file, found) =
            read_text("shop.yaml", "objectives:\n  - name: a\n    expression: checks rate\n    pass: fast\n");
        let said = found.err().unwrap().to_string();
        assert!(said.starts_with(&format!("{}:4:", file.display())), "{said}");
        assert!(read(Path::new("/none/shop.yaml")).err().unwrap().to_string().contains("/none/shop.yaml"));
    }

    #[test]
    fn a_file_is_sent_as_it_was_written() {
        let text = "# ours\nobjectives:\n  - { name: a, expression: checks rate, pass: '> 0.9' }\n";
        let checked = read_text("shop.yaml", text).1.unwrap();
        assert_eq!((checked.text.as_str(), checked.objectives.objectives.len()), (text, 1));
    }
}
