//! The list of all that breaks or is done in the branch that is shown: the scenario's schedule
//! and a person's steps, in the order of their instants.

use std::fmt::Write as _;

use crate::app::futures::{act_name, fault_name};
use crate::app::{App, Command, Planned};
use crate::history::{MarkKind, Step};
use crate::model::{Act, FaultId, FaultKind, Intervention, Span, Time};

/// A line of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What it stands for.
    pub key: Planned,
    /// When it begins.
    pub at: Time,
    /// How long it lasts.
    pub extent: Extent,
    /// What is done, as a person would say it.
    pub name: String,
    /// Where it comes from: "scenario", or the name of the branch.
    pub origin: String,
    /// Whether it comes from a branch that the one which is shown was forked from.
    pub is_inherited: bool,
    /// Whether it is done at all.
    pub is_on: bool,
    /// How it stands at the playhead.
    pub state: State,
    /// Whether it found something that it could be done to; `None` while that is not known.
    pub took: Option<bool>,
    /// What is done; a scheduled fault as if a person had done it.
    pub act: Act,
}

/// How long something on the list lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// It is done at its instant.
    Point,
    /// It is on from its instant to this one.
    Until(Time),
    /// It is on to the end of the run.
    ToTheEnd,
}

/// How something on the list stands at the playhead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is switched off.
    Off,
    /// It is to come.
    ToCome,
    /// It is on.
    OnNow,
    /// It is over; of what is done at an instant: it is done.
    Over,
}

impl State {
    /// In a word or two.
    #[must_use]
    pub const fn words(self, extent: Extent) -> &'static str {
        match (self, extent) {
            (Self::Off, _) => "off",
            (Self::ToCome, _) => "to come",
            (Self::OnNow, _) => "on now",
            (Self::Over, Extent::Point) => "done",
            (Self::Over, _) => "over",
        }
    }
}

impl Row {
    /// When it is over, as far as that is known before.
    #[must_use]
    pub const fn end(&self) -> Time {
        match self.extent {
            Extent::Point => self.at,
            Extent::Until(end) => end,
            Extent::ToTheEnd => Time::MAX,
        }
    }

    /// From when to when: `12.4 – 17.4 s`.
    #[must_use]
    pub fn times(&self) -> String {
        let at = seconds(self.at);
        match self.extent {
            Extent::Point => format!("{at} s"),
            Extent::Until(end) => format!("{at} – {} s", seconds(end)),
            Extent::ToTheEnd => format!("from {at} s"),
        }
    }

    /// It, as it would be done by a person.
    #[must_use]
    pub fn intervention(&self) -> Intervention {
        Intervention { at: self.at, act: self.act.clone() }
    }

    /// The same at another instant.
    #[must_use]
    pub fn at(&self, at: Time) -> Intervention {
        Intervention { at, act: self.act.clone() }
    }

    /// What a person asks for who has it otherwise.
    #[must_use]
    pub fn changed(&self, to: Intervention) -> Command {
        match self.key {
            Planned::Scheduled(fault) => Command::AlterFault { fault, to },
            Planned::Step(branch, place) => {
                let step = Step { intervention: to, is_on: self.is_on };
                Command::SetStep { branch, place, step }
            }
        }
    }

    /// What a person asks for who switches it on or off.
    #[must_use]
    pub fn switched(&self) -> Command {
        match self.key {
            Planned::Scheduled(fault) if self.is_on => Command::OmitFault(fault),
            Planned::Scheduled(fault) => Command::KeepFault(fault),
            Planned::Step(branch, place) => {
                let step = Step { intervention: self.intervention(), is_on: !self.is_on };
                Command::SetStep { branch, place, step }
            }
        }
    }

    /// What a person asks for who ends at an instant what is on then.
    #[must_use]
    pub fn ended(&self, now: Time) -> Option<Command> {
        if self.state != State::OnNow {
            return None;
        }
        match self.key {
            Planned::Scheduled(fault) => {
                Some(Command::AddStep(Intervention { at: now, act: Act::Omit { fault } }))
            }
            Planned::Step(..) => self.lasting(Some(now.since(self.at))).map(|to| self.changed(to)),
        }
    }

    /// What a person asks for who takes it away.
    #[must_use]
    pub const fn removed(&self) -> Command {
        match self.key {
            Planned::Scheduled(fault) => Command::OmitFault(fault),
            Planned::Step(branch, place) => Command::RemoveStep { branch, place },
        }
    }

    /// The same for another length of time, if it lasts at all.
    #[must_use]
    pub fn lasting(&self, lasts: Option<Span>) -> Option<Intervention> {
        let Act::Break { kind, .. } = &self.act else { return None };
        let is_long = self.extent != Extent::Point;
        is_long.then(|| Intervention { at: self.at, act: Act::Break { kind: kind.clone(), lasts } })
    }
}

/// Seconds with as many decimals as it takes, up to three.
fn seconds(at: Time) -> String {
    let text = format!("{:.3}", at.as_secs_f64());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// All of them, in the order of their instants.
#[must_use]
pub fn rows(app: &App) -> Vec<Row> {
    let base = &app.run.base;
    let shown = app.branch().id;
    let steps = app.tree().steps(shown);
    let mut rows = Vec::new();
    for (index, fault) in base.faults.iter().enumerate() {
        let id = FaultId::from_index(index);
        let mended = app.mending(id).map(|(_, _, step)| step.intervention.at);
        let extent = extent_of(fault.at, &fault.kind, fault.lasts);
        // One at the very beginning has come when it can be mended.
        let is_on = mended.is_none_or(|at| at >= fault.at && at > Time::ZERO);
        let extent = match mended.filter(|_| is_on && extent != Extent::Point) {
            Some(at) => Extent::Until(at),
            None => extent,
        };
        let took = match fault.kind {
            FaultKind::Strike(_) => has_struck(app, id),
            _ => Some(true),
        };
        rows.push(Row {
            key: Planned::Scheduled(id),
            at: fault.at,
            extent,
            name: fault_name(base, &fault.kind),
            origin: "scenario".to_owned(),
            is_inherited: false,
            is_on,
            state: State::ToCome,
            took: took.filter(|_| is_on),
            act: fault.act(),
        });
    }
    let taken = if steps.is_empty() { Vec::new() } else { taken(app) };
    let mut number = 0;
    for (branch, place, step) in steps {
        let at = step.intervention.at;
        let took = taken.get(number).filter(|_| step.is_on).copied().flatten();
        number += usize::from(step.is_on);
        let act = &step.intervention.act;
        // What is done about a fault of the schedule stands in that fault's line.
        if matches!(act, Act::Omit { fault } if fault.index() < base.faults.len()) {
            continue;
        }
        let extent = match act {
            Act::Break { kind, lasts } => extent_of(at, kind, *lasts),
            _ => Extent::Point,
        };
        rows.push(Row {
            key: Planned::Step(branch, place),
            at,
            extent,
            name: act_name(app.model(), act),
            origin: app.tree().get(branch).map_or_else(String::new, |it| it.name.clone()),
            is_inherited: branch != shown,
            is_on: step.is_on,
            state: State::ToCome,
            took,
            act: act.clone(),
        });
    }
    let now = app.playback.at;
    for row in &mut rows {
        row.state = match () {
            () if !row.is_on => State::Off,
            () if now < row.at => State::ToCome,
            () if row.extent != Extent::Point && now < row.end() => State::OnNow,
            () => State::Over,
        };
    }
    rows.sort_by_key(|it| (it.at, it.key));
    rows
}

/// The line that is selected, if it is there.
#[must_use]
pub fn chosen(app: &App) -> Option<Row> {
    let key = app.chosen_fault?;
    rows(app).into_iter().find(|it| it.key == key)
}

fn extent_of(at: Time, kind: &FaultKind, lasts: Option<Span>) -> Extent {
    match lasts {
        _ if kind.is_momentary() => Extent::Point,
        None => Extent::ToTheEnd,
        Some(lasts) => Extent::Until(at + lasts),
    }
}

/// Whether what is aimed at a message has met one; `None` while that is not known.
fn has_struck(app: &App, fault: FaultId) -> Option<bool> {
    let mut marks = app.run.overview.marks.iter();
    let has = marks.any(|mark| mark.kind == MarkKind::FaultBegan(fault));
    (has || app.run.progress.done).then_some(has)
}

/// By its number in the script, whether an intervention found something to be done to.
fn taken(app: &App) -> Vec<Option<bool>> {
    let mut taken = vec![None; app.run.script.len()];
    for mark in &app.run.overview.marks {
        if let MarkKind::Intervened { number, took } = mark.kind
            && let Some(place) = taken.get_mut(number as usize)
        {
            *place = Some(took);
        }
    }
    taken
}

/// How many lines one above the other are used for what is on at the same time, at most.
pub const MOST_TRACKS: usize = 2;

/// For each row, which of a few lines one above the other it is drawn on, so that those that are
/// on at the same time stand apart. `least` is how much time anything takes up.
#[must_use]
pub fn tracks(rows: &[Row], least: Span) -> Vec<usize> {
    let mut free_at = [Time::ZERO; MOST_TRACKS];
    let place = |row: &Row| {
        let track = (0..MOST_TRACKS).find(|it| free_at[*it] <= row.at);
        let track = track.unwrap_or(MOST_TRACKS - 1);
        free_at[track] = free_at[track].max(row.end().max(row.at + least));
        track
    };
    rows.iter().map(place).collect()
}

/// The list as text, a line a row.
#[must_use]
pub fn to_text(rows: &[Row]) -> String {
    let mut text = String::new();
    for row in rows {
        let switch = if row.is_on { "[x]" } else { "[ ]" };
        let state = row.state.words(row.extent);
        let from = if row.is_inherited { "from " } else { "" };
        let missed = if row.took == Some(false) { ", found nothing to be done to" } else { "" };
        let (times, name, origin) = (row.times(), &row.name, &row.origin);
        let line = format!("{switch} {times:<14} {name:<52} {state:<8} {from}{origin}{missed}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
