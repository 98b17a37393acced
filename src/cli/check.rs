//! `inflight check` and `inflight list`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use clap::{Args, ValueEnum};

use crate::history::{Found, Inquiry, Runs};
use crate::measure::{Judged, Survey, Surveyed, judge};
use crate::model::{Model, Script, Time};
use crate::scenario::{self, Scenario, library};
use crate::session::ENDING;

use super::{check_report, progress, run, session, source};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Files, folders, or names of the library
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Only read the files; do not run what they expect
    #[arg(long)]
    no_run: bool,
    /// How to say what was found
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Human,
    /// A document for programs
    Json,
    /// `JUnit`'s XML, which build servers read
    Junit,
}

/// A file, and what was found out about it.
pub(super) struct Checked {
    pub file: String,
    /// What is wrong with the text, or the scenario.
    pub read: Result<Scenario, String>,
    /// What became of its expectations, in their order.
    pub judged: Vec<Judged>,
    /// What else is wrong.
    pub trouble: Option<String>,
}

impl Checked {
    pub fn is_good(&self) -> bool {
        self.read.is_ok()
            && self.trouble.is_none()
            && self.judged.iter().all(|it| it.verdict.passed)
    }
}

pub(super) fn check(options: &Options) -> ExitCode {
    let mut files = Vec::new();
    let mut bad = 0;
    for path in &options.paths {
        if let Err(error) = collect(path, &mut files) {
            let path = path.display();
            match error.kind() {
                std::io::ErrorKind::NotFound => eprintln!(
                    "error: there is no file or folder `{path}`, and no scenario of that name is built in (see `inflight list`)"
                ),
                _ => eprintln!("error: `{path}`: {error}"),
            }
            bad += 1;
        }
    }
    if files.is_empty() && bad == 0 {
        eprintln!("error: there is no `.ron` or `.inflight` file in what was given");
        return ExitCode::from(1);
    }
    let is_session = |it: &PathBuf| session::is_session(&it.to_string_lossy());
    let sessions: Vec<PathBuf> = files.iter().filter(|it| is_session(it)).cloned().collect();
    files.retain(|it| !is_session(it));
    let is_told = options.format == Format::Human;
    let good_sessions = sessions.iter().filter(|it| check_session(it, is_told)).count();
    let bad_sessions = sessions.len() - good_sessions;
    let read = files.iter().map(|file| {
        let file = file.to_string_lossy().into_owned();
        Checked { read: source::load(&file), file, judged: Vec::new(), trouble: None }
    });
    let mut all: Vec<Checked> = read.collect();
    let mut interrupted = false;
    if !options.no_run {
        let stop = progress::interruption();
        judge_all(&mut all, &stop);
        interrupted = stop.load(Ordering::SeqCst);
    }
    let others = (good_sessions, bad + bad_sessions);
    check_report::print(&all, others, options.format, options.no_run);
    if interrupted {
        eprintln!("error: it was interrupted, and not everything was run");
        return ExitCode::from(130);
    }
    bad += bad_sessions + all.iter().filter(|it| !it.is_good()).count();
    if bad == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// One variant's run, of which expectations want to know something.
struct Job {
    file: usize,
    variant: usize,
    model: Arc<Model>,
    survey: Survey,
}

/// When a run of a model ends.
pub(super) fn end_of(model: &Model) -> Time {
    model.end.unwrap_or(Time::ZERO + run::ENDLESS)
}

/// Runs what the expectations of all files need, side by side, and judges them.
fn judge_all(all: &mut [Checked], stop: &AtomicBool) {
    let mut jobs = Vec::new();
    let mut found: Vec<Vec<Option<Surveyed>>> = Vec::new();
    for (file, checked) in all.iter().enumerate() {
        let Ok(scenario) = &checked.read else {
            found.push(Vec::new());
            continue;
        };
        found.push(vec![None; scenario.variants.len()]);
        for (variant, it) in scenario.variants.iter().enumerate() {
            let model = Arc::clone(&it.model);
            let end = end_of(&model);
            let script = Script::default();
            if let Some(survey) = judge::survey(&scenario.expect, variant, &model, script, end) {
                jobs.push(Job { file, variant, model, survey });
            }
        }
    }
    let bar = progress::Bar::new(jobs.len());
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let jobs: Vec<Mutex<Option<Job>>> = jobs.into_iter().map(|it| Mutex::new(Some(it))).collect();
    let work = || {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let job = job.lock().ok().and_then(|mut it| it.take());
            let Some(Job { file, variant, model, survey }) = job else { continue };
            let mut runs = Runs::new(Arc::clone(&model), model.seed, 0);
            let surveyed = work_out(survey, &mut runs, stop, &bar);
            if let (Some(surveyed), Ok(mut done)) = (surveyed, done.lock()) {
                done.push((file, variant, surveyed));
            }
            bar.one_more();
        }
    };
    std::thread::scope(|scope| {
        let hands = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        for _ in 0..hands.min(jobs.len()) {
            scope.spawn(work);
        }
    });
    bar.clear();
    for (file, variant, surveyed) in done.into_inner().unwrap_or_default() {
        if surveyed.stands_still {
            all[file].trouble = Some(crate::sim::World::STANDSTILL.to_owned());
        }
        found[file][variant] = Some(surveyed);
    }
    for (checked, surveyed) in all.iter_mut().zip(found) {
        let Ok(scenario) = &checked.read else { continue };
        let variants = scenario.variants.iter();
        let variants: Vec<_> =
            variants.map(|it| (Arc::clone(&it.model), end_of(&it.model))).collect();
        if !stop.load(Ordering::SeqCst) {
            checked.judged = judge::judge(&scenario.expect, &variants, &surveyed);
        }
    }
}

/// Works a survey to its end, unless it is to stop.
pub(super) fn work_out(
    mut survey: Survey,
    runs: &mut Runs,
    stop: &AtomicBool,
    bar: &progress::Bar,
) -> Option<Surveyed> {
    survey.begin(runs);
    loop {
        if stop.load(Ordering::SeqCst) {
            return None;
        }
        if let Found::All(answer) = survey.work() {
            return Some(answer);
        }
        bar.tick();
    }
}

/// Whether a session is good: its text, its names, and that its branches go as it says.
fn check_session(file: &Path, is_told: bool) -> bool {
    let session = match session::load(&file.to_string_lossy()) {
        Ok(session) => session,
        Err(message) => {
            if is_told {
                println!("BAD   {}", file.display());
            }
            eprint!("{message}");
            return false;
        }
    };
    let compared = session::compare(&session, None);
    if compared.parted.is_empty() {
        let branches: usize = session.futures.values().map(|it| it.tree.branches().count()).sum();
        let s = if branches == 1 { "" } else { "es" };
        let title = &session.scenario.title;
        if is_told {
            println!("good  {}: session of {title}, {branches} branch{s}", file.display());
        }
        return true;
    }
    if is_told {
        println!("BAD   {}", file.display());
    }
    for text in &compared.parted {
        eprintln!("error: {text}");
    }
    false
}

/// The file itself, or the scenario of that name, or all `.ron` and `.inflight` files below a
/// folder, in order.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let is_name = || path.to_str().is_some_and(|it| library::find(it).is_some());
    if !path.exists() && is_name() {
        files.push(path.to_owned());
        return Ok(());
    }
    if !path.is_dir() {
        std::fs::metadata(path)?;
        files.push(path.to_owned());
        return Ok(());
    }
    let mut entries: Vec<_> = std::fs::read_dir(path)?
        .collect::<Result<Vec<_>, _>>()?
        .iter()
        .map(std::fs::DirEntry::path)
        .collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            collect(&entry, files)?;
        } else if entry.extension().is_some_and(|it| it == "ron" || it == ENDING) {
            files.push(entry);
        }
    }
    Ok(())
}

pub(super) fn list() -> ExitCode {
    for entry in library::entries() {
        match scenario::read(entry.text, entry.path) {
            Ok(scenario) => {
                println!("{:<18} {}", entry.name, scenario.sentence);
                for variant in scenario.variants.iter().filter(|it| !it.name.is_empty()) {
                    println!("{:<18}   {:<10} {}", "", variant.name, variant.sentence);
                }
            }
            Err(problems) => eprint!("{problems}"),
        }
    }
    ExitCode::SUCCESS
}
