//! What lies on top of the window: messages that go away, the question for a file, and the
//! sign that a file that is dragged over the window can be dropped.

use std::path::PathBuf;

use egui::{Align2, Area, Context, Id, Modal, Order, Pos2, Rect, RichText, TextEdit, Vec2};

use crate::app::{App, Command, CompareCommand, Export, Overlay};

use super::controls;
use super::theme::Theme;

/// How wide a message is at most, with its frame, and how high.
const TOAST: Vec2 = Vec2::new(668.0, 46.0);
/// Between messages and the edges of the view, and by how much they are put higher to find a place
/// where they cover nothing.
const TOAST_MARGIN: f32 = 12.0;
const TOAST_STEP: f32 = 24.0;

/// Where messages stand: this corner or side of them is at this point.
type Spot = (Align2, Pos2);

/// Where messages of a size cover least of what is drawn: as low as can be, in the middle rather
/// than at the right or the left.
fn free_spot(view: Rect, size: Vec2, drawn: &[Rect]) -> Spot {
    let inner = view.shrink(TOAST_MARGIN);
    let room = (inner.height() - size.y).max(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few steps")]
    let steps = (room / TOAST_STEP) as u16;
    let heights = (0..=steps).map(|step| inner.bottom() - f32::from(step) * TOAST_STEP);
    let spots = heights.flat_map(|y| {
        [
            (Align2::CENTER_BOTTOM, Pos2::new(inner.center().x, y)),
            (Align2::RIGHT_BOTTOM, Pos2::new(inner.right(), y)),
            (Align2::LEFT_BOTTOM, Pos2::new(inner.left(), y)),
        ]
    });
    let covered = |(side, at): &Spot| -> f32 {
        let here = side.anchor_size(*at, size).expand(4.0);
        drawn
            .iter()
            .map(|it| it.intersect(here))
            .filter(|it| it.is_positive())
            .map(|it| it.area())
            .sum()
    };
    let bottom = (Align2::CENTER_BOTTOM, inner.center_bottom());
    spots.min_by(|a, b| covered(a).total_cmp(&covered(b))).unwrap_or(bottom)
}

/// Messages in the view, where they cover least of what is drawn there, each with what can be done
/// about it.
pub fn toasts(
    ctx: &Context,
    app: &App,
    theme: &Theme,
    (view, drawn): (Rect, &[Rect]),
    out: &mut Vec<Command>,
) {
    let id = Id::unique("toasts");
    // They stay where they are until there are more or less of them, or another view is there.
    let known = ctx.data(|data| data.get_temp::<(usize, Spot)>(id));
    let known = known.filter(|(count, (_, at))| *count == app.toasts.len() && view.contains(*at));
    let (side, at) = known.map_or_else(
        || {
            #[expect(clippy::cast_precision_loss, reason = "a handful of messages")]
            let size = Vec2::new(TOAST.x, TOAST.y * app.toasts.len().max(1) as f32);
            free_spot(view, size, drawn)
        },
        |it| it.1,
    );
    ctx.data_mut(|data| data.insert_temp(id, (app.toasts.len(), (side, at))));
    let area = Area::new(id)
        .order(Order::Foreground)
        .pivot(side)
        .fixed_pos(at)
        .interactable(app.toasts.iter().any(|it| it.offer.is_some()));
    area.show(ctx, |ui| {
        for toast in &app.toasts {
            let colours = &theme.colours;
            let is_anomaly = matches!(toast.offer, Some((_, Command::ShowAt { .. })));
            let edge = match (toast.is_bad, is_anomaly) {
                (true, _) => colours.bad,
                (_, true) => colours.wrong,
                // What was done is no success yet.
                _ => colours.selection,
            };
            let frame = egui::Frame::new()
                .fill(colours.card)
                .stroke(egui::Stroke::new(1.0, edge))
                .corner_radius(theme.sizes.radius)
                .shadow(ui.visuals().popup_shadow)
                .inner_margin(egui::Margin::symmetric(14, 8));
            frame.show(ui, |ui| {
                ui.set_max_width(640.0);
                ui.horizontal(|ui| {
                    ui.label(&toast.text);
                    if let Some((label, command)) = &toast.offer {
                        let text = RichText::new(label).color(colours.selection);
                        let button = ui.add(egui::Button::new(text));
                        if button.on_hover_text(app.tooltip_of(command)).clicked() {
                            out.push(command.clone());
                        }
                    }
                });
            });
        }
    });
}

/// For what a file is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A scenario or a session, to be opened.
    Scenario,
    /// A session, to be saved.
    Session,
    /// A picture, to be saved.
    Picture,
    /// Something else that is seen, to be saved.
    Export(Export),
    /// A scenario, to be compared with.
    Other,
}

impl Wanted {
    /// What the question is called.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Scenario => "Open a scenario or a session",
            Self::Session => "Save the session",
            Self::Picture => "Save the sequence diagram",
            Self::Export(Export::Series) => "Save the series",
            Self::Export(Export::Picture) => "Save the view",
            Self::Other => "Compare with a file",
        }
    }

    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Scenario => (
                "The path of a .ron or .inflight file; or drop one on the window.",
                "scenarios/payment/payment.ron",
                "Open",
            ),
            Self::Session => {
                ("Where to: the path of an .inflight file.", "what-if.inflight", "Save")
            }
            Self::Picture => {
                ("The path of the .svg file that is to be written.", "sequence.svg", "Save")
            }
            Self::Export(Export::Series) => {
                ("The path of the .csv file that is to be written.", "series.csv", "Save")
            }
            Self::Export(Export::Picture) => {
                ("The path of the .png file that is to be written.", "view.png", "Save")
            }
            Self::Other => (
                "The path of the .ron file of a scenario.",
                "scenarios/payment/payment.ron",
                "Compare",
            ),
        }
    }

    /// What is asked when a file is chosen.
    #[must_use]
    pub fn command(self, path: PathBuf) -> Command {
        match self {
            Self::Scenario => Command::OpenFile(path),
            Self::Session => Command::SaveSessionTo { path, over: false },
            Self::Picture => Command::SaveSequence(path),
            Self::Export(what) => Command::SaveExport(what, path),
            Self::Other => Command::Compare(CompareCommand::AddFile(path)),
        }
    }

    /// The question as what lies on top of the window.
    #[must_use]
    pub const fn overlay(self) -> Overlay {
        match self {
            Self::Scenario => Overlay::AskForFile,
            Self::Session => Overlay::AskForSession,
            Self::Picture => Overlay::AskWhereToSave,
            Self::Export(what) => Overlay::AskWhereToExport(what),
            Self::Other => Overlay::AskForOther,
        }
    }
}

/// The question for a path, for desktops without a file chooser, and while one that there is is
/// open.
#[derive(Debug, Default)]
pub struct FileQuestion {
    path: String,
    picture: String,
    series: String,
    view: String,
    other: String,
    session: String,
}

impl FileQuestion {
    /// Asks; a session would usually be saved as `usual`.
    pub fn ui(
        &mut self,
        ctx: &Context,
        theme: &Theme,
        wanted: Wanted,
        usual: &str,
        out: &mut Vec<Command>,
    ) {
        let (what, example, verb) = wanted.words();
        let path = match wanted {
            Wanted::Scenario => &mut self.path,
            Wanted::Session => {
                if self.session.is_empty() {
                    usual.clone_into(&mut self.session);
                }
                &mut self.session
            }
            Wanted::Picture => &mut self.picture,
            Wanted::Export(Export::Series) => &mut self.series,
            Wanted::Export(Export::Picture) => &mut self.view,
            Wanted::Other => &mut self.other,
        };
        let mut is_answered = false;
        let modal = Modal::new(Id::unique("path of a file"));
        let modal = modal.frame(controls::modal_frame(ctx)).show(ctx, |ui| {
            ui.set_width(460.0);
            ui.heading(wanted.title());
            let label = ui.label(RichText::new(what).color(theme.colours.text_weak));
            let field = TextEdit::singleline(path)
                .hint_text(example)
                .font(theme.mono_font(theme.sizes.mono))
                .desired_width(f32::INFINITY);
            let field = ui.add(field).labelled_by(label.id);
            let enter = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            if !enter && !field.has_focus() && ui.memory(|memory| memory.focused().is_none()) {
                field.request_focus();
            }
            ui.add_space(6.0);
            ui.horizontal(|ui| {
                let path = path.trim();
                let button = ui.add_enabled(!path.is_empty(), egui::Button::new(verb));
                if (button.clicked() || enter) && !path.is_empty() {
                    out.push(wanted.command(PathBuf::from(path)));
                    is_answered = true;
                }
                if ui.button("Cancel").on_hover_text(Command::Dismiss.tooltip()).clicked() {
                    out.push(Command::Dismiss);
                }
            });
        });
        if is_answered && wanted == Wanted::Session {
            // The next one may be another's.
            self.session.clear();
        }
        if modal.should_close() {
            out.push(Command::Dismiss);
        }
    }
}

/// Opens what is dropped, and says so while it is held over the window.
pub fn dropped_files(ctx: &Context, theme: &Theme, out: &mut Vec<Command>) {
    let (held, dropped) = ctx.input(|input| {
        let dropped = input.raw.dropped_files.first().map(|file| file.path().to_owned());
        (!input.raw.hovered_files.is_empty(), dropped)
    });
    if let Some(path) = dropped {
        out.push(Command::OpenFile(path));
    } else if held {
        let painter = ctx.layer_painter(egui::LayerId::new(Order::Foreground, Id::unique("drop")));
        let rect = ctx.content_rect();
        painter.rect_filled(rect, 0.0, theme.colours.background.gamma_multiply(0.8));
        let font = theme.strong_font(theme.sizes.heading);
        let text = "Drop a scenario or a session to open it";
        painter.text(rect.center(), Align2::CENTER_CENTER, text, font, theme.colours.text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_stand_where_nothing_is_drawn_if_there_is_room() {
        let view = Rect::from_min_size(Pos2::ZERO, Vec2::new(1000.0, 500.0));
        let size = Vec2::new(430.0, 40.0);
        let here = |drawn: &[Rect]| {
            let (side, at) = free_spot(view, size, drawn);
            side.anchor_size(at, size)
        };
        // At the bottom in the middle, if nothing is there.
        assert_eq!(here(&[]).center_bottom(), Pos2::new(500.0, 488.0));
        // A legend over the lower left half, and a card in the middle.
        let legend = Rect::from_min_max(Pos2::new(12.0, 430.0), Pos2::new(560.0, 490.0));
        let card = Rect::from_min_max(Pos2::new(560.0, 200.0), Pos2::new(990.0, 490.0));
        for drawn in [vec![legend], vec![card], vec![legend, card]] {
            let found = here(&drawn);
            assert!(view.contains_rect(found), "{found:?}");
            assert!(drawn.iter().all(|it| !it.intersects(found)), "{found:?} {drawn:?}");
        }
    }
}
