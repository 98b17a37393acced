//! The broker: topics as state machines. A time and an input go in, effects come out.

mod compaction;
pub mod group;
pub mod log;
pub mod queue;
mod retention;
