//! The command line, as a person types it.

use std::process::{Command, Output};

fn inflight(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_inflight"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn list_names_every_scenario_with_a_sentence() {
    let output = inflight(&["list"]);
    assert_eq!(output.status.code(), Some(0));
    for entry in inflight::scenario::library::entries() {
        assert!(out(&output).contains(entry.name));
    }
}

#[test]
fn check_is_content_with_the_library_and_not_with_a_broken_file() {
    assert_eq!(inflight(&["check", "scenarios"]).status.code(), Some(0));
    let output = inflight(&["check", "tests/broken"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains(".ron:"), "{}", err(&output));
    assert_eq!(inflight(&["check", "no/such/place"]).status.code(), Some(1));
}

#[test]
fn run_prints_a_document_that_depends_on_scenario_variant_and_seed_alone() {
    let run = |more: &[&str]| {
        let output = inflight(&[&["run", "payment", "--until", "20s", "--json"], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        serde_json::from_str::<serde_json::Value>(&out(&output)).unwrap()
    };
    let document = run(&[]);
    assert_eq!(document["scenario"], "payment");
    assert_eq!(document["variant"], "notify");
    assert_eq!(document["simulated_seconds"], 20.0);
    assert!(document["services"].as_array().unwrap().len() >= 5);
    assert!(document["messages"]["published"].as_u64().unwrap() > 50);
    assert_eq!(run(&[])["digest"], document["digest"]);
    assert_ne!(run(&["--seed", "7"])["digest"], document["digest"]);
    assert_eq!(run(&["--variant", "poll"])["variant"], "poll");
}

#[test]
fn several_files_make_an_array() {
    let output =
        inflight(&["run", "mm1", "scenarios/queueing/md1.ron", "--until", "10s", "--json"]);
    let documents: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(documents.as_array().unwrap().len(), 2);
}

#[test]
fn what_is_wrong_with_the_command_line_is_said_with_code_2() {
    let output = inflight(&["run", "payment", "--variant", "notfy"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("did you mean `notify`?"));
    assert_eq!(inflight(&["run", "payment", "--until", "60"]).status.code(), Some(2));
    assert_eq!(inflight(&["run"]).status.code(), Some(2));
}

#[test]
fn a_scenario_that_is_not_there_is_said_with_code_1() {
    let output = inflight(&["run", "nowhere.ron"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("there is no file `nowhere.ron`"));
}

#[test]
fn without_a_display_the_same_scenario_runs_headless() {
    let output = inflight(&["--variant", "call"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(err(&output).lines().count(), 1);
    assert!(err(&output).contains("there is no display"));
    assert!(out(&output).contains("· call"));
}
