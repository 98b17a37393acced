//! `inflight check` and `inflight list`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::scenario::{self, library};
use crate::session::ENDING;

use super::{session, source};

pub(super) fn check(paths: &[PathBuf]) -> ExitCode {
    let mut files = Vec::new();
    let mut bad = 0;
    for path in paths {
        if let Err(error) = collect(path, &mut files) {
            eprintln!("error: `{}`: {error}", path.display());
            bad += 1;
        }
    }
    if files.is_empty() && bad == 0 {
        eprintln!("error: there is no `.ron` or `.inflight` file in what was given");
        return ExitCode::from(1);
    }
    for file in &files {
        if session::is_session(&file.to_string_lossy()) {
            bad += usize::from(!check_session(file));
            continue;
        }
        match source::load(&file.to_string_lossy()) {
            Ok(scenario) => {
                let count = scenario.variants.len();
                let variants =
                    if count == 1 { String::new() } else { format!(", {count} variants") };
                println!("good  {}: {}{variants}", file.display(), scenario.title);
            }
            Err(message) => {
                bad += 1;
                println!("BAD   {}", file.display());
                eprint!("{message}");
            }
        }
    }
    println!("{} good, {bad} not good", files.len().saturating_sub(bad));
    if bad == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// Whether a session is good: its text, its names, and that its branches go as it says.
fn check_session(file: &Path) -> bool {
    let session = match session::load(&file.to_string_lossy()) {
        Ok(session) => session,
        Err(message) => {
            println!("BAD   {}", file.display());
            eprint!("{message}");
            return false;
        }
    };
    let compared = session::compare(&session, None);
    if compared.parted.is_empty() {
        let branches: usize = session.futures.values().map(|it| it.tree.branches().count()).sum();
        let s = if branches == 1 { "" } else { "es" };
        let title = &session.scenario.title;
        println!("good  {}: session of {title}, {branches} branch{s}", file.display());
        return true;
    }
    println!("BAD   {}", file.display());
    for text in &compared.parted {
        eprintln!("error: {text}");
    }
    false
}

/// The file itself, or all `.ron` and `.inflight` files below a folder, in order.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        std::fs::metadata(path)?;
        files.push(path.to_owned());
        return Ok(());
    }
    let mut entries: Vec<_> = std::fs::read_dir(path)?
        .collect::<Result<Vec<_>, _>>()?
        .iter()
        .map(std::fs::DirEntry::path)
        .collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            collect(&entry, files)?;
        } else if entry.extension().is_some_and(|it| it == "ron" || it == ENDING) {
            files.push(entry);
        }
    }
    Ok(())
}

pub(super) fn list() -> ExitCode {
    for entry in library::entries() {
        match scenario::read(entry.text, entry.path) {
            Ok(scenario) => {
                println!("{:<18} {}", entry.name, scenario.sentence);
                for variant in scenario.variants.iter().filter(|it| !it.name.is_empty()) {
                    println!("{:<18}   {:<10} {}", "", variant.name, variant.sentence);
                }
            }
            Err(problems) => eprint!("{problems}"),
        }
    }
    ExitCode::SUCCESS
}
