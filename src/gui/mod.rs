//! egui only: paint view structs, return commands.

pub mod theme;
