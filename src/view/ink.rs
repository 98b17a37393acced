//! The colours of `assets/theme.ron` as text, for pictures that are written rather than painted.

use std::sync::OnceLock;

use serde::Deserialize;

/// The colours of one look, as `#rrggbb`.
#[derive(Clone, Debug, Deserialize)]
pub struct Ink {
    /// Behind everything.
    pub background: String,
    /// The face of a card or a note.
    pub card: String,
    /// The edge of a card.
    pub card_border: String,
    /// What is to be read first.
    pub text: String,
    /// What is to be read second.
    pub text_weak: String,
    /// Lines in the background.
    pub link: String,
    /// Topics, and the playhead.
    pub accent: String,
    /// What is selected.
    pub selection: String,
    /// Up, done, well.
    pub good: String,
    /// Not well yet.
    pub warning: String,
    /// Down, lost, failed.
    pub bad: String,
    /// A value that is not what it should be.
    pub wrong: String,
    /// The face of what is down.
    pub bad_fill: String,
    /// The colours of event types.
    event: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    dark: Ink,
    light: Ink,
}

/// The dark look, or the light one.
#[must_use]
pub fn ink(is_dark: bool) -> &'static Ink {
    static INKS: OnceLock<[Ink; 2]> = OnceLock::new();
    let inks = INKS.get_or_init(|| {
        let file: File = ron::from_str(include_str!("../../assets/theme.ron"))
            .expect("assets/theme.ron is part of the program and read by a test");
        [file.light, file.dark]
    });
    &inks[usize::from(is_dark)]
}

impl Ink {
    /// The colour of an event type, by the number its type wears.
    #[must_use]
    pub fn event(&self, number: u8) -> &str {
        &self.event[usize::from(number) % self.event.len().max(1)]
    }
}
