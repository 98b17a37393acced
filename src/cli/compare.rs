//! `inflight compare`, and the spread of figures over seeds.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::history::Runs;
use crate::measure::compare::{self, Good, Outage};
use crate::measure::compared::{Compared, ENOUGH_SEEDS, arrow};
use crate::measure::judge::number;
use crate::measure::{Column, Over, Spread};
use crate::model::{Model, Script, Span, Time, Unit};
use crate::scenario::Variant;

use super::{check, progress, run, source};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// A scenario file, or the name of one of the library
    file: String,
    /// Which variants to compare, in this order; all if not said
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    variants: Vec<String>,
    /// The seed, instead of the scenario's own
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Run so many seeds, and give the mean and its 95 % confidence interval
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(2..=10_000))]
    seeds: Option<u64>,
    /// How much time to simulate, instead of the scenario's own
    #[arg(long, value_name = "TIME", value_parser = run::until)]
    until: Option<Span>,
    /// Print a JSON document
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Print Markdown
    #[arg(long)]
    markdown: bool,
}

pub(super) fn compare(options: &Options) -> ExitCode {
    let scenario = match source::load(&options.file) {
        Ok(scenario) => scenario,
        Err(message) => {
            eprint!("{message}");
            return ExitCode::from(1);
        }
    };
    let mut chosen = Vec::new();
    for name in &options.variants {
        match run::choose(&scenario.variants, Some(name.trim())) {
            Ok(variant) => chosen.push(variant),
            Err(message) => {
                eprintln!("error: `{}` {message}", options.file);
                return ExitCode::from(2);
            }
        }
    }
    let is_there = |place: usize| chosen[..place].iter().any(|it| it.name == chosen[place].name);
    if let Some(twice) = (0..chosen.len()).find(|it| is_there(*it)) {
        let name = &chosen[twice].name;
        eprintln!("error: `--variants` names “{name}” twice; what is compared must differ");
        return ExitCode::from(2);
    }
    if chosen.is_empty() {
        chosen = scenario.variants.iter().collect();
    }
    let stop = progress::interruption();
    let ran = columns(&chosen, options.seed, options.seeds, options.until, &stop);
    let Some(all) = ran else {
        eprintln!("error: it was interrupted, or time stood still in one of the runs");
        return ExitCode::from(1);
    };
    print(&Compared::new(&scenario.title, names(&chosen), &all), options);
    ExitCode::SUCCESS
}

/// The columns of each seed, run side by side; `None` if it was interrupted.
pub(super) fn columns(
    variants: &[&Variant],
    seed: Option<u64>,
    seeds: Option<u64>,
    until: Option<Span>,
    stop: &AtomicBool,
) -> Option<Vec<(u64, Vec<Column>)>> {
    if seeds.is_some_and(|it| it < ENOUGH_SEEDS) {
        eprintln!("note: with less than {ENOUGH_SEEDS} seeds an interval says little");
    }
    let count = seeds.unwrap_or(1);
    let script = Script::default();
    let runs = variants.iter().map(|it| (&*it.model, &script, end_of(it, until)));
    let outage = compare::outage_of_all(runs);
    let jobs: Vec<(u64, usize)> = (0..count)
        .flat_map(|place| (0..variants.len()).map(move |variant| (place, variant)))
        .collect();
    let (next, found) = (AtomicUsize::new(0), Mutex::new(vec![None; jobs.len()]));
    let bar = progress::Bar::new(jobs.len());
    let work = || {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(&(seed_place, variant)) = jobs.get(place) else { return };
            let variant = variants[variant];
            let seed = seed.unwrap_or(variant.model.seed).wrapping_add(seed_place);
            let column = column(variant, (seed, until, outage.as_ref()), stop, &bar);
            if let (Some(column), Ok(mut found)) = (column, found.lock()) {
                found[place] = Some((seed, column));
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
    let found: Option<Vec<(u64, Column)>> = found.into_inner().ok()?.into_iter().collect();
    let found = found?;
    let by_seed = found.chunks(variants.len());
    Some(by_seed.map(|it| (it[0].0, it.iter().map(|it| it.1.clone()).collect())).collect())
}

fn column(
    variant: &Variant,
    (seed, until, outage): (u64, Option<Span>, Option<&Outage>),
    stop: &AtomicBool,
    bar: &progress::Bar,
) -> Option<Column> {
    let model: &Arc<Model> = &variant.model;
    let (script, end) = (Script::default(), end_of(variant, until));
    let mut runs = Runs::new(Arc::clone(model), seed, 0);
    let survey = compare::survey(model, Arc::clone(&script), end, outage);
    let found = check::work_out(survey, &mut runs, stop, bar)?;
    if found.stands_still {
        return None;
    }
    compare::column(&variant.name, model, (&script, end, outage), &found)
}

fn end_of(variant: &Variant, until: Option<Span>) -> Time {
    until.map_or_else(|| check::end_of(&variant.model), |it| Time::ZERO + it)
}

/// What variants are called; the only one of a scenario has no name.
fn names(variants: &[&Variant]) -> Vec<String> {
    let name = |it: &&Variant| if it.name.is_empty() { "run".to_owned() } else { it.name.clone() };
    variants.iter().map(name).collect()
}

fn print(compared: &Compared, options: &Options) {
    if options.json {
        let text = serde_json::to_string_pretty(&Document::from(compared));
        println!("{}", text.expect("plain data is always written"));
    } else if options.markdown {
        print!("{}", compared.markdown());
    } else {
        human(compared);
    }
}

/// A factor with two decimals; a very small one as one of so many.
fn times(factor: f64) -> String {
    if factor > 0.0 && factor < 0.01 {
        format!("1/{:.0}", 1.0 / factor)
    } else {
        format!("{factor:.2}")
    }
}

fn human(it: &Compared) {
    print!("{}\n\n{}", it.title, it.of_which_seed());
    for (name, sentence) in it.names.iter().zip(&it.sentences) {
        println!("{name}: {sentence}");
    }
    println!("\n{}{}", it.seeds_in_words(), it.outage_in_words());
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let head = ["".to_owned(), String::new()].into_iter().chain(it.names.iter().cloned());
    table.set_header(head);
    for place in 0..it.rows.len() {
        let row = &it.rows[place].0;
        let cells = (0..it.names.len()).map(|column| {
            let delta = it.delta(place, column).filter(|_| it.seeds.len() == 1);
            let delta = delta.map(|it| format!(" (×{})", times(it))).unwrap_or_default();
            let sign = if it.best(place) == Some(column) { " *" } else { "" };
            format!("{}{delta}{sign}", it.cell(place, column))
        });
        let head = [row.label.clone(), arrow(row.good).to_owned()];
        table.add_row(head.into_iter().chain(cells));
    }
    for column in 2..it.names.len() + 2 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    println!("{table}\n\n↓ less is better, ↑ more is; * better than every other\n");
    for sentence in it.fair_in_words() {
        println!("{sentence}");
    }
}

/// The document of `--json`, format 1.
#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    scenario: &'a str,
    columns: &'a [String],
    seeds: &'a [u64],
    sentences: &'a [String],
    /// From when to when the fault lasts, in seconds; null if there is none.
    fault_seconds: Option<(f64, f64)>,
    /// Column by column what breaks then; null where nothing does.
    faults: &'a [Option<String>],
    rows: Vec<RowDocument<'a>>,
    found_the_same: &'a [String],
    not_the_same: &'a [String],
    assumed: &'a [String],
}

#[derive(Serialize)]
struct RowDocument<'a> {
    figure: &'a str,
    /// `seconds`, `share`, `per second`, `bytes` or `count`.
    unit: &'static str,
    /// `whole`, `healthy` or `outage`.
    over: &'static str,
    /// `low`, `high` or `neither`.
    good: &'static str,
    /// Of the first seed; null where it has no meaning.
    values: &'a [Option<f64>],
    /// Over all seeds; empty of one.
    spreads: Vec<Option<SpreadDocument>>,
}

#[derive(Serialize)]
pub(super) struct SpreadDocument {
    runs: usize,
    mean: f64,
    /// Half of the width of the 95 % confidence interval.
    half_width: Option<f64>,
    least: f64,
    most: f64,
}

impl<'a> From<&'a Compared> for Document<'a> {
    fn from(it: &'a Compared) -> Self {
        let rows = it.rows.iter().map(|(row, spreads)| RowDocument {
            figure: &row.label,
            unit: match row.unit {
                Unit::Seconds => "seconds",
                Unit::Share => "share",
                Unit::PerSecond => "per second",
                Unit::Bytes => "bytes",
                Unit::Count => "count",
            },
            over: match row.over {
                Over::Whole => "whole",
                Over::Healthy => "healthy",
                Over::Outage => "outage",
            },
            good: match row.good {
                Good::Low => "low",
                Good::High => "high",
                Good::Neither => "neither",
            },
            values: &row.values,
            spreads: spreads
                .iter()
                .map(|it| {
                    it.map(|Spread { runs, mean, half_width, least, most }| SpreadDocument {
                        runs,
                        mean,
                        half_width,
                        least,
                        most,
                    })
                })
                .collect(),
        });
        Self {
            format: 1,
            scenario: &it.title,
            columns: &it.names,
            seeds: &it.seeds,
            sentences: &it.sentences,
            fault_seconds: it.outage.map(|(from, until)| (from.as_secs_f64(), until.as_secs_f64())),
            faults: &it.faults,
            rows: rows.collect(),
            found_the_same: &it.fairness.same,
            not_the_same: &it.fairness.different,
            assumed: &it.fairness.assumed,
        }
    }
}

/// `inflight run --seeds`: the spread of a variant's figures.
pub(super) fn spread(
    title: &str,
    variant: &Variant,
    (seed, seeds, until): (Option<u64>, u64, Option<Span>),
    json: bool,
    stop: &AtomicBool,
) -> ExitCode {
    let Some(all) = columns(&[variant], seed, Some(seeds), until, stop) else {
        eprintln!("error: it was interrupted, or time stood still in one of the runs");
        return ExitCode::from(1);
    };
    let compared = Compared::new(title, names(&[variant]), &all);
    if json {
        let text = serde_json::to_string_pretty(&Document::from(&compared));
        println!("{}", text.expect("plain data is always written"));
        return ExitCode::SUCCESS;
    }
    println!("{title} · {}\n{}\n", compared.names[0], compared.seeds_in_words());
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["", "mean", "95 % ±", "least", "most", "runs"]);
    for (place, (row, spreads)) in compared.rows.iter().enumerate() {
        let Some(Some(it)) = spreads.first() else { continue };
        let in_words = |value: f64| number(value, row.unit);
        let bound = compared.bound(place, 0);
        table.add_row([
            row.label.clone(),
            bound.clone().unwrap_or_else(|| in_words(it.mean)),
            it.half_width.filter(|_| bound.is_none()).map_or("–".into(), in_words),
            in_words(it.least),
            in_words(it.most),
            it.runs.to_string(),
        ]);
    }
    println!("{table}");
    ExitCode::SUCCESS
}
