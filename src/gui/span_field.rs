//! A field for a length of time: dragged, or typed as a person would say it.

use egui::{DragValue, Response, Role, Ui, WidgetInfo};

use crate::model::Span;

/// A field that holds a length of time. `name` is what a screen reader says.
pub fn ui(ui: &mut Ui, name: &str, span: &mut Span, most: Span) -> Response {
    let mut seconds = span.as_secs_f64();
    let speed = (seconds * 0.01).max(0.000_5);
    let field = DragValue::new(&mut seconds)
        .speed(speed)
        .range(0.0..=most.as_secs_f64())
        .custom_formatter(|seconds, _| Span::from_secs_f64(seconds).to_string())
        .custom_parser(|text| parse(text).map(Span::as_secs_f64));
    let response = ui.add(field);
    *span = Span::from_secs_f64(seconds);
    let enabled = ui.is_enabled();
    response.widget_info(|| WidgetInfo::labeled(Role::SpinButton, enabled, name));
    response
}

/// A length of time as a person types it: `250 ms`, `1.5s`, `2 min`; a plain number is seconds.
#[must_use]
pub fn parse(text: &str) -> Option<Span> {
    let text = text.trim();
    let end = text.find(|it: char| it.is_alphabetic()).unwrap_or(text.len());
    let (number, unit) = (text[..end].trim().replace(',', "."), text[end..].trim());
    let factor = match unit {
        "" | "s" => 1.0,
        "ns" => 1e-9,
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    let value: f64 = number.parse().ok()?;
    (value.is_finite() && value >= 0.0).then(|| Span::from_secs_f64(value * factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_typed() {
        let short = [0, 250, 1_500, 20_000_000, 12_431_000_000];
        let long = [180_000_000_000, 400_500_000_000, 401_000_000_000, 7_200_000_000_000];
        for span in short.into_iter().chain(long).map(Span) {
            assert_eq!(parse(&span.to_string()), Some(span));
        }
        assert_eq!(parse("1,5 s"), Some(Span::from_millis(1500)));
        assert_eq!(parse("2"), Some(Span::from_secs(2)));
        assert_eq!((parse("soon"), parse("-1 s"), parse("3 parsecs")), (None, None, None));
    }
}
