//! Virtual time: agenda, links, workloads, faults, the world.
//!
//! A run is a function of a model and a seed. The [`World`] is one plain value with one way to
//! move, [`World::step`]; what happens leaves it as records, and in no other way.

pub mod agenda;
mod attic;
pub mod audit;
mod batch;
mod call;
mod connection;
pub mod crossing;
mod event;
mod fault;
mod guard;
pub mod histogram;
pub mod input;
pub mod insight;
mod intervention;
mod logs;
mod member;
mod membership;
pub mod merging;
mod message;
mod mirror;
mod network;
mod packed;
mod plan;
mod reading;
mod projection;
pub mod remote;
mod publish;
pub mod report;
mod scheduled;
mod service;
mod setting;
mod size;
mod statistics;
mod strategy;
mod strike;
mod table;
mod task;
pub mod tally;
mod topic;
mod trace;
mod trace_bytes;
mod workload;
mod world;

pub use attic::{Attic, Form, Room, Stored, in_pages};
pub use audit::Audit;
pub use crossing::{Origin, Traveller};
pub use input::{By, Happening, Input, Order, Source};
pub use insight::Change;
pub use packed::{Packed, Reader, Writer};
pub use report::Report;
pub use table::{Bounds, Packer, Rows, Table};
pub use tally::{OpenEvents, Tally};
pub use trace::Trace;
pub use world::{Digest, Observer, World};
