//! Pure: the app at the playhead in, plain structs to draw out.

pub mod anomaly;
pub mod branches;
pub mod comparing;
mod columns;
pub mod expectations;
pub mod fields;
pub mod faults;
pub mod difference;
pub mod flow;
pub mod ink;
pub mod inspector;
pub mod lanes;
pub mod journey;
pub mod layout;
pub mod meanings;
pub mod metrics;
pub mod offers;
pub mod palette;
pub mod parameters;
pub mod route;
pub mod scenarios;
pub mod signs;
pub mod strategy;
pub mod sequence;
pub mod story;
pub mod time_axis;
