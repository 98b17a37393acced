//! `inflight compare`, and the spread of figures over seeds.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::history::Runs;
use crate::measure::compare::{self, Good};
use crate::measure::judge::number;
use crate::measure::{Column, Over, Row, Spread, sentence};
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

/// Below how many seeds an interval says little.
const ENOUGH_SEEDS: u64 = 20;

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
    if chosen.is_empty() {
        chosen = scenario.variants.iter().collect();
    }
    let stop = progress::interruption();
    let ran = columns(&chosen, options.seed, options.seeds, options.until, &stop);
    let Some(all) = ran else {
        eprintln!("error: it was interrupted, or time stood still in one of the runs");
        return ExitCode::from(1);
    };
    print(&Compared::new(&scenario.title, &chosen, all), options);
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
            let column = column(variant, seed, until, stop, &bar);
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
    seed: u64,
    until: Option<Span>,
    stop: &AtomicBool,
    bar: &progress::Bar,
) -> Option<Column> {
    let model: &Arc<Model> = &variant.model;
    let end = until.map_or_else(|| check::end_of(model), |it| Time::ZERO + it);
    let mut runs = Runs::new(Arc::clone(model), seed, 0);
    let survey = compare::survey(model, Script::default(), end);
    let found = check::work_out(survey, &mut runs, stop, bar)?;
    if found.stands_still {
        return None;
    }
    compare::column(&variant.name, model, &found)
}

/// What there is to print.
struct Compared {
    title: String,
    names: Vec<String>,
    seeds: Vec<u64>,
    /// The rows of the first seed, with the trials of all, and for each the spread column by column
    /// if there are several.
    rows: Vec<(Row, Vec<Option<Spread>>)>,
    sentences: Vec<String>,
    fairness: compare::Fairness,
    outage: Option<(String, Time, Time)>,
}

impl Compared {
    fn new(title: &str, variants: &[&Variant], all: Vec<(u64, Vec<Column>)>) -> Self {
        let mut by_seed = all.iter().map(|(_, columns)| compare::all_rows(columns));
        let first = by_seed.next().unwrap_or_default();
        let others: Vec<Vec<Row>> = by_seed.collect();
        let mut rows = Vec::new();
        for mut row in first {
            let same = others
                .iter()
                .map(|rows| rows.iter().find(|it| it.label == row.label && it.over == row.over));
            let same: Vec<Option<&Row>> = same.collect();
            let spread = |column: usize| {
                let rest = same.iter().filter_map(|it| it.and_then(|it| it.values[column]));
                let values: Vec<f64> = row.values[column].into_iter().chain(rest).collect();
                Spread::of(&values)
            };
            let spreads: Vec<Option<Spread>> = if others.is_empty() {
                Vec::new()
            } else {
                (0..row.values.len()).map(spread).collect()
            };
            for it in same.iter().flatten() {
                let more = row.trials.iter_mut().zip(&it.trials);
                more.for_each(|(trials, more)| *trials += more);
            }
            let was_seen = |it: &Option<Spread>| it.is_some_and(|it| it.most != 0.0);
            if row.is_of_interest() || spreads.iter().any(was_seen) {
                rows.push((row, spreads));
            }
        }
        let columns = &all[0].1;
        let plain: Vec<Row> = rows.iter().map(|it| it.0.clone()).collect();
        let sentences = (0..columns.len())
            .map(|it| sentence::sentence(&sentence::clauses(columns, &plain, it)));
        let outage = columns[0].outage.as_ref().map(|it| {
            let name = compare::outage_name(&columns[0].model).unwrap_or_default();
            (name, it.from, it.until)
        });
        Self {
            title: title.to_owned(),
            names: variants
                .iter()
                .map(|it| if it.name.is_empty() { "run".to_owned() } else { it.name.clone() })
                .collect(),
            seeds: all.iter().map(|it| it.0).collect(),
            sentences: sentences.collect(),
            fairness: compare::fairness(columns),
            rows,
            outage,
        }
    }

    fn cell(&self, place: usize, column: usize) -> String {
        let (row, spreads) = &self.rows[place];
        let Some(value) = row.values[column] else { return "–".to_owned() };
        match spreads.get(column).copied().flatten() {
            Some(spread) => match self.bound(place, column) {
                Some(bound) => bound,
                None => {
                    let half = spread.half_width.unwrap_or(0.0);
                    format!("{} ± {}", number(spread.mean, row.unit), number(half, row.unit))
                }
            },
            None => number(value, row.unit),
        }
    }

    /// Of what never happened in any run, or always did: how often it can be all the same, with 95 %
    /// confidence.
    fn bound(&self, place: usize, column: usize) -> Option<String> {
        let (row, spreads) = &self.rows[place];
        let spread = spreads.get(column).copied().flatten()?;
        let trials = row.trials.get(column).copied().filter(|it| *it > 0)?;
        let bound = Spread::rule_of_three(trials);
        let (is_never, is_always) = (spread.most == 0.0, spread.least == 1.0);
        match row.unit {
            Unit::Share if is_never => Some(format!("0 % (< {})", number(bound, row.unit))),
            Unit::Share if is_always => {
                Some(format!("100 % (all but < {})", number(bound, row.unit)))
            }
            Unit::Count if is_never => {
                Some(format!("0 (< {} per 1000)", number(bound * 1000.0, row.unit)))
            }
            _ => None,
        }
    }

    /// The column that is better than every other; over several seeds so that their intervals do not
    /// meet.
    fn best(&self, place: usize) -> Option<usize> {
        let (row, spreads) = &self.rows[place];
        if spreads.is_empty() {
            return row.best();
        }
        let spreads: Option<Vec<Spread>> = spreads.iter().copied().collect();
        let spreads = spreads.filter(|it| it.len() > 1)?;
        let ends = |it: &Spread| {
            let half = it.half_width.unwrap_or(0.0);
            (it.mean - half, it.mean + half)
        };
        (0..spreads.len()).find(|one| {
            let (low, high) = ends(&spreads[*one]);
            let mut others = spreads.iter().enumerate().filter(|(it, _)| it != one);
            others.all(|(_, it)| match row.good {
                Good::Low => high < ends(it).0,
                Good::High => low > ends(it).1,
            })
        })
    }

    /// What stands before the sentences, if they are of one of several seeds.
    fn of_which_seed(&self) -> String {
        match self.seeds.as_slice() {
            [first, _, ..] => format!("Of seed {first}:\n\n"),
            _ => String::new(),
        }
    }

    /// How many times the first column's value a value is.
    fn delta(&self, place: usize, column: usize) -> Option<f64> {
        let row = &self.rows[place].0;
        let (first, value) = (row.values[0]?, row.values[column]?);
        (column > 0 && first != 0.0).then(|| value / first)
    }

    fn seeds_in_words(&self) -> String {
        match self.seeds.as_slice() {
            [seed] => format!("seed {seed}"),
            [first, .., last] => {
                format!("{} seeds, {first} to {last}; mean ± 95 % interval", self.seeds.len())
            }
            [] => String::new(),
        }
    }
}

fn print(compared: &Compared, options: &Options) {
    if options.json {
        let text = serde_json::to_string_pretty(&Document::from(compared));
        println!("{}", text.expect("plain data is always written"));
    } else if options.markdown {
        print!("{}", markdown(compared));
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

fn arrow(good: Good) -> &'static str {
    match good {
        Good::Low => "↓",
        Good::High => "↑",
    }
}

fn human(it: &Compared) {
    print!("{}\n\n{}", it.title, it.of_which_seed());
    for (name, sentence) in it.names.iter().zip(&it.sentences) {
        println!("{name}: {sentence}");
    }
    println!("\n{}{}", it.seeds_in_words(), outage_in_words(it));
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
    fair(&it.fairness, "");
}

fn outage_in_words(it: &Compared) -> String {
    match &it.outage {
        Some((name, from, until)) => format!(" · the fault: {name}, {from} to {until}"),
        None => " · no fault".to_owned(),
    }
}

fn fair(it: &compare::Fairness, dash: &str) {
    println!("{dash}Found to be the same: {}.", it.same.join("; "));
    if !it.different.is_empty() {
        println!("{dash}Not the same: {}.", it.different.join("; "));
    }
    println!("{dash}Assumed: {}.", it.assumed.join("; "));
}

fn markdown(it: &Compared) -> String {
    let escaped = |text: &str| text.replace('|', "\\|");
    let mut out = format!("## {}\n\n{}", it.title, it.of_which_seed());
    for (name, sentence) in it.names.iter().zip(&it.sentences) {
        out += &format!("- **{}**: {}\n", escaped(name), escaped(sentence));
    }
    out += &format!("\n{}{}\n\n", it.seeds_in_words(), outage_in_words(it));
    let names: Vec<String> = it.names.iter().map(|it| escaped(it)).collect();
    out +=
        &format!("| | | {} |\n| --- | --- |{}\n", names.join(" | "), " ---: |".repeat(names.len()));
    for place in 0..it.rows.len() {
        let row = &it.rows[place].0;
        let cells = (0..names.len()).map(|column| {
            let cell = it.cell(place, column);
            if it.best(place) == Some(column) { format!("**{cell}**") } else { cell }
        });
        let cells: Vec<String> = cells.collect();
        let label = escaped(&row.label);
        out += &format!("| {label} | {} | {} |\n", arrow(row.good), cells.join(" | "));
    }
    out += "\n↓ less is better, ↑ more is; bold: better than every other.\n\n";
    out += &format!("Found to be the same: {}.", it.fairness.same.join("; "));
    if !it.fairness.different.is_empty() {
        out += &format!(" Not the same: {}.", it.fairness.different.join("; "));
    }
    out + &format!(" Assumed: {}.\n", it.fairness.assumed.join("; "))
}

/// The document of `--json`, format 1.
#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    scenario: &'a str,
    columns: &'a [String],
    seeds: &'a [u64],
    sentences: &'a [String],
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
    /// `low` or `high`.
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
            good: if row.good == Good::Low { "low" } else { "high" },
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
    let compared = Compared::new(title, &[variant], all);
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
