//! The event engine and the handlers as state machines, without time source, thread or I/O.
//!
//! The contract: a time and an input go in, effects come out; whoever drives performs them. The
//! same machines run under virtual time and for real.

pub mod breaker;
pub mod broker;
pub mod budget;
pub mod bulkhead;
pub mod dice;
pub mod handler;
pub mod idempotency;
pub mod program;
pub mod projection;
pub mod store;
pub mod strategy;
