//! The command line.

mod check;
mod check_report;
mod compare;
mod json;
mod live;
mod matrix;
mod merge;
mod progress;
mod run;
mod sequence;
mod session;
mod source;
mod table;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use clap::{Args, Parser, Subcommand};

use crate::{app, gui};

/// A laboratory for event-driven systems: see events in flight, break them, rewind, compare.
///
/// Without a command it opens the window, playing the first scenario of the library or FILE.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    window: Window,
}

const EXAMPLES: &str = "Examples:
  inflight                                       the window, playing the first scenario
  inflight my.ron                                the window, playing your scenario
  inflight run payment --variant call            a report of one run
  inflight run scenarios/queueing/*.ron --json   the same for programs
  inflight live payment --for 20s                the same in real time
  inflight sequence lost_ack --event payments/66 the story of an event as a diagram
  inflight run my.inflight --branch mine         a branch of a session
  inflight run payment --seeds 100               figures over a hundred seeds, with intervals
  inflight compare payment                       its variants side by side
  inflight matrix delivery/lost_ack              strategies against what can happen
  inflight check scenarios                       are all these files good, and what they expect so?

Exit codes: 0 done, 1 a scenario is at fault, 2 the command line is.";

#[derive(Debug, Args)]
struct Window {
    /// A file of a scenario or a session, or a name of the library (see `inflight list`)
    file: Option<String>,
    /// Which variant to show first
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// The seed, instead of the scenario's own
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run scenarios without a window and report what happened
    Run(run::Options),
    /// Run a scenario for real: tasks, channels and the wall clock
    Live(live::Options),
    /// Make one run of what the processes that shared a live run have recorded
    Merge(merge::Options),
    /// Write what happened as a sequence diagram: text, Mermaid or SVG
    Sequence(sequence::Options),
    /// Read files, or all `.ron` and `.inflight` files of folders; see whether what scenarios
    /// expect is so, and whether the branches of sessions still go as they did when they were saved
    Check(check::Options),
    /// Compare the variants of a scenario: the same arrivals and faults, served differently
    Compare(compare::Options),
    /// See what each consumer strategy makes of duplicates, delays, losses and crashes
    Matrix(matrix::Options),
    /// List the scenarios that are built in, with a sentence each
    List,
}

/// Does what the command line says.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        Some(Command::Run(options)) => run::run(&options),
        Some(Command::Live(options)) => live::live(&options),
        Some(Command::Merge(options)) => merge::merge(&options),
        Some(Command::Sequence(options)) => sequence::sequence(&options),
        Some(Command::Check(options)) => check::check(&options),
        Some(Command::Compare(options)) => compare::compare(&options),
        Some(Command::Matrix(options)) => matrix::matrix(&options),
        Some(Command::List) => check::list(),
        None => window(cli.window),
    }
}

fn window(options: Window) -> ExitCode {
    let file = options.file.clone();
    if let Some(name) = &file
        && let Err(message) = source::check(name)
    {
        eprint!("{message}");
        // A file that is there but wrong is shown in the window, which waits for it to be
        // mended; without a window this is all there is to say.
        if !std::path::Path::new(name).is_file() || !has_display() {
            return ExitCode::from(1);
        }
    }
    let headless = |why: &str| {
        eprintln!("inflight: {why}; running without a window.");
        run::run(&run::Options::headless(
            file.clone().unwrap_or_else(|| "payment".into()),
            options.variant.clone(),
            options.seed,
        ))
    };
    if !has_display() {
        return headless("there is no display");
    }
    // A window has nothing to print: the first interruption ends it.
    let stop = progress::interruption();
    stop.store(true, Ordering::SeqCst);
    let asked = app::Options {
        file: file.clone().map(PathBuf::from),
        variant: options.variant.clone(),
        seed: options.seed,
        keep_in: None,
    };
    // Whose window is destroyed under it (`xkill`) winit panics. Live runs are ended all the same.
    let opened = catch_unwind(AssertUnwindSafe(|| gui::run(asked)));
    crate::live::end_all(progress::FAREWELL);
    stop.store(false, Ordering::SeqCst);
    match opened {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => headless(&format!("the window cannot be opened ({error})")),
        Err(_) => {
            eprintln!(
                "error: the window broke down; what you made is kept, and offered when inflight is started again"
            );
            ExitCode::from(1)
        }
    }
}

/// Whether there is anything to open a window on.
fn has_display() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|it| !it.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}
