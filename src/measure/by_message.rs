//! A table by message: ids are used again, so that it is as long as ever were alive at once.

use crate::model::MessageId;

/// Something about some of the messages that are alive.
#[derive(Clone, Debug)]
pub(super) struct ByMessage<T> {
    slots: Vec<Option<T>>,
}

impl<T> Default for ByMessage<T> {
    fn default() -> Self {
        Self { slots: Vec::new() }
    }
}

impl<T> ByMessage<T> {
    /// Puts something in, instead of what was there.
    #[inline]
    pub fn insert(&mut self, id: MessageId, it: T) {
        if id.index() >= self.slots.len() {
            self.slots.resize_with(id.index() + 1, || None);
        }
        self.slots[id.index()] = Some(it);
    }

    /// Takes out what is there.
    #[inline]
    pub fn remove(&mut self, id: MessageId) -> Option<T> {
        self.slots.get_mut(id.index())?.take()
    }

    /// What is there.
    #[inline]
    pub fn get_mut(&mut self, id: MessageId) -> Option<&mut T> {
        self.slots.get_mut(id.index())?.as_mut()
    }
}
