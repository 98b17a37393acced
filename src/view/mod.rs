//! Pure: the app at the playhead in, plain structs to draw out.

mod columns;
pub mod branches;
pub mod flow;
pub mod ink;
pub mod inspector;
pub mod lanes;
pub mod journey;
pub mod layout;
pub mod palette;
pub mod route;
pub mod signs;
pub mod sequence;
pub mod story;
pub mod time_axis;
