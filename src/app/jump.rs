//! Jumps of the playhead: to the next or the previous anomaly, fault, mark, or instant at which
//! something happens to what is selected.

use std::sync::Arc;

use crate::history::moment::MOST_MARKS;
use crate::history::{Jump, MarkKind, Pending, Stretch, Subject};
use crate::model::{Script, Span, Time};

use super::command::Selection;
use super::playback::Direction;
use super::state::App;

/// What one jumps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landmark {
    /// Where a projection and what it should hold part.
    Anomaly,
    /// Where a fault begins or is mended.
    Fault,
    /// Where a person has put a mark, or intervened.
    Mark,
    /// Where something happens to what is selected.
    Selection,
}

impl Landmark {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Anomaly, Self::Fault, Self::Selection, Self::Mark];

    /// In a word, lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anomaly => "anomaly",
            Self::Fault => "fault",
            Self::Mark => "mark",
            Self::Selection => "selection",
        }
    }
}

/// A jump whose end is still looked for.
pub struct Jumping {
    /// To what.
    pub to: Landmark,
    /// Which way.
    pub direction: Direction,
    /// For how long it is looked for, in seconds of real time.
    pub seconds: f64,
    /// In which future.
    script: Script,
    pending: Pending<Option<Time>>,
}

impl Jumping {
    /// How much has been looked through, from 0 to 1.
    #[must_use]
    pub fn progress(&self) -> f32 {
        self.pending.progress()
    }
}

/// What is known at once of where a jump goes.
enum Known {
    At(Time),
    Nowhere,
    /// It is to be looked for among the records of this stretch.
    Unknown(Subject, Time, Time),
}

/// What the selection's records are about.
impl From<Selection> for Subject {
    fn from(selection: Selection) -> Self {
        match selection {
            Selection::Event { event, .. } | Selection::Anomaly { event, .. } => Self::Event(event),
            Selection::Service(service) => Self::Service(service),
            Selection::Topic(topic) => Self::Topic(topic),
            Selection::Link(link) => Self::Link(link),
        }
    }
}

impl App {
    /// What is selected, in a word.
    #[must_use]
    pub fn selected_word(&self) -> Option<&'static str> {
        self.selection.map(|it| match it {
            Selection::Event { .. } | Selection::Anomaly { .. } => "event",
            Selection::Service(_) => "service",
            Selection::Topic(_) => "topic",
            Selection::Link(_) => "link",
        })
    }

    /// Jumps, or begins to look for where to.
    pub(super) fn go_to(&mut self, to: Landmark, direction: Direction) {
        self.jumping = None;
        match self.known(to, direction) {
            Known::At(at) => self.arrive(at),
            Known::Nowhere => self.say_nowhere(to, direction),
            Known::Unknown(subject, from, until) => {
                let stretch = Stretch { script: Arc::clone(&self.run.script), from, until };
                let inquiry = match direction {
                    Direction::Forward => Jump::forwards(subject, stretch),
                    Direction::Backward => Jump::backwards(subject, stretch),
                };
                let pending = self.run.inquire(inquiry);
                let script = Arc::clone(&self.run.script);
                self.jumping = Some(Jumping { to, direction, seconds: 0.0, script, pending });
            }
        }
    }

    /// Takes what was found out about where to jump.
    pub(super) fn take_jump(&mut self, seconds: f64) {
        // Another future is shown: nobody wants to know any more.
        self.jumping.take_if(|it| it.script != self.run.script);
        let Some(jumping) = &mut self.jumping else { return };
        jumping.seconds += seconds;
        let (to, direction) = (jumping.to, jumping.direction);
        if let Some(found) = jumping.pending.take() {
            self.jumping = None;
            match found {
                Some(at) => self.arrive(at),
                None => self.say_nowhere(to, direction),
            }
        }
    }

    /// The playhead stands still where it has jumped to, be that simulated already or not.
    fn arrive(&mut self, at: Time) {
        self.playback.playing = false;
        // A run without an end is as long as the playhead makes it.
        self.playback.at = at.min(self.run.end().unwrap_or(at));
        self.seek(at);
    }

    fn say_nowhere(&mut self, to: Landmark, direction: Direction) {
        let side = match direction {
            Direction::Forward => "after",
            Direction::Backward => "before",
        };
        let at = self.playback.at;
        let text = match (to, self.selected_word()) {
            (Landmark::Anomaly, _) => format!("There is no anomaly {side} {at}."),
            (Landmark::Fault, _) => format!("No fault begins or ends {side} {at}."),
            (Landmark::Mark, _) => format!("There is no mark {side} {at}."),
            (Landmark::Selection, Some(word)) => {
                format!("Nothing happens to the selected {word} {side} {at}.")
            }
            (Landmark::Selection, None) => {
                "Nothing is selected: click an event, a service, a topic or a link.".to_owned()
            }
        };
        self.say(text, false);
    }

    fn known(&self, to: Landmark, direction: Direction) -> Known {
        let at = self.playback.at;
        let is_forward = direction == Direction::Forward;
        let end = self.run.end().unwrap_or(Time::MAX);
        let whole = |subject| {
            if is_forward {
                Known::Unknown(subject, at + Span(1), end)
            } else if at == Time::ZERO {
                Known::Nowhere
            } else {
                Known::Unknown(subject, Time::ZERO, at.back(Span(1)))
            }
        };
        match to {
            Landmark::Selection => {
                self.selection.map_or(Known::Nowhere, |it| whole(Subject::from(it)))
            }
            Landmark::Mark => {
                let of_person = self.made.marks.next(at, direction);
                let script = self.run.script.iter().map(|it| it.at);
                let intervened = if is_forward {
                    script.filter(|it| *it > at).min()
                } else {
                    script.filter(|it| *it < at).max()
                };
                let both = of_person.into_iter().chain(intervened);
                let nearest = if is_forward { both.min() } else { both.max() };
                nearest.map_or(Known::Nowhere, Known::At)
            }
            Landmark::Fault => {
                let is_fault = |kind: &MarkKind| {
                    matches!(kind, MarkKind::FaultBegan(_) | MarkKind::FaultEnded(_))
                };
                let found = self.known_mark(direction, is_fault);
                // What is not simulated yet is on the schedule, or on the list of interventions.
                let scheduled = self.model().faults.iter().flat_map(|fault| {
                    let mended = fault.lasts.map(|lasts| fault.at + lasts);
                    [Some(fault.at), mended].into_iter().flatten()
                });
                let head = if self.run.progress.done { end } else { self.run.progress.head };
                let scheduled = scheduled.filter(|it| *it > head && *it <= end);
                let nearest = if is_forward {
                    found.into_iter().chain(scheduled.filter(|it| *it > at)).min()
                } else {
                    found.into_iter().chain(scheduled.filter(|it| *it < at)).max()
                };
                nearest.map_or(Known::Nowhere, Known::At)
            }
            Landmark::Anomaly => {
                let is_anomaly = |kind: &MarkKind| matches!(kind, MarkKind::Anomaly { .. });
                let found = self.known_mark(direction, is_anomaly);
                // All that there are up to here are remembered.
                let until = self.remembered_until();
                match found {
                    Some(found) if is_forward || at <= until => Known::At(found),
                    _ if is_forward && until < end => {
                        Known::Unknown(Subject::Anomalies, at.max(until) + Span(1), end)
                    }
                    _ if !is_forward && at > until => {
                        Known::Unknown(Subject::Anomalies, Time::ZERO, at.back(Span(1)))
                    }
                    _ => Known::Nowhere,
                }
            }
        }
    }

    /// The nearest mark of a kind that the overview knows of.
    fn known_mark(&self, direction: Direction, is_it: impl Fn(&MarkKind) -> bool) -> Option<Time> {
        let (marks, at) = (&self.run.overview.marks, self.playback.at);
        let nearest = match direction {
            Direction::Forward => {
                let after = super::playback::first_after(marks, at);
                marks.iter().skip(after).find(|it| is_it(&it.kind))
            }
            Direction::Backward => {
                let before = at.0.checked_sub(1)?;
                let until = super::playback::first_after(marks, Time(before));
                marks.iter().take(until).rev().find(|it| is_it(&it.kind))
            }
        };
        nearest.map(|it| it.at)
    }

    /// Up to here the overview remembers every anomaly.
    fn remembered_until(&self) -> Time {
        let overview = &self.run.overview;
        if overview.totals().anomalies <= u64::from(MOST_MARKS) {
            // At the head's own instant there may be more to come.
            let head = self.run.progress.head;
            return if self.run.progress.done { Time::MAX } else { head.back(Span(1)) };
        }
        let is_anomaly = |it: &&crate::history::Mark| matches!(it.kind, MarkKind::Anomaly { .. });
        let last = overview.marks.iter().rev().find(is_anomaly);
        last.map_or(Time::ZERO, |it| it.at.back(Span(1)))
    }
}
