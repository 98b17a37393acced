//! A memory of answers: which requests were done, and what was answered.
//!
//! After Stripe's API ("Idempotent requests"): an answer is kept from when work on the request
//! began; while that goes on another request with the same key is a conflict (HTTP 409), of
//! which nothing is kept.

use std::collections::{BTreeMap, VecDeque};

use crate::model::{EventId, Idempotency as Settings, InstanceId, Time};

/// What is known of a request that comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known<A> {
    /// Nothing: it is to be done.
    New,
    /// It is being done.
    InProgress,
    /// It was done, and this was the answer.
    Answered(A),
}

/// A memory of answers of kind `A`.
#[derive(Clone, Debug)]
pub struct Memory<A> {
    entries: BTreeMap<EventId, Entry<A>>,
    /// When keys were taken up, which is the order in which they are forgotten.
    taken: VecDeque<(Time, EventId)>,
}

#[derive(Clone, Copy, Debug)]
struct Entry<A> {
    since: Time,
    /// Who works on it, or worked on it.
    by: InstanceId,
    answer: Option<A>,
}

impl<A> Default for Memory<A> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), taken: VecDeque::new() }
    }
}

impl<A: Copy> Memory<A> {
    /// A request comes to be done by an instance.
    pub fn take_up(
        &mut self,
        now: Time,
        settings: &Settings,
        key: EventId,
        by: InstanceId,
    ) -> Known<A> {
        while let Some(&(since, old)) = self.taken.front()
            && since + settings.window <= now
        {
            self.taken.pop_front();
            // What was given up and taken up again since then is younger.
            if self.entries.get(&old).is_some_and(|it| it.since == since) {
                self.entries.remove(&old);
            }
        }
        match self.entries.get(&key) {
            Some(Entry { answer: Some(answer), .. }) => Known::Answered(*answer),
            Some(_) => Known::InProgress,
            None => {
                self.entries.insert(key, Entry { since: now, by, answer: None });
                self.taken.push_back((now, key));
                Known::New
            }
        }
    }

    /// A request that was taken up is answered. One that is known no more stays unknown.
    pub fn answer(&mut self, key: EventId, answer: A) {
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.answer.get_or_insert(answer);
        }
    }

    /// A request that was taken up came to no answer that is to be kept.
    pub fn give_up(&mut self, key: EventId) {
        if self.entries.get(&key).is_some_and(|it| it.answer.is_none()) {
            self.entries.remove(&key);
        }
    }

    /// An instance is no more: what it worked on was not done.
    pub fn give_up_all_of(&mut self, instance: InstanceId) {
        self.entries.retain(|_, it| it.by != instance || it.answer.is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Span;

    const SETTINGS: Settings =
        Settings { window: Span::from_secs(10), durable: true, keeps_failures: true };
    const KEY: EventId = EventId(7);

    fn take_up(memory: &mut Memory<char>, seconds: f64, by: u32) -> Known<char> {
        memory.take_up(Time::from_secs_f64(seconds), &SETTINGS, KEY, InstanceId(by))
    }

    #[test]
    fn the_same_key_gets_the_first_answer_until_its_window_is_over() {
        let mut memory = Memory::default();
        assert_eq!(take_up(&mut memory, 0.0, 1), Known::New);
        assert_eq!(take_up(&mut memory, 1.0, 2), Known::InProgress);
        memory.answer(KEY, 'a');
        memory.answer(KEY, 'b');
        assert_eq!(take_up(&mut memory, 9.9, 2), Known::Answered('a'));
        assert_eq!(take_up(&mut memory, 10.0, 2), Known::New);
    }

    #[test]
    fn what_was_given_up_is_taken_up_anew_with_a_window_of_its_own() {
        let mut memory = Memory::default();
        assert_eq!(take_up(&mut memory, 0.0, 1), Known::New);
        memory.give_up_all_of(InstanceId(2));
        assert_eq!(take_up(&mut memory, 1.0, 2), Known::InProgress);
        memory.give_up_all_of(InstanceId(1));
        assert_eq!(take_up(&mut memory, 5.0, 2), Known::New);
        memory.give_up(KEY);
        assert_eq!(take_up(&mut memory, 6.0, 2), Known::New);
        memory.answer(KEY, 'a');
        memory.give_up(KEY);
        assert_eq!(take_up(&mut memory, 12.0, 1), Known::Answered('a'), "six seconds old");
    }
}
