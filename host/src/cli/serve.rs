//! `loadgate serve`.

use super::{DEFAULT_STORE, Embedded, runtime, say};
use crate::assets::Assets;
use crate::server::{self, Demo, Server};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where to listen; port 0 takes any
    #[arg(long, value_name = "HOST:PORT", default_value = server::DEFAULT_LISTEN)]
    listen: String,
    /// Speak TLS, with this certificate and those behind it (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_key", conflicts_with = "demo")]
    tls_cert: Option<PathBuf>,
    /// The private key of that certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Where runs are kept: a file, redis://…, rediss://… (TLS), or memory:
    #[arg(long, value_name = "PATH|URL", default_value = DEFAULT_STORE)]
    store: String,
    /// Also play a recorded k6 run, live
    #[arg(long)]
    demo: bool,
    /// Serve the pages from this folder instead of the built-in ones
    #[arg(long = "static", value_name = "DIR")]
    pages: Option<PathBuf>,
    /// Listen beyond this machine, and answer to any name, although no write token is set
    #[arg(long)]
    insecure_listen: bool,
}

pub(super) fn run(arguments: Arguments, embedded: Embedded) -> Result<ExitCode> {
    let assets = match arguments.pages {
        Some(folder) => {
            anyhow::ensure!(folder.is_dir(), "{} is no folder", folder.display());
            Assets::Folder(folder)
        }
        None => Assets::unpack(embedded.pages)?,
    };
    let runtime = runtime()?;
    let served = runtime.block_on(async {
        // Before listening, so that no signal finds nobody.
        let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for signals")?;
        let mut terminate = signal(SignalKind::terminate()).context("cannot wait for signals")?;
        let server = Server::start(server::Options {
            listen: &arguments.listen,
            tls: arguments
                .tls_cert
                .as_deref()
                .zip(arguments.tls_key.as_deref())
                .map(|(certificate, key)| server::TlsFiles { certificate, key }),
            store: &arguments.store,
            precompiled: embedded.components,
            assets,
            insecure: arguments.insecure_listen,
            announce: true,
        })
        .await?;
        say(&format!("Loadgate is at {}/ui/", server.url()));
        if arguments.demo {
            play(embedded.demo, server.url().to_owned());
        }
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        server.stop().await;
        anyhow::Ok(())
    });
    // The demo's thread and whatever still folds: the log has it all.
    runtime.shutdown_timeout(Duration::from_millis(100));
    served.map(|()| ExitCode::SUCCESS)
}

/// Plays the demo beside the server; its end, good or bad, does not concern the server.
fn play(demo: &'static Demo, url: String) {
    let token = std::env::var(server::WRITE_TOKEN).ok().filter(|token| !token.is_empty());
    say("A recorded k6 run is played as test `shop`, at its real pace (40 s).");
    std::thread::spawn(move || {
        if let Err(error) = demo.play(&url, token.as_deref()) {
            eprintln!("loadgate: the demo stopped: {error:#}");
        }
    });
}
