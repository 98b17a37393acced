//! Attics for tests: what is put by is counted, there may be no room for it, and it may be lost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use inflight::sim::{Attic, in_pages};

/// An attic that knows all that is in it.
#[derive(Default)]
pub struct Counted {
    there: Mutex<BTreeMap<u64, Vec<u8>>>,
    /// How many bytes fit, if not any number.
    room: Option<usize>,
    /// Whether nothing can be read back.
    is_lost: bool,
}

impl Counted {
    /// One that there is nothing wrong with.
    pub fn whole() -> Arc<Self> {
        Arc::default()
    }

    /// One that is full when so many bytes are in it.
    pub fn with_room(bytes: usize) -> Arc<Self> {
        Arc::new(Self { room: Some(bytes), ..Self::default() })
    }

    /// One from which nothing can be read back.
    pub fn lost() -> Arc<Self> {
        Arc::new(Self { is_lost: true, ..Self::default() })
    }

    /// How many bytes are in it, in whole pages.
    pub fn bytes(&self) -> usize {
        self.there.lock().unwrap().values().map(|it| in_pages(it.len())).sum()
    }
}

impl Attic for Counted {
    fn put(&self, bytes: &[u8]) -> Option<u64> {
        let has = self.bytes();
        let mut there = self.there.lock().unwrap();
        let at = there.last_key_value().map_or(0, |(at, it)| at + it.len() as u64);
        self.room.is_none_or(|room| has + bytes.len() <= room).then(|| {
            there.insert(at, bytes.to_vec());
            at
        })
    }

    fn get(&self, at: u64, length: usize) -> Option<Vec<u8>> {
        let there = self.there.lock().unwrap();
        let bytes = there.get(&at).expect("only what is there is asked for");
        assert_eq!(bytes.len(), length);
        (!self.is_lost).then(|| bytes.clone())
    }

    fn clear(&self, at: u64, length: usize) {
        let gone = self.there.lock().unwrap().remove(&at).expect("it is cleared once");
        assert_eq!(gone.len(), length);
    }
}
