//! What an instance has of a log that it reads: its connection, and a lane for each partition.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::model::{GroupId, MessageId, Time};

/// How an instance reads a log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    /// Which connection to the broker it is.
    pub session: u32,
    /// Room for so many in all that the broker was told of by this connection.
    pub upto: u32,
    /// Room that the broker has not been told of yet.
    pub room: u32,
    /// Whether the connection broke, and a new one is about to be made.
    pub broken: bool,
    /// Whether the broker has not yet heard of this connection.
    pub connecting: bool,
    /// How many faults keep it from the broker of a queue.
    pub cut_off: u32,
    /// Deliveries before this one came by a connection that is no more.
    pub severed: u32,
    /// Since when it is a member, or tries to be one: its heartbeats are counted from there.
    pub joined: Time,
    /// Whether it is cut off from the broker.
    pub silent: bool,
    /// Counted up whenever it falls silent, and when it is heard again.
    pub silence: u32,
    /// How many of the events that it took at once, at its last poll, are not done.
    pub taken: u32,
    /// When it polled last.
    pub polled: Time,
    /// Whether somebody looks whether it is busy too long.
    pub watched: bool,
    /// Whether it commits when it polls next.
    pub commit_due: bool,
}

/// What an instance holds of a partition of a log: one message is worked on at a time.
#[derive(Clone, Debug)]
pub struct Lane {
    pub group: GroupId,
    pub partition: u32,
    pub busy: bool,
    pub waiting: VecDeque<MessageId>,
    /// The epoch it is read in; none while the connection is being made.
    pub epoch: Option<u32>,
    /// The epoch in which the partition was given to the instance.
    pub since: u32,
    /// The next offset that is wanted; those before it came.
    pub next: u64,
    /// What fell off the log: (the first that cannot be had, the one to go on with).
    pub gaps: VecDeque<(u64, u64)>,
    /// The offset of the one that is in work, if any is.
    pub current: u64,
    /// Whether those that wait are being taken up just now.
    pub draining: bool,
    /// Offsets that came before the one in work and are not done: a strategy keeps them.
    pub aside: BTreeSet<u64>,
    /// What came before its turn.
    pub early: BTreeMap<u64, MessageId>,
    /// The next offset, after the last that is done.
    pub reached: u64,
    /// The next offset, after all that is done.
    pub done: u64,
    /// What was committed last.
    pub committed: u64,
}

impl Lane {
    /// The one that was wanted next came.
    pub(super) fn came(&mut self) {
        self.next += 1;
        self.pass_gaps();
        while let Some(id) = self.early.remove(&self.next) {
            self.waiting.push_back(id);
            self.next += 1;
            self.pass_gaps();
        }
    }

    /// What fell off the log need not be waited for.
    pub(super) fn pass_gaps(&mut self) {
        while let Some(&(from, to)) = self.gaps.front()
            && from <= self.next
        {
            self.gaps.pop_front();
            if self.done == self.next {
                self.done = to.max(self.done);
            }
            self.next = self.next.max(to);
        }
    }
}
