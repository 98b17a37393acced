//! State and `update(&mut App, Command)`: every change of state, one place.
//!
//! Nothing here draws, and nothing here knows a key or a pointer: `gui` turns those into
//! commands, and a test or a script may send the same ones.

pub mod acting;
pub mod causes;
pub mod command;
pub mod comparing;
pub mod deeds;
pub mod expecting;
pub mod faults;
pub mod difference;
pub mod futures;
pub mod jump;
pub mod lanes;
pub mod live;
pub mod lots;
mod carry;
pub mod desk;
pub mod keeper;
pub mod made;
pub mod marks;
pub mod metrics;
pub mod offers;
pub mod inquiries;
pub mod open;
pub mod palette;
pub mod playback;
pub mod run;
pub mod sessions;
pub mod settings;
pub mod slot;
pub mod state;
mod there;
mod update;
pub mod watch;

pub use command::{ACTIONS, Action, Camera, Command, Export, Group, Selection, Shortcut};
pub use comparing::{CompareCommand, Comparing, MOST_COLUMNS, SEEDS, Side, Which};
pub use desk::{Desk, Left, Notice};
pub use difference::Comparison;
pub use expecting::Expecting;
pub use faults::Planned;
pub use inquiries::{Found, Inquiries, MOST_MESSAGES, Subject, View, selection_of};
pub use jump::{Jumping, Landmark};
pub use lanes::Lanes;
pub use live::Living;
pub use lots::{RandomFaults, RandomKind};
pub use made::{Futures, Held, Made, Places, Undo};
pub use marks::{Mark, MarkCommand, Marks};
pub use metrics::{Metrics, Reach};
pub use open::{Broken, Source};
pub use palette::{Palette, PaletteCommand};
pub use playback::{Direction, Playback, Road, Window};
pub use run::Run;
pub use settings::{Look, Settings};
pub use state::{App, Options, Overlay, Toast};
pub use watch::Wake;
