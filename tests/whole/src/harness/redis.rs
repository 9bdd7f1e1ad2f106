//! A Redis of our own, on a free port, that forgets everything.

use super::{PATIENCE, wait_for};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

pub struct Redis {
    child: Child,
    pub url: String,
    _folder: TempDir,
}

impl Redis {
    pub fn start() -> Self {
        // Redis cannot be asked for a free port; one that the system just gave away is not given
        // away again soon.
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
        let folder = TempDir::new().expect("there is a temporary folder");
        let child = Command::new("redis-server")
            .args([
                "--bind",
                "127.0.0.1",
                "--port",
                &port.to_string(),
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
            ])
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("redis-server does not start ({error}): apt-get install redis-server")
            });
        wait_for("Redis", || TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), PATIENCE).ok());
        Redis { child, url: format!("redis://127.0.0.1:{port}"), _folder: folder }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
