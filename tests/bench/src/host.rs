//! The host under measurement: a process of its own, and what Linux says of it.

use anyhow::{Context, Result, bail, ensure};
use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longer than any of this takes.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Host {
    child: Child,
    url: String,
    agent: ureq::Agent,
    store: TempDir,
    /// From its start to the line that says that it serves.
    pub startup: Duration,
}

impl Host {
    pub fn start(binary: &Path) -> Result<Self> {
        Host::with(binary, &[])
    }

    /// With settings of its own.
    pub fn with(binary: &Path, settings: &[(&str, &str)]) -> Result<Self> {
        let store = TempDir::new()?;
        let start = Instant::now();
        let mut child = Command::new(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--store"])
            .arg(store.path().join("bench.db"))
            // Nothing ends by itself while we measure.
            .env("LOADGATE_IDLE", "24h")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", binary.display()))?;
        let mut lines = BufReader::new(child.stdout.take().context("its output is ours")?).lines();
        let url = loop {
            let line = lines.next().context("the host ended")??;
            if let Some(at) = line.find("http://") {
                break line[at..].split("/ui/").next().unwrap_or_default().to_owned();
            }
        };
        let startup = start.elapsed();
        // Whatever else it says is read, so that it never waits for us.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .build()
            .into();
        Ok(Host { child, url, agent, store, startup })
    }

    pub fn post(&self, target: &str, body: &[u8]) -> Result<()> {
        self.post_with(target, &[], body)
    }

    pub fn put(&self, target: &str, body: &[u8]) -> Result<()> {
        let answer = self.agent.put(format!("{}{target}", self.url)).send(body)?;
        ensure!(answer.status().is_success(), "{target} was answered with {}", answer.status());
        Ok(())
    }

    pub fn post_with(&self, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<()> {
        let request = self.agent.post(format!("{}{target}", self.url));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let mut answer = request.send(body)?;
        // Read to its end: the connection is kept alive.
        let said = answer.body_mut().read_to_string()?;
        ensure!(answer.status().is_success(), "{target} was answered with {}: {said}", answer.status());
        Ok(())
    }

    pub fn get(&self, target: &str) -> Result<Vec<u8>> {
        let mut answer = self.agent.get(format!("{}{target}", self.url)).call()?;
        Ok(answer.body_mut().with_config().limit(1 << 30).read_to_vec()?)
    }

    /// Ends the run, and waits until everything is folded.
    pub fn finish(&self, run: &str) -> Result<()> {
        self.post(&format!("/runs/{run}/finish"), b"")?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let about: serde_json::Value = serde_json::from_slice(&self.get(&format!("/runs/{run}"))?)?;
            if about["state"] == "ended" {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "{run} does not end");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits until everything that was sent is folded.
    pub fn settle(&self, run: &str) -> Result<()> {
        self.get(&format!("/runs/{run}/summary")).map(drop)
    }

    pub fn requests(&self, run: &str) -> Result<usize> {
        let summary: serde_json::Value = serde_json::from_slice(&self.get(&format!("/runs/{run}/summary"))?)?;
        let count = summary["metrics"]["http_reqs"]["values"]["count"].as_f64();
        Ok(count.context("requests are counted")? as usize)
    }

    /// Processor time so far, of all threads.
    pub fn cpu(&self) -> Result<Duration> {
        let pid = Pid::from_raw(i32::try_from(self.child.id())?);
        Ok(clock_getcpuclockid(pid)?.now()?.into())
    }

    /// Highest resident memory, in bytes.
    pub fn peak(&self) -> Result<u64> {
        self.status("VmHWM:")
    }

    /// Resident memory now, in bytes.
    pub fn resident(&self) -> Result<u64> {
        self.status("VmRSS:")
    }

    fn status(&self, name: &str) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let Some(line) = status.lines().find(|line| line.starts_with(name)) else { bail!("no {name}") };
        let kib: u64 = line.split_whitespace().nth(1).context("a number")?.parse()?;
        Ok(kib * 1024)
    }

    /// Bytes of the store, its write-ahead log included.
    pub fn stored(&self) -> Result<u64> {
        let sizes = fs::read_dir(self.store.path())?.map(|entry| Ok(entry?.metadata()?.len()));
        sizes.sum()
    }
}

/// Processor time of this thread so far: the machine is not alone with us.
pub fn own_cpu() -> Result<Duration> {
    Ok(ClockId::CLOCK_THREAD_CPUTIME_ID.now()?.into())
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
