//! The agenda: what is scheduled, by instant; first come first served at the same instant.
//!
//! The agenda of a live run gives nothing out by itself: each entry waits until whoever drives
//! the run says, by its number, that it has really come.

use std::collections::{BTreeMap, VecDeque};

use crate::model::Time;

/// How many children a node of the heap has: four keep a node's children in one cache line or
/// two and the heap half as deep as two do.
const ARITY: usize = 4;

/// Up to so many entries are near at hand (32 bytes each, in the first cache): there a wrong
/// guess costs more than a comparison. In a larger heap guesses are what fetches the next node
/// before it is known to be needed.
const NEAR: usize = 1024;

/// What is scheduled. Entries of the same instant come out in the order they were put in.
#[derive(Clone, Debug)]
pub struct Agenda<T> {
    /// A heap by (instant, order of insertion).
    heap: Vec<Entry<T>>,
    /// Whether the first place of the heap is vacant: its entry was taken out, and nothing moved
    /// up. What happens mostly sets off something else, which goes down from there: one way
    /// through the heap, not two.
    is_vacant: bool,
    /// Entries of the present instant that were put in during it: after all such entries of the
    /// heap, in order. Much of what happens sets off something else at once.
    at_once: VecDeque<T>,
    /// The present instant: that of the latest entry taken out.
    now: u64,
    next_sequence: u64,
    /// What waits to be released, if that is how entries come out.
    released: Option<Box<Waiting<T>>>,
}

/// Entries that come out when they are released, by number.
#[derive(Clone, Debug)]
struct Waiting<T> {
    entries: BTreeMap<u64, (u64, T)>,
    /// The entries that nobody was told of yet.
    fresh: Vec<Entry<T>>,
}

/// An entry of the heap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<T> {
    /// When, in ns.
    pub at: u64,
    /// The how-manieth it was to be put in.
    pub sequence: u64,
    /// What.
    pub what: T,
}

impl<T> Entry<T> {
    /// What entries are ordered by, as one number: compared without a branch.
    const fn rank(&self) -> u128 {
        (self.at as u128) << 64 | self.sequence as u128
    }

    /// The same order, with branches to be guessed.
    const fn is_before(&self, other: &Self) -> bool {
        self.at < other.at || (self.at == other.at && self.sequence < other.sequence)
    }
}

impl<T: Copy> Waiting<T> {
    /// Takes in what was just said to be fresh.
    #[cold]
    #[inline(never)]
    fn take_in(&mut self) {
        if let Some(&Entry { at, sequence, what }) = self.fresh.last() {
            self.entries.insert(sequence, (at, what));
        }
    }
}

impl<T: Copy> Default for Agenda<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Copy> Agenda<T> {
    /// An empty agenda.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            heap: Vec::new(),
            is_vacant: false,
            at_once: VecDeque::new(),
            now: 0,
            next_sequence: 0,
            released: None,
        }
    }

    /// An empty agenda whose entries come out when they are [released](Self::release).
    #[must_use]
    pub fn live() -> Self {
        let waiting = Waiting { entries: BTreeMap::new(), fresh: Vec::new() };
        // No instant is the present one: nothing is taken to happen at once.
        Self { now: u64::MAX, released: Some(Box::new(waiting)), ..Self::new() }
    }

    /// Whether its entries come out when they are released, and not by instant.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.released.is_some()
    }

    /// Takes out the entry of this number, if it is there and due at this instant.
    pub fn release(&mut self, sequence: u64, now: Time) -> Option<(Time, T)> {
        let entries = &mut self.released.as_mut()?.entries;
        let (at, what) = *entries.get(&sequence).filter(|(at, _)| *at <= now.0)?;
        entries.remove(&sequence);
        Some((Time(at), what))
    }

    /// Tells of the entries that were put in since this was last asked: number, instant, what.
    pub fn take_fresh(&mut self, mut tell: impl FnMut(u64, Time, T)) {
        let Some(waiting) = &mut self.released else { return };
        for Entry { at, sequence, what } in waiting.fresh.drain(..) {
            // What was taken out again meanwhile is no concern of anybody.
            if waiting.entries.contains_key(&sequence) {
                tell(sequence, Time(at), what);
            }
        }
    }

    /// Forgets which entries nobody was told of.
    pub fn forget_fresh(&mut self) {
        if let Some(waiting) = &mut self.released {
            waiting.fresh.clear();
        }
    }

    /// From now on entries come out by themselves, by instant, those that are overdue at once.
    pub fn go_on_by_itself(&mut self, now: Time) {
        let Some(waiting) = self.released.take() else { return };
        // Of what was put off for ever.
        self.at_once.clear();
        self.now = now.0;
        self.heap = waiting
            .entries
            .into_iter()
            .map(|(sequence, (at, what))| Entry { at: at.max(now.0), sequence, what })
            .collect();
        // What is sorted is a heap.
        self.heap.sort_unstable_by_key(Entry::rank);
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let waiting = self.released.as_ref().map_or(0, |it| it.entries.len());
        self.heap.len() - usize::from(self.is_vacant) + self.at_once.len() + waiting
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The instant of the next entry.
    #[must_use]
    pub fn next_at(&self) -> Option<Time> {
        if self.is_live() {
            return None;
        }
        let first = if self.is_vacant {
            self.heap.iter().skip(1).take(ARITY).map(|it| it.at).min()
        } else {
            self.heap.first().map(|it| it.at)
        };
        match first {
            Some(at) if self.at_once.is_empty() || at <= self.now => Some(Time(at)),
            _ => (!self.at_once.is_empty()).then_some(Time(self.now)),
        }
    }

    /// Takes the heap out, or what waits to be released, to be put back as it is.
    pub(super) fn take_heap(&mut self) -> Vec<Entry<T>> {
        self.settle();
        let Some(waiting) = &mut self.released else { return std::mem::take(&mut self.heap) };
        let entries = std::mem::take(&mut waiting.entries).into_iter();
        entries.map(|(sequence, (at, what))| Entry { at, sequence, what }).collect()
    }

    /// Puts back what was taken out.
    pub(super) fn put_heap(&mut self, heap: Vec<Entry<T>>) {
        match &mut self.released {
            None => self.heap = heap,
            Some(waiting) => {
                let entries = heap.into_iter();
                waiting.entries =
                    entries.map(|Entry { at, sequence, what }| (sequence, (at, what))).collect();
            }
        }
    }

    /// All entries, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries().map(|(_, what)| what)
    }

    /// All entries with their instants, in no particular order.
    pub fn entries(&self) -> impl Iterator<Item = (Time, &T)> {
        let heap = self.heap.iter().skip(usize::from(self.is_vacant));
        let heap = heap.map(|entry| (Time(entry.at), &entry.what));
        let waiting = self.released.iter().flat_map(|it| it.entries.values());
        heap.chain(self.at_once.iter().map(|what| (Time(self.now), what)))
            .chain(waiting.map(|(at, what)| (Time(*at), what)))
    }

    /// Takes out an entry from wherever it is. It looks at all of them: this is for what happens
    /// rarely.
    pub fn take(&mut self, mut is_it: impl FnMut(&T) -> bool) -> Option<(Time, T)> {
        if let Some(waiting) = &mut self.released {
            let (&sequence, _) = waiting.entries.iter().find(|(_, (_, what))| is_it(what))?;
            return waiting.entries.remove(&sequence).map(|(at, what)| (Time(at), what));
        }
        if let Some(place) = self.at_once.iter().position(&mut is_it) {
            return self.at_once.remove(place).map(|what| (Time(self.now), what));
        }
        self.settle();
        let place = self.heap.iter().position(|entry| is_it(&entry.what))?;
        let entry = self.heap.swap_remove(place);
        // What is sorted is a heap.
        self.heap.sort_unstable_by_key(Entry::rank);
        Some((Time(entry.at), entry.what))
    }

    /// Puts an entry in.
    // Inlined, so that an entry is made where it will be and not copied while it is being made.
    #[inline(always)]
    pub fn push(&mut self, at: Time, what: T) {
        if at.0 == self.now {
            self.at_once.push_back(what);
            return;
        }
        let sequence = self.next_sequence;
        self.next_sequence += 1;
        let entry = Entry { at: at.0, sequence, what };
        if let Some(waiting) = &mut self.released {
            // It is not handed on as a whole: for that it would have to be put together in memory, in
            // all other cases, too, and to read at once what was written in parts takes long.
            waiting.fresh.push(entry);
            waiting.take_in();
            return;
        }
        if self.is_vacant {
            self.is_vacant = false;
            self.sink(entry);
            return;
        }
        let mut hole = self.heap.len();
        self.heap.push(entry);
        while hole > 0 {
            let parent = (hole - 1) / ARITY;
            if entry.rank() > self.heap[parent].rank() {
                break;
            }
            self.heap[hole] = self.heap[parent];
            hole = parent;
        }
        self.heap[hole] = entry;
    }

    /// Takes the next entry out.
    pub fn pop(&mut self) -> Option<(Time, T)> {
        self.pop_until(Time::MAX)
    }

    /// Takes the next entry out, if its instant is not later than this.
    #[inline(always)]
    pub fn pop_until(&mut self, until: Time) -> Option<(Time, T)> {
        self.settle();
        let at = match self.heap.first() {
            Some(first) if first.at <= self.now || self.at_once.is_empty() => first.at,
            _ => {
                let is_due = self.now <= until.0;
                let what = if is_due { self.at_once.pop_front() } else { None };
                return what.map(|what| (Time(self.now), what));
            }
        };
        if at > until.0 {
            return None;
        }
        // Never back: what was put in too late still comes out before the present instant.
        self.now = self.now.max(at);
        self.is_vacant = true;
        self.heap.first().map(|first| (Time(at), first.what))
    }

    /// Fills the first place if it is vacant, and nothing was put in meanwhile.
    #[inline(always)]
    fn settle(&mut self) {
        if !self.is_vacant {
            return;
        }
        self.is_vacant = false;
        if let Some(last) = self.heap.pop()
            && !self.heap.is_empty()
        {
            self.sink(last);
        }
    }

    /// Puts an entry into the first place, which is vacant; or further down, where what is earlier
    /// moves up.
    #[inline(always)]
    fn sink(&mut self, entry: Entry<T>) {
        let mut hole = 0;
        let rank = entry.rank();
        let is_near = self.heap.len() <= NEAR;
        loop {
            let begin = hole * ARITY + 1;
            let least = match self.heap.get(begin..) {
                Some([a, b, c, d, ..]) if is_near => {
                    let (a, b, c, d) = (a.rank(), b.rank(), c.rank(), d.rank());
                    let (ab, in_ab) = if b < a { (b, 1) } else { (a, 0) };
                    let (cd, in_cd) = if d < c { (d, 3) } else { (c, 2) };
                    begin + if cd < ab { in_cd } else { in_ab }
                }
                None | Some([]) => break,
                Some(children) => {
                    let end = begin + children.len().min(ARITY);
                    let mut least = begin;
                    for child in begin + 1..end {
                        if self.heap[child].is_before(&self.heap[least]) {
                            least = child;
                        }
                    }
                    least
                }
            };
            let child = self.heap[least];
            if child.rank() > rank {
                break;
            }
            self.heap[hole] = child;
            hole = least;
        }
        self.heap[hole] = entry;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_taken_out_leaves_the_others_in_their_order(
            entries in prop::collection::vec(0_u64..20, 1..60), which in any::<prop::sample::Index>()
        ) {
            let mut agenda = Agenda::new();
            for (number, &at) in entries.iter().enumerate() {
                agenda.push(Time(at), number);
            }
            let taken = which.index(entries.len());
            prop_assert_eq!(agenda.take(|it| *it == taken), Some((Time(entries[taken]), taken)));
            prop_assert_eq!(agenda.take(|it| *it == taken), None);
            let mut left: Vec<_> = (0..entries.len()).filter(|it| *it != taken).collect();
            left.sort_by_key(|it| entries[*it]);
            let out: Vec<_> = std::iter::from_fn(|| agenda.pop().map(|it| it.1)).collect();
            prop_assert_eq!(out, left);
        }

        #[test]
        fn entries_come_out_by_instant_and_then_by_order_of_insertion(
            steps in prop::collection::vec(prop::option::weighted(0.6, 0_u64..20), 0..400)
        ) {
            let mut agenda = Agenda::new();
            let mut expected = BTreeMap::new();
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Some(at) => {
                        agenda.push(Time(at), number);
                        expected.insert((Time(at), number), ());
                    }
                    None => {
                        prop_assert_eq!(
                            agenda.next_at(),
                            expected.first_key_value().map(|(&(at, _), ())| at)
                        );
                        prop_assert_eq!(agenda.pop(), expected.pop_first().map(|(key, ())| key));
                    }
                }
                prop_assert_eq!(agenda.len(), expected.len());
                prop_assert_eq!(agenda.entries().count(), expected.len());
                prop_assert_eq!(
                    agenda.next_at(),
                    expected.first_key_value().map(|(&(at, _), ())| at)
                );
            }
        }
    }
}
