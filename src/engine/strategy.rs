//! What a consumer's strategy remembers: ids that were handled, versions, and events that wait
//! for those before them.

use std::collections::{BTreeMap, BTreeSet};

use imbl::{OrdMap, OrdSet, Vector};

use crate::model::{EventId, InstanceId, MessageId, Time, Window};

/// The ids of events that were handled, as far back as a window goes. The window runs from the
/// first time an event was handled.
#[derive(Clone, Debug)]
pub struct KnownIds {
    window: Window,
    // They may be many, and share what they have in common with their copies.
    ids: OrdSet<EventId>,
    in_order: Vector<(Time, EventId)>,
}

impl KnownIds {
    /// None yet.
    #[must_use]
    pub fn new(window: Window) -> Self {
        Self { window, ids: OrdSet::new(), in_order: Vector::new() }
    }

    /// Whether an event was handled within the window.
    pub fn contains(&mut self, now: Time, id: EventId) -> bool {
        if let Window::Age(age) = self.window {
            while self.in_order.front().is_some_and(|(at, _)| *at + age <= now) {
                self.forget_oldest();
            }
        }
        self.ids.contains(&id)
    }

    /// An event was handled.
    pub fn insert(&mut self, now: Time, id: EventId) {
        if self.ids.insert(id).is_some() {
            return;
        }
        self.in_order.push_back((now, id));
        if let Window::Count(most) = self.window
            && self.in_order.len() > most as usize
        {
            self.forget_oldest();
        }
    }

    /// About how much memory it has in common with copies of it, in bytes, but not with those from
    /// before an instant.
    #[must_use]
    pub fn apart_bytes(&self, since: Option<Time>) -> usize {
        use std::cmp::Ordering;
        let order = |at: Time, since| if at <= since { Ordering::Less } else { Ordering::Greater };
        let old = since.map_or(0, |since| {
            self.in_order.binary_search_by(|(at, _)| order(*at, since)).unwrap_or_else(|it| it)
        });
        (self.in_order.len() - old) * 4 * size_of::<(Time, EventId)>()
    }

    /// All is forgotten, as in a crash.
    pub fn clear(&mut self) {
        self.ids.clear();
        self.in_order.clear();
    }

    fn forget_oldest(&mut self) {
        if let Some((_, id)) = self.in_order.pop_front() {
            self.ids.remove(&id);
        }
    }
}

/// The newest version of each key that was handled.
#[derive(Clone, Debug, Default)]
pub struct Versions {
    newest: OrdMap<u64, u64>,
}

impl Versions {
    /// Whether this version of a key is not newer than what was handled.
    #[must_use]
    pub fn is_stale(&self, key: u64, version: u64) -> bool {
        self.newest.get(&key).is_some_and(|it| version <= *it)
    }

    /// This version of a key was handled.
    pub fn advance(&mut self, key: u64, version: u64) {
        let newest = self.newest.entry(key).or_insert(version);
        *newest = (*newest).max(version);
    }
}

/// Puts the messages of each key in the order of their numbers, which begin at 1.
///
/// The state of a key is its service's; the messages that wait are each in the memory of an
/// instance.
#[derive(Clone, Debug, Default)]
pub struct Resequencer {
    lines: BTreeMap<u64, Line>,
    /// When what waits has waited long enough.
    deadlines: BTreeSet<(Time, u64, u64, MessageId)>,
    /// How often those before were not waited for any longer.
    gaps: u64,
}

#[derive(Clone, Debug)]
struct Line {
    next: u64,
    /// The one that is being handled in its turn.
    busy: Option<MessageId>,
    /// By number; the deadline of each.
    waiting: BTreeMap<(u64, MessageId), (Time, InstanceId)>,
}

impl Resequencer {
    /// A message comes. Gives whether it is its turn; if not it waits, until `deadline` at most.
    pub fn come(
        &mut self,
        (key, number): (u64, u64),
        message: MessageId,
        instance: InstanceId,
        deadline: Time,
    ) -> bool {
        let line = self.lines.entry(key).or_insert_with(|| Line {
            next: 1,
            busy: None,
            waiting: BTreeMap::new(),
        });
        if number < line.next {
            return true;
        }
        if number == line.next && line.busy.is_none() {
            line.busy = Some(message);
            return true;
        }
        line.waiting.insert((number, message), (deadline, instance));
        if deadline < Time::MAX {
            self.deadlines.insert((deadline, key, number, message));
        }
        false
    }

    /// A message is handled under another id from now on.
    pub fn rename(&mut self, key: u64, from: MessageId, to: MessageId) {
        if let Some(line) = self.lines.get_mut(&key)
            && line.busy == Some(from)
        {
            line.busy = Some(to);
        }
    }

    /// A message that had its turn is out of hands: it is done with, or (`is_done` false) will
    /// come again. Those whose turn it is now are put into `out`.
    pub fn end(
        &mut self,
        now: Time,
        key: u64,
        message: MessageId,
        is_done: bool,
        out: &mut Vec<MessageId>,
    ) {
        let Some(line) = self.lines.get_mut(&key) else { return };
        if line.busy != Some(message) {
            return;
        }
        line.busy = None;
        line.next += u64::from(is_done);
        self.release(now, key, out);
    }

    /// Looks after those that have waited long enough.
    pub fn tick(&mut self, now: Time, out: &mut Vec<MessageId>) {
        while let Some(&(at, key, _, _)) = self.deadlines.first()
            && at <= now
        {
            let line = &self.lines[&key];
            if line.busy.is_some() {
                // It is looked at again when the one in hands is done.
                self.deadlines.pop_first();
                continue;
            }
            self.release(now, key, out);
        }
    }

    /// When [`tick`](Self::tick) has something to do, if ever.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Time> {
        self.deadlines.first().map(|it| it.0)
    }

    fn release(&mut self, now: Time, key: u64, out: &mut Vec<MessageId>) {
        let Some(line) = self.lines.get_mut(&key) else { return };
        while let Some((&(number, message), &(deadline, _))) = line.waiting.first_key_value() {
            // One that has waited long enough waits for none of those before it.
            let is_over = || line.waiting.values().any(|it| it.0 <= now);
            if number > line.next && (line.busy.is_some() || !is_over()) {
                return;
            }
            if number == line.next && line.busy.is_some() {
                return;
            }
            line.waiting.pop_first();
            self.deadlines.remove(&(deadline, key, number, message));
            if number > line.next {
                self.gaps += 1;
                line.next = number;
            }
            if number == line.next {
                line.busy = Some(message);
            }
            out.push(message);
        }
    }

    /// Takes messages that wait out, as in a crash.
    pub fn take_out(
        &mut self,
        mut is_gone: impl FnMut(MessageId, InstanceId) -> bool,
    ) -> Vec<MessageId> {
        let mut gone = Vec::new();
        for (key, line) in &mut self.lines {
            line.waiting.retain(|&(number, message), &mut (deadline, instance)| {
                let goes = is_gone(message, instance);
                if goes {
                    self.deadlines.remove(&(deadline, *key, number, message));
                    gone.push(message);
                }
                !goes
            });
        }
        gone
    }

    /// All that wait.
    pub fn waiting(&self) -> impl Iterator<Item = MessageId> + '_ {
        self.lines.values().flat_map(|line| line.waiting.keys().map(|it| it.1))
    }

    /// How often those before were not waited for any longer.
    #[must_use]
    pub const fn gaps(&self) -> u64 {
        self.gaps
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{ServiceId, Span};

    fn event(count: u64) -> EventId {
        EventId::new(ServiceId(0), count)
    }

    #[test]
    fn the_last_so_many_ids_are_known() {
        let mut known = KnownIds::new(Window::Count(2));
        for count in 1..=3 {
            known.insert(Time(count), event(count));
        }
        let is_known = |it: u64, known: &mut KnownIds| known.contains(Time(9), event(it));
        assert!(!is_known(1, &mut known));
        assert!(is_known(2, &mut known) && is_known(3, &mut known));
    }

    #[test]
    fn a_window_of_time_runs_from_the_first_handling() {
        let mut known = KnownIds::new(Window::Age(Span(10)));
        known.insert(Time(0), event(1));
        known.insert(Time(9), event(1));
        assert!(known.contains(Time(9), event(1)));
        assert!(!known.contains(Time(10), event(1)));
    }

    proptest! {
        #[test]
        fn a_line_is_handled_in_order_whatever_the_order_it_comes_in(
            order in Just((1..=12_u64).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let mut line = Resequencer::default();
            let mut handled = Vec::new();
            for number in order {
                let id = MessageId(u32::try_from(number).unwrap());
                let mut turn = Vec::new();
                if line.come((7, number), id, InstanceId(0), Time::MAX) {
                    turn.push(id);
                }
                while let Some(id) = turn.pop() {
                    handled.push(u64::from(id.0));
                    line.end(Time::ZERO, 7, id, true, &mut turn);
                    prop_assert!(turn.len() <= 1);
                }
            }
            prop_assert_eq!(handled, (1..=12).collect::<Vec<_>>());
            prop_assert_eq!(line.waiting().count(), 0);
        }
    }

    #[test]
    fn one_that_has_waited_long_enough_takes_those_before_it_along() {
        let mut line = Resequencer::default();
        let (c, b) = (MessageId(3), MessageId(2));
        assert!(!line.come((7, 3), c, InstanceId(0), Time(50)));
        assert!(!line.come((7, 2), b, InstanceId(0), Time(90)));
        let mut turn = Vec::new();
        line.tick(Time(50), &mut turn);
        assert_eq!(turn, [b]);
        line.end(Time(60), 7, b, true, &mut turn);
        assert_eq!((turn.as_slice(), line.gaps()), ([b, c].as_slice(), 1));
    }

    #[test]
    fn what_is_missing_is_waited_for_so_long_and_no_longer() {
        let mut line = Resequencer::default();
        let (a, b) = (MessageId(1), MessageId(2));
        assert!(!line.come((7, 2), b, InstanceId(0), Time(50)));
        let mut turn = Vec::new();
        line.tick(Time(49), &mut turn);
        assert!(turn.is_empty());
        line.tick(Time(50), &mut turn);
        assert_eq!((turn.as_slice(), line.gaps()), ([b].as_slice(), 1));
        assert!(line.come((7, 1), a, InstanceId(0), Time(99)), "late, and handled at once");
    }
}
