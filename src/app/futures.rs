//! Futures: what a person does to the run that is shown, and the branches that come of it.

use crate::history::{Branch, BranchId, MAIN, Step, Tree};
use crate::model::{Act, Deed, EventTypeId, Model, Role, Script, Setting, Time};

use super::faults::Planned;
use super::made::{Futures, Held};
use super::state::App;

impl App {
    /// The branches of the run that is shown.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.futures().tree
    }

    /// The branch that is shown.
    #[must_use]
    pub fn branch(&self) -> &Branch {
        let Futures { tree, shown } = self.futures();
        tree.get(*shown).expect("the branch that is shown is in the tree")
    }

    fn futures(&self) -> &Futures {
        self.made.shown_futures().unwrap_or(&self.no_futures)
    }

    /// The instant that a person acts at: the one that is seen.
    #[must_use]
    pub fn acting_at(&self) -> Time {
        self.run.shown_at(self.playback.at)
    }

    /// Changes what was made, so that it can be taken back under this name.
    pub(super) fn edit(
        &mut self,
        name: String,
        held: Option<Held>,
        change: impl FnOnce(&mut super::Made),
    ) {
        if self.undo.edit(&mut self.made, name, held, change) {
            self.offer_no_undo();
        }
        self.show_made();
    }

    /// Brings what runs in line with what was made.
    pub(super) fn show_made(&mut self) {
        let Futures { tree, shown } = self.futures();
        let script = tree.script(*shown);
        let others: Vec<Script> = tree.branches().map(|it| tree.script(it.id)).collect();
        if script != self.run.script {
            self.steps = 0;
        }
        self.run.show(&script, &others);
        self.follow_run();
    }

    /// Does something to the copy that is selected.
    pub(super) fn do_to_selection(&mut self, deed: Deed) {
        match self.copy_for(self.selection, deed) {
            Ok(copy) => self.act(Act::Message { copy, deed }),
            Err(why) => self.say(why, true),
        }
    }

    /// Makes a branch at the instant that is seen, and shows it.
    pub(super) fn fork(&mut self) {
        let (at, of) = (self.acting_at(), self.branch().id);
        self.edit(format!("fork at {at:.3}"), None, |made| {
            let Futures { tree, shown } = made.futures_mut();
            *shown = tree.fork(of, at);
        });
    }

    /// Shows another branch.
    pub(super) fn switch_branch(&mut self, id: BranchId) {
        if self.tree().get(id).is_some() {
            self.made.futures_mut().shown = id;
            self.show_made();
        }
    }

    /// Shows the branch that is so many further in the list, round and round.
    pub(super) fn switch_by(&mut self, by: isize) {
        let shown = self.branch().id;
        let ids: Vec<_> = self.tree().branches().map(|it| it.id).collect();
        let place = ids.iter().position(|it| *it == shown).unwrap_or(0);
        let next = place.cast_signed() + by;
        let next = next.rem_euclid(ids.len().cast_signed()).cast_unsigned();
        self.switch_branch(ids[next]);
    }

    pub(super) fn rename_branch(&mut self, id: BranchId, name: &str) {
        self.edit("rename of a branch".into(), None, |made| {
            made.futures_mut().tree.rename(id, name);
        });
    }

    pub(super) fn delete_branch(&mut self, id: BranchId) {
        let Some(branch) = self.tree().get(id).filter(|it| it.parent.is_some()) else { return };
        let name = format!("delete of {}", branch.name);
        let parent = branch.parent.map(|(parent, _)| parent);
        self.edit(name, None, |made| {
            let Futures { tree, shown } = made.futures_mut();
            tree.delete(id);
            if tree.get(*shown).is_none() {
                *shown = parent.unwrap_or(MAIN);
            }
        });
    }

    /// Whether what is done in a branch is what was really done, to a live run: that cannot be
    /// changed, and it is said so.
    fn was_really_done(&mut self, branch: BranchId) -> bool {
        let is_real = branch == MAIN && self.live.is_some();
        if is_real {
            let text = "It was really done, to a live run. Fork before it to see the run without.";
            self.say(text.to_owned(), true);
        }
        is_real
    }

    /// Replaces a step: moved in time, switched on or off, or something else.
    pub(super) fn set_step(&mut self, branch: BranchId, place: usize, step: Step) {
        if self.was_really_done(branch) {
            return;
        }
        let name = format!("change of {}", act_name(self.model(), &step.intervention.act));
        let mut moved = None;
        self.edit(name, Some(Held::Step(branch, place)), |made| {
            let tree = &mut made.futures_mut().tree;
            // A step that is moved before its branch begins takes the beginning with it.
            let place = place + tree.reach_back(branch, step.intervention.at);
            moved = tree.replace(branch, place, step);
        });
        if let Some(to) = moved.filter(|to| *to != place) {
            // What is held is the step, wherever it is now.
            self.undo.rename_held(Held::Step(branch, to));
            if self.chosen_fault == Some(Planned::Step(branch, place)) {
                self.chosen_fault = Some(Planned::Step(branch, to));
            }
        }
    }

    pub(super) fn remove_step(&mut self, branch: BranchId, place: usize) {
        if self.was_really_done(branch) {
            return;
        }
        let Some(step) = self.tree().get(branch).and_then(|it| it.own.get(place)) else { return };
        let name = format!("removal of {}", act_name(self.model(), &step.intervention.act));
        self.edit(name, None, |made| {
            made.futures_mut().tree.remove(branch, place);
        });
    }
}

/// What is done, as a person would say it: "duplicate of PaymentCompleted #12", "crash of
/// ledger".
#[must_use]
pub fn act_name(model: &Model, act: &Act) -> String {
    match act {
        Act::Message { copy, deed } => {
            let name = model.event_types.get(copy.event_type.index());
            let name = name.map_or("an event", |it| it.name.as_str());
            let of = match copy.role {
                Role::Publish | Role::Delivery | Role::Arrival | Role::OneWay | Role::Request => {
                    format!("{name} {}", copy.event)
                }
                role => format!("the {} of {name} {}", role.name(), copy.event),
            };
            deed_name(model, copy.event_type, *deed, &of)
        }
        Act::Break { kind, .. } => fault_name(model, kind),
        Act::Mend(kind) => format!("end of {}", fault_name(model, kind)),
        Act::Set(setting) => setting_name(model, setting),
        Act::Purge { topic } => format!("purge of {}", model.topics[topic.index()].name),
        Act::Omit { fault } => match model.faults.get(fault.index()) {
            Some(fault) => format!("end of the {}", fault_name(model, &fault.kind)),
            None => "end of a fault".to_owned(),
        },
        Act::FailNext { service, count } => {
            format!("failure of the next {count} of {}", model.services[service.index()].name)
        }
    }
}

/// What is done to a message, as a person would say it.
fn deed_name(model: &Model, event_type: EventTypeId, deed: Deed, of: &str) -> String {
    match deed {
        Deed::Duplicate => format!("duplicate of {of}"),
        Deed::Delay(by) => format!("delay of {of} by {by}"),
        Deed::Drop => format!("loss of {of}"),
        Deed::Swap => format!("swap of {of} with the next"),
        Deed::LoseAnswer => format!("lost answer to {of}"),
        Deed::Bury => format!("burial of {of}"),
        Deed::Edit { field, .. } => {
            let fields = &model.event_types[event_type.index()].fields;
            let field = fields.get(usize::from(field)).map_or("a field", |it| &it.name);
            format!("change of {field} in {of}")
        }
    }
}

/// What is set, as a person would say it.
fn setting_name(model: &Model, setting: &Setting) -> String {
    let service = |it: crate::model::ServiceId| model.services[it.index()].name.as_str();
    let topic = |it: crate::model::TopicId| model.topics[it.index()].name.as_str();
    let count = |it: Option<u32>| it.map_or_else(|| "no limit".into(), |it| it.to_string());
    let way = |links: &[crate::model::LinkId]| match links.first() {
        Some(link) => {
            let link = &model.links[link.index()];
            format!("{} to {}", model.node_name(link.from), model.node_name(link.to))
        }
        None => "no link".to_owned(),
    };
    match setting {
        Setting::Instances { service: it, instances } => {
            format!("instances of {}: {instances}", service(*it))
        }
        Setting::Workers { service: it, workers: Some(0) } => format!("pause of {}", service(*it)),
        Setting::Workers { service: it, workers } => {
            format!("workers of {}: {}", service(*it), count(*workers))
        }
        Setting::Strategy { service: it, strategy, .. } => {
            format!("strategy of {}: {}", service(*it), strategy.words())
        }
        Setting::Prefetch { service: it, prefetch, .. } => {
            format!("prefetch of {}: {prefetch}", service(*it))
        }
        Setting::AckWait { topic: it, wait } => {
            let wait = wait.map_or_else(|| "for ever".into(), |it| it.to_string());
            format!("ack wait of {}: {wait}", topic(*it))
        }
        Setting::MaxDeliveries { topic: it, most } => {
            format!("deliveries of {}: {}", topic(*it), count(*most))
        }
        Setting::Latency { links, latency } => {
            let mean = crate::model::Span::from_secs_f64(latency.mean() / 1e9);
            format!("latency from {}: {mean}", way(links))
        }
        Setting::Bandwidth { links, bandwidth } => {
            let bandwidth =
                bandwidth.map_or_else(|| "no limit".into(), |it| format!("{it:.0} B/s"));
            format!("bandwidth from {}: {bandwidth}", way(links))
        }
        Setting::Clock { service: it, ahead } => {
            let off = crate::model::Span(ahead.unsigned_abs());
            let way = if *ahead < 0 { "behind" } else { "ahead" };
            format!("clock of {} {off} {way}", service(*it))
        }
    }
}

/// What breaks, as a person would say it.
#[must_use]
pub fn fault_name(model: &Model, kind: &crate::model::FaultKind) -> String {
    use crate::model::{FaultKind, LinkId, Node, Strike};
    let service = |it: crate::model::ServiceId| model.services[it.index()].name.as_str();
    let topic = |it: crate::model::TopicId| model.topics[it.index()].name.as_str();
    let one = |it: crate::model::ServiceId, instance: Option<u32>| match instance {
        Some(number) => format!("{}/{}", service(it), number + 1),
        None => service(it).to_owned(),
    };
    let way = |links: &[LinkId]| {
        let Some(link) = links.first().map(|it| &model.links[it.index()]) else {
            return "no link".to_owned();
        };
        let name = |node: Node| model.node_name(node);
        let both = if links.len() > 1 { "and" } else { "to" };
        format!("{} {both} {}", name(link.from), name(link.to))
    };
    match kind {
        FaultKind::Crash { service, instance } => format!("crash of {}", one(*service, *instance)),
        FaultKind::Slow { service: it, factor } => format!("{} {factor}× slower", service(*it)),
        FaultKind::Cut { links, .. } => format!("cut between {}", way(links)),
        FaultKind::Loss { links, probability } => {
            format!("loss of {:.0} % from {}", 100.0 * probability, way(links))
        }
        FaultKind::Delay { links, reorder: true, .. } => format!("disorder from {}", way(links)),
        FaultKind::Delay { links, .. } => format!("delay from {}", way(links)),
        FaultKind::Duplicate { links, probability } => {
            format!("duplication of {:.0} % from {}", 100.0 * probability, way(links))
        }
        FaultKind::Replay { group, .. } => {
            let group = &model.groups[group.index()];
            format!("replay of {} for {}", topic(group.topic), group.name)
        }
        FaultKind::Disconnect { service, instance, topic: it } => {
            format!("connection loss of {} to {}", one(*service, *instance), topic(*it))
        }
        FaultKind::Outage { topic: it, .. } => format!("outage of {}", topic(*it)),
        FaultKind::LeaderLoss { topic: it } => format!("loss of the leader of {}", topic(*it)),
        FaultKind::Strike(Strike { link, event_type, nth, deed }) => {
            let name = &model.event_types[event_type.index()].name;
            let of = format!("{name} no. {nth} from {}", way(&[*link]));
            deed_name(model, *event_type, *deed, &of)
        }
        FaultKind::Set(setting) => setting_name(model, setting),
        FaultKind::Purge { topic: it } => format!("purge of {}", topic(*it)),
        FaultKind::FailNext { service: it, count } => {
            format!("failure of the next {count} of {}", service(*it))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::app::{Command, Options, Settings};
    use crate::model::{FaultKind, ServiceId, Span};

    /// The first scenario of the library, standing still.
    fn app() -> App {
        let mut app = App::new(Settings::default(), Options::default(), Arc::new(|| {}));
        app.update(Command::Pause);
        settle(&mut app);
        app
    }

    /// Waits until the future that is shown is simulated to its end and seen at the playhead.
    fn settle(app: &mut App) {
        app.update(Command::Tick(0.0));
        while !app.run.progress.done || !app.run.serves(app.playback.at) {
            app.update(Command::Tick(0.0));
            std::thread::yield_now();
        }
    }

    fn go_to(app: &mut App, seconds: f64) {
        app.update(Command::SeekTo(Time::from_secs_f64(seconds)));
        settle(app);
    }

    fn slow(app: &App) -> Act {
        let services = app.model().services.iter();
        let service = services.clone().position(|it| it.workload.is_none()).unwrap();
        let service = ServiceId::from_index(service);
        let kind = FaultKind::Slow { service, factor: 3.0 };
        Act::Break { kind, lasts: Some(Span::SECOND) }
    }

    fn names(app: &App) -> Vec<String> {
        app.tree().branches().map(|it| it.name.clone()).collect()
    }

    #[test]
    fn what_is_done_first_begins_a_branch_and_what_follows_belongs_to_it() {
        let mut app = app();
        go_to(&mut app, 5.0);
        let before = app.run.progress.digest.clone();
        app.update(Command::Act(slow(&app)));
        assert_eq!(names(&app), ["main", "what-if 1"]);
        settle(&mut app);
        assert_ne!(app.run.progress.digest, before);
        go_to(&mut app, 8.0);
        app.update(Command::Act(slow(&app)));
        assert_eq!(names(&app), ["main", "what-if 1"]);
        assert_eq!(app.branch().own.len(), 2);
        // Before what was done already, it is another future.
        go_to(&mut app, 6.0);
        app.update(Command::Act(slow(&app)));
        assert_eq!(names(&app), ["main", "what-if 1", "what-if 2"]);
        assert_eq!(app.run.script.len(), 2);
        app.update(Command::SwitchBranch(MAIN));
        settle(&mut app);
        assert_eq!(app.run.progress.digest, before);
    }

    #[test]
    fn everything_can_be_taken_back_and_done_again() {
        let mut app = app();
        go_to(&mut app, 5.0);
        let begin = (app.made.clone(), app.run.progress.digest.clone());
        app.update(Command::Act(slow(&app)));
        let step = app.branch().own[0].clone();
        let branch = app.branch().id;
        let off = Step { is_on: false, ..step };
        app.update(Command::SetStep { branch, place: 0, step: off });
        settle(&mut app);
        assert_eq!(app.run.progress.digest, begin.1, "what is switched off does nothing");
        app.update(Command::RenameBranch { id: branch, name: "slow".into() });
        app.update(Command::RemoveStep { branch, place: 0 });
        app.update(Command::DeleteBranch(branch));
        assert_eq!(names(&app), ["main"]);
        let made = app.made.clone();
        while app.undo.undo_name().is_some() {
            app.update(Command::Undo);
        }
        assert_eq!(app.made, begin.0);
        settle(&mut app);
        assert_eq!(app.run.progress.digest, begin.1);
        while app.undo.redo_name().is_some() {
            app.update(Command::Redo);
        }
        assert_eq!(app.made, made);
    }

    #[test]
    fn an_offer_to_take_something_back_is_gone_when_it_was_taken_back() {
        let mut app = app();
        go_to(&mut app, 5.0);
        app.update(Command::Fork);
        app.update(Command::Act(slow(&app)));
        let offers = |app: &App| {
            app.toasts.iter().filter(|it| matches!(it.offer, Some((_, Command::Undo)))).count()
        };
        assert_eq!(offers(&app), 1);
        app.update(Command::Undo);
        assert_eq!((offers(&app), names(&app).len()), (0, 2), "it would take the fork back, too");
        app.update(Command::Act(slow(&app)));
        assert_eq!(offers(&app), 1);
        app.update(Command::Fork);
        assert_eq!(offers(&app), 0, "it would take back what was done since");
    }

    #[test]
    fn another_variant_has_futures_of_its_own_and_undo_goes_back_to_the_first() {
        let mut app = app();
        go_to(&mut app, 5.0);
        let first = app.shown().name.clone();
        app.update(Command::Act(slow(&app)));
        let other = app.scenario.variants[1].name.clone();
        app.update(Command::SelectVariant(other.clone()));
        assert_eq!(names(&app), ["main"]);
        app.update(Command::SelectVariant(first.clone()));
        assert_eq!(names(&app), ["main", "what-if 1"]);
        app.update(Command::SelectVariant(other));
        app.update(Command::Undo);
        assert_eq!((app.shown().name.clone(), names(&app).len()), (first, 1));
    }

    #[test]
    fn a_copy_in_flight_is_doubled_and_its_name_says_so() {
        let mut app = app();
        go_to(&mut app, 5.0);
        let message = |app: &App| {
            let scene = &app.run.answer.as_ref().unwrap().scene;
            let flying =
                scene.alive().find(|(_, it)| it.place == crate::history::Place::Link).unwrap();
            (flying.0, *flying.1)
        };
        while app.run.answer.as_ref().unwrap().scene.in_flight() == 0 {
            app.update(Command::StepForward);
            settle(&mut app);
        }
        let (id, it) = message(&app);
        let of_it = |app: &App| {
            let scene = app.run.answer.as_ref().unwrap().scene.clone();
            scene
                .alive()
                .filter(|(_, other)| other.event == it.event && other.role == it.role)
                .count()
        };
        let before = of_it(&app);
        app.update(Command::Select(crate::app::Selection::Event {
            event: it.event,
            event_type: it.event_type,
            message: Some(id),
        }));
        app.update(Command::Do(Deed::Duplicate));
        settle(&mut app);
        assert_eq!(of_it(&app), before + 1);
        let name = &app.model().event_types[it.event_type.index()].name;
        assert!(app.undo.undo_name().unwrap().contains(name.as_str()));
        app.update(Command::Undo);
        settle(&mut app);
        assert_eq!(of_it(&app), before);
    }
}
