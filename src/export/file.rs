//! Writing a file so that it is never half there: beside it first, then in its place.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Writes a text, or other bytes, into a file, or leaves everything as it was.
///
/// # Errors
///
/// In a sentence: what went wrong, and what to do.
pub fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), String> {
    let Some(name) = path.file_name() else {
        return Err(format!("{} is not the name of a file; give it one.", path.display()));
    };
    if path.is_dir() {
        return Err(format!("{} is a folder; add the name of a file.", path.display()));
    }
    let mut beside = name.to_owned();
    beside.push(format!(".{}.part", std::process::id()));
    let beside = path.with_file_name(beside);
    put(&beside, text.as_ref()).and_then(|()| fs::rename(&beside, path)).map_err(|error| {
        // What was begun is of no use to anybody; if it cannot be removed it was never made.
        let _ = fs::remove_file(&beside);
        said(path, &error)
    })
}

fn put(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn said(path: &Path, error: &std::io::Error) -> String {
    use std::io::ErrorKind as Kind;
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let folder = folder.map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    let path = path.display();
    match error.kind() {
        Kind::NotFound => {
            format!("{path} cannot be written: there is no folder {}.", folder.display())
        }
        Kind::PermissionDenied => {
            format!("{path} cannot be written: it is not allowed there; choose another folder.")
        }
        Kind::StorageFull => format!("{path} cannot be written: the disk is full."),
        _ => format!("{path} cannot be written: {error}; choose another place."),
    }
}
