//! A session as text: the same session is always the same text.

use std::fmt::Write;

use crate::history::{Branch, Rung, Step, Tree};
use crate::model::{Intervention, Model};

use super::{Futures, Kept, Looped, Origin, Ran, Session, View, acts, live, words};

/// How many rungs of a ladder stand in a line.
const RUNGS_A_LINE: usize = 3;

/// The text of a session.
#[must_use]
pub fn write(session: &Session) -> String {
    let mut out = String::with_capacity(session.text.len() + 4096);
    out.push_str("// What was made of a scenario with Inflight. Open it: inflight FILE\n");
    // Writing to a string does not fail.
    let _ = session_to(&mut out, session);
    out
}

fn session_to(out: &mut String, session: &Session) -> std::fmt::Result {
    let Session { program, origin, text, variant, seed, view, .. } = session;
    let Session { layout, marks, looped, futures, kept, .. } = session;
    writeln!(out, "Session(\n    format: 1,\n    program: {},", words::quoted(program))?;
    match origin {
        Origin::Library(name) => writeln!(out, "    scenario: Library({}),", words::quoted(name))?,
        Origin::File(path) => {
            let path = words::quoted(&path.to_string_lossy());
            writeln!(out, "    scenario: File({path}),")?;
        }
    }
    if !variant.is_empty() {
        writeln!(out, "    variant: {},", words::quoted(variant))?;
    }
    match seed {
        None => {}
        Some(seed) if i64::try_from(*seed).is_ok() => writeln!(out, "    seed: {seed},")?,
        // Past what a number of the language can be.
        Some(seed) => writeln!(out, "    seed: \"{seed}\",")?,
    }
    let View { at, speed, window: (from, to), offset: (x, y), zoom } = view;
    let [at, from, to] = [at, from, to].map(|it| words::time(*it));
    writeln!(out, "    view: View(at: {at}, speed: {speed:?}, window: ({from}, {to}),")?;
    writeln!(out, "        offset: ({x:?}, {y:?}), zoom: {zoom:?}),")?;
    if !layout.is_empty() {
        out.push_str("    layout: {\n");
        for (name, (x, y)) in layout {
            writeln!(out, "        {}: ({x:?}, {y:?}),", words::quoted(name))?;
        }
        out.push_str("    },\n");
    }
    if !marks.is_empty() {
        out.push_str("    marks: [\n");
        for (at, name) in marks {
            let name = match name.as_str() {
                "" => String::new(),
                name => format!(", name: {}", words::quoted(name)),
            };
            writeln!(out, "        Mark(at: {}{name}),", words::time(*at))?;
        }
        out.push_str("    ],\n");
    }
    if let Some(Looped { from, to, is_on }) = looped {
        let [from, to] = [from, to].map(|it| words::time(*it));
        writeln!(out, "    loop: Loop(from: {from}, to: {to}, on: {is_on}),")?;
    }
    if !futures.is_empty() {
        out.push_str("    futures: [\n");
        for (variant, futures) in futures {
            if let Some(model) = session.model(variant) {
                out.push_str("        Futures(\n");
                if !variant.is_empty() {
                    writeln!(out, "            variant: {},", words::quoted(variant))?;
                }
                futures_to(out, model, futures)?;
                out.push_str("        ),\n");
            }
        }
        out.push_str("    ],\n");
    }
    if let Some(it) = &session.live
        && let Some(model) = session.model(&it.variant)
    {
        live::write(out, model, it)?;
    }
    if let Some(Kept { file, mark, closed }) = kept {
        write!(out, "    kept: Kept(closed: {closed}")?;
        if let Some(file) = file {
            write!(out, ", file: {}", words::quoted(&file.to_string_lossy()))?;
        }
        if let Some(mark) = mark {
            write!(out, ", mark: \"{mark:016x}\"")?;
        }
        out.push_str("),\n");
    }
    write!(out, "    text: {},\n)\n", words::raw(text))
}

/// Writes which branch is shown, and all of them.
pub(super) fn futures_to(out: &mut String, model: &Model, it: &Futures) -> std::fmt::Result {
    let shown = it.tree.get(it.shown).map_or("", |it| it.name.as_str());
    writeln!(out, "            shown: {},\n            branches: [", words::quoted(shown))?;
    for branch in it.tree.branches() {
        branch_to(out, model, &it.tree, branch, it.ran.get(&branch.id))?;
    }
    out.push_str("            ],\n");
    Ok(())
}

fn branch_to(
    out: &mut String,
    model: &Model,
    tree: &Tree,
    branch: &Branch,
    ran: Option<&Ran>,
) -> std::fmt::Result {
    let (number, name) = (branch.id.0, words::quoted(&branch.name));
    write!(out, "                Branch(number: {number}, name: {name}")?;
    if let Some((parent, at)) = branch.parent {
        let parent = tree.get(parent).map_or("", |it| it.name.as_str());
        write!(out, ", from: ({}, {})", words::quoted(parent), words::time(at))?;
    }
    if !branch.own.is_empty() {
        out.push_str(", steps: [\n");
        for Step { intervention, is_on } in &branch.own {
            writeln!(out, "                    {},", step(model, intervention, *is_on))?;
        }
        out.push_str("                ]");
    }
    if let Some(Ran { program, ladder }) = ran {
        write!(out, ", ran: Ran(program: {}", words::quoted(program))?;
        if let Some(end) = &ladder.end {
            write!(out, ", end: {}", rung(end))?;
        }
        out.push_str(", ladder: [\n");
        for line in ladder.rungs.chunks(RUNGS_A_LINE) {
            let line: Vec<_> = line.iter().map(rung).collect();
            writeln!(out, "                    {},", line.join(", "))?;
        }
        out.push_str("                ])");
    }
    out.push_str("),\n");
    Ok(())
}

/// Something that is done.
pub(super) fn step(model: &Model, it: &Intervention, is_on: bool) -> String {
    let off = if is_on { "" } else { "off: true, " };
    format!("Step(at: {}, {off}{})", words::time(it.at), acts::write(model, &it.act))
}

pub(super) fn rung(it: &Rung) -> String {
    format!("({}, {}, \"{}\")", words::time(it.at), it.records, it.digest)
}
