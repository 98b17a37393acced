//! `inflight run`.

use std::process::ExitCode;

use clap::Args;

use crate::model::{Span, Time};
use crate::scenario::{self, Variant};
use crate::sim::World;

use super::{compare, json, progress, source, table};

/// How long a scenario without an end is run when nobody says otherwise.
pub(super) const ENDLESS: Span = Span::from_secs(60);

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Scenario files, or names of the library
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
    /// Which variant to run; the first one if not said
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
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
        Self { files: vec![file], variant, seed, until: None, seeds: None, json: false }
    }
}

pub(super) fn run(options: &Options) -> ExitCode {
    let stop = progress::interruption();
    let mut documents = Vec::new();
    for file in &options.files {
        let scenario = match source::load(file) {
            Ok(scenario) => scenario,
            Err(message) => {
                eprint!("{message}");
                return ExitCode::from(1);
            }
        };
        let variant = match choose(&scenario.variants, options.variant.as_deref()) {
            Ok(variant) => variant,
            Err(message) => {
                eprintln!("error: `{file}` {message}");
                return ExitCode::from(2);
            }
        };
        if let Some(seeds) = options.seeds {
            let how = (options.seed, seeds, options.until);
            let code = compare::spread(&scenario.title, variant, how, options.json, &stop);
            if code != ExitCode::SUCCESS {
                return code;
            }
            continue;
        }
        let seed = options.seed.unwrap_or(variant.model.seed);
        let end = options.until.map(|it| Time::ZERO + it).or(variant.model.end);
        let mut world = World::new(variant.model.clone(), seed);
        let ran = progress::run(&mut world, end.unwrap_or(Time::ZERO + ENDLESS), &stop);
        let report = world.report();
        if options.json {
            documents.push(json::Document::new(&scenario.name, &report, &ran));
        } else {
            table::print(&report, &variant.sentence, &ran);
        }
        if world.stands_still() {
            eprintln!("error: {}", World::STANDSTILL);
            return ExitCode::from(1);
        }
        if ran.interrupted {
            break;
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
