//! What brokers, calls and services do, drawn: one behaviour a test, each with its source.

mod calls;
mod edges;
mod connections;
mod guards;
mod idempotency;
mod leases;
mod groups;
mod logs;
mod producers;
mod queues;
mod retention;
mod schedule;
mod services;
mod strategies;
