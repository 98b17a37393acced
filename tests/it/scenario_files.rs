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
            world.run_until(Time::from_secs_f64(300.0), &mut ());
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

/// A tree as the `ron` crate sees it, which forgets the names of structs and words.
fn shape_of_ours(node: &syntax::Node) -> String {
    use syntax::Kind;
    let list = |items: &[syntax::Node]| {
        format!("[{}]", items.iter().map(shape_of_ours).collect::<Vec<_>>().join(","))
    };
    let map = |mut entries: Vec<String>| {
        entries.sort();
        format!("{{{}}}", entries.join(","))
    };
    match &node.kind {
        Kind::Bool(it) => it.to_string(),
        #[expect(clippy::cast_precision_loss, reason = "compared as f32 on both sides")]
        Kind::Int(it) => format!("{:e}", *it as f32),
        #[expect(clippy::cast_possible_truncation, reason = "compared as f32 on both sides")]
        Kind::Float(it) => format!("{:e}", *it as f32),
        Kind::Text(it) => format!("{it:?}"),
        Kind::Char(it) => format!("{it:?}"),
        Kind::Word(_) => "()".to_owned(),
        Kind::List(items) | Kind::Tuple(_, items) => list(items),
        Kind::Map(entries) => map(entries
            .iter()
            .map(|(key, value)| format!("{}:{}", shape_of_ours(key), shape_of_ours(value)))
            .collect()),
        Kind::Struct(_, fields) => map(fields
            .iter()
            .map(|it| format!("{:?}:{}", it.name, shape_of_ours(&it.value)))
            .collect()),
    }
}

fn shape_of_theirs(value: &ron::Value) -> String {
    match value {
        ron::Value::Bool(it) => it.to_string(),
        #[expect(clippy::cast_possible_truncation, reason = "compared as f32 on both sides")]
        ron::Value::Number(it) => format!("{:e}", it.into_f64() as f32),
        ron::Value::String(it) => format!("{it:?}"),
        ron::Value::Char(it) => format!("{it:?}"),
        ron::Value::Unit => "()".to_owned(),
        ron::Value::Seq(items) => {
            format!("[{}]", items.iter().map(shape_of_theirs).collect::<Vec<_>>().join(","))
        }
        ron::Value::Map(map) => {
            let mut entries: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{}:{}", shape_of_theirs(key), shape_of_theirs(value)))
                .collect();
            entries.sort();
            format!("{{{}}}", entries.join(","))
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn the_library_is_read_as_the_ron_crate_reads_it() {
    for entry in library::entries() {
        let ours = syntax::parse(entry.text).unwrap();
        let theirs: ron::Value = ron::from_str(entry.text).unwrap();
        assert_eq!(shape_of_ours(&ours), shape_of_theirs(&theirs), "{}", entry.name);
    }
}

/// Texts of values, with blanks and comments where they may stand.
fn values() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("true".to_owned()),
        (-99_999_i32..99_999).prop_map(|it| it.to_string()),
        (-999.0..999.0_f32).prop_map(|it| format!("{it:?}")),
        "[A-Z][a-z]{1,6}"
            .prop_filter("`Some` means something else", |it| it != "Some" && it != "None"),
        "[a-z ]{0,6}".prop_map(|it| format!("{it:?}")),
        Just("r#\"a \"raw\" one\"#".to_owned()),
        Just("'x'".to_owned()),
        Just("\"\\n\\t\\u{41}\"".to_owned()),
    ];
    let blank = || {
        prop_oneof![
            Just(" "),
            Just(""),
            Just("\n"),
            Just(" // note\n"),
            Just(" /* a /* b */ c */ ")
        ]
    };
    leaf.prop_recursive(4, 40, 5, move |inner| {
        let items = prop::collection::vec((blank(), inner.clone(), blank()), 0..5);
        let name = "[A-Z][a-z]{2,5}"
            .prop_filter("`Some` means something else", |it| it != "Some" && it != "None");
        (items, 0..4_u8, name).prop_map(|(items, how, name)| {
            let each = |prefix: fn(usize) -> String| {
                let items = items.iter().enumerate();
                items
                    .map(|(it, (a, value, b))| format!("{a}{}{value}{b}", prefix(it)))
                    .collect::<Vec<_>>()
                    .join(",")
            };
            match how {
                0 => format!("[{}]", each(|_| String::new())),
                1 if !items.is_empty() => format!("{name}({})", each(|it| format!("f{it}: "))),
                2 => format!("{{{}}}", each(|it| format!("\"k{it}\": "))),
                _ => format!("{name}x({})", each(|_| String::new())),
            }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_the_ron_crate_reads_is_read_the_same(text in values()) {
        let theirs: Result<ron::Value, _> = ron::from_str(&text);
        let ours = syntax::parse(&text);
        prop_assert!(theirs.is_ok(), "{theirs:?}\n{text}");
        prop_assert!(ours.is_ok(), "{text}");
        prop_assert_eq!(shape_of_ours(&ours.unwrap()), shape_of_theirs(&theirs.unwrap()));
    }

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
            Ok(scenario) => {
                // What is accepted can be run.
                for variant in scenario.variants {
                    let mut world = World::new(variant.model, 1);
                    let _ = (0..20_000).all(|_| world.step(&mut ()));
                    prop_assert!(world.audit().is_balanced());
                }
            }
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
