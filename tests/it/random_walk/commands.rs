//! Commands drawn by lot: of every kind that there is, about what there is and what there is not.

use std::path::{Path, PathBuf};

use inflight::app::{
    ACTIONS, App, Camera, Command, CompareCommand, Export, Landmark, Look, MarkCommand,
    PaletteCommand, Planned, RandomFaults, RandomKind, Reach, Selection, Subject, View, Which,
    Window,
};
use inflight::history::{BranchId, MarkKind, Step};
use inflight::live::Where;
use inflight::measure::Over;
use inflight::measure::grid::Spot;
use inflight::measure::series::Extent;
use inflight::model::{
    Act, Deed, Distribution, EventTypeId, FaultId, FaultKind, GroupId, Intervention, LinkId, Node,
    Position, ServiceId, Setting, Span, Strategy, Strike, Time, TopicId, Value,
};

use crate::generate::Lots;

/// A function that draws one of each kind with equal luck. A kind that is not listed does not
/// compile: whoever adds a command adds it here.
macro_rules! drawn {
    ($(#[$about:meta])* $name:ident($lots:ident, $app:ident) -> $type:ty {
        $($pattern:pat => $value:expr,)+
    }) => {
        $(#[$about])*
        pub fn $name(lots: &mut Lots, app: &App) -> $type {
            type Maker = fn(&mut Lots, &App) -> $type;
            let makers: &[Maker] = &[$(|$lots, $app| {
                let _ = (&*$lots, $app);
                $value
            }),+];
            let made = makers[of(lots, makers.len())](lots, app);
            match &made {
                $($pattern => {})+
            }
            made
        }
    };
}

/// The place of one of so many; of none, the first.
fn of(lots: &mut Lots, count: usize) -> usize {
    lots.within(0, count.max(1) as u32 - 1) as usize
}

/// One of a few.
fn one<T: Clone>(lots: &mut Lots, choices: &[T]) -> T {
    choices[of(lots, choices.len())].clone()
}

/// The place of one of so many; now and then of one that is not there.
fn place(lots: &mut Lots, count: usize) -> usize {
    if lots.chance(3) { count + of(lots, 3) } else { of(lots, count) }
}

fn number(lots: &mut Lots) -> f64 {
    f64::from(lots.within(0, 1_000)) / 100.0
}

/// Sizes and factors, and what is none.
fn odd(lots: &mut Lots) -> f32 {
    let usual = number(lots) as f32 * 40.0;
    let choices = [usual, usual, usual, 0.0, -usual, f32::NAN, f32::INFINITY];
    one(lots, &choices)
}

fn time(lots: &mut Lots) -> Time {
    Time(u64::from(lots.next() as u32) * 20)
}

fn span(lots: &mut Lots) -> Span {
    let short = Span(u64::from(lots.next() as u32));
    one(lots, &[short, short, Span::ZERO, Span(u64::MAX)])
}

fn service(lots: &mut Lots, app: &App) -> ServiceId {
    ServiceId::from_index(place(lots, app.model().services.len()))
}

fn topic(lots: &mut Lots, app: &App) -> TopicId {
    TopicId::from_index(place(lots, app.model().topics.len()))
}

fn link(lots: &mut Lots, app: &App) -> LinkId {
    LinkId::from_index(place(lots, app.model().links.len()))
}

fn links(lots: &mut Lots, app: &App) -> Vec<LinkId> {
    (0..of(lots, 3)).map(|_| link(lots, app)).collect()
}

fn node(lots: &mut Lots, app: &App) -> Node {
    if lots.chance(50) { Node::Service(service(lots, app)) } else { Node::Topic(topic(lots, app)) }
}

fn fault(lots: &mut Lots, app: &App) -> FaultId {
    FaultId::from_index(place(lots, app.run.base.faults.len()))
}

fn branch(lots: &mut Lots, app: &App) -> BranchId {
    let mut branches: Vec<_> = app.tree().branches().map(|it| it.id).collect();
    branches.push(BranchId(99));
    one(lots, &branches)
}

/// A branch, and the place of one of its steps.
fn step_of(lots: &mut Lots, app: &App) -> (BranchId, usize) {
    let branch = branch(lots, app);
    let steps = app.tree().get(branch).map_or(0, |it| it.own.len());
    (branch, place(lots, steps))
}

fn planned(lots: &mut Lots, app: &App) -> Planned {
    if lots.chance(50) {
        return Planned::Scheduled(fault(lots, app));
    }
    let (branch, place) = step_of(lots, app);
    Planned::Step(branch, place)
}

fn window(lots: &mut Lots) -> Window {
    Window::of(time(lots), span(lots))
}

fn landmark(lots: &mut Lots) -> Landmark {
    one(lots, &Landmark::ALL)
}

fn direction(lots: &mut Lots) -> inflight::app::Direction {
    use inflight::app::Direction::{Backward, Forward};
    one(lots, &[Forward, Backward])
}

fn distribution(lots: &mut Lots) -> Distribution {
    let of = number(lots) * 1e8 + 1.0;
    one(lots, &[Distribution::Constant(of), Distribution::Exponential { mean: of }])
}

fn wish(lots: &mut Lots, app: &App) -> RandomFaults {
    let kinds = RandomKind::ALL.into_iter().filter(|_| lots.chance(60)).collect();
    let per_minute = [0.0, f64::NAN, number(lots), 30.0][of(lots, 4)];
    let to = Time::ZERO + app.whole();
    RandomFaults { seed: lots.next(), kinds, per_minute, from: Time::ZERO, to }
}

/// The folder that the walk may write in.
pub fn folder() -> PathBuf {
    std::env::temp_dir().join(format!("inflight-walk-{}", std::process::id()))
}

/// Files that can be opened, and some that cannot.
fn file(lots: &mut Lots) -> PathBuf {
    folder().join(one(lots, &["good.ron", "other.ron", "broken.ron", "none.ron", "mine.inflight"]))
}

fn text(lots: &mut Lots) -> String {
    let texts = ["", "ledger", "PaymentCompleted", "cents>5000", "undo", "\u{1f642}", "a=", "12s"];
    one(lots, &texts).to_owned()
}

drawn! {
    /// Something to select.
    selection(lots, app) -> Selection {
        Selection::Event { .. } => event(lots, app),
        Selection::Service(_) => Selection::Service(service(lots, app)),
        Selection::Topic(_) => Selection::Topic(topic(lots, app)),
        Selection::Link(_) => Selection::Link(link(lots, app)),
        Selection::Anomaly { .. } => anomaly(lots, app),
    }
}

/// One that is there: through its copy, through none, or through another's.
fn event(lots: &mut Lots, app: &App) -> Selection {
    let scene = app.run.answer.as_ref().map(|it| &it.scene);
    let alive: Vec<_> = scene.iter().flat_map(|it| it.alive()).collect();
    if alive.is_empty() {
        return Selection::Service(service(lots, app));
    }
    let (id, it) = alive[of(lots, alive.len())];
    let (other, _) = alive[of(lots, alive.len())];
    let message = one(lots, &[Some(id), None, Some(other)]);
    Selection::Event { event: it.event, event_type: it.event_type, message }
}

fn anomaly(lots: &mut Lots, app: &App) -> Selection {
    let marks = app.run.overview.marks.iter().take(200);
    let anomalies = marks.filter_map(|mark| match mark.kind {
        MarkKind::Anomaly { store, event, kind } => {
            Some(Selection::Anomaly { at: mark.at, store, event, kind })
        }
        _ => None,
    });
    let anomalies: Vec<_> = anomalies.collect();
    if anomalies.is_empty() { Selection::Link(link(lots, app)) } else { one(lots, &anomalies) }
}

drawn! {
    /// Something to do to a copy of an event.
    deed(lots, app) -> Deed {
        Deed::Duplicate => Deed::Duplicate,
        Deed::Delay(_) => Deed::Delay(Span(u64::from(lots.next() as u32))),
        Deed::Drop => Deed::Drop,
        Deed::Swap => Deed::Swap,
        Deed::LoseAnswer => Deed::LoseAnswer,
        Deed::Bury => Deed::Bury,
        Deed::Edit { .. } => Deed::Edit {
            field: lots.within(0, 9) as u8,
            value: one(lots, &[Value::Int(5), Value::Float(0.5), Value::Bool(true)]),
        },
    }
}

drawn! {
    /// Something that breaks.
    fault_kind(lots, app) -> FaultKind {
        FaultKind::Crash { .. } => FaultKind::Crash {
            service: service(lots, app),
            instance: one(lots, &[None, Some(0), Some(7)]),
        },
        FaultKind::Slow { .. } => {
            FaultKind::Slow { service: service(lots, app), factor: number(lots) }
        },
        FaultKind::Cut { .. } => {
            FaultKind::Cut { links: links(lots, app), hold: lots.chance(50) }
        },
        FaultKind::Loss { .. } => FaultKind::Loss { links: links(lots, app), probability: 0.4 },
        FaultKind::Delay { .. } => FaultKind::Delay {
            links: links(lots, app),
            extra: distribution(lots),
            reorder: lots.chance(50),
        },
        FaultKind::Duplicate { .. } => {
            FaultKind::Duplicate { links: links(lots, app), probability: 0.4 }
        },
        FaultKind::Replay { .. } => FaultKind::Replay {
            group: GroupId::from_index(place(lots, app.model().groups.len())),
            to: {
                let at = Position::Time(time(lots));
                one(lots, &[Position::Earliest, Position::Latest, Position::Offset(7), at])
            },
        },
        FaultKind::Disconnect { .. } => FaultKind::Disconnect {
            service: service(lots, app),
            instance: one(lots, &[None, Some(0), Some(7)]),
            topic: topic(lots, app),
        },
        FaultKind::Outage { .. } => {
            FaultKind::Outage { topic: topic(lots, app), forgets: Span(lots.next() & 0xfff_ffff) }
        },
        FaultKind::LeaderLoss { .. } => FaultKind::LeaderLoss { topic: topic(lots, app) },
        FaultKind::Strike(_) => FaultKind::Strike(Strike {
            link: link(lots, app),
            event_type: EventTypeId::from_index(place(lots, app.model().event_types.len())),
            nth: lots.within(0, 3),
            deed: deed(lots, app),
        }),
        FaultKind::Set(_) => FaultKind::Set(setting(lots, app)),
        FaultKind::Purge { .. } => FaultKind::Purge { topic: topic(lots, app) },
        FaultKind::FailNext { .. } => {
            FaultKind::FailNext { service: service(lots, app), count: lots.within(0, 5) }
        },
    }
}

drawn! {
    /// Something that is set otherwise.
    setting(lots, app) -> Setting {
        Setting::Instances { .. } => {
            Setting::Instances { service: service(lots, app), instances: lots.within(0, 4) }
        },
        Setting::Workers { .. } => Setting::Workers {
            service: service(lots, app),
            workers: one(lots, &[None, Some(0), Some(3)]),
        },
        Setting::Strategy { .. } => Setting::Strategy {
            service: service(lots, app),
            topic: topic(lots, app),
            strategy: strategy(lots),
        },
        Setting::Prefetch { .. } => Setting::Prefetch {
            service: service(lots, app),
            topic: topic(lots, app),
            prefetch: lots.within(0, 9),
        },
        Setting::AckWait { .. } => Setting::AckWait {
            topic: topic(lots, app),
            wait: one(lots, &[None, Some(Span::SECOND), Some(Span::ZERO)]),
        },
        Setting::MaxDeliveries { .. } => Setting::MaxDeliveries {
            topic: topic(lots, app),
            most: one(lots, &[None, Some(0), Some(2)]),
        },
        Setting::Latency { .. } => {
            Setting::Latency { links: links(lots, app), latency: distribution(lots) }
        },
        Setting::Bandwidth { .. } => Setting::Bandwidth {
            links: links(lots, app),
            bandwidth: one(lots, &[None, Some(50_000.0), Some(0.0)]),
        },
        Setting::Clock { .. } => Setting::Clock {
            service: service(lots, app),
            ahead: one(lots, &[0, 3_000_000_000, -3_000_000_000, i64::MIN]),
        },
    }
}

fn strategy(lots: &mut Lots) -> Strategy {
    let idempotence = [None, Some(inflight::model::Idempotence::INBOX)];
    let batch = inflight::model::Batch { size: 3, within: Span::SECOND };
    Strategy {
        idempotence: one(lots, &idempotence),
        batch: one(lots, &[None, None, Some(batch)]),
        ..Strategy::default()
    }
}

drawn! {
    /// Something to do to the run.
    act(lots, app) -> Act {
        Act::Message { .. } => {
            let scene = app.run.answer.as_ref().map(|it| &it.scene);
            let copies: Vec<_> = scene
                .iter()
                .flat_map(|it| it.alive().filter_map(|(id, _)| it.copy_ref(id)))
                .collect();
            match copies.is_empty() {
                true => Act::Purge { topic: topic(lots, app) },
                false => Act::Message { copy: one(lots, &copies), deed: deed(lots, app) },
            }
        },
        Act::Break { .. } => Act::Break {
            kind: fault_kind(lots, app),
            lasts: one(lots, &[None, Some(Span::SECOND), Some(Span::ZERO)]),
        },
        Act::Mend(_) => Act::Mend(fault_kind(lots, app)),
        Act::Set(_) => Act::Set(setting(lots, app)),
        Act::Purge { .. } => Act::Purge { topic: topic(lots, app) },
        Act::FailNext { .. } => {
            Act::FailNext { service: service(lots, app), count: lots.within(0, 5) }
        },
        Act::Omit { .. } => Act::Omit { fault: fault(lots, app) },
    }
}

fn intervention(lots: &mut Lots, app: &App) -> Intervention {
    Intervention { at: time(lots), act: act(lots, app) }
}

drawn! {
    /// Something about marks and the loop.
    mark(lots, app) -> MarkCommand {
        MarkCommand::Toggle => MarkCommand::Toggle,
        MarkCommand::Remove(_) => MarkCommand::Remove(marked(lots, app)),
        MarkCommand::Rename { .. } => {
            MarkCommand::Rename { at: marked(lots, app), name: text(lots) }
        },
        MarkCommand::LoopFrom => MarkCommand::LoopFrom,
        MarkCommand::LoopTo => MarkCommand::LoopTo,
        MarkCommand::ToggleLoop => MarkCommand::ToggleLoop,
        MarkCommand::SetLoop(_) => MarkCommand::SetLoop(window(lots)),
        MarkCommand::ClearLoop => MarkCommand::ClearLoop,
    }
}

/// Where a mark is, or none.
fn marked(lots: &mut Lots, app: &App) -> Time {
    let mut marks: Vec<_> = app.made.marks.list().iter().map(|it| it.at).collect();
    marks.push(time(lots));
    one(lots, &marks)
}

drawn! {
    /// Something in the search.
    palette(lots, app) -> PaletteCommand {
        PaletteCommand::Type(_) => PaletteCommand::Type(text(lots)),
        PaletteCommand::Move(_) => PaletteCommand::Move(one(lots, &[-1, 1, 1, i32::MAX, i32::MIN])),
    }
}

drawn! {
    /// Something in the comparison.
    compare(lots, app) -> CompareCommand {
        CompareCommand::Add(_) => {
            let variant = one(lots, &["naive", "inbox", "no such one"]).to_owned();
            let branch = branch(lots, app);
            let path = file(lots);
            let of_file = Which::File { path, variant: variant.clone() };
            CompareCommand::Add(one(lots, &[Which::Branch { variant, branch }, of_file]))
        },
        CompareCommand::AddFile(_) => CompareCommand::AddFile(file(lots)),
        CompareCommand::Remove(_) => CompareCommand::Remove(place(lots, 3)),
        CompareCommand::Reset => CompareCommand::Reset,
        CompareCommand::Over(_) => {
            let spans = [None, Some(Over::Whole), Some(Over::Healthy), Some(Over::Outage)];
            CompareCommand::Over(one(lots, &spans))
        },
        CompareCommand::ToggleIntervals => CompareCommand::ToggleIntervals,
        CompareCommand::ToggleMatrix => CompareCommand::ToggleMatrix,
        CompareCommand::OpenCell(_) => {
            let (grid, row, column) = (place(lots, 1), place(lots, 4), place(lots, 7));
            CompareCommand::OpenCell(Spot { grid, row, column })
        },
        CompareCommand::GoToFirst => CompareCommand::GoToFirst,
    }
}

drawn! {
    /// A command of any kind.
    any(lots, app) -> Command {
        Command::OpenLibrary(_) => {
            let names = ["delivery/lost_ack", "payment", "mm1", "article/replay", "no such one"];
            Command::OpenLibrary(one(lots, &names).to_owned())
        },
        Command::AskForFile => Command::AskForFile,
        Command::OpenFile(_) => Command::OpenFile(file(lots)),
        Command::Reload => Command::Reload,
        Command::SaveSession => Command::SaveSession,
        Command::SaveSessionAs => Command::SaveSessionAs,
        Command::SaveSessionTo { .. } => {
            let path = folder().join(one(lots, &["mine.inflight", "no/folder/x", ""]));
            Command::SaveSessionTo { path, over: lots.chance(50) }
        },
        Command::Restore => Command::Restore,
        Command::Discard => Command::Discard,
        Command::CloseNotice => Command::CloseNotice,
        Command::SelectVariant(_) => {
            let mut names: Vec<_> = app.scenario.variants.iter().map(|it| it.name.clone()).collect();
            names.push("no such one".to_owned());
            Command::SelectVariant(one(lots, &names))
        },
        Command::SetSeed(_) => Command::SetSeed(one(lots, &[0, 1, 7, u64::MAX])),
        Command::GoLive(_) => Command::GoLive(Where::Embedded),
        Command::FollowLive => Command::FollowLive,
        Command::StopLive => Command::StopLive,
        Command::Simulate => Command::Simulate,
        Command::ShowRecording => Command::ShowRecording,
        Command::Play => Command::Play,
        Command::PlayBackwards => Command::PlayBackwards,
        Command::Pause => Command::Pause,
        Command::TogglePlay => Command::TogglePlay,
        Command::StepForward => Command::StepForward,
        Command::StepBack => Command::StepBack,
        Command::FrameForward => Command::FrameForward,
        Command::FrameBack => Command::FrameBack,
        Command::JumpForward(_) => Command::JumpForward(span(lots)),
        Command::JumpBack(_) => Command::JumpBack(span(lots)),
        Command::SeekTo(_) => {
            let at = time(lots);
            Command::SeekTo(one(lots, &[at, at, Time::MAX]))
        },
        Command::GoToStart => Command::GoToStart,
        Command::GoToEnd => Command::GoToEnd,
        Command::SetSpeed(_) => {
            let usual = number(lots);
            Command::SetSpeed(one(lots, &[usual, 0.0, f64::NAN, f64::INFINITY, -1.0, 1e9]))
        },
        Command::Faster => Command::Faster,
        Command::Slower => Command::Slower,
        Command::NormalSpeed => Command::NormalSpeed,
        Command::GoTo(..) => Command::GoTo(landmark(lots), direction(lots)),
        Command::Mark(_) => Command::Mark(mark(lots, app)),
        Command::ToggleSlowing => Command::ToggleSlowing,
        Command::TogglePalette => Command::TogglePalette,
        Command::Palette(_) => Command::Palette(palette(lots, app)),
        Command::LookAt(_) => Command::LookAt(window(lots)),
        Command::WidenWindow => Command::WidenWindow,
        Command::NarrowWindow => Command::NarrowWindow,
        Command::ToggleLanes => Command::ToggleLanes,
        Command::SetLanesHeight(_) => Command::SetLanesHeight(odd(lots)),
        Command::MoveLane { .. } => {
            Command::MoveLane { node: node(lots, app), to: one(lots, &[0, 1, 2, usize::MAX]) }
        },
        Command::HideLane(_) => Command::HideLane(node(lots, app)),
        Command::ShowAllLanes => Command::ShowAllLanes,
        Command::ResetLanes => Command::ResetLanes,
        Command::Select(_) => Command::Select(selection(lots, app)),
        Command::ClearSelection => Command::ClearSelection,
        Command::Fit => Command::Fit,
        Command::ZoomIn => Command::ZoomIn,
        Command::ZoomOut => Command::ZoomOut,
        Command::SetCamera(_) => {
            Command::SetCamera(Camera { offset: (odd(lots), odd(lots)), zoom: odd(lots) })
        },
        Command::MoveNode { .. } => {
            Command::MoveNode { node: node(lots, app), to: (odd(lots), odd(lots)) }
        },
        Command::LetGo => Command::LetGo,
        Command::Fork => Command::Fork,
        Command::SwitchBranch(_) => Command::SwitchBranch(branch(lots, app)),
        Command::NextBranch => Command::NextBranch,
        Command::PreviousBranch => Command::PreviousBranch,
        Command::RenameBranch { .. } => {
            Command::RenameBranch { id: branch(lots, app), name: text(lots) }
        },
        Command::DeleteBranch(_) => Command::DeleteBranch(branch(lots, app)),
        Command::Act(_) => Command::Act(act(lots, app)),
        Command::ActBefore { .. } => Command::ActBefore { at: time(lots), act: act(lots, app) },
        Command::Tune(_) => Command::Tune(act(lots, app)),
        Command::ShowAt { .. } => {
            Command::ShowAt { at: time(lots), selection: selection(lots, app) }
        },
        Command::FoldSection { .. } => {
            Command::FoldSection { name: "Why".into(), is_open: lots.chance(50) }
        },
        Command::Do(_) => Command::Do(deed(lots, app)),
        Command::SetStep { .. } => {
            let (branch, place) = step_of(lots, app);
            let there = app.tree().get(branch).and_then(|it| it.own.get(place)).cloned();
            let mut step = there.filter(|_| lots.chance(60)).unwrap_or_else(|| Step {
                intervention: intervention(lots, app),
                is_on: true,
            });
            step.is_on = lots.chance(50);
            step.intervention.at = time(lots);
            Command::SetStep { branch, place, step }
        },
        Command::RemoveStep { .. } => {
            let (branch, place) = step_of(lots, app);
            Command::RemoveStep { branch, place }
        },
        Command::AddStep(_) => Command::AddStep(intervention(lots, app)),
        Command::AlterFault { .. } => {
            Command::AlterFault { fault: fault(lots, app), to: intervention(lots, app) }
        },
        Command::OmitFault(_) => Command::OmitFault(fault(lots, app)),
        Command::KeepFault(_) => Command::KeepFault(fault(lots, app)),
        Command::ChooseFault(_) => {
            let planned = planned(lots, app);
            Command::ChooseFault(one(lots, &[None, Some(planned)]))
        },
        Command::RandomFaults(_) => Command::RandomFaults(wish(lots, app)),
        Command::ToggleFaults => Command::ToggleFaults,
        Command::SetFaultsWidth(_) => Command::SetFaultsWidth(odd(lots)),
        Command::AskForRandomFaults => Command::AskForRandomFaults,
        Command::FirstDifference(_) => Command::FirstDifference(branch(lots, app)),
        Command::FirstDifferenceFromParent => Command::FirstDifferenceFromParent,
        Command::CloseDifference => Command::CloseDifference,
        Command::ResetLayout => Command::ResetLayout,
        Command::Undo => Command::Undo,
        Command::Redo => Command::Redo,
        Command::SetLook(_) => {
            Command::SetLook(one(lots, &[Look::System, Look::Dark, Look::Light]))
        },
        Command::ToggleLook => Command::ToggleLook,
        Command::LargerText => Command::LargerText,
        Command::SmallerText => Command::SmallerText,
        Command::NormalText => Command::NormalText,
        Command::SetBudget(_) => Command::SetBudget(one(lots, &[0, 64, 512, u32::MAX])),
        Command::SetDisk(_) => Command::SetDisk(one(lots, &[0, 64, 2048, u32::MAX])),
        Command::ToggleInspector => Command::ToggleInspector,
        Command::SetInspectorWidth(_) => Command::SetInspectorWidth(odd(lots)),
        Command::ShowView(_) => {
            let views = [View::Flow, View::Sequence, View::Metrics, View::Compare];
            Command::ShowView(one(lots, &views))
        },
        Command::ChartOver(_) => Command::ChartOver(one(lots, &[Reach::Whole, Reach::CloseUp])),
        Command::DistributionOver(_) => {
            let extents = [Extent::Whole, Extent::Outage, Extent::Loop];
            Command::DistributionOver(one(lots, &extents))
        },
        Command::Compare(_) => Command::Compare(compare(lots, app)),
        Command::AskForOther => Command::AskForOther,
        Command::CopyComparison => Command::CopyComparison,
        Command::AskWhereToExport(_) => {
            Command::AskWhereToExport(one(lots, &[Export::Series, Export::Picture]))
        },
        Command::SaveExport(..) => {
            let export = one(lots, &[Export::Series, Export::Picture]);
            Command::SaveExport(export, folder().join("exported"))
        },
        Command::ToggleExpectations => Command::ToggleExpectations,
        Command::ShowSequenceOf(_) => {
            Command::ShowSequenceOf(one(lots, &[Subject::Event, Subject::Span]))
        },
        Command::ToggleAcks => Command::ToggleAcks,
        Command::CopySequence => Command::CopySequence,
        Command::AskWhereToSave => Command::AskWhereToSave,
        Command::SaveSequence(_) => Command::SaveSequence(folder().join("sequence.svg")),
        Command::Say { .. } => Command::Say { text: text(lots), is_bad: lots.chance(50) },
        Command::ToggleHelp => Command::ToggleHelp,
        Command::Dismiss => Command::Dismiss,
        Command::Quit => Command::Quit,
        Command::Tick(_) => Command::Tick(number(lots) / 10.0),
    }
}

/// A command: half of them as a person has them most, half of any kind.
pub fn command(lots: &mut Lots, app: &App) -> Command {
    match lots.within(0, 23) {
        0..=2 => one(lots, ACTIONS).command,
        3 => Command::Select(event(lots, app)),
        4 | 5 => Command::Select(selection(lots, app)),
        6 => Command::Act(act(lots, app)),
        7 | 8 => Command::Do(deed(lots, app)),
        9 => Command::Tune(act(lots, app)),
        10 => Command::SeekTo(time(lots)),
        11 => one(lots, &[Command::Undo, Command::Redo]),
        _ => any(lots, app),
    }
}

/// Whether it puts something else in the place of what is open, so that there is no way back by
/// taking things back.
pub const fn opens(command: &Command) -> bool {
    matches!(
        command,
        Command::OpenLibrary(_) | Command::OpenFile(_) | Command::Restore | Command::Reload
    )
}

/// Writes the files that the walk opens.
pub fn write_files(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let text = |name| inflight::scenario::library::find(name).unwrap().text;
    let good = text("delivery/lost_ack");
    std::fs::write(folder.join("good.ron"), good).unwrap();
    std::fs::write(folder.join("other.ron"), text("article/duplicate_publish")).unwrap();
    std::fs::write(folder.join("broken.ron"), good.replacen("events", "evnets", 1)).unwrap();
}
