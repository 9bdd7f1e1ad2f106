//! A Redis of our own, on a free port, that forgets everything.

use super::{PATIENCE, wait_for};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

pub struct Redis {
    child: Child,
    pub url: String,
    _folder: TempDir,
}

impl Redis {
    pub fn start() -> Self {
        let start = |port: &str| vec!["--port".to_owned(), port.to_owned()];
        Redis::with("redis", start)
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
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir"])
            .arg(folder.path())
            .args(arguments(&port.to_string()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("redis-server does not start ({error}): apt-get install redis-server")
            });
        wait_for("Redis", || TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), PATIENCE).ok());
        Redis { child, url: format!("{scheme}://127.0.0.1:{port}"), _folder: folder }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
