//! Values as a person types them.

use crate::model::{FieldKind, Model, Text, TextId, Value};

/// The value of a kind that a text says.
///
/// # Errors
/// In a sentence, what it should say.
pub fn parse_value(model: &Model, kind: FieldKind, text: &str) -> Result<Value, String> {
    let text = text.trim();
    match kind {
        FieldKind::Int => {
            text.parse().map(Value::Int).map_err(|_| "A whole number, as 40 or -3.".into())
        }
        FieldKind::Float => match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Value::Float(value)),
            _ => Err("A number, as 0.25.".into()),
        },
        FieldKind::Bool => {
            text.parse().map(Value::Bool).map_err(|_| "Either true or false.".into())
        }
        FieldKind::Text => parse_text(model, text).map(Value::Text),
    }
}

/// A text of the scenario, or one followed by a number.
fn parse_text(model: &Model, text: &str) -> Result<Text, String> {
    let of = |place: usize, number: u32| Text { text: TextId::from_index(place), number };
    if let Some(place) = model.texts.iter().position(|it| it == text) {
        return Ok(of(place, 0));
    }
    let numbered = model.texts.iter().enumerate().find_map(|(place, it)| {
        let digits = text.strip_prefix(it.as_str())?;
        let number: u32 = digits.parse().ok().filter(|it| *it > 0)?;
        (number.to_string() == digits).then(|| of(place, number))
    });
    numbered.ok_or_else(|| {
        let some: Vec<_> = model.texts.iter().filter(|it| !it.is_empty()).take(4).collect();
        match some[..] {
            [] => "The scenario has no texts.".to_owned(),
            _ => format!(
                "A text of the scenario, with or without a number: one that begins with {}.",
                some.iter().map(|it| format!("“{it}”")).collect::<Vec<_>>().join(", ")
            ),
        }
    })
}
