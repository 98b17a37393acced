//! RON text in, model out; every problem collected, each with its place in the text.
//!
//! `syntax` reads the text into a tree that knows its places, `variant` lays variants over it,
//! `convert` and the files beside it turn it into a [`Model`]. The language is described in
//! `scenarios/REFERENCE.md`.

mod convert;
pub(crate) mod deeds;
mod events;
mod expect;
mod figures;
mod faults;
mod guards;
mod logs;
pub mod library;
pub(crate) mod names;
pub mod problem;
mod producers;
pub(crate) mod reader;
mod services;
mod steps;
mod strategies;
pub mod syntax;
mod topics;
mod variant;

use std::sync::Arc;

use crate::model::{Expectation, Model};

pub use problem::{Problem, Problems};
pub use reader::parse_span;

use reader::{Reader, head};
use syntax::{Kind, Node};

/// A scenario, ready to run in each of its variants.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The name of its file, without folders and ending.
    pub name: String,
    /// What it is called in a title.
    pub title: String,
    /// What it shows, in a sentence.
    pub sentence: String,
    /// More about it, in Markdown.
    pub notes: String,
    /// Its variants; at least one, whose name is empty if the scenario has none.
    pub variants: Vec<Variant>,
    /// What its runs must show.
    pub expect: Vec<Expectation>,
}

/// One way to serve the same world.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    /// Its name.
    pub name: String,
    /// What it shows, in a sentence.
    pub sentence: String,
    /// What runs.
    pub model: Arc<Model>,
}

/// The longest text that is read: no table of a model so written outgrows its ids.
const MOST_BYTES: usize = 256 * 1024;

/// The most variants: each is a model of its own.
const MOST_VARIANTS: usize = 50;

/// Reads a scenario. `file` is only named in messages.
///
/// # Errors
///
/// Every mistake of the text, each with its place.
pub fn read(text: &str, file: &str) -> Result<Scenario, Problems> {
    if text.len() > MOST_BYTES {
        let message = format!("{} KiB are too long for a scenario", text.len() / 1024);
        let expected = format!("at most {} KiB", MOST_BYTES / 1024);
        return Err(Problems::new(
            file,
            text,
            vec![Problem::new(0..0, &message).expected(&expected)],
        ));
    }
    let root = syntax::parse(text).map_err(|problems| Problems::new(file, text, problems))?;
    let reader = Reader::default();
    let scenario = scenario(&reader, &root, file, text);
    let failed = reader.has_problems();
    match scenario {
        Some(scenario) if !failed => Ok(scenario),
        _ => Err(Problems::new(file, text, reader.into_problems())),
    }
}

fn scenario(reader: &Reader, root: &Node, file: &str, source: &str) -> Option<Scenario> {
    let base = without(&without(root, "variants"), "expect");
    // Name, sentence and model of each.
    let mut variants: Vec<(String, String, Model)> = Vec::new();
    let mut all_read = true;
    if let Some(section) = field(root, "variants") {
        for (number, (name, place, over)) in reader.entries(section).into_iter().enumerate() {
            if number == MOST_VARIANTS {
                let expected = format!("at most {MOST_VARIANTS}");
                reader.wrong(place, "too many variants", &expected);
                break;
            }
            let sentence = field(over, "sentence").and_then(|it| reader.text(it)).unwrap_or("");
            if !matches!(&over.kind, Kind::Struct(Some(it), _) | Kind::Tuple(Some(it), _) if it == "Variant")
            {
                reader.wrong(&over.place, "not a variant", "`Variant(…)`");
                continue;
            }
            if let Some(section) = field(over, "expect") {
                let expected = "`expect: […]` of the scenario, with `variants: [\"…\"]` inside";
                reader.wrong(&head(section), "a variant expects nothing of its own", expected);
            }
            let mut over = without(&without(over, "sentence"), "expect");
            if let Kind::Struct(what, _) | Kind::Tuple(what, _) = &mut over.kind {
                *what = None;
            }
            let merged = if matches!(over.kind, Kind::Tuple(..)) {
                base.clone()
            } else {
                variant::merged(&base, &over)
            };
            match convert::model(reader, &merged, name, sentence) {
                Some(model) => variants.push((name.to_owned(), sentence.to_owned(), model)),
                None => all_read = false,
            }
        }
    }
    if variants.is_empty() {
        let model = convert::model(reader, &base, "", "")?;
        variants.push((String::new(), model.sentence.clone(), model));
    }
    let (mut names, mut sentences, mut models) = (Vec::new(), Vec::new(), Vec::new());
    for (name, sentence, model) in variants {
        names.push(name);
        sentences.push(sentence);
        models.push(model);
    }
    let mut expect = Vec::new();
    if let Some(section) = field(root, "expect").filter(|_| all_read) {
        let models = models.as_mut_slice();
        let mut scope = expect::Scope { reader, names: names.clone(), models, current: 0 };
        expect = expect::expectations(&mut scope, section, source);
    }
    let variants = names.into_iter().zip(sentences).zip(models);
    let variants = variants.map(|((name, sentence), model)| Variant {
        name,
        sentence,
        model: Arc::new(model),
    });
    let text = |name| match field(root, name).map(|it| &it.kind) {
        Some(Kind::Text(text)) => text.clone(),
        _ => String::new(),
    };
    let stem = file.rsplit(['/', '\\']).next().unwrap_or(file);
    Some(Scenario {
        name: stem.strip_suffix(".ron").unwrap_or(stem).to_owned(),
        title: text("title"),
        sentence: text("sentence"),
        notes: text("notes"),
        variants: variants.collect(),
        expect,
    })
}

fn field<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    let Kind::Struct(_, fields) = &node.kind else { return None };
    fields.iter().find(|it| it.name == name).map(|it| &it.value)
}

fn without(node: &Node, name: &str) -> Node {
    let mut node = node.clone();
    if let Kind::Struct(_, fields) = &mut node.kind {
        fields.retain(|it| it.name != name);
    }
    node
}
