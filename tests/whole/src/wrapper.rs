//! `loadgate k6 run` around the stock k6: nothing of what k6 does is lost, and a run is exactly one k6.

use crate::harness::server::{Options, loadgate};
use crate::harness::{Server, built, wait_for};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// What k6 exits with when a threshold was crossed.
const CROSSED: i32 = 99;

/// So long after k6's end a person waits at the most, whatever became of the server.
const HELD: Duration = Duration::from_secs(5);

/// So many iterations and no other load; one limit holds, and one is crossed where `CROSS` is set.
const SCRIPT: &str = r#"
import { sleep } from 'k6';
import { Counter } from 'k6/metrics';
const orders = new Counter('orders');
export const options = {
  iterations: 3,
  thresholds: { orders: [__ENV.CROSS ? 'count>1000' : 'count>2'] },
};
export default function () { orders.add(1); sleep(Number(__ENV.PAUSE || 0.1)); }
"#;

/// A folder with the script, and a server that ends no run by itself.
struct Scene {
    folder: TempDir,
    server: Server,
}

impl Scene {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        fs::write(folder.path().join("s.js"), SCRIPT).expect("the folder is ours");
        Scene { folder, server: Server::with(Options { settings: &[("idle", "10m")], ..Options::default() }) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// In the folder, with a home of its own: no configuration of whoever runs the tests.
    fn prepare(&self, mut command: Command) -> Command {
        command
            .current_dir(self.folder.path())
            .env_remove("K6_OUT")
            .env_remove("K6_CONFIG")
            .env_remove("XDG_CONFIG_HOME")
            .env("HOME", self.folder.path())
            .env("K6_NO_USAGE_REPORT", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn k6(&self) -> Command {
        self.prepare(Command::new(built("LOADGATE_K6", "target/k6")))
    }

    /// `loadgate k6 run` with these words behind it.
    fn run(&self, words: &[&str]) -> Command {
        let mut command = self.prepare(loadgate());
        command
            .env("K6", built("LOADGATE_K6", "target/k6"))
            .args(["k6", "--server", &self.server.url(), "run", "--quiet"])
            .args(words);
        command
    }

    /// The only run of a test: it has ended, and nobody had to wait for that.
    #[track_caller]
    fn only_run(&self, test: &str) -> String {
        let runs = self.server.runs(test);
        assert_eq!(runs.len(), 1, "{runs:?}");
        assert_eq!(self.server.state(&runs[0]), "ended");
        runs[0].clone()
    }

    #[track_caller]
    fn iterations(&self, run: &str) -> u64 {
        let iterations = &self.server.summary(run)["metrics"]["iterations"]["values"]["count"];
        iterations.as_u64().expect("k6 counts them")
    }
}

#[track_caller]
fn succeed(mut command: Command) -> String {
    let output = command.output().expect("the program starts");
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{:?}: {said}", output.status);
    said
}

#[test]
fn outputs_that_k6_would_have_written_to_are_kept() {
    let scene = Scene::new();
    let mut by_environment = scene.run(&["s.js"]);
    by_environment.env("K6_OUT", "csv=o.csv");
    succeed(by_environment);
    assert!(scene.read("o.csv").contains("orders"), "the output of the environment");
    assert_eq!(scene.iterations(&scene.only_run("s")), 3);

    fs::write(scene.path("conf.json"), r#"{"out":["csv=named.csv"]}"#).expect("the folder is ours");
    succeed(scene.run(&["--config", "conf.json", "s.js"]));
    assert!(scene.read("named.csv").contains("orders"), "the output of a configuration that is named");

    fs::create_dir_all(scene.path(".config/k6")).expect("the folder is ours");
    fs::write(scene.path(".config/k6/config.json"), r#"{"out":["csv=home.csv"]}"#)
        .expect("the folder is ours");
    succeed(scene.run(&["s.js"]));
    assert!(scene.read("home.csv").contains("orders"), "the output of k6's own configuration");
    assert_eq!(scene.server.runs("s").len(), 3);
}

#[test]
fn a_script_or_archive_whose_name_is_no_name_of_a_test_is_finished_at_once() {
    let scene = Scene::new();
    fs::copy(scene.path("s.js"), scene.path("a b.js")).expect("the folder is ours");
    succeed(scene.run(&["a b.js"]));
    let test = {
        let list = scene.server.get("/runs").document();
        list[0]["test"].as_str().expect("a run").to_owned()
    };
    assert_eq!(scene.iterations(&scene.only_run(&test)), 3);

    let mut archive = scene.k6();
    archive.args(["archive", "-O", "a b.tar", "s.js"]);
    succeed(archive);
    fs::remove_file(scene.path("a b.js")).expect("it is there");
    succeed(scene.run(&["a b.tar"]));
    let runs = scene.server.runs(&test);
    assert_eq!(runs.len(), 2, "both are called a b: {runs:?}");
    assert!(runs.iter().all(|run| scene.server.state(run) == "ended"));
}

#[test]
fn thresholds_are_known_where_k6_cannot_tell_what_a_run_requires() {
    let scene = Scene::new();
    let mut inspect = scene.k6();
    inspect.args(["inspect", "--execution-requirements", "s.js"]);
    let plain = inspect.output().expect("k6 starts").status.success();
    succeed(scene.run(&["s.js"]));
    let summary = scene.server.summary(&scene.only_run("s"));
    assert_eq!(summary["health"]["thresholdsKnown"], true, "inspected: {plain}");
    let threshold = &summary["thresholds"][0];
    assert_eq!((&threshold["expression"], &threshold["passes"]), (&"count>2".into(), &true.into()));
}

#[test]
fn a_server_that_dies_neither_holds_the_terminal_nor_changes_the_exit_code() {
    let scene = Scene::new();
    // The stock k6, and beside it a note of when it ended.
    let k6 = built("LOADGATE_K6", "target/k6");
    let watched = scene.path("watched-k6");
    let script = format!(
        "#!/bin/sh\n'{}' \"$@\"\ncode=$?\n[ \"$1\" = run ] && date +%s.%N > ended\nexit $code\n",
        k6.display()
    );
    fs::write(&watched, script).expect("the folder is ours");
    fs::set_permissions(&watched, fs::Permissions::from_mode(0o755)).expect("it is ours");
    let mut command = scene.run(&["s.js"]);
    command.env("K6", &watched).env("CROSS", "1").env("PAUSE", "1.5");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts");
    wait_for("the first samples", || (!scene.server.runs("s").is_empty()).then_some(()));
    let killed = Command::new("kill").args(["-KILL", &scene.server.pid().to_string()]).status();
    assert!(killed.expect("kill is there").success());
    let status = child.wait().expect("it is our child");
    let now = SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_secs_f64();
    assert_eq!(status.code(), Some(CROSSED), "k6's own");
    let ended: f64 = scene.read("ended").trim().parse().expect("a time");
    assert!(now - ended < HELD.as_secs_f64(), "the terminal was held for {:.1} s", now - ended);
    println!("held for {:.1} s after k6's end", now - ended);
}

#[test]
fn two_runs_one_right_after_the_other_are_two_with_all_their_samples() {
    let scene = Scene::new();
    for _ in 0..3 {
        succeed(scene.run(&["s.js"]));
    }
    let runs = scene.server.runs("s");
    assert_eq!(runs, ["s.3", "s.2", "s.1"]);
    for run in &runs {
        assert_eq!((scene.iterations(run), scene.server.state(run)), (3, "ended".to_owned()), "{run}");
        let orders = scene.server.summary(run)["metrics"]["orders"]["values"]["count"].clone();
        assert_eq!(orders, 3, "{run}");
    }
}
