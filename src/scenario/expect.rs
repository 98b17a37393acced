//! Expectations: what a scenario says that its runs must show.

use crate::model::{
    Claim, During, Expectation, Figure, Mode, Model, Moment, Relation, Term, Time, Unit,
};

use super::figures::FIGURES;
use super::reader::{Fields, Reader, describe, head};
use super::syntax::{Kind, Node};

const MODES: [&str; 6] = ["Measured", "Always", "Never", "Eventually", "By", "Within"];

/// The most expectations; each is read for each of its variants.
const MOST: usize = 200;

/// What expectations are read against: the variants' names and models.
pub(super) struct Scope<'a> {
    pub reader: &'a Reader,
    pub names: Vec<String>,
    pub models: &'a mut [Model],
    /// The variant that figures are of.
    pub current: usize,
}

/// Reads the section `expect`.
pub(super) fn expectations(scope: &mut Scope<'_>, section: &Node, text: &str) -> Vec<Expectation> {
    let reader = scope.reader;
    let mut found = Vec::new();
    let list = reader.list(section);
    if list.len() > MOST {
        reader.wrong(&head(section), "too many expectations", &format!("at most {MOST}"));
    }
    for node in list.iter().take(MOST) {
        scope.expectation(node, text, &mut found);
    }
    found
}

/// What a term is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantity {
    Time,
    Number,
    /// Zero, and what is worked out of both.
    Either,
}

/// A term, and what it is of.
type Valued = (Term, Quantity);

impl Scope<'_> {
    fn expectation(&mut self, node: &Node, text: &str, found: &mut Vec<Expectation>) {
        let reader = self.reader;
        let (Kind::Struct(Some(name), _) | Kind::Tuple(Some(name), _)) = &node.kind else {
            let message = format!("{} instead of an expectation", describe(node));
            reader.wrong(&node.place, &message, "Measured(that: …), Always(that: …) …");
            return;
        };
        let Some(&what) = MODES.iter().find(|it| *it == name) else {
            reader.unknown(&head(node), "kind of expectation", name, MODES);
            return;
        };
        let Some(fields) = reader.fields(node, what) else { return };
        let because = fields.optional("because").and_then(|it| reader.text(it)).unwrap_or("");
        let that = fields.required("that");
        let chosen = fields.optional("variants").map(|it| self.chosen(it));
        let (during_node, at) = (fields.optional("during"), self.fields_of_mode(what, &fields));
        fields.finish();
        let Some(that) = that else { return };
        let is_bound = !has_free_figure(that);
        let variants = match chosen {
            Some(chosen) => chosen,
            None if is_bound => self.first_named(that).into_iter().collect(),
            None => (0..self.models.len()).collect(),
        };
        for variant in variants {
            self.current = variant;
            let span = match during_node {
                None => Some(During::Whole),
                Some(node) => self.during(node),
            };
            let mode = self.mode(what, &at);
            let claim = self.claim(that);
            let (Some(during), Some(mode), Some(claim)) = (span, mode, claim) else { continue };
            if mode != Mode::Measured && !self.are_levels(&claim, variant, that) {
                continue;
            }
            found.push(Expectation {
                text: self.in_words(what, that, during_node, &at, text),
                because: because.to_owned(),
                variant,
                mode,
                during,
                claim,
            });
            if is_bound {
                break;
            }
        }
    }

    /// As it is written, without why and for whom: `Always AtMost(…, 5) during Fault(1)`.
    fn in_words(
        &self,
        what: &str,
        that: &Node,
        during: Option<&Node>,
        [first, second]: &[Option<&Node>; 2],
        text: &str,
    ) -> String {
        let part = |it: &Node| words(text.get(it.place.clone()).unwrap_or_default());
        let mut out = match (what, first, second) {
            ("Measured", ..) => part(that),
            (_, Some(limit), Some(after)) => {
                format!("{what} {} after {}: {}", part(limit), part(after), part(that))
            }
            (_, Some(at), None) => format!("{what} {}: {}", part(at), part(that)),
            _ => format!("{what} {}", part(that)),
        };
        if let Some(during) = during {
            out += &format!(" during {}", part(during));
        }
        out
    }

    /// The fields that only one kind of expectation has: when.
    fn fields_of_mode<'n>(&self, what: &str, fields: &Fields<'n>) -> [Option<&'n Node>; 2] {
        match what {
            "By" => [fields.required("at"), None],
            "Within" => [fields.required("limit"), fields.required("after")],
            _ => [None, None],
        }
    }

    fn mode(&self, what: &str, [first, second]: &[Option<&Node>; 2]) -> Option<Mode> {
        let reader = self.reader;
        Some(match what {
            "Measured" => Mode::Measured,
            "Always" => Mode::Always,
            "Never" => Mode::Never,
            "Eventually" => Mode::Eventually,
            "By" => Mode::By(Time::ZERO + reader.span((*first)?)?),
            _ => Mode::Within(reader.span((*first)?)?, self.moment((*second)?)?),
        })
    }

    /// The variants with these names.
    fn chosen(&self, node: &Node) -> Vec<usize> {
        let list = self.reader.list(node);
        list.iter().filter_map(|it| self.variant(it)).collect()
    }

    fn variant(&self, node: &Node) -> Option<usize> {
        let name = self.reader.text(node)?;
        let found = self.names.iter().position(|it| it == name && !it.is_empty());
        if found.is_none() {
            let names = self.names.iter().map(String::as_str);
            self.reader.unknown(&node.place, "variant", name, names);
        }
        found
    }

    /// The variant that a claim names first.
    fn first_named(&self, node: &Node) -> Option<usize> {
        let Kind::Tuple(name, items) = &node.kind else { return Some(0) };
        if name.as_deref() == Some("In") {
            return self.variant(items.first()?);
        }
        let inside = items.iter().filter(|it| matches!(it.kind, Kind::Tuple(..)));
        let mut named = inside.filter(|it| names_a_variant(it));
        named.next().map_or(Some(0), |it| self.first_named(it))
    }

    fn fault(&self, node: &Node) -> Option<usize> {
        let count = self.models[self.current].faults.len();
        if count == 0 {
            self.reader.wrong(&node.place, "there is no fault", "a fault in `faults: […]`");
            return None;
        }
        let number = self.reader.int(node, 1, i64::try_from(count).unwrap_or(i64::MAX))?;
        usize::try_from(number - 1).ok()
    }

    fn during(&self, node: &Node) -> Option<During> {
        let expected = "Whole, Between(\"20s\", \"28s\"), Fault(1) or After(1)";
        match &node.kind {
            Kind::Word(word) if word == "Whole" => Some(During::Whole),
            Kind::Tuple(Some(name), items) => match (name.as_str(), items.as_slice()) {
                ("Between", [from, until]) => {
                    let (first, last) = (self.reader.span(from)?, self.reader.span(until)?);
                    if first >= last {
                        let message = "a span that ends before it begins";
                        self.reader.wrong(&node.place, message, "the earlier instant first");
                        return None;
                    }
                    Some(During::Between(Time::ZERO + first, Time::ZERO + last))
                }
                ("Fault", [number]) => self.fault(number).map(During::Fault),
                ("After", [number]) => self.fault(number).map(During::After),
                _ => {
                    self.reader.wrong(&head(node), "not a span of the run", expected);
                    None
                }
            },
            _ => {
                self.reader.wrong(&head(node), "not a span of the run", expected);
                None
            }
        }
    }

    fn moment(&self, node: &Node) -> Option<Moment> {
        if let Kind::Tuple(Some(name), items) = &node.kind
            && let [item] = items.as_slice()
        {
            match name.as_str() {
                "At" => return self.reader.span(item).map(|it| Moment::At(Time::ZERO + it)),
                "Broken" => return self.fault(item).map(Moment::Broken),
                "Mended" => return self.fault(item).map(Moment::Mended),
                _ => {}
            }
        }
        let expected = "At(\"20s\"), Broken(1) or Mended(1)";
        self.reader.wrong(&head(node), "not an instant of the run", expected);
        None
    }

    fn claim(&mut self, node: &Node) -> Option<Claim> {
        const RELATIONS: [&str; 7] =
            ["Below", "Above", "AtMost", "AtLeast", "Equal", "Unequal", "Near"];
        let expected = "Below(…, …), Above, AtMost, AtLeast, Equal, Unequal, or Near(…, …, 0.05)";
        let Kind::Tuple(Some(name), items) = &node.kind else {
            let message = format!("{} instead of a claim", describe(node));
            self.reader.wrong(&head(node), &message, expected);
            return None;
        };
        let Some(&what) = RELATIONS.iter().find(|it| *it == name) else {
            self.reader.unknown(&head(node), "relation", name, RELATIONS);
            return None;
        };
        let wanted = if what == "Near" { 3 } else { 2 };
        if items.len() != wanted {
            let message = format!("{what} needs {wanted} values, and has {}", items.len());
            self.reader.wrong(&head(node), &message, expected);
            return None;
        }
        let relation = match what {
            "Below" => Relation::Below,
            "Above" => Relation::Above,
            "AtMost" => Relation::AtMost,
            "AtLeast" => Relation::AtLeast,
            "Equal" => Relation::Equal,
            "Unequal" => Relation::Unequal,
            _ => Relation::Near(self.reader.positive(&items[2])?),
        };
        let (left, right) = self.alike((&items[0], &items[1]))?;
        Some(Claim { left: left.0, relation, right: right.0 })
    }

    /// Two terms that are compared or added up: a time with a time, a number with a number.
    fn alike(&mut self, (one, other): (&Node, &Node)) -> Option<(Valued, Valued)> {
        let (left, right) = (self.term(one), self.term(other));
        let (left, right) = (left?, right?);
        let number = match (left.1, right.1) {
            (Quantity::Time, Quantity::Number) => other,
            (Quantity::Number, Quantity::Time) => one,
            _ => return Some((left, right)),
        };
        let expected = "a time with its unit, such as \"250ms\"";
        self.reader.wrong(&head(number), "a number where the other side is a time", expected);
        None
    }

    fn term(&mut self, node: &Node) -> Option<Valued> {
        match &node.kind {
            Kind::Int(_) | Kind::Float(_) => self.reader.number(node).map(|it| {
                // Nothing is nothing, whatever it is of.
                let what = if it == 0.0 { Quantity::Either } else { Quantity::Number };
                (Term::Number(it), what)
            }),
            Kind::Text(_) => {
                let span = self.reader.span(node)?;
                Some((Term::Number(span.as_secs_f64()), Quantity::Time))
            }
            Kind::Tuple(Some(name), items) => match (name.as_str(), items.as_slice()) {
                ("Times", [times, of]) => {
                    let times = self.reader.number(times);
                    let (of, what) = self.term(of)?;
                    Some((Term::Times(times?, Box::new(of)), what))
                }
                ("Plus" | "Minus", [one, other]) => {
                    let ((one, first), (other, second)) = self.alike((one, other))?;
                    let what = if first == Quantity::Either { second } else { first };
                    let (one, other) = (Box::new(one), Box::new(other));
                    let is_sum = name == "Plus";
                    Some((
                        if is_sum { Term::Plus(one, other) } else { Term::Minus(one, other) },
                        what,
                    ))
                }
                ("Over", [one, other]) => {
                    let (one, other) = (self.term(one), self.term(other));
                    let ((one, first), (other, second)) = (one?, other?);
                    let what = match (first, second) {
                        (Quantity::Time, Quantity::Time) | (Quantity::Number, _) => {
                            Quantity::Number
                        }
                        _ => Quantity::Either,
                    };
                    Some((Term::Over(Box::new(one), Box::new(other)), what))
                }
                ("In", [variant, of]) => {
                    let variant = self.variant(variant)?;
                    let before = std::mem::replace(&mut self.current, variant);
                    let term = self.term(of);
                    self.current = before;
                    term
                }
                ("Times" | "Plus" | "Minus" | "Over" | "In", _) => {
                    let message = format!("{name} needs 2 values, and has {}", items.len());
                    let expected = match name.as_str() {
                        "In" => "In(\"variant\", …)".to_owned(),
                        "Times" => "Times(0.1, …)".to_owned(),
                        _ => format!("{name}(…, …)"),
                    };
                    self.reader.wrong(&head(node), &message, &expected);
                    None
                }
                _ => self.figure_term(node, name, items),
            },
            Kind::Word(name) => self.figure_term(node, name, &[]),
            _ => {
                let message = format!("{} instead of a value", describe(node));
                let expected = "a number, a time, or a figure such as Free(\"users\", P99)";
                self.reader.wrong(&head(node), &message, expected);
                None
            }
        }
    }

    fn figure_term(&mut self, node: &Node, name: &str, items: &[Node]) -> Option<Valued> {
        if !FIGURES.iter().any(|it| it.0 == name) {
            let others = ["Times", "Plus", "Minus", "Over", "In"];
            let names = FIGURES.iter().map(|it| it.0).chain(others);
            self.reader.unknown(&head(node), "figure", name, names);
            return None;
        }
        let figure = self.figure(node, name, items)?;
        let is_time = figure.unit() == Unit::Seconds;
        let what = if is_time { Quantity::Time } else { Quantity::Number };
        Some((Term::Figure { variant: self.current, figure }, what))
    }

    /// Instants have levels, and no figures of a span.
    fn are_levels(&self, claim: &Claim, variant: usize, place: &Node) -> bool {
        let (mut figures, mut others) = (false, false);
        let mut look = |of, figure| {
            figures |= !matches!(figure, Figure::Level(_));
            others |= of != variant;
        };
        claim.left.visit(&mut look);
        claim.right.visit(&mut look);
        if figures {
            let message = "this is measured over a span, and not so at an instant";
            let expected = "`Measured(that: …)`, or levels such as Lag, Total, Queue, InFlight";
            self.reader.wrong(&head(place), message, expected);
        } else if others {
            let message = "two variants have no instants in common";
            self.reader.wrong(&head(place), message, "`Measured(that: …)` to compare them");
        }
        !figures && !others
    }
}

/// Whether a figure stands in it that is not said to be of a variant.
fn has_free_figure(node: &Node) -> bool {
    match &node.kind {
        Kind::Word(_) => true,
        Kind::Tuple(Some(name), _) if name == "In" => false,
        Kind::Tuple(Some(name), items) => {
            FIGURES.iter().any(|it| it.0 == name) || items.iter().any(has_free_figure)
        }
        _ => false,
    }
}

fn names_a_variant(node: &Node) -> bool {
    match &node.kind {
        Kind::Tuple(Some(name), items) => name == "In" || items.iter().any(names_a_variant),
        _ => false,
    }
}

/// A piece of the text on one line, without its comments' line ends: as it can be shown.
fn words(text: &str) -> String {
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or(line));
    let joined = lines.collect::<Vec<_>>().join(" ");
    let words = joined.split_whitespace().collect::<Vec<_>>().join(" ");
    words.replace("( ", "(").replace(", )", ")").replace(" )", ")")
}
