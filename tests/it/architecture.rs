//! The house: which layer may name which, and the rules that keep files findable.

use std::path::{Path, PathBuf};

/// A layer, and the layers it may name. From `lib.rs`, lower ones first.
const LAYERS: [(&str, &[&str]); 12] = [
    ("model", &[]),
    ("scenario", &["model"]),
    ("engine", &["model"]),
    ("sim", &["model", "engine"]),
    // One interpreter: a live run is the world of `sim`, told what has really come.
    ("live", &["model", "sim"]),
    ("history", &["model", "sim"]),
    ("session", &["model", "scenario", "sim", "history"]),
    ("measure", &["model", "sim", "history"]),
    ("app", &["model", "scenario", "engine", "sim", "live", "history", "session", "measure"]),
    ("view", &["model", "scenario", "history", "measure", "app"]),
    ("export", &["model", "history", "session", "measure", "view"]),
    ("gui", &["model", "scenario", "live", "history", "measure", "app", "view", "export"]),
];

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push((path.clone(), std::fs::read_to_string(&path).unwrap()));
        }
    }
    found.sort();
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_lower_layer_never_names_a_higher_one() {
    let mut broken = Vec::new();
    for (layer, may_name) in LAYERS {
        for (path, text) in sources(&root().join("src").join(layer)) {
            for (number, line) in text.lines().enumerate() {
                for (at, _) in line.match_indices("crate::") {
                    let named: String = line[at + 7..]
                        .chars()
                        .take_while(|it| it.is_ascii_alphanumeric() || *it == '_')
                        .collect();
                    let is_layer = LAYERS.iter().any(|(it, _)| *it == named) || named == "cli";
                    if is_layer && named != layer && !may_name.contains(&named.as_str()) {
                        broken.push(format!(
                            "{}:{}: {layer} names {named}",
                            path.display(),
                            number + 1
                        ));
                    }
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_file_says_what_it_holds_and_is_one_idea() {
    for folder in ["src", "tests/it"] {
        for (path, text) in sources(&root().join(folder)) {
            assert!(text.starts_with("//! "), "{} does not begin with `//!`", path.display());
            let lines = text.lines().count();
            assert!(lines <= 800, "{} has {lines} lines: two ideas", path.display());
        }
    }
}

#[test]
fn a_picture_waits_for_nobody() {
    for layer in ["app", "view", "gui"] {
        for (path, text) in sources(&root().join("src").join(layer)) {
            // What keeps the session has a thread of its own.
            if path.ends_with("app/keeper.rs") {
                continue;
            }
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            for word in [".lock()", ".recv()", ".recv_timeout(", ".join()", "Condvar", "sleep("] {
                assert!(!text.contains(word), "{} has {word}", path.display());
            }
        }
    }
}

#[test]
fn only_the_window_names_egui_and_only_live_names_tokio() {
    for (layer, _) in LAYERS {
        for (path, text) in sources(&root().join("src").join(layer)) {
            let words: &[&str] = match layer {
                "gui" => &["tokio::", "async_nats"],
                "live" => &["egui::", "eframe::"],
                _ => &["egui::", "eframe::", "tokio::", "async_nats"],
            };
            for word in words {
                assert!(!text.contains(word), "{} names {word}", path.display());
            }
        }
    }
}
