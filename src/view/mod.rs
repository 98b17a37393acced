//! Pure: the app at the playhead in, plain structs to draw out.

mod columns;
pub mod branches;
pub mod difference;
pub mod flow;
pub mod inspector;
pub mod lanes;
pub mod layout;
pub mod palette;
pub mod route;
pub mod signs;
pub mod time_axis;
