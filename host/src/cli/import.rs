//! `loadgate import`: saved results into a run of their own.

use super::client::{Client, LineError, Receipt, encoded};
use super::foreign::{self, AsLines, SharedRefused};
use super::merge::{self, Merged};
use super::upload::{BATCH_BYTES, Failure, Upload, source};
use super::{Embedded, Target, say, stem, summary};
use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use loadgate_wires::files::{Format, k6_summary};
use serde::Deserialize;
use std::io::{BufRead, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// A server may restart while an import runs.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Results of k6 (JSON, CSV, summary), JMeter (JTL) and other tools, found out by looking; also gzipped; several
    /// are merged by time; - is stdin
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The test they are of [default: the name of the first file]
    #[arg(long)]
    test: Option<String>,
    /// A name for the run [default: i1, i2, …]
    #[arg(long, value_name = "NAME")]
    run: Option<String>,
    /// What `k6 inspect SCRIPT` printed: the only place where the limits of submetrics stand
    #[arg(long, value_name = "FILE")]
    options: Option<PathBuf>,
    /// k6's summary as JSON (--summary-export, or what handleSummary gets): limits and types
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
    #[command(flatten)]
    target: Target,
}

pub(super) fn run(arguments: Arguments, embedded: Embedded) -> Result<ExitCode> {
    let test = arguments.test.unwrap_or_else(|| match arguments.files[0].to_str() {
        Some("-") => "k6".to_owned(),
        _ => stem(&arguments.files[0]),
    });
    let declared = declarations(arguments.options.as_deref(), arguments.summary.as_deref())?;
    let place = arguments.target.open_quietly(embedded)?;
    let imported = import(&place.client, &arguments.files, &test, arguments.run.as_deref(), &declared);
    if let (Some(_), Ok(Imported { run: Some(run), .. })) = (&place.own, &imported) {
        // Nobody else would see it to its end.
        place.client.settle(run);
    }
    let result = imported.map(|imported| {
        let url = place.own.is_none().then(|| place.client.url().to_owned());
        print(&imported, url.as_deref());
        if imported.receipt.accepted > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    });
    place.close();
    result
}

/// What is declared of a test: where it goes, and the document.
type Declared = (&'static str, Vec<u8>);

/// What the files beside the samples declare. k6's samples do not tell all limits. A summary among the files is not
/// asked here: whoever reads it takes over its limits.
fn declarations(options: Option<&Path>, summary: Option<&Path>) -> Result<Vec<Declared>> {
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let mut declared = Vec::new();
    if let Some(path) = options {
        declared.push(("options", read(path)?));
    }
    if let Some(path) = summary {
        let said = summary::read(&read(path)?)
            .with_context(|| format!("{} is not a summary of k6", path.display()))?;
        declared.push(("metrics", serde_json::Value::Object(said.metrics).to_string().into_bytes()));
        match said.thresholds {
            // The options have the same limits, and more.
            _ if options.is_some() => {}
            Some(thresholds) => {
                let document = serde_json::json!({ "thresholds": thresholds });
                declared.push(("options", document.to_string().into_bytes()));
            }
            None => eprintln!(
                "loadgate: {} has types but no limits: give what `k6 inspect SCRIPT` prints with --options",
                path.display()
            ),
        }
    }
    Ok(declared)
}

/// What an import came to.
pub(super) struct Imported {
    pub receipt: Receipt,
    /// The run's id; absent when nothing was accepted.
    pub run: Option<String>,
    /// What other tools' files were taken for, one sentence each.
    taken: Vec<String>,
}

fn declare(client: &Client, test: &str, declared: &[Declared]) -> Result<()> {
    for (what, document) in declared {
        let told = client.put(&format!("/tests/{}/{what}", encoded(test)), document);
        told.with_context(|| format!("the {what} were not taken"))?;
    }
    Ok(())
}

/// Sends the files as one import and finishes its run.
pub(super) fn import(
    client: &Client,
    files: &[PathBuf],
    test: &str,
    name: Option<&str>,
    declared: &[Declared],
) -> Result<Imported> {
    let progress = Arc::new(AtomicU64::new(0));
    let inputs = Inputs::open(files, &progress)?;
    declare(client, test, declared)?;
    let bar = bar(files);
    let mut merged = Merged::new(inputs.samples)?;
    let name = match name {
        Some(name) => name.to_owned(),
        None => new_import(client, test)?,
    };
    let mut upload = Upload::new(client.clone(), source(), test, Some(&name), true);

    // Reading and unpacking go on while a batch is under way.
    let (batches, received) = mpsc::sync_channel::<Vec<u8>>(2);
    let reading = std::thread::spawn(move || -> Result<()> {
        loop {
            let mut batch = Vec::with_capacity(BATCH_BYTES + 4096);
            let more = merged.fill(&mut batch, BATCH_BYTES)?;
            // Nobody receives any more: the upload failed, and says so itself.
            if (!batch.is_empty() && batches.send(batch).is_err()) || !more {
                return Ok(());
            }
        }
    });
    let mut refusal = None;
    for batch in received {
        bar.set_position(progress.load(Ordering::Relaxed));
        let deadline = Instant::now() + PATIENCE;
        match upload.send(&batch, || deadline) {
            Ok(()) => {}
            Err(Failure::Refused(why) | Failure::Unreachable(why)) => {
                refusal = Some(why);
                break;
            }
        }
    }
    bar.finish_and_clear();
    match reading.join() {
        Ok(read) => read.context("the import ended early")?,
        Err(panic) => std::panic::resume_unwind(panic),
    }
    let mut receipt = upload.total;
    for document in inputs.summed_up {
        add(&mut receipt, send_whole(client, test, &name, &document)?);
        // It may have told limits of its own: those that were given beside it hold.
        declare(client, test, declared)?;
    }
    let refused = std::mem::take(&mut *inputs.refused.lock().unwrap_or_else(PoisonError::into_inner));
    receipt.refused += refused.count;
    let named = refused.first.into_iter().map(|(line, reason)| LineError { line, reason });
    receipt.errors.extend(named);
    let mut run = None;
    if receipt.accepted > 0 {
        let id = receipt.run.clone().unwrap_or_else(|| format!("{test}.{name}"));
        run = Some(client.finish_import(&id).context("the run could not be finished")?);
    }
    if let Some(why) = refusal {
        bail!("the import stopped after {} accepted lines: {why}", receipt.accepted);
    }
    Ok(Imported { receipt, run, taken: inputs.taken })
}

/// Files by what they hold.
struct Inputs {
    /// Lines of samples.
    samples: Vec<Box<dyn BufRead + Send>>,
    /// Whole files of sums.
    summed_up: Vec<Vec<u8>>,
    refused: SharedRefused,
    /// What was found in which file, where it is not k6's JSON.
    taken: Vec<String>,
}

impl Inputs {
    fn open(files: &[PathBuf], progress: &Arc<AtomicU64>) -> Result<Self> {
        let mut inputs = Inputs {
            samples: Vec::new(),
            summed_up: Vec::new(),
            refused: SharedRefused::default(),
            taken: Vec::new(),
        };
        for file in files {
            let mut reader = merge::open(file, progress.clone())?;
            let name = file.display().to_string();
            let format = match foreign::detect(&mut *reader, &name) {
                // What comes through a pipe may have come only in part.
                Err(_) if name == "-" => Format::K6Json,
                found => found?,
            };
            let began_ns = foreign::began_ns(file, format)?;
            if format != Format::K6Json {
                let date = match began_ns {
                    None => "",
                    Some(_) if name == "-" => ", which tells no date: it begins now",
                    Some(_) => ", which tells no date: it ends when the file was written",
                };
                inputs.taken.push(format!("{name}: {}{date}", format.name()));
            }
            if foreign::is_summed_up(format) {
                let mut document = Vec::new();
                reader.read_to_end(&mut document).with_context(|| format!("cannot read {name}"))?;
                let lacks_limits = || k6_summary::read(&document).is_ok_and(|told| told.thresholds.is_none());
                if format == Format::K6Summary && lacks_limits() {
                    inputs.taken.push(format!(
                        "{name} tells no limits: they are those of --options, which takes what `k6 inspect SCRIPT` prints"
                    ));
                }
                inputs.summed_up.push(document);
            } else if format == Format::K6Json {
                inputs.samples.push(reader);
            } else {
                inputs.samples.push(Box::new(AsLines::new(
                    reader,
                    format,
                    began_ns,
                    inputs.refused.clone(),
                )?));
            }
        }
        Ok(inputs)
    }
}

/// Sends a file in one request.
fn send_whole(client: &Client, test: &str, run: &str, document: &[u8]) -> Result<Receipt> {
    let target = format!("/ingest?test={}&run={}&import=1", encoded(test), encoded(run));
    let answer = client.send("PUT", &target, &[("content-type", "application/octet-stream")], document)?;
    let receipt = serde_json::from_slice::<Receipt>(&answer.body).ok();
    match receipt.filter(|receipt| answer.is_success() || receipt.accepted + receipt.refused > 0) {
        Some(receipt) => Ok(receipt),
        None => bail!(answer.detail()),
    }
}

fn add(total: &mut Receipt, more: Receipt) {
    total.accepted += more.accepted;
    total.refused += more.refused;
    total.run = more.run.or(total.run.take());
    total.test = more.test.or(total.test.take());
    total.errors.extend(more.errors);
}

/// A number for a run without a name.
fn new_import(client: &Client, test: &str) -> Result<String> {
    #[derive(Deserialize)]
    struct Import {
        run: String,
    }
    let answer = client.post(&format!("/tests/{}/imports", encoded(test)))?;
    Ok(serde_json::from_slice::<Import>(&answer).context("the server gave no number for the import")?.run)
}

/// Bytes of the files, or of stdin as they come; only where somebody looks.
fn bar(files: &[PathBuf]) -> ProgressBar {
    let size = |file: &PathBuf| std::fs::metadata(file).ok().map(|file| file.len());
    let total: Option<u64> =
        if files.iter().any(|file| file == Path::new("-")) { None } else { files.iter().map(size).sum() };
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(total, target);
    let template = match total {
        Some(_) => "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
        None => "{spinner} {bytes} {bytes_per_sec}",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// The receipt, on stdout; `url` is the server's, where it goes on after us.
fn print(imported: &Imported, url: Option<&str>) {
    let receipt = &imported.receipt;
    imported.taken.iter().for_each(|taken| say(taken));
    say(&format!("{} lines accepted, {} refused", receipt.accepted, receipt.refused));
    for error in &receipt.errors {
        say(&format!("  line {}: {}", error.line, error.reason));
    }
    let named = receipt.errors.len() as u64;
    if receipt.refused > named {
        say(&format!("  … and {} more", receipt.refused - named));
    }
    match (&imported.run, url) {
        (Some(run), Some(url)) => say(&format!("Run {run}: {url}/ui/?run={}", encoded(run))),
        (Some(run), None) => say(&format!("Run {run}; `loadgate serve` shows it")),
        (None, _) => {}
    }
}
