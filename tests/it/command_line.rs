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
    assert_eq!(inflight(&["check", "--no-run", "scenarios"]).status.code(), Some(0));
    let output = inflight(&["check", "tests/broken"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains(".ron:"), "{}", err(&output));
    let output = inflight(&["check", "no/such/place"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        err(&output).contains("there is no file or folder `no/such/place`"),
        "{}",
        err(&output)
    );
}

#[test]
fn check_takes_names_of_the_library() {
    let output = inflight(&["check", "replay", "delivery/old_price"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(out(&output).contains("Read again from the beginning"), "{}", out(&output));
    assert!(out(&output).contains("2 good, 0 not good"), "{}", out(&output));
}

#[test]
fn a_folder_is_not_run_and_it_is_said_what_can_be_done() {
    for command in ["run", "compare", "matrix"] {
        let output = inflight(&[command, "scenarios/queueing"]);
        assert_eq!(output.status.code(), Some(1));
        let said = err(&output);
        assert!(said.contains("`scenarios/queueing` is a folder"), "{said}");
        assert!(said.contains("inflight check scenarios/queueing"), "{said}");
    }
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
fn a_sequence_from_after_the_end_of_the_run_is_said_to_be_none() {
    for from in ["60s", "61s", "500s"] {
        let output = inflight(&["sequence", "payment", "--from", from]);
        assert_eq!(output.status.code(), Some(2), "{}", err(&output));
        assert!(err(&output).contains("the run ends at 60.000 s"), "{}", err(&output));
    }
    assert!(out(&inflight(&["sequence", "payment", "--from", "59s"])).contains("checkout"));
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

#[test]
fn a_branch_of_a_session_is_run_and_compared() {
    let folder = std::env::temp_dir().join(format!("inflight-cli-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (file, text) = session(&folder);
    let run = inflight(&["run", &file, "--branch", "slow ledger", "--json"]);
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    let document: serde_json::Value = serde_json::from_str(&out(&run)).unwrap();
    assert_eq!(document["branch"], "slow ledger");
    assert_eq!(document["goes_as_saved"], true);
    let digest = document["digest"].as_str().unwrap();
    assert!(text.contains(&format!("\"{digest}\"")), "it is the run that was saved");
    let shown = inflight(&["run", &file]);
    assert!(out(&shown).contains("Branch main: 0 interventions"), "{}", out(&shown));
    assert!(out(&shown).contains("as saved"), "{}", out(&shown));
    let unknown = inflight(&["run", &file, "--branch", "fast"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(err(&unknown).contains("it has main, slow ledger"), "{}", err(&unknown));
    assert_eq!(inflight(&["check", folder.to_str().unwrap()]).status.code(), Some(0));

    let parted = text.replace(digest, "00000000deadbeef");
    std::fs::write(&file, parted).unwrap();
    let check = inflight(&["check", &file]);
    assert_eq!(check.status.code(), Some(1));
    assert!(err(&check).contains("Branch “slow ledger” goes another way"), "{}", err(&check));
    std::fs::write(&file, &text[..text.len() / 3]).unwrap();
    let check = inflight(&["check", &file]);
    assert_eq!(check.status.code(), Some(1));
    assert!(err(&check).contains(".inflight:"), "{}", err(&check));
    std::fs::remove_dir_all(&folder).unwrap();
}

/// A session with a branch in which the ledger is slow, as the window would save it.
fn session(folder: &std::path::Path) -> (String, String) {
    use inflight::app::{App, Command, Options, Settings};
    use inflight::model::{Act, FaultKind, ServiceId, Time};
    let mut app = App::new(Settings::default(), Options::default(), std::sync::Arc::new(|| {}));
    app.update(Command::SeekTo(Time::from_secs_f64(5.0)));
    app.update(Command::Pause);
    let settle = |app: &mut App| {
        let is_done = |app: &App| {
            let mut branches = app.tree().branches();
            branches.all(|it| app.run.progress_of(&app.tree().script(it.id)).0.done)
        };
        while !is_done(app) || !app.run.serves(app.playback.at) {
            app.update(Command::Tick(0.0));
            std::thread::yield_now();
        }
    };
    settle(&mut app);
    let service = app.model().services.iter().position(|it| it.name == "ledger").unwrap();
    let kind = FaultKind::Slow { service: ServiceId::from_index(service), factor: 3.0 };
    app.update(Command::Act(Act::Break { kind, lasts: None }));
    let id = app.branch().id;
    app.update(Command::RenameBranch { id, name: "slow ledger".into() });
    app.update(Command::SwitchBranch(inflight::history::MAIN));
    settle(&mut app);
    let text = inflight::session::write(&app.session());
    let file = folder.join("slow.inflight");
    std::fs::write(&file, &text).unwrap();
    (file.display().to_string(), text)
}

#[test]
fn check_runs_what_a_file_expects_and_says_what_is_not_so() {
    let output = inflight(&["check", "scenarios/payment", "scenarios/delivery"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    assert!(out(&output).contains(" expectations met, 0 not"), "{}", out(&output));

    // The same file with another number in it.
    let text = std::fs::read_to_string("scenarios/delivery/lost_ack.ron").unwrap();
    let broken = text.replace("probability: 0.3", "probability: 0.0");
    assert_ne!(text, broken);
    let path = std::env::temp_dir().join(format!("inflight-broken-{}.ron", std::process::id()));
    std::fs::write(&path, broken).unwrap();
    let path = path.to_string_lossy().into_owned();
    let output = inflight(&["check", &path]);
    assert_eq!(output.status.code(), Some(1));
    assert!(out(&output).contains("NOT MET [naive]"), "{}", out(&output));
    assert!(out(&output).contains("0 is not above 0, at 20.000 s"), "{}", out(&output));
    let junit = out(&inflight(&["check", &path, "--format", "junit"]));
    assert!(junit.contains("<failure message=\"0 is not above 0"), "{junit}");
    let json = out(&inflight(&["check", &path, "--format", "json"]));
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["files"][0]["good"], false);
    assert_eq!(document["files"][0]["expectations"][0]["left"], 0.0);
    assert_eq!(inflight(&["check", "--no-run", &path]).status.code(), Some(0));

    // A folder is not good if one of its files is not.
    let folder = std::env::temp_dir().join(format!("inflight-broken-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::rename(&path, folder.join("lost_ack.ron")).unwrap();
    std::fs::copy("scenarios/article/over_engineering.ron", folder.join("good.ron")).unwrap();
    let output = inflight(&["check", &folder.to_string_lossy()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(out(&output).contains("1 good, 1 not good"), "{}", out(&output));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn compare_matrix_and_seeds_print_what_was_measured() {
    let json = |arguments: &[&str]| {
        let output = inflight(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        serde_json::from_str::<serde_json::Value>(&out(&output)).unwrap()
    };
    let compared = json(&["compare", "payment", "--variants", "notify,call", "--json"]);
    assert_eq!(compared["columns"], serde_json::json!(["notify", "call"]));
    assert_eq!(compared["not_the_same"], serde_json::json!([]));
    let rows = compared["rows"].as_array().unwrap();
    let row = |name: &str| rows.iter().find(|it| it["figure"] == name).unwrap();
    assert_eq!(row("Completed during the fault (customers)")["values"][0], 1.0);
    assert_eq!(row("Parts that show errors or stop")["values"], serde_json::json!([0.0, 3.0]));
    let text = out(&inflight(&["compare", "payment", "--markdown"]));
    assert!(
        text.contains("| Parts to run and watch | ↓ | 5 | **4** | **4** |")
            || text.contains("| Parts to run and watch | ↓ | 5 | 4 | 4 |"),
        "{text}"
    );

    let spread = json(&["run", "payment", "--seeds", "3", "--until", "30s", "--json"]);
    assert_eq!(spread["seeds"].as_array().unwrap().len(), 3);
    assert_eq!(spread["rows"][0]["spreads"][0]["runs"], 3);

    let matrix = json(&["matrix", "lost_ack", "--until", "20s", "--json"]);
    assert_eq!(matrix[0]["consumer"], "ledger");
    let rows = matrix[0]["rows"].as_array().unwrap();
    assert_eq!(rows[0]["strategy"], "naive");
    assert_eq!(rows[0]["cells"].as_array().unwrap().len(), 7);
    assert_eq!(matrix[0]["in_the_field"]["applied twice"], "duplicate");
    assert_eq!(inflight(&["matrix", "mm1"]).status.code(), Some(1));
    // Two consumers, and no word of an interruption.
    let variant = ["--variant", "in flight"];
    let two = inflight(&["matrix", "article/data_in_flight", variant[0], variant[1], "--markdown"]);
    assert_eq!((two.status.code(), err(&two).as_str()), (Some(0), ""));
    let title = "### Data at rest, in flight, as in “in flight”: what ";
    assert_eq!(out(&two).matches(title).count(), 2, "{}", out(&two));
    // What was never seen in three runs is bounded.
    let two = out(&inflight(&["compare", "lost_ack", "--variants", "naive,inbox", "--seeds", "3"]));
    let line = two.lines().find(|it| it.contains("Anomalies per thousand events")).unwrap();
    assert!(line.contains("0 (< ") && line.contains(" per 1000)"), "{line}");
    assert_eq!(inflight(&["compare", "payment", "--variants", "nobody"]).status.code(), Some(2));
    let twice = inflight(&["compare", "payment", "--variants", "call,call"]);
    assert_eq!(twice.status.code(), Some(2));
    assert!(err(&twice).contains("“call” twice"), "{}", err(&twice));
}
