//! The program under test, as a process of its own.

use super::http::{Answer, Connection};
use super::{built, wait_for};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use tempfile::TempDir;

/// What is different from `loadgate serve` on a fresh store.
#[derive(Default, Clone)]
pub struct Options<'a> {
    /// A path or URL; absent: a store that goes with the server.
    pub store: Option<&'a str>,
    /// Settings: `idle` is `LOADGATE_IDLE`.
    pub settings: &'a [(&'a str, &'a str)],
    /// Other variables of its environment.
    pub environment: &'a [(&'a str, &'a str)],
    pub arguments: &'a [&'a str],
    /// Where another server listened before; else any port.
    pub address: Option<SocketAddr>,
}

/// Settings that shorten what a person would wait for. Grace stays: it is part of the numbers.
pub const QUICK: &[(&str, &str)] = &[("idle", "4s"), ("straggler", "500ms")];

/// A running server. Dropping it ends the process.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    /// Lines of its standard output, after the first.
    pub lines: mpsc::Receiver<String>,
    _store: Option<TempDir>,
}

impl Server {
    pub fn start() -> Self {
        Server::with(Options { settings: QUICK, ..Options::default() })
    }

    pub fn with(options: Options) -> Self {
        let own = options.store.is_none().then(|| TempDir::new().expect("there is a temporary folder"));
        let store = match (&own, options.store) {
            (Some(folder), _) => folder.path().join("loadgate.db").to_string_lossy().into_owned(),
            (None, store) => store.unwrap_or_default().to_owned(),
        };
        let listen = options.address.map_or("127.0.0.1:0".to_owned(), |address| address.to_string());
        let mut command = loadgate();
        command
            .args(["serve", "--listen", &listen, "--store", &store])
            .args(options.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        for (name, value) in options.settings {
            command.env(format!("LOADGATE_{}", name.to_ascii_uppercase()), value);
        }
        command.envs(options.environment.iter().copied());
        let mut child = command.spawn().expect("the server starts");
        let output = BufReader::new(child.stdout.take().expect("its output is ours"));
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // The server must not block on a full pipe after the test has ended.
                let _ = sender.send(line);
            }
        });
        let address = loop {
            let line = lines.recv_timeout(super::PATIENCE).expect("the server prints its URL");
            if let Some(rest) = line.split("://").nth(1) {
                let host = rest.split('/').next().unwrap_or_default();
                break host.parse().unwrap_or_else(|error| panic!("{error} in {line}"));
            }
        };
        Server { child, address, lines, _store: own }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn connection(&self) -> Connection {
        Connection::open(self.address)
    }

    pub fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.connection().send(method, target, headers, body)
    }

    pub fn get(&self, target: &str) -> Answer {
        self.send("GET", target, &[], b"")
    }

    pub fn post(&self, target: &str, body: &[u8]) -> Answer {
        self.send("POST", target, &[], body)
    }

    /// What `k6 inspect --execution-requirements` printed for the test.
    #[track_caller]
    pub fn declare(&self, test: &str, options: &[u8]) {
        let answer = self.send("PUT", &format!("/tests/{test}/options"), &[], options);
        assert!(answer.status < 300, "{} {}", answer.status, answer.text());
    }

    #[track_caller]
    pub fn summary(&self, run: &str) -> Value {
        self.get(&format!("/runs/{run}/summary")).document()
    }

    /// Ids of the runs of a test, newest first.
    #[track_caller]
    pub fn runs(&self, test: &str) -> Vec<String> {
        let list = self.get(&format!("/runs?test={test}")).document();
        let ids = list.as_array().expect("a list").iter();
        ids.map(|run| run["id"].as_str().expect("a run has an id").to_owned()).collect()
    }

    #[track_caller]
    pub fn state(&self, run: &str) -> String {
        self.get(&format!("/runs/{run}")).document()["state"].as_str().expect("a run has a state").to_owned()
    }

    /// Ends the run as a pipeline does, and waits until it has ended.
    #[track_caller]
    pub fn finish(&self, run: &str) {
        let answer = self.post(&format!("/runs/{run}/finish"), b"");
        assert_eq!(answer.status, 200, "{}", answer.text());
        self.wait_ended(run);
    }

    #[track_caller]
    pub fn wait_ended(&self, run: &str) {
        wait_for(&format!("the end of {run}"), || (self.state(run) == "ended").then_some(()));
    }

    /// Resident memory now, in bytes.
    pub fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the server lives");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("Linux says it");
        let kib: u64 = line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).expect("in KiB");
        kib * 1024
    }

    /// Ends it as Ctrl-C does; gives its exit code.
    pub fn interrupt(mut self) -> Option<i32> {
        let pid = self.pid().to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status().expect("kill is there");
        assert!(sent.success());
        let status = wait_for("the end of the server", || self.child.try_wait().expect("it is our child"));
        status.code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gone already, perhaps; by id, never by name.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program, with nothing of our own environment that would change what it does.
pub fn loadgate() -> Command {
    let mut command = Command::new(built("LOADGATE_BIN", "target/debug/loadgate"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LOADGATE_") {
            command.env_remove(name);
        }
    }
    command
}

/// A store in a folder that outlives servers.
pub fn store_in(folder: &Path) -> String {
    folder.join("shared.db").to_string_lossy().into_owned()
}
