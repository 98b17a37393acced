//! State and `update(&mut App, Command)`: every change of state, one place.
//!
//! Nothing here draws, and nothing here knows a key or a pointer: `gui` turns those into
//! commands, and a test or a script may send the same ones.

pub mod command;
pub mod placement;
pub mod playback;
pub mod settings;
pub mod watch;

pub use command::{Action, Camera, Command, Selection, Shortcut};
pub use placement::Placement;
pub use playback::{Direction, Playback, Window};
pub use settings::{Look, Settings};
