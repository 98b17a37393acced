//! What a log remembers of idempotent producers: the sequences of what they appended last.
//!
//! After Kafka's `ProducerStateManager` and `ProducerAppendInfo` (4.0). There a producer that the
//! broker has forgotten, since its events or its id expired, may begin at any sequence; here
//! nobody is forgotten, and everyone begins at 0.

use std::collections::{BTreeMap, VecDeque};

/// How many of its last appends are remembered of each producer, per partition: Kafka's
/// `ProducerStateEntry.NUM_BATCHES_TO_RETAIN`, which is why it allows five in flight.
const KEPT: usize = 5;

/// Who appends to what: a producer, which of its lives, and the partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Session {
    /// The producer's instance.
    pub instance: crate::model::InstanceId,
    /// Which of its starts: a producer that starts again has another id, and is not known.
    pub incarnation: u32,
    /// The partition.
    pub partition: u32,
}

/// What is to be done with what a producer sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the next one: it is appended.
    Next,
    /// It was appended before, at this offset.
    Duplicate(u64),
    /// It is not the next one.
    OutOfOrder,
}

/// The producers of a log.
#[derive(Clone, Debug, Default)]
pub struct Sequences {
    known: BTreeMap<Session, Recent>,
}

#[derive(Clone, Debug, Default)]
struct Recent {
    epoch: u16,
    next: u32,
    /// The last appends, by sequence and offset, the oldest first.
    kept: VecDeque<(u32, u64)>,
}

impl Sequences {
    /// Looks at what a producer sent.
    #[must_use]
    pub fn check(&self, session: Session, epoch: u16, sequence: u32) -> Verdict {
        let Some(recent) = self.known.get(&session).filter(|it| it.epoch >= epoch) else {
            // The first of an epoch counts from 0.
            return if sequence == 0 { Verdict::Next } else { Verdict::OutOfOrder };
        };
        if recent.epoch > epoch {
            return Verdict::OutOfOrder;
        }
        match recent.kept.iter().find(|it| it.0 == sequence) {
            Some(&(_, offset)) => Verdict::Duplicate(offset),
            None if sequence == recent.next => Verdict::Next,
            None => Verdict::OutOfOrder,
        }
    }

    /// What was the next one is appended.
    pub fn append(&mut self, session: Session, epoch: u16, sequence: u32, offset: u64) {
        let recent = self.known.entry(session).or_default();
        if recent.epoch != epoch {
            *recent = Recent { epoch, ..Recent::default() };
        }
        recent.next = sequence + 1;
        if recent.kept.len() == KEPT {
            recent.kept.pop_front();
        }
        recent.kept.push_back((sequence, offset));
    }

    /// What a partition holds from this offset on is lost.
    pub fn truncate(&mut self, partition: u32, end: u64) {
        for (_, recent) in self.known.iter_mut().filter(|(it, _)| it.partition == partition) {
            while let Some(&(sequence, offset)) = recent.kept.back()
                && offset >= end
            {
                recent.kept.pop_back();
                recent.next = sequence;
            }
        }
    }
}
