//! egui only: paint view structs, return commands.
//!
//! Panels take the state by shared reference, and push what a person asked for.

mod branches_panel;
mod chooser;
mod act_menu;
mod acts;
mod compare_panel;
pub mod controls;
mod expectations_panel;
mod faults_panel;
mod difference_panel;
mod flow_panel;
mod frames;
mod inspector_panel;
mod jumps;
mod marks_list;
mod lanes_panel;
mod live_menu;
mod journey_panel;
mod metrics_panel;
mod notices_panel;
mod overlays;
mod palette;
mod picture;
mod problems_panel;
mod random_faults;
mod sequence_panel;
mod shell;
mod shortcuts;
mod signs;
mod span_field;
mod spans;
mod status_bar;
mod strip;
pub mod theme;
mod timeline_panel;
mod top_bar;
mod typed;

pub use overlays::Wanted;
pub use shell::{Chooser, Shell, run};
