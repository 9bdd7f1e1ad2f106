//! The gate as a pipeline meets it: objectives go in, a load test tells its end, an exit code comes out.

use crate::harness::server::{Options, loadgate};
use crate::harness::{Server, built, root, target, wait_for};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Only what is told ends a run here.
const SETTINGS: &[(&str, &str)] = &[("idle", "10m"), ("settle", "1s")];

const PASSING: &str = "
objectives:
  - name: Login is fast
    expression: http_req_duration{name:Login} p(95)
    pass: < 30s
  - name: Requests succeed
    expression: http_req_failed rate
    pass: < 1%
  - name: Logins succeed
    expression: checks rate
    pass: '>= 99%'
";

const FAILING: &str = "
objectives:
  - name: Login is fast
    expression: http_req_duration{name:Login} p(95)
    pass: < 1ms
";

const PASSED: i32 = 0;
const FAILED: i32 = 99;
const NO_VERDICT: i32 = 5;

/// The sample's script, what it loads, and a server.
struct Scene {
    folder: TempDir,
    server: Server,
    target: String,
}

impl Scene {
    fn new() -> Self {
        let server = Server::with(Options { settings: SETTINGS, ..Options::default() });
        let folder = TempDir::new().expect("a folder");
        fs::write(folder.path().join("passing.yaml"), PASSING).expect("the folder is ours");
        fs::write(folder.path().join("failing.yaml"), FAILING).expect("the folder is ours");
        fs::write(folder.path().join("stopping.yaml"), format!("{FAILING}    abort: {{ delay: 1s }}\n"))
            .expect("the folder is ours");
        Scene { folder, server, target: format!("http://{}", target::start()) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn prepare(&self, mut command: Command, duration: &str) -> Command {
        command
            .current_dir(self.folder.path())
            .env_remove("K6_OUT")
            .env_remove("GITHUB_ACTIONS")
            .env_remove("GITHUB_STEP_SUMMARY")
            .env("HOME", self.folder.path())
            .env("K6_NO_USAGE_REPORT", "true")
            .env("K6", built("LOADGATE_K6", "target/k6"))
            .env("LOADGATE_SERVER", self.server.url())
            .env("LOADGATE", self.server.url())
            .env("TARGET", &self.target)
            .env("DURATION", duration)
            .env("PAUSE", "0.1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// `loadgate` with these words.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.prepare(loadgate(), "3s");
        command.args(words);
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the program starts")
    }

    #[track_caller]
    fn assert_exit(&self, words: &[&str], code: i32) -> String {
        said(&self.run(words), code)
    }

    fn script(&self) -> String {
        root().join("demo/gate/shop.js").to_string_lossy().into_owned()
    }
}

#[track_caller]
fn said(output: &Output, code: i32) -> String {
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{text}");
    text
}

fn spawn(mut command: Command) -> Child {
    command.spawn().expect("the program starts")
}

#[test]
fn stock_k6_tells_its_end_and_whoever_waits_gets_the_verdict() {
    let scene = Scene::new();
    scene.assert_exit(&["objectives", "put", "passing.yaml", "--test", "shop"], 0);
    let k6 = built("LOADGATE_K6", "target/k6");
    let script = scene.script();
    let inspected = scene.prepare(Command::new(&k6), "3s").args(["inspect", &script]).output();
    scene.server.declare("shop", &inspected.expect("k6 starts").stdout);

    // Before there is any run.
    let waiting = spawn(scene.command(&["verdict", "shop", "--wait", "2m", "--junit", "verdict.xml"]));
    let mut load = scene.prepare(Command::new(&k6), "3s");
    load.args(["run", "--quiet", "-o", &format!("influxdb={}/shop", scene.server.url()), &script]);
    said(&load.output().expect("k6 starts"), PASSED);
    let text = said(&waiting.wait_with_output().expect("it is our child"), PASSED);
    assert!(text.starts_with("shop.1: pass."), "{text}");
    for part in ["Login is fast", "Requests succeed", "Logins succeed"] {
        assert!(text.contains(part), "{text}");
    }
    let junit = scene.read("verdict.xml");
    assert!(junit.contains(r#"<testcase name="Login is fast" classname="loadgate.shop">"#), "{junit}");
    assert!(!junit.contains("<failure") && !junit.contains("<error"), "{junit}");

    let verdict = scene.server.get("/runs/shop.1/verdict").document();
    let states: Vec<&Value> =
        verdict["objectives"].as_array().expect("a list").iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["pass"; 4], "the script's threshold and the file's three");
}

#[test]
fn the_wrapper_ends_with_the_gates_code_and_writes_what_build_servers_read() {
    let scene = Scene::new();
    fs::write(scene.path("summary.md"), "before\n").expect("the folder is ours");
    let mut failing = scene.command(&["k6", "--test", "shop", "run", "--gate"]);
    failing
        .args(["--objectives", "failing.yaml", "--junit", "verdict.xml", "--markdown", "verdict.md"])
        .args(["--quiet", "--tag", "testid=build-7", &scene.script()])
        .env("DURATION", "1s")
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", scene.path("summary.md"));
    let text = said(&failing.output().expect("the program starts"), FAILED);
    assert!(text.contains("shop.build-7: fail."), "{text}");
    assert!(text.contains("::error title=shop.build-7%3A Login is fast::"), "{text}");
    assert!(scene.read("verdict.xml").contains("<failure"), "{}", scene.read("verdict.xml"));
    assert!(scene.read("verdict.md").contains("Login is fast"));
    let summary = scene.read("summary.md");
    assert!(summary.starts_with("before\n") && summary.contains("Login is fast"), "{summary}");

    scene.assert_exit(&["verdict", "shop.build-7"], FAILED);
    let json = scene.run(&["verdict", "shop", "--json"]);
    assert_eq!(json.status.code(), Some(FAILED));
    let document: Value = serde_json::from_slice(&json.stdout).expect("nothing else is printed");
    assert_eq!((&document["run"], &document["number"]), (&"shop.build-7".into(), &1.into()));

    let script = scene.script();
    let passing =
        ["k6", "--test", "shop", "run", "--gate", "--objectives", "passing.yaml", "--quiet", &script];
    let text = scene.assert_exit(&passing, PASSED);
    assert!(text.contains("shop.1: pass."), "{text}");
}

#[test]
fn an_objective_stops_k6_as_ctrl_c_does() {
    let scene = Scene::new();
    let script = scene.script();
    let mut command =
        scene.command(&["k6", "--test", "shop", "run", "--gate", "--objectives", "stopping.yaml", &script]);
    let began = Instant::now();
    let output = command.env("DURATION", "3m").output().expect("the program starts");
    let text = said(&output, FAILED);
    assert!(began.elapsed() < Duration::from_secs(90), "it was not stopped: {text}");
    assert!(text.contains("k6 is stopped: \"Login is fast\" failed"), "{text}");
    assert!(text.contains("http_req_duration"), "k6 wrote its summary: {text}");
    let summary = scene.server.summary("shop.1");
    assert_eq!(summary["outcome"]["exit"], 105, "interrupted: {}", summary["outcome"]);
}

#[test]
fn objectives_are_kept_as_they_were_put_and_refused_at_their_place() {
    let scene = Scene::new();
    scene.assert_exit(&["objectives", "put", "passing.yaml"], 0);
    let kept = scene.run(&["objectives", "get", "passing"]);
    assert_eq!(String::from_utf8_lossy(&kept.stdout), PASSING);
    scene.assert_exit(&["objectives", "remove", "passing"], 0);
    scene.assert_exit(&["objectives", "get", "passing"], 1);

    fs::write(scene.path("wrong.yaml"), PASSING.replace("< 1%", "< 1 apple")).expect("the folder is ours");
    let text = scene.assert_exit(&["objectives", "put", "wrong.yaml"], 1);
    assert!(text.contains("wrong.yaml:8:"), "{text}");
    let text = scene.assert_exit(&["k6", "run", "--gate", "--objectives", "wrong.yaml", "none.js"], 1);
    assert!(text.contains("wrong.yaml:8:") && !text.contains("none.js"), "before k6 begins: {text}");

    let text = scene.assert_exit(&["verdict", "nothing"], NO_VERDICT);
    assert!(text.contains("there is no verdict"), "{text}");
}

#[test]
fn rollouts_go_on_after_a_run_that_passed_and_not_before() {
    /// As Flagger sends it.
    const HOOK: &[u8] =
        br#"{"name":"shop","namespace":"prod","phase":"Progressing","checksum":"85d557f47b","metadata":{"a":"b"}}"#;
    let scene = Scene::new();
    let ask = || {
        let json = [("content-type", "application/json")];
        scene.server.send("POST", "/tests/shop/gate", &json, HOOK).status
    };
    assert_eq!(ask(), 404, "there is no run");
    let script = scene.script();
    let run = |objectives: &str, duration: &str| {
        let mut command =
            scene.command(&["k6", "--test", "shop", "run", "--objectives", objectives, &script]);
        command.env("DURATION", duration);
        spawn(command)
    };
    let load = run("passing.yaml", "3s");
    wait_for("a live run", || (!scene.server.runs("shop").is_empty()).then_some(()));
    let live = scene.server.get("/runs/shop.1/verdict");
    if live.status == 202 {
        assert_eq!(live.json()["provisional"], true);
    }
    assert!(load.wait_with_output().expect("it is our child").status.success());
    wait_for("a go", || (ask() == 200).then_some(()));
    // As Argo Rollouts' web metric reads it.
    let verdict = scene.server.get("/runs/shop.1/verdict?wait=60s").document();
    assert_eq!((&verdict["state"], &verdict["provisional"]), (&"pass".into(), &Value::Null));

    assert!(run("failing.yaml", "1s").wait_with_output().expect("it is our child").status.success());
    wait_for("a no-go", || (ask() == 409).then_some(()));
}
