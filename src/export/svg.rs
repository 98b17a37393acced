//! A sequence diagram as a picture of its own: SVG that needs nothing else.

use std::fmt::Write;

use crate::view::ink::Ink;
use crate::view::sequence::picture::{BAR, PlacedArrow, PlacedNote, Upright};
use crate::view::sequence::{Arrow, Diagram, Head, Measures, Picture};
use crate::view::story::Mood;

/// The height of the title and of the heads of columns, in points.
const TITLE: f32 = 40.0;
const HEAD: f32 = 46.0;
const FOOT: f32 = 26.0;

/// How wide a character is at most, as a share of the font's size: no font is asked, since it is
/// not known which one the reader has.
const CHARACTER: f32 = 0.62;

const SANS: &str = "Inter, 'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif";
const MONO: &str = "'JetBrains Mono', Menlo, Consolas, 'Liberation Mono', monospace";

/// The diagram, under a title, in these colours.
#[must_use]
pub fn svg(diagram: &Diagram, title: &str, ink: &Ink) -> String {
    let picture = Picture::new(diagram, &Measures::default());
    let width = picture.width.max(320.0);
    let height = TITLE + HEAD + picture.height + FOOT;
    let mut page = Page { text: String::new(), ink };
    let _ = writeln!(
        page.text,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"{SANS}\" font-size=\"11.5\">\n\
         <title>{}</title>",
        escaped(title)
    );
    let _ = writeln!(
        page.text,
        "<rect width=\"{width:.0}\" height=\"{height:.0}\" fill=\"{}\"/>",
        ink.background
    );
    let shown = fitted(title, width - 32.0, 16.0);
    let place = (16.0, 26.0);
    page.words(place, &shown, &ink.text, "font-size=\"16\" font-weight=\"600\"");
    page.heads(diagram, &picture);
    let _ = writeln!(page.text, "<g transform=\"translate(0 {:.0})\">", TITLE + HEAD);
    page.lifelines(diagram, &picture);
    for (bar, it) in diagram.bars.iter().zip(&picture.bars) {
        page.bar(it, ink.event(bar.colour), &bar.label);
    }
    for (arrow, it) in diagram.arrows.iter().zip(&picture.arrows) {
        page.arrow(arrow, it);
    }
    for (arrow, it) in diagram.arrows.iter().zip(&picture.arrows) {
        page.label(arrow, it);
    }
    for (note, it) in diagram.notes.iter().zip(&picture.notes) {
        page.note(&note.text, note.mood, note.at.is_none(), it);
    }
    page.text.push_str("</g>\n");
    if diagram.left_out > 0 {
        let text = format!("and {} messages more", diagram.left_out);
        page.words((16.0, height - 10.0), &text, &ink.text_weak, "");
    }
    page.text.push_str("</svg>\n");
    page.text
}

/// A picture while it is written.
struct Page<'a> {
    text: String,
    ink: &'a Ink,
}

impl Page<'_> {
    fn words(&mut self, (x, y): (f32, f32), text: &str, colour: &str, more: &str) {
        let text = escaped(text);
        let _ = writeln!(
            self.text,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" fill=\"{colour}\" {more}>{text}</text>"
        );
    }

    fn line(&mut self, from: (f32, f32), to: (f32, f32), colour: &str, more: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = writeln!(
            self.text,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" \
             stroke=\"{colour}\" {more}/>"
        );
    }

    /// The names of the columns.
    fn heads(&mut self, diagram: &Diagram, picture: &Picture) {
        let ink = self.ink;
        let column = Measures::default().column;
        for (it, x) in diagram.participants.iter().zip(&picture.columns) {
            let (left, width) = (x - column / 2.0 + 8.0, column - 16.0);
            let edge = if it.kind == "topic" { &ink.accent } else { &ink.card_border };
            let _ = writeln!(
                self.text,
                "<rect x=\"{left:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"36\" rx=\"6\" \
                 fill=\"{}\" stroke=\"{edge}\"/>",
                TITLE + 2.0,
                ink.card
            );
            let middle = "text-anchor=\"middle\"";
            let name = fitted(&it.name, width - 12.0, 13.0);
            let strong = format!("{middle} font-size=\"13\" font-weight=\"600\"");
            self.words((*x, TITLE + 18.0), &name, &ink.text, &strong);
            let small = format!("{middle} font-size=\"10\"");
            self.words((*x, TITLE + 31.0), it.kind, &ink.text_weak, &small);
        }
    }

    /// What lies behind the messages: lifelines, down-times, silences and times.
    fn lifelines(&mut self, diagram: &Diagram, picture: &Picture) {
        let ink = self.ink;
        for x in &picture.columns {
            self.line((*x, -4.0), (*x, picture.height), &ink.link, "stroke-dasharray=\"3 4\"");
        }
        for (down, it) in diagram.downs.iter().zip(&picture.downs) {
            let half = if down.is_all { 16.0 } else { 8.0 };
            let _ = writeln!(
                self.text,
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"3\" \
                 fill=\"{}\" stroke=\"{}\" stroke-dasharray=\"2 3\"/>",
                it.x - half,
                it.top,
                2.0 * half,
                it.bottom - it.top,
                ink.bad_fill,
                ink.bad
            );
        }
        let mono = format!("text-anchor=\"end\" font-family=\"{MONO}\" font-size=\"11\"");
        let right = Measures::default().times - 22.0;
        for (y, span) in &picture.gaps {
            let begin = (right + 8.0, *y);
            let end = (picture.width - 8.0, *y);
            self.line(begin, end, &ink.card_border, "stroke-dasharray=\"1 5\"");
            self.words((right, y + 4.0), &format!("… {span:.1}"), &ink.text_weak, &mono);
        }
        for (y, at) in &picture.times {
            self.words((right, y + 4.0), &at.to_string(), &ink.text_weak, &mono);
        }
    }

    fn bar(&mut self, it: &Upright, colour: &str, label: &str) {
        let _ = writeln!(
            self.text,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"2\" \
             fill=\"{}\" stroke=\"{colour}\"><title>{}</title></rect>",
            it.x - BAR.0 / 2.0,
            it.top,
            BAR.0,
            it.bottom - it.top,
            self.ink.card,
            escaped(label)
        );
    }

    fn arrow(&mut self, arrow: &Arrow, it: &PlacedArrow) {
        let ink = self.ink;
        let colour = ink.event(arrow.colour).to_owned();
        let dash = if arrow.is_answer() { "stroke-dasharray=\"5 4\"" } else { "" };
        let more = format!("stroke-width=\"1.4\" {dash}");
        if it.is_loop {
            let aside = it.from.0 + 26.0;
            self.line(it.from, (aside, it.from.1), &colour, &more);
            self.line((aside, it.from.1), (aside, it.to.1), &colour, &more);
            self.line((aside, it.to.1), it.to, &colour, &more);
        } else {
            self.line(it.from, it.to, &colour, &more);
        }
        let (dx, dy) = if it.is_loop {
            (-1.0, 0.0)
        } else {
            let (dx, dy) = (it.to.0 - it.from.0, it.to.1 - it.from.1);
            let length = dx.hypot(dy).max(1e-3);
            (dx / length, dy / length)
        };
        let at = |back: f32, aside: f32| {
            (it.to.0 - dx * back - dy * aside, it.to.1 - dy * back + dx * aside)
        };
        if arrow.is_lost() {
            let bad = ink.bad.clone();
            self.line(at(-4.0, -4.0), at(4.0, 4.0), &bad, "stroke-width=\"2\"");
            self.line(at(-4.0, 4.0), at(4.0, -4.0), &bad, "stroke-width=\"2\"");
        } else if arrow.end().is_some() {
            let ((ax, ay), (bx, by), (x, y)) = (at(8.0, -4.0), at(8.0, 4.0), it.to);
            let fill = if arrow.head() == Head::Full { colour.as_str() } else { "none" };
            let _ = writeln!(
                self.text,
                "<path d=\"M{ax:.1} {ay:.1}L{x:.1} {y:.1}L{bx:.1} {by:.1}\" fill=\"{fill}\" \
                 stroke=\"{colour}\" stroke-width=\"1.4\"/>"
            );
        }
    }

    fn label(&mut self, arrow: &Arrow, it: &PlacedArrow) {
        let ink = self.ink;
        let colour = match arrow {
            it if it.is_lost() => &ink.bad,
            it if it.is_again => &ink.warning,
            _ => &ink.text,
        };
        let text = fitted(&arrow.label, it.room, 11.5);
        let anchor = if it.is_left { "text-anchor=\"end\"" } else { "" };
        // Lines that pass behind it do not touch it.
        let more = format!(
            "{anchor} stroke=\"{}\" stroke-width=\"4\" paint-order=\"stroke\" \
             stroke-linejoin=\"round\"",
            ink.background
        );
        self.words(it.label, &text, colour, &more);
    }

    fn note(&mut self, text: &str, mood: Mood, is_wide: bool, it: &PlacedNote) {
        let ink = self.ink;
        let colour = match mood {
            Mood::Plain => &ink.text_weak,
            Mood::Good => &ink.good,
            Mood::Again => &ink.warning,
            Mood::Bad => &ink.bad,
            Mood::Wrong => &ink.wrong,
        };
        let text = fitted(text, it.room - 14.0, 11.0);
        let width = wide(&text, 11.0) + 14.0;
        if is_wide {
            let (left, right) = (it.left + width, it.left + it.room);
            self.line((left, it.y), (right, it.y), colour, "");
        }
        let _ = writeln!(
            self.text,
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"18\" rx=\"4\" \
             fill=\"{}\" stroke=\"{colour}\"/>",
            it.left,
            it.y - 9.0,
            ink.card
        );
        self.words((it.left + 7.0, it.y + 4.0), &text, colour, "font-size=\"11\"");
    }
}

/// How wide a text may come out.
#[expect(clippy::cast_precision_loss, reason = "fewer characters than a screen has points")]
fn wide(text: &str, size: f32) -> f32 {
    text.chars().count() as f32 * size * CHARACTER
}

/// A text, shortened to so much room.
fn fitted(text: &str, room: f32, size: f32) -> String {
    if wide(text, size) <= room {
        return text.to_owned();
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few characters")]
    let most = (room / (size * CHARACTER)).max(1.0) as usize;
    let mut text: String = text.chars().take(most.saturating_sub(1)).collect();
    text.push('…');
    text
}

/// A text as it may stand in XML.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for it in text.chars() {
        match it {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            it if it.is_control() || matches!(it, '\u{fffe}' | '\u{ffff}') => escaped.push(' '),
            it => escaped.push(it),
        }
    }
    escaped
}
