//! Where a scenario comes from: a file, or the library.

use std::path::Path;

use crate::scenario::{self, Scenario, library};

use super::session;

/// Reads the scenario with this path or name.
///
/// # Errors
///
/// What is wrong, ready to be printed.
pub(super) fn load(name: &str) -> Result<Scenario, String> {
    load_with_text(name).map(|(scenario, _)| scenario)
}

/// Reads the scenario with this path or name; gives its text too.
///
/// # Errors
///
/// What is wrong, ready to be printed.
pub(super) fn load_with_text(name: &str) -> Result<(Scenario, String), String> {
    if !Path::new(name).is_file()
        && let Some(entry) = library::find(name)
    {
        let read = scenario::read(entry.text, entry.path).map_err(|it| it.render(false));
        return read.map(|it| (it, entry.text.to_owned()));
    }
    let text = text(name)?;
    let read = scenario::read(&text, name).map_err(|it| it.render(use_colour()));
    read.map(|it| (it, text))
}

/// Reads the scenario or the session with this path or name, to see whether it is good.
///
/// # Errors
///
/// What is wrong, ready to be printed.
pub(super) fn check(name: &str) -> Result<(), String> {
    if session::is_session(name) {
        return session::load(name).map(|_| ());
    }
    load(name).map(|_| ())
}

/// The text of a file.
///
/// # Errors
///
/// Why it cannot be read, ready to be printed.
pub(super) fn text(name: &str) -> Result<String, String> {
    std::fs::read_to_string(name).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            format!("error: there is no file `{name}`, and no scenario of that name is built in (see `inflight list`)\n")
        }
        std::io::ErrorKind::IsADirectory => {
            format!("error: `{name}` is a folder: give one of the files in it, or check all of them with `inflight check {name}`\n")
        }
        std::io::ErrorKind::InvalidData => format!("error: `{name}` is not text in UTF-8\n"),
        _ => format!("error: `{name}` cannot be read: {error}\n"),
    })
}

pub(super) fn use_colour() -> bool {
    use std::io::IsTerminal;
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}
