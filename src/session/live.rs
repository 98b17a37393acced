//! The live run in a session file: what came in as bytes in base 64, some seven letters an input.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::model::{Model, ServiceId, Time};
use crate::scenario::reader::{Reader, head};
use crate::scenario::syntax::Node;
use crate::scenario::{Scenario, names};
use crate::sim::Trace;

use super::read::{branches_of, rung, script, seed, variant_of};
use super::write::{futures_to, rung as rung_text, step};
use super::{Futures, Live, Part, words};

/// So many letters stand in a line, of a trace that a person may want to look at, and of one that is
/// longer.
const LETTERS_A_LINE: [usize; 2] = [96, 1 << 14];

/// A trace of more letters than that is long.
const LONG: usize = 1 << 20;

/// Writes it.
pub(super) fn write(out: &mut String, model: &Model, live: &Live) -> std::fmt::Result {
    let Live { variant, seed, trace, script, end, part, futures } = live;
    out.push_str("    live: Live(\n");
    if !variant.is_empty() {
        writeln!(out, "        variant: {},", words::quoted(variant))?;
    }
    writeln!(out, "        seed: \"{seed}\",\n        end: {},", rung_text(end))?;
    if let Some(Part { run, number, services }) = part {
        let services: Vec<String> = services.iter().map(|it| words::service(model, *it)).collect();
        let (run, services) = (words::quoted(run), services.join(", "));
        writeln!(out, "        part: (run: {run}, number: {number}, services: [{services}]),")?;
    }
    if !script.is_empty() {
        out.push_str("        steps: [\n");
        for it in script {
            writeln!(out, "            {},", step(model, it, true))?;
        }
        out.push_str("        ],\n");
    }
    if let Some(it) = futures {
        out.push_str("        futures: (\n");
        futures_to(out, model, it)?;
        out.push_str("        ),\n");
    }
    writeln!(out, "        // {} inputs", trace.len())?;
    out.push_str("        trace: [\n");
    let letters = STANDARD_NO_PAD.encode(trace.to_bytes());
    let letters_a_line = LETTERS_A_LINE[usize::from(letters.len() > LONG)];
    let mut rest = letters.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(letters_a_line));
        writeln!(out, "            \"{line}\",")?;
        rest = more;
    }
    out.push_str("        ],\n    ),\n");
    Ok(())
}

/// Reads it.
pub(super) fn read(reader: &Reader, scenario: &Scenario, node: &Node) -> Option<Live> {
    let fields = reader.fields(node, "Live")?;
    let variant = match fields.optional("variant") {
        Some(node) => variant_of(reader, scenario, node),
        None => Some(&scenario.variants[0]),
    };
    let seed = fields.required("seed").and_then(|it| seed(reader, it));
    let end = fields.required("end").and_then(|it| rung(reader, it));
    let steps = fields.optional("steps");
    let trace = fields.required("trace").and_then(|it| trace(reader, it));
    let part = fields.optional("part");
    let futures = fields.optional("futures");
    fields.finish();
    let variant = variant?;
    let part = match part {
        Some(node) => Some(part_of(reader, &variant.model, node)?),
        None => None,
    };
    let futures = match futures {
        Some(node) => Some(futures_of(reader, &variant.model, node)?),
        None => None,
    };
    let script = match steps {
        None => Vec::new(),
        Some(list) => script(reader, &variant.model, list, Time::ZERO)?
            .into_iter()
            .map(|it| it.intervention)
            .collect(),
    };
    Some(Live {
        variant: variant.name.clone(),
        seed: seed?,
        trace: trace?,
        script,
        end: end?,
        part,
        futures,
    })
}

fn futures_of(reader: &Reader, model: &Model, node: &Node) -> Option<Futures> {
    let fields = reader.fields(node, "futures")?;
    let (shown, branches) = (fields.required("shown"), fields.required("branches"));
    fields.finish();
    branches_of(reader, model, shown?, branches?)
}

fn part_of(reader: &Reader, model: &Model, node: &Node) -> Option<Part> {
    let fields = reader.fields(node, "part")?;
    let run = fields.required("run").and_then(|it| reader.text(it));
    let number = fields.required("number").and_then(|it| reader.int(it, 0, u16::MAX.into()));
    let services = fields.required("services");
    fields.finish();
    let of = |it| names::service(reader, model, it);
    let services: Option<Vec<ServiceId>> = reader.list(services?).iter().map(of).collect();
    Some(Part { run: run?.to_owned(), number: u16::try_from(number?).ok()?, services: services? })
}

fn trace(reader: &Reader, list: &Node) -> Option<Trace> {
    let mut letters = String::new();
    for node in reader.list(list) {
        letters.push_str(reader.text(node)?);
    }
    let bytes = STANDARD_NO_PAD.decode(letters.as_bytes());
    let trace = match &bytes {
        Ok(bytes) => Trace::from_bytes(bytes),
        Err(_) => Err("these are no letters of base 64"),
    };
    match trace {
        Ok(trace) => Some(trace),
        Err(message) => {
            reader.wrong(&head(list), message, "the trace as it was written");
            None
        }
    }
}
