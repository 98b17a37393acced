//! A run that can be looked at anywhere: its film shows every scene, its checkpoints are moments
//! to go on from.
//!
//! What is kept keeps to a budget; that changes how long a question takes, and no answer. What is too
//! much for memory is put by, the oldest first, and read back whenever it is asked for; what logs
//! keep, of fewer checkpoints, since it is much. If there is no room for that either, there are fewer
//! checkpoints and frames, and at last no film: then any span is simulated again when somebody looks
//! there, since the world is deterministic, and filmed where somebody goes to and fro.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use crate::model::{Event, Intervention, Model, Script, Span, Time};
use crate::sim::{Room, World};

use super::budget::Budget;
use super::course::{Course, Live};
use super::film::Film;
use super::frame::Shot;
use super::kept::{Held, Kept, own_room};
use super::ladder::{Growing, Ladder};
use super::moment::{Moment, Told, Walk};
use super::overview::Overview;
use super::scene::{Scene, TAIL_EVENTS};
use super::trail::Trail;

/// How many records lie between two checkpoints at least: some fifth of a millisecond of
/// simulation.
const LEAST_SPACING: u64 = 2_048;

/// A checkpoint is made when several times as many records have gone by as packing it costs: one
/// for so many bytes.
const BYTES_A_RECORD: u64 = 32;

/// What logs keep is put by with a checkpoint only if as many records have gone by since the one
/// before as that costs: one for so many bytes. Else the checkpoint is let go.
const LOG_BYTES_A_RECORD: u64 = 64;

/// A future simulates so many records before it makes a checkpoint of its own: its first scene is
/// not to wait for that.
const BEFORE_CHECKPOINT: u64 = 8_192;

/// How many records a block of a film has: some forty microseconds of folding.
const BLOCK_RECORDS: u64 = 2_048;

/// A film may take half of the rest. On disk the checkpoints may take what it does not.
const FILM_PART: usize = 2;

/// In memory it has at least so small a part, if what is more can be put by.
const LEAST_FILM_PART: usize = 8;

/// Where there is no film, spans near the playhead are filmed: at most so many, in so small a part
/// of the budget.
const NEAR_FILMS: usize = 16;
const NEAR_PART: usize = 16;

/// A run, simulated up to its head.
pub struct Run {
    course: Course,
    checkpoints: Vec<Held<Kept>>,
    /// The records that lie between two of them now.
    spacing: u64,
    /// How many records there are at the next one at least.
    earliest: u64,
    /// What those of them take that are not another run's.
    held: Room,
    /// What it has let go that counted as this run's, and that others have.
    orphans: BTreeSet<usize>,
    /// All of it, unless that has outgrown the budget.
    film: Option<Film>,
    block_records: u64,
    /// Spans near the last questions, if there is no film of it all.
    near: VecDeque<Film>,
    budget: Budget,
    /// Whether something could not be put by for which the budget had room.
    is_disk_full: bool,
    head: Moment,
    /// The last answer: the next question is likely to be near.
    shot: Option<Shot>,
    /// Where a world was needed last.
    cursor: Option<Moment>,
    /// After which checkpoint the last question was.
    asked_after: usize,
    overview: Overview,
    ladder: Growing,
}

/// A checkpoint of a run whose last one is this.
fn checkpoint(moment: &mut Moment, last: Option<&Held<Kept>>) -> Held<Kept> {
    let kept = Kept::of(moment);
    let room = kept.room_after(last.map(|it| &*it.it));
    Held::new(kept, room)
}

/// The latest of these moments, the first of which is in memory, that can be read back.
fn latest(kept: &[Held<Kept>]) -> Moment {
    let there = kept.iter().rev().find_map(|it| it.it.moment());
    there.expect("the first is never put by")
}

/// A scene, and for how long it is the scene.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Of which future of the run.
    pub script: Script,
    /// What the world is a world of at that instant: its model with whatever was changed in it
    /// until then.
    pub model: Arc<Model>,
    /// The scene at the instant that was asked for.
    pub scene: Arc<Scene>,
    /// The first instant at which it may be another; [`Time::MAX`] if there is none.
    pub valid_until: Time,
    /// What the events carry that can be pointed at in this scene; `None` while that is not known,
    /// which takes longer than the scene.
    pub events: Option<Arc<[Event]>>,
}

/// Of how many messages in flight an answer tells what they carry: more than can be told apart.
const MOST_EVENTS: usize = 2_048;

impl Run {
    /// How much memory a run may hold unless it is told otherwise, in bytes.
    pub const BUDGET_BYTES: usize = 512 << 20;

    /// A run of which nothing is simulated yet.
    #[must_use]
    pub fn new(model: Arc<Model>, seed: u64) -> Self {
        Self::with_script(model, seed, Script::default(), Self::BUDGET_BYTES)
    }

    /// A run to which this is done, and which may hold so much.
    #[must_use]
    pub fn with_script(
        model: Arc<Model>,
        seed: u64,
        script: Script,
        budget: impl Into<Budget>,
    ) -> Self {
        Self::of(model, seed, script.into(), budget.into())
    }

    /// A run that is told this from outside, and which may hold so much.
    #[must_use]
    pub fn of(model: Arc<Model>, seed: u64, course: Course, budget: Budget) -> Self {
        let mut head = Moment::new(course.world(model, seed));
        let first = checkpoint(&mut head, None);
        Self {
            course,
            held: first.room,
            checkpoints: vec![first],
            spacing: LEAST_SPACING,
            earliest: 0,
            orphans: BTreeSet::new(),
            film: Some(Film::new(&head, BLOCK_RECORDS)),
            block_records: BLOCK_RECORDS,
            near: VecDeque::new(),
            budget,
            is_disk_full: false,
            head,
            shot: None,
            cursor: None,
            asked_after: 0,
            overview: Overview::default(),
            ladder: Growing::default(),
        }
    }

    /// The same run with checkpoints and frames at least this many records apart, which changes no
    /// answer.
    #[must_use]
    pub fn spaced(mut self, records: u64) -> Self {
        (self.spacing, self.block_records) = (records.max(1), records.max(1));
        self.film = Some(Film::new(&self.head, self.block_records));
        self
    }

    /// What is done to it.
    #[must_use]
    pub const fn script(&self) -> &Script {
        self.course.script()
    }

    /// What it is told from outside.
    #[must_use]
    pub const fn course(&self) -> &Course {
        &self.course
    }

    /// The live run that it is or was has come further.
    pub(super) fn grow(&mut self, live: &Live) {
        self.course = Course::new(Arc::clone(self.course.script()), Some(live));
    }

    /// The world at the head.
    #[must_use]
    pub const fn head(&self) -> &World {
        &self.head.world
    }

    /// The instant of the next thing after the head; `None` if there is nothing.
    #[must_use]
    pub fn next_at(&self) -> Option<Time> {
        self.head.next_at(&self.course)
    }

    /// How much happened when, up to the head.
    #[must_use]
    pub fn overview(&self) -> Overview {
        let mut overview = self.overview.clone();
        overview.set_now(&self.head.totals);
        overview
    }

    /// Its digest at instants all along it, up to the head; with its end, if nothing is left to be
    /// simulated up to and including that.
    #[must_use]
    pub fn ladder(&self, until: Time) -> Ladder {
        let is_there = self.next_at().is_none_or(|next| next > until);
        self.ladder.ladder(is_there.then_some(until), &self.head.world)
    }

    /// About how much memory it holds, in bytes.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.held().memory
    }

    /// About how much room it takes.
    #[must_use]
    pub fn held(&self) -> Room {
        self.held + self.film_room() + Room::of_memory(self.near_bytes() + self.cursor_bytes())
    }

    /// How much of that is its film.
    pub(super) fn film_room(&self) -> Room {
        self.film.as_ref().map_or(Room::default(), Film::room)
    }

    /// What the world of the last question has in its logs that the head does not, if that is much:
    /// it may have been read back for it.
    fn cursor_bytes(&self) -> usize {
        let Some(Moment { world, .. }) = &self.cursor else { return 0 };
        let shared = world.sealed_shared_bytes(&self.head.world);
        let alone = world.sealed_apart_bytes(None).saturating_sub(shared);
        if alone > self.budget.counted().memory / NEAR_PART { alone } else { 0 }
    }

    fn near_bytes(&self) -> usize {
        self.near.iter().map(|it| it.room().memory).sum()
    }

    /// Whether something could not be put by for which the budget had room.
    #[must_use]
    pub const fn is_disk_full(&self) -> bool {
        self.is_disk_full
    }

    /// Gives it another budget.
    pub fn set_budget(&mut self, budget: impl Into<Budget>) {
        self.budget = budget.into();
        self.is_disk_full = false;
        self.thin();
    }

    /// The same run with something else done to it: what both have in common is shared, and the
    /// head stands where they part.
    #[must_use]
    pub fn fork(&self, course: Course) -> Self {
        let common = common_prefix(self.script(), course.script());
        // The first thing that is done in one of them only: from that instant on they may differ.
        let of = |script: &[Intervention]| script.get(common).map_or(Time::MAX, |it| it.at);
        let part = of(self.script()).min(of(course.script()));
        let shared = |told: Told, now: Time| {
            let is_as_live = match told.left {
                None => course.source().is_none() || now <= course.leaves(),
                Some(left) => left == course.leaves(),
            };
            told.done <= common && now <= part && is_as_live
        };
        let is_shared = |it: &Kept| shared(it.told(), it.now());
        let kept = self.checkpoints.iter().take_while(|it| is_shared(&it.it));
        let checkpoints: Vec<_> = kept.map(Held::shared).collect();
        // Where the playhead is, a future most often begins.
        let near = self.cursor.iter().chain([&self.head]);
        let near = near.filter(|it| shared(it.told(), it.world.now()));
        let last = checkpoints.last().expect("the first checkpoint is before anything was done");
        let last_records = last.it.records();
        let near = near.filter(|it| it.scene.records >= last_records);
        let near = near.max_by_key(|it| it.scene.records);
        let mut head = near.cloned().unwrap_or_else(|| latest(&checkpoints));
        if self.film.is_some() && course.source().is_none() {
            // As far as it goes the same way it is on film, and need not be filmed again.
            let same = part.min(self.head.world.now());
            if let Some(before) = same.0.checked_sub(1) {
                head.advance(&course, Time(before));
            }
        }
        let earliest = head.scene.records + BEFORE_CHECKPOINT.min(self.spacing);
        let overview = self.overview.until(head.world.now(), &head.totals);
        let ladder = self.ladder.until(head.world.now());
        Self {
            course,
            checkpoints,
            spacing: self.spacing,
            earliest,
            held: Room::default(),
            orphans: BTreeSet::new(),
            film: self.film.as_ref().and_then(|it| it.until(&head, last_records)),
            block_records: self.block_records,
            near: VecDeque::new(),
            budget: self.budget.clone(),
            is_disk_full: false,
            head,
            shot: None,
            cursor: None,
            asked_after: 0,
            overview,
            ladder,
        }
    }

    /// Simulates on, for so many records or up to and including an instant. False if nothing
    /// is left to be simulated until then.
    pub fn extend(&mut self, until: Time, records: u64) -> bool {
        let stop = self.head.scene.records + records;
        while self.head.scene.records < stop {
            let Some(next) = self.next_at().filter(|next| *next <= until) else { return false };
            let Self { overview, ladder, head, course, film, .. } = self;
            overview.come_to(next, &head.totals);
            ladder.come_to(next, &head.world);
            head.step(course, |record, _, totals| {
                overview.note(record, totals);
                if let Some(film) = film {
                    film.note(record);
                }
            });
            let last = self.checkpoints.last().map_or(0, |it| it.it.records());
            if self.head.scene.records >= self.earliest.max(last + self.spacing) {
                self.keep();
            }
            if let Some(film) = &mut self.film
                && film.come_to(&mut self.head)
            {
                self.thin();
            }
        }
        true
    }

    /// Makes a checkpoint at the head.
    fn keep(&mut self) {
        let checkpoint = checkpoint(&mut self.head, self.checkpoints.last());
        self.spacing = self.spacing.max(checkpoint.it.packed_bytes() as u64 / BYTES_A_RECORD);
        self.held += checkpoint.room;
        self.checkpoints.push(checkpoint);
        if let Some(film) = &mut self.film {
            film.pass_checkpoint(self.head.scene.records);
        }
        self.thin();
    }

    /// Whether what is too much of the film is put by.
    fn is_film_put_by(&self, budget: Room) -> bool {
        let has_room = self.film_room().disk < budget.disk / FILM_PART;
        has_room && self.budget.attic().is_some() && !self.is_disk_full
    }

    /// How much room there is for the film, or near the playhead if there is none.
    fn film_share(&self, budget: Room) -> Room {
        let part = Room { memory: budget.memory / FILM_PART, disk: budget.disk / FILM_PART };
        if self.film.is_none() {
            Room::of_memory(budget.memory / NEAR_PART)
        } else if self.is_film_put_by(budget) {
            let least = budget.memory / LEAST_FILM_PART;
            Room { memory: least.max(budget.memory.saturating_sub(self.held.memory)), ..part }
        } else {
            part
        }
    }

    /// Puts by and lets go of what is kept until that keeps to the budget.
    fn thin(&mut self) {
        let budget = self.budget.counted();
        loop {
            let (films, film) = (self.film_room(), self.film_share(budget));
            // While the film can be put by, it makes room in memory for checkpoints.
            let least = Room { memory: film.memory.min(budget.memory / LEAST_FILM_PART), ..film };
            let is_put_by = self.is_film_put_by(budget);
            let mut rest = budget.without(if is_put_by { least } else { film });
            rest.disk = budget.disk.saturating_sub(films.disk);
            if self.held.disk > rest.disk && self.has_film_thinned() {
                // Its frames are the first to go: those of the checkpoints are there, too.
            } else if !self.held.fits(rest) && !self.has_few_checkpoints() {
                self.shrink_checkpoints(self.held.disk < rest.disk);
            } else if !films.fits(film) {
                self.shrink_film(films.disk < film.disk);
            } else {
                break;
            }
        }
        while self.near.len() > NEAR_FILMS || self.near_bytes() > budget.memory / NEAR_PART {
            self.near.pop_front();
        }
    }

    /// Whether its film has let every other frame go, which it does if that helps.
    fn has_film_thinned(&mut self) -> bool {
        let Self { film, orphans, .. } = self;
        film.as_mut().is_some_and(|it| it.has_frames_away() && it.thin(orphans))
    }

    /// The film shall take less: some of it is put by, if there is room for that; or it has fewer
    /// frames, or is let go.
    pub(super) fn shrink_film(&mut self, is_room: bool) {
        let Some(film) = &mut self.film else { return };
        let is_room = is_room && !self.is_disk_full && !film.is_away();
        let attic = self.budget.attic().filter(|_| is_room);
        let is_put_by = attic.is_some_and(|it| film.put_by(it));
        self.is_disk_full |= attic.is_some() && !is_put_by;
        if !is_put_by && !film.thin(&mut self.orphans) {
            self.orphans.extend(film.lent());
            self.film = None;
        }
    }

    /// The checkpoints shall take less: the oldest that is in memory is put by, if there is room for
    /// it; or one is let go.
    pub(super) fn shrink_checkpoints(&mut self, is_room: bool) {
        // Whatever becomes of the others, the first is there.
        let head = &self.head.world;
        let can = |it: &Held<Kept>| it.is_own && it.it.can_be_put_by(head);
        let here = self.checkpoints.iter().skip(1).position(can);
        let is_room = is_room && !self.is_disk_full;
        match (self.budget.attic().filter(|_| is_room), here.map(|it| it + 1)) {
            (Some(_), Some(place)) if self.is_too_near(place) => self.let_go(place),
            (Some(attic), Some(place)) => {
                let is_put_by = self.checkpoints[place].it.put_by(attic, head);
                // The next one may have shared with it what it has alone now.
                for place in place..self.checkpoints.len().min(place + 2) {
                    self.count_again(place);
                }
                if !is_put_by {
                    self.is_disk_full = true;
                    self.thin_checkpoints();
                }
            }
            _ => self.thin_checkpoints(),
        }
    }

    /// The checkpoint of this place takes another room than it did.
    fn count_again(&mut self, place: usize) {
        let (earlier, later) = self.checkpoints.split_at_mut(place);
        let it = &mut later[0];
        self.held -= it.own_room();
        it.room = it.it.room_after(earlier.last().map(|it| &*it.it));
        self.held += it.own_room();
    }

    /// Whether there is no more than the fewest checkpoints that it can do with.
    pub(super) const fn has_few_checkpoints(&self) -> bool {
        self.checkpoints.len() <= 2
    }

    /// Whether there is a film of it all.
    pub(super) const fn is_filmed(&self) -> bool {
        self.film.is_some()
    }

    /// Lets go what is kept near the playhead.
    pub(super) fn forget_near(&mut self) {
        self.near.clear();
        self.cursor = None;
    }

    /// Lets go the checkpoint whose neighbours are nearest to each other, unless they are few: the
    /// oldest of those. Runs that share all of them let the same go.
    fn thin_checkpoints(&mut self) {
        let gap = |it: &[Held<Kept>]| it[2].it.records() - it[0].it.records();
        let gaps = self.checkpoints.windows(3).map(gap).enumerate();
        let Some((before, gap)) = gaps.min_by_key(|(_, gap)| *gap) else { return };
        // New ones as far from each other as the old ones are by now.
        self.spacing = self.spacing.max(gap / 2);
        self.let_go(before + 1);
    }

    /// Whether a checkpoint is too near to the one before for what its logs keep to be put by.
    fn is_too_near(&self, place: usize) -> bool {
        let (before, it) = (&self.checkpoints[place - 1].it, &self.checkpoints[place].it);
        let worth = it.logs_alone(&self.head.world) as u64 / LOG_BYTES_A_RECORD;
        place + 1 < self.checkpoints.len() && it.records() - before.records() < worth
    }

    /// Lets the checkpoint of this place go, which is neither the first nor the last.
    fn let_go(&mut self, place: usize) {
        let gone = self.checkpoints.remove(place);
        self.held -= gone.own_room();
        if gone.is_lent() {
            self.orphans.insert(gone.key());
        }
        // What it shared with the next is held by that alone.
        self.count_again(place);
        if let Some(film) = &mut self.film {
            film.take_over(Arc::clone(gone.it.frame()), gone.is_own);
        }
    }

    /// What it has let go that counted as this run's and that others have; is asked for once.
    pub(super) fn take_orphans(&mut self) -> BTreeSet<usize> {
        std::mem::take(&mut self.orphans)
    }

    /// The first checkpoint of its own may have had something in common with another run's that has
    /// been put by meanwhile.
    pub(super) fn count_first_own(&mut self) {
        if let Some(place) = self.checkpoints.iter().position(|it| it.is_own)
            && place > 0
        {
            self.count_again(place);
        }
    }

    /// What is kept that counts as this run's and that others have too.
    pub(super) fn lent(&self) -> impl Iterator<Item = usize> {
        let kept = self.checkpoints.iter().filter(|it| it.is_lent()).map(Held::key);
        kept.chain(self.film.iter().flat_map(Film::lent))
    }

    /// What it has of these things counts as this run's from now on, and is not among them any
    /// more.
    pub(super) fn adopt(&mut self, orphans: &mut BTreeSet<usize>) {
        let mut earlier: Option<&Held<Kept>> = None;
        for checkpoint in &mut self.checkpoints {
            checkpoint.adopt(orphans, |it| it.room_after(earlier.map(|it| &*it.it)));
            earlier = Some(checkpoint);
        }
        self.held = own_room(&self.checkpoints);
        if let Some(film) = &mut self.film {
            film.adopt(orphans);
        }
    }

    /// The latest checkpoint of those not after an instant, and its place.
    fn checkpoint_before(&self, at: Time) -> (usize, &Kept) {
        let place = self.checkpoints.partition_point(|it| it.it.now() <= at).saturating_sub(1);
        (place, &self.checkpoints[place].it)
    }

    /// A walk along the run that begins at the latest moment that is kept of those before an
    /// instant, or at the beginning.
    #[must_use]
    pub fn walk(&self, from: Time) -> Walk {
        let moment = match from.0.checked_sub(1).map(Time) {
            None => latest(&self.checkpoints[..1]),
            Some(before) => {
                let (place, kept) = self.checkpoint_before(before);
                let is_near =
                    |it: &&Moment| it.world.now() <= before && it.scene.records > kept.records();
                let near = self.cursor.as_ref().filter(is_near).cloned();
                near.unwrap_or_else(|| latest(&self.checkpoints[..=place]))
            }
        };
        Walk::new(moment, self.course.clone())
    }

    /// The moments that are kept, for several walks.
    #[must_use]
    pub fn trail(&self) -> Trail {
        let kept = self.checkpoints.iter().map(|it| Arc::clone(&it.it)).collect();
        Trail::new(self.course.clone(), kept)
    }

    /// The scene at an instant: all records up to and including it. Past the head it is the
    /// scene at the head.
    pub fn scene_at(&mut self, at: Time) -> Answer {
        // Whoever looks here twice will look nearby again, and back; whoever jumps about will not.
        let before = self.checkpoint_before(at).0;
        let stays = before.abs_diff(std::mem::replace(&mut self.asked_after, before)) <= 1;
        if at >= self.head.world.now() {
            return self.answer(&self.head);
        }
        if let Some(answer) = self.filmed(at) {
            return answer;
        }
        if self.film.as_ref().is_some_and(|it| it.last_at().is_none_or(|last| last <= at)) {
            // Nothing happens until the head.
            return self.answer(&self.head);
        }
        let moment = self.moment_at(at, stays);
        let answer = self.answer(&moment);
        self.cursor = Some(moment);
        answer
    }

    /// What the events carry that can be pointed at in the scene at an instant.
    pub fn events_at(&mut self, at: Time) -> Arc<[Event]> {
        if at >= self.head.world.now() {
            return events_of(&self.head);
        }
        let moment = self.moment_at(at, false);
        let events = events_of(&moment);
        self.cursor = Some(moment);
        events
    }

    /// The scene at an instant, if a film shows it.
    fn filmed(&mut self, at: Time) -> Option<Answer> {
        let mut last = self.shot.take().filter(|it| it.scene.at <= at);
        let kept = &**self.checkpoint_before(at).1.frame();
        let mut films = self.film.iter().chain(self.near.iter().rev());
        let (shot, valid_until) = films.find_map(|film| {
            let frame = film.frame_before(at).filter(|it| it.records() >= kept.records());
            let frame = frame.unwrap_or(kept);
            let is_near = |it: &mut Shot| {
                it.scene.records >= frame.records() && film.shows(at, it.scene.records)
            };
            let mut shot = match last.take_if(is_near) {
                Some(it) => it,
                None if film.shows(at, frame.records()) => frame.shot()?,
                None => return None,
            };
            let valid_until = film.play(&mut shot, at)?;
            Some((shot, valid_until))
        })?;
        let answer = Answer {
            script: Arc::clone(self.script()),
            model: Arc::clone(&shot.model),
            scene: Arc::clone(&shot.scene),
            valid_until,
            events: None,
        };
        self.shot = Some(shot);
        Some(answer)
    }

    /// The moment of an instant, simulated from the latest that is kept before it; if it `is_filmed`
    /// on the way, whoever looks there again need not.
    fn moment_at(&mut self, at: Time, is_filmed: bool) -> Moment {
        let cursor = self.cursor.take().filter(|it| it.world.now() <= at);
        let (place, kept) = self.checkpoint_before(at);
        let cursor = cursor.filter(|it| it.scene.records >= kept.records());
        let mut moment = cursor.unwrap_or_else(|| latest(&self.checkpoints[..=place]));
        if !is_filmed {
            moment.advance(&self.course, at);
            return moment;
        }
        let place = self.near.iter().position(|it| it.end() == moment.scene.records);
        let mut film = place
            .and_then(|it| self.near.remove(it))
            .unwrap_or_else(|| Film::beginning_at(&mut moment, self.block_records));
        while moment.next_at(&self.course).is_some_and(|next| next <= at) {
            moment.step(&self.course, |record, _, _| film.note(record));
            film.come_to(&mut moment);
        }
        self.near.push_back(film);
        self.thin();
        moment
    }

    fn answer(&self, moment: &Moment) -> Answer {
        // Of a live run that goes on nobody knows what comes next, or when.
        let edge = moment.scene.at.max(moment.world.now());
        let at_the_edge = if self.course.is_going_on() { edge + Span(1) } else { Time::MAX };
        Answer {
            script: Arc::clone(self.script()),
            model: Arc::clone(moment.world.model()),
            scene: Arc::new(moment.scene.clone()),
            valid_until: moment.next_at(&self.course).unwrap_or(at_the_edge),
            events: Some(events_of(moment)),
        }
    }
}

/// What the events carry that can be pointed at at a moment.
fn events_of(moment: &Moment) -> Arc<[Event]> {
    moment.world.events_in_sight(MOST_EVENTS, TAIL_EVENTS).into()
}

/// How many interventions two scripts begin with alike.
#[must_use]
pub fn common_prefix(a: &[Intervention], b: &[Intervention]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
