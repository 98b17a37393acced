//! Pure: the app at the playhead in, plain structs to draw out.

pub mod inspector;
pub mod time_axis;
