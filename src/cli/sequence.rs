//! `inflight sequence`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use crate::export::{file, mermaid, svg};
use crate::history::{JourneyOf, Run, Runs, SequenceOf, Stretch, work_out};
use crate::model::{EventId, Model, Script, ServiceId, Span, Time};
use crate::scenario;
use crate::view::ink::ink;
use crate::view::sequence::{Diagram, text};
use crate::view::story::event_name;

use super::{run, source};

/// How far a scenario without an end is looked at when nobody says otherwise.
const ENDLESS: Span = Span::from_secs(60);

#[derive(Debug, Args)]
pub(super) struct Options {
    /// A scenario file, or a name of the library
    file: String,
    /// Which variant to run; the first one if not said
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// The seed, instead of the scenario's own
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// The story that an event is part of: who made it and the how-manieth it is, such as
    /// payments/12
    #[arg(long, value_name = "SERVICE/N", conflicts_with_all = ["from", "to"])]
    event: Option<String>,
    /// All that happened from this instant on, such as 1s
    #[arg(long, value_name = "TIME", value_parser = instant)]
    from: Option<Span>,
    /// And up to this one; a second later if not said
    #[arg(long, value_name = "TIME", value_parser = instant)]
    to: Option<Span>,
    /// What to write
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// The colours of an SVG
    #[arg(long, value_enum, default_value = "light")]
    look: Look,
    /// Show acks, commits, confirms and fetches too
    #[arg(long)]
    acks: bool,
    /// The most messages of a span
    #[arg(long, value_name = "NUMBER", default_value = "250")]
    most: u64,
    /// Write into this file instead of to the terminal
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Text that Mermaid draws
    Mermaid,
    /// A picture
    Svg,
    /// Lines and letters
    Text,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Look {
    Light,
    Dark,
}

fn instant(text: &str) -> Result<Span, String> {
    if text == "0" {
        return Ok(Span::ZERO);
    }
    scenario::parse_span(text).map_err(|expected| format!("expected {expected}, as in 1s or 20ms"))
}

pub(super) fn sequence(options: &Options) -> ExitCode {
    let wrong = |message: String, code: u8| {
        eprintln!("error: {message}");
        ExitCode::from(code)
    };
    let scenario = match source::load(&options.file) {
        Ok(scenario) => scenario,
        Err(message) => {
            eprint!("{message}");
            return ExitCode::from(1);
        }
    };
    let variant = match run::choose(&scenario.variants, options.variant.as_deref()) {
        Ok(variant) => variant,
        Err(message) => return wrong(format!("`{}` {message}", options.file), 2),
    };
    let model = &variant.model;
    let found = match &options.event {
        Some(event) => match named(model, event) {
            Ok(event) => of_event(options, model, event),
            Err(message) => return wrong(message, 2),
        },
        None => of_span(options, model),
    };
    let (diagram, about) = match found {
        Ok(found) => found,
        Err(message) => return wrong(message, 2),
    };
    let variant =
        if model.variant.is_empty() { String::new() } else { format!(" ({})", model.variant) };
    let title = format!("{}{variant}: {about}", scenario.title);
    let written = match options.format {
        Format::Mermaid => mermaid::mermaid(&diagram, &title),
        Format::Svg => svg::svg(&diagram, &title, ink(options.look == Look::Dark)),
        Format::Text => text::text(&diagram),
    };
    match &options.output {
        None => print!("{written}"),
        Some(path) => {
            if let Err(message) = file::write(path, &written) {
                return wrong(message, 1);
            }
        }
    }
    ExitCode::SUCCESS
}

/// The event that is named `service/number`.
fn named(model: &Model, text: &str) -> Result<EventId, String> {
    let (name, count) = text
        .rsplit_once('/')
        .and_then(|(name, count)| Some((name, count.parse::<u64>().ok().filter(|it| *it > 0)?)))
        .ok_or_else(|| {
            format!(
                "`{text}` names no event; expected who made it and its number, as in payments/12"
            )
        })?;
    let found = model.services.iter().position(|it| it.name == name).ok_or_else(|| {
        let names: Vec<&str> = model.services.iter().map(|it| it.name.as_str()).collect();
        format!("nobody named `{name}` makes events; there are {}", names.join(", "))
    })?;
    Ok(EventId::new(ServiceId::from_index(found), count))
}

fn runs(options: &Options, model: &Arc<Model>) -> Runs {
    let seed = options.seed.unwrap_or(model.seed);
    Runs::new(Arc::clone(model), seed, Run::BUDGET_BYTES)
}

/// The story of an event.
fn of_event(
    options: &Options,
    model: &Arc<Model>,
    event: EventId,
) -> Result<(Diagram, String), String> {
    let until = model.end.unwrap_or(Time::ZERO + ENDLESS);
    let inquiry = JourneyOf::new(Script::default(), event, until);
    let journey = work_out(inquiry, &mut runs(options, model));
    let Some(fact) = journey.fact() else {
        let who = &model.services[event.producer().index()].name;
        return Err(format!("{who} makes no event {event} until {until}"));
    };
    let mut diagram = Diagram::new(model, &journey.lines, journey.until, !options.acks);
    diagram.left_out = journey.left_out;
    Ok((diagram, event_name(model, fact.event, fact.event_type)))
}

/// What happened in a span.
fn of_span(options: &Options, model: &Arc<Model>) -> Result<(Diagram, String), String> {
    let from = Time::ZERO + options.from.unwrap_or(Span::ZERO);
    let until = options.to.map_or(from + Span::SECOND, |it| Time::ZERO + it);
    if until <= from {
        return Err(format!("--to must be later than --from, which is {from}"));
    }
    if let Some(end) = model.end.filter(|end| *end <= from) {
        return Err(format!("the run ends at {end}, and --from is {from}"));
    }
    let until = model.end.map_or(until, |end| until.min(end));
    let stretch = Stretch { script: Script::default(), from, until };
    let inquiry = SequenceOf::new(stretch, options.most, !options.acks);
    let sequence = work_out(inquiry, &mut runs(options, model));
    let mut diagram = Diagram::new(model, &sequence.lines, sequence.until, !options.acks);
    diagram.left_out = sequence.left_out;
    Ok((diagram, format!("{from} – {until}")))
}
