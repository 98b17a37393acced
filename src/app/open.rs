//! Opening a scenario: from the library or from a file, and again when the file changes.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::scenario::{self, Problems, Scenario};

/// Where a scenario comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The library that is built in, by the entry's name.
    Library(String),
    /// A file.
    File(PathBuf),
}

impl Source {
    /// The file, if it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Library(_) => None,
            Self::File(path) => Some(path),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Library(name) => f.write_str(name),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// What is wrong with a file that cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which file.
    pub path: PathBuf,
    /// How many mistakes it has.
    pub count: usize,
    /// All of them, as a compiler would say them.
    pub text: String,
}

impl Broken {
    pub(super) fn of(path: &Path, problems: &Problems) -> Self {
        Self { path: path.to_owned(), count: problems.list().len(), text: problems.render(false) }
    }
}

/// A scenario that was read, with the text it was read from.
pub struct Opened {
    /// What it says.
    pub scenario: Scenario,
    /// Its text.
    pub text: std::sync::Arc<str>,
}

/// Why nothing was opened.
pub enum Failure {
    /// In a sentence: there is no such entry, or the file cannot be read.
    Sentence(String),
    /// The file was read and is not good.
    Broken(Broken),
}

/// Reads what the source holds now.
pub(super) fn open(source: &Source) -> Result<Opened, Failure> {
    match source {
        Source::Library(name) => {
            let entry = scenario::library::entries().iter().find(|entry| entry.name == name);
            let entry = entry.ok_or_else(|| {
                Failure::Sentence(format!("The library has no scenario named {name}."))
            })?;
            read(entry.text, Path::new(entry.path))
        }
        Source::File(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                Failure::Sentence(format!("{} cannot be read: {error}.", path.display()))
            })?;
            read(&text, path)
        }
    }
}

fn read(text: &str, path: &Path) -> Result<Opened, Failure> {
    match scenario::read(text, &path.display().to_string()) {
        Ok(scenario) => Ok(Opened { scenario, text: text.into() }),
        Err(problems) => Err(Failure::Broken(Broken::of(path, &problems))),
    }
}
