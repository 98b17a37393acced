//! Acting: what a person does to the run becomes a step of a branch, is said, and is looked after.

use crate::history::{BranchId, MarkKind, Step};
use crate::model::{
    Act, Deed, FaultKind, Intervention, Model, Role, Script, Setting, Span, Time, Trigger,
};

use super::command::{Command, Selection};
use super::deeds::event_name;
use super::futures::{act_name, fault_name};
use super::inquiries::View;
use super::made::Held;
use super::state::{App, Toast};

/// A step that changes while a control is held.
#[derive(Clone, Debug, PartialEq)]
pub struct Tuning {
    variant: String,
    branch: BranchId,
    step: Step,
}

/// Something that was done, of which it is not known yet whether there was anything to do it to.
#[derive(Clone, Debug, PartialEq)]
pub struct Awaited {
    script: Script,
    number: u32,
    name: String,
}

impl App {
    /// Does something to the run at the instant that is seen.
    ///
    /// The first branch stays what happens when nobody does anything: there, and before something
    /// that was done already, a new branch begins, and the old future stays what it was. Otherwise
    /// it is one more thing that is done in the branch that is shown.
    pub(super) fn act(&mut self, act: Act) {
        if self.acts_live() {
            return self.act_live(act);
        }
        let at = self.acting_at();
        self.put_step(at, act.clone(), None);
        self.tell_done(&act, at);
    }

    /// Does something at another instant than the one that is seen, in a new branch that keeps
    /// everything that is done in the one that is shown, before that instant and after.
    pub(super) fn act_before(&mut self, at: Time, act: Act) {
        let name = act_name(self.model(), &act);
        let shown = self.branch().id;
        let later: Vec<Step> = (self.tree().steps(shown).into_iter())
            .filter(|(_, _, step)| step.intervention.at > at)
            .map(|(_, _, step)| step.clone())
            .collect();
        let intervention = Intervention { at, act: act.clone() };
        self.edit(name, None, |made| {
            let futures = made.futures_mut();
            let branch = futures.tree.fork(shown, at);
            futures.shown = branch;
            futures.tree.add(branch, intervention);
            for step in later {
                futures.tree.add_step(branch, step);
            }
        });
        self.tell_done(&act, at);
    }

    /// Does something while a control is held: what is done in a row is one step.
    pub(super) fn tune(&mut self, act: Act) {
        if self.acts_live() {
            return self.act_live(act);
        }
        let goes_on = self.undo.holds() == Some(Held::Act);
        let tuning = self.tuning.take().filter(|it| {
            goes_on && it.variant == self.made.variant && it.branch == self.branch().id
        });
        let place = tuning.and_then(|it| self.branch().own.iter().position(|own| *own == it.step));
        let Some(place) = place else {
            let at = self.acting_at();
            self.put_step(at, act.clone(), Some(Held::Act));
            let step = Step { intervention: Intervention { at, act }, is_on: true };
            return self.keep_tuning(step);
        };
        let mut step = self.branch().own[place].clone();
        let name = act_name(self.model(), &act);
        step.intervention.act = act;
        let branch = self.branch().id;
        let changed = step.clone();
        self.edit(name, Some(Held::Act), |made| {
            made.futures_mut().tree.replace(branch, place, changed);
        });
        self.keep_tuning(step);
    }

    fn keep_tuning(&mut self, step: Step) {
        let (variant, branch) = (self.made.variant.clone(), self.branch().id);
        self.tuning = Some(Tuning { variant, branch, step });
    }

    /// The control that was held is let go: what it has done is said.
    pub(super) fn let_go(&mut self) {
        self.undo.let_go();
        if let Some(Tuning { step, .. }) = self.tuning.take() {
            let Intervention { at, act } = step.intervention;
            self.tell_done(&act, at);
        }
    }

    /// Puts one more step where it belongs.
    fn put_step(&mut self, at: Time, act: Act, held: Option<Held>) {
        let name = act_name(self.model(), &act);
        let shown = self.branch();
        let (id, is_main) = (shown.id, shown.parent.is_none());
        let is_before = shown.own.last().is_some_and(|it| it.intervention.at > at);
        let forked_later = shown.parent.is_some_and(|(_, forked)| forked > at);
        self.edit(name, held, |made| {
            let futures = made.futures_mut();
            let mut branch = id;
            if is_main || is_before || forked_later {
                branch = futures.tree.fork(id, at);
                futures.shown = branch;
            }
            futures.tree.add(branch, Intervention { at, act });
        });
    }

    /// Says what was done, in which branch, and how it is taken back; and waits to see whether
    /// there was anything to do it to.
    fn tell_done(&mut self, act: &Act, at: Time) {
        let done = done_words(self.model(), act);
        let when = if at == self.acting_at() { String::new() } else { format!(" at {at:.3}") };
        let keys = Command::Undo.action().and_then(|it| it.keys.first());
        let keys = keys.map(ToString::to_string).unwrap_or_default();
        let text = format!("{done}{when} · {} · {keys} takes it back", self.branch().name);
        self.tell(text, ("Undo".into(), Command::Undo), 5.0);
        let (script, is_it) =
            (self.run.script.clone(), |it: &&Intervention| it.at == at && it.act == *act);
        let place = script
            .iter()
            .rev()
            .find(is_it)
            .and_then(|found| script.iter().position(|it| std::ptr::eq(it, found)));
        self.awaited = place.and_then(|place| u32::try_from(place).ok()).map(|number| Awaited {
            script,
            number,
            name: act_name(self.model(), act),
        });
    }

    /// Says something for a while with something that can be done about it; what was said so
    /// before goes.
    pub(super) fn tell(&mut self, text: String, offer: (String, Command), seconds: f64) {
        let kind = std::mem::discriminant(&offer.1);
        self.toasts.retain(|toast| {
            toast.offer.as_ref().is_none_or(|(_, it)| std::mem::discriminant(it) != kind)
        });
        self.toasts.push(Toast { text, is_bad: false, seconds, offer: Some(offer) });
    }

    /// What was offered to be taken back is the last thing that was done no more.
    pub(super) fn offer_no_undo(&mut self) {
        self.toasts.retain(|it| !matches!(it.offer, Some((_, Command::Undo))));
    }

    /// Each tick: says so if there was nothing that what was done could be done to, and names the
    /// anomalies that were just played past.
    pub(super) fn look_after(&mut self, before: Time, after: Time, was_playing: bool) {
        self.await_act();
        self.ask_for_cause();
        if was_playing && after > before {
            self.name_anomalies(before, after);
        }
    }

    fn await_act(&mut self) {
        let Some(awaited) = &self.awaited else { return };
        if self.run.script != awaited.script {
            self.awaited = None;
            return;
        }
        let at = awaited.script[awaited.number as usize].at;
        let marks = &self.run.overview.marks;
        let from = partition_point(marks.len(), |place| marks[place].at < at);
        let took = (from..marks.len())
            .map(|place| marks[place])
            .take_while(|it| it.at == at)
            .find_map(|mark| match mark.kind {
                MarkKind::Intervened { number, took } if number == awaited.number => Some(took),
                _ => None,
            });
        match took {
            None => {}
            Some(true) => self.awaited = None,
            Some(false) => {
                let text =
                    format!("There was nothing to do it to: {}. It changes nothing.", awaited.name);
                self.awaited = None;
                self.offer_no_undo();
                self.say(text, true);
            }
        }
    }

    /// One toast at a time: the anomaly that was played past first, and how many more. Not over
    /// figures, which count them.
    fn name_anomalies(&mut self, before: Time, after: Time) {
        if matches!(self.settings.view, View::Metrics | View::Compare) {
            return;
        }
        let marks = &self.run.overview.marks;
        let from = partition_point(marks.len(), |place| marks[place].at <= before);
        let passed: Vec<_> = (from..marks.len())
            .map(|place| marks[place])
            .take_while(|it| it.at <= after)
            .filter_map(|mark| match mark.kind {
                MarkKind::Anomaly { store, event, kind } => {
                    Some(Selection::Anomaly { at: mark.at, store, event, kind })
                }
                _ => None,
            })
            .collect();
        let [first, ..] = passed[..] else { return };
        let is_of_anomaly = |toast: &&mut Toast| {
            matches!(
                toast.offer,
                Some((_, Command::ShowAt { selection: Selection::Anomaly { .. }, .. }))
            )
        };
        if let Some(toast) = self.toasts.iter_mut().find(is_of_anomaly) {
            let (text, more) = match toast.text.rsplit_once(" · ") {
                Some((text, more)) if more.ends_with(" more") => {
                    (text, more.trim_end_matches(" more").parse().unwrap_or(0))
                }
                _ => (toast.text.as_str(), 0),
            };
            toast.text = format!("{text} · {} more", more + passed.len());
            return;
        }
        let Some(mut text) = self.anomaly_sentence(first) else { return };
        if passed.len() > 1 {
            text = format!("{text} · {} more", passed.len() - 1);
        }
        let Selection::Anomaly { at, .. } = first else { return };
        let show = Command::ShowAt { at, selection: first };
        self.tell(format!("Anomaly: {text}"), ("Show me".into(), show), 6.0);
    }

    /// What an anomaly is, in a sentence without its full stop: "ledger applied PaymentCompleted
    /// #12 twice".
    #[must_use]
    pub fn anomaly_sentence(&self, selection: Selection) -> Option<String> {
        use crate::model::AnomalyKind as Kind;
        let Selection::Anomaly { store, event, kind, .. } = selection else { return None };
        let model = self.model();
        let store = &model.stores[store.index()];
        let service = &model.services[store.service.index()].name;
        let facts = self.facts().filter(|_| self.selection == Some(selection));
        let told = facts.and_then(|it| it.event_type).or_else(|| self.type_of(event));
        let name = match told.or_else(|| self.only_type(selection)) {
            Some(event_type) => event_name(model, event_type, event),
            None => format!("{} of {}", event, model.services[event.producer().index()].name),
        };
        Some(match kind {
            Kind::AppliedTwice => format!("{service} applied {name} twice"),
            Kind::OutOfOrder => format!("{service} applied {name} out of order"),
            Kind::StaleWrite => format!("{service} overwrote newer values with {name}"),
            Kind::Missing => format!("{service} will never apply {name}"),
            Kind::Lost => format!("{name} never reached {service}'s topic"),
        })
    }

    /// The type of what a consumer handles, if it handles one only.
    fn only_type(&self, anomaly: Selection) -> Option<crate::model::EventTypeId> {
        let (service, topic) = self.consumer_of(anomaly)?;
        let model = self.model();
        let handlers = model.services[service.index()].handlers.iter();
        let mut types = handlers.filter_map(|it| match model.handlers[it.index()].trigger {
            Trigger::Event(group, it) if model.groups[group.index()].topic == topic => Some(it),
            _ => None,
        });
        types.next().filter(|_| types.next().is_none())
    }

    /// Of which type an event is, as far as the newest scene, or its producer, tells.
    #[must_use]
    pub fn type_of(&self, event: crate::model::EventId) -> Option<crate::model::EventTypeId> {
        let answer = self.run.answer.as_ref()?;
        let mut told = answer.events.iter().flat_map(|it| it.iter());
        let told = told.find(|it| it.id == event).map(|it| it.event_type);
        told.or_else(|| {
            let alive = answer.scene.alive().find(|(_, it)| it.event == event);
            alive.map(|(_, it)| it.event_type)
        })
        .or_else(|| {
            let gone = answer.scene.gone.iter().find(|it| it.message.event == event);
            gone.map(|it| it.message.event_type)
        })
    }

    /// Goes to an instant, stands still there, and selects something.
    pub(super) fn show_at(&mut self, at: Time, selection: Selection) {
        self.playback.playing = false;
        self.seek(at);
        self.selection = Some(selection);
        self.settings.inspector = true;
        self.toasts.retain(|it| !matches!(it.offer, Some((_, Command::ShowAt { .. }))));
    }
}

/// The first place of which it does not hold, where it holds of all before some place.
fn partition_point(count: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = usize::midpoint(low, high);
        if holds(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// What was done, as one says it after: "Duplicated PaymentCompleted #12".
#[must_use]
pub fn done_words(model: &Model, act: &Act) -> String {
    match act {
        Act::Message { copy, deed } => {
            let name = event_name(model, copy.event_type, copy.event);
            let of = match copy.role {
                Role::Publish | Role::Delivery | Role::Arrival | Role::OneWay | Role::Request => {
                    name
                }
                role => format!("the {} of {name}", role.name()),
            };
            match deed {
                Deed::Duplicate => format!("Duplicated {of}"),
                Deed::Delay(by) => format!("Delayed {of} by {by}"),
                Deed::Drop => format!("Dropped {of}"),
                Deed::Swap => format!("Swapped {of} with the next"),
                Deed::LoseAnswer => format!("The answer to {of} will be lost"),
                Deed::Bury => format!("Put {of} to the dead letters"),
                Deed::Edit { field, value } => {
                    let fields = &model.event_types[copy.event_type.index()].fields;
                    let field = fields.get(usize::from(*field)).map_or("a field", |it| &it.name);
                    format!("Set {field} of {of} to {}", model.value_text(*value))
                }
            }
        }
        Act::Break { kind: FaultKind::Replay { group, .. }, .. } => {
            format!("{} reads from elsewhere", model.groups[group.index()].name)
        }
        Act::Break { kind, lasts } => {
            let lasts = match lasts {
                Some(Span::ZERO) | None => String::new(),
                Some(lasts) => format!(" for {lasts}"),
            };
            format!("{}{lasts}", capital(&fault_name(model, kind)))
        }
        Act::Mend(kind) => format!("Mended: {}", fault_name(model, kind)),
        Act::Set(Setting::Workers { service, workers: Some(0) }) => {
            format!("Paused {}", model.services[service.index()].name)
        }
        Act::Purge { topic } => format!("Purged {}", model.topics[topic.index()].name),
        act @ (Act::Set(_) | Act::FailNext { .. } | Act::Omit { .. }) => {
            capital(&act_name(model, act))
        }
    }
}

/// The text with its first letter large, unless it is a name as somebody wrote it.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
