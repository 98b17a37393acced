//! A record in four words, and back: what a digest is made of, and how records are kept.

use super::{
    AnomalyKind, BreakerId, BreakerState, DropReason, EventId, EventTypeId, FaultId, GroupId,
    Guard, InstanceId, LinkId, MessageId, OutboxId, Outcome, Phase, Role, Settlement, Skip,
    StoreId, Time, TopicId, Unconfirmed, What,
};

impl What {
    /// The record as four words, each different record another four: what a digest is made of.
    #[must_use]
    #[inline(always)]
    pub fn words(&self) -> [u64; 4] {
        const fn pair(high: u32, low: u32) -> u64 {
            ((high as u64) << 32) | low as u64
        }
        match *self {
            Self::Arrived { message, event, event_type, instance } => {
                [1 | (event_type.0 as u64) << 8, pair(message.0, instance.0), event.0, 0]
            }
            Self::Sent { message, event, event_type, role, link, due, attempt } => [
                2 | (event_type.0 as u64) << 8 | (role as u64) << 24 | (attempt as u64) << 32,
                pair(message.0, link.0),
                event.0,
                due.0,
            ],
            Self::Rescheduled { message, due } => [3, pair(message.0, 0), due.0, 0],
            Self::Blocked { message, instance } => [4, pair(message.0, instance.0), 0, 0],
            Self::Queued { message, instance } => [5, pair(message.0, instance.0), 0, 0],
            Self::Started { message, instance } => [6, pair(message.0, instance.0), 0, 0],
            Self::PhaseChanged { message, instance, phase } => {
                [7 | (phase as u64) << 8, pair(message.0, instance.0), 0, 0]
            }
            Self::Finished { message, instance, outcome } => {
                [8 | (outcome as u64) << 8, pair(message.0, instance.0), 0, 0]
            }
            Self::Received { message } => [9, pair(message.0, 0), 0, 0],
            Self::Dropped { message, reason } => {
                [10 | (reason as u64) << 8, pair(message.0, 0), 0, 0]
            }
            Self::Appended { message, topic, partition, offset } => {
                [11 | (topic.0 as u64) << 8, pair(message.0, partition), offset, 0]
            }
            Self::Trimmed { topic, partition, start } => {
                [12 | (topic.0 as u64) << 8, pair(0, partition), start, 0]
            }
            Self::Compacted { topic, partition, offset } => {
                [35 | (topic.0 as u64) << 8, pair(0, partition), offset, 0]
            }
            Self::FellOff { group, partition, events } => {
                [24 | (group.0 as u64) << 8, pair(0, partition), events, 0]
            }
            Self::Outboxed { outbox, event, event_type } => {
                [25 | (event_type.0 as u64) << 8, pair(0, outbox.0 as u32), event.0, 0]
            }
            Self::Relayed { outbox, event } => [26 | (outbox.0 as u64) << 8, 0, event.0, 0],
            Self::Unconfirmed { instance, topic, event, event_type, why } => [
                27 | (topic.0 as u64) << 8 | (event_type.0 as u64) << 24 | (why as u64) << 40,
                pair(0, instance.0),
                event.0,
                0,
            ],
            Self::Truncated { topic, partition, end } => {
                [28 | (topic.0 as u64) << 8, pair(0, partition), end, 0]
            }
            Self::Enqueued { message, topic } => {
                [13 | (topic.0 as u64) << 8, pair(message.0, 0), 0, 0]
            }
            Self::Leased { message, topic, instance, delivery } => [
                14 | (topic.0 as u64) << 8 | (delivery as u64) << 32,
                pair(message.0, instance.0),
                0,
                0,
            ],
            Self::Settled { message, topic, how } => {
                [15 | (topic.0 as u64) << 8 | (how as u64) << 32, pair(message.0, 0), 0, 0]
            }
            Self::Committed { group, partition, offset } => {
                [16 | (group.0 as u64) << 8, pair(0, partition), offset, 0]
            }
            Self::CommitRefused { group, partition, instance } => {
                [36 | (group.0 as u64) << 8, pair(instance.0, partition), 0, 0]
            }
            Self::Assigned { group, partition, instance } => [
                17 | (group.0 as u64) << 8 | (instance.is_some() as u64) << 32,
                pair(instance.map_or(0, |it| it.0), partition),
                0,
                0,
            ],
            Self::Up { instance } => [18, pair(0, instance.0), 0, 0],
            Self::Down { instance } => [19, pair(0, instance.0), 0, 0],
            Self::Stored { store, key, value } => [20 | (store.0 as u64) << 8, 0, key, value],
            Self::Retried { message, event, event_type, link, instance, attempt } => [
                43 | (event_type.0 as u64) << 8 | (attempt as u64) << 32,
                pair(message.0, link.0),
                event.0,
                instance.0 as u64,
            ],
            Self::AckForgotten { message, event, event_type, link, attempt, topic } => [
                41 | (event_type.0 as u64) << 8 | (topic.0 as u64) << 32 | (attempt as u64) << 48,
                pair(message.0, link.0),
                event.0,
                0,
            ],
            Self::ShouldHold { store, key, value } => [30 | (store.0 as u64) << 8, 0, key, value],
            Self::Anomaly { store, event, kind } => {
                [31 | (store.0 as u64) << 8 | (kind as u64) << 32, 0, event.0, 0]
            }
            Self::Skipped { message, instance, why } => {
                [32 | (why as u64) << 8, pair(message.0, instance.0), 0, 0]
            }
            Self::Breaker { breaker, instance, state } => {
                [21 | (breaker.0 as u64) << 8 | (state as u64) << 32, pair(0, instance.0), 0, 0]
            }
            Self::CallRefused { message, instance, by } => {
                [40 | (by as u64) << 8, pair(message.0, instance.0), 0, 0]
            }
            Self::FaultBegan { fault } => [22 | (fault.0 as u64) << 8, 0, 0, 0],
            Self::FaultEnded { fault } => [23 | (fault.0 as u64) << 8, 0, 0, 0],
            Self::Intervened { number, took } => [42 | (took as u64) << 8, pair(number, 0), 0, 0],
        }
    }
    /// The record that has these words; `None` if there is none.
    #[must_use]
    #[inline]
    pub fn of_words(words: [u64; 4]) -> Option<Self> {
        let [a, b, c, d] = words.map(Word);
        let (message, instance, partition) = (MessageId(b.high()), InstanceId(b.low()), b.low());
        let (event, event_type) = (EventId(c.0), EventTypeId(a.half(8)));
        let topic = TopicId(a.half(8));
        let (link, attempt) = (LinkId(b.low()), a.half(32));
        Some(match a.byte(0) {
            1 => Self::Arrived { message, event, event_type, instance },
            2 => {
                let (role, due) = (a.one_of(24, &Role::ALL)?, Time(d.0));
                Self::Sent { message, event, event_type, role, link, due, attempt }
            }
            3 => Self::Rescheduled { message, due: Time(c.0) },
            4 => Self::Blocked { message, instance },
            5 => Self::Queued { message, instance },
            6 => Self::Started { message, instance },
            7 => {
                let phase = a.one_of(8, &Phase::ALL)?;
                Self::PhaseChanged { message, instance, phase }
            }
            8 => {
                let outcome = a.one_of(8, &Outcome::ALL)?;
                Self::Finished { message, instance, outcome }
            }
            9 => Self::Received { message },
            10 => Self::Dropped { message, reason: a.one_of(8, &DropReason::ALL)? },
            11 => Self::Appended { message, topic, partition, offset: c.0 },
            12 => Self::Trimmed { topic, partition, start: c.0 },
            13 => Self::Enqueued { message, topic },
            14 => Self::Leased { message, topic, instance, delivery: attempt },
            15 => {
                let how = a.one_of(32, &Settlement::ALL)?;
                Self::Settled { message, topic, how }
            }
            _ => return Self::rarer(words.map(Word)),
        })
    }

    /// Those that are not there as often.
    fn rarer([a, b, c, d]: [Word; 4]) -> Option<Self> {
        let (message, instance, partition) = (MessageId(b.high()), InstanceId(b.low()), b.low());
        let (event, event_type) = (EventId(c.0), EventTypeId(a.half(8)));
        let (topic, group, store) = (TopicId(a.half(8)), GroupId(a.half(8)), StoreId(a.half(8)));
        let (link, fault) = (LinkId(b.low()), FaultId(a.half(8)));
        let (key, value) = (c.0, d.0);
        Some(match a.byte(0) {
            16 => Self::Committed { group, partition, offset: c.0 },
            17 => {
                let instance = (a.byte(32) != 0).then_some(InstanceId(b.high()));
                Self::Assigned { group, partition, instance }
            }
            18 => Self::Up { instance },
            19 => Self::Down { instance },
            20 => Self::Stored { store, key, value },
            21 => {
                let state = a.one_of(32, &BreakerState::ALL)?;
                Self::Breaker { breaker: BreakerId(a.half(8)), instance, state }
            }
            22 => Self::FaultBegan { fault },
            23 => Self::FaultEnded { fault },
            24 => Self::FellOff { group, partition, events: c.0 },
            25 => {
                #[expect(clippy::cast_possible_truncation, reason = "it was as wide")]
                let outbox = OutboxId(b.low() as u16);
                Self::Outboxed { outbox, event, event_type }
            }
            26 => Self::Relayed { outbox: OutboxId(a.half(8)), event },
            27 => {
                let (event_type, why) = (EventTypeId(a.half(24)), a.one_of(40, &Unconfirmed::ALL)?);
                Self::Unconfirmed { instance, topic, event, event_type, why }
            }
            28 => Self::Truncated { topic, partition, end: c.0 },
            30 => Self::ShouldHold { store, key, value },
            31 => Self::Anomaly { store, event, kind: a.one_of(32, &AnomalyKind::ALL)? },
            32 => Self::Skipped { message, instance, why: a.one_of(8, &Skip::ALL)? },
            35 => Self::Compacted { topic, partition, offset: c.0 },
            36 => Self::CommitRefused { group, partition, instance: InstanceId(b.high()) },
            40 => Self::CallRefused { message, instance, by: a.one_of(8, &Guard::ALL)? },
            41 => {
                let (topic, attempt) = (TopicId(a.half(32)), a.half(48));
                Self::AckForgotten { message, event, event_type, link, attempt, topic }
            }
            42 => Self::Intervened { number: b.high(), took: a.byte(8) != 0 },
            43 => {
                #[expect(clippy::cast_possible_truncation, reason = "it was as wide")]
                let (instance, attempt) = (InstanceId(d.0 as u32), a.half(32));
                Self::Retried { message, event, event_type, link, instance, attempt }
            }
            _ => return None,
        })
    }
}

/// A word, to be taken apart.
#[derive(Clone, Copy)]
struct Word(u64);

#[expect(clippy::cast_possible_truncation, reason = "a part of it is meant")]
impl Word {
    const fn high(self) -> u32 {
        (self.0 >> 32) as u32
    }

    const fn low(self) -> u32 {
        self.0 as u32
    }

    /// Sixteen bits from this one on.
    const fn half(self, bit: u32) -> u16 {
        (self.0 >> bit) as u16
    }

    const fn byte(self, bit: u32) -> u8 {
        (self.0 >> bit) as u8
    }

    /// What has this number among all of its kind.
    fn one_of<T: Copy>(self, bit: u32, all: &[T]) -> Option<T> {
        all.get(usize::from(self.byte(bit))).copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The first bytes of all records.
    const TAGS: [u8; 37] = [
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
        26, 27, 28, 30, 31, 32, 35, 36, 40, 41, 42, 43,
    ];

    proptest! {
        #[test]
        fn a_record_is_what_its_words_say(
            tag in prop::sample::select(&TAGS[..]), words in prop::array::uniform4(any::<u64>()),
            small in prop::array::uniform3(0..2_u64),
        ) {
            // What is one of a few is one of the first two.
            let few = small[0] << 8 | small[1] << 24 | small[2] << 32 | small[0] << 40;
            let what = What::of_words([u64::from(tag) | few, words[1], words[2], words[3]]);
            let what = what.expect("there is such a record");
            let again = what.words();
            prop_assert_eq!(again[0] as u8, tag);
            prop_assert_eq!(What::of_words(again), Some(what));
        }
    }
}
