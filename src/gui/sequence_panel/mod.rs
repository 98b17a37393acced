//! The sequence view: what happened one after the other, as the diagram everyone knows; click,
//! hover, scroll, zoom.

mod bar;
mod paint;

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use egui::{Pos2, Rect, RichText, ScrollArea, Sense, Ui, Vec2, pos2, vec2};

use crate::app::{App, Command, Selection, Subject};
use crate::history::Sequence;
use crate::model::{Model, Time};
use crate::view::sequence::{self, Arrow, Bar, Diagram, Fate, Measures, Picture};

use super::theme::Theme;
use paint::Canvas;

/// The height of the heads of columns, in points at a zoom of 1.
const HEAD: f32 = 42.0;
/// How near the pointer must be to an arrow, in points of the screen.
const REACH: f32 = 6.0;
const ZOOMS: std::ops::RangeInclusive<f32> = 0.4..=2.5;

/// The sequence view, with the diagram it last showed.
pub struct SequencePanel {
    known: RefCell<Option<Known>>,
    zoom: Cell<f32>,
    /// Where the playhead was in the last picture.
    last: Cell<Time>,
}

impl Default for SequencePanel {
    fn default() -> Self {
        Self { known: RefCell::default(), zoom: Cell::new(1.0), last: Cell::new(Time::MAX) }
    }
}

/// What a diagram was made of. What is held cannot be mistaken for something new at its place.
enum From {
    Event(Arc<crate::app::Found>),
    Span(Arc<Sequence>),
}

/// A diagram that was worked out.
struct Known {
    from: From,
    model: Arc<Model>,
    is_brief: bool,
    column: f32,
    diagram: Diagram,
    picture: Picture,
}

impl SequencePanel {
    /// Paints the view and says what a person asked for.
    pub fn ui(&self, ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
        let mut rect = ui.available_rect_before_wrap();
        let bar = Rect::from_min_size(rect.min, vec2(rect.width(), 40.0));
        rect.min.y = bar.max.y;
        ui.scope_builder(egui::UiBuilder::new().max_rect(bar.shrink2(vec2(12.0, 4.0))), |ui| {
            bar::ui(ui, app, theme, out);
        });
        ui.painter().hline(
            bar.x_range(),
            bar.bottom(),
            egui::Stroke::new(1.0, theme.colours.panel_edge),
        );
        self.work_out(app, rect.width());
        let known = self.known.borrow();
        let Some(known) = known.as_ref().filter(|it| !it.diagram.participants.is_empty()) else {
            let text = empty_text(app);
            let font = theme.text_font(theme.sizes.body);
            let galley = ui.painter().layout(text, font, theme.colours.text_weak, 420.0);
            let corner = rect.center() - galley.size() / 2.0;
            ui.painter().galley(corner, galley, theme.colours.text_weak);
            return;
        };
        self.diagram(ui, rect, app, known, theme, out);
    }

    /// The diagram of what is known; worked out anew only when that has changed.
    fn work_out(&self, app: &App, width: f32) {
        let mut known = self.known.borrow_mut();
        let from = match app.subject {
            Subject::Event => app.found().map(|it| From::Event(Arc::clone(it))),
            Subject::Span => app.found_in_span().map(|it| From::Span(Arc::clone(it))),
        };
        let Some(from) = from else {
            *known = None;
            return;
        };
        let is_brief = app.settings.brief_sequence;
        let is_same = |it: &Known| {
            let same = match (&it.from, &from) {
                (From::Event(a), From::Event(b)) => Arc::ptr_eq(a, b),
                (From::Span(a), From::Span(b)) => Arc::ptr_eq(a, b),
                _ => false,
            };
            same && Arc::ptr_eq(&it.model, app.model()) && it.is_brief == is_brief
        };
        let made = match known.take().filter(is_same) {
            Some(before) => before.diagram,
            None => sequence::shown(app).map(|it| it.0).unwrap_or_default(),
        };
        // The columns share the width that there is, as long as names can be read.
        let measures = Measures::default();
        #[expect(clippy::cast_precision_loss, reason = "a handful of columns")]
        let count = made.participants.len().max(1) as f32;
        let beside = if made.notes.iter().any(|it| it.at == Some(made.participants.len() - 1)) {
            0.5
        } else {
            0.0
        };
        let room = width - measures.times - 16.0;
        let column = (room / (count + beside)).clamp(128.0, 300.0).floor();
        let picture = Picture::new(&made, &Measures { column, ..measures });
        let model = Arc::clone(app.model());
        *known = Some(Known { from, model, is_brief, column, diagram: made, picture });
    }

    fn diagram(
        &self,
        ui: &mut Ui,
        rect: Rect,
        app: &App,
        known: &Known,
        theme: &Theme,
        out: &mut Vec<Command>,
    ) {
        let zoom = self.zoom.get();
        let head = Rect::from_min_size(rect.min, vec2(rect.width(), HEAD * zoom));
        let body = Rect::from_min_max(pos2(rect.left(), head.bottom()), rect.max);
        let size = vec2(known.picture.width, known.picture.height) * zoom;
        let mut left = 0.0;
        ui.scope_builder(egui::UiBuilder::new().max_rect(body), |ui| {
            let area = ScrollArea::both().id_salt("sequence").auto_shrink(false);
            let scrolled = area.show_viewport(ui, |ui, seen| {
                let size = size.max(body.size() - Vec2::splat(12.0));
                let (whole, response) = ui.allocate_exact_size(size, Sense::click());
                response.widget_info(|| {
                    egui::WidgetInfo::labeled(egui::Role::Canvas, true, "Sequence view")
                });
                let canvas = Canvas {
                    painter: ui.painter().with_clip_rect(body),
                    origin: whole.min,
                    zoom,
                    diagram: &known.diagram,
                    picture: &known.picture,
                    theme,
                    seen: seen.y_range(),
                    column: known.column,
                };
                self.body(ui, &response, app, &canvas, out);
            });
            left = scrolled.state.clamped_offset().x;
        });
        let canvas = Canvas {
            painter: ui.painter().with_clip_rect(rect),
            origin: pos2(rect.left() - left, rect.top()),
            zoom,
            diagram: &known.diagram,
            picture: &known.picture,
            theme,
            seen: egui::Rangef::EVERYTHING,
            column: known.column,
        };
        for (place, at) in canvas.heads(head).into_iter().enumerate() {
            let participant = &known.diagram.participants[place];
            let id = ui.scope_id().with(("head", participant.node));
            let response = ui.interact(at.intersect(head), id, Sense::click());
            let label = format!("{} column", participant.name);
            response
                .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, label.clone()));
            if response.clicked() {
                out.push(Command::Select(match participant.node {
                    crate::model::Node::Service(it) => Selection::Service(it),
                    crate::model::Node::Topic(it) => Selection::Topic(it),
                }));
            }
            response.on_hover_text(format!("{}: click to look inside", participant.name));
        }
    }

    /// What is under the heads.
    fn body(
        &self,
        ui: &Ui,
        response: &egui::Response,
        app: &App,
        canvas: &Canvas<'_>,
        out: &mut Vec<Command>,
    ) {
        let pointer = response.hover_pos();
        let under = pointer.and_then(|at| canvas.arrow_at(at, REACH));
        let now = app.playback.at;
        let related = app.found().map(|it| &it.related);
        canvas.behind(now);
        canvas.bars(app.selected_event());
        canvas.arrows(app.selected_event(), related, under);
        let labels = canvas.labels(app.selected_event(), related, under);
        canvas.notes();
        canvas.playhead(now);
        for (place, rect) in labels {
            let arrow = &canvas.diagram.arrows[place];
            let id = response.id.with(("arrow", place));
            let label = ui.interact(rect, id, Sense::click());
            let name = arrow_name(canvas.diagram, arrow);
            label.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name.clone()));
            if label.clicked() {
                out.push(select(arrow));
            }
            label.on_hover_text_at_pointer(arrow_text(app, canvas.diagram, arrow));
        }
        if let Some(at) = pointer {
            let times = canvas.times();
            if let Some(place) = under {
                let arrow = &canvas.diagram.arrows[place];
                response.clone().on_hover_text_at_pointer(arrow_text(app, canvas.diagram, arrow));
                if response.clicked() {
                    out.push(select(arrow));
                }
            } else if let Some(bar) = canvas.bar_at(at) {
                response.clone().on_hover_text_at_pointer(bar_text(bar));
                if response.clicked() {
                    let (event, event_type) = (bar.event, bar.event_type);
                    out.push(Command::Select(Selection::Event {
                        event,
                        event_type,
                        message: None,
                    }));
                }
            } else if let Some(note) = canvas.note_at(at) {
                response.clone().on_hover_text_at_pointer(format!("{}: {}", note.time, note.text));
                if let Some((event, event_type)) = note.event
                    && response.clicked()
                {
                    out.push(Command::Select(Selection::Event {
                        event,
                        event_type,
                        message: None,
                    }));
                }
            } else if at.x < times {
                let time = canvas.time(at.y);
                response.clone().on_hover_text_at_pointer(format!("{time}: click to go there"));
                if response.clicked() {
                    out.push(Command::SeekTo(time));
                }
            }
            self.wheel(ui, at);
        }
        self.follow(ui, app, canvas);
    }

    /// Ctrl and wheel come closer, around the pointer.
    fn wheel(&self, ui: &Ui, at: Pos2) {
        let factor = ui.input(egui::InputState::zoom_delta);
        if (factor - 1.0).abs() < 1e-3 {
            return;
        }
        let before = self.zoom.get();
        let after = (before * factor).clamp(*ZOOMS.start(), *ZOOMS.end());
        self.zoom.set(after);
        // What is under the pointer stays there.
        let inside = at - ui.min_rect().min;
        let moved = inside * (after / before - 1.0);
        ui.scroll_with_delta(-moved);
    }

    /// Where the playhead goes, its line is in sight; unless it is a person at the diagram who
    /// sends it there.
    fn follow(&self, ui: &Ui, app: &App, canvas: &Canvas<'_>) {
        let now = app.playback.at;
        let has_moved = self.last.replace(now) != now;
        let Some((first, last)) = canvas.picture.span() else { return };
        let seen = ui.clip_rect();
        let is_at_it = ui.rect_contains_pointer(seen) && !app.playback.playing;
        if !has_moved || is_at_it || now < first || now > last {
            return;
        }
        let y = canvas.y(now);
        if y > seen.bottom() - 40.0 || y < seen.top() + 10.0 {
            let line = Rect::from_min_max(pos2(seen.left(), y - 60.0), pos2(seen.left(), y + 60.0));
            ui.scroll_to_rect(line, Some(egui::Align::Center));
        }
    }
}

fn select(arrow: &Arrow) -> Command {
    let (event, event_type) = (arrow.event, arrow.event_type);
    Command::Select(Selection::Event { event, event_type, message: Some(arrow.message) })
}

/// What a screen reader says of an arrow.
fn arrow_name(diagram: &Diagram, arrow: &Arrow) -> String {
    let name = |place: usize| &diagram.participants[place].name;
    format!("{}: {} to {}", arrow.label, name(arrow.from), name(arrow.to))
}

/// What is known of an arrow.
fn arrow_text(app: &App, diagram: &Diagram, arrow: &Arrow) -> String {
    let name = |place: usize| &diagram.participants[place].name;
    let event = &app.model().event_types[arrow.event_type.index()].name;
    let fate = match arrow.fate {
        Fate::Arrived(at) => format!("arrived at {at}, after {}", at.since(arrow.sent)),
        Fate::Lost(at, why) => format!("gone at {at}: {}", why.name()),
        Fate::Flying => "still on its way".to_owned(),
    };
    format!(
        "{event} {} · {}\n{} → {}\nsent at {}, {fate}",
        arrow.event,
        arrow.role.name(),
        name(arrow.from),
        name(arrow.to),
        arrow.sent
    )
}

fn bar_text(bar: &Bar) -> String {
    let end = match bar.to {
        Some(to) => format!("until {to}, for {}", to.since(bar.from)),
        None => "not done yet".to_owned(),
    };
    format!("{}\nfrom {} {end}", bar.label, bar.from)
}

/// What is said where there is no diagram.
fn empty_text(app: &App) -> String {
    match app.subject {
        Subject::Event if app.selected_event().is_none() => {
            "Select an event to see what it came of and what it led to; or look at all that happened in the close-up's span.".to_owned()
        }
        Subject::Event if app.journey_progress().is_some() => "Finding out…".to_owned(),
        Subject::Event => "There is no such event in this future of the run.".to_owned(),
        Subject::Span if app.span_progress().is_some() => "Finding out…".to_owned(),
        Subject::Span => "Nothing happens in the close-up's span.".to_owned(),
    }
}

/// A label for what is not there yet.
fn weak(text: &str, theme: &Theme) -> RichText {
    RichText::new(text).font(theme.text_font(theme.sizes.small)).color(theme.colours.text_weak)
}
