//! Sessions in the window: what is open, whether it is saved, what is kept of it while one works,
//! and what is to be said of all that.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::history::{Compared, LadderCheck, Pending, Rung, Tree};
use crate::model::{Script, Time};
use crate::session::{self, ENDING, Live, PROGRAM, Ran, Session};

use super::keeper::{Keeper, News, NotSaved};
use super::made::Places;
use super::marks::Mark;
use super::slot::Slot;
use super::state::App;

/// What is open, and what is kept of it.
#[derive(Default)]
pub struct Desk {
    /// The session's file, once it has one.
    pub file: Option<PathBuf>,
    /// Whether there is something that would be lost if it were not kept.
    pub is_unsaved: bool,
    /// What is to be said, until somebody has read it.
    pub notices: Vec<Notice>,
    /// What was made earlier and is not saved, the one that is offered first.
    pub left: Vec<Left>,
    /// What stands in the file, as it was read or written last.
    pub(super) mark: Option<u64>,
    /// What was made, as it is saved; `None` if it is not.
    pub(super) saved: Option<Work>,
    /// What was made, as it is kept.
    pub(super) kept: Option<Work>,
    /// What is being saved, in the order in which it was asked for.
    pub(super) saving: VecDeque<Work>,
    /// Where nodes stand that only other variants of a session have.
    pub(super) layout: BTreeMap<String, (f32, f32)>,
    /// The live run that the session is of, which stays in it.
    pub(super) live: Option<Live>,
    /// How runs go of which the file, or an earlier look, says so.
    pub(super) ran: Vec<RanOf>,
    /// Of which variant the run is that is shown.
    pub(super) run_of: Option<String>,
    pub(super) checks: Vec<Check>,
    /// Branches that part from what the file says, by where they do and who wrote it.
    pub(super) parted: Vec<(Vec<String>, (Time, Time, String))>,
    pub(super) keeper: Option<Keeper>,
    pub(super) slot: Option<Slot>,
    pub(super) folder: Option<PathBuf>,
    pub(super) is_keeping_in_vain: bool,
}

/// Something that is said over the window until somebody has read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// This, and more when one asks.
    Text {
        /// What.
        text: String,
        /// More of it.
        more: String,
    },
    /// A run of the session that is open goes another way than its file says.
    Parted {
        /// Which, and where, in a sentence or two.
        text: String,
        /// What that means for the file.
        more: String,
    },
    /// A session was not saved.
    NotSaved {
        /// Where something else is, if that is why.
        there: Option<PathBuf>,
        /// Why, and what can be done, in a sentence or two.
        text: String,
    },
}

/// What was made earlier.
#[derive(Debug)]
pub struct Left {
    /// Why it is there, in a sentence.
    pub text: String,
    pub(super) session: Box<Session>,
    pub(super) slot: Slot,
}

/// What was made, without where one stands in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Work {
    futures: BTreeMap<String, Tree>,
    /// The live run that was recorded: what it came to.
    live: Option<Rung>,
    /// Its what-ifs.
    what_ifs: Option<Tree>,
    marks: Vec<Mark>,
    places: Places,
    seed: Option<u64>,
}

pub(super) struct RanOf {
    pub(super) variant: String,
    pub(super) seed: u64,
    pub(super) script: Script,
    pub(super) ran: Ran,
    pub(super) is_checked: bool,
}

pub(super) struct Check {
    branch: String,
    script: Script,
    program: String,
    pending: Pending<Compared>,
}

impl App {
    /// What the window is called.
    #[must_use]
    pub fn title(&self) -> String {
        let mark = if self.desk.is_unsaved { "• " } else { "" };
        let title = &self.scenario.title;
        match &self.desk.file {
            Some(file) => format!("{mark}{} – {title} – inflight", super::sessions::name_of(file)),
            None => format!("{mark}{title} – inflight"),
        }
    }

    /// What a session would be called that has no file.
    #[must_use]
    pub fn usual_file(&self) -> String {
        match &self.desk.file {
            Some(file) => file.display().to_string(),
            None => format!("{}.{ENDING}", self.scenario.name),
        }
    }

    /// Begins to keep what is made in this folder, and finds what was left there.
    pub(super) fn keep_in(&mut self, folder: PathBuf) {
        let claimed = Slot::claim(&folder);
        self.desk.folder = Some(folder);
        match claimed {
            Ok((slot, left)) => {
                self.desk.slot = Some(slot);
                for slot in left {
                    self.find_left(slot);
                }
            }
            Err(error) => self.say_not_kept(&error.to_string()),
        }
    }

    fn find_left(&mut self, slot: Slot) {
        let path = slot.path.display().to_string();
        let text = match std::fs::read_to_string(&slot.path) {
            Ok(text) => text,
            Err(error) => {
                let text = format!("What was kept in {path} cannot be read: {error}.");
                return self.notice(text, String::new());
            }
        };
        match session::read(&text, &path) {
            Ok(session) => {
                let of = &session.scenario.title;
                let closed = session.kept.as_ref().is_some_and(|it| it.closed);
                let text = if closed {
                    format!(
                        "What you made of “{of}” was not saved when Inflight was closed. It is kept."
                    )
                } else {
                    format!("Inflight ended unexpectedly. What you made of “{of}” is kept.")
                };
                self.desk.left.push(Left { text, session: Box::new(session), slot });
            }
            Err(problems) => {
                let text = format!("What was kept in {path} cannot be read; it stays there.");
                self.notice(text, problems.render(false));
            }
        }
    }

    pub(super) fn notice(&mut self, text: String, more: String) {
        self.put_notice(Notice::Text { text, more });
    }

    fn put_notice(&mut self, notice: Notice) {
        if !self.desk.notices.contains(&notice) {
            self.desk.notices.push(notice);
        }
    }

    /// Says once that what is made cannot be kept.
    pub(super) fn say_not_kept(&mut self, why: &str) {
        if std::mem::replace(&mut self.desk.is_keeping_in_vain, true) {
            return;
        }
        let folder = self.desk.folder.as_deref().unwrap_or(Path::new("."));
        let text = format!(
            "What you make cannot be kept in {}: {why}. Save it elsewhere with Ctrl Shift S; \
             keeping it is tried again.",
            folder.display()
        );
        self.notice(text, String::new());
    }

    pub(super) fn keeper(&mut self) -> &Keeper {
        let wake = Arc::clone(&self.wake);
        self.desk.keeper.get_or_insert_with(|| Keeper::new(wake))
    }

    pub(super) fn work(&self) -> Work {
        let trees =
            self.made.futures.iter().map(|(variant, it)| (variant.clone(), it.tree.clone()));
        let is_made =
            |tree: &Tree| tree.branches().any(|it| it.parent.is_some() || !it.own.is_empty());
        Work {
            futures: trees.filter(|(_, tree)| is_made(tree)).collect(),
            live: self.desk.live.as_ref().map(|it| it.end),
            what_ifs: self.futures_of_live().map(|it| it.tree),
            marks: self.made.marks.list().to_vec(),
            places: self.made.places.clone(),
            seed: self.seed,
        }
    }

    /// Sees to it that what was made is kept. Where nodes stand is remembered with the scenario;
    /// of that alone nothing is kept but in a session.
    pub(super) fn keep_work(&mut self) {
        let work = self.work();
        let is_made = !work.futures.is_empty() || !work.marks.is_empty() || work.live.is_some();
        let is_worth_it = self.desk.file.is_some() || is_made;
        let is_unsaved = is_worth_it && self.desk.saved.as_ref() != Some(&work);
        self.desk.is_unsaved = is_unsaved;
        let now = is_unsaved.then_some(work);
        if now == self.desk.kept {
            return;
        }
        self.desk.kept = now;
        let path = self.desk.slot.as_ref().map(|it| it.path.clone());
        match path {
            Some(path) if is_unsaved => {
                let session = self.session_to_keep(false);
                self.keeper().keep(&path, session);
            }
            Some(path) => self.keeper().forget(&path),
            // What could not be had before may be there now.
            None if is_unsaved => {
                let claimed = self.desk.folder.as_deref().map(Slot::claim);
                if let Some(Ok((slot, _))) = claimed {
                    self.desk.slot = Some(slot);
                    self.desk.is_keeping_in_vain = false;
                    self.desk.kept = None;
                    self.keep_work();
                }
            }
            None => {}
        }
    }

    /// Another run is about to be shown: how those go that were shown is remembered.
    pub(super) fn remember_ladders(&mut self) {
        self.desk.checks.clear();
        self.desk.parted.clear();
        let Some(variant) = self.desk.run_of.take() else { return };
        let seed = self.run.seed;
        let Some(futures) = self.made.futures.get(&variant) else { return };
        for branch in futures.tree.branches() {
            let script = futures.tree.script(branch.id);
            let (progress, _) = self.run.progress_of(&script);
            if progress.done {
                let ran = Ran { program: PROGRAM.to_owned(), ladder: progress.ladder };
                self.desk.ran.retain(|it| !it.is_of(&variant, seed, &script) || !it.is_checked);
                if !self.desk.ran.iter().any(|it| it.is_of(&variant, seed, &script)) {
                    let variant = variant.clone();
                    self.desk.ran.push(RanOf { variant, seed, script, ran, is_checked: true });
                }
            }
        }
    }

    /// Asks whether the runs that are shown go as the file says, first the one that is seen.
    pub(super) fn compare_ladders(&mut self) {
        let Some(futures) = self.made.futures.get(&self.made.variant) else { return };
        let seed = self.run.seed;
        let branches = futures.tree.branches();
        let mut branches: Vec<_> =
            branches.map(|it| (it.id, it.name.clone(), futures.tree.script(it.id))).collect();
        branches.sort_by_key(|(id, ..)| *id != futures.shown);
        for (_, branch, script) in branches {
            let known = self
                .desk
                .ran
                .iter()
                .find(|it| !it.is_checked && it.is_of(&self.made.variant, seed, &script));
            if let Some(RanOf { ran, .. }) = known {
                let check = LadderCheck::new(Arc::clone(&script), (*ran.ladder).clone());
                let pending = self.run.inquire(check);
                let program = ran.program.clone();
                self.desk.checks.push(Check { branch, script, program, pending });
            }
        }
    }

    /// Takes what the comparisons have found, and what the keeper says.
    pub(super) fn see_to_desk(&mut self) {
        let mut found = Vec::new();
        self.desk.checks.retain(|check| {
            // In this order: what is told between the two is not missed.
            let is_over = check.pending.is_over();
            let answer = check.pending.take();
            let is_open = answer.is_none() && !is_over;
            found.extend(
                answer.map(|it| {
                    (check.branch.clone(), check.script.clone(), check.program.clone(), it)
                }),
            );
            is_open
        });
        for (branch, script, program, compared) in found {
            for it in &mut self.desk.ran {
                it.is_checked |= it.variant == self.made.variant && it.script == script;
            }
            if let Compared::Parted { after, by } = compared {
                let place =
                    self.desk.parted.iter().position(|it| it.1 == (after, by, program.clone()));
                match place {
                    Some(place) => self.desk.parted[place].0.push(branch),
                    None => self.desk.parted.push((vec![branch], (after, by, program))),
                }
            }
        }
        // One notice for all that part at the same place: what they have in common.
        if self.desk.checks.is_empty() {
            for (branches, (after, by, program)) in std::mem::take(&mut self.desk.parted) {
                let more = "The run that is shown is the one of this version. The file stays as \
                            it is until you save the session."
                    .to_owned();
                let text = parted_text(&branches, after, by, &program);
                self.put_notice(Notice::Parted { text, more });
            }
        }
        let news = self.desk.keeper.as_ref().map(Keeper::news).unwrap_or_default();
        for news in news {
            self.hear(news);
        }
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Kept => self.desk.is_keeping_in_vain = false,
            News::NotKept(_, why) => self.say_not_kept(&why),
            News::Saved(path, mark) => {
                self.say(format!("Saved as {}.", path.display()), false);
                self.desk.saved = self.desk.saving.pop_front();
                self.desk.mark = Some(mark);
                self.settings.remember_file(&path);
                if self.desk.file.as_ref() != Some(&path) || self.watch.is_none() {
                    self.watch_path(&path);
                }
                self.desk.file = Some(path);
                self.keep_work();
            }
            News::NotSaved(path, why) => {
                self.desk.saving.pop_front();
                let name = path.display();
                let there = (!matches!(why, NotSaved::Failed(_))).then(|| path.clone());
                let text = match why {
                    NotSaved::Changed if self.desk.file.as_ref() == Some(&path) => format!(
                        "{name} was changed by somebody else since it was read. Nothing is saved."
                    ),
                    NotSaved::Changed => format!("{name} is another session. Nothing is saved."),
                    NotSaved::NoSession => {
                        format!("{name} is no session that can be read. Nothing is saved.")
                    }
                    NotSaved::Failed(why) => format!(
                        "{name} cannot be saved: {why}. Nothing there was changed. Save it \
                         elsewhere with Ctrl Shift S, or make room and try again."
                    ),
                };
                self.desk.notices.retain(|it| !matches!(it, Notice::NotSaved { .. }));
                self.desk.notices.push(Notice::NotSaved { there, text });
            }
        }
    }

    /// The program ends: what is not saved is kept, and offered when it begins again.
    pub fn leave(&mut self) {
        self.record_so_far();
        if self.is_saving()
            && let Some(keeper) = self.desk.keeper.take()
        {
            for news in keeper.finish() {
                self.hear(news);
            }
        }
        self.keep_work();
        let path = self.desk.slot.as_ref().map(|it| it.path.clone());
        if let Some(path) = path {
            if self.desk.is_unsaved {
                let session = self.session_to_keep(true);
                self.keeper().keep_now(&path, session);
            } else {
                self.keeper().forget(&path);
            }
        }
        self.desk.keeper = None;
    }
}

impl RanOf {
    pub(super) fn is_of(&self, variant: &str, seed: u64, script: &Script) -> bool {
        self.variant == variant && self.seed == seed && self.script == *script
    }
}

/// Where the runs of branches part from what a file says of them.
#[must_use]
pub fn parted_text(branches: &[String], after: Time, by: Time, program: &str) -> String {
    let names: Vec<_> = branches.iter().map(|it| format!("“{it}”")).collect();
    let (of, go, they) = match names.len() {
        1 => ("Branch", "goes another way than when it was", "the two"),
        _ => ("Branches", "go another way than when they were", "they"),
    };
    format!(
        "{of} {} {go} saved: {they} part between {after} and {by}. The file was written by \
         inflight {program}; this is {PROGRAM}.",
        names.join(", ")
    )
}
