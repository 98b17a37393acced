//! The flow view: cards, strips, curves and the events between them; pan, zoom, drag, click.

mod badges;
mod camera;
mod curves;
mod dots;
mod legend;
pub mod nodes;
pub mod small;
mod touch;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use egui::{Pos2, Rect, Sense, Ui, pos2, vec2};

use crate::app::{App, Camera, Command, Found, Selection};
use crate::model::{EventId, Model, Node, Span, Time};
use crate::view::flow::{self, Flow};
use crate::view::layout::{Layout, Placed};

use super::theme::Theme;
use camera::View;
use legend::Legend;
use touch::{Target, Touch};

/// How long a message that has left its link leaves a trace, in real time.
const TRACE_SECONDS: f64 = 0.25;

/// The flow view, with the layout it last showed.
#[derive(Default)]
pub struct FlowPanel {
    known: RefCell<Option<Known>>,
    touch: RefCell<Touch>,
    drawn: RefCell<Vec<Rect>>,
}

/// The events that stand out.
#[derive(Clone, Copy)]
pub struct Lit<'a> {
    /// The one that is selected.
    pub selected: Option<EventId>,
    /// What it came of and led to, as far as that is known.
    pub found: Option<&'a Found>,
}

impl Lit<'_> {
    /// Whether an event is the selected one, or has to do with it.
    pub fn is_related(self, event: EventId) -> bool {
        self.selected == Some(event) || self.found.is_some_and(|it| it.related.contains(&event))
    }

    /// How strongly an event is painted: others stand back a little.
    pub fn strength(self, event: EventId) -> f32 {
        if self.selected.is_none() || self.is_related(event) { 1.0 } else { 0.45 }
    }
}

/// A layout, and what it was worked out from.
struct Known {
    model: Arc<Model>,
    /// As the scenario has it.
    given: Layout,
    places: BTreeMap<Node, (f32, f32)>,
    /// With the nodes where they were put.
    placed: Arc<Layout>,
    /// As it was when everything was last asked to be seen: dragging a card must not move
    /// the view under it.
    fitted: Arc<Layout>,
    fits: u64,
}

impl FlowPanel {
    /// Paints the view and says what a person asked for.
    pub fn ui(&self, ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
        let rect = ui.available_rect_before_wrap();
        let background = ui.interact(rect, ui.scope_id().with("flow"), Sense::click_and_drag());
        background.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Canvas, true, "Flow view"));
        let (layout, fitted) = self.layout(app);
        let painter = ui.painter().with_clip_rect(rect);
        let legend = Legend::new(&painter, rect, app.model(), theme);
        let view = View::beside(rect, fitted.bounds(), &fitted.nodes, legend.rect, app.camera);
        let nodes = layout.nodes.iter().map(|it| view.rect(it));
        self.drawn.replace(nodes.chain([legend.rect]).collect());
        camera::paint_grid(&painter, &view, theme);
        let Some(answer) = &app.run.answer else {
            painter.text(
                rect.center(),
                egui::Align2::CENTER_CENTER,
                "Simulating…",
                theme.text_font(theme.sizes.body),
                theme.colours.text_weak,
            );
            return;
        };
        let trace = Span::from_secs_f64(TRACE_SECONDS * app.playback.speed);
        let now = app.run.shown_at(app.playback.at);
        let flow = flow::flow(app.model(), &answer.scene, now, trace);
        let touch = &mut *self.touch.borrow_mut();
        touch.begin(ui, &view, &layout, app);
        curves::paint_links(&painter, &view, &layout, &flow, now, theme);
        touch.paint_links(&painter, &view, &layout, app, theme);
        Self::background_input(ui, &background, app, (&view, &layout), touch, out);
        touch.patches.clear();
        Self::nodes(ui, &painter, app, &view, &layout, &flow, touch, theme, out);
        for placed in &layout.nodes {
            if let Node::Service(service) = placed.node {
                let (card, seen) = (view.rect(placed), (&*answer.scene, now));
                let badge = badges::paint_badge(&painter, &view, card, app, seen, service, theme);
                touch.patches.extend(badge);
            }
        }
        touch.dots = dots::spots(&view, &layout, &flow);
        touch.painted_at = now;
        if let Some(Selection::Event { event, event_type, .. }) = app.selection {
            let name = crate::app::deeds::event_name(app.model(), event_type, event);
            dots::paint_selected(&painter, &view, &touch.dots, (event, &name), theme);
        }
        let lit = Lit { selected: app.selected_event(), found: app.found().map(|it| &**it) };
        dots::paint_dots(&painter, &view, &layout, &flow, lit, theme);
        touch.paint_pull(&painter, &view, &layout, theme);
        legend.paint(&painter, theme);
        if app.playback.at > app.run.progress.head && !app.run.progress.done {
            paint_ahead(&painter, rect, app, theme);
        }
        touch.menus(&background, app, theme, out);
        touch.key_menu(ui, app, (&view, &layout), theme, out);
        touch.end(ui, out);
    }

    /// Where cards, topics and the legend were in the last picture.
    pub fn drawn(&self) -> Vec<Rect> {
        self.drawn.borrow().clone()
    }

    /// The layout of the model with its nodes where they were put, and as it was when it was
    /// last fitted; worked out anew only when something of that has changed.
    fn layout(&self, app: &App) -> (Arc<Layout>, Arc<Layout>) {
        let mut known = self.known.borrow_mut();
        let (model, places) = (&app.run.base, &app.made.places);
        let known = match known.take().filter(|it| Arc::ptr_eq(&it.model, model)) {
            Some(before) => known.insert(before),
            None => {
                let given = Layout::new(model, &BTreeMap::new());
                let placed = Arc::new(given.with(places));
                known.insert(Known {
                    model: Arc::clone(model),
                    given,
                    places: places.clone(),
                    fitted: Arc::clone(&placed),
                    placed,
                    fits: app.fits,
                })
            }
        };
        if known.places != *places {
            known.placed = Arc::new(known.given.with(places));
            known.places.clone_from(places);
        }
        if known.fits != app.fits {
            known.fitted = Arc::clone(&known.placed);
            known.fits = app.fits;
        }
        (Arc::clone(&known.placed), Arc::clone(&known.fitted))
    }

    #[expect(clippy::too_many_arguments, reason = "what a panel is handed, and what it found")]
    fn nodes(
        ui: &Ui,
        painter: &egui::Painter,
        app: &App,
        view: &View,
        layout: &Layout,
        flow: &Flow,
        touch: &mut Touch,
        theme: &Theme,
        out: &mut Vec<Command>,
    ) {
        let related = Lit { selected: app.selected_event(), found: app.found().map(|it| &**it) };
        for placed in &layout.nodes {
            let rect = view.rect(placed);
            let name = app.model().node_name(placed.node);
            let kind = match placed.node {
                Node::Service(_) => "service",
                Node::Topic(_) => "topic",
            };
            let response =
                ui.interact(rect, ui.scope_id().with(placed.node), Sense::click_and_drag());
            response.widget_info(|| {
                egui::WidgetInfo::labeled(egui::Role::Button, true, format!("{name} {kind}"))
            });
            let selection = match placed.node {
                Node::Service(it) => Selection::Service(it),
                Node::Topic(it) => Selection::Topic(it),
            };
            let is_selected = app.selection == Some(selection);
            let lit = is_selected || response.hovered();
            match placed.node {
                Node::Service(it) => {
                    if let Some(card) = flow.cards.get(it.index()) {
                        nodes::paint_card(painter, rect, view.scale, card, lit, theme);
                    }
                }
                Node::Topic(it) => {
                    if let Some(strip) = flow.strips.get(it.index()) {
                        nodes::paint_strip(painter, rect, view.scale, strip, lit, related, theme);
                        touch.patches.extend(nodes::cells(rect, view.scale, strip));
                    }
                }
            }
            let is_taken = touch.take(&response, Some(selection), app, (view, layout), out);
            touch.cursor(ui, &response);
            touch.menus(&response, app, theme, out);
            if is_taken {
                continue;
            }
            if response.clicked() {
                out.push(Command::Select(selection));
            }
            if response.dragged() {
                let moved = response.drag_delta() / view.scale;
                let to = (placed.centre.0 + moved.x, placed.centre.1 + moved.y);
                out.push(Command::MoveNode { node: placed.node, to });
            }
            if response.drag_stopped() {
                out.push(Command::LetGo);
            }
            if touch.hovered.is_none() {
                let hint = "click to look inside, drag to move, right click to do something to it";
                response.on_hover_text(format!("{name}: {hint}"));
            } else {
                Self::tell_hovered(&response, app, touch);
            }
        }
    }

    /// Says what is under the pointer.
    fn tell_hovered(response: &egui::Response, app: &App, touch: &Touch) {
        let Some(target) = touch.hovered.filter(|_| response.hovered()) else { return };
        let title = crate::gui::act_menu::title(app, target.selection());
        let scene = app.run.answer.as_ref().map(|it| &it.scene);
        let text = match target {
            Target::Dot(spot) => {
                let message = spot.message.and_then(|id| scene?.message(id));
                let role = message.map_or("gone", |it| it.role.name());
                format!("{title} · {role}\nDrag it back along its link to delay it")
            }
            Target::Link(_) => format!("{title}\nClick to change it, right click to break it"),
            Target::Patch(Selection::Anomaly { .. }) => {
                format!("{title}\nClick to see what went wrong, and why")
            }
            Target::Patch(_) => title,
        };
        response.clone().on_hover_text_at_pointer(text);
    }

    fn background_input(
        ui: &Ui,
        background: &egui::Response,
        app: &App,
        (view, layout): (&View, &Layout),
        touch: &mut Touch,
        out: &mut Vec<Command>,
    ) {
        let pointer = ui.input(|input| input.pointer.hover_pos());
        touch.cursor(ui, background);
        Self::tell_hovered(background, app, touch);
        let is_taken = touch.take(background, None, app, (view, layout), out);
        if background.clicked() && !is_taken {
            out.push(Command::ClearSelection);
        }
        if is_taken {
            return;
        }
        if background.double_clicked() {
            out.push(Command::Fit);
        }
        if background.dragged() {
            let moved = background.drag_delta() / view.scale;
            let (x, y) = app.camera.offset;
            out.push(Command::SetCamera(Camera {
                offset: (x - moved.x, y - moved.y),
                ..app.camera
            }));
        }
        let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta.y, input.zoom_delta()));
        let factor = pinch * (scroll / 240.0).exp();
        let over = pointer.is_some_and(|at| view.screen.contains(at));
        if over
            && (factor - 1.0).abs() > 1e-3
            && let Some(at) = pointer
            && ui.ui_contains_pointer()
        {
            out.push(Command::SetCamera(view.zoomed_around(app.camera, at, factor)));
        }
    }
}

/// Says that the playhead is where the run has not come to yet.
fn paint_ahead(painter: &egui::Painter, view: Rect, app: &App, theme: &Theme) {
    let head = app.run.progress.head.since(Time::ZERO);
    let text = format!("Not simulated yet: the run has come to {head}");
    let font = theme.text_font(theme.sizes.body);
    let galley = painter.layout_no_wrap(text, font, theme.colours.text);
    let middle = pos2(view.center().x, view.top() + 22.0);
    let place = Rect::from_center_size(middle, galley.size());
    let edge = egui::Stroke::new(1.0, theme.colours.accent);
    let kind = egui::StrokeKind::Inside;
    painter.rect(place.expand2(vec2(14.0, 6.0)), 14.0, theme.colours.card, edge, kind);
    painter.galley(place.min, galley, theme.colours.text);
}

/// A node's rectangle on the screen.
fn rect_of(view: &View, placed: &Placed) -> Rect {
    let centre: Pos2 = view.to_screen(pos2(placed.centre.0, placed.centre.1));
    Rect::from_center_size(centre, vec2(placed.size.0, placed.size.1) * view.scale)
}
