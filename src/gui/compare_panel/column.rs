//! A column: what it is called, the sentence that its figures make, and the flow in little.

use egui::{Align2, Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

use crate::app::{App, Command, CompareCommand, View, Which};
use crate::gui::controls::{self, Face, Icon};
use crate::gui::flow_panel::small;
use crate::gui::theme::Theme;
use crate::model::Span;
use crate::view::comparing::ColumnView;
use crate::view::layout::Layout;

/// How long a message that has left its link leaves a trace, in real time.
const TRACE_SECONDS: f64 = 0.25;

/// The column at a place.
pub fn ui(
    ui: &mut Ui,
    app: &App,
    (place, it): (usize, &ColumnView),
    card: Rect,
    layout: &Layout,
    theme: &Theme,
    out: &mut Vec<Command>,
) {
    let colours = &theme.colours;
    let side = &app.comparing.sides[place];
    let id = ui.scope_id().with(("column", place));
    let response = ui.interact(card, id, Sense::click());
    let label = format!("Column {}", it.name);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
    let lit = if response.hovered() { colours.selection } else { colours.card_border };
    let radius = f32::from(theme.sizes.card_radius);
    let kind = StrokeKind::Inside;
    let painter = ui.painter().with_clip_rect(card);
    painter.rect(card, radius, colours.panel, Stroke::new(1.0, lit), kind);
    if response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked() {
        out.extend(shown(&side.which));
    }
    let inner = card.shrink2(vec2(12.0, 8.0));
    let mut right = inner.right();
    if app.comparing.sides.len() > 1 {
        let at = Rect::from_min_size(pos2(right - 26.0, inner.top() - 4.0), vec2(34.0, 30.0));
        ui.scope_builder(egui::UiBuilder::new().max_rect(at), |ui| {
            let name = format!("Close column {}", it.name);
            let tooltip = "Compare without this column".to_owned();
            if controls::icon_button(ui, theme, Icon::Close, Face::Bare, &name, tooltip).clicked() {
                out.push(Command::Compare(CompareCommand::Remove(place)));
            }
        });
        right -= 32.0;
    }
    let middle = inner.top() + 10.0;
    if let Some(down) = &it.down {
        let font = theme.text_font(theme.sizes.small);
        let drawn =
            painter.text(pos2(right, middle), Align2::RIGHT_CENTER, down, font, colours.bad);
        right = drawn.left() - 8.0;
    }
    let ink = theme.event(it.ink);
    let font = theme.strong_font(theme.sizes.body + 2.0);
    let swatch = Rect::from_center_size(pos2(inner.left() + 5.0, middle), vec2(9.0, 9.0));
    painter.rect_filled(swatch, 2.0, ink);
    let name = painter.text(
        pos2(inner.left() + 17.0, middle),
        Align2::LEFT_CENTER,
        &it.name,
        font,
        colours.text,
    );
    let font = theme.text_font(theme.sizes.small);
    let room = right - name.right() - 10.0;
    let about = controls::cut(&painter, &it.about, font, colours.text_weak, room);
    painter.galley(
        pos2(name.right() + 10.0, middle - about.size().y / 2.0),
        about,
        colours.text_weak,
    );
    // Over the flow nothing is to be covered.
    let head = Rect::from_min_max(card.min, pos2(right, inner.top() + 22.0));
    ui.interact(head, id.with("head"), Sense::hover()).on_hover_ui(|ui| {
        ui.set_max_width(360.0);
        ui.label(&it.name);
        if !it.about.is_empty() {
            ui.label(&it.about);
        }
        ui.weak("Click to look inside");
    });
    let mut top = inner.top() + 26.0;
    let sentence = it.sentence.clone().unwrap_or_default();
    let font = theme.text_font(theme.sizes.body);
    let ink = if app.comparing.is_done() { colours.text } else { colours.text_weak };
    let galley = painter.layout(sentence.clone(), font, ink, inner.width());
    let height = galley.size().y;
    let said = Rect::from_min_size(pos2(inner.left(), top), galley.size());
    let words = ui.interact(said, id.with("sentence"), Sense::hover());
    words.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &sentence));
    painter.galley(said.min, galley, ink);
    // All columns begin at the same height, whatever they say.
    top += height.max(36.0) + 6.0;
    if let Some(progress) = it.progress {
        let bar = Rect::from_min_size(pos2(inner.left(), top - 4.0), vec2(inner.width(), 3.0));
        painter.rect_filled(bar, 1.5, colours.cell);
        let done = Rect::from_min_size(bar.min, vec2(bar.width() * progress, 3.0));
        painter.rect_filled(done, 1.5, colours.selection);
    }
    let room = Rect::from_min_max(pos2(inner.left(), top), inner.max);
    if room.height() < 40.0 {
        return;
    }
    let ended = app.playback.at > side.end;
    if let Some(answer) = &side.run.answer {
        let now = side.run.shown_at(app.playback.at.min(side.end));
        let trace = Span::from_secs_f64(TRACE_SECONDS * app.playback.speed);
        let what = (&*side.run.model, &*answer.scene);
        small::paint(&painter, room, layout, what, (now, trace), theme);
    }
    let said = match (&side.run.answer, ended) {
        (None, _) => Some("Simulating …".to_owned()),
        (_, true) => Some(format!("It ended at {}", side.end)),
        _ => None,
    };
    if let Some(said) = said {
        let font = theme.text_font(theme.sizes.small);
        painter.text(room.right_bottom(), Align2::RIGHT_BOTTOM, said, font, colours.text_weak);
    }
}

/// What shows what a column is of.
fn shown(which: &Which) -> Vec<Command> {
    match which {
        Which::Branch { variant, branch } => vec![
            Command::SelectVariant(variant.clone()),
            Command::SwitchBranch(*branch),
            Command::ShowView(View::Flow),
        ],
        Which::File { path, variant } => {
            let mut all = vec![Command::OpenFile(path.clone())];
            if !variant.is_empty() {
                all.push(Command::SelectVariant(variant.clone()));
            }
            all.push(Command::ShowView(View::Flow));
            all
        }
    }
}
