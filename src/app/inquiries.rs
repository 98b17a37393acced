//! What is being found out about the run for what is shown: the journey of the selected event,
//! and all that happened in the close-up's span.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::history::{Fact, Inquiry, Journey, JourneyOf, Pending, Sequence, SequenceOf, Stretch};
use crate::model::{EventId, Model, Script, Time};

use super::command::Selection;
use super::playback::Window;
use super::state::App;

/// How the run is shown in the middle of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum View {
    /// Services and topics, and what is on its way between them at an instant.
    #[default]
    Flow,
    /// What happened one after the other, as a sequence diagram.
    Sequence,
    /// Figures along time, and distributions.
    Metrics,
    /// Variants, branches or files side by side.
    Compare,
}

impl View {
    /// Every view, in the order in which they stand beside one another.
    pub const ALL: [Self; 4] = [Self::Flow, Self::Sequence, Self::Metrics, Self::Compare];
}

/// Of what the sequence view tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Subject {
    /// Of the selected event: all that began with what it began with.
    #[default]
    Event,
    /// Of the span of time that the close-up shows.
    Span,
}

/// More messages of a span than this are not shown: nobody could read them.
pub const MOST_MESSAGES: u64 = 250;

/// What is found out of the selected event.
pub struct Found {
    /// Its journey.
    pub journey: Journey,
    /// The event, what it came of and what it led to.
    pub related: BTreeSet<EventId>,
}

impl Found {
    fn new(journey: Journey) -> Self {
        let mut related: BTreeSet<EventId> = journey.causes().iter().map(|it| it.event).collect();
        related.extend(journey.effects().iter().map(|(_, it)| it.event));
        related.insert(journey.event);
        Self { journey, related }
    }
}

/// The run that a question is about.
#[derive(Clone)]
pub(super) struct About {
    /// Which of the runs that were shown.
    run: u64,
    base: Arc<Model>,
    seed: u64,
    script: Script,
}

impl About {
    pub(super) fn is(&self, app: &App) -> bool {
        self.run == app.runs_shown
            && Arc::ptr_eq(&self.base, &app.run.base)
            && self.seed == app.run.seed
            && self.script == app.run.script
    }
}

/// Something that was asked, and the newest answer.
pub(super) struct Asked<Q, T, A> {
    pub(super) about: About,
    pub(super) question: Q,
    pub(super) pending: Pending<T>,
    pub(super) answer: Option<Arc<A>>,
}

impl<Q: PartialEq, T, A> Asked<Q, T, A> {
    pub(super) fn take(&mut self, made: impl Fn(T) -> A) {
        if let Some(answer) = self.pending.take() {
            self.answer = Some(Arc::new(made(answer)));
        }
    }

    fn asks(&self, app: &App, question: &Q) -> bool {
        self.question == *question && self.about.is(app)
    }
}

/// What is being found out.
#[derive(Default)]
pub struct Inquiries {
    journey: Option<Asked<(EventId, Time), Journey, Found>>,
    sequence: Option<Asked<(Window, bool), Sequence, Sequence>>,
}

impl App {
    /// The selected event.
    #[must_use]
    pub const fn selected_event(&self) -> Option<EventId> {
        match self.selection {
            Some(Selection::Event { event, .. }) => Some(event),
            _ => None,
        }
    }

    /// What is found out so far of the selected event.
    #[must_use]
    pub fn found(&self) -> Option<&Arc<Found>> {
        let asked = self.inquiries.journey.as_ref()?;
        asked.answer.as_ref().filter(|it| Some(it.journey.event) == self.selected_event())
    }

    /// What is found out so far of the close-up's span; of another one, until it is of this.
    #[must_use]
    pub fn found_in_span(&self) -> Option<&Arc<Sequence>> {
        self.inquiries.sequence.as_ref()?.answer.as_ref()
    }

    /// How much of the journey is found out, from 0 to 1; `None` if all is, or nothing is asked.
    #[must_use]
    pub fn journey_progress(&self) -> Option<f32> {
        let asked = self.inquiries.journey.as_ref()?;
        (!asked.pending.is_over()).then(|| asked.pending.progress())
    }

    /// How much of what happened in the span is found out; likewise.
    #[must_use]
    pub fn span_progress(&self) -> Option<f32> {
        let asked = self.inquiries.sequence.as_ref()?;
        (!asked.pending.is_over()).then(|| asked.pending.progress())
    }

    /// Takes what was found out, and asks what is to be known now.
    pub(super) fn inquire(&mut self) {
        self.inquire_journey();
        self.inquire_span();
        self.inquire_charts();
    }

    pub(super) fn asked<I: Inquiry, Q, A>(
        &self,
        inquiry: I,
        question: Q,
    ) -> Asked<Q, I::Answer, A> {
        let (base, script) = (Arc::clone(&self.run.base), Arc::clone(&self.run.script));
        let about = About { run: self.runs_shown, base, script, seed: self.run.seed };
        Asked { about, question, pending: self.run.inquire(inquiry), answer: None }
    }

    fn inquire_journey(&mut self) {
        let mut asked = self.inquiries.journey.take();
        if let Some(asked) = &mut asked {
            asked.take(Found::new);
        }
        let Some(event) = self.selected_event() else { return };
        // Of a run without an end, as far as it was when it was asked; and again past that.
        let so_far = asked.as_ref().map(|it| it.question.1).filter(|it| *it >= self.playback.at);
        let so_far = so_far.unwrap_or(self.run.progress.head.max(self.playback.at));
        let until = self.run.end().unwrap_or(so_far);
        if let Some(asked) = &mut asked
            && asked.about.is(self)
            && asked.question.1 == until
            && asked.question.0 != event
            && asked.pending.is_over()
            && let Some(answer) = &asked.answer
            && answer.journey.left_out == 0
            && answer.journey.facts.contains_key(&event)
        {
            // It is of the same story, which is known.
            let journey = Journey { event, ..answer.journey.clone() };
            asked.answer = Some(Arc::new(Found::new(journey)));
            asked.question.0 = event;
        }
        self.inquiries.journey = Some(match asked {
            Some(asked) if asked.asks(self, &(event, until)) => asked,
            before => {
                let script = Arc::clone(&self.run.script);
                let answer = before.filter(|it| it.question.0 == event && it.about.is(self));
                let inquiry = JourneyOf::new(script, event, until);
                let answer = answer.and_then(|it| it.answer);
                Asked { answer, ..self.asked(inquiry, (event, until)) }
            }
        });
    }

    fn inquire_span(&mut self) {
        let mut asked = self.inquiries.sequence.take();
        if self.settings.view != View::Sequence || self.subject != Subject::Span {
            return;
        }
        if let Some(asked) = &mut asked {
            asked.take(|it| it);
        }
        let question = (self.window, self.settings.brief_sequence);
        self.inquiries.sequence = Some(match asked {
            // One after the other: while the span is dragged there is always something to be seen.
            Some(it) if it.about.is(self) && !it.pending.is_over() => it,
            Some(it) if it.asks(self, &question) => it,
            before => {
                let script = Arc::clone(&self.run.script);
                let Window { from, to } = self.window;
                let stretch = Stretch { script, from, until: to };
                let inquiry = SequenceOf::new(stretch, MOST_MESSAGES, question.1);
                let answer = before.filter(|it| it.about.is(self)).and_then(|it| it.answer);
                Asked { answer, ..self.asked(inquiry, question) }
            }
        });
    }

    /// Shows the run in another way.
    pub(super) fn show_view(&mut self, view: View) {
        if view == View::Sequence && self.settings.view != View::Sequence {
            let is_event = self.selected_event().is_some();
            self.subject = if is_event { Subject::Event } else { Subject::Span };
        }
        self.settings.view = view;
    }
}

/// What is known of an event, as what selects it.
#[must_use]
pub const fn selection_of(fact: &Fact) -> Selection {
    Selection::Event { event: fact.event, event_type: fact.event_type, message: None }
}
