//! Inflight: a desktop laboratory for event-driven systems.

pub mod model;
pub mod scenario;
pub mod engine;
pub mod sim;
pub mod history;
pub mod app;
pub mod view;
pub mod gui;
pub mod cli;
