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
use crate::model::{Model, ServiceId, Span, Time};
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
    /// Run these services and workloads only: others, started with the same file, variant and seed
    /// at the same NATS server, run the rest; `inflight merge` makes one run of what each records
    #[arg(long, value_name = "SERVICES", value_delimiter = ',')]
    only: Vec<String>,
    /// What the run is called that several share, if there are more than one of the same scenario
    #[arg(long, value_name = "NAME", requires = "only")]
    run: Option<String>,
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
        sharing: sharing(options, &broker, model, (variant, seed, &text))
            .map_err(|it| (2_u8, it))?,
        is_recorded: options.record.is_some(),
        ..live::Options::new(seed)
    };
    let only = how.sharing.as_ref().map(|it| it.only.clone());
    let handle =
        live::start(Arc::clone(model), &how).map_err(|it| (1_u8, format!("error: {it}")))?;
    eprintln!("live for {lasts}, with {}; Ctrl C ends it in peace, twice at once", broker.name());
    let (wall, interrupted) = watch(&handle, lasts, stop);
    let (trace, script, mut status) = (handle.trace(), handle.script(), handle.status());
    if status.phase == Phase::Failed {
        return Err((1, format!("error: {}", status.trouble.unwrap_or_default())));
    }
    let Some(world) = handle.join() else {
        return Err((1, "error: the live run broke down; this is a fault of inflight".into()));
    };
    let part = status.part.take().zip(only).map(|(it, services)| session::Part {
        run: it.run,
        number: it.number,
        services,
    });
    let (name, sentence) = (scenario.name.clone(), variant.sentence.clone());
    let (variant, model) = (variant.name.clone(), Arc::clone(model));
    let number = part.as_ref().map(|it| it.number);
    // Before anything is printed: whoever reads that may be gone.
    let recorded = options.record.as_ref().map_or(Ok(()), |path| {
        let (trace, end) = (trace.fitting(), rung(&world));
        // What is left out of the file has not happened there.
        let end = if trace.lost() > status.lost {
            let mut world = World::live(model, seed, trace.source());
            world.retrace(&trace, &script, &mut ());
            rung(&world)
        } else {
            end
        };
        let live = session::Live { variant, seed, trace, script, end, part, futures: None };
        let is_file = Path::new(&options.file).is_file();
        let origin = if is_file {
            Origin::File((&options.file).into())
        } else {
            Origin::Library(scenario.name.clone())
        };
        record(path, origin, (scenario, text.into()), live)
    });
    let ran = Ran { wall, interrupted, is_live: true };
    let report = world.report();
    if options.json {
        let mut document = json::Document::new(&name, &report, &ran);
        document.set_live(&status);
        let text = serde_json::to_string_pretty(&document);
        println!("{}", text.expect("plain data is always written"));
    } else {
        table::print(&report, &sentence, &ran);
        println!(
            "\nLive: {} inputs, taken in at most {} after they were due",
            status.inputs, status.latest
        );
    }
    if let Some(trouble) = &status.trouble {
        eprintln!("note: {trouble}");
    }
    if let Some(number) = number {
        eprintln!(
            "note: this is part {} of a run that several shared; `inflight merge` makes one of what \
             each has recorded",
            number + 1
        );
    }
    recorded.map_err(|it| (1_u8, it))
}

/// Sees to it, before anything is run for it, that a file can be written, and that nothing is
/// lost by that.
pub(super) fn can_be_written(path: &Path, over: bool) -> Result<(), String> {
    if path.extension().is_none_or(|it| it != session::ENDING) {
        return Err(format!(
            "error: `{}` is not the name of a session file; it ends in .{}",
            path.display(),
            session::ENDING
        ));
    }
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

/// Where a world has come to.
fn rung(world: &World) -> Rung {
    Rung { at: world.now(), records: world.record_count(), digest: world.digest() }
}

/// Sees a live run through; gives how long it took and whether it was stopped before its time.
fn watch(handle: &Handle, lasts: Span, stop: &AtomicBool) -> (Duration, bool) {
    let begin = progress::clock();
    let shows = std::io::stderr().is_terminal();
    let mut interrupted = false;
    let mut said = 0;
    let mut waits_for = String::new();
    while !handle.is_over() {
        std::thread::sleep(LOOK_EVERY);
        if stop.load(Ordering::SeqCst) && !interrupted {
            interrupted = true;
            handle.stop();
        }
        let status = handle.status();
        let second = begin.elapsed().as_secs();
        if status.phase == Phase::Begins {
            if let Some(trouble) = status.trouble.filter(|it| *it != waits_for) {
                eprintln!("{trouble}; Ctrl C gives up");
                waits_for = trouble;
            }
            continue;
        }
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

/// What this process has to do, if several share the run.
fn sharing(
    options: &Options,
    broker: &live::Where,
    model: &Model,
    (variant, seed, text): (&Variant, u64, &str),
) -> Result<Option<live::Sharing>, String> {
    if options.only.is_empty() {
        return Ok(None);
    }
    if *broker == live::Where::Embedded {
        return Err(
            "error: processes that share a run by --only do so over a NATS server: say where \
                    it is with --broker nats://HOST:PORT"
                .to_owned(),
        );
    }
    let of = |name: &String| {
        let found = model.services.iter().position(|it| it.name == name.trim());
        found.map(ServiceId::from_index).ok_or_else(|| {
            let names: Vec<&str> = model.services.iter().map(|it| it.name.as_str()).collect();
            format!(
                "error: `{}` has no service `{name}`; it has {}",
                options.file,
                names.join(", ")
            )
        })
    };
    let mut only: Vec<ServiceId> = options.only.iter().map(of).collect::<Result<_, _>>()?;
    only.sort_unstable();
    only.dedup();
    // Those that run the same meet: the name tells the program, the scenario and the lots apart.
    let name = options.run.as_deref().unwrap_or(&variant.model.title);
    let what = [session::PROGRAM, text, &variant.name, &seed.to_string(), name].join("\0");
    Ok(Some(live::Sharing { only, meeting: format!("{name}-{:016x}", fnv(what.as_bytes())) }))
}

/// FNV-1a: the same in every build.
fn fnv(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// Writes a run to a file.
pub(super) fn record(
    path: &Path,
    origin: Origin,
    (scenario, text): (Scenario, Arc<str>),
    live: session::Live,
) -> Result<(), String> {
    let lost = live.trace.lost();
    let inputs = live.trace.len();
    let ends = live.end.at;
    let session = Session {
        program: session::PROGRAM.to_owned(),
        origin,
        text,
        scenario: Arc::new(scenario),
        variant: live.variant.clone(),
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
        ends.since(Time::ZERO),
        path.display(),
        text.len().div_ceil(1024)
    );
    if lost > 0 {
        eprintln!("note: {lost} inputs more could not be kept; what is recorded ends before them");
    }
    Ok(())
}
