//! `inflight live`, as a person types it: the same document as of a simulated run, and a recording
//! that runs again.

use std::process::{Command, Output, Stdio};

use crate::real_broker::nats::Server;

fn inflight(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_inflight"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap()
}

fn document(arguments: &[&str]) -> serde_json::Value {
    let output = inflight(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_recorded_run_runs_again_record_for_record() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("live.inflight");
    let file = file.to_str().unwrap();
    let live = document(&["live", "payment", "--for", "2s", "--record", file, "--json"]);
    assert!(live["live"]["inputs"].as_u64().unwrap() > 50);
    assert_eq!(live["messages"]["in_flight"], 0, "what was under way came to its end");
    let again = document(&["run", file, "--json"]);
    assert_eq!(again["goes_as_saved"], true);
    for what in ["digest", "records", "services", "topics", "messages"] {
        assert_eq!(again[what], live[what], "{what}");
    }
    let checked = inflight(&["check", file]);
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert_eq!(checked.status.code(), Some(0), "{said}");
    assert!(said.contains("1 good, 0 not good"), "{said}");

    // A run of which another end is told parts from it, and that is said.
    let text = std::fs::read_to_string(file).unwrap();
    let digest = live["digest"].as_str().unwrap();
    std::fs::write(file, text.replace(digest, "0123456789abcdef")).unwrap();
    assert_eq!(document(&["run", file, "--json"])["goes_as_saved"], false);
    let checked = inflight(&["check", file]);
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert_ne!(checked.status.code(), Some(0), "{said}");
    assert!(said.contains("0 good, 1 not good"), "{said}");
}

#[test]
fn a_run_is_recorded_though_nobody_reads_what_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("live.inflight");
    let mut live = Command::new(env!("CARGO_BIN_EXE_inflight"))
        .args(["live", "payment", "--for", "1s", "--record", file.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(live.stdout.take());
    live.wait().unwrap();
    let again = document(&["run", file.to_str().unwrap(), "--json"]);
    assert_eq!(again["goes_as_saved"], true);
}

#[test]
fn two_processes_share_a_run_and_their_recordings_make_one() {
    let Some(server) = Server::start_for("two processes that share a run") else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (url, parts, whole) =
        (server.url(), [file("a.inflight"), file("b.inflight")], file("w.inflight"));
    let begin = |only: &str, record: &str| {
        let arguments = ["live", "delivery/lost_ack", "--for", "3s", "--broker", &url, "--json"];
        Command::new(env!("CARGO_BIN_EXE_inflight"))
            .args(arguments)
            .args(["--only", only, "--record", record])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let both = [begin("payments", &parts[0]), begin("ledger", &parts[1])];
    for process in both {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let merged = document(&["merge", &parts[0], &parts[1], "--record", &whole, "--json"]);
    assert!(merged["messages"]["published"].as_u64().unwrap() > 0);
    assert_eq!(merged["messages"]["published"], merged["messages"]["acked"]);
    assert_eq!(merged["messages"]["in_flight"], 0);
    let again = document(&["run", &whole, "--json"]);
    assert_eq!(again["goes_as_saved"], true);
    assert_eq!(again["digest"], merged["digest"]);
    // A part is a session, too, and runs again by itself.
    assert_eq!(document(&["run", &parts[1], "--json"])["goes_as_saved"], true);
    let says = |arguments: &[&str], what: &str| {
        let output = inflight(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(what), "{arguments:?}: {said}");
    };
    says(&["merge", &parts[0], &parts[0]], "same part");
    says(&["merge", &parts[0], &whole], "no part");
}

#[test]
fn what_cannot_be_is_said() {
    let says = |arguments: &[&str], what: &str| {
        let output = inflight(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(what), "{arguments:?}: {said}");
    };
    says(&["live", "payment", "--broker", "kafka"], "nats://127.0.0.1:4222");
    let output = inflight(&["live", "payment", "--broker", "nat://me:secret@there"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("`there`"), "{said}");
    assert!(!said.contains("secret"), "{said}");
    says(&["live", "payment", "--record", "x.ron"], ".inflight");
    says(&["live", "no such scenario"], "no scenario of that name");
    says(&["live", "payment", "--for", "0s"], "a time above zero");
    says(&["live", "payment", "--only", "checkout"], "--broker nats://");
    says(&["live", "payment", "--broker", "nats://127.0.0.1:1", "--only", "chekout"], "checkout");
    says(&["live", "payment", "--run", "mine"], "--only");
}

#[cfg(unix)]
#[test]
fn who_is_interrupted_twice_leaves_nothing_at_the_server() {
    use crate::real_broker::nats::{Client, Server};
    let Some(server) = Server::start_for("an interrupted run at a NATS server") else { return };
    let mut client = Client::connect(server.port);
    let mut streams = move || client.ask("$JS.API.STREAM.NAMES", "").number("total");
    let mut run = Command::new(env!("CARGO_BIN_EXE_inflight"))
        .args(["live", "payment", "--for", "1h", "--grace", "1h", "--broker", &server.url()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begin = std::time::Instant::now();
    let until = |what: &str, is_so: &mut dyn FnMut() -> bool| {
        while !is_so() {
            assert!(begin.elapsed() < super::CAP, "{what}: never");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    };
    until("its streams", &mut || streams().is_some_and(|it| it > 0));
    // The shell's own: not every Debian has the program.
    let kill = format!("kill -INT {}", run.id());
    let interrupt = || assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    interrupt();
    let mut ended = None;
    until("its end", &mut || {
        // Again and again: two that come as one are one.
        interrupt();
        ended = run.try_wait().unwrap();
        ended.is_some()
    });
    assert_eq!(ended.unwrap().code(), Some(130));
    assert_eq!(streams(), Some(0));
}
