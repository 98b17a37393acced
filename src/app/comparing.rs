//! The comparison of variants, branches and files: a run a column, with the same seed, and what is
//! measured of each.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::history::{BranchId, MAIN, MarkKind, Pending, Runs, Teller, errand};
use crate::measure::compare::{self, Outage};
use crate::measure::first::{first_anomaly, first_difference, first_turned_away};
use crate::measure::grid::{Filling, Spot};
use crate::measure::matrix::Harm;
use crate::measure::{Column, Compared, First, Grid, Over, Row, Surveyed};
use crate::model::{Act, FaultId, Intervention, Model, Script, Span, Time};
use crate::scenario::Scenario;
use crate::sim::Room;

use super::inquiries::View;
use super::made::Futures;
use super::open::{Failure, Source, open};
use super::run::Run;
use super::state::App;

/// The most columns.
pub const MOST_COLUMNS: usize = 4;

/// Over how many seeds intervals are.
pub const SEEDS: u64 = 20;

/// How long a run without an end is measured.
const ENDLESS: Span = Span::from_secs(60);

/// What a column is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// A branch of a variant's run.
    Branch {
        /// The variant.
        variant: String,
        /// The branch.
        branch: BranchId,
    },
    /// A variant of the scenario in another file.
    File {
        /// The file.
        path: PathBuf,
        /// Its variant.
        variant: String,
    },
}

/// What can be done in the comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum CompareCommand {
    /// Another column.
    Add(Which),
    /// The variants of this file may be columns, and the first is.
    AddFile(PathBuf),
    /// Without the column at this place.
    Remove(usize),
    /// The columns that it has by itself.
    Reset,
    /// The figures that matter most, or all over one span.
    Over(Option<Over>),
    /// Work out intervals over several seeds, or give that up.
    ToggleIntervals,
    /// Show consumer strategies against faults, or the columns again.
    ToggleMatrix,
    /// Look into the run of a cell of the matrix.
    OpenCell(Spot),
    /// Go to where the columns first differ.
    GoToFirst,
}

/// A column.
pub struct Side {
    /// What it is of.
    pub which: Which,
    /// What it is called.
    pub name: String,
    /// What it shows, in a sentence.
    pub about: String,
    /// Its run.
    pub run: Run,
    /// When it ends.
    pub end: Time,
    /// What was measured, as far as it is known.
    pub column: Option<Column>,
    /// Whether all of it is known.
    pub is_done: bool,
    script: Script,
    pending: Option<Pending<Surveyed>>,
}

impl Side {
    /// How much of it is measured, from 0 to 1; `None` if all is.
    #[must_use]
    pub fn progress(&self) -> Option<f32> {
        self.pending.as_ref().map(Pending::progress)
    }
}

/// The state of the comparison.
#[derive(Default)]
pub struct Comparing {
    /// The columns.
    pub sides: Vec<Side>,
    /// The figures that are shown: those that matter most, or all over one span.
    pub over: Option<Over>,
    /// Whether strategies against faults are shown.
    pub is_matrix: bool,
    /// The outage that figures are over.
    pub outage: Option<Outage>,
    /// The comparison as it is told, as far as all columns are known.
    pub compared: Option<Arc<Compared>>,
    /// All figures over each of the spans.
    pub rows: Vec<Row>,
    /// The same over several seeds, as far as they were run.
    pub intervals: Option<Arc<Compared>>,
    /// Where the columns first differ; `None` while that is not known.
    pub first: Option<Option<First>>,
    /// The matrices, as far as they are known.
    pub grids: Option<Vec<Grid>>,
    /// Files that columns may be of.
    pub files: Vec<(PathBuf, Scenario)>,
    /// What a person chose to compare.
    chosen: Option<Vec<Which>>,
    seeking: Option<Pending<Option<First>>>,
    over_seeds: Option<Pending<Compared>>,
    filling: Option<Pending<Vec<Grid>>>,
    filled_for: Option<(Arc<Model>, u64)>,
}

impl Comparing {
    /// How many of the seeds are done, from 0 to 1, while intervals are worked out.
    #[must_use]
    pub fn intervals_progress(&self) -> Option<f32> {
        self.over_seeds.as_ref().map(Pending::progress)
    }

    /// How much of the matrix is known, from 0 to 1, while it is worked out.
    #[must_use]
    pub fn matrix_progress(&self) -> Option<f32> {
        self.filling.as_ref().map(Pending::progress)
    }

    /// Whether everything that is shown is worked out.
    #[must_use]
    pub fn is_done(&self) -> bool {
        !self.sides.is_empty() && self.sides.iter().all(|it| it.is_done)
    }

    fn columns(&self) -> Option<Vec<Column>> {
        self.sides.iter().map(|it| it.column.clone()).collect()
    }

    fn names(&self) -> Vec<String> {
        self.sides.iter().map(|it| it.name.clone()).collect()
    }
}

/// A column as it is to be.
struct Plan {
    which: Which,
    name: String,
    about: String,
    model: Arc<Model>,
    script: Script,
}

impl App {
    /// What may be another column, with what each is called.
    #[must_use]
    pub fn comparable(&self) -> Vec<(Which, String)> {
        let mut all = Vec::new();
        for variant in &self.scenario.variants {
            let branches = self.made.futures.get(&variant.name);
            let branches = branches.map(|it| it.tree.branches().map(|it| it.id).collect());
            let branches: Vec<BranchId> = branches.unwrap_or_else(|| vec![MAIN]);
            let which = |branch| Which::Branch { variant: variant.name.clone(), branch };
            all.extend(branches.into_iter().map(which));
        }
        for (path, scenario) in &self.comparing.files {
            let which = |it: &crate::scenario::Variant| Which::File {
                path: path.clone(),
                variant: it.name.clone(),
            };
            all.extend(scenario.variants.iter().map(which));
        }
        let is_there = |it: &Which| self.comparing.sides.iter().any(|side| side.which == *it);
        all.retain(|it| !is_there(it));
        all.into_iter().filter_map(|it| Some((it.clone(), self.plan(it)?.name))).collect()
    }

    /// The columns that a comparison has by itself: the variants, or of the only variant the
    /// branches.
    fn usual_columns(&self) -> Vec<Which> {
        let branch = |variant: &str, branch| Which::Branch { variant: variant.to_owned(), branch };
        if let [only] = self.scenario.variants.as_slice() {
            // Not those of a live run that is shown.
            let futures = self.made.futures.get(&only.name).unwrap_or(&self.no_futures);
            let branches = futures.tree.branches().take(MOST_COLUMNS);
            return branches.map(|it| branch(&only.name, it.id)).collect();
        }
        let variants = self.scenario.variants.iter().take(MOST_COLUMNS);
        variants.map(|it| branch(&it.name, MAIN)).collect()
    }

    fn plan(&self, which: Which) -> Option<Plan> {
        match &which {
            Which::Branch { variant, branch } => {
                let of = self.scenario.variants.iter().find(|it| it.name == *variant)?;
                let futures = self.made.futures.get(variant);
                let script = match futures {
                    Some(it) => it.tree.get(*branch).map(|_| it.tree.script(*branch))?,
                    None if *branch == MAIN => Script::default(),
                    None => return None,
                };
                let named = futures.and_then(|it| it.tree.get(*branch));
                let named = named.filter(|_| *branch != MAIN).map(|it| it.name.as_str());
                let name = match (variant.as_str(), named) {
                    ("", None) => "main".to_owned(),
                    ("", Some(branch)) => branch.to_owned(),
                    (variant, None) => variant.to_owned(),
                    (variant, Some(branch)) => format!("{variant} · {branch}"),
                };
                let about = if named.is_some() { String::new() } else { of.sentence.clone() };
                Some(Plan { name, about, model: Arc::clone(&of.model), script, which })
            }
            Which::File { path, variant } => {
                let (_, scenario) = self.comparing.files.iter().find(|it| it.0 == *path)?;
                let of = scenario.variants.iter().find(|it| it.name == *variant)?;
                let file = path.file_stem().unwrap_or_default().to_string_lossy();
                let name = match variant.as_str() {
                    "" => file.into_owned(),
                    variant => format!("{file} · {variant}"),
                };
                let (about, model) = (of.sentence.clone(), Arc::clone(&of.model));
                Some(Plan { name, about, model, script: Script::default(), which })
            }
        }
    }

    pub(super) fn compare_columns(&mut self, command: CompareCommand) {
        let shown: Vec<Which> = self.comparing.sides.iter().map(|it| it.which.clone()).collect();
        match command {
            CompareCommand::Add(which) => {
                if shown.len() < MOST_COLUMNS && !shown.contains(&which) {
                    self.comparing.chosen = Some(shown.into_iter().chain([which]).collect());
                }
            }
            CompareCommand::AddFile(path) => self.compare_with_file(&path, shown),
            CompareCommand::Remove(place) => {
                let mut left = shown;
                if place < left.len() && left.len() > 1 {
                    left.remove(place);
                    self.comparing.chosen = Some(left);
                }
            }
            CompareCommand::Reset => self.comparing.chosen = None,
            CompareCommand::Over(over) => self.comparing.over = over,
            CompareCommand::ToggleIntervals => self.toggle_intervals(),
            CompareCommand::ToggleMatrix => {
                // Where it is not seen, it is asked for.
                let is_seen = self.settings.view == View::Compare && self.comparing.is_matrix;
                self.comparing.is_matrix = !is_seen;
                if !is_seen {
                    self.settings.view = View::Compare;
                }
            }
            CompareCommand::OpenCell(at) => self.open_cell(at),
            CompareCommand::GoToFirst => match &self.comparing.first {
                Some(Some(first)) => self.jump_to(first.at),
                Some(None) => self.say(
                    "The columns do not differ for users, nor in anomalies or what is turned away."
                        .into(),
                    false,
                ),
                None => self.say("The columns are not compared yet.".into(), false),
            },
        }
        self.follow_columns();
    }

    fn compare_with_file(&mut self, path: &Path, shown: Vec<Which>) {
        self.overlay = None;
        let scenario = match open(&Source::File(path.to_owned())) {
            Ok(opened) => opened.scenario,
            Err(Failure::Sentence(text)) => return self.say(text, true),
            Err(Failure::Broken(broken)) => {
                let text = format!("{} has mistakes; open it to see them.", broken.path.display());
                return self.say(text, true);
            }
        };
        let variants = scenario.variants.iter();
        let added =
            variants.map(|it| Which::File { path: path.to_owned(), variant: it.name.clone() });
        let kept =
            shown.iter().filter(|it| !matches!(it, Which::File { path: of, .. } if of == path));
        let mut chosen: Vec<Which> = kept.cloned().collect();
        // There is room for one at least.
        chosen.truncate(MOST_COLUMNS - 1);
        chosen.extend(added.take(1));
        self.comparing.files.retain(|it| it.0 != path);
        self.comparing.files.push((path.to_owned(), scenario));
        self.comparing.chosen = Some(chosen);
    }

    /// What was done in the run of a cell is done in a branch of its own, without the scenario's
    /// faults, and that is shown.
    fn open_cell(&mut self, at: Spot) {
        let is_of_this = self.comparing.filled_for.as_ref().is_some_and(|(model, seed)| {
            Arc::ptr_eq(model, &self.run.base) && *seed == self.run.seed
        });
        let grids = self.comparing.grids.as_ref().filter(|_| is_of_this);
        let grid = grids.and_then(|it| it.get(at.grid));
        let row = grid.and_then(|it| it.rows.get(at.row));
        let Some((row, cell)) = row.and_then(|it| Some((it, it.cells.get(at.column)?.clone()?)))
        else {
            return self.say("That cell is not measured yet.".into(), false);
        };
        let name = format!("{} × {}", row.strategy, Harm::ALL[at.column].name());
        let faults = (0..self.run.base.faults.len()).map(FaultId::from_index);
        let omitted = faults.map(|fault| Intervention { at: Time::ZERO, act: Act::Omit { fault } });
        let steps: Vec<Intervention> = omitted.chain(cell.script.iter().cloned()).collect();
        self.edit(format!("branch “{name}”"), None, |made| {
            let Futures { tree, shown } = made.futures_mut();
            *shown = tree.fork(MAIN, Time::ZERO);
            tree.rename(*shown, &name);
            for step in steps {
                tree.add(*shown, step);
            }
        });
        self.settings.view = View::Flow;
    }

    /// What was compared is of a scenario that is no longer shown.
    pub(super) fn forget_columns(&mut self) {
        let Comparing { files, over, is_matrix, .. } = std::mem::take(&mut self.comparing);
        self.comparing = Comparing { files, over, is_matrix, ..Comparing::default() };
    }

    /// Brings the columns in line with what is to be compared, and takes what is found out.
    pub(super) fn follow_columns(&mut self) {
        if self.settings.view != View::Compare {
            return;
        }
        self.plan_columns();
        self.take_columns();
        self.follow_matrix();
    }

    fn plan_columns(&mut self) {
        let wanted = self.comparing.chosen.clone().unwrap_or_else(|| self.usual_columns());
        let mut plans: Vec<Plan> = wanted.into_iter().filter_map(|it| self.plan(it)).collect();
        if plans.is_empty() {
            self.comparing.chosen = None;
            plans = self.usual_columns().into_iter().filter_map(|it| self.plan(it)).collect();
        }
        let seed = self.run.seed;
        let is_same = |side: &Side, plan: &Plan| {
            side.which == plan.which
                && Arc::ptr_eq(&side.run.base, &plan.model)
                && side.script == plan.script
                && side.run.seed == seed
        };
        let sides = &self.comparing.sides;
        if sides.len() == plans.len() && sides.iter().zip(&plans).all(|(a, b)| is_same(a, b)) {
            return;
        }
        let end = |plan: &Plan| plan.model.end.unwrap_or(Time::ZERO + ENDLESS);
        let outage =
            compare::outage_of_all(plans.iter().map(|it| (&*it.model, &it.script, end(it))));
        let is_measured_so = outage == self.comparing.outage;
        let mut before = std::mem::take(&mut self.comparing.sides);
        let Room { memory, disk } = self.settings.room();
        let budget = Room { memory: memory / 8, disk: disk / 8 };
        let mut sides = Vec::new();
        for plan in plans {
            let kept = before.iter().position(|it| is_same(it, &plan)).map(|it| before.remove(it));
            let end = end(&plan);
            let mut side = kept.unwrap_or_else(|| {
                let mut run = Run::new(Arc::clone(&plan.model), seed, Arc::clone(&self.wake));
                run.set_budget(budget);
                run.show(&plan.script, &[]);
                let (which, script) = (plan.which.clone(), Arc::clone(&plan.script));
                let (name, about) = (String::new(), String::new());
                Side {
                    which,
                    name,
                    about,
                    run,
                    end,
                    column: None,
                    is_done: false,
                    script,
                    pending: None,
                }
            });
            (side.name, side.about) = (plan.name, plan.about);
            if !is_measured_so || (side.pending.is_none() && !side.is_done) {
                let survey =
                    compare::survey(&plan.model, plan.script, end, outage.as_ref()).with_fates();
                side.pending = Some(side.run.inquire(survey));
                (side.column, side.is_done) = (None, false);
            }
            sides.push(side);
        }
        let comparing = &mut self.comparing;
        comparing.sides = sides;
        comparing.outage = outage;
        comparing.compared = None;
        comparing.rows = Vec::new();
        comparing.intervals = None;
        comparing.over_seeds = None;
        comparing.seeking = None;
        comparing.first = None;
        self.tell_columns();
    }

    fn take_columns(&mut self) {
        let at = self.playback.at;
        let comparing = &mut self.comparing;
        let outage = comparing.outage.as_ref();
        let mut is_news = false;
        for side in &mut comparing.sides {
            side.run.follow(at.min(side.end));
            let Some(pending) = &side.pending else { continue };
            let is_over = pending.is_over();
            if let Some(found) = pending.take() {
                let of = (&side.script, side.end, outage);
                side.column = compare::column(&side.name, &side.run.base, of, &found);
                is_news = true;
            }
            if is_over {
                side.pending = None;
                side.is_done = true;
                // All of it may have been taken before it was over.
                is_news = true;
            }
        }
        if let Some(first) = comparing.seeking.as_ref().and_then(Pending::take) {
            comparing.first = Some(first);
        }
        comparing.seeking.take_if(|it| it.is_over() && comparing.first.is_some());
        if let Some(intervals) = comparing.over_seeds.as_ref().and_then(Pending::take) {
            comparing.intervals = Some(Arc::new(intervals));
        }
        comparing.over_seeds.take_if(|it| it.is_settled());
        if is_news {
            self.tell_columns();
        }
        self.seek_first();
    }

    /// Tells the comparison anew, and when all of it is known looks for the first difference.
    fn tell_columns(&mut self) {
        let comparing = &mut self.comparing;
        let Some(columns) = comparing.columns() else { return };
        let (title, names) = (&self.scenario.title, comparing.names());
        let overs = [Over::Whole, Over::Healthy, Over::Outage].into_iter();
        comparing.rows = overs.flat_map(|it| compare::rows_over(&columns, it)).collect();
        let all = [(self.run.seed, columns)];
        comparing.compared = Some(Arc::new(Compared::new(title, names, &all)));
    }

    /// When all is measured and simulated, it is found out where the columns first differ.
    fn seek_first(&mut self) {
        let comparing = &mut self.comparing;
        let is_simulated = |it: &Side| it.run.progress.done || it.run.progress.head >= it.end;
        let is_ready = comparing.is_done() && comparing.sides.iter().all(is_simulated);
        if !is_ready || comparing.seeking.is_some() || comparing.first.is_some() {
            return;
        }
        let Some(columns) = comparing.columns() else { return };
        let anomalies = comparing.sides.iter().map(|it| {
            let marks = it.run.overview.marks.iter();
            let anomalies = marks.filter(|it| matches!(it.kind, MarkKind::Anomaly { .. }));
            let anomalies = anomalies.filter(|mark| mark.at <= it.end);
            anomalies.map(|it| it.at).collect()
        });
        let (names, anomalies): (_, Vec<Vec<Time>>) = (comparing.names(), anomalies.collect());
        let work = move |teller: &Teller<Option<First>>| {
            let anomaly = first_anomaly(&names, &anomalies);
            let found = [first_difference(&columns), first_turned_away(&columns), anomaly];
            teller.tell(found.into_iter().flatten().min_by_key(|it| it.at));
        };
        comparing.seeking = Some(errand(Arc::clone(&self.wake), work));
    }

    /// Works out intervals over seeds, or gives that up.
    fn toggle_intervals(&mut self) {
        let comparing = &mut self.comparing;
        if comparing.over_seeds.take().is_some() {
            return;
        }
        if comparing.intervals.take().is_some() {
            return;
        }
        self.settings.view = View::Compare;
        comparing.is_matrix = false;
        if !comparing.is_done() {
            let text = "Intervals can be worked out when the columns are measured.";
            return self.say(text.into(), false);
        }
        let is_single =
            |side: &Side| side.script.iter().any(|it| matches!(it.act, Act::Message { .. }));
        if comparing.sides.iter().any(is_single) {
            let text = "In one of the columns something is done to single messages, which another \
                        seed does not have: intervals are for variants and files.";
            return self.say(text.into(), true);
        }
        let jobs: Vec<_> = (comparing.sides.iter())
            .map(|it| (it.name.clone(), Arc::clone(&it.run.base), Arc::clone(&it.script), it.end))
            .collect();
        let (title, names) = (self.scenario.title.clone(), comparing.names());
        let (outage, seed) = (comparing.outage.clone(), self.run.seed);
        comparing.over_seeds = Some(errand(Arc::clone(&self.wake), move |teller| {
            let mut all = Vec::new();
            #[expect(clippy::cast_precision_loss, reason = "a handful of runs")]
            let share = |done: usize| done as f32 / (jobs.len().max(1) as f32 * SEEDS as f32);
            for number in 0..SEEDS {
                let seed = seed.wrapping_add(number);
                let mut columns = Vec::new();
                for (name, model, script, end) in &jobs {
                    let done = all.len() * jobs.len() + columns.len();
                    let outage = outage.as_ref();
                    let survey = compare::survey(model, Arc::clone(script), *end, outage);
                    let mut runs = Runs::new(Arc::clone(model), seed, 0);
                    let part = (share(done), share(done + 1));
                    let found = teller.work_out(survey, &mut runs, part);
                    let Some(found) = found else { return };
                    let of = (script, *end, outage);
                    let Some(column) = compare::column(name, model, of, &found) else { return };
                    columns.push(column);
                }
                all.push((seed, columns));
                if all.len() > 1 {
                    teller.tell(Compared::new(&title, names.clone(), &all));
                }
            }
        }));
    }

    /// The matrix of the variant that is shown is worked out while it is looked at.
    fn follow_matrix(&mut self) {
        let comparing = &mut self.comparing;
        if !comparing.is_matrix {
            comparing.filling = None;
            if comparing.grids.as_ref().is_some_and(|it| !is_full(it)) {
                comparing.filled_for = None;
            }
            return;
        }
        let (model, seed) = (&self.run.base, self.run.seed);
        let is_same = comparing
            .filled_for
            .as_ref()
            .is_some_and(|(of, with)| Arc::ptr_eq(of, model) && *with == seed);
        if !is_same {
            comparing.filled_for = Some((Arc::clone(model), seed));
            comparing.grids = None;
            let (model, wake) = (Arc::clone(model), Arc::clone(&self.wake));
            let end = model.end.unwrap_or(Time::ZERO + ENDLESS);
            comparing.filling = Some(errand(wake, move |teller| fill(&model, seed, end, teller)));
        }
        if let Some(grids) = comparing.filling.as_ref().and_then(Pending::take) {
            comparing.grids = Some(grids);
        }
        comparing.filling.take_if(|it| it.is_settled());
    }
}

/// Works out the matrices of all consumers of a model, cell by cell.
fn fill(model: &Model, seed: u64, end: Time, teller: &Teller<Vec<Grid>>) {
    let mut filling = Filling::new(model, seed, end);
    teller.tell(filling.grids.clone());
    let spots = filling.spots();
    #[expect(clippy::cast_precision_loss, reason = "a handful of cells")]
    let share = |done: usize| done as f32 / spots.len().max(1) as f32;
    for (done, &spot) in spots.iter().enumerate() {
        let part = (share(done), share(done + 1));
        let cell = filling.measure(spot, |survey, runs| teller.work_out(survey, runs, part));
        let Some(cell) = cell.filter(|_| teller.is_wanted()) else { return };
        filling.put(spot, cell);
        teller.tell(filling.grids.clone());
    }
}

fn is_full(grids: &[Grid]) -> bool {
    grids.iter().flat_map(|it| &it.rows).flat_map(|it| &it.cells).all(Option::is_some)
}
