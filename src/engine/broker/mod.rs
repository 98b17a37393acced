//! The broker: topics as state machines. A time and an input go in, effects come out.

pub mod client;
mod compaction;
pub mod group;
pub mod log;
pub mod outbox;
pub mod queue;
pub mod replica;
mod retention;
pub mod sequences;
