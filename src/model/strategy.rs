//! Consumer strategies: what a consumer does so that a message that comes twice, late, out of
//! order or cannot be handled does no harm.
//!
//! The names are those of the field: *Idempotent Receiver* and *Resequencer* (G. Hohpe and B.
//! Woolf, "Enterprise Integration Patterns"), *Transactional Inbox* (C. Richardson,
//! "Microservices Patterns", as the receiving side of the outbox).

use super::{Backoff, EventTypeId, Jitter, Span, TopicId};

/// What a consumer does with what it is delivered, beside handling it. Nothing set is *naive*:
/// it handles everything as it comes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Strategy {
    /// Whether it knows what it has handled before.
    pub idempotence: Option<Idempotence>,
    /// For each type of event that is handled, the field that holds its version: what is not
    /// newer than what was handled last under its key is passed over. Empty: not looked at.
    pub versions: Vec<(EventTypeId, usize)>,
    /// Whether it puts events in order before it handles them.
    pub reorder: Option<Reorder>,
    /// How often what failed is tried again before it goes to the dead letters.
    pub retries: Option<Retries>,
    /// Whether it handles several at a time.
    pub batch: Option<Batch>,
}

impl Strategy {
    /// Whether everything is handled as it comes.
    #[must_use]
    pub fn is_naive(&self) -> bool {
        let Self { idempotence, versions, reorder, retries, batch } = self;
        idempotence.is_none()
            && versions.is_empty()
            && reorder.is_none()
            && retries.is_none()
            && batch.is_none()
    }

    /// In a few words: the names of what it is made of.
    #[must_use]
    pub fn words(&self) -> String {
        let Self { idempotence, versions, reorder, retries, batch } = self;
        let mut names = Vec::new();
        match idempotence.map(|it| it.memory) {
            None => {}
            Some(Memory::Volatile) => names.push("idempotent"),
            Some(Memory::Durable) => names.push("idempotent, durable"),
            Some(Memory::WithEffects) => names.push("inbox"),
        }
        let others = [
            (!versions.is_empty(), "version-checked"),
            (reorder.is_some(), "reordering buffer"),
            (retries.is_some(), "retries, then dead letter"),
            (batch.is_some(), "batches"),
        ];
        names.extend(others.iter().filter(|it| it.0).map(|it| it.1));
        if names.is_empty() { "naive".to_owned() } else { names.join(" · ") }
    }

    /// Whether the changes that a handler makes to stores become so in one step, when it is done.
    #[must_use]
    pub fn is_transactional(&self) -> bool {
        !self.versions.is_empty()
            || self.idempotence.as_ref().is_some_and(|it| it.memory == Memory::WithEffects)
    }
}

/// What a consumer remembers of what it has handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idempotence {
    /// How much of it.
    pub window: Window,
    /// Where.
    pub memory: Memory,
}

impl Idempotence {
    /// The last ten thousand ids, in each instance's memory.
    pub const USUAL: Self = Self { window: Window::Count(10_000), memory: Memory::Volatile };
    /// The same in a table that the instances share.
    pub const DURABLE: Self = Self { memory: Memory::Durable, ..Self::USUAL };
    /// An inbox that remembers for a week: as long as Kafka's logs are kept by default, so that no
    /// replay of one finds it forgetful.
    pub const INBOX: Self =
        Self { window: Window::Age(Span::from_secs(7 * 24 * 3600)), memory: Memory::WithEffects };
}

/// How far back a memory goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// So many ids.
    Count(u32),
    /// What was handled so long ago, or less.
    Age(Span),
}

/// Where what was handled is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// In each instance's memory: the others know nothing of it, and a crash loses it.
    Volatile,
    /// In a table that the service's instances share, written when the handler is done: after
    /// its effects, and a crash can fall between.
    Durable,
    /// In the same transaction as the changes that the handler makes to its stores: an inbox.
    WithEffects,
}

/// A re-ordering buffer: of each key, events are handled in the order of their numbers, one at a
/// time.
#[derive(Clone, Debug, PartialEq)]
pub struct Reorder {
    /// For each type of event that is handled, the field that numbers it within its key, from 1.
    pub by: Vec<(EventTypeId, usize)>,
    /// How long an event waits for those before it; then they are passed over, and should they
    /// still come, they are handled when they do. `None` waits for ever.
    pub timeout: Option<Span>,
}

/// Retry, then dead letter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retries {
    /// How often a message is tried in all.
    pub attempts: u32,
    /// The pause before the next.
    pub backoff: Backoff,
    /// What the pause is blurred with.
    pub jitter: Jitter,
    /// Where the event is published then; without it a queue's broker is told to put it to its
    /// dead letters, and a log's reader goes past it.
    pub dead_letters: Option<TopicId>,
}

/// Handling several messages at a time: the time of a handler's `Work` is spent once for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// How many at most.
    pub size: u32,
    /// How long the first waits for more.
    pub within: Span,
}

/// Why a consumer's strategy let a message pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Skip {
    /// It has been handled.
    Known,
    /// Something newer has been handled.
    Stale,
}

impl Skip {
    /// Every reason, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::Known, Self::Stale];

    /// In a few words, lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Known => "known already",
            Self::Stale => "stale",
        }
    }
}
