//! Reads values out of a tree, and writes down what is wrong with them.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::model::{Distribution, Span};

use super::problem::{Problem, nearest};
use super::syntax::{Field, Kind, Node, Place};

/// After how many mistakes (those of each variant count) further ones are not written down.
const MOST_KEPT: usize = 1000;

/// Where mistakes are written down.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    problems: RefCell<Vec<Problem>>,
}

/// The fields of a struct, of which none may be left over.
pub(crate) struct Fields<'a> {
    reader: &'a Reader,
    what: &'static str,
    place: Place,
    fields: &'a [Field],
    known: RefCell<Vec<&'static str>>,
}

impl Reader {
    pub(crate) fn report(&self, problem: Problem) {
        let mut problems = self.problems.borrow_mut();
        if problems.len() < MOST_KEPT {
            problems.push(problem);
        }
    }

    pub(crate) fn wrong(&self, place: &Place, message: &str, expected: &str) {
        self.report(Problem::new(place.clone(), message).expected(expected));
    }

    /// A name that points nowhere.
    pub(crate) fn unknown<'a>(
        &self,
        place: &Place,
        what: &str,
        name: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) {
        let message = format!("there is no {what} `{name}`");
        if self.problems.borrow().len() >= MOST_KEPT {
            return;
        }
        self.report(Problem::new(place.clone(), &message).help(nearest(name, names)));
    }

    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    pub(crate) fn has_problems(&self) -> bool {
        !self.problems.borrow().is_empty()
    }

    /// The fields of a struct with this name (or without one).
    pub(crate) fn fields<'a>(&'a self, node: &'a Node, what: &'static str) -> Option<Fields<'a>> {
        let fields: &[Field] = match &node.kind {
            Kind::Struct(name, fields) if name.as_deref().is_none_or(|it| it == what) => fields,
            Kind::Tuple(name, items)
                if items.is_empty() && name.as_deref().is_none_or(|it| it == what) =>
            {
                &[]
            }
            kind => {
                let found = describe(node);
                let expected = format!("`{what}(…)` with named fields");
                let meant = match kind {
                    Kind::Struct(Some(name), fields) => nearest(name, [what]).zip(Some(fields)),
                    _ => None,
                };
                let (hint, fields) = meant.unzip();
                let message = format!("{found} instead of {what}");
                let problem = Problem::new(node.place.clone(), &message).expected(&expected);
                self.report(problem.help(hint));
                // Read on as what was meant: else whatever names what is in it would be wrong, too.
                fields?
            }
        };
        let mut seen = BTreeSet::new();
        for field in fields {
            if !seen.insert(field.name.as_str()) {
                let message = format!("the field `{}` is given twice", field.name);
                self.wrong(&field.place, &message, "each field once");
            }
        }
        Some(self.fields_of(node, what, fields))
    }

    pub(crate) fn fields_of<'a>(
        &'a self,
        node: &Node,
        what: &'static str,
        fields: &'a [Field],
    ) -> Fields<'a> {
        Fields { reader: self, what, place: head(node), fields, known: RefCell::default() }
    }

    /// The entries of a map with names as keys.
    pub(crate) fn entries<'a>(&self, node: &'a Node) -> Vec<(&'a str, &'a Place, &'a Node)> {
        let Kind::Map(entries) = &node.kind else {
            let message = format!("{} instead of a map", describe(node));
            self.wrong(&node.place, &message, "`{ \"name\": …, }`");
            return Vec::new();
        };
        let mut named: Vec<(&str, &Place, &Node)> = Vec::new();
        let mut seen = BTreeSet::new();
        for (key, value) in entries {
            let Kind::Text(name) = &key.kind else {
                let message = format!("{} instead of a name", describe(key));
                self.wrong(&key.place, &message, "a name in quotes");
                continue;
            };
            if name.is_empty() {
                self.wrong(&key.place, "an empty name", "at least a letter");
            } else if !seen.insert(name.as_str()) {
                let message = format!("`{name}` is there twice");
                self.wrong(&key.place, &message, "each name once");
            } else if !matches!(&value.kind, Kind::Word(word) if word == "Absent") {
                named.push((name, &key.place, value));
            }
        }
        named
    }

    pub(crate) fn list<'a>(&self, node: &'a Node) -> &'a [Node] {
        if let Kind::List(items) = &node.kind {
            return items;
        }
        self.wrong(&node.place, &format!("{} instead of a list", describe(node)), "`[ … ]`");
        &[]
    }

    pub(crate) fn text<'a>(&self, node: &'a Node) -> Option<&'a str> {
        if let Kind::Text(text) = &node.kind {
            return Some(text);
        }
        let message = format!("{} instead of a text", describe(node));
        self.wrong(&node.place, &message, "a text in quotes");
        None
    }

    pub(crate) fn bool(&self, node: &Node) -> Option<bool> {
        if let Kind::Bool(value) = node.kind {
            return Some(value);
        }
        let message = format!("{} instead of yes or no", describe(node));
        self.wrong(&node.place, &message, "`true` or `false`");
        None
    }

    pub(crate) fn int(&self, node: &Node, least: i64, most: i64) -> Option<i64> {
        match node.kind {
            Kind::Int(value) if (least..=most).contains(&value) => Some(value),
            Kind::Int(value) => {
                let expected = if most == i64::MAX {
                    format!("{least} or more")
                } else {
                    format!("a whole number from {least} to {most}")
                };
                self.wrong(&node.place, &format!("{value} is out of range"), &expected);
                None
            }
            _ => {
                let message = format!("{} instead of a whole number", describe(node));
                self.wrong(&node.place, &message, "a whole number");
                None
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a number where a fraction would do")]
    pub(crate) fn number(&self, node: &Node) -> Option<f64> {
        match node.kind {
            Kind::Int(value) => Some(value as f64),
            Kind::Float(value) if value.is_finite() => Some(value),
            Kind::Float(_) => {
                self.wrong(&node.place, "not a finite number", "a number");
                None
            }
            _ => {
                let message = format!("{} instead of a number", describe(node));
                self.wrong(&node.place, &message, "a number");
                None
            }
        }
    }

    /// A number greater than zero.
    pub(crate) fn positive(&self, node: &Node) -> Option<f64> {
        let value = self.number(node)?;
        if value > 0.0 {
            return Some(value);
        }
        self.wrong(&node.place, &format!("{value} is not above zero"), "a number above zero");
        None
    }

    pub(crate) fn probability(&self, node: &Node) -> Option<f64> {
        let value = self.number(node)?;
        if (0.0..=1.0).contains(&value) {
            return Some(value);
        }
        let message = format!("{value} is not a probability");
        self.wrong(&node.place, &message, "a number from 0 to 1");
        None
    }

    pub(crate) fn span(&self, node: &Node) -> Option<Span> {
        let Kind::Text(text) = &node.kind else {
            let (message, expected) = match node.kind {
                Kind::Int(value) => (
                    format!("a time without a unit: {value}"),
                    format!("\"{value}ms\" or \"{value}s\""),
                ),
                Kind::Float(value) => (
                    format!("a time without a unit: {value}"),
                    format!("\"{value}ms\" or \"{value}s\""),
                ),
                _ => (
                    format!("{} instead of a time", describe(node)),
                    "a time such as \"250ms\"".into(),
                ),
            };
            self.wrong(&node.place, &message, &expected);
            return None;
        };
        match parse_span(text) {
            Ok(span) => Some(span),
            Err(expected) => {
                self.wrong(&node.place, &format!("`{text}` is not a time"), expected);
                None
            }
        }
    }

    /// A size above zero, in bytes.
    pub(crate) fn bytes(&self, node: &Node) -> Option<u64> {
        let text = self.text(node)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let bytes = parse_bytes(text).map(|it| it as u64).filter(|it| *it > 0);
        if bytes.is_none() {
            let message = format!("`{text}` is not a size above zero");
            self.wrong(&node.place, &message, "a size such as \"512B\" or \"64KiB\"");
        }
        bytes
    }

    /// A time above zero.
    pub(crate) fn some_span(&self, node: &Node) -> Option<Span> {
        let span = self.span(node)?;
        if span == Span::ZERO {
            self.wrong(&node.place, "no time at all", "a time above zero");
            return None;
        }
        Some(span)
    }

    /// A distribution of times (in ns) or, with `plain`, of bare numbers.
    pub(crate) fn distribution(&self, node: &Node, plain: bool) -> Option<Distribution> {
        let amount = |node: &Node| {
            if plain { self.number(node) } else { self.span(node).map(nanos) }
        };
        let (name, items, named): (&str, &[Node], &[Field]) = match &node.kind {
            Kind::Tuple(Some(name), items) => (name, items, &[]),
            Kind::Struct(Some(name), fields) => (name, &[], fields),
            _ => return amount(node).map(Distribution::Constant),
        };
        let known = [
            "Constant",
            "Uniform",
            "Exponential",
            "Normal",
            "LogNormal",
            "Erlang",
            "Gamma",
            "Pareto",
        ];
        let Some(&what) = known.iter().find(|it| **it == name) else {
            self.unknown(&head(node), "distribution", name, known);
            return None;
        };
        let names: &[&'static str] = match what {
            "Constant" => &["value"],
            "Uniform" => &["low", "high"],
            "Exponential" => &["mean"],
            "Normal" => &["mean", "deviation"],
            "LogNormal" => &["median", "p99"],
            "Erlang" | "Gamma" => &["shape", "mean"],
            _ => &["least", "shape"],
        };
        let fields = self.fields_of(node, what, named);
        let get = |place: usize| -> Option<&Node> {
            if named.is_empty() { items.get(place) } else { fields.optional(names[place]) }
        };
        let found: Vec<Option<&Node>> = (0..names.len()).map(get).collect();
        if !named.is_empty() {
            fields.finish();
        }
        if items.len() > names.len() || found.iter().any(Option::is_none) {
            let message = format!("{what} needs {}", names.join(" and "));
            self.wrong(&head(node), &message, &format!("{what}({})", names.join(", ")));
            return None;
        }
        let found: Vec<&Node> = found.into_iter().flatten().collect();
        let second = || found.get(1).copied().unwrap_or(found[0]);
        let above_zero = |value: f64, node: &Node| {
            if value > 0.0 {
                return Some(value);
            }
            self.wrong(&node.place, "not above zero", "more than zero");
            None
        };
        Some(match what {
            "Constant" => Distribution::Constant(amount(found[0])?),
            "Uniform" => {
                let (low, high) = (amount(found[0])?, amount(second())?);
                if low > high {
                    self.wrong(&node.place, "the least is above the greatest", "the lesser first");
                    return None;
                }
                Distribution::Uniform { low, high }
            }
            "Exponential" => {
                Distribution::Exponential { mean: above_zero(amount(found[0])?, found[0])? }
            }
            "Normal" => {
                let deviation = amount(second())?;
                if deviation < 0.0 {
                    self.wrong(&second().place, "a deviation below zero", "zero or more");
                    return None;
                }
                Distribution::Normal { mean: amount(found[0])?, deviation }
            }
            "LogNormal" => {
                let median = above_zero(amount(found[0])?, found[0])?;
                let p99 = above_zero(amount(second())?, second())?;
                if p99 < median {
                    self.wrong(&node.place, "the p99 is below the median", "a p99 above it");
                    return None;
                }
                // The 99th percentile of the standard normal is 2.326 347 874.
                Distribution::LogNormal {
                    mu: median.ln(),
                    sigma: (p99 / median).ln() / 2.326_347_874,
                }
            }
            "Erlang" | "Gamma" => {
                let shape = self.positive(found[0])?;
                let mean = above_zero(amount(second())?, second())?;
                Distribution::Gamma { shape, scale: mean / shape }
            }
            _ => Distribution::Pareto {
                least: above_zero(amount(found[0])?, found[0])?,
                shape: self.positive(second())?,
            },
        })
    }

    /// One of these words.
    pub(crate) fn choice<T: Copy>(&self, node: &Node, words: &[(&str, T)]) -> Option<T> {
        let name = match &node.kind {
            Kind::Word(word) => word.as_str(),
            _ => "",
        };
        let found = words.iter().find(|(word, _)| *word == name);
        if found.is_none() {
            let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let message = if name.is_empty() {
                format!("{} where a word is expected", describe(node))
            } else {
                format!("`{name}` is none of the words that can stand here")
            };
            let problem = Problem::new(node.place.clone(), &message)
                .expected(&names.join(", "))
                .help(nearest(name, names.iter().copied()));
            self.report(problem);
        }
        found.map(|(_, value)| *value)
    }
}

impl<'a> Fields<'a> {
    /// A field that may be left out.
    pub(crate) fn optional(&self, name: &'static str) -> Option<&'a Node> {
        self.allow(name);
        self.fields.iter().find(|it| it.name == name).map(|it| &it.value)
    }

    /// A field that must be there.
    pub(crate) fn required(&self, name: &'static str) -> Option<&'a Node> {
        let found = self.optional(name);
        if found.is_none() {
            let message = format!("{} has no `{name}`", self.what);
            self.reader.wrong(&self.place, &message, &format!("`{name}: …` inside"));
        }
        found
    }

    /// Says that a field is known without reading it.
    pub(crate) fn allow(&self, name: &'static str) {
        let mut known = self.known.borrow_mut();
        if !known.contains(&name) {
            known.push(name);
        }
    }

    /// Where the struct's name stands.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// Reports the fields that nobody asked for.
    pub(crate) fn finish(self) {
        let known = self.known.borrow();
        for field in self.fields {
            if !known.contains(&field.name.as_str()) {
                let message = format!("{} has no field `{}`", self.what, field.name);
                let problem = Problem::new(field.place.clone(), &message)
                    .expected(&format!("one of {}", known.join(", ")))
                    .help(nearest(&field.name, known.iter().copied()));
                self.reader.report(problem);
            }
        }
    }
}

/// The first line of a value, which is enough to point at it.
pub(crate) fn head(node: &Node) -> Place {
    let name = match &node.kind {
        Kind::Tuple(Some(name), _) | Kind::Struct(Some(name), _) => name.len(),
        Kind::Tuple(..) | Kind::Struct(..) | Kind::List(_) | Kind::Map(_) => 1,
        _ => return node.place.clone(),
    };
    node.place.start..node.place.start + name
}

/// What a value is, for a message.
pub(crate) fn describe(node: &Node) -> String {
    match &node.kind {
        Kind::Bool(value) => format!("`{value}`"),
        Kind::Int(value) => format!("the number {value}"),
        Kind::Float(value) => format!("the number {value}"),
        Kind::Text(_) => "a text".into(),
        Kind::Char(_) => "a letter".into(),
        Kind::Word(word) => format!("the word `{word}`"),
        Kind::List(_) => "a list".into(),
        Kind::Map(_) => "a map".into(),
        Kind::Tuple(Some(name), _) | Kind::Struct(Some(name), _) => format!("`{name}(…)`"),
        Kind::Tuple(..) | Kind::Struct(..) => "`(…)`".into(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "times below 104 days are exact")]
pub(crate) fn nanos(span: Span) -> f64 {
    span.0 as f64
}

/// A time with its unit, exact to the nanosecond: `250ms`, `1.5 s`, `2min`.
///
/// # Errors
///
/// What was expected instead.
#[expect(clippy::cast_precision_loss, reason = "units are small")]
pub fn parse_span(text: &str) -> Result<Span, &'static str> {
    let text = text.trim();
    let end = text.find(|it: char| !(it.is_ascii_digit() || it == '.' || it == '_'));
    let Some(end) = end else { return Err("a unit: ns, us, ms, s, min, h or d") };
    let digits = text[..end].replace('_', "");
    let value: f64 = digits.parse().map_err(|_| "a number of zero or more, then a unit")?;
    let unit: u64 = match text[end..].trim() {
        "ns" => 1,
        "us" | "µs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "min" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        _ => return Err("one of the units ns, us, ms, s, min, h, d"),
    };
    let seconds = value * (unit as f64 / 1e9);
    if seconds > 3_155_760_000.0 {
        return Err("a time of a hundred years at most");
    }
    Ok(exact_span(&digits, unit).unwrap_or_else(|| Span::from_secs_f64(seconds)))
}

/// So many units, to the nanosecond; `None` if there are more digits than any time needs.
fn exact_span(digits: &str, unit: u64) -> Option<Span> {
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.len() + part.len() > 22 {
        return None;
    }
    let all: u128 = format!("{whole}{part}").parse().ok()?;
    let scale = 10_u128.pow(u32::try_from(part.len()).ok()?);
    let nanos = (all * u128::from(unit) + scale / 2) / scale;
    u64::try_from(nanos).ok().map(Span)
}

/// A size with its unit, in bytes: `512B`, `64KiB`, `1MB`.
pub(crate) fn parse_bytes(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|it: char| !(it.is_ascii_digit() || it == '.' || it == '_'))?;
    let value: f64 = text[..end].replace('_', "").parse().ok()?;
    let unit = match text[end..].trim() {
        "B" => 1.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "KiB" => 1024.0,
        "MiB" => 1024.0 * 1024.0,
        "GiB" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some(value * unit)
}
