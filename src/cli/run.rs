//! `inflight run`.

use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use clap::Args;

use crate::model::{Span, Time};
use crate::scenario::{self, Variant};
use crate::session::{Live, Session};
use crate::sim::World;

use super::progress::Ran;
use super::{compare, json, progress, session, source, table};

/// How long a scenario without an end is run when nobody says otherwise.
pub(super) const ENDLESS: Span = Span::from_secs(60);

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Files of scenarios or sessions, or names of the library
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// Which variant to run; the first one if not said
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// Which branch of a session to run; the one that is shown if not said
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// The seed, instead of the scenario's own
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// How much time to simulate, such as 60s or 10min, instead of the scenario's own
    #[arg(long, value_name = "TIME", value_parser = until)]
    until: Option<Span>,
    /// Run so many seeds, and give each figure's mean and its 95 % confidence interval
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(2..=10_000))]
    seeds: Option<u64>,
    /// Print a JSON document: an object for one FILE, an array for several
    #[arg(long)]
    json: bool,
}

pub(super) fn until(text: &str) -> Result<Span, String> {
    match scenario::parse_span(text) {
        Ok(Span::ZERO) => Err("a time above zero, such as 60s".into()),
        Ok(span) => Ok(span),
        Err(expected) => Err(format!("expected {expected}, as in 60s or 10min")),
    }
}

impl Options {
    /// The run that stands in for the window.
    pub(super) fn headless(file: String, variant: Option<String>, seed: Option<u64>) -> Self {
        let (branch, until, seeds) = (None, None, None);
        Self { files: vec![file], variant, branch, seed, until, seeds, json: false }
    }
}

pub(super) fn run(options: &Options) -> ExitCode {
    let stop = progress::interruption();
    let mut documents = Vec::new();
    for file in &options.files {
        let ran = if session::is_session(file) {
            run_session(file, options, &stop, &mut documents)
        } else {
            run_scenario(file, options, &stop, &mut documents)
        };
        match ran {
            Ok(false) => {}
            Ok(true) => break,
            Err(code) => return ExitCode::from(code),
        }
    }
    if options.json && options.seeds.is_none() {
        let text = if options.files.len() == 1 {
            serde_json::to_string_pretty(&documents.first())
        } else {
            serde_json::to_string_pretty(&documents)
        };
        println!("{}", text.expect("plain data is always written"));
    }
    ExitCode::SUCCESS
}

/// Runs a scenario; gives whether it was stopped, or with which code the program ends.
fn run_scenario(
    file: &str,
    options: &Options,
    stop: &AtomicBool,
    documents: &mut Vec<json::Document>,
) -> Result<bool, u8> {
    if options.branch.is_some() {
        eprintln!("error: `{file}` is a scenario; only sessions have branches");
        return Err(2);
    }
    let scenario = source::load(file).map_err(at_fault)?;
    let variant = chosen(file, &scenario.variants, options.variant.as_deref())?;
    if let Some(seeds) = options.seeds {
        let how = (options.seed, seeds, options.until);
        let code = compare::spread(&scenario.title, variant, how, options.json, stop);
        return if code == ExitCode::SUCCESS { Ok(false) } else { Err(1) };
    }
    let seed = options.seed.unwrap_or(variant.model.seed);
    let end = options.until.map(|it| Time::ZERO + it).or(variant.model.end);
    let mut world = World::new(variant.model.clone(), seed);
    let ran = progress::run(&mut world, end.unwrap_or(Time::ZERO + ENDLESS), stop);
    let report = world.report();
    if options.json {
        documents.push(json::Document::new(&scenario.name, &report, &ran));
    } else {
        table::print(&report, &variant.sentence, &ran);
    }
    ended(&world, &ran)
}

/// Runs a branch of a session, and says whether it goes as the file says.
fn run_session(
    file: &str,
    options: &Options,
    stop: &AtomicBool,
    documents: &mut Vec<json::Document>,
) -> Result<bool, u8> {
    let session = session::load(file).map_err(at_fault)?;
    let name = options.variant.as_deref().unwrap_or(&session.variant);
    let name = Some(name).filter(|it| !it.is_empty());
    let variant = chosen(file, &session.scenario.variants, name)?;
    let is_live = |it: &&Live| it.variant == variant.name && options.seed.is_none();
    if options.branch.is_none()
        && let Some(live) = session.live.as_ref().filter(is_live)
    {
        let (document, ran) = run_live_again(&session, live, variant, options.json);
        documents.extend(document);
        return Ok(ran.interrupted);
    }
    let found = session::branch(&session, &variant.name, options.branch.as_deref());
    let found = found.map_err(|message| {
        eprintln!("error: `{file}` {message}");
        2
    })?;
    let script = found.map(|(futures, it)| futures.tree.script(it.id)).unwrap_or_default();
    let seed = options.seed.or(session.seed).unwrap_or(variant.model.seed);
    let end = options.until.map(|it| Time::ZERO + it).or(variant.model.end);
    let mut world = World::new(variant.model.clone(), seed);
    let ran = session::run(&mut world, &script, end.unwrap_or(Time::ZERO + ENDLESS), stop);
    let report = world.report();
    // With another seed it is another run.
    let is_saved = options.seed.is_none_or(|it| Some(it) == session.seed);
    let compared = found.filter(|_| is_saved && !ran.interrupted);
    let compared = compared.map(|(_, it)| session::compare(&session, Some((&variant.name, it))));
    let branch = found.map_or("main", |(_, it)| it.name.as_str());
    if options.json {
        let mut document = json::Document::new(&session.scenario.name, &report, &ran);
        let goes_as_saved = compared.as_ref().filter(|it| it.looked_at > 0);
        document.set_branch(branch, goes_as_saved.map(|it| it.parted.is_empty()));
        documents.push(document);
    } else {
        table::print(&report, &variant.sentence, &ran);
        let done = match script.len() {
            1 => "1 intervention".to_owned(),
            count => format!("{count} interventions"),
        };
        println!("\nBranch {branch}: {done}");
        if let Some(compared) = compared.as_ref().filter(|it| it.parted.is_empty()) {
            println!("Digests: {}", compared.sentence());
        }
    }
    for text in compared.iter().flat_map(|it| &it.parted) {
        eprintln!("note: {text}");
    }
    ended(&world, &ran)
}

/// Takes what came in in a live run in once more, and says whether it goes as the file says.
fn run_live_again(
    session: &Session,
    live: &Live,
    variant: &Variant,
    json: bool,
) -> (Option<json::Document>, Ran) {
    let begin = progress::clock();
    let world = session::again(live, &variant.model);
    let ran = Ran { wall: begin.elapsed(), interrupted: false, is_live: true };
    let is_same = world.digest() == live.end.digest;
    let report = world.report();
    if json {
        let mut document = json::Document::new(&session.scenario.name, &report, &ran);
        document.set_branch("live", Some(is_same));
        if !is_same {
            eprintln!("note: {}", session::PARTED_LIVE);
        }
        return (Some(document), ran);
    }
    table::print(&report, &variant.sentence, &ran);
    let digests = if is_same { "as recorded, record for record" } else { session::PARTED_LIVE };
    println!("\nLive: {} inputs, taken in once more\nDigests: {digests}", live.trace.len());
    (None, ran)
}

/// A file is at fault, as is said here.
fn at_fault(message: String) -> u8 {
    eprint!("{message}");
    1
}

fn chosen<'a>(file: &str, variants: &'a [Variant], name: Option<&str>) -> Result<&'a Variant, u8> {
    choose(variants, name).map_err(|message| {
        eprintln!("error: `{file}` {message}");
        2
    })
}

fn ended(world: &World, ran: &Ran) -> Result<bool, u8> {
    if world.stands_still() {
        eprintln!("error: {}", World::STANDSTILL);
        return Err(1);
    }
    Ok(ran.interrupted)
}

pub(super) fn choose<'a>(
    variants: &'a [Variant],
    name: Option<&str>,
) -> Result<&'a Variant, String> {
    let Some(name) = name else { return Ok(&variants[0]) };
    if let Some(found) = variants.iter().find(|it| it.name == name) {
        return Ok(found);
    }
    let names: Vec<&str> =
        variants.iter().map(|it| it.name.as_str()).filter(|it| !it.is_empty()).collect();
    if names.is_empty() {
        return Err(format!("has no variants, so there is no variant `{name}`"));
    }
    let nearest = names
        .iter()
        .max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)));
    let hint = nearest.map(|it| format!("; did you mean `{it}`?")).unwrap_or_default();
    Err(format!("has no variant `{name}`, it has {}{hint}", names.join(", ")))
}
