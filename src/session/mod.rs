//! Sessions: what a person made of a scenario, as a file that has all of it: the scenario's text,
//! the futures, what is done in them, where one stood.
//!
//! Everything is said by names, in the language of scenario files; `scenarios/REFERENCE.md`
//! describes it. `write` makes the text, `read` reads it with every mistake in its place, `acts`
//! and `settings` have both for what is done to a run, `file` writes so that no file is ever half
//! there.

mod acts;
pub mod file;
mod live;
mod read;
mod settings;
mod words;
mod write;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::history::{BranchId, Ladder, Rung, Tree};
use crate::model::{Act, Intervention, Model, ServiceId, Time};
use crate::scenario::Scenario;
use crate::sim::Trace;

pub use read::read;
pub use write::write;

/// How the names of session files end.
pub const ENDING: &str = "inflight";

/// The version of this program.
pub const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// Where a scenario came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The library, by the entry's name.
    Library(String),
    /// A file.
    File(PathBuf),
}

/// A session.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Which version of the program wrote it.
    pub program: String,
    /// Where its scenario came from.
    pub origin: Origin,
    /// The text of the scenario.
    pub text: Arc<str>,
    /// What it says.
    pub scenario: Arc<Scenario>,
    /// The variant that is shown, by its name; empty if there is one only.
    pub variant: String,
    /// The seed; `None` for each variant's own.
    pub seed: Option<u64>,
    /// What was looked at, and how.
    pub view: View,
    /// Where nodes were put by hand, by their names, in points.
    pub layout: BTreeMap<String, (f32, f32)>,
    /// The instants that were marked, in their order, with their names.
    pub marks: Vec<(Time, String)>,
    /// The span that is played again and again, and whether it is.
    pub looped: Option<Looped>,
    /// By variant, the futures of its run.
    pub futures: BTreeMap<String, Futures>,
    /// The live run that it is of, if it is of one.
    pub live: Option<Live>,
    /// Of one that was kept while it was worked on: what it is kept of.
    pub kept: Option<Kept>,
}

/// What was looked at, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The playhead.
    pub at: Time,
    /// How many simulated seconds pass in one.
    pub speed: f64,
    /// From where to where the close-up reached.
    pub window: (Time, Time),
    /// What was in the middle of the flow view, in points from the layout's middle.
    pub offset: (f32, f32),
    /// How many times as large as when everything is seen.
    pub zoom: f32,
}

/// A span that is played again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looped {
    /// Where it begins.
    pub from: Time,
    /// Where it ends.
    pub to: Time,
    /// Whether it is played so now.
    pub is_on: bool,
}

/// The futures of a variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Futures {
    /// All of them.
    pub tree: Tree,
    /// The one that is shown.
    pub shown: BranchId,
    /// How those went that had been simulated.
    pub ran: BTreeMap<BranchId, Ran>,
}

/// How a run went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// In which version of the program.
    pub program: String,
    /// Its digests.
    pub ladder: Arc<Ladder>,
}

/// A live run, as it is kept: taken in once more it is the same run, record for record.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// Of which variant.
    pub variant: String,
    /// With which seed.
    pub seed: u64,
    /// What came in.
    pub trace: Trace,
    /// What was done to it, and when.
    pub script: Vec<Intervention>,
    /// How it was at its end.
    pub end: Rung,
    /// If several processes shared the run: which of them this is of.
    pub part: Option<Part>,
    /// Its what-ifs, if there are any; the first branch is the run itself.
    pub futures: Option<Futures>,
}

/// One of several processes that shared a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// How the run was called at the server.
    pub run: String,
    /// Which part, from 0.
    pub number: u16,
    /// The services that were run there.
    pub services: Vec<ServiceId>,
}

/// What a session is kept of while it is worked on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The file it was opened from or saved to last, if any.
    pub file: Option<PathBuf>,
    /// What stood in that file then, as [`file::mark_of`] says it.
    pub mark: Option<u64>,
    /// Whether the program was closed since, and did not just end.
    pub closed: bool,
}

impl Session {
    /// The model of a variant; `None` if there is none of that name.
    #[must_use]
    pub fn model(&self, variant: &str) -> Option<&Arc<Model>> {
        self.scenario.variants.iter().find(|it| it.name == variant).map(|it| &it.model)
    }
}

/// The same act in another model, by the names of what it is done to; `None` if that is not
/// there.
#[must_use]
pub fn carry_over(act: &Act, from: &Model, to: &Model) -> Option<Act> {
    let text = acts::write(from, act);
    let node = crate::scenario::syntax::parse(&format!("Step({text})")).ok()?;
    let reader = crate::scenario::reader::Reader::default();
    let read = {
        let fields = reader.fields(&node, "Step")?;
        acts::Names { reader: &reader, model: to }.act(&fields)
    };
    read.filter(|_| !reader.has_problems())
}
