//! A file for what of a run is too much for memory. It has no name, and is gone with the run, however
//! the program ends.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::sim::{Attic, in_pages};

/// So much at the end of the file may be given back before the system is told, which takes longer
/// than anything else here.
const SLACK: u64 = 16 << 20;

/// The file, made when it is first needed.
#[derive(Default)]
pub struct TempFile(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    file: Option<File>,
    /// How much of it is given, in bytes.
    end: u64,
    /// How much of it may be written, in bytes: up to there it is not longer.
    length: u64,
    /// What was given before that and is free again: how many bytes from where on.
    gaps: BTreeMap<u64, u64>,
}

/// A file without a name that only its owner may read. What is temporary is often kept in memory,
/// which is what there is too little of: so it is where large temporary files belong, unless
/// `TMPDIR` says where.
fn new_file() -> io::Result<File> {
    if cfg!(unix) && std::env::var_os("TMPDIR").is_none() {
        return tempfile::tempfile_in("/var/tmp").or_else(|_| tempfile::tempfile());
    }
    tempfile::tempfile()
}

impl Inner {
    /// Takes so much room: the smallest gap that has it, or the end.
    fn take(&mut self, length: u64) -> u64 {
        let fitting = self.gaps.iter().filter(|(_, free)| **free >= length);
        let Some((&at, &free)) = fitting.min_by_key(|(_, free)| **free) else {
            self.end += length;
            return self.end - length;
        };
        self.gaps.remove(&at);
        if free > length {
            self.gaps.insert(at + length, free - length);
        }
        at
    }

    /// Gives room back, together with the gaps on both sides of it.
    fn give(&mut self, mut at: u64, mut length: u64) {
        if let Some((&before, &free)) = self.gaps.range(..at).next_back()
            && before + free == at
        {
            self.gaps.remove(&before);
            (at, length) = (before, length + free);
        }
        if let Some(free) = self.gaps.remove(&(at + length)) {
            length += free;
        }
        if at + length < self.end {
            self.gaps.insert(at, length);
            return;
        }
        self.end = at;
        if at > 0 && self.length.saturating_sub(at) < SLACK {
            return;
        }
        if let Some(file) = &self.file {
            // Where that cannot be done the file stays as long as it was, and is used again.
            let _shorter = file.set_len(at);
            self.length = at;
        }
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        if self.file.is_none() {
            self.file = Some(new_file()?);
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        self.length = self.length.max(at + bytes.len() as u64);
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)
    }
}

impl TempFile {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attic for TempFile {
    fn put(&self, bytes: &[u8]) -> Option<u64> {
        let mut inner = self.inner();
        let length = in_pages(bytes.len()) as u64;
        let at = inner.take(length);
        if inner.write(at, bytes).is_err() {
            inner.give(at, length);
            return None;
        }
        Some(at)
    }

    fn get(&self, at: u64, length: usize) -> Option<Vec<u8>> {
        let mut inner = self.inner();
        let file = inner.file.as_mut()?;
        file.seek(SeekFrom::Start(at)).ok()?;
        // Room that is not written to before it is read into.
        let mut bytes = Vec::with_capacity(length);
        file.take(length as u64).read_to_end(&mut bytes).ok()?;
        (bytes.len() == length).then_some(bytes)
    }

    fn clear(&self, at: u64, length: usize) {
        self.inner().give(at, in_pages(length) as u64);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_put_by_is_there() {
        let attic = TempFile::default();
        assert_eq!(attic.get(0, 1), None);
        let first = attic.put(b"one").unwrap();
        let second = attic.put(b"and more").unwrap();
        assert_eq!(attic.get(second, 8).unwrap(), b"and more");
        assert_eq!(attic.get(first, 3).unwrap(), b"one");
        assert_eq!(attic.get(second, 9), None);
    }

    #[test]
    fn the_file_is_not_much_longer_than_what_is_there() {
        let attic = TempFile::default();
        let length = || attic.inner().file.as_ref().map_or(0, |it| it.metadata().unwrap().len());
        let (small, large) = (vec![1; 1_000], vec![2; SLACK as usize]);
        let first = attic.put(&small).unwrap();
        let second = attic.put(&large).unwrap();
        let third = attic.put(&small).unwrap();
        attic.clear(third, small.len());
        assert_eq!(length(), third + small.len() as u64, "a little is left as it is");
        attic.clear(second, large.len());
        assert_eq!(length(), second);
        attic.clear(first, small.len());
        assert_eq!(length(), 0);
    }

    proptest! {
        #[test]
        fn room_is_used_again_and_nothing_is_written_over(
            deeds in prop::collection::vec((0..5_u8, 0..20_000_usize), 1..80),
        ) {
            let attic = TempFile::default();
            let mut there: Vec<(u64, Vec<u8>)> = Vec::new();
            for (number, (deed, size)) in deeds.into_iter().enumerate() {
                if deed < 3 {
                    let bytes = vec![number as u8; size + 1];
                    there.push((attic.put(&bytes).unwrap(), bytes));
                } else if !there.is_empty() {
                    let (at, bytes) = there.swap_remove(size % there.len());
                    attic.clear(at, bytes.len());
                }
                for (at, bytes) in &there {
                    prop_assert_eq!(&attic.get(*at, bytes.len()).unwrap(), bytes);
                }
                let inner = attic.inner();
                let used: u64 = there.iter().map(|(_, bytes)| in_pages(bytes.len()) as u64).sum();
                let free: u64 = inner.gaps.values().sum();
                prop_assert_eq!(used + free, inner.end);
                let is_parted = |(a, b): ((&u64, &u64), (&u64, &u64))| a.0 + a.1 < *b.0;
                let neighbours = inner.gaps.iter().zip(inner.gaps.iter().skip(1));
                prop_assert!(neighbours.into_iter().all(is_parted), "{:?}", inner.gaps);
            }
            for (at, bytes) in there {
                attic.clear(at, bytes.len());
            }
            let length = attic.inner().file.as_ref().map_or(0, |it| it.metadata().unwrap().len());
            prop_assert_eq!((attic.inner().end, length), (0, 0));
        }
    }
}
