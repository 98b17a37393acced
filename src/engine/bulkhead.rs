//! A bulkhead: so many at a time, and so many who wait for a place.

use std::collections::VecDeque;

use crate::model::Bulkhead as Settings;

/// A bulkhead; those who wait are known by a `T`.
#[derive(Clone, Debug)]
pub struct Bulkhead<T> {
    inside: u32,
    waiting: VecDeque<T>,
}

/// What becomes of one who comes to a bulkhead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It has a place.
    Inside,
    /// It waits for one.
    Waits,
    /// It is turned away.
    Full,
}

impl<T> Default for Bulkhead<T> {
    fn default() -> Self {
        Self { inside: 0, waiting: VecDeque::new() }
    }
}

impl<T: PartialEq> Bulkhead<T> {
    /// One more comes.
    pub fn enter(&mut self, settings: &Settings, who: T) -> Entry {
        if self.inside < settings.at_most {
            self.inside += 1;
            Entry::Inside
        } else if self.waiting.len() < settings.waiting as usize {
            self.waiting.push_back(who);
            Entry::Waits
        } else {
            Entry::Full
        }
    }

    /// One who was inside leaves. Its place goes to the one who has waited longest, who is given.
    pub fn leave(&mut self) -> Option<T> {
        let next = self.waiting.pop_front();
        if next.is_none() {
            self.inside -= 1;
        }
        next
    }

    /// One who waits goes away.
    pub fn give_up(&mut self, who: &T) {
        self.waiting.retain(|it| it != who);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ServiceId;

    #[test]
    fn places_go_to_those_who_waited_longest_and_did_not_give_up() {
        let settings =
            Settings { name: String::new(), service: ServiceId(0), at_most: 1, waiting: 2 };
        let mut bulkhead = Bulkhead::default();
        let entries = ['a', 'b', 'c', 'd'].map(|it| bulkhead.enter(&settings, it));
        assert_eq!(entries, [Entry::Inside, Entry::Waits, Entry::Waits, Entry::Full]);
        bulkhead.give_up(&'b');
        assert_eq!(bulkhead.enter(&settings, 'e'), Entry::Waits);
        assert_eq!(
            [bulkhead.leave(), bulkhead.leave(), bulkhead.leave()],
            [Some('c'), Some('e'), None]
        );
        assert_eq!(bulkhead.enter(&settings, 'f'), Entry::Inside);
    }
}
