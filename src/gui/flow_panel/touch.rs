//! What the pointer touches in the flow view: always what was painted under it in the picture
//! that was seen, also while time passes; and the event that is dragged back along its link.

use egui::{CursorIcon, Painter, Pos2, Rect, Response, Shape, Stroke, Ui, vec2};

use crate::app::{App, Command, Selection};
use crate::gui::act_menu;
use crate::gui::theme::Theme;
use crate::history::Place;
use crate::model::{Act, CopyRef, Deed, LinkId, Span, Time};
use crate::view::layout::Layout;

use super::camera::View;
use super::curves::Curve;
use super::dots::Spot;

/// How near the pointer must be to a dot, in points of the screen; over a card, to one at its
/// edge.
const REACH: (f32, f32) = (18.0, 10.0);

/// How near the pointer must be to a link, in points of the screen.
const LINK_REACH: f32 = 9.0;

/// The least share of its way that an event can be dragged back to: at none it would be late for
/// ever.
const LEAST_SHARE: f32 = 0.002;

/// What can be pointed at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// An event in flight.
    Dot(Spot),
    /// Something that stands at its place: a cell of a topic, a badge.
    Patch(Selection),
    /// A link.
    Link(LinkId),
}

impl Target {
    /// What is selected when it is clicked.
    pub const fn selection(&self) -> Selection {
        match *self {
            Self::Dot(Spot { message, event, event_type, .. }) => {
                Selection::Event { event, event_type, message }
            }
            Self::Patch(selection) => selection,
            Self::Link(link) => Selection::Link(link),
        }
    }
}

/// What was painted last, and what the pointer does to it.
#[derive(Default)]
pub struct Touch {
    /// The events that were painted.
    pub dots: Vec<Spot>,
    /// What else was painted and can be pointed at.
    pub patches: Vec<(Rect, Selection)>,
    /// The instant that was painted.
    pub painted_at: Time,
    /// What is under the pointer.
    pub hovered: Option<Target>,
    /// What was under the pointer when it was pressed.
    pressed: Option<Target>,
    is_new: bool,
    /// Time stands still as long as the pointer is pressed on an event, and goes on then.
    resumes: bool,
    pull: Option<Pull>,
    /// What the menu is about.
    menu: Option<Selection>,
    /// The menu that was asked for by a key, and where it stands.
    key_menu: Option<(Selection, Pos2)>,
}

/// An event that is dragged back along its link.
#[derive(Clone, Copy, Debug)]
struct Pull {
    copy: CopyRef,
    spot: Spot,
    sent: Time,
    due: Time,
    now: Time,
    /// The share of the way where it would be.
    share: f32,
}

impl Pull {
    /// How late it would be: as late as it takes for it to be there now.
    fn by(&self) -> Span {
        let so_far = self.now.since(self.sent).as_secs_f64();
        let whole = so_far / f64::from(self.share.max(LEAST_SHARE));
        let by = Span::from_secs_f64(whole) - self.due.since(self.sent);
        // Three digits are as exact as a hand is.
        let step = 10_u64.pow(by.0.checked_ilog10().unwrap_or(0).saturating_sub(2));
        Span((by.0 + step / 2) / step * step)
    }

    /// Whether it was hardly moved.
    fn is_nothing(&self) -> bool {
        self.spot.along - self.share < 0.01
    }
}

impl Touch {
    /// What is at a point of the picture that was seen.
    fn at(&self, at: Pos2, view: &View, layout: &Layout, app: &App) -> Option<Target> {
        let over_node = layout.nodes.iter().any(|it| view.rect(it).contains(at));
        let reach = if over_node { REACH.1 } else { REACH.0 };
        let distance = |it: &Spot| it.at.distance(at);
        let near = self.dots.iter().filter(|it| distance(it) <= reach);
        let dot = near.min_by(|a, b| distance(a).total_cmp(&distance(b))).copied();
        dot.map(Target::Dot)
            .or_else(|| {
                let found = self.patches.iter().rev().find(|(rect, _)| rect.contains(at));
                found.map(|(_, selection)| Target::Patch(*selection))
            })
            .or_else(|| {
                (!over_node && view.screen.contains(at))
                    .then(|| nearest_link(view, layout, app, at).map(Target::Link))?
            })
    }

    /// Takes in where the pointer is and whether it was pressed, before anything is painted anew.
    pub fn begin(&mut self, ui: &Ui, view: &View, layout: &Layout, app: &App) {
        let (is_new, pressed_at, hover) = ui.input(|input| {
            let pointer = &input.pointer;
            let at = pointer.press_origin().or_else(|| pointer.interact_pos());
            (pointer.any_pressed(), at, pointer.hover_pos())
        });
        self.is_new = is_new;
        if is_new {
            self.pressed = pressed_at.and_then(|at| self.at(at, view, layout, app));
        }
        let is_free = self.pull.is_none();
        self.hovered = hover.filter(|_| is_free).and_then(|at| self.at(at, view, layout, app));
    }

    /// Takes what a person did to a response of the view, if it was done to what had been painted
    /// there and not to the response's own node or ground.
    pub fn take(
        &mut self,
        response: &Response,
        own: Option<Selection>,
        app: &App,
        (view, layout): (&View, &Layout),
        out: &mut Vec<Command>,
    ) -> bool {
        if response.secondary_clicked() {
            self.menu = self.pressed.map(|it| it.selection()).or(own);
        }
        let Some(target) = self.pressed else { return false };
        if let Target::Dot(spot) = target {
            let down = response.is_pointer_button_down_on()
                && response.ctx.input(|input| input.pointer.primary_down());
            if self.is_new && down && app.playback.playing {
                // Time stands still where it was seen, so that what was pressed does not slip
                // away.
                self.resumes = true;
                out.extend([Command::Pause, Command::SeekTo(self.painted_at)]);
            }
            if response.drag_started() {
                self.pull = pull(app, spot);
            }
        }
        if response.clicked() {
            out.push(Command::Select(target.selection()));
        }
        if let Some(pull) = &mut self.pull
            && response.dragged()
            && let Some(curve) = Curve::between(view, layout, pull.spot.way.0, pull.spot.way.1)
            && let Some(at) = response.interact_pointer_pos()
        {
            pull.share = curve.nearest(at).0.clamp(LEAST_SHARE, pull.spot.along);
        }
        // Escape ends a drag too.
        let is_let_go = out.iter().position(|it| *it == Command::Dismiss);
        if response.drag_stopped()
            && let Some(place) = is_let_go
            && self.pull.take().is_some()
        {
            out.remove(place);
        }
        if response.drag_stopped()
            && let Some(pull) = self.pull.take()
        {
            let Spot { message, event, event_type, .. } = pull.spot;
            out.push(Command::Select(Selection::Event { event, event_type, message }));
            if !pull.is_nothing() {
                let deed = Deed::Delay(pull.by());
                out.push(Command::Act(Act::Message { copy: pull.copy, deed }));
            }
        }
        // A link is not dragged: that moves the view.
        let is_drag = response.dragged() || response.drag_stopped();
        response.clicked() || (is_drag && !matches!(target, Target::Link(_)))
    }

    /// At the end of a picture: Escape lets go of what is dragged, and time goes on when the
    /// pointer is up.
    pub fn end(&mut self, ui: &Ui, out: &mut Vec<Command>) {
        if self.pull.is_some()
            && let Some(place) = out.iter().position(|it| *it == Command::Dismiss)
        {
            out.remove(place);
            self.pull = None;
            self.pressed = None;
            ui.ctx().stop_dragging();
        }
        let is_down = ui.input(|input| input.pointer.any_down());
        if self.resumes && (!is_down || self.pressed.is_none()) {
            self.resumes = false;
            out.push(Command::TogglePlay);
        }
    }

    /// What the pointer says it can do.
    pub fn cursor(&self, ui: &Ui, over: &Response) {
        if self.pull.is_some() {
            ui.set_cursor_icon(CursorIcon::Grabbing);
        } else if over.hovered() {
            match self.hovered {
                Some(Target::Dot(Spot { message: Some(_), .. })) => {
                    ui.set_cursor_icon(CursorIcon::Grab);
                }
                Some(_) => ui.set_cursor_icon(CursorIcon::PointingHand),
                None => {}
            }
        }
    }

    /// The menu of what was right-clicked or pressed for long, and the one asked for by a key.
    pub fn menus(&mut self, response: &Response, app: &App, theme: &Theme, out: &mut Vec<Command>) {
        if let Some(selection) = self.menu {
            response.context_menu(|ui| act_menu::ui(ui, app, selection, theme, out));
        }
    }

    /// The menu key opens the menu of what is selected, where that is.
    pub fn key_menu(
        &mut self,
        ui: &Ui,
        app: &App,
        (view, layout): (&View, &Layout),
        theme: &Theme,
        out: &mut Vec<Command>,
    ) {
        let id = ui.scope_id().with("menu of what is selected");
        let is_asked = ui.input_mut(|input| {
            input.consume_key(egui::Modifiers::NONE, egui::Key::Menu)
                || input.consume_key(egui::Modifiers::SHIFT, egui::Key::F10)
        });
        if is_asked && let Some(selection) = app.selection {
            let at = self.place_of(selection, app, view, layout);
            self.key_menu = Some((selection, at));
            egui::Popup::open_id(ui.ctx(), id);
        }
        if let Some((selection, at)) = self.key_menu {
            egui::Popup::new(id, ui.ctx().clone(), at, ui.layer_id())
                .kind(egui::PopupKind::Menu)
                .layout(egui::Layout::top_down_justified(egui::Align::Min))
                .style(egui::containers::menu::menu_style)
                .open_memory(None)
                .show(|ui| act_menu::ui(ui, app, selection, theme, out));
        }
    }

    /// Where on the screen something is.
    fn place_of(&self, selection: Selection, app: &App, view: &View, layout: &Layout) -> Pos2 {
        use crate::model::Node;
        let of_node = |node| layout.of(node).map(|it| view.rect(it).center());
        let found = match selection {
            Selection::Event { event, .. } => {
                self.dots.iter().find(|it| it.event == event).map(|it| it.at)
            }
            Selection::Service(it) => of_node(Node::Service(it)),
            Selection::Topic(it) => of_node(Node::Topic(it)),
            Selection::Link(it) => {
                let link = &app.model().links[it.index()];
                Curve::between(view, layout, link.from, link.to).map(|it| it.point(0.5))
            }
            Selection::Anomaly { .. } => None,
        };
        found.unwrap_or_else(|| view.screen.center())
    }

    /// Paints the links that are pointed at or selected.
    pub fn paint_links(
        &self,
        painter: &Painter,
        view: &View,
        layout: &Layout,
        app: &App,
        theme: &Theme,
    ) {
        let light = |link: LinkId, width: f32, strength: f32| {
            let Some(it) = app.model().links.get(link.index()) else { return };
            if let Some(curve) = Curve::between(view, layout, it.from, it.to) {
                let colour = theme.colours.selection.gamma_multiply(strength);
                curve.light(painter, colour, width, view.scale);
            }
        };
        if let Some(Selection::Link(link)) = app.selection {
            light(link, 2.5, 1.0);
        }
        if let Some(Target::Link(link)) = self.hovered {
            light(link, 2.0, 0.7);
        }
    }

    /// Paints where the event that is dragged would be, and how late.
    pub fn paint_pull(&self, painter: &Painter, view: &View, layout: &Layout, theme: &Theme) {
        let Some(pull) = self.pull else { return };
        let Some(curve) = Curve::between(view, layout, pull.spot.way.0, pull.spot.way.1) else {
            return;
        };
        let colour = theme.colours.accent;
        let way = curve.part(pull.share, pull.spot.along);
        painter.extend(Shape::dashed_line(&way, Stroke::new(2.0, colour), 4.0, 4.0));
        let at = curve.point(pull.share);
        let radius = (9.0 * view.scale).clamp(5.0, 13.0);
        painter.circle_filled(at, radius, theme.colours.background.gamma_multiply(0.8));
        painter.circle_stroke(at, radius, Stroke::new(2.0, colour));
        let text = match pull.is_nothing() {
            true => "drag it back along its link".to_owned(),
            false => format!("{} later", pull.by()),
        };
        let galley = painter.layout_no_wrap(text, theme.strong_font(12.5), theme.colours.text);
        let corner = at + vec2(-galley.size().x / 2.0, -radius - 14.0 - galley.size().y);
        let place = Rect::from_min_size(corner, galley.size()).expand2(vec2(8.0, 4.0));
        let kind = egui::StrokeKind::Inside;
        painter.rect(place, 6.0, theme.colours.card, Stroke::new(1.0, colour), kind);
        painter.galley(corner, galley, theme.colours.text);
    }
}

/// Takes hold of an event on its link.
fn pull(app: &App, spot: Spot) -> Option<Pull> {
    let scene = &app.run.answer.as_ref()?.scene;
    let id = spot.message?;
    let message = scene.message(id).filter(|it| it.event == spot.event)?;
    if message.place != Place::Link || message.due == Time::MAX {
        return None;
    }
    let (copy, now) = (scene.copy_ref(id)?, app.acting_at());
    let along = crate::view::flow::along(message.sent, message.due, now);
    let spot = Spot { along, ..spot };
    Some(Pull { copy, spot, sent: message.sent, due: message.due, now, share: along })
}

/// The link nearest to a point, within reach.
fn nearest_link(view: &View, layout: &Layout, app: &App, at: Pos2) -> Option<LinkId> {
    let mut nearest: Option<(f32, LinkId)> = None;
    for &(one, other) in &layout.edges {
        let (one, other) = (layout.nodes[one].node, layout.nodes[other].node);
        for (from, to) in [(one, other), (other, one)] {
            let Some(link) = app.model().link_between(from, to) else { continue };
            let Some(curve) = Curve::between(view, layout, from, to) else { continue };
            let (_, distance) = curve.nearest(at);
            if distance <= LINK_REACH && nearest.is_none_or(|(it, _)| distance < it) {
                nearest = Some((distance, link));
            }
        }
    }
    nearest.map(|(_, link)| link)
}
