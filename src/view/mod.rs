//! Pure: the app at the playhead in, plain structs to draw out.

mod columns;
pub mod branches;
pub mod faults;
pub mod flow;
pub mod inspector;
pub mod lanes;
pub mod layout;
pub mod palette;
pub mod parameters;
pub mod route;
pub mod signs;
pub mod time_axis;
