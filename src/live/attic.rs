//! A file for what a recording has too much for memory. It has no name, and is gone with the run.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, PoisonError};

use crate::sim::Attic;

/// The file, made when it is first needed, and how much is in it.
#[derive(Default)]
pub struct TempFile(Mutex<Option<(File, u64)>>);

impl Attic for TempFile {
    fn put(&self, bytes: &[u8]) -> Option<u64> {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if place.is_none() {
            *place = Some((tempfile::tempfile().ok()?, 0));
        }
        let (file, end) = place.as_mut()?;
        file.seek(SeekFrom::Start(*end)).ok()?;
        file.write_all(bytes).ok()?;
        let at = *end;
        *end += bytes.len() as u64;
        Some(at)
    }

    fn get(&self, at: u64, length: usize) -> Option<Vec<u8>> {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, _) = place.as_mut()?;
        file.seek(SeekFrom::Start(at)).ok()?;
        let mut bytes = vec![0; length];
        file.read_exact(&mut bytes).ok()?;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
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
}
