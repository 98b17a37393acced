//! A session from its text: every mistake at once, each in its place.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::history::{Branch, BranchId, Ladder, MAIN, Rung, Step, Tree};
use crate::model::{Intervention, Model, Time};
use crate::scenario::reader::{Reader, describe, head};
use crate::scenario::syntax::{self, Kind, Node};
use crate::scenario::{self, Problem, Problems, Scenario, names};
use crate::sim::Digest;

use super::acts::{self, Names, pair};
use super::{Futures, Kept, Looped, Origin, Ran, Session, View, live, words};

/// The format this program reads.
const FORMAT: i64 = 1;

/// The longest text that is read.
const MOST_BYTES: usize = 512 << 20;

/// Reads a session. `file` is only named in messages.
///
/// # Errors
///
/// Every mistake of the text, each with its place; those of the scenario inside too.
pub fn read(text: &str, file: &str) -> Result<Session, Problems> {
    if text.len() > MOST_BYTES {
        let message = format!("{} MiB are too long for a session", text.len() >> 20);
        let expected = format!("at most {} MiB", MOST_BYTES >> 20);
        let problem = Problem::new(0..0, &message).expected(&expected);
        return Err(Problems::new(file, "", vec![problem]));
    }
    let root = syntax::parse(text).map_err(|problems| Problems::new(file, text, problems))?;
    let reader = Reader::default();
    let session = session(&reader, &root, text, file);
    let failed = reader.has_problems();
    match session {
        Some(session) if !failed => Ok(session),
        _ => Err(Problems::new(file, text, reader.into_problems())),
    }
}

fn session(reader: &Reader, root: &Node, whole: &str, file: &str) -> Option<Session> {
    let fields = reader.fields(root, "Session")?;
    let format = fields.required("format")?;
    let program = fields.optional("program").and_then(|it| reader.text(it)).unwrap_or("");
    if format.kind != Kind::Int(FORMAT) {
        // Of another format nothing else can be said.
        let message = format!("{} is not a format this version reads", describe(format));
        let by = (!program.is_empty())
            .then(|| format!("it was written by inflight {program}; this is {}", super::PROGRAM));
        let problem = Problem::new(format.place.clone(), &message);
        reader.report(problem.expected(&format!("`format: {FORMAT}`")).help(by));
        return None;
    }
    let origin = fields.required("scenario").and_then(|it| origin(reader, it));
    let text = fields.required("text");
    let scenario = text.and_then(|it| inner(reader, it, whole, file, origin.as_ref()));
    let variant = fields.optional("variant");
    let seed = fields.optional("seed").map(|it| seed(reader, it));
    let view = fields.required("view").and_then(|it| view(reader, it));
    let layout = fields.optional("layout");
    let marks = fields.optional("marks").map_or_else(Vec::new, |it| marks(reader, it));
    let looped = fields.optional("loop").map(|it| looped(reader, it));
    let futures = fields.optional("futures");
    let live = fields.optional("live");
    let kept = fields.optional("kept").map(|it| kept(reader, it));
    fields.finish();
    let scenario = Arc::new(scenario?);
    let variant_name = match variant {
        Some(node) => variant_of(reader, &scenario, node)?.name.clone(),
        None => scenario.variants[0].name.clone(),
    };
    let layout = layout.map_or_else(BTreeMap::new, |it| places(reader, &scenario, it));
    let futures = futures.map_or_else(BTreeMap::new, |it| all_futures(reader, &scenario, it));
    let live = live.map(|it| live::read(reader, &scenario, it));
    let Kind::Text(text) = &text?.kind else { return None };
    Some(Session {
        program: program.to_owned(),
        origin: origin?,
        text: text.as_str().into(),
        scenario,
        variant: variant_name,
        seed: match seed {
            None => None,
            Some(seed) => Some(seed?),
        },
        view: view?,
        layout,
        marks,
        looped: match looped {
            None => None,
            Some(looped) => Some(looped?),
        },
        futures,
        live: match live {
            None => None,
            Some(live) => Some(live?),
        },
        kept: match kept {
            None => None,
            Some(kept) => Some(kept?),
        },
    })
}

fn origin(reader: &Reader, node: &Node) -> Option<Origin> {
    if let Kind::Tuple(Some(name), items) = &node.kind
        && let [item] = items.as_slice()
    {
        match name.as_str() {
            "Library" => return reader.text(item).map(|it| Origin::Library(it.to_owned())),
            "File" => return reader.text(item).map(|it| Origin::File(it.into())),
            _ => {}
        }
    }
    let message = format!("{} does not say where the scenario is from", describe(node));
    reader.wrong(&node.place, &message, "Library(\"…\") or File(\"…\")");
    None
}

/// The scenario inside. Its mistakes are shown where they stand in the session's text.
fn inner(
    reader: &Reader,
    node: &Node,
    whole: &str,
    file: &str,
    origin: Option<&Origin>,
) -> Option<Scenario> {
    let text = reader.text(node)?;
    let name = match origin {
        Some(Origin::Library(name)) => name.clone(),
        Some(Origin::File(path)) => path.to_string_lossy().into_owned(),
        None => file.to_owned(),
    };
    match scenario::read(text, &name) {
        Ok(scenario) => Some(scenario),
        Err(problems) => {
            // As it stands only in a raw text; in one with escapes places are others.
            let written = &whole[node.place.clone()];
            let begin = written.find(text).map(|it| it + node.place.start);
            for problem in problems.list() {
                let mut problem = problem.clone();
                problem.place = match begin {
                    Some(begin) => problem.place.start + begin..problem.place.end + begin,
                    None => node.place.start..node.place.start + 1,
                };
                reader.report(problem);
            }
            None
        }
    }
}

pub(super) fn variant_of<'a>(
    reader: &Reader,
    scenario: &'a Scenario,
    node: &Node,
) -> Option<&'a scenario::Variant> {
    let names = scenario.variants.iter().map(|it| it.name.as_str());
    names::place(reader, node, "variant", names).map(|it| &scenario.variants[it])
}

pub(super) fn seed(reader: &Reader, node: &Node) -> Option<u64> {
    if let Kind::Text(text) = &node.kind {
        let seed = text.parse().ok();
        if seed.is_none() {
            reader.wrong(&node.place, &format!("`{text}` is not a seed"), "a whole number");
        }
        return seed;
    }
    reader.int(node, 0, i64::MAX).map(i64::cast_unsigned)
}

fn view(reader: &Reader, node: &Node) -> Option<View> {
    let fields = reader.fields(node, "View")?;
    let at = fields.required("at").and_then(|it| acts::time(reader, it));
    let speed = fields.required("speed").and_then(|it| reader.positive(it));
    let window = fields.required("window").and_then(|node| {
        let Some([from, to]) = pair(node) else {
            reader.wrong(&node.place, "no two instants", "(\"0s\", \"10s\")");
            return None;
        };
        let (from, to) = (acts::time(reader, from)?, acts::time(reader, to)?);
        if from >= to {
            reader.wrong(&node.place, "the close-up ends before it begins", "the earlier first");
            return None;
        }
        Some((from, to))
    });
    let offset = fields.required("offset").and_then(|it| point(reader, it));
    let zoom = fields.required("zoom").and_then(|it| reader.positive(it));
    fields.finish();
    #[expect(clippy::cast_possible_truncation, reason = "it was written as such")]
    let zoom = zoom? as f32;
    Some(View { at: at?, speed: speed?, window: window?, offset: offset?, zoom })
}

#[expect(clippy::cast_possible_truncation, reason = "they were written as such")]
fn point(reader: &Reader, node: &Node) -> Option<(f32, f32)> {
    let Some([x, y]) = pair(node) else {
        reader.wrong(
            &node.place,
            &format!("{} instead of a place", describe(node)),
            "(12.0, 40.0)",
        );
        return None;
    };
    let (x, y) = (reader.number(x), reader.number(y));
    Some((x? as f32, y? as f32))
}

fn places(reader: &Reader, scenario: &Scenario, node: &Node) -> BTreeMap<String, (f32, f32)> {
    let mut places = BTreeMap::new();
    for (name, place, value) in reader.entries(node) {
        let models = || scenario.variants.iter().map(|it| &it.model);
        if !models().any(|model| names::find_end(model, name).is_some()) {
            let model = &scenario.variants[0].model;
            let names = model.services.iter().map(|it| it.name.as_str());
            let names = names.chain(model.topics.iter().map(|it| it.name.as_str()));
            reader.unknown(place, "service or topic", name, names);
        } else if let Some(at) = point(reader, value) {
            places.insert(name.to_owned(), at);
        }
    }
    places
}

fn marks(reader: &Reader, list: &Node) -> Vec<(Time, String)> {
    let mut marks: Vec<(Time, String)> = Vec::new();
    for node in reader.list(list) {
        let Some(fields) = reader.fields(node, "Mark") else { continue };
        let at = fields.required("at").and_then(|it| acts::time(reader, it));
        let name = fields.optional("name").and_then(|it| reader.text(it)).unwrap_or("");
        fields.finish();
        let Some(at) = at else { continue };
        if marks.last().is_some_and(|(before, _)| *before >= at) {
            reader.wrong(
                &head(node),
                "a mark out of order",
                "marks in the order of their instants",
            );
        }
        marks.push((at, name.to_owned()));
    }
    marks
}

fn looped(reader: &Reader, node: &Node) -> Option<Looped> {
    let fields = reader.fields(node, "Loop")?;
    let from = fields.required("from").and_then(|it| acts::time(reader, it));
    let to = fields.required("to");
    let to = to.and_then(|node| Some((node, acts::time(reader, node)?)));
    let is_on = fields.required("on").and_then(|it| reader.bool(it));
    fields.finish();
    let (from, (place, to)) = (from?, to?);
    if from >= to {
        reader.wrong(&place.place, "the loop ends before it begins", "a later instant");
        return None;
    }
    Some(Looped { from, to, is_on: is_on? })
}

fn kept(reader: &Reader, node: &Node) -> Option<Kept> {
    let fields = reader.fields(node, "Kept")?;
    let closed = fields.required("closed").and_then(|it| reader.bool(it));
    let file = fields.optional("file").and_then(|it| reader.text(it)).map(PathBuf::from);
    let mark = fields.optional("mark").and_then(|it| hex(reader, it));
    fields.finish();
    Some(Kept { file, mark, closed: closed? })
}

fn hex(reader: &Reader, node: &Node) -> Option<u64> {
    let text = reader.text(node)?;
    let is_hex = text.len() == 16 && text.bytes().all(|it| it.is_ascii_hexdigit());
    let value = is_hex.then(|| u64::from_str_radix(text, 16).ok()).flatten();
    if value.is_none() {
        let message = format!("`{text}` is not a digest");
        reader.wrong(&node.place, &message, "16 hexadecimal digits");
    }
    value
}

fn all_futures(reader: &Reader, scenario: &Scenario, node: &Node) -> BTreeMap<String, Futures> {
    let mut all = BTreeMap::new();
    for node in reader.list(node) {
        let Some(fields) = reader.fields(node, "Futures") else { continue };
        let variant = match fields.optional("variant") {
            Some(node) => variant_of(reader, scenario, node),
            None => Some(&scenario.variants[0]),
        };
        let (shown, branches) = (fields.required("shown"), fields.required("branches"));
        fields.finish();
        let (Some(variant), Some(branches)) = (variant, branches) else { continue };
        let found = match shown {
            Some(shown) => branches_of(reader, &variant.model, shown, branches),
            None => tree(reader, &variant.model, branches).and(None),
        };
        let Some(futures) = found else { continue };
        if all.insert(variant.name.clone(), futures).is_some() {
            let message = format!("the variant `{}` is there twice", variant.name);
            reader.wrong(&head(node), &message, "each variant once");
        }
    }
    all
}

/// The branches of a run, and which is shown.
pub(super) fn branches_of(
    reader: &Reader,
    model: &Model,
    shown: &Node,
    branches: &Node,
) -> Option<Futures> {
    let (tree, ran) = tree(reader, model, branches)?;
    let names = tree.branches().map(|it| it.name.as_str()).collect::<Vec<_>>();
    let place = names::place(reader, shown, "branch", names.iter().copied())?;
    let shown = tree.branches().nth(place).map(|it| it.id)?;
    Some(Futures { tree, shown, ran })
}

/// Branches while they are read.
struct Branches<'a> {
    names: Names<'a>,
    read: Vec<Branch>,
    ran: BTreeMap<BranchId, Ran>,
}

fn tree(reader: &Reader, model: &Model, list: &Node) -> Option<(Tree, BTreeMap<BranchId, Ran>)> {
    let names = Names { reader, model };
    let mut branches = Branches { names, read: Vec::new(), ran: BTreeMap::new() };
    let mut is_good = true;
    for node in reader.list(list) {
        is_good &= branches.branch(node).is_some();
    }
    if !is_good {
        return None;
    }
    match Tree::from_branches(branches.read) {
        Ok(tree) => Some((tree, branches.ran)),
        Err(message) => {
            reader.wrong(&head(list), &message, "branches that grow from `main`");
            None
        }
    }
}

impl Branches<'_> {
    fn branch(&mut self, node: &Node) -> Option<()> {
        let reader = self.names.reader;
        let fields = reader.fields(node, "Branch")?;
        let number = fields.required("number").and_then(|it| self.number(it));
        let name = fields.required("name").and_then(|it| self.name(it));
        let parent = match fields.optional("from") {
            Some(node) if self.read.is_empty() => {
                reader.wrong(&node.place, "the first branch has no parent", "no `from` here");
                None
            }
            Some(node) => self.parent(node).map(Some),
            None if !self.read.is_empty() => {
                reader.wrong(fields.place(), "from which branch?", "`from: (\"main\", \"5s\")`");
                None
            }
            None => Some(None),
        };
        let forked = parent.flatten().map_or(Time::ZERO, |(_, at)| at);
        let own = match fields.optional("steps") {
            Some(list) => self.steps(list, forked),
            None => Some(Vec::new()),
        };
        let ran = fields.optional("ran").map(|it| ran(reader, it));
        fields.finish();
        // Whoever names it is not told that it is not there: that would be one mistake twice.
        let id = BranchId(number.unwrap_or(u32::MAX));
        let (name, is_named) = (name.clone().unwrap_or_default(), name.is_some());
        let is_good = number.is_some() && is_named && parent.is_some() && own.is_some();
        self.read.push(Branch { id, name, parent: parent.flatten(), own: own.unwrap_or_default() });
        if let Some(ran) = ran {
            self.ran.insert(id, ran?);
        }
        is_good.then_some(())
    }

    fn number(&self, node: &Node) -> Option<u32> {
        let reader = self.names.reader;
        let number = u32::try_from(reader.int(node, 0, i64::from(u32::MAX) - 1)?).ok()?;
        if self.read.is_empty() && BranchId(number) != MAIN {
            reader.wrong(&node.place, "the first branch has another number", "`number: 0`");
            return None;
        }
        if self.read.iter().any(|it| it.id.0 == number) {
            let message = format!("two branches have the number {number}");
            reader.wrong(&node.place, &message, "each number once");
            return None;
        }
        Some(number)
    }

    fn name(&self, node: &Node) -> Option<String> {
        let reader = self.names.reader;
        let name = reader.text(node)?;
        if name.is_empty() {
            reader.wrong(&node.place, "an empty name", "at least a letter");
            return None;
        }
        if self.read.iter().any(|it| it.name == name) {
            reader.wrong(
                &node.place,
                &format!("two branches are called `{name}`"),
                "each name once",
            );
            return None;
        }
        Some(name.to_owned())
    }

    fn parent(&self, node: &Node) -> Option<(BranchId, Time)> {
        let reader = self.names.reader;
        let Some([name, at]) = pair(node) else {
            let message = format!("{} instead of a branch and an instant", describe(node));
            reader.wrong(&node.place, &message, "(\"main\", \"5s\")");
            return None;
        };
        let before = self.read.iter().map(|it| it.name.as_str());
        let place = names::place(reader, name, "earlier branch", before);
        let at = acts::time(reader, at);
        Some((self.read[place?].id, at?))
    }

    fn steps(&self, list: &Node, forked: Time) -> Option<Vec<Step>> {
        script(self.names.reader, self.names.model, list, forked)
    }
}

/// What is done to a run, in order, from an instant on.
pub(super) fn script(
    reader: &Reader,
    model: &Model,
    list: &Node,
    forked: Time,
) -> Option<Vec<Step>> {
    let names = Names { reader, model };
    let mut steps: Vec<Step> = Vec::new();
    let mut is_good = true;
    let mut before = Time::ZERO;
    for node in reader.list(list) {
        let Some(fields) = reader.fields(node, "Step") else {
            is_good = false;
            continue;
        };
        let place = fields.required("at");
        let at = place.and_then(|it| acts::time(reader, it));
        let off = fields.optional("off").map(|it| reader.bool(it));
        let act = names.act(&fields);
        fields.finish();
        let (Some(place), Some(at), Some(act)) = (place, at, act) else {
            is_good = false;
            continue;
        };
        if at < forked {
            let message = format!("a step before its branch begins, at {}", said(forked));
            reader.wrong(&place.place, &message, "the same instant, or a later one");
            is_good = false;
        } else if at < before {
            let message = format!("a step before the one above it, at {}", said(before));
            reader.wrong(&place.place, &message, "steps in the order of their instants");
            is_good = false;
        }
        before = before.max(at);
        let is_on = off.flatten() != Some(true);
        steps.push(Step { intervention: Intervention { at, act }, is_on });
    }
    is_good.then_some(steps)
}

fn said(at: Time) -> String {
    words::time(at).trim_matches('"').to_owned()
}

fn ran(reader: &Reader, node: &Node) -> Option<Ran> {
    let fields = reader.fields(node, "Ran")?;
    let program = fields.required("program").and_then(|it| reader.text(it));
    let end = fields.optional("end").map(|it| rung(reader, it));
    let ladder = fields.required("ladder").and_then(|it| rungs(reader, it));
    fields.finish();
    let end = match end {
        None => None,
        Some(end) => Some(end?),
    };
    let ladder = Arc::new(Ladder { rungs: ladder?, end });
    Some(Ran { program: program?.to_owned(), ladder })
}

fn rungs(reader: &Reader, list: &Node) -> Option<Vec<Rung>> {
    let mut rungs: Vec<Rung> = Vec::new();
    let mut is_good = true;
    for node in reader.list(list) {
        let Some(rung) = rung(reader, node) else {
            is_good = false;
            continue;
        };
        if rungs.last().is_some_and(|it| it.at >= rung.at) {
            reader.wrong(&node.place, "a digest out of order", "instants that go up");
            is_good = false;
        }
        rungs.push(rung);
    }
    is_good.then_some(rungs)
}

pub(super) fn rung(reader: &Reader, node: &Node) -> Option<Rung> {
    let Kind::Tuple(None, items) = &node.kind else {
        reader.wrong(&node.place, "no digest", "(instant, records, \"16 hexadecimal digits\")");
        return None;
    };
    let [at, records, digest] = items.as_slice() else {
        reader.wrong(&node.place, "no digest", "(instant, records, \"16 hexadecimal digits\")");
        return None;
    };
    let at = acts::time(reader, at);
    let records = reader.int(records, 0, i64::MAX).map(i64::cast_unsigned);
    let digest = hex(reader, digest).map(Digest);
    Some(Rung { at: at?, records: records?, digest: digest? })
}
