//! Starts the real program, speaks to it as clients do, and waits for what they would see.

pub mod fixtures;
pub mod http;
pub mod proxy;
pub mod redis;
pub mod server;
pub mod sse;
pub mod target;

pub use server::Server;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longer than anything takes on a busy machine with two processors: who waits so long has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The repository.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("tests/whole lies in the repository")
}

/// What `cargo xtask` built, from the environment that it sets, else where it is by default.
pub fn built(variable: &str, default: &str) -> PathBuf {
    let path = std::env::var_os(variable).map_or_else(|| root().join(default), PathBuf::from);
    assert!(path.exists(), "{} is missing: run the tests by `cargo xtask test`", path.display());
    path
}

/// Asks until there is an answer.
#[track_caller]
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Asserts that `ours` is `theirs` within a share of the larger one (which zeros pass).
#[track_caller]
pub fn assert_close(what: &str, ours: f64, theirs: f64, share: f64) {
    let larger = ours.abs().max(theirs.abs());
    assert!(
        (ours - theirs).abs() <= larger * share,
        "{what}: {ours} here, {theirs} there, more than {share} apart"
    );
}
