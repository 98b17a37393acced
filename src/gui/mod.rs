//! egui only: paint view structs, return commands.
