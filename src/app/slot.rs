//! Where a running program keeps what is made in it: a file of its own, which no other takes while
//! it runs, and which the next one finds when it has ended.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::session::{ENDING, file};

/// The most programs and leavings that are told apart.
const MOST: u32 = 1_000;

/// A file to keep something in, and the right to it, which ends with the program however that
/// ends.
#[derive(Debug)]
pub struct Slot {
    /// The file; it need not be there.
    pub path: PathBuf,
    _lock: File,
}

impl Slot {
    /// Makes this folder one's own: a slot to keep things in, and those in which ended programs
    /// have left something.
    ///
    /// # Errors
    /// If nothing can be written there.
    pub fn claim(folder: &Path) -> io::Result<(Self, Vec<Self>)> {
        std::fs::create_dir_all(folder)?;
        let mut there = BTreeSet::new();
        for entry in std::fs::read_dir(folder)?.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let number = name
                .strip_prefix("kept-")
                .and_then(|it| it.strip_suffix(ENDING)?.strip_suffix('.')?.parse::<u32>().ok());
            there.extend(number);
        }
        let mut left = Vec::new();
        let mut own = None;
        let last = there.last().copied().unwrap_or(0);
        for number in 1..=MOST.max(last) {
            if own.is_some() && number > last {
                break;
            }
            let is_left = there.contains(&number);
            if own.is_some() && !is_left {
                continue;
            }
            let Some(slot) = Self::take(folder, number)? else { continue };
            if slot.path.exists() {
                left.push(slot);
            } else {
                file::remove_unfinished(&slot.path);
                own = Some(slot);
            }
        }
        let own = own.ok_or_else(|| io::Error::other("too many programs keep something there"))?;
        Ok((own, left))
    }

    /// One slot, unless another program has it.
    fn take(folder: &Path, number: u32) -> io::Result<Option<Self>> {
        let path = folder.join(format!("kept-{number}.{ENDING}"));
        let lock = folder.join(format!("kept-{number}.lock"));
        let lock = OpenOptions::new().create(true).append(true).open(lock)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self { path, _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}
