//! Everything a person can ask of the program, and the one table of what each is called, what
//! it does in a sentence, and which keys ask for it.

use std::path::PathBuf;

use crate::history::{BranchId, Step};
use crate::measure::series::Extent;
use crate::model::{
    Act, AnomalyKind, Deed, EventId, EventTypeId, FaultId, Intervention, LinkId, MessageId, Node,
    ServiceId, Span, StoreId, Time, TopicId,
};

use crate::live::Where;

use super::comparing::CompareCommand;
use super::faults::Planned;
use super::inquiries::{Subject, View};
use super::jump::Landmark;
use super::lots::RandomFaults;
use super::marks::MarkCommand;
use super::metrics::Reach;
use super::palette::PaletteCommand;
use super::playback::{Direction, Window};
use super::settings::Look;

/// Something a person asked of the program.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Open a scenario of the library by its name.
    OpenLibrary(String),
    /// Ask which file to open.
    AskForFile,
    /// Open this file.
    OpenFile(PathBuf),
    /// Read the open file again.
    Reload,
    /// Save what was made, where it was saved before.
    SaveSession,
    /// Ask where to save what was made.
    SaveSessionAs,
    /// Save what was made in this file.
    SaveSessionTo {
        /// Which.
        path: PathBuf,
        /// Whether whatever is there may be replaced.
        over: bool,
    },
    /// Open what was made earlier and not saved.
    Restore,
    /// Delete what was made earlier and not saved.
    Discard,
    /// Close the first of the notices.
    CloseNotice,
    /// Run the variant that is shown live, with its queue topics there.
    GoLive(Where),
    /// Stay with what happens now in the live run.
    FollowLive,
    /// Stop the live run: first its sources; asked again, at once.
    StopLive,
    /// Simulate the variant that is shown, instead of the live run.
    Simulate,
    /// Show the live run that is of the session, as it was recorded.
    ShowRecording,
    /// Show another variant of the scenario.
    SelectVariant(String),
    /// Run with another seed.
    SetSeed(u64),
    /// Play forwards.
    Play,
    /// Play backwards.
    PlayBackwards,
    /// Stand still.
    Pause,
    /// Play, or stand still.
    TogglePlay,
    /// To the next record.
    StepForward,
    /// To the record before.
    StepBack,
    /// On by a sixtieth of a second at the speed that is set.
    FrameForward,
    /// Back by a sixtieth of a second at the speed that is set.
    FrameBack,
    /// On by this much.
    JumpForward(Span),
    /// Back by this much.
    JumpBack(Span),
    /// To this instant; what plays goes on playing from there.
    SeekTo(Time),
    /// To the beginning.
    GoToStart,
    /// To the end, or as far as the run has come.
    GoToEnd,
    /// Let this many simulated seconds pass in one.
    SetSpeed(f64),
    /// The next faster speed.
    Faster,
    /// The next slower speed.
    Slower,
    /// A second in a second.
    NormalSpeed,
    /// To the next or the previous of these.
    GoTo(Landmark, Direction),
    /// Something about marks and the loop.
    Mark(MarkCommand),
    /// Slow down when something happens, or play on as ever.
    ToggleSlowing,
    /// Open or close the search.
    TogglePalette,
    /// Something in the search.
    Palette(PaletteCommand),
    /// Show this span of time in the timeline's lower strip.
    LookAt(Window),
    /// Show more time in the lower strip.
    WidenWindow,
    /// Show less time in the lower strip.
    NarrowWindow,
    /// Show the lanes of the close-up, or how much happens in it when.
    ToggleLanes,
    /// Give the lanes together this height, in points.
    SetLanesHeight(f32),
    /// Put a node's lane at this place among those that are shown, from 0 at the top.
    MoveLane {
        /// Which.
        node: Node,
        /// Where to.
        to: usize,
    },
    /// Show no lane for this node.
    HideLane(Node),
    /// Show a lane for every node.
    ShowAllLanes,
    /// Put the lanes in the order that they have by themselves.
    ResetLanes,
    /// Select this.
    Select(Selection),
    /// Select nothing.
    ClearSelection,
    /// See the whole of the flow view.
    Fit,
    /// Come closer.
    ZoomIn,
    /// Step back.
    ZoomOut,
    /// See the flow view from here.
    SetCamera(Camera),
    /// Put a node here. Moves of one node in a row are one move, until [`Command::LetGo`].
    MoveNode {
        /// Which.
        node: Node,
        /// Its middle, in points of the layout.
        to: (f32, f32),
    },
    /// The control that was held, or the node that was being moved, was let go.
    LetGo,
    /// Make another future from this instant on, and show it.
    Fork,
    /// Show this branch.
    SwitchBranch(BranchId),
    /// Show the next branch.
    NextBranch,
    /// Show the branch before.
    PreviousBranch,
    /// Call a branch something else.
    RenameBranch {
        /// Which.
        id: BranchId,
        /// What.
        name: String,
    },
    /// Delete a branch and all that were forked from it.
    DeleteBranch(BranchId),
    /// Do something to the run at the instant that is seen.
    Act(Act),
    /// Do something to the run at another instant, in a branch that keeps all that is done in the
    /// one that is shown.
    ActBefore {
        /// When.
        at: Time,
        /// What.
        act: Act,
    },
    /// Do something to the run by a control that acts while it is held. What is done in a row is
    /// one step, until [`Command::LetGo`].
    Tune(Act),
    /// Go to this instant, stand still, and select this.
    ShowAt {
        /// When.
        at: Time,
        /// What.
        selection: Selection,
    },
    /// Open a section of the inspector, or fold it.
    FoldSection {
        /// Its name.
        name: String,
        /// Whether it is open from now on.
        is_open: bool,
    },
    /// Do something to the copy of an event that is selected.
    Do(Deed),
    /// Replace a step of a branch. Those in a row are one change, until [`Command::LetGo`].
    SetStep {
        /// Of which branch.
        branch: BranchId,
        /// Its place in the branch.
        place: usize,
        /// By what.
        step: Step,
    },
    /// Take a step out of a branch.
    RemoveStep {
        /// Of which branch.
        branch: BranchId,
        /// Its place in the branch.
        place: usize,
    },
    /// Do something in the branch that is shown, at any instant: a branch that begins later begins
    /// earlier then, and the first branch is forked.
    AddStep(Intervention),
    /// Have a fault of the scenario's schedule otherwise: in a branch it does not come, and this
    /// is done instead.
    AlterFault {
        /// Which.
        fault: FaultId,
        /// What is done instead.
        to: Intervention,
    },
    /// Have a fault of the scenario's schedule not come, in a branch.
    OmitFault(FaultId),
    /// Have a fault of the scenario's schedule come after all, in the branch that is shown.
    KeepFault(FaultId),
    /// Select a line of the list of faults.
    ChooseFault(Option<Planned>),
    /// Make a branch with faults drawn by lot.
    RandomFaults(RandomFaults),
    /// Show or hide the list of faults.
    ToggleFaults,
    /// Give the list of faults this width, in points.
    SetFaultsWidth(f32),
    /// Ask which faults are to be drawn by lot.
    AskForRandomFaults,
    /// Find out where the branch that is shown and another first differ, and go there.
    FirstDifference(BranchId),
    /// The same with the branch it was forked from.
    FirstDifferenceFromParent,
    /// Compare no longer.
    CloseDifference,
    /// Put every node where the automatic layout has it.
    ResetLayout,
    /// Take back the last change.
    Undo,
    /// Make the last change that was taken back again.
    Redo,
    /// Look like this.
    SetLook(Look),
    /// From dark to light, from light to dark.
    ToggleLook,
    /// Larger text and controls.
    LargerText,
    /// Smaller text and controls.
    SmallerText,
    /// Text and controls as they were made.
    NormalText,
    /// Let a run hold so much memory, in MiB.
    SetBudget(u32),
    /// Let it put so much more by on disk, in MiB.
    SetDisk(u32),
    /// Show or hide the inspector.
    ToggleInspector,
    /// Give the inspector this width, in points.
    SetInspectorWidth(f32),
    /// Show the run in this way.
    ShowView(View),
    /// Have the sequence view tell of this.
    ShowSequenceOf(Subject),
    /// Show or hide acks, commits and fetches in the sequence view.
    ToggleAcks,
    /// Copy what the sequence view shows, as Mermaid.
    CopySequence,
    /// Ask where to save what the sequence view shows.
    AskWhereToSave,
    /// Save what the sequence view shows in this file, as SVG.
    SaveSequence(PathBuf),
    /// Have the series of the metrics view show so much of the run.
    ChartOver(Reach),
    /// Have the distributions of the metrics view be of this.
    DistributionOver(Extent),
    /// Something in the comparison.
    Compare(CompareCommand),
    /// Ask with which other file to compare.
    AskForOther,
    /// Copy the comparison, as Markdown.
    CopyComparison,
    /// Ask where to save this.
    AskWhereToExport(Export),
    /// Save this in this file.
    SaveExport(Export, PathBuf),
    /// Show or hide the list of expectations.
    ToggleExpectations,
    /// Say this for a while.
    Say {
        /// What.
        text: String,
        /// Whether something went wrong.
        is_bad: bool,
    },
    /// Show or hide the list of keys.
    ToggleHelp,
    /// Close what lies on top; without it, select nothing.
    Dismiss,
    /// Close the program.
    Quit,
    /// So many seconds of real time went by, and the window is drawn.
    Tick(f64),
}

/// What can be saved of what is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Export {
    /// The series of the metrics view, as CSV.
    Series,
    /// What the middle of the window shows, as PNG.
    Picture,
}

/// What can be selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// An event, through one of its copies or through the topic that keeps it.
    Event {
        /// Which.
        event: EventId,
        /// Of which type.
        event_type: EventTypeId,
        /// The copy that was pointed at, if it was one.
        message: Option<MessageId>,
    },
    /// A service.
    Service(ServiceId),
    /// A topic.
    Topic(TopicId),
    /// A link.
    Link(LinkId),
    /// An anomaly of a projection.
    Anomaly {
        /// When it was.
        at: Time,
        /// Of which store.
        store: StoreId,
        /// The event that it comes of.
        event: EventId,
        /// What went wrong.
        kind: AnomalyKind,
    },
}

/// Where the flow view is seen from, relative to the view that shows the whole layout, so
/// that a fitted view stays fitted when the window changes its size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    /// What is in the middle, in points of the layout from the layout's own middle.
    pub offset: (f32, f32),
    /// How many times as large as when everything is seen.
    pub zoom: f32,
}

impl Camera {
    /// Everything is seen.
    pub const FIT: Self = Self { offset: (0.0, 0.0), zoom: 1.0 };
    const ZOOMS: std::ops::RangeInclusive<f32> = 0.25..=8.0;

    /// This camera with its zoom inside what is useful; what is none sees everything.
    #[must_use]
    pub fn bounded(self) -> Self {
        let Self { offset: (x, y), zoom } = self;
        if [x, y, zoom].iter().any(|it| !it.is_finite()) {
            return Self::FIT;
        }
        Self { zoom: self.zoom.clamp(*Self::ZOOMS.start(), *Self::ZOOMS.end()), ..self }
    }
}

/// A key with its modifiers. `key` is a name as keyboards have it: `Space`, `Right`, `O`, `+`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortcut {
    /// With Ctrl (the command key on a Mac).
    pub ctrl: bool,
    /// With Shift.
    pub shift: bool,
    /// The key.
    pub key: &'static str,
}

impl std::fmt::Display for Shortcut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let key = match self.key {
            "Left" => "←",
            "Right" => "→",
            "Up" => "↑",
            "Down" => "↓",
            key => key,
        };
        let ctrl = if self.ctrl { "Ctrl " } else { "" };
        let shift = if self.shift && key != "?" { "Shift " } else { "" };
        write!(f, "{ctrl}{shift}{key}")
    }
}

/// The groups that actions are listed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Files and scenarios.
    File,
    /// Time.
    Playback,
    /// Places in time.
    Places,
    /// What is seen.
    View,
    /// The selected event, and the futures of the run.
    Event,
    /// Taking back, help, the end.
    General,
}

impl Group {
    /// All of them, in the order of the menus.
    pub const ALL: [Self; 6] =
        [Self::File, Self::Playback, Self::Places, Self::View, Self::Event, Self::General];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "File",
            Self::Playback => "Time",
            Self::Places => "Marks, loop, jumps",
            Self::View => "View",
            Self::Event => "What if",
            Self::General => "General",
        }
    }
}

/// A line of the table of actions.
#[derive(Clone, Debug)]
pub struct Action {
    /// What is done.
    pub command: Command,
    /// Where it is listed.
    pub group: Group,
    /// What it is called, also by a screen reader.
    pub label: &'static str,
    /// What it does, in a sentence.
    pub hint: &'static str,
    /// The keys that ask for it; the first is the one that is shown.
    pub keys: &'static [Shortcut],
}

const fn plain(key: &'static str) -> Shortcut {
    Shortcut { ctrl: false, shift: false, key }
}

const fn shift(key: &'static str) -> Shortcut {
    Shortcut { ctrl: false, shift: true, key }
}

const fn ctrl(key: &'static str) -> Shortcut {
    Shortcut { ctrl: true, shift: false, key }
}

macro_rules! actions {
    ($($command:expr, $group:ident, $label:literal, $hint:literal, [$($key:expr),*];)*) => {
        /// Every action that needs nothing said but its name. Menus, keys, tooltips and the
        /// list of keys are made from this table.
        pub const ACTIONS: &[Action] = &[$(Action {
            command: $command,
            group: Group::$group,
            label: $label,
            hint: $hint,
            keys: &[$($key),*],
        }),*];
    };
}

use Command as C;
use Direction::{Backward, Forward};

actions! {
    C::AskForFile, File, "Open…", "Open a scenario or a session", [ctrl("O")];
    C::SaveSession, File, "Save session", "Save what you made of the scenario", [ctrl("S")];
    C::SaveSessionAs, File, "Save session as…", "Save what you made of the scenario in another file",
        [Shortcut { ctrl: true, shift: true, key: "S" }];
    C::Reload, File, "Reload", "Read the open file again", [ctrl("R"), plain("F5")];

    C::CopySequence, File, "Copy as Mermaid", "Copy the sequence diagram as text that Mermaid draws", [];
    C::AskWhereToSave, File, "Save as SVG…", "Save the sequence diagram as a picture", [ctrl("E")];
    C::AskWhereToExport(Export::Picture), File, "Save as PNG…", "Save the view as it is seen as a picture", [ctrl("P")];
    C::AskWhereToExport(Export::Series), File, "Save as CSV…", "Save the series of the metrics view as a table", [];
    C::CopyComparison, File, "Copy as Markdown", "Copy the comparison as a table, with its sentences", [ctrl("M")];
    C::AskForOther, File, "Compare with a file…", "Have a variant of another file as a column of the comparison", [];

    C::GoLive(Where::Embedded), Playback, "Run live", "Run it for real: in real time, every worker and link a task of its own", [shift("R")];
    C::FollowLive, Playback, "Follow live", "Stay with what happens now in the live run", [];
    C::StopLive, Playback, "Stop live run", "Its sources stop, and what is under way comes to its end; asked again, it stops at once", [];
    C::Simulate, Playback, "Simulate", "Simulate again, instead of the live run", [];
    C::ShowRecording, Playback, "Show recording", "Show the live run of this session, as it was recorded", [];

    C::TogglePlay, Playback, "Play or pause", "Let time pass, or stand still", [plain("Space")];
    C::Play, Playback, "Play", "Let time pass", [];
    C::Pause, Playback, "Pause", "Stand still", [];
    C::PlayBackwards, Playback, "Play backwards", "Let time run back", [shift("Space")];
    C::StepForward, Playback, "Step forward", "Go to the next thing that happens", [plain("Right")];
    C::StepBack, Playback, "Step back", "Go to the thing that happened before", [plain("Left")];
    C::JumpForward(Span::SECOND), Playback, "Forward 1 s", "Go on by a second", [shift("Right")];
    C::JumpBack(Span::SECOND), Playback, "Back 1 s", "Go back by a second", [shift("Left")];
    C::FrameForward, Playback, "Next frame", "Go on by one picture at this speed", [plain(".")];
    C::FrameBack, Playback, "Previous frame", "Go back by one picture at this speed", [plain(",")];
    C::GoToStart, Playback, "Go to start", "Go to the beginning of the run", [plain("Home")];
    C::GoToEnd, Playback, "Go to end", "Go to the end of the run", [plain("End")];
    C::Faster, Playback, "Faster", "Let time pass faster", [plain("Up")];
    C::Slower, Playback, "Slower", "Let time pass more slowly", [plain("Down")];
    C::NormalSpeed, Playback, "Real time", "Let a second pass in a second", [plain("1")];
    C::ToggleSlowing, Playback, "Slow down", "Slow down when something happens", [plain("V")];

    C::Mark(MarkCommand::Toggle), Places, "Mark", "Set or remove a mark at the playhead",
        [plain("M")];
    C::GoTo(Landmark::Mark, Forward), Places, "Next mark",
        "Go to the next mark or intervention", [plain("N")];
    C::GoTo(Landmark::Mark, Backward), Places, "Previous mark",
        "Go to the mark or intervention before", [shift("N")];
    C::Mark(MarkCommand::LoopFrom), Places, "Loop from here",
        "Let the loop begin at the playhead", [plain("O"), plain("[")];
    C::Mark(MarkCommand::LoopTo), Places, "Loop to here",
        "Let the loop end at the playhead", [plain("P"), plain("]")];
    C::Mark(MarkCommand::ToggleLoop), Places, "Loop",
        "Play the loop again and again, or play on", [plain("C"), plain("\\")];
    C::Mark(MarkCommand::ClearLoop), Places, "Clear loop", "Forget the loop", [];
    C::GoTo(Landmark::Anomaly, Forward), Places, "Next anomaly",
        "Go to where a store next parts from what it should hold", [plain("W")];
    C::GoTo(Landmark::Anomaly, Backward), Places, "Previous anomaly",
        "Go to where a store last parted from what it should hold", [shift("W")];
    C::GoTo(Landmark::Fault, Forward), Places, "Next fault",
        "Go to where a fault next begins or is mended", [plain("T")];
    C::GoTo(Landmark::Fault, Backward), Places, "Previous fault",
        "Go to where a fault last began or was mended", [shift("T")];
    C::GoTo(Landmark::Selection, Forward), Places, "Next of selection",
        "Go to where something next happens to what is selected", [plain("E")];
    C::GoTo(Landmark::Selection, Backward), Places, "Previous of selection",
        "Go to where something last happened to what is selected", [shift("E")];

    C::ShowView(View::Flow), View, "Flow", "See what is on its way at this instant", [ctrl("1")];
    C::ShowView(View::Sequence), View, "Sequence", "See what happened one after the other, as a sequence diagram", [ctrl("2")];
    C::ShowView(View::Metrics), View, "Metrics", "See figures along time, and distributions", [ctrl("3")];
    C::ShowView(View::Compare), View, "Compare", "See variants, branches or files side by side", [ctrl("4")];
    C::ToggleExpectations, View, "Expectations", "Show or hide what the scenario expects of its runs, and whether it is so", [plain("G")];
    C::Compare(CompareCommand::ToggleMatrix), View, "Strategies × faults", "See consumer strategies against what can happen to messages", [plain("J")];
    C::Compare(CompareCommand::ToggleIntervals), View, "Intervals from 20 seeds", "Run 20 seeds, and show means with their 95 % confidence intervals; or give that up", [plain("U")];
    C::Compare(CompareCommand::GoToFirst), View, "First difference of the columns", "Go to where the columns of the comparison first differ", [];
    C::ToggleAcks, View, "Acks and fetches", "Show or hide what only keeps others going in the sequence view: acks, commits, confirms, fetches", [];
    C::Fit, View, "Fit", "See everything", [plain("F")];
    C::ZoomIn, View, "Zoom in", "Come closer", [plain("+"), plain("=")];
    C::ZoomOut, View, "Zoom out", "See more", [plain("-")];
    C::NarrowWindow, View, "Zoom timeline in", "Show less time in the close-up", [shift("Up")];
    C::WidenWindow, View, "Zoom timeline out", "Show more time in the close-up", [shift("Down")];
    C::ToggleLanes, View, "Lanes", "Show every message in the close-up, or only how much happens", [plain("H")];
    C::ShowAllLanes, View, "Show all lanes", "Show a lane for every service and topic", [];
    C::ResetLanes, View, "Reset lanes", "Put the lanes in the order that they have by themselves", [];
    C::ResetLayout, View, "Reset layout", "Put every node where the layout has it", [];
    C::ToggleInspector, View, "Inspector", "Show or hide what is known of the selection", [plain("I")];
    C::ToggleLook, View, "Light or dark", "Change between light and dark", [ctrl("D")];
    C::LargerText, View, "Larger text", "Make text and controls larger", [ctrl("+"), ctrl("=")];
    C::SmallerText, View, "Smaller text", "Make text and controls smaller", [ctrl("-")];
    C::NormalText, View, "Normal text", "Text and controls at their normal size", [ctrl("0")];

    C::Fork, Event, "Fork here", "Make another future from this instant on", [plain("B")];
    C::NextBranch, Event, "Next branch", "Show the next future", [shift("B")];
    C::PreviousBranch, Event, "Previous branch", "Show the future before", [];
    C::ToggleFaults, Event, "Faults", "Show or hide the list of all that breaks or is done", [plain("K")];
    C::AskForRandomFaults, Event, "Random faults…", "Make a future with faults drawn by lot", [shift("K")];
    C::FirstDifferenceFromParent, Event, "First difference", "Go to where this future and the one it was forked from first differ", [shift("D")];
    C::Do(Deed::Duplicate), Event, "Duplicate", "Another copy of the selected event sets out now", [plain("D")];
    C::Do(Deed::Delay(Span::SECOND)), Event, "Delay 1 s", "The selected event is a second late", [plain("L")];
    C::Do(Deed::Drop), Event, "Drop", "The selected event is lost on its way", [plain("X")];
    C::Do(Deed::Swap), Event, "Swap with next", "The selected event and the next on its link change places", [plain("S")];
    C::Do(Deed::LoseAnswer), Event, "Lose its answer", "The ack, commit, reply or confirm of the selected event is lost", [plain("A")];
    C::Do(Deed::Bury), Event, "To dead letters", "The queue takes the selected event for a dead letter", [plain("Q")];

    C::Undo, General, "Undo", "Take back the last change", [ctrl("Z")];
    C::Redo, General, "Redo", "Make the change again that was taken back",
        [Shortcut { ctrl: true, shift: true, key: "Z" }, ctrl("Y")];
    C::TogglePalette, General, "Find…", "Find an event, a service, a command, …", [ctrl("K")];
    C::ToggleHelp, General, "Keys", "List every key", [plain("?"), shift("?"), plain("F1")];
    C::Dismiss, General, "Close", "Close what lies on top, or select nothing", [plain("Escape")];
    C::Quit, General, "Quit", "Close the program", [ctrl("Q")];
}

impl Command {
    /// Its line in the table, if it has one.
    #[must_use]
    pub fn action(&self) -> Option<&'static Action> {
        ACTIONS.iter().find(|action| action.command == *self)
    }

    /// What a tooltip says of it: what it does, and its key.
    #[must_use]
    pub fn tooltip(&self) -> String {
        match self.action() {
            None => String::new(),
            Some(Action { hint, keys: [], .. }) => (*hint).to_owned(),
            Some(Action { hint, keys: [key, ..], .. }) => format!("{hint}  ({key})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_asks_for_two_things() {
        let mut keys = Vec::new();
        for action in ACTIONS {
            for key in action.keys {
                assert!(!keys.contains(key), "{key} asks for {} too", action.label);
                keys.push(*key);
            }
        }
    }

    #[test]
    fn no_two_actions_share_a_key() {
        let mut seen: Vec<Shortcut> = Vec::new();
        for key in ACTIONS.iter().flat_map(|action| action.keys) {
            assert!(!seen.contains(key), "{key} asks for two things");
            seen.push(*key);
        }
    }

    #[test]
    fn no_two_actions_share_a_label() {
        for (index, action) in ACTIONS.iter().enumerate() {
            assert!(ACTIONS[..index].iter().all(|other| other.label != action.label));
        }
    }
}
