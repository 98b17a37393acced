//! Files that are never half there: what is written is on the disk under another name before it
//! takes the place of what was.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What stands in a file, in one number (FNV-1a): to see whether it is what one knows.
#[must_use]
pub fn mark_of(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |mark, byte| {
        (mark ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Puts this in a file, in place of whatever is there. If anything goes wrong, be it that the
/// machine stops, there is what was there before or all of this.
///
/// # Errors
/// What the system says; the file is as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // What a link points to is written, not a file in place of the link.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = folder_of(&path);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if std::fs::metadata(&path).is_ok_and(|it| it.permissions().readonly()) {
        // A rename would not ask.
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
    }
    if !folder.is_dir() {
        // Said as it is, without the name of the file that would be there for a moment.
        let text = format!("there is no folder {}", folder.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    let mut builder = tempfile::Builder::new();
    let prefix = format!(".{name}.");
    builder.prefix(&prefix).suffix(UNFINISHED);
    if let Some(permissions) = permissions(&path) {
        builder.permissions(permissions);
    }
    let mut file = builder.tempfile_in(&folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|it| it.error)?;
    sync_folder(&folder)
}

/// How the names of files end that are being written.
const UNFINISHED: &str = ".unfinished";

/// Removes what was left of writing this file by a program that was stopped.
pub fn remove_unfinished(path: &Path) {
    let folder = folder_of(path);
    let prefix = format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy());
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(&prefix) && name.ends_with(UNFINISHED) {
            // If it cannot be removed it does no harm.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn folder_of(path: &Path) -> PathBuf {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).to_owned()
}

/// Those of the file that is there, or what files are given usually.
#[cfg(unix)]
fn permissions(path: &Path) -> Option<std::fs::Permissions> {
    use std::os::unix::fs::PermissionsExt;
    let there = std::fs::metadata(path).map(|it| it.permissions());
    Some(there.unwrap_or_else(|_| std::fs::Permissions::from_mode(0o666)))
}

#[cfg(not(unix))]
fn permissions(_: &Path) -> Option<std::fs::Permissions> {
    None
}

/// That the file has its new name is on the disk too.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
