//! `inflight merge`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use crate::history::Rung;
use crate::model::Model;
use crate::session::{Live, Part, Session};
use crate::sim::merging::{self, merge as one_run};
use crate::sim::{Source, World};

use super::progress::{self, Ran};
use super::{json, live, session as sessions, table};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// What each process has recorded, by `inflight live --only … --record …`
    #[arg(required = true, num_args = 2.., value_name = "PART.inflight")]
    parts: Vec<String>,
    /// Write the whole run to this session file
    #[arg(long, value_name = "FILE.inflight")]
    record: Option<PathBuf>,
    /// Replace the session file if it is there
    #[arg(long, requires = "record")]
    over: bool,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

pub(super) fn merge(options: &Options) -> ExitCode {
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{}", message.trim_end());
            ExitCode::from(1)
        }
    }
}

/// A recording of a part: its file, the session, and what of it is the part.
struct Recording<'o> {
    file: &'o str,
    session: Session,
    live: Live,
    part: Part,
}

fn run(options: &Options) -> Result<(), String> {
    if let Some(path) = &options.record {
        live::can_be_written(path, options.over)?;
    }
    let begin = progress::clock();
    let mut parts: Vec<Recording> =
        options.parts.iter().map(|file| read(file)).collect::<Result<_, _>>()?;
    parts.sort_by_key(|it| it.part.number);
    fit(&parts)?;
    let first = &parts[0];
    let model = first.session.model(&first.live.variant);
    let model = model.ok_or_else(|| format!("error: `{}` has no run", first.file))?;
    let (seed, of_variant) = (first.live.seed, first.live.variant.clone());
    all_there(model, &parts)?;
    let of_part = |it: &Recording| {
        let mut here = vec![false; model.services.len()];
        it.part.services.iter().for_each(|service| here[service.index()] = true);
        merging::Part { trace: it.live.trace.clone(), here }
    };
    let traces: Vec<merging::Part> = parts.iter().map(of_part).collect();
    let trace = one_run(model, seed, &traces).map_err(|misfit| format!("error: {misfit}"))?;
    let mut world = World::live(Arc::clone(model), seed, Source::Remote);
    world.retrace(&trace, &[], &mut ());
    let report = world.report();
    let ran = Ran { wall: begin.elapsed(), interrupted: false, is_live: true };
    let session = parts.swap_remove(0).session;
    if options.json {
        let document = json::Document::new(&session.scenario.name, &report, &ran);
        let text = serde_json::to_string_pretty(&document);
        println!("{}", text.expect("plain data is always written"));
    } else {
        let variants = &session.scenario.variants;
        let variant = variants.iter().find(|it| it.name == of_variant);
        table::print(&report, variant.map_or("", |it| &it.sentence), &ran);
        println!("\nMerged: {} inputs of {} parts", trace.len(), options.parts.len());
    }
    if let Some(path) = &options.record {
        let end = Rung { at: world.now(), records: world.record_count(), digest: world.digest() };
        if trace.fitting().lost() > 0 {
            return Err("error: together they are more than a session file can have".to_owned());
        }
        let (variant, script) = (of_variant, Vec::new());
        let (part, futures) = (None, None);
        let whole = Live { variant, seed, trace, script, end, part, futures };
        let scenario = Arc::unwrap_or_clone(session.scenario);
        live::record(path, session.origin, (scenario, session.text), whole)?;
    }
    Ok(())
}

fn read(file: &str) -> Result<Recording<'_>, String> {
    let mut session = sessions::load(file)?;
    let none = || {
        format!(
            "error: `{file}` is no part of a run that several processes shared; such is made by \
             `inflight live --only … --record …`"
        )
    };
    let mut live = session.live.take().ok_or_else(none)?;
    let part = live.part.take().ok_or_else(none)?;
    if !live.script.is_empty() {
        return Err(format!("error: something was done to the run of `{file}` by hand"));
    }
    if live.trace.lost() > 0 {
        return Err(format!(
            "error: `{file}` is not whole: {} inputs could not be kept",
            live.trace.lost()
        ));
    }
    Ok(Recording { file, session, live, part })
}

/// Whether all are of one run, and each part is there once.
fn fit(parts: &[Recording]) -> Result<(), String> {
    for two in parts.windows(2) {
        let [one, other] = two else { continue };
        let is_same = one.part.run == other.part.run
            && one.session.text == other.session.text
            && one.live.variant == other.live.variant
            && one.live.seed == other.live.seed;
        if !is_same {
            return Err(format!(
                "error: `{}` and `{}` are not of the same run",
                one.file, other.file
            ));
        }
        if one.part.number == other.part.number {
            return Err(format!(
                "error: `{}` and `{}` are the same part of the run",
                one.file, other.file
            ));
        }
    }
    Ok(())
}

/// Whether every service was run by some part.
fn all_there(model: &Model, parts: &[Recording]) -> Result<(), String> {
    let is_there = |index: usize| {
        parts.iter().any(|it| it.part.services.iter().any(|service| service.index() == index))
    };
    let missing: Vec<&str> = (0..model.services.len())
        .filter(|index| !is_there(*index))
        .map(|index| model.services[index].name.as_str())
        .collect();
    let places = (0_usize..).zip(parts).all(|(place, it)| usize::from(it.part.number) == place);
    if missing.is_empty() && places {
        return Ok(());
    }
    Err(if missing.is_empty() {
        "error: a part is missing: give what every process of the run has recorded".to_owned()
    } else {
        format!(
            "error: a part is missing: give what the process has recorded that ran {}",
            missing.join(", ")
        )
    })
}
