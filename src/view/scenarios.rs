//! The scenarios to choose from: the library by folder, and the files that were opened lately.

use std::path::Path;

use crate::app::{App, Command, Source};
use crate::scenario::library;

/// Scenarios under one heading.
#[derive(Clone, Debug, PartialEq)]
pub struct Folder {
    /// The heading.
    pub name: String,
    /// What can be chosen.
    pub choices: Vec<Choice>,
}

/// A scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// What it is called.
    pub title: String,
    /// What it shows, or where it is.
    pub hint: String,
    /// Whether it is the one that is open.
    pub is_open: bool,
    /// What opens it.
    pub command: Command,
}

/// What there is that has every word that was typed somewhere in its folder, name, title or
/// sentence; all of it if nothing was typed.
#[must_use]
pub fn folders(app: &App, typed: &str) -> Vec<Folder> {
    let words: Vec<String> = typed.split_whitespace().map(str::to_lowercase).collect();
    let is_meant = |text: &str| {
        let text = text.to_lowercase();
        words.iter().all(|it| text.contains(it))
    };
    let mut folders: Vec<Folder> = Vec::new();
    let mut add = |folder: &str, choice: Choice| match folders.last_mut() {
        Some(last) if last.name == folder => last.choices.push(choice),
        _ => folders.push(Folder { name: folder.to_owned(), choices: vec![choice] }),
    };
    for entry in library::entries() {
        let (folder, name) = entry.name.rsplit_once('/').unwrap_or(("", entry.name));
        let (title, sentence) = entry.about();
        if is_meant(&format!("{folder} {name} {title} {sentence}")) {
            let title = title.clone();
            let hint = format!("{sentence}\n\ninflight {name}");
            let is_open = app.source == Source::Library(entry.name.to_owned());
            let command = Command::OpenLibrary(entry.name.to_owned());
            add(folder, Choice { title, hint, is_open, command });
        }
    }
    for path in &app.settings.recent {
        let (title, hint) = (file_name(path), path.display().to_string());
        if is_meant(&hint) {
            let session = app.desk.file.as_deref();
            let is_open = session.or_else(|| app.source.file()) == Some(path);
            let command = Command::OpenFile(path.clone());
            add("recent files", Choice { title, hint, is_open, command });
        }
    }
    folders
}

/// The last part of a path.
#[must_use]
pub fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
