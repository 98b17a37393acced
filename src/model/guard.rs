//! What stands around calls: circuit breakers, retry budgets and bulkheads on the caller's side;
//! a memory of answers on the callee's.

use super::{ServiceId, Span};

/// A circuit breaker (M. Nygard, "Release It!"): when too many calls fail it is open and calls
/// fail at once; after a while some are let through to see.
#[derive(Clone, Debug, PartialEq)]
pub struct Breaker {
    /// Its name.
    pub name: String,
    /// Whose it is; each instance of the service has its own.
    pub service: ServiceId,
    /// What opens it.
    pub trip: Trip,
    /// How long it stays open before calls are let through.
    pub open_for: Span,
    /// How many calls are let through to see whether it can be closed.
    pub trial: u32,
}

/// What opens a circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trip {
    /// So many failures in a row.
    InARow(u32),
    /// Too large a share of failures among the last calls (`resilience4j`'s count-based sliding
    /// window).
    Rate {
        /// The share of failures that opens it (`failureRateThreshold`, 50 %).
        share: f64,
        /// Of how many calls (`slidingWindowSize`, 100).
        of: u32,
        /// How many calls there must have been (`minimumNumberOfCalls`, 100).
        at_least: u32,
    },
}

/// A retry budget, as gRPC throttles retries (gRFC A6 "Client Retries", *Throttling Retry
/// Attempts*): a failed attempt takes a token, a successful one gives part of one back, and while
/// half of the tokens or less are left nothing is tried again.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// Its name.
    pub name: String,
    /// Whose it is; each instance of the service has its own.
    pub service: ServiceId,
    /// How many tokens there are at first, and at most (`maxTokens`, at most 1000).
    pub tokens: u32,
    /// What a success gives back, in thousandths of a token (`tokenRatio`; gRPC ignores what is
    /// smaller).
    pub ratio_thousandths: u32,
}

/// A bulkhead (M. Nygard, "Release It!"; `resilience4j`'s `Bulkhead`): so many calls at a time,
/// so that one slow callee does not take every worker.
#[derive(Clone, Debug, PartialEq)]
pub struct Bulkhead {
    /// Its name.
    pub name: String,
    /// Whose it is; each instance of the service has its own.
    pub service: ServiceId,
    /// How many calls may be under way through it.
    pub at_most: u32,
    /// How many more may wait for one of them to end; the rest fail at once.
    pub waiting: u32,
}

/// A service's memory of the answers it has given, by the key that a request carries, so that a
/// request that comes again is answered and not done again (Stripe API, "Idempotent requests").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// How long a key is known, from when its request was first taken up. Stripe's are pruned
    /// when they are at least 24 hours old.
    pub window: Span,
    /// Whether it is shared by the service's instances and outlives their crashes; else each
    /// has its own, in memory.
    pub durable: bool,
    /// Whether a failure is an answer to be remembered, as Stripe's is ("including 500 errors");
    /// else the next request with the key is done anew.
    pub keeps_failures: bool,
}

/// Why a call was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Guard {
    /// Its circuit breaker was open.
    Breaker,
    /// Its bulkhead was full.
    Bulkhead,
    /// It would have been a retry, and the retry budget was spent.
    Budget,
}

impl Guard {
    /// Every guard, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Breaker, Self::Bulkhead, Self::Budget];

    /// In a few words, lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Breaker => "breaker open",
            Self::Bulkhead => "bulkhead full",
            Self::Budget => "retry budget spent",
        }
    }
}
