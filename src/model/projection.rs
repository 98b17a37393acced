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

    /// What the field's testers call it: `duplicate`, `nonmonotonic-poll`, `unseen` and `lost-write`
    /// are anomalies of Jepsen's workload for Kafka (K. Kingsbury, `jepsen.tests.kafka`);
    /// `lost-update` is Elle's, A. Adya's P4: what was written meanwhile is overwritten by somebody
    /// who had not seen it. Theirs are about what a consumer polls, these are about its effects.
    #[must_use]
    pub const fn name_in_the_field(self) -> &'static str {
        match self {
            Self::AppliedTwice => "duplicate",
            Self::OutOfOrder => "nonmonotonic-poll",
            Self::StaleWrite => "lost-update",
            Self::Missing => "unseen",
            Self::Lost => "lost-write",
        }
    }

    /// What some kinds are called by Jepsen and Elle, in a sentence; empty for none.
    #[must_use]
    pub fn in_the_field(kinds: impl IntoIterator<Item = Self>) -> String {
        let names = kinds.into_iter().map(|it| {
            let testers = if it == Self::StaleWrite { "Elle" } else { "Jepsen" };
            format!("“{}” is {testers}'s {}", it.name(), it.name_in_the_field())
        });
        let names: Vec<String> = names.collect();
        if names.is_empty() { String::new() } else { format!("{}.", names.join(", ")) }
    }
}
