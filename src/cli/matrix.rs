//! `inflight matrix`: consumer strategies against what can happen to messages.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Args;
use comfy_table::{Table, presets};
use serde::Serialize;

use crate::measure::grid::{Cell, EXPLAINED, Filling, Grid};
use crate::measure::matrix::Harm;
use crate::model::{AnomalyKind, Span, Time};

use super::{check, progress, run, source};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// A scenario file, or the name of one of the library
    file: String,
    /// Which variant's world it is done in; the first one if not said
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// The seed, instead of the scenario's own
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
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

#[derive(Serialize)]
struct MatrixDocument<'a> {
    #[serde(flatten)]
    grid: &'a Grid,
    /// What Jepsen and Elle call the kinds of anomaly that occurred.
    in_the_field: BTreeMap<&'static str, &'static str>,
}

impl<'a> From<&'a Grid> for MatrixDocument<'a> {
    fn from(grid: &'a Grid) -> Self {
        let kinds = kinds(grid).into_iter();
        Self { grid, in_the_field: kinds.map(|it| (it.name(), it.name_in_the_field())).collect() }
    }
}

/// The kinds of anomaly that occurred in any cell.
fn kinds(grid: &Grid) -> BTreeSet<AnomalyKind> {
    let cells = grid.rows.iter().flat_map(|it| it.cells.iter().flatten());
    cells.flat_map(|it| it.kinds.iter().copied()).collect()
}

pub(super) fn matrix(options: &Options) -> ExitCode {
    let scenario = match source::load(&options.file) {
        Ok(scenario) => scenario,
        Err(message) => {
            eprint!("{message}");
            return ExitCode::from(1);
        }
    };
    let variant = match run::choose(&scenario.variants, options.variant.as_deref()) {
        Ok(variant) => variant,
        Err(message) => {
            eprintln!("error: `{}` {message}", options.file);
            return ExitCode::from(2);
        }
    };
    let model = &variant.model;
    let end = options.until.map_or_else(|| check::end_of(model), |it| Time::ZERO + it);
    let mut filling = Filling::new(model, options.seed.unwrap_or(model.seed), end);
    if filling.grids.is_empty() {
        eprintln!(
            "error: `{}` has no consumer with a projection of what it consumes, so nothing can be told to be wrong; \
             a store says `projection_of: \"topic\"`",
            options.file
        );
        return ExitCode::from(1);
    }
    if !fill(&mut filling) {
        eprintln!("error: it was interrupted");
        return ExitCode::from(130);
    }
    if options.json {
        let documents: Vec<MatrixDocument> =
            filling.grids.iter().map(MatrixDocument::from).collect();
        let text = serde_json::to_string_pretty(&documents);
        println!("{}", text.expect("plain data is always written"));
        return ExitCode::SUCCESS;
    }
    let title = match variant.name.as_str() {
        "" => scenario.title.clone(),
        name => format!("{}, as in “{name}”", scenario.title),
    };
    for grid in &filling.grids {
        print(&title, grid, options.markdown);
    }
    ExitCode::SUCCESS
}

/// Works out all cells, side by side; false if it was interrupted.
fn fill(filling: &mut Filling) -> bool {
    let stop = progress::interruption();
    let spots = filling.spots();
    let bar = progress::Bar::new(spots.len());
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(&spot) = spots.get(place) else { return };
            let cell =
                filling.measure(spot, |survey, runs| check::work_out(survey, runs, &stop, &bar));
            let Some(cell) = cell else { return };
            if let Ok(mut found) = found.lock() {
                found.push((spot, cell));
            }
            bar.one_more();
        }
    };
    std::thread::scope(|scope| {
        let hands = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        for _ in 0..hands.min(spots.len()) {
            scope.spawn(work);
        }
    });
    bar.clear();
    let found = found.into_inner().unwrap_or_default();
    let is_full = found.len() == spots.len();
    for (spot, cell) in found {
        filling.put(spot, cell);
    }
    is_full
}

fn print(title: &str, it: &Grid, markdown: bool) {
    let head = std::iter::once("strategy").chain(Harm::ALL.map(Harm::name));
    let head: Vec<String> = head.map(str::to_owned).collect();
    let rows = it.rows.iter().map(|row| {
        let cells = row.cells.iter().flatten().map(Cell::in_words);
        std::iter::once(row.strategy.to_owned()).chain(cells).collect::<Vec<_>>()
    });
    let about = format!("{title}: what {} makes of {}", it.consumer, it.topic);
    let names = AnomalyKind::in_the_field(kinds(it));
    let remarks = [names, it.remark.clone().unwrap_or_default()];
    let explained: String = remarks
        .iter()
        .filter(|it| !it.is_empty())
        .fold(EXPLAINED.to_owned(), |all, it| all + " " + it);
    if markdown {
        println!("### {about}\n\n| {} |\n|{}", head.join(" | "), " --- |".repeat(head.len()));
        for row in rows {
            println!("| {} |", row.join(" | "));
        }
        println!("\n{explained}\n");
        return;
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(head);
    for row in rows {
        table.add_row(row);
    }
    println!("{about}\n\n{table}\n\n{explained}\n");
}
