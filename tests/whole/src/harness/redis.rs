//! A Redis of our own, on a free port.

use super::{PATIENCE, wait_for};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

pub struct Redis {
    child: Child,
    pub url: String,
    port: u16,
    arguments: Vec<String>,
    folder: TempDir,
}

impl Redis {
    /// One that forgets everything when it ends.
    pub fn start() -> Self {
        Redis::with("redis", |port| vec!["--port".to_owned(), port.to_owned()])
    }

    /// One that answers a write once it is on the disk.
    pub fn durable() -> Self {
        Redis::with("redis", |port| {
            ["--port", port, "--appendonly", "yes", "--appendfsync", "always"].map(str::to_owned).into()
        })
    }

    /// Keeps what it holds now: that is what it comes back with after a [`Redis::crash`].
    pub fn save(&self) {
        let answer = Command::new("redis-cli").args(["-p", &self.port.to_string(), "save"]).output();
        let answer = answer.expect("redis-cli is where redis-server is");
        assert_eq!(String::from_utf8_lossy(&answer.stdout).trim(), "OK");
    }

    /// Ends it as a power cut does.
    pub fn crash(&mut self) {
        self.child.kill().expect("Redis runs");
        self.child.wait().expect("Redis has ended");
    }

    /// Starts it again after a [`Redis::crash`], at the same address with what it has on its disk.
    pub fn come_back(&mut self) {
        self.child = run(&self.folder, self.port, &self.arguments);
    }

    /// One that speaks nothing but TLS, with the certificate of a folder.
    pub fn with_tls(folder: &Path) -> Self {
        let file = |name: &str| folder.join(name).to_string_lossy().into_owned();
        Redis::with("rediss", |port| {
            let mut arguments: Vec<String> =
                ["--port", "0", "--tls-auth-clients", "no", "--tls-port", port].map(str::to_owned).into();
            arguments.extend(["--tls-cert-file".to_owned(), file("localhost.pem")]);
            arguments.extend(["--tls-key-file".to_owned(), file("localhost.key")]);
            arguments.extend(["--tls-ca-cert-file".to_owned(), file("authority.pem")]);
            arguments
        })
    }

    fn with(scheme: &str, arguments: impl FnOnce(&str) -> Vec<String>) -> Self {
        // Redis cannot be asked for a free port; one that the system just gave away is not given
        // away again soon.
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
        let folder = TempDir::new().expect("there is a temporary folder");
        let arguments = arguments(&port.to_string());
        let child = run(&folder, port, &arguments);
        Redis { child, url: format!("{scheme}://127.0.0.1:{port}"), port, arguments, folder }
    }
}

fn run(folder: &TempDir, port: u16, arguments: &[String]) -> Child {
    let child = Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"])
        .arg(folder.path())
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("redis-server does not start ({error}): apt-get install redis-server")
        });
    wait_for("Redis", || TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), PATIENCE).ok());
    child
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
