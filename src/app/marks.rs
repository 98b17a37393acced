//! What a person marks on the timeline: instants with a name, and a loop. A value: to take
//! something back is to have the marks as they were.

use crate::model::Time;

use super::made::Held;
use super::playback::{Direction, Window};

/// An instant that a person marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub at: Time,
    /// What it is called; empty for the instant itself.
    pub name: String,
}

impl Mark {
    /// What it is called.
    #[must_use]
    pub fn label(&self) -> String {
        if self.name.is_empty() { self.at.to_string() } else { self.name.clone() }
    }
}

/// The marks and the loop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// In the order of their instants, no two at the same.
    list: Vec<Mark>,
    /// The span that is played again and again, if one was set.
    pub span: Option<Window>,
    /// Whether it is, now.
    pub is_looping: bool,
}

/// What can be done to the marks and the loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarkCommand {
    /// Mark the playhead's instant, or remove the mark that is there.
    Toggle,
    /// Remove the mark at an instant.
    Remove(Time),
    /// Give the mark at an instant a name.
    Rename {
        /// Where it is.
        at: Time,
        /// Its name; empty for the instant itself.
        name: String,
    },
    /// Let the loop begin at the playhead.
    LoopFrom,
    /// Let the loop end at the playhead.
    LoopTo,
    /// Loop, or play on.
    ToggleLoop,
    /// Loop over this span.
    SetLoop(Window),
    /// Forget the loop.
    ClearLoop,
}

impl MarkCommand {
    /// What it does, as a person would say it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Toggle => "mark",
            Self::Remove(_) => "removal of a mark",
            Self::Rename { .. } => "name of a mark",
            Self::LoopFrom | Self::LoopTo | Self::SetLoop(_) => "loop",
            Self::ToggleLoop => "looping",
            Self::ClearLoop => "removal of the loop",
        }
    }

    /// What is held while it is asked for again and again.
    #[must_use]
    pub const fn held(&self) -> Option<Held> {
        match self {
            Self::SetLoop(_) => Some(Held::Loop),
            _ => None,
        }
    }
}

impl Marks {
    /// These marks, in the order of their instants, and this loop.
    #[must_use]
    pub const fn new(list: Vec<Mark>, span: Option<Window>, is_looping: bool) -> Self {
        Self { list, span, is_looping }
    }

    /// The marks, in the order of their instants.
    #[must_use]
    pub fn list(&self) -> &[Mark] {
        &self.list
    }

    /// The mark at an instant.
    #[must_use]
    pub fn get(&self, at: Time) -> Option<&Mark> {
        Some(&self.list[self.place(at).ok()?])
    }

    fn place(&self, at: Time) -> Result<usize, usize> {
        self.list.binary_search_by_key(&at, |it| it.at)
    }

    /// The nearest mark after an instant, or before it.
    #[must_use]
    pub fn next(&self, at: Time, direction: Direction) -> Option<Time> {
        let mark = match direction {
            Direction::Forward => self.list.iter().find(|it| it.at > at),
            Direction::Backward => self.list.iter().rfind(|it| it.at < at),
        };
        mark.map(|it| it.at)
    }

    /// The span that is looped over now, in a run that ends then.
    #[must_use]
    pub fn looped(&self, end: Option<Time>) -> Option<Window> {
        let end = end.unwrap_or(Time::MAX);
        let span = self.span.filter(|it| self.is_looping && it.from < end)?;
        Some(Window { to: span.to.min(end), ..span })
    }

    /// Does it; the playhead is at `at`, and the close-up shows `window`.
    pub fn update(&mut self, command: MarkCommand, at: Time, window: Window, end: Option<Time>) {
        match command {
            MarkCommand::Toggle => match self.place(at) {
                Ok(place) => {
                    self.list.remove(place);
                }
                Err(place) => self.list.insert(place, Mark { at, name: String::new() }),
            },
            MarkCommand::Remove(at) => self.list.retain(|it| it.at != at),
            MarkCommand::Rename { at, name } => {
                if let Ok(place) = self.place(at) {
                    name.trim().clone_into(&mut self.list[place].name);
                }
            }
            MarkCommand::LoopFrom => {
                // An end that would be before the beginning is where the close-up ends.
                let ends = [self.span.map(|it| it.to), Some(window.to), end];
                let to = ends.into_iter().flatten().find(|to| *to > at);
                self.set_loop(to.map(|to| Window { from: at, to }));
            }
            MarkCommand::LoopTo => {
                let begins = [self.span.map(|it| it.from), Some(window.from), Some(Time::ZERO)];
                let from = begins.into_iter().flatten().find(|from| *from < at);
                self.set_loop(from.map(|from| Window { from, to: at }));
            }
            MarkCommand::ToggleLoop => match self.span {
                Some(_) => self.is_looping = !self.is_looping,
                None => self.set_loop(Some(window)),
            },
            MarkCommand::SetLoop(span) => {
                let end = end.unwrap_or(Time::MAX);
                let span = Window { from: span.from.min(end), to: span.to.min(end) };
                self.set_loop((span.from < span.to).then_some(span));
            }
            MarkCommand::ClearLoop => {
                self.span = None;
                self.is_looping = false;
            }
        }
    }

    /// Loops over a span; what is none changes nothing.
    fn set_loop(&mut self, span: Option<Window>) {
        if span.is_some() {
            self.span = span;
            self.is_looping = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Span;

    const END: Option<Time> = Some(Time(60_000_000_000));

    fn at(seconds: u64) -> Time {
        Time::ZERO + Span::from_secs(seconds)
    }

    fn span(from: u64, to: u64) -> Window {
        Window { from: at(from), to: at(to) }
    }

    fn done(marks: &mut Marks, playhead: u64, command: MarkCommand) -> Option<Window> {
        marks.update(command, at(playhead), span(10, 20), END);
        marks.looped(END)
    }

    #[test]
    fn marks_stay_in_order_and_are_gone_through() {
        let mut marks = Marks::default();
        for second in [5, 2, 9, 2] {
            done(&mut marks, second, MarkCommand::Toggle);
        }
        let instants: Vec<_> = marks.list().iter().map(|it| it.at).collect();
        assert_eq!(instants, [at(5), at(9)]);
        assert_eq!(marks.next(at(5), Direction::Forward), Some(at(9)));
        assert_eq!(marks.next(at(5), Direction::Backward), None);
        done(&mut marks, 0, MarkCommand::Rename { at: at(9), name: " the second receipt ".into() });
        assert_eq!(marks.get(at(9)).unwrap().label(), "the second receipt");
        assert_eq!(marks.get(at(5)).unwrap().label(), "5.000 s");
        done(&mut marks, 0, MarkCommand::Remove(at(9)));
        assert_eq!(marks.get(at(9)), None);
    }

    #[test]
    fn a_loop_is_the_window_until_its_ends_are_set() {
        let mut marks = Marks::default();
        assert_eq!(done(&mut marks, 12, MarkCommand::ToggleLoop), Some(span(10, 20)));
        assert_eq!(done(&mut marks, 12, MarkCommand::LoopFrom), Some(span(12, 20)));
        assert_eq!(done(&mut marks, 15, MarkCommand::LoopTo), Some(span(12, 15)));
        assert_eq!(done(&mut marks, 0, MarkCommand::ToggleLoop), None);
        assert_eq!(done(&mut marks, 0, MarkCommand::ToggleLoop), Some(span(12, 15)));
        assert_eq!(done(&mut marks, 0, MarkCommand::ClearLoop), None);
        assert_eq!(marks, Marks::default());
    }

    #[test]
    fn an_end_on_the_wrong_side_of_the_other_moves_it() {
        let mut marks = Marks::default();
        done(&mut marks, 0, MarkCommand::SetLoop(span(12, 15)));
        assert_eq!(done(&mut marks, 18, MarkCommand::LoopFrom), Some(span(18, 20)));
        assert_eq!(done(&mut marks, 11, MarkCommand::LoopTo), Some(span(10, 11)));
        assert_eq!(done(&mut marks, 30, MarkCommand::LoopFrom), Some(span(30, 60)));
        assert_eq!(done(&mut marks, 60, MarkCommand::LoopFrom), Some(span(30, 60)), "nothing left");
    }

    #[test]
    fn a_loop_past_the_end_of_a_shorter_run_ends_with_it() {
        let mut marks = Marks::default();
        done(&mut marks, 0, MarkCommand::SetLoop(span(12, 40)));
        assert_eq!(marks.looped(Some(at(20))), Some(span(12, 20)));
        assert_eq!(marks.looped(Some(at(12))), None);
        done(&mut marks, 0, MarkCommand::SetLoop(span(50, 90)));
        assert_eq!(marks.looped(END), Some(span(50, 60)));
    }
}
