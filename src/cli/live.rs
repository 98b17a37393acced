//! `inflight live`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::history::Rung;
use crate::live::{self, Handle, Phase, Status};
use crate::model::{Span, Time};
use crate::scenario::{Scenario, Variant};
use crate::session::{self, Origin, Session, View};
use crate::sim::World;

use super::progress::{self, Ran};
use super::run::{ENDLESS, choose, until};
use super::{json, source, table};

/// How often it is looked how the run goes.
const LOOK_EVERY: Duration = Duration::from_millis(50);

#[derive(Debug, Args)]
pub(super) struct Options {
    /// A file of a scenario, or a name of the library
    file: String,
    /// Which variant to run; the first one if not said
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// The seed, instead of the scenario's own
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// For how long, such as 30s or 10min, instead of the scenario's own time
    #[arg(long = "for", value_name = "TIME", value_parser = until)]
    lasts: Option<Span>,
    /// How long what is under way at the end may take to come to its own
    #[arg(long, value_name = "TIME", value_parser = until, default_value = "5s")]
    grace: Span,
    /// Where topics are: embedded, or the URL of a NATS server with JetStream, such as
    /// nats://127.0.0.1:4222 (NATS_USER, NATS_PASSWORD, NATS_TOKEN, NATS_CREDS, NATS_CA, NATS_CERT
    /// and NATS_KEY say who we are)
    #[arg(long, value_name = "BROKER", default_value = "embedded")]
    broker: String,
    /// How workers spend the time that work takes
    #[arg(long, value_enum, default_value_t = Work::Sleep)]
    work: Work,
    /// Write the run to this session file: it opens in the window and runs again, record for
    /// record
    #[arg(long, value_name = "FILE.inflight")]
    record: Option<PathBuf>,
    /// Replace the session file if it is there
    #[arg(long, requires = "record")]
    over: bool,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Work {
    /// As one that waits for a disk or another machine
    Sleep,
    /// Keeping a core busy
    Compute,
}

pub(super) fn live(options: &Options) -> ExitCode {
    let stop = progress::interruption();
    match run(options, &stop) {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, message)) => {
            eprintln!("{}", message.trim_end());
            ExitCode::from(code)
        }
    }
}

fn run(options: &Options, stop: &AtomicBool) -> Result<(), (u8, String)> {
    if let Some(path) = &options.record
        && path.extension().is_none_or(|it| it != session::ENDING)
    {
        let message = format!(
            "error: `{}` is not the name of a session file; it ends in .{}",
            path.display(),
            session::ENDING
        );
        return Err((2, message));
    }
    if let Some(path) = &options.record {
        can_be_written(path, options.over).map_err(|it| (2_u8, it))?;
    }
    // Not read by the command line's own means, which would print what is wrong with its password.
    let broker = live::Where::parse(&options.broker);
    let broker = broker.map_err(|message| (2_u8, format!("error: {message}")))?;
    let (scenario, text) = source::load_with_text(&options.file).map_err(|it| (1_u8, it))?;
    let variant = choose(&scenario.variants, options.variant.as_deref());
    let variant =
        variant.map_err(|message| (2_u8, format!("error: `{}` {message}", options.file)))?;
    let model = &variant.model;
    let seed = options.seed.unwrap_or(model.seed);
    let lasts = options.lasts.or(model.end.map(|it| it.since(Time::ZERO))).unwrap_or(ENDLESS);
    let how = live::Options {
        lasts: Some(lasts),
        grace: options.grace,
        work: match options.work {
            Work::Sleep => live::Work::Sleep,
            Work::Compute => live::Work::Compute,
        },
        broker: broker.clone(),
        ..live::Options::new(seed)
    };
    let handle =
        live::start(Arc::clone(model), &how).map_err(|it| (1_u8, format!("error: {it}")))?;
    eprintln!("live for {lasts}, with {}; Ctrl C ends it in peace, twice at once", broker.name());
    let (wall, interrupted) = watch(&handle, lasts, stop);
    let (trace, script, status) = (handle.trace(), handle.script(), handle.status());
    if status.phase == Phase::Failed {
        return Err((1, format!("error: {}", status.trouble.unwrap_or_default())));
    }
    let Some(world) = handle.join() else {
        return Err((1, "error: the live run broke down; this is a fault of inflight".into()));
    };
    let ran = Ran { wall, interrupted, is_live: true };
    let report = world.report();
    if options.json {
        let mut document = json::Document::new(&scenario.name, &report, &ran);
        document.set_live(&status);
        let text = serde_json::to_string_pretty(&document);
        println!("{}", text.expect("plain data is always written"));
    } else {
        table::print(&report, &variant.sentence, &ran);
        println!(
            "\nLive: {} inputs, taken in at most {} after they were due",
            status.inputs, status.latest
        );
    }
    if let Some(trouble) = &status.trouble {
        eprintln!("note: {trouble}");
    }
    if let Some(path) = &options.record {
        let end = Rung { at: world.now(), records: world.record_count(), digest: world.digest() };
        let live = session::Live { variant: variant.name.clone(), seed, trace, script, end };
        record(path, options, (&scenario, text), variant, &world, live).map_err(|it| (1_u8, it))?;
    }
    Ok(())
}

/// Sees to it, before anything is run for it, that a file can be written, and that nothing is
/// lost by that.
fn can_be_written(path: &Path, over: bool) -> Result<(), String> {
    if path.exists() && !over {
        return Err(format!(
            "error: `{}` is there already; give another name, or --over to replace it",
            path.display()
        ));
    }
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let probe = tempfile::NamedTempFile::new_in(folder);
    probe.map(drop).map_err(|error| {
        format!("error: nothing can be written in `{}`: {error}", folder.display())
    })
}

/// Sees a live run through; gives how long it took and whether it was stopped before its time.
fn watch(handle: &Handle, lasts: Span, stop: &AtomicBool) -> (Duration, bool) {
    let begin = progress::clock();
    let shows = std::io::stderr().is_terminal();
    let mut interrupted = false;
    let mut said = 0;
    while !handle.is_over() {
        std::thread::sleep(LOOK_EVERY);
        if stop.load(Ordering::SeqCst) && !interrupted {
            interrupted = true;
            handle.stop();
        }
        let status = handle.status();
        let second = begin.elapsed().as_secs();
        if shows && second > said {
            said = second;
            eprint!("\r{}\x1b[K", line(&status, lasts));
        }
    }
    if shows && said > 0 {
        eprint!("\r\x1b[K");
    }
    (begin.elapsed(), interrupted)
}

fn line(status: &Status, lasts: Span) -> String {
    let Status { phase, now, per_second, late, inputs, .. } = status;
    let phase = match phase {
        Phase::Drains => "coming to its end",
        _ => "live",
    };
    format!("{phase}: {now:.0} of {lasts:.0}, {inputs} inputs, {per_second:.0}/s, {late} late")
}

/// Writes the run to a file.
fn record(
    path: &Path,
    options: &Options,
    (scenario, text): (&Scenario, String),
    variant: &Variant,
    world: &World,
    live: session::Live,
) -> Result<(), String> {
    let lost = live.trace.lost();
    let inputs = live.trace.len();
    let is_file = Path::new(&options.file).is_file();
    let session = Session {
        program: session::PROGRAM.to_owned(),
        origin: if is_file {
            Origin::File((&options.file).into())
        } else {
            Origin::Library(scenario.name.clone())
        },
        text: text.into(),
        scenario: Arc::new(scenario.clone()),
        variant: variant.name.clone(),
        seed: Some(live.seed),
        view: View {
            at: Time::ZERO,
            speed: 1.0,
            window: (Time::ZERO, Time::ZERO + Span::from_secs(10)),
            offset: (0.0, 0.0),
            zoom: 1.0,
        },
        layout: std::collections::BTreeMap::new(),
        marks: Vec::new(),
        looped: None,
        futures: std::collections::BTreeMap::new(),
        live: Some(live),
        kept: None,
    };
    let text = session::write(&session);
    session::file::write_whole(path, text.as_bytes())
        .map_err(|error| format!("error: `{}` cannot be written: {error}", path.display()))?;
    eprintln!(
        "recorded {inputs} inputs of {} in {} ({} KiB)",
        world.now().since(Time::ZERO),
        path.display(),
        text.len().div_ceil(1024)
    );
    if lost > 0 {
        eprintln!("note: {lost} inputs more could not be kept; what is recorded ends before them");
    }
    Ok(())
}
