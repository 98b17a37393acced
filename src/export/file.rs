//! Writing a file whole or not at all, and saying in a sentence why it could not be.

use std::path::{Path, PathBuf};

use crate::session::file::write_whole;

/// Writes a text, or other bytes, into a file, or leaves everything as it was.
///
/// # Errors
///
/// In a sentence: what went wrong, and what to do.
pub fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<(), String> {
    if path.file_name().is_none() {
        return Err(format!("{} is not the name of a file; give it one.", path.display()));
    }
    if path.is_dir() {
        return Err(format!("{} is a folder; add the name of a file.", path.display()));
    }
    write_whole(path, text.as_ref()).map_err(|error| said(path, &error))
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
