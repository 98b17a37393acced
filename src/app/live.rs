//! A live run in the window: it goes on by itself, in real time, on threads of its own; the
//! timeline follows it, and looks back along it as along any other.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::history::{Live, MAIN, Rung, Step};
use crate::live::{self, Phase, Status, Where};
use crate::model::{Act, Script, Span, Time};
use crate::session;
use crate::sim::{Source, World};

use super::acting::done_words;
use super::made::Futures;
use super::playback::Direction;
use super::run::Run;
use super::state::App;

/// The playhead follows what happens by this much, so that it moves evenly although news come in
/// bursts.
const BEHIND: Span = Span::from_millis(120);

/// When it has fallen behind by so much, it catches up at once.
const FAR_BEHIND: Span = Span::from_millis(600);

/// A live run, or the recording of one.
pub struct Living {
    origin: Origin,
    /// Who its brokers are.
    source: Source,
    /// Where its topics are, in words.
    pub place: String,
    /// How it is going.
    pub status: Status,
    /// Whether the playhead stays with what happens now.
    pub follows: bool,
    /// What was really done to it.
    script: Script,
    /// How much the worker was told of it: inputs, until when, whether that is all.
    told: (usize, Time, bool),
}

enum Origin {
    /// It goes on, or did.
    Running(live::Handle),
    /// It is one of a session.
    Recorded(Live),
}

impl Living {
    /// Whether its brokers are the program's own.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        self.source == Source::Embedded
    }

    /// Whether it is what one of several processes saw of a run that they shared.
    #[must_use]
    pub fn is_part(&self) -> bool {
        self.source == Source::Part
    }

    /// Whether it is still going on.
    #[must_use]
    pub const fn is_going_on(&self) -> bool {
        !matches!(self.status.phase, Phase::Over | Phase::Failed)
    }

    /// What was really done to it, so far.
    #[must_use]
    pub const fn script(&self) -> &Script {
        &self.script
    }

    /// As far as it has come.
    #[must_use]
    pub fn so_far(&self) -> Live {
        let (trace, script, status) = match &self.origin {
            Origin::Running(handle) => handle.so_far(),
            Origin::Recorded(live) => return live.clone(),
        };
        let script = if *script == *self.script { Arc::clone(&self.script) } else { script.into() };
        let is_over = matches!(status.phase, Phase::Over | Phase::Failed);
        Live { until: status.now, trace, script, is_over }
    }
}

impl App {
    /// The live run that is shown, if one is.
    #[must_use]
    pub const fn live(&self) -> Option<&Living> {
        self.live.as_ref()
    }

    /// Whether a live run was recorded that can be shown.
    #[must_use]
    pub const fn has_recording(&self) -> bool {
        self.desk.live.is_some()
    }

    /// Whether what is done now is really done, to a live run as it goes on.
    #[must_use]
    pub fn acts_live(&self) -> bool {
        let at_the_edge = self.run.progress.head.since(self.playback.at) <= FAR_BEHIND;
        self.branch().id == MAIN
            && self.live.as_ref().is_some_and(|it| it.is_going_on() && it.follows)
            && (self.playback.playing || at_the_edge)
    }

    /// Runs the shown variant live, from its beginning.
    pub(super) fn go_live(&mut self, place: Where) {
        let model = Arc::clone(&self.shown().model);
        let seed = self.seed.unwrap_or(model.seed);
        let options = live::Options { broker: place.clone(), ..live::Options::new(seed) };
        // The one that goes on ends first: two would be in each other's way.
        self.record_so_far();
        if self.desk.live.is_some() && self.desk.is_unsaved {
            // One session has one recording: the one before is kept, and offered.
            self.put_aside();
        }
        self.stop_showing_live();
        let handle = match live::start(Arc::clone(&model), &options) {
            Ok(handle) => handle,
            Err(error) => return self.say(error.to_string(), true),
        };
        // An address with a name or a password in it is written down nowhere.
        if let Where::Nats(url) = &place
            && !url.contains('@')
        {
            self.settings.nats.clone_from(url);
        }
        self.remember_ladders();
        self.show_living(
            seed,
            Living {
                origin: Origin::Running(handle),
                source: if place == Where::Embedded { Source::Embedded } else { Source::Remote },
                place: place.name(),
                status: Status::default(),
                follows: true,
                script: Script::default(),
                told: (0, Time::ZERO, false),
            },
        );
        self.follow_now();
    }

    /// Shows the live run that the session has, as it was recorded.
    pub(super) fn show_recording(&mut self) {
        let Some(recorded) = self.desk.live.clone() else { return };
        let variants = &self.scenario.variants;
        let Some(variant) = variants.iter().position(|it| it.name == recorded.variant) else {
            return;
        };
        self.stop_showing_live();
        self.variant = variant;
        self.made.variant.clone_from(&recorded.variant);
        let trace = recorded.trace;
        let status = Status {
            phase: Phase::Over,
            now: trace.end(),
            inputs: trace.len() as u64,
            lost: trace.lost(),
            connected: true,
            ..Status::default()
        };
        let told = (trace.len(), trace.end(), true);
        let (source, script) = (trace.source(), Script::from(recorded.script));
        let live = Live { until: trace.end(), trace, script: Arc::clone(&script), is_over: true };
        self.show_living(
            recorded.seed,
            Living {
                origin: Origin::Recorded(live),
                source,
                place: "recorded".to_owned(),
                status,
                follows: false,
                script: Arc::clone(&script),
                told,
            },
        );
        if let Some(session::Futures { tree, shown, .. }) = recorded.futures {
            self.made.live = Some(Futures { tree, shown });
            self.forget_other_futures();
        }
        self.show_what_was_done(&script);
    }

    fn show_living(&mut self, seed: u64, living: Living) {
        let model = Arc::clone(&self.shown().model);
        let run = Run::live(model, seed, living.so_far(), Arc::clone(&self.wake));
        self.live = Some(living);
        self.made.live = Some(Futures::default());
        self.forget_other_futures();
        self.desk.run_of = None;
        self.show_run(run);
    }

    /// The playhead goes to what happens now, and stays with it.
    pub(super) fn follow_now(&mut self) {
        let Some(living) = self.live.as_mut().filter(|it| it.is_going_on()) else { return };
        living.follows = true;
        self.switch_branch(MAIN);
        self.playback.speed = 1.0;
        self.playback.at = self.run.progress.head.back(BEHIND);
        self.playback.play(Direction::Forward, None, None);
        self.window = self.window.following(self.playback.at, self.whole());
    }

    /// Ends the live run, in order: sources stop, and what is under way comes to its end. Asked
    /// again, at once.
    pub(super) fn stop_live(&mut self) {
        if let Some(Living { origin: Origin::Running(handle), .. }) = &self.live {
            handle.stop();
        }
    }

    /// The what-ifs of the live run that the session has, if there are any.
    pub(super) fn futures_of_live(&self) -> Option<session::Futures> {
        let recorded = self.desk.live.as_ref()?;
        let Some(Futures { tree, shown }) = self.made.live.as_ref().filter(|_| self.live.is_some())
        else {
            return recorded.futures.clone();
        };
        let (tree, shown, ran) = (tree.clone(), *shown, BTreeMap::new());
        (tree.branches().count() > 1).then_some(session::Futures { tree, shown, ran })
    }

    /// What is shown is no live run any more.
    pub(super) fn stop_showing_live(&mut self) {
        let futures = self.futures_of_live();
        if let Some(recorded) = &mut self.desk.live {
            recorded.futures = futures;
        }
        self.live = None;
        if self.made.live.take().is_some() {
            self.forget_other_futures();
        }
    }

    /// What could be taken back was of another run than the one that is shown now.
    fn forget_other_futures(&mut self) {
        let live = self.made.live.clone();
        self.undo.change_all(|made| super::Made { live: live.clone(), ..made.clone() });
    }

    /// What there is by now of a live run is of the session: it is over, about to be let go, or
    /// saved.
    pub(super) fn record_so_far(&mut self) {
        let Some(living) = &self.live else { return };
        let Origin::Running(_) = &living.origin else { return };
        let live = living.so_far();
        let has_failed = living.status.phase == Phase::Failed;
        let is_recorded =
            self.desk.live.as_ref().is_some_and(|it| it.trace.len() == live.trace.len());
        if has_failed || live.trace.is_empty() || is_recorded {
            return;
        }
        // Taken in once more it says what it came to: a million inputs take a fraction of a second.
        let trace = live.trace.fitting();
        let mut world = World::live(Arc::clone(&self.run.base), self.run.seed, living.source);
        world.retrace(&trace, &live.script, &mut ());
        let end = Rung { at: world.now(), records: world.record_count(), digest: world.digest() };
        let variants = &mut self.scenario.variants.iter();
        let Some(variant) = variants.find(|it| Arc::ptr_eq(&it.model, &self.run.base)) else {
            return;
        };
        let (variant, seed, script) = (variant.name.clone(), self.run.seed, live.script.to_vec());
        let (part, futures) = (None, None);
        self.desk.live = Some(session::Live { variant, seed, trace, script, end, part, futures });
        self.keep_work();
    }

    /// Does something to the live run now.
    pub(super) fn act_live(&mut self, act: Act) {
        let Some(Living { origin: Origin::Running(handle), .. }) = &self.live else { return };
        let done = done_words(self.model(), &act);
        handle.act(act);
        self.say(format!("{done} · live"), false);
    }

    /// Each tick: hears how the live run is going, and tells the worker.
    pub(super) fn hear_of_live(&mut self) {
        let Some(living) = &mut self.live else { return };
        let Origin::Running(handle) = &living.origin else { return };
        let mut status = handle.status();
        if handle.is_over() && !matches!(status.phase, Phase::Over | Phase::Failed) {
            status.phase = Phase::Over;
            status.trouble = Some(
                "the live run broke down, which is a mistake of this program; what came in until \
                 then is kept"
                    .to_owned(),
            );
        }
        let before = std::mem::replace(&mut living.status, status);
        if before.phase == Phase::Over {
            return;
        }
        let live = living.so_far();
        let acted = (live.script != living.script).then(|| Arc::clone(&live.script));
        let told = (live.trace.len(), live.until, live.is_over);
        if told != living.told || acted.is_some() {
            living.told = told;
            living.script = Arc::clone(&live.script);
            self.run.grow(live);
        }
        let (trouble, phase) = (living.status.trouble.clone(), living.status.phase);
        if let Some(script) = acted {
            self.show_what_was_done(&script);
        }
        if trouble != before.trouble {
            match trouble {
                Some(what) => self.say(sentence(&what), true),
                None => self.say("The broker can be reached again.".to_owned(), false),
            }
        }
        if phase == Phase::Failed && before.phase != Phase::Failed {
            // What it would have shown is nothing.
            self.restart();
        } else if phase == Phase::Over {
            self.playback.playing = false;
            self.record_so_far();
        }
    }

    /// What was really done is what the first branch has.
    fn show_what_was_done(&mut self, script: &Script) {
        let steps: Vec<Step> =
            script.iter().map(|it| Step { intervention: it.clone(), is_on: true }).collect();
        let put = |made: &mut super::Made| {
            if let Some(futures) = &mut made.live {
                futures.tree.set_own(MAIN, steps.clone());
            }
        };
        put(&mut self.made);
        self.undo.change_all(|made| {
            let mut made = made.clone();
            put(&mut made);
            made
        });
        self.show_made();
    }

    /// Each tick, after time has passed: the playhead stays with what happens now, if it is there.
    pub(super) fn stay_with_live(&mut self) {
        let follows = self.branch().id == MAIN
            && self.live.as_ref().is_some_and(|it| it.follows && it.is_going_on());
        let head = self.run.progress.head;
        if follows && self.playback.playing && head.since(self.playback.at) > FAR_BEHIND {
            self.playback.at = head.back(BEHIND);
        }
    }

    /// The playhead was moved by hand: it does not follow any more.
    pub(super) const fn leave_live_edge(&mut self) {
        if let Some(living) = &mut self.live {
            living.follows = false;
        }
    }
}

/// As a sentence of its own.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |it| it.to_uppercase().collect::<String>() + letters.as_str())
}
