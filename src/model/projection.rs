//! What can go wrong with a projection.

/// Why a projection does not hold, or may never hold, what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum AnomalyKind {
    /// An event was applied a second time.
    AppliedTwice,
    /// An event was applied after one that was published later, and the order matters.
    OutOfOrder,
    /// A value was overwritten by that of an event that was published before it.
    StaleWrite,
    /// An event reached its topic, and whoever should have applied it will not: it is done with,
    /// or deleted.
    Missing,
    /// An event was published and never reached its topic.
    Lost,
}

impl AnomalyKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 5] =
        [Self::AppliedTwice, Self::OutOfOrder, Self::StaleWrite, Self::Missing, Self::Lost];

    /// In a few words, lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AppliedTwice => "applied twice",
            Self::OutOfOrder => "applied out of order",
            Self::StaleWrite => "stale write",
            Self::Missing => "missing",
            Self::Lost => "lost",
        }
    }
}
