//! egui only: paint view structs, return commands.
//!
//! Panels take the state by shared reference, and push what a person asked for.

mod branches_panel;
pub mod controls;
mod difference_panel;
mod flow_panel;
mod frames;
mod inspector_panel;
mod jumps;
mod marks_list;
mod lanes_panel;
mod overlays;
mod palette;
mod problems_panel;
mod shell;
mod shortcuts;
mod signs;
mod status_bar;
mod strip;
pub mod theme;
mod timeline_panel;
mod top_bar;

pub use shell::{Chooser, Shell, run};
