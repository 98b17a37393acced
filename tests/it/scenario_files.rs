//! Scenario files: those that ship are good, and mistakes are answered with their places.

use inflight::model::Time;
use inflight::scenario::{self, library, syntax};
use inflight::sim::World;
use proptest::prelude::*;

#[test]
fn every_scenario_that_ships_is_read_and_runs() {
    for entry in library::entries() {
        let scenario = match scenario::read(entry.text, entry.path) {
            Ok(scenario) => scenario,
            Err(problems) => panic!("{problems}"),
        };
        for variant in &scenario.variants {
            let mut world = World::new(variant.model.clone(), variant.model.seed);
            world.run_until(Time::from_secs_f64(60.0), &mut ());
            assert!(world.record_count() > 100, "{} {}", entry.name, variant.name);
            assert!(world.audit().is_balanced(), "{} {}", entry.name, variant.name);
        }
    }
}

#[test]
fn no_file_of_the_library_is_left_out_of_the_program() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut found = Vec::new();
    for folder in std::fs::read_dir(&root).unwrap().flatten().filter(|it| it.path().is_dir()) {
        for file in std::fs::read_dir(folder.path()).unwrap().flatten() {
            if file.path().extension().is_some_and(|it| it == "ron") {
                let path = file.path();
                found.push(path.strip_prefix(&root).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    let mut built_in: Vec<_> =
        library::entries().iter().map(|it| format!("{}.ron", it.name)).collect();
    built_in.sort();
    assert_eq!(found, built_in);
}

#[test]
fn what_this_reader_reads_ron_reads_too() {
    for entry in library::entries() {
        assert!(ron::from_str::<ron::Value>(entry.text).is_ok() || entry.text.contains("Event("));
        assert!(syntax::parse(entry.text).is_ok());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_text_is_answered_and_never_panics(text in "\\PC{0,200}") {
        let _ = scenario::read(&text, "any.ron").map_err(|it| it.render(false));
    }

    #[test]
    fn a_mutated_scenario_is_answered_and_never_panics(
        which in 0..library::entries().len(),
        cuts in prop::collection::vec((0.0..1.0f64, 0..12_usize, "[(){}\\[\\]:,\"a-z0-9 -]{0,4}"), 1..4),
    ) {
        let mut text = library::entries()[which].text.to_owned();
        for (share, length, replacement) in cuts {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a text")]
            let begin = (share * text.len() as f64) as usize;
            let boundary = |at: usize| (0..=at.min(text.len())).rev().find(|&it| text.is_char_boundary(it)).unwrap();
            let (begin, end) = (boundary(begin), boundary(begin + length));
            text.replace_range(begin..end, &replacement);
        }
        match scenario::read(&text, "mutated.ron") {
            Ok(_) => {}
            Err(problems) => {
                prop_assert!(!problems.list().is_empty());
                prop_assert!(problems.list().iter().all(|it| it.line > 0 && it.column > 0));
                prop_assert!(problems.render(false).contains("mutated.ron"));
            }
        }
    }
}

/// Each broken file is answered with exactly what stands beside it. `INFLIGHT_BLESS=1` writes
/// the answers anew, to be read before they are committed.
#[test]
fn every_mistake_is_answered_as_it_was_agreed() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let bless = std::env::var_os("INFLIGHT_BLESS").is_some();
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    files.retain(|it| it.extension().is_some_and(|it| it == "ron"));
    files.sort();
    assert!(files.len() >= 40);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy();
        let problems = scenario::read(&text, &name).expect_err(&name);
        assert!(!problems.list().is_empty(), "{name}");
        let answer = problems.render(false);
        let agreed = file.with_extension("txt");
        if bless {
            std::fs::write(agreed, answer).unwrap();
        } else {
            assert_eq!(std::fs::read_to_string(agreed).unwrap(), answer, "{name}");
        }
    }
}

/// The examples of the reference: each is a whole scenario that is read and runs.
#[test]
fn every_example_of_the_reference_runs() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/REFERENCE.md");
    let reference = std::fs::read_to_string(path).unwrap();
    let examples: Vec<&str> =
        reference.split("```ron\n").skip(1).map(|it| it.split("```").next().unwrap()).collect();
    assert!(examples.len() >= 14);
    for example in examples {
        let scenario = match scenario::read(example, "REFERENCE.md") {
            Ok(scenario) => scenario,
            Err(problems) => panic!("{problems}\n{example}"),
        };
        for variant in &scenario.variants {
            let mut world = World::new(variant.model.clone(), variant.model.seed);
            world.run_until(Time::from_secs_f64(5.0), &mut ());
            assert!(world.record_count() > 5, "nothing happens in\n{example}");
            assert!(world.audit().is_balanced(), "{example}");
        }
    }
}
