//! `inflight matrix`: consumer strategies against what can happen to messages.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use clap::Args;
use comfy_table::{Table, presets};
use serde::Serialize;

use crate::history::Runs;
use crate::measure::grid::{Cell, EXPLAINED};
use crate::measure::matrix::{self, Consumer, Harm, Way};
use crate::model::{AnomalyKind, Model, Span, Time};

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
struct RowDocument {
    strategy: &'static str,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct MatrixDocument {
    consumer: String,
    topic: String,
    rows: Vec<RowDocument>,
    /// What Jepsen and Elle call the kinds of anomaly that occurred.
    in_the_field: BTreeMap<&'static str, &'static str>,
}

impl MatrixDocument {
    /// The kinds of anomaly that occurred in any cell.
    fn kinds(rows: &[RowDocument]) -> BTreeSet<AnomalyKind> {
        let cells = rows.iter().flat_map(|it| &it.cells);
        cells.flat_map(|it| it.kinds.iter().copied()).collect()
    }
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
    let model = matrix::without_faults(&variant.model);
    let consumers = matrix::consumers(&model);
    if consumers.is_empty() {
        eprintln!(
            "error: `{}` has no consumer with a projection of what it consumes, so nothing can be told to be wrong; \
             a store says `projection_of: \"topic\"`",
            options.file
        );
        return ExitCode::from(1);
    }
    let end = options.until.map_or_else(|| check::end_of(&model), |it| Time::ZERO + it);
    let seed = options.seed.unwrap_or(model.seed);
    // Once for all consumers: a process has one handler of interruptions.
    let stop = progress::interruption();
    let mut documents = Vec::new();
    for consumer in &consumers {
        let Some(document) = rows(&model, seed, end, consumer, &stop) else {
            eprintln!("error: it was interrupted");
            return ExitCode::from(130);
        };
        documents.push(document);
    }
    if options.json {
        let text = serde_json::to_string_pretty(&documents);
        println!("{}", text.expect("plain data is always written"));
        return ExitCode::SUCCESS;
    }
    for document in &documents {
        print(&scenario.title, document, options.markdown);
    }
    ExitCode::SUCCESS
}

/// All cells of a consumer, worked out side by side.
fn rows(
    model: &Arc<Model>,
    seed: u64,
    end: Time,
    consumer: &Consumer,
    stop: &AtomicBool,
) -> Option<MatrixDocument> {
    let ways = matrix::ways(model, consumer);
    let jobs: Vec<(usize, Harm)> = (0..ways.len())
        .flat_map(|way| Harm::ALL.into_iter().map(move |harm| (way, harm)))
        .collect();
    let bar = progress::Bar::new(jobs.len());
    let (next, found) = (AtomicUsize::new(0), Mutex::new(vec![None; jobs.len()]));
    let work = || {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(&(way, harm)) = jobs.get(place) else { return };
            let (_, strategy): &Way = &ways[way];
            let mut runs = Runs::new(Arc::clone(model), seed, Runs::SMALL_BYTES);
            let script = matrix::script(&mut runs, model, end, consumer, strategy, harm);
            let interventions = script.len() - 1;
            let survey = matrix::survey(script, end);
            let Some(surveyed) = check::work_out(survey, &mut runs, stop, &bar) else { return };
            let measured = &surveyed.parts[0][0];
            if let Ok(mut found) = found.lock() {
                found[place] = Some(Cell::of(measured, &consumer.stores, harm, interventions));
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
    let cells: Option<Vec<Cell>> = found.into_inner().ok()?.into_iter().collect();
    let cells = cells?;
    let rows = ways.iter().zip(cells.chunks(Harm::ALL.len()));
    let rows: Vec<RowDocument> = rows
        .map(|((strategy, _), cells)| RowDocument { strategy, cells: cells.to_vec() })
        .collect();
    let kinds = MatrixDocument::kinds(&rows).into_iter();
    Some(MatrixDocument {
        consumer: model.services[consumer.service.index()].name.clone(),
        topic: model.topics[consumer.topic.index()].name.clone(),
        in_the_field: kinds.map(|it| (it.name(), it.name_in_the_field())).collect(),
        rows,
    })
}

fn print(title: &str, it: &MatrixDocument, markdown: bool) {
    let head = std::iter::once("strategy").chain(Harm::ALL.map(Harm::name));
    let head: Vec<String> = head.map(str::to_owned).collect();
    let rows = it.rows.iter().map(|row| {
        let cells = row.cells.iter().map(Cell::in_words);
        std::iter::once(row.strategy.to_owned()).chain(cells).collect::<Vec<_>>()
    });
    let about = format!("{title}: what {} makes of {}", it.consumer, it.topic);
    let names = AnomalyKind::in_the_field(MatrixDocument::kinds(&it.rows));
    let names = if names.is_empty() { names } else { format!(" {names}") };
    if markdown {
        println!("### {about}\n\n| {} |\n|{}", head.join(" | "), " --- |".repeat(head.len()));
        for row in rows {
            println!("| {} |", row.join(" | "));
        }
        println!("\n{EXPLAINED}{names}\n");
        return;
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(head);
    for row in rows {
        table.add_row(row);
    }
    println!("{about}\n\n{table}\n\n{EXPLAINED}{names}\n");
}
