//! Events and requests: their fields, how those are drawn, how they look.

use crate::model::event::MAX_FIELDS;
use crate::model::{EventType, Field, FieldDraw, FieldKind, Text, TextId, Value};

use super::convert::Converter;
use super::reader::{describe, head, parse_bytes};
use super::syntax::{Kind, Node};

/// The event colours of the theme, by name and in its order (M. Okabe and K. Ito, "Color
/// Universal Design").
const COLOURS: [(&str, u8); 8] = [
    ("Blue", 0),
    ("Orange", 1),
    ("Green", 2),
    ("Purple", 3),
    ("SkyBlue", 4),
    ("Vermillion", 5),
    ("Yellow", 6),
    ("Grey", 7),
];

/// The most values that all `Numbered` fields may draw from together.
const MOST_CHOICES: i64 = 1_000_000;

impl Converter<'_> {
    pub(super) fn event_types(&mut self, section: Option<&Node>, is_request: bool) {
        let Some(section) = section else { return };
        for (name, place, node) in self.reader.entries(section) {
            if self.model.event_types.iter().any(|it| it.name == name) {
                self.reader.wrong(place, &format!("`{name}` is there twice"), "each name once");
                continue;
            }
            let event_type = self.event_type(name, node, is_request);
            self.model.event_types.push(event_type);
        }
    }

    fn event_type(&mut self, name: &str, node: &Node, is_request: bool) -> EventType {
        let number = self.model.event_types.len();
        let mut event = EventType {
            name: name.to_owned(),
            is_request,
            fields: Vec::new(),
            key: None,
            is_tombstone: false,
            size_bytes: 512,
            #[expect(clippy::cast_possible_truncation, reason = "below eight")]
            colour: (number % 7) as u8,
            letter: name.chars().next().unwrap_or('?').to_ascii_uppercase(),
        };
        let what = if is_request { "Request" } else { "Event" };
        let Some(fields) = self.reader.fields(node, what) else { return event };
        if let Some(section) = fields.optional("fields") {
            for (field, place, draw) in self.reader.entries(section) {
                if event.fields.len() == MAX_FIELDS {
                    let message = format!("`{name}` has too many fields");
                    self.reader.wrong(place, &message, &format!("at most {MAX_FIELDS} fields"));
                    break;
                }
                if let Some((kind, draw)) = self.field_draw(draw) {
                    event.fields.push(Field { name: field.to_owned(), kind, draw });
                }
            }
        }
        if let Some(key) = fields.optional("key")
            && let Some(text) = self.reader.text(key)
        {
            event.key = event.fields.iter().position(|it| it.name == text);
            if event.key.is_none() {
                let names = event.fields.iter().map(|it| it.name.as_str());
                self.reader.unknown(&key.place, "field", text, names);
            }
        }
        if !is_request && let Some(node) = fields.optional("tombstone") {
            event.is_tombstone = self.reader.bool(node) == Some(true);
            if event.is_tombstone && event.key.is_none() {
                let message = format!("`{name}` removes a key, and has none");
                self.reader.wrong(&node.place, &message, "a `key`");
            }
        }
        if let Some(size) = fields.optional("size")
            && let Some(text) = self.reader.text(size)
        {
            match parse_bytes(text) {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "saturates"
                )]
                Some(bytes) => event.size_bytes = bytes as u32,
                None => self.reader.wrong(
                    &size.place,
                    &format!("`{text}` is not a size"),
                    "a size such as \"512B\" or \"64KiB\"",
                ),
            }
        }
        if let Some(colour) = fields.optional("colour")
            && let Some(colour) = self.reader.choice(colour, &COLOURS)
        {
            event.colour = colour;
        }
        if let Some(letter) = fields.optional("letter") {
            match letter.kind {
                Kind::Char(letter) if !letter.is_control() => event.letter = letter,
                _ => self.reader.wrong(&letter.place, "not a letter", "a letter such as 'P'"),
            }
        }
        fields.finish();
        event
    }

    fn field_draw(&mut self, node: &Node) -> Option<(FieldKind, FieldDraw)> {
        let known = ["Int", "Float", "Pick", "Numbered", "Sequence", "Chance"];
        let (name, items): (&str, &[Node]) = match &node.kind {
            Kind::Tuple(Some(name), items) => (name, items),
            Kind::Int(value) => {
                return Some((FieldKind::Int, FieldDraw::Int { low: *value, high: *value }));
            }
            Kind::Text(text) => {
                let text = Value::Text(Text { text: self.intern(text), number: 0 });
                return Some((FieldKind::Text, FieldDraw::Pick(vec![(1.0, text)])));
            }
            Kind::Bool(value) => {
                return Some((FieldKind::Bool, FieldDraw::Chance(f64::from(u8::from(*value)))));
            }
            _ => {
                let message = format!("{} instead of how a field is drawn", describe(node));
                self.reader.wrong(&node.place, &message, "Int(1, 9), Float(…), Pick([…]), Numbered(\"c-\", 7), Sequence(\"p-\") or Chance(0.5)");
                return None;
            }
        };
        let needs = |count: usize| {
            if items.len() == count {
                return true;
            }
            let message = format!("{name} takes {count} values, not {}", items.len());
            self.reader.wrong(&head(node), &message, &format!("{count} values"));
            false
        };
        match name {
            "Int" if items.len() == 1 => {
                let value = self.reader.int(&items[0], i64::MIN, i64::MAX)?;
                Some((FieldKind::Int, FieldDraw::Int { low: value, high: value }))
            }
            "Int" if needs(2) => {
                let low = self.reader.int(&items[0], i64::MIN, i64::MAX)?;
                let high = self.reader.int(&items[1], i64::MIN, i64::MAX)?;
                if low > high {
                    self.reader.wrong(
                        &node.place,
                        "the least is above the greatest",
                        "the lesser first",
                    );
                    return None;
                }
                Some((FieldKind::Int, FieldDraw::Int { low, high }))
            }
            "Float" if needs(1) => {
                let distribution = self.reader.distribution(&items[0], true)?;
                Some((FieldKind::Float, FieldDraw::Float(distribution)))
            }
            "Pick" if needs(1) => self.pick(&items[0]),
            "Numbered" if needs(2) => {
                let prefix = self.reader.text(&items[0])?.to_owned();
                let count = self.reader.int(&items[1], 1, MOST_CHOICES)?;
                self.choices += count;
                if self.choices > MOST_CHOICES {
                    let expected = format!("at most {MOST_CHOICES} in a scenario");
                    self.reader.wrong(&items[1].place, "too many values to pick from", &expected);
                    return None;
                }
                let text = self.intern(&prefix);
                #[expect(clippy::cast_precision_loss, reason = "at most a million")]
                let choices = (1..=count)
                    .map(|number| {
                        let number = u32::try_from(number).unwrap_or(u32::MAX);
                        (f64::from(number) / count as f64, Value::Text(Text { text, number }))
                    })
                    .collect();
                Some((FieldKind::Text, FieldDraw::Pick(choices)))
            }
            "Sequence" if needs(1) => {
                let prefix = self.reader.text(&items[0])?.to_owned();
                Some((FieldKind::Text, FieldDraw::Sequence(self.intern(&prefix))))
            }
            "Chance" if needs(1) => {
                Some((FieldKind::Bool, FieldDraw::Chance(self.reader.probability(&items[0])?)))
            }
            _ if known.contains(&name) => None,
            _ => {
                self.reader.unknown(&head(node), "way to draw a field", name, known);
                None
            }
        }
    }

    fn pick(&mut self, node: &Node) -> Option<(FieldKind, FieldDraw)> {
        let items = self.reader.list(node);
        let Some(first) = items.first() else {
            self.reader.wrong(&node.place, "there is nothing to pick from", "at least one value");
            return None;
        };
        let mut values = Vec::new();
        for item in items {
            values.push(self.constant(item)?);
        }
        let kind = values[0].kind();
        if let Some(odd) = values.iter().position(|it| it.kind() != kind) {
            let message = "the values to pick from are of different kinds";
            self.reader.wrong(
                &items[odd].place,
                message,
                &format!("values like {}", describe(first)),
            );
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a list in a file")]
        let choices = values
            .iter()
            .enumerate()
            .map(|(place, value)| ((place + 1) as f64 / values.len() as f64, *value))
            .collect();
        Some((kind, FieldDraw::Pick(choices)))
    }

    /// A value that is written down.
    pub(super) fn constant(&mut self, node: &Node) -> Option<Value> {
        Some(match &node.kind {
            Kind::Int(value) => Value::Int(*value),
            Kind::Float(value) if value.is_finite() => Value::Float(*value),
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Text(text) => Value::Text(self.text_value(text)),
            _ => {
                let message = format!("{} instead of a value", describe(node));
                self.reader.wrong(&node.place, &message, "a number, a text, true or false");
                return None;
            }
        })
    }

    /// A text as values hold it: one that ends in a number as its beginning and that number,
    /// so that "c-7" written is the "c-7" that is drawn.
    fn text_value(&mut self, text: &str) -> Text {
        match split_number(text) {
            Some((prefix, number)) => Text { text: self.intern(prefix), number },
            None => Text { text: self.intern(text), number: 0 },
        }
    }

    pub(super) fn intern(&mut self, text: &str) -> TextId {
        let texts = &mut self.model.texts;
        let place = texts.iter().position(|it| it == text).unwrap_or_else(|| {
            texts.push(text.to_owned());
            texts.len() - 1
        });
        TextId::from_index(place)
    }
}

/// A text that ends in a number as its beginning and that number, if values hold it so.
pub(super) fn split_number(text: &str) -> Option<(&str, u32)> {
    let digits = text.len() - text.trim_end_matches(|it: char| it.is_ascii_digit()).len();
    let (prefix, number) = text.split_at(text.len() - digits);
    let number = number.parse::<u32>().ok().filter(|it| *it > 0)?;
    (!text[prefix.len()..].starts_with('0')).then_some((prefix, number))
}
