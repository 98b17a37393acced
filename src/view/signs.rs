//! What is worth a sign on the timeline's strips: faults, anomalies, interventions, and the marks
//! that a person has set. Signs of a kind that would lie on one another are one.

use crate::app::futures::act_name;
use crate::app::{App, Command, Selection};
use crate::history::{Mark, MarkKind};
use crate::model::{FaultId, Time};

use super::inspector::fault_words;
use super::time_axis::Axis;

/// A sign on a strip.
#[derive(Clone, Debug, PartialEq)]
pub struct Sign {
    /// Where, in points.
    pub x: f32,
    /// What it stands for.
    pub kind: SignKind,
    /// For how many, if they lie on one another.
    pub count: usize,
    /// The instant of the first of them: where a click goes.
    pub at: Time,
    /// The instant of the last.
    pub last: Time,
    /// What the first of them is.
    first: Option<MarkKind>,
}

/// What a sign stands for. Later ones are drawn over earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignKind {
    /// A fault was mended.
    Mended,
    /// A fault began.
    Fault,
    /// A projection and what it should hold parted.
    Anomaly,
    /// A person intervened.
    Intervention,
    /// A person has set a mark.
    Mark,
}

/// How wide a sign is, in points: nearer ones of a kind are one.
pub const WIDTH: f32 = 7.0;

/// The signs along an axis, in the order in which they are drawn.
#[must_use]
pub fn signs(app: &App, axis: Axis) -> Vec<Sign> {
    let mut signs: Vec<Sign> = Vec::new();
    // By kind, the place of the last sign.
    let mut latest: [Option<usize>; 5] = [None; 5];
    let mut add = |kind: SignKind, at: Time, first: Option<MarkKind>| {
        let x = axis.x(at);
        let near = latest[kind as usize].filter(|it| x - signs[*it].x < WIDTH);
        if let Some(place) = near {
            signs[place].count += 1;
            signs[place].last = at;
        } else {
            latest[kind as usize] = Some(signs.len());
            signs.push(Sign { x, kind, count: 1, at, last: at, first });
        }
    };
    let (from, to) = (axis.window.from, axis.window.to);
    let marks = &app.run.overview.marks;
    let begin = marks.binary_search_by(|it| it.at.cmp(&from).then(std::cmp::Ordering::Greater));
    let begin = begin.unwrap_or_else(|place| place);
    // What is done at an instant is no fault that begins and is mended.
    let is_momentary = |fault: FaultId| {
        app.run.base.faults.get(fault.index()).is_some_and(|it| it.kind.is_momentary())
    };
    for Mark { at, kind } in marks.iter().skip(begin).take_while(|it| it.at <= to) {
        let sign = match kind {
            MarkKind::FaultBegan(fault) if is_momentary(*fault) => SignKind::Intervention,
            MarkKind::FaultEnded(fault) if is_momentary(*fault) => continue,
            MarkKind::FaultBegan(_) => SignKind::Fault,
            MarkKind::FaultEnded(_) => SignKind::Mended,
            MarkKind::Anomaly { .. } => SignKind::Anomaly,
            MarkKind::Intervened { .. } => SignKind::Intervention,
        };
        add(sign, *at, Some(*kind));
    }
    // What breaks later than is simulated is on the schedule.
    let head = app.run.progress.head;
    for (place, fault) in app.run.base.faults.iter().enumerate() {
        if !app.run.progress.done && fault.at > head && from <= fault.at && fault.at <= to {
            let kind = MarkKind::FaultBegan(FaultId::from_index(place));
            let is_momentary = fault.kind.is_momentary();
            let sign = if is_momentary { SignKind::Intervention } else { SignKind::Fault };
            add(sign, fault.at, Some(kind));
        }
    }
    for mark in app.made.marks.list().iter().filter(|it| from <= it.at && it.at <= to) {
        add(SignKind::Mark, mark.at, None);
    }
    signs.sort_by_key(|it| it.kind);
    signs
}

impl Sign {
    /// What a click asks for: to go there, and to tell of the anomaly that it stands for.
    #[must_use]
    pub fn command(&self) -> Command {
        let at = self.at;
        match self.first {
            Some(MarkKind::Anomaly { store, event, kind }) => {
                let selection = Selection::Anomaly { at, store, event, kind };
                Command::ShowAt { at, selection }
            }
            _ => Command::SeekTo(at),
        }
    }

    /// What it stands for, in a line.
    #[must_use]
    pub fn words(&self, app: &App) -> String {
        let one = self.first.map_or_else(
            || {
                app.made
                    .marks
                    .get(self.at)
                    .map_or_else(String::new, |it| format!("mark: {}", it.label()))
            },
            |kind| words_of(kind, app),
        );
        if self.count == 1 {
            return one;
        }
        let several = match self.kind {
            SignKind::Mended => "faults are mended",
            SignKind::Fault => "faults",
            SignKind::Anomaly => "anomalies",
            SignKind::Intervention => "interventions",
            SignKind::Mark => "marks",
        };
        format!("{} {several} from {:.6} to {:.6}\nfirst {one}", self.count, self.at, self.last)
    }
}

fn words_of(kind: MarkKind, app: &App) -> String {
    let model = app.model();
    let fault = |fault: FaultId| {
        let known = model.faults.get(fault.index());
        known.map_or_else(|| "what a person broke".to_owned(), |it| fault_words(model, it).0)
    };
    match kind {
        MarkKind::FaultBegan(it) => format!("fault: {}", fault(it)),
        MarkKind::FaultEnded(it) => format!("mended: {}", fault(it)),
        MarkKind::Anomaly { store, event, kind } => {
            let store = &model.stores[store.index()];
            let service = &model.services[store.service.index()].name;
            let producer = &model.services[event.producer().index()].name;
            let event = format!("{producer}/{}", event.count());
            format!("anomaly: {event} {} in {service}.{}", kind.name(), store.name)
        }
        MarkKind::Intervened { number, took } => {
            let act = app.run.script.get(number as usize);
            let what = act.map_or_else(String::new, |it| act_name(model, &it.act));
            let none = if took { "" } else { ", but there is nothing that it can be done to" };
            format!("intervention: {what}{none}")
        }
    }
}
