//! Events and their types: what is said, by whom, with which fields.

use super::{Distribution, EventId, EventTypeId, TextId, Time};

/// The most fields an event may carry: an event is copied by value wherever a copy of it
/// travels, and eight words keep that copy inside two cache lines.
pub const MAX_FIELDS: usize = 8;

/// A type of event (a fact), or of request or reply.
#[derive(Clone, Debug, PartialEq)]
pub struct EventType {
    /// Its name, `PaymentCompleted`.
    pub name: String,
    /// Whether it is asked or answered rather than a fact that is published.
    pub is_request: bool,
    /// Its fields, at most [`MAX_FIELDS`].
    pub fields: Vec<Field>,
    /// Which field is the key (CloudEvents' `subject`, a log topic's partition key).
    pub key: Option<usize>,
    /// Whether it says that there is nothing under its key any more (a Kafka record without a
    /// value): compaction removes the key with it.
    pub is_tombstone: bool,
    /// Its size on the wire, in bytes.
    pub size_bytes: u32,
    /// Which of the theme's event colours it wears.
    pub colour: u8,
    /// The letter it wears beside the colour.
    pub letter: char,
}

/// One field of an event type.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name, unique in its type.
    pub name: String,
    /// What it holds.
    pub kind: FieldKind,
    /// How it is drawn when nothing says what it is.
    pub draw: FieldDraw,
}

/// What a field, a store's key or a store's value holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// A text.
    Text,
    /// True or false.
    Bool,
}

/// How the value of a field is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldDraw {
    /// A whole number between the two, both included.
    Int {
        /// The least.
        low: i64,
        /// The greatest.
        high: i64,
    },
    /// A number.
    Float(Distribution),
    /// One of these with these weights, as running sums that end at 1.
    Pick(Vec<(f64, Value)>),
    /// This text followed by the producer's count of such events: `p-1`, `p-2`, …
    Sequence(TextId),
    /// True with this probability.
    Chance(f64),
}

/// A text value: an interned text, followed by a number unless that is zero. So `c-7` and a
/// million different ids are values without a million strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text {
    /// The text, in [`Model::texts`](super::Model::texts).
    pub text: TextId,
    /// The number behind it, or 0 for none.
    pub number: u32,
}

/// A value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text.
    Text(Text),
    /// True or false.
    Bool(bool),
}

impl Value {
    /// Which kind of value it is.
    #[must_use]
    pub const fn kind(self) -> FieldKind {
        match self {
            Self::Int(_) => FieldKind::Int,
            Self::Float(_) => FieldKind::Float,
            Self::Text(_) => FieldKind::Text,
            Self::Bool(_) => FieldKind::Bool,
        }
    }

    /// The value as one word; with its kind it can be read back.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        match self {
            Self::Int(value) => value.cast_unsigned(),
            Self::Float(value) => value.to_bits(),
            Self::Text(Text { text, number }) => ((text.0 as u64) << 32) | number as u64,
            Self::Bool(value) => value as u64,
        }
    }

    /// The value that [`to_bits`](Self::to_bits) made a word of.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of a word")]
    pub const fn from_bits(kind: FieldKind, bits: u64) -> Self {
        match kind {
            FieldKind::Int => Self::Int(bits.cast_signed()),
            FieldKind::Float => Self::Float(f64::from_bits(bits)),
            FieldKind::Text => {
                Self::Text(Text { text: TextId((bits >> 32) as u32), number: bits as u32 })
            }
            FieldKind::Bool => Self::Bool(bits != 0),
        }
    }

    /// The value as a number: a text is 0, a truth is 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "comparisons of whole numbers past 2^53")]
    pub const fn as_f64(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
            Self::Text(_) => 0.0,
            Self::Bool(value) => value as u8 as f64,
        }
    }
}

/// A fact, a request or a reply, as it is copied from hand to hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its identity, for ever.
    pub id: EventId,
    /// Its type.
    pub event_type: EventTypeId,
    /// When it was made, by the run's own clock.
    pub time: Time,
    /// The event it was made in answer to, if any: its immediate cause.
    pub cause: Option<EventId>,
    /// What everything random about it is drawn by: for an arrival, who arrives and the
    /// how-manieth it is; for what a handler makes, its cause's lineage and the step. So it
    /// depends on nothing that goes on elsewhere in the run.
    pub lineage: u64,
    /// The values of its type's fields, in order, as [`Value::to_bits`] gives them.
    pub fields: [u64; MAX_FIELDS],
}
