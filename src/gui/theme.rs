//! The look: colours and measures from `assets/theme.ron`, and how they become egui's style.
//!
//! No other file names a colour; painters are handed a [`Theme`].

use std::sync::OnceLock;

use egui::epaint::Shadow;
use egui::style::{HandleShape, WidgetVisuals};
use egui::{Color32, CornerRadius, FontFamily, FontId, Margin, Stroke, TextStyle, Vec2};
use serde::{Deserialize, Deserializer};

/// One of the two looks, with the measures that both share.
#[derive(Clone, Debug)]
pub struct Theme {
    /// Whether it is the dark one.
    pub is_dark: bool,
    /// Its colours.
    pub colours: Palette,
    /// Its measures, in points.
    pub sizes: Sizes,
}

/// The colours of one look.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Palette {
    /// Behind the view.
    #[serde(deserialize_with = "colour")]
    pub background: Color32,
    /// Behind bars and panels.
    #[serde(deserialize_with = "colour")]
    pub panel: Color32,
    /// The line between panels.
    #[serde(deserialize_with = "colour")]
    pub panel_edge: Color32,
    /// A card's face.
    #[serde(deserialize_with = "colour")]
    pub card: Color32,
    /// A card's edge.
    #[serde(deserialize_with = "colour")]
    pub card_border: Color32,
    /// A button or a field at rest.
    #[serde(deserialize_with = "colour")]
    pub control: Color32,
    /// A button under the pointer.
    #[serde(deserialize_with = "colour")]
    pub control_hover: Color32,
    /// A button that is pressed.
    #[serde(deserialize_with = "colour")]
    pub control_active: Color32,
    /// What is to be read first.
    #[serde(deserialize_with = "colour")]
    pub text: Color32,
    /// What is to be read second: labels, units.
    #[serde(deserialize_with = "colour")]
    pub text_weak: Color32,
    /// The playhead, and what plays.
    #[serde(deserialize_with = "colour")]
    pub accent: Color32,
    /// What stands on the accent.
    #[serde(deserialize_with = "colour")]
    pub on_accent: Color32,
    /// What is selected or focused.
    #[serde(deserialize_with = "colour")]
    pub selection: Color32,
    /// The face of what is selected.
    #[serde(deserialize_with = "colour")]
    pub selection_fill: Color32,
    /// Up, done, well.
    #[serde(deserialize_with = "colour")]
    pub good: Color32,
    /// Not well yet.
    #[serde(deserialize_with = "colour")]
    pub warning: Color32,
    /// Down, lost, failed.
    #[serde(deserialize_with = "colour")]
    pub bad: Color32,
    /// A value that is not what it should be.
    #[serde(deserialize_with = "colour")]
    pub wrong: Color32,
    /// The face of what is down.
    #[serde(deserialize_with = "colour")]
    pub bad_fill: Color32,
    /// The curve between two nodes.
    #[serde(deserialize_with = "colour")]
    pub link: Color32,
    /// Lines and dots in the background.
    #[serde(deserialize_with = "colour")]
    pub grid: Color32,
    /// An empty cell of a topic or a queue.
    #[serde(deserialize_with = "colour")]
    pub cell: Color32,
    /// The area of the overview.
    #[serde(deserialize_with = "colour")]
    pub density: Color32,
    /// A letter on an event's colour.
    #[serde(deserialize_with = "colour")]
    pub on_event: Color32,
    /// The colours of event types.
    #[serde(deserialize_with = "colours")]
    pub event: [Color32; 8],
}

/// Measures in points.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Running text.
    pub body: f32,
    /// Labels.
    pub small: f32,
    /// Headings.
    pub heading: f32,
    /// Numbers, ids, code.
    pub mono: f32,
    /// The playhead's time.
    pub clock: f32,
    /// Between controls.
    pub gap: f32,
    /// Between a panel's edge and what is in it.
    pub margin: f32,
    /// The height of a control.
    pub control: f32,
    /// The corners of controls.
    pub radius: u8,
    /// The corners of cards.
    pub card_radius: u8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    sizes: Sizes,
    dark: Palette,
    light: Palette,
}

fn parse<E: serde::de::Error>(text: &str) -> Result<Color32, E> {
    Color32::from_hex(text).map_err(|_| E::custom(format!("`{text}` is not a colour")))
}

fn colour<'de, D: Deserializer<'de>>(from: D) -> Result<Color32, D::Error> {
    parse(&String::deserialize(from)?)
}

fn colours<'de, D: Deserializer<'de>>(from: D) -> Result<[Color32; 8], D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    let colours = texts.iter().map(|text| parse(text)).collect::<Result<Vec<_>, _>>()?;
    colours.try_into().map_err(|_| serde::de::Error::custom("there are eight event colours"))
}

/// The dark look, or the light one.
#[must_use]
pub fn theme(is_dark: bool) -> &'static Theme {
    static THEMES: OnceLock<[Theme; 2]> = OnceLock::new();
    let themes = THEMES.get_or_init(|| {
        let file: File = ron::from_str(include_str!("../../assets/theme.ron"))
            .expect("assets/theme.ron is part of the program and read by a test");
        [
            Theme { is_dark: false, colours: file.light, sizes: file.sizes },
            Theme { is_dark: true, colours: file.dark, sizes: file.sizes },
        ]
    });
    &themes[usize::from(is_dark)]
}

impl Theme {
    /// The colour of an event type, by the number its type wears.
    #[must_use]
    pub fn event(&self, number: u8) -> Color32 {
        self.colours.event[usize::from(number) % self.colours.event.len()]
    }

    /// The font of running text, at this size.
    #[must_use]
    pub fn text_font(&self, size: f32) -> FontId {
        FontId::new(size, FontFamily::Proportional)
    }

    /// The font of names and headings, at this size.
    #[must_use]
    pub fn strong_font(&self, size: f32) -> FontId {
        FontId::new(size, FontFamily::Name(STRONG.into()))
    }

    /// The font of numbers, ids and code, at this size.
    #[must_use]
    pub fn mono_font(&self, size: f32) -> FontId {
        FontId::new(size, FontFamily::Monospace)
    }

    fn style(&self, style: &mut egui::Style) {
        let Self { sizes, .. } = self;
        style.text_styles = [
            (TextStyle::Small, self.text_font(sizes.small)),
            (TextStyle::Body, self.text_font(sizes.body)),
            (TextStyle::Button, self.text_font(sizes.body)),
            (TextStyle::Heading, self.strong_font(sizes.heading)),
            (TextStyle::Monospace, self.mono_font(sizes.mono)),
        ]
        .into();
        style.spacing.item_spacing = Vec2::splat(sizes.gap);
        style.spacing.button_padding = egui::vec2(10.0, 4.0);
        style.spacing.interact_size = egui::vec2(sizes.control, sizes.control - 4.0);
        style.spacing.window_margin = Margin::same(16);
        style.spacing.menu_margin = Margin::same(6);
        style.spacing.slider_width = 110.0;
        style.spacing.slider_rail_height = 4.0;
        style.spacing.tooltip_width = 360.0;
        // A menu may be as high as a low window; what is longer scrolls.
        style.spacing.default_area_size = egui::vec2(600.0, 700.0);
        // Thin, and there before one points; `controls::scrolling` keeps text from under them.
        style.spacing.scroll = egui::style::ScrollStyle {
            bar_width: 8.0,
            floating_width: 4.0,
            floating_allocated_width: 0.0,
            dormant_background_opacity: 0.0,
            dormant_handle_opacity: 0.3,
            foreground_color: true,
            ..egui::style::ScrollStyle::thin()
        };
        style.interaction.tooltip_delay = 0.35;
        style.interaction.selectable_labels = false;
        style.visuals = self.visuals();
    }

    fn visuals(&self) -> egui::Visuals {
        let Self { colours, sizes, .. } = self;
        let mut visuals = if self.is_dark { egui::Visuals::dark() } else { egui::Visuals::light() };
        let widget = |fill: Color32, edge: Color32, text: Color32| WidgetVisuals {
            bg_fill: fill,
            weak_bg_fill: fill,
            bg_stroke: Stroke::new(1.0, edge),
            corner_radius: CornerRadius::same(sizes.radius),
            fg_stroke: Stroke::new(1.0, text),
            expansion: 0.0,
        };
        let widgets = &mut visuals.widgets;
        widgets.noninteractive = widget(colours.panel, colours.panel_edge, colours.text);
        widgets.inactive = widget(colours.control, colours.card_border, colours.text);
        widgets.hovered = widget(colours.control_hover, colours.text_weak, colours.text);
        widgets.active = widget(colours.control_active, colours.selection, colours.text);
        widgets.open = widget(colours.control_hover, colours.selection, colours.text);
        visuals.selection.bg_fill = colours.selection_fill;
        visuals.selection.stroke = Stroke::new(1.0, colours.selection);
        visuals.hyperlink_color = colours.selection;
        visuals.weak_text_color = Some(colours.text_weak);
        visuals.faint_bg_color = colours.grid;
        visuals.extreme_bg_color = colours.background;
        visuals.code_bg_color = colours.control;
        visuals.warn_fg_color = colours.warning;
        visuals.error_fg_color = colours.bad;
        visuals.window_fill = colours.panel;
        visuals.panel_fill = colours.panel;
        visuals.window_stroke = Stroke::new(1.0, colours.card_border);
        visuals.window_corner_radius = CornerRadius::same(sizes.card_radius);
        visuals.menu_corner_radius = CornerRadius::same(sizes.radius);
        let shade = Color32::from_black_alpha(if self.is_dark { 110 } else { 40 });
        visuals.popup_shadow = Shadow { offset: [0, 4], blur: 14, spread: 0, color: shade };
        visuals.window_shadow = Shadow { offset: [0, 8], blur: 28, spread: 0, color: shade };
        visuals.slider_trailing_fill = true;
        visuals.handle_shape = HandleShape::Circle;
        visuals
    }
}

/// The family of names and headings.
const STRONG: &str = "strong";

/// Gives the context both looks and the fonts; which look is shown is the context's own choice.
pub fn install(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    ctx.style_mut_of(egui::Theme::Dark, |style| theme(true).style(style));
    ctx.style_mut_of(egui::Theme::Light, |style| theme(false).style(style));
}

/// The look that the context shows now.
#[must_use]
pub fn current(ctx: &egui::Context) -> &'static Theme {
    theme(ctx.theme() == egui::Theme::Dark)
}

fn fonts() -> egui::FontDefinitions {
    const REGULAR: (&str, &[u8]) =
        ("Inter", include_bytes!("../../assets/fonts/Inter-Regular.otf"));
    const SEMI_BOLD: (&str, &[u8]) =
        ("Inter SemiBold", include_bytes!("../../assets/fonts/Inter-SemiBold.otf"));
    const MONO: (&str, &[u8]) =
        ("JetBrains Mono", include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf"));

    let mut fonts = egui::FontDefinitions::default();
    // egui's own fonts stay behind ours for the glyphs that ours lack.
    let others = fonts.families[&FontFamily::Proportional].clone();
    fonts.families.insert(FontFamily::Name(STRONG.into()), others);
    for (family, (name, bytes)) in [
        (FontFamily::Proportional, REGULAR),
        (FontFamily::Name(STRONG.into()), SEMI_BOLD),
        (FontFamily::Monospace, MONO),
    ] {
        fonts.font_data.insert(name.to_owned(), egui::FontData::from_static(bytes).into());
        fonts.families.entry(family).or_default().insert(0, name.to_owned());
    }
    fonts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WCAG's relative luminance.
    fn luminance(colour: Color32) -> f32 {
        let [red, green, blue, _] = egui::Rgba::from(colour).to_array();
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    fn contrast(a: Color32, b: Color32) -> f32 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn both_looks_can_be_read_on_a_beamer() {
        for Theme { colours, is_dark, .. } in [theme(true), theme(false)] {
            for face in [colours.background, colours.panel, colours.card, colours.control] {
                assert!(contrast(colours.text, face) >= 7.0, "dark {is_dark}");
                assert!(contrast(colours.text_weak, face) >= 4.5, "dark {is_dark}");
            }
            for event in colours.event {
                assert!(contrast(event, colours.background) >= 2.7, "dark {is_dark} {event:?}");
            }
            assert!(contrast(colours.on_accent, colours.accent) >= 4.0);
        }
    }
}
