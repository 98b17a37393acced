//! `inflight live`, as a person types it: the same document as of a simulated run, and a recording
//! that runs again.

use std::process::{Command, Output};

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
    assert_eq!(checked.status.code(), Some(0), "{}", String::from_utf8_lossy(&checked.stdout));

    // A run of which another end is told parts from it, and that is said.
    let text = std::fs::read_to_string(file).unwrap();
    let digest = live["digest"].as_str().unwrap();
    std::fs::write(file, text.replace(digest, "0123456789abcdef")).unwrap();
    assert_eq!(document(&["run", file, "--json"])["goes_as_saved"], false);
    assert_ne!(inflight(&["check", file]).status.code(), Some(0));
}

#[test]
fn what_cannot_be_is_said() {
    let says = |arguments: &[&str], what: &str| {
        let output = inflight(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(what), "{arguments:?}: {said}");
    };
    says(&["live", "payment", "--broker", "kafka"], "nats://127.0.0.1:4222");
    says(&["live", "payment", "--record", "x.ron"], ".inflight");
    says(&["live", "no such scenario"], "no scenario of that name");
    says(&["live", "payment", "--for", "0s"], "a time above zero");
}
