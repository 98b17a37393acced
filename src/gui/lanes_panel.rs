//! The lanes of the timeline, painted, and what a person does to them.

use egui::epaint::Mesh;
use egui::{
    Align2, Color32, CursorIcon, Id, Painter, Popup, Pos2, Rect, Response, Role, Sense, Shape,
    Stroke, TextWrapMode, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use crate::app::{App, Command, Selection, Settings};
use crate::history::Flight;
use crate::model::{Model, Node, Time};
use crate::view::lanes::{self, Area, Lane, Line, Manner, Picture};
use crate::view::signs::signs;
use crate::view::time_axis::Axis;

use super::theme::Theme;
use super::{controls, marks_list, strip};

/// The room below the lanes for the ticks' labels.
const TICKS: f32 = 18.0;

/// How near a line must be to the pointer, in points.
const REACH: f32 = 7.0;

/// Of more lines than this no ends are marked, and none is dashed, for want of room.
const MOST_MARKED: usize = 260;
const MOST_DASHED: usize = 1_500;

/// A name needs so much height, in points.
const LEAST_NAME: f32 = 9.0;

/// How much of the window's height the lanes may take, and how much they take in a low window
/// unless they were given another height.
const MOST_HEIGHT: f32 = 0.6;
const USUAL_HEIGHT: f32 = 0.153;

/// The lanes, with their names at the left and the ticks of time below.
pub fn ui(ui: &mut Ui, app: &App, theme: &Theme, names: f32, out: &mut Vec<Command>) {
    let height = height(ui, app);
    let size = vec2(ui.available_width(), height + TICKS);
    let (outer, _) = ui.allocate_exact_size(size, Sense::hover());
    handle(ui, outer, app, height, theme, out);
    let mut rect = outer;
    rect.min.x += names;
    rect.max.y -= TICKS;
    let axis = axis_of(app, rect);
    let area = Area { axis, top: rect.top(), bottom: rect.bottom() };
    let picture = lanes::picture(app, area);
    let ground = ui.interact(rect, ui.scope_id().with("lanes"), Sense::click_and_drag());
    strip::value(&ground, app, "Close-up");

    let model = app.model();
    let flights = app.lanes.traffic().and_then(|it| it.flights.as_deref()).unwrap_or_default();
    let pointer = ground.hover_pos().filter(|_| !ground.dragged());
    let near = pointer.and_then(|at| nearest(&picture, at));
    let signs = signs(app, axis);
    let (sign, is_taken) = strip::take_signs(ui, &ground, app, axis, &signs, out);
    let near = near.filter(|_| sign.is_none());
    let painter = ui.painter().clone();
    paint(&painter, rect, app, &picture, flights, near, theme);
    strip::ticks(&painter, rect, axis, theme);
    strip::over(&painter, rect, axis, &signs, app, theme);
    strip::wheel(ui, &ground, app, axis, out);
    marks_list::beside(&ground, app, theme, out);
    let flight = near.and_then(|line| flights.get(line.flight));
    if let Some(flight) = flight.filter(|_| ground.clicked() && !is_taken) {
        let Flight { event, event_type, message, .. } = *flight;
        // The message's name is only good while it is alive.
        let is_alive =
            app.playback.at >= flight.sent && flight.left.is_none_or(|left| app.playback.at < left);
        let message = is_alive.then_some(message);
        out.push(Command::Select(Selection::Event { event, event_type, message }));
    } else if !is_taken {
        strip::scrub(&ground, axis, out);
    }
    match (flight, sign, pointer) {
        (_, Some(sign), _) => strip::tooltip(ground, axis, Some(sign.words(app)), strip::HINT),
        (Some(flight), None, _) => {
            ui.set_cursor_icon(CursorIcon::PointingHand);
            ground.on_hover_ui_at_pointer(|ui| tell(ui, model, flight, theme));
        }
        (None, None, Some(at)) => heat_hint(ground, &picture, area, at),
        (None, None, None) => {}
    }
    let column = Rect::from_x_y_ranges(outer.left()..=rect.left() - 6.0, rect.y_range());
    Names { app, picture: &picture, area, theme, column }.ui(ui, out);
}

/// How high the lanes are, all together.
fn height(ui: &Ui, app: &App) -> f32 {
    let window = ui.ctx().content_rect().height();
    let is_usual = (app.settings.lanes_height - Settings::default().lanes_height).abs() < 0.5;
    let share = if is_usual { USUAL_HEIGHT } else { MOST_HEIGHT };
    app.settings.lanes_height.min(window * share)
}

/// How wide the names are, so that every strip of the timeline begins behind them.
pub fn names_width(ui: &Ui, app: &App, theme: &Theme) -> f32 {
    if !app.settings.lanes {
        return strip::NAMES;
    }
    let lanes = app.shown_lanes();
    // None is written where they are so close together.
    if height(ui, app) / number(lanes.len()) < LEAST_NAME {
        return strip::NAMES;
    }
    strip::room_for(ui, theme, lanes.iter().map(|it| app.model().node_name(*it)))
}

/// The upper edge of the lanes, which is dragged to make them higher.
fn handle(ui: &Ui, outer: Rect, app: &App, height: f32, theme: &Theme, out: &mut Vec<Command>) {
    let grip = Rect::from_x_y_ranges(outer.x_range(), outer.top() - 7.0..=outer.top() - 1.0);
    let response = ui.interact(grip, ui.scope_id().with("height"), Sense::drag());
    let value = f64::from(app.settings.lanes_height);
    response.widget_info(|| WidgetInfo::slider(true, value, "Height of the lanes"));
    if response.hovered() || response.dragged() {
        ui.set_cursor_icon(CursorIcon::ResizeVertical);
        let line = Rect::from_center_size(grip.center(), vec2(64.0, 3.0));
        ui.painter().rect_filled(line, 1.5, theme.colours.selection);
    }
    if response.dragged() {
        out.push(Command::SetLanesHeight(height - response.drag_delta().y));
    }
}

fn paint(
    painter: &Painter,
    rect: Rect,
    app: &App,
    picture: &Picture,
    flights: &[Flight],
    near: Option<&Line>,
    theme: &Theme,
) {
    let colours = &theme.colours;
    let pitch = rect.height() / number(picture.lanes.len());
    let clipped = painter.with_clip_rect(rect);
    painter.rect_filled(rect.expand2(vec2(0.0, 1.0)), 3.0, colours.background);
    strip::fault_bands(&clipped, rect, axis_of(app, rect), app, theme);
    let selected = match app.selection {
        Some(Selection::Event { event, .. }) => Some(event),
        _ => None,
    };
    for (number, lane) in picture.lanes.iter().enumerate() {
        let is_selected = app.selection == Some(selection(lane.node));
        let ink = if is_selected { colours.selection } else { colours.link };
        // Of those that share a row one is enough: all of them would be a grey sheet.
        if !is_selected && number % picture.together.max(1) != 0 {
            continue;
        }
        let strength = if is_selected { 0.8 } else { 0.42 };
        clipped.hline(rect.x_range(), lane.y, Stroke::new(1.0, ink.gamma_multiply(strength)));
    }
    for lane in &picture.lanes {
        for band in &lane.down {
            let half = (pitch * 0.3).clamp(2.5, 9.0);
            let face = Rect::from_x_y_ranges(band.x.0..=band.x.1, lane.y - half..=lane.y + half);
            let fill = colours.bad.gamma_multiply(0.16 + 0.2 * band.share);
            clipped.rect_filled(face, 2.0, fill);
            let edge = Stroke::new(1.0 + band.share, colours.bad.gamma_multiply(0.8));
            clipped.hline(face.x_range(), lane.y, edge);
        }
    }
    heat(&clipped, picture, pitch, theme);
    let mut ink = Ink::new(picture, selected.is_some(), theme);
    let is_selected =
        |line: &Line| selected.is_some() && flights.get(line.flight).map(|it| it.event) == selected;
    // What matters less is below what matters more.
    let asides = picture.lines.iter().filter(|it| it.manner == Manner::Aside && !is_selected(it));
    let others = picture.lines.iter().filter(|it| it.manner != Manner::Aside && !is_selected(it));
    for line in asides.chain(others) {
        ink.line(line, Emphasis::None);
    }
    for line in picture.lines.iter().filter(|it| is_selected(it)) {
        ink.line(line, Emphasis::Selected);
    }
    if let Some(line) = near {
        ink.line(line, Emphasis::Near);
    }
    clipped.add(ink.mesh);
    clipped.extend(ink.shapes);
    // What is still to come is fainter than what has been.
    let now = axis_of(app, rect).x(app.playback.at).clamp(rect.left(), rect.right());
    let future = Rect::from_x_y_ranges(now..=rect.right(), rect.y_range());
    clipped.rect_filled(future, 0.0, colours.background.gamma_multiply(0.3));
    strip::hatch(&clipped, rect, axis_of(app, rect).x(app.run.progress.head), colours.grid);
}

fn axis_of(app: &App, rect: Rect) -> Axis {
    Axis { window: app.window, left: rect.left(), right: rect.right() }
}

#[expect(clippy::cast_precision_loss, reason = "a handful")]
fn number(count: usize) -> f32 {
    count.max(1) as f32
}

/// How much a line is to be seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Emphasis {
    None,
    Selected,
    Near,
}

/// Lines, gathered into one mesh.
struct Ink<'a> {
    theme: &'a Theme,
    mesh: Mesh,
    shapes: Vec<Shape>,
    /// How strong a line is that is not emphasised.
    strength: f32,
    is_dashed: bool,
    is_marked: bool,
}

impl<'a> Ink<'a> {
    fn new(picture: &Picture, is_faded: bool, theme: &'a Theme) -> Self {
        let count = picture.lines.len();
        // The more lines, the fainter each, so that where many cross can still be seen.
        let thin = 1.0 / (1.0 + number(count) / 2_500.0);
        let strength = picture.lines_strength * thin * if is_faded { 0.28 } else { 1.0 };
        let mut mesh = Mesh::default();
        mesh.reserve_vertices(count * 6);
        mesh.reserve_triangles(count * 4);
        Self {
            theme,
            mesh,
            shapes: Vec::new(),
            strength,
            is_dashed: count <= MOST_DASHED,
            is_marked: count <= MOST_MARKED,
        }
    }

    fn line(&mut self, line: &Line, emphasis: Emphasis) {
        let colours = &self.theme.colours;
        let is_plain = emphasis == Emphasis::None;
        let strength = if is_plain { self.strength } else { 1.0 };
        if strength < 0.01 {
            return;
        }
        let colour = match line.manner {
            Manner::Failure => colours.bad,
            _ => self.theme.event(line.colour),
        };
        let (width, weight) = match line.manner {
            Manner::Event => (1.7, 1.0),
            Manner::Request => (1.4, 0.95),
            Manner::Answer | Manner::Failure => (1.3, 0.95),
            Manner::Aside => (0.9, 0.34),
        };
        let (width, weight) = match emphasis {
            Emphasis::None => (width, weight),
            Emphasis::Selected => (width + 1.2, 1.0),
            Emphasis::Near => (width + 1.6, 1.0),
        };
        let again = line.is_again.then_some(colours.warning);
        let is_dashed = self.is_dashed || !is_plain;
        for part in &line.parts {
            let (from, to) = (pos2(part.from.0, part.from.1), pos2(part.to.0, part.to.1));
            let dash = match line.manner {
                _ if part.is_held => Some((2.5, 3.5)),
                Manner::Answer => Some((6.0, 3.0)),
                Manner::Failure => Some((3.0, 2.5)),
                _ => None,
            };
            // What comes again wears its ring: an edge at both sides all the way.
            if let Some(edge) = again.filter(|_| line.manner != Manner::Aside) {
                self.stroke(from, to, width + 2.6, edge.gamma_multiply(weight * strength * 0.85));
            }
            let ink = colour.gamma_multiply(weight * strength);
            match dash.filter(|_| is_dashed) {
                None => self.stroke(from, to, width, ink),
                Some(dash) => self.dashes(from, to, width, ink, dash),
            }
        }
        self.ends(line, colour.gamma_multiply(weight * strength), strength, is_plain);
    }

    /// What stands at the ends of a line: what it is, in the shapes of the flow view, or a cross.
    fn ends(&mut self, line: &Line, ink: Color32, strength: f32, is_plain: bool) {
        let colours = &self.theme.colours;
        let Some(end) = line.end else { return };
        let at = pos2(end.at.0, end.at.1);
        if end.is_lost {
            let is_small = line.manner == Manner::Aside || !self.is_marked;
            let arm = if is_small && is_plain { 2.6 } else { 4.2 };
            let cross = colours.bad.gamma_multiply(strength.max(0.25));
            self.stroke(at - vec2(arm, arm), at + vec2(arm, arm), 1.6, cross);
            self.stroke(at + vec2(-arm, arm), at + vec2(arm, -arm), 1.6, cross);
            return;
        }
        if !self.is_marked && is_plain {
            return;
        }
        let radius = if is_plain { 2.3 } else { 3.4 };
        let diamond = |radius: f32| {
            let corners = [vec2(0.0, -1.0), vec2(1.0, 0.0), vec2(0.0, 1.0), vec2(-1.0, 0.0)];
            corners.map(|it| at + it * radius).to_vec()
        };
        match line.manner {
            Manner::Event => {
                if line.is_again {
                    let ring = Stroke::new(1.3, colours.warning.gamma_multiply(strength));
                    self.shapes.push(Shape::circle_stroke(at, radius + 2.4, ring));
                }
                self.shapes.push(Shape::circle_filled(at, radius, ink));
            }
            Manner::Request => {
                self.shapes.push(Shape::convex_polygon(diamond(radius * 1.4), ink, Stroke::NONE));
            }
            Manner::Answer => {
                let edge = Stroke::new(1.1, ink);
                let face = colours.background;
                self.shapes.push(Shape::convex_polygon(diamond(radius * 1.5), face, edge));
            }
            Manner::Failure => {
                let square = Rect::from_center_size(at, Vec2::splat(radius * 2.0));
                self.shapes.push(Shape::rect_filled(square, 0.0, ink));
            }
            Manner::Aside => {}
        }
    }

    fn dashes(&mut self, from: Pos2, to: Pos2, width: f32, ink: Color32, dash: (f32, f32)) {
        let way = to - from;
        let length = way.length();
        let one = dash.0 + dash.1;
        // Seen from very near there would be too many to draw.
        if length < one || length / one > 600.0 {
            return self.stroke(from, to, width, ink);
        }
        let along = way / length;
        let mut at = 0.0;
        while at < length {
            let end = (at + dash.0).min(length);
            self.stroke(from + along * at, from + along * end, width, ink);
            at += one;
        }
    }

    /// A straight line with soft edges.
    fn stroke(&mut self, from: Pos2, to: Pos2, width: f32, ink: Color32) {
        let way = to - from;
        let length = way.length();
        // What takes no time at all is a dot.
        let across = if length > 1e-3 { (way / length).rot90() } else { vec2(0.0, 1.0) };
        let to = if length > 1e-3 { to } else { from + vec2(1.0, 0.0) };
        let clear = Color32::TRANSPARENT;
        let Ok(first) = u32::try_from(self.mesh.vertices.len()) else { return };
        let core = (width - 1.0).max(0.0) / 2.0;
        let soft = core + if width < 1.0 { 0.5 + width / 2.0 } else { 1.0 };
        if core < 0.3 {
            for end in [from, to] {
                self.mesh.colored_vertex(end + across * soft, clear);
                self.mesh.colored_vertex(end, ink);
                self.mesh.colored_vertex(end - across * soft, clear);
            }
            for row in [0, 1] {
                self.mesh.add_triangle(first + row, first + row + 1, first + row + 3);
                self.mesh.add_triangle(first + row + 1, first + row + 3, first + row + 4);
            }
            return;
        }
        for end in [from, to] {
            self.mesh.colored_vertex(end + across * soft, clear);
            self.mesh.colored_vertex(end + across * core, ink);
            self.mesh.colored_vertex(end - across * core, ink);
            self.mesh.colored_vertex(end - across * soft, clear);
        }
        for row in [0, 1, 2] {
            self.mesh.add_triangle(first + row, first + row + 1, first + row + 4);
            self.mesh.add_triangle(first + row + 1, first + row + 4, first + row + 5);
        }
    }
}

/// The heat map: one mesh. A cell is as strong as much happens there, and shows in layers the
/// colours of what passes: mixed, two colours would look like a third.
fn heat(painter: &Painter, picture: &Picture, pitch: f32, theme: &Theme) {
    let pitch = pitch * number(picture.together);
    // High enough to be seen, and no higher than there is room.
    let half = (pitch * 0.36).clamp(2.0, 16.0).min(pitch / 2.0);
    let mut mesh = Mesh::default();
    mesh.reserve_vertices(picture.heat.len() * 8);
    mesh.reserve_triangles(picture.heat.len() * 4);
    for cell in &picture.heat {
        let Some(y) = picture.row_y(cell.row) else { continue };
        let mut top = y - half;
        let mut layer = |share: f32, colour: Color32| {
            let bottom = top + 2.0 * half * share;
            let face = Rect::from_x_y_ranges(cell.x.0..=cell.x.1, top..=bottom);
            mesh.add_colored_rect(face, colour.gamma_multiply(cell.strength * 0.95));
            top = bottom;
        };
        match cell.mix {
            None => layer(1.0, theme.colours.density),
            Some(mix) => {
                for (number, share) in (0_u8..).zip(mix).filter(|(_, share)| *share > 0.0) {
                    layer(share, theme.event(number));
                }
            }
        }
    }
    painter.add(mesh);
}

/// The line nearest to a point, within reach; one that matters before an ack.
fn nearest(picture: &Picture, at: Pos2) -> Option<&Line> {
    if picture.lines_strength < 0.3 {
        return None;
    }
    let distance = |line: &Line| {
        let of_part = |part: &lanes::Part| {
            let (from, to) = (pos2(part.from.0, part.from.1), pos2(part.to.0, part.to.1));
            let way = to - from;
            let share = ((at - from).dot(way) / way.length_sq().max(1e-6)).clamp(0.0, 1.0);
            (from + way * share).distance(at)
        };
        let least = line.parts.iter().map(of_part).fold(f32::INFINITY, f32::min);
        if line.manner == Manner::Aside { least + 2.0 } else { least }
    };
    let near = picture.lines.iter().map(|line| (distance(line), line));
    near.filter(|(distance, _)| *distance <= REACH)
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, line)| line)
}

/// What is to be said of a message.
fn tell(ui: &mut Ui, model: &Model, flight: &Flight, theme: &Theme) {
    let event_type = &model.event_types[flight.event_type.index()];
    let link = &model.links[flight.link.index()];
    ui.style_mut().wrap_mode = Some(TextWrapMode::Extend);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let (rect, _) = ui.allocate_exact_size(Vec2::splat(9.0), Sense::hover());
        ui.painter().circle_filled(rect.center(), 4.5, theme.event(event_type.colour));
        ui.strong(format!("{} {}", event_type.name, flight.event));
    });
    let again =
        if flight.attempt > 1 { format!(", attempt {}", flight.attempt) } else { String::new() };
    let (from, to) = (model.node_name(link.from), model.node_name(link.to));
    ui.label(format!("{}{again}: {from} → {to}", flight.role.name()));
    ui.monospace(fate(flight));
    ui.weak("Click to select the event");
}

/// When a message was sent, and what became of it.
fn fate(flight: &Flight) -> String {
    let sent = format!("sent {:.4}", flight.sent);
    let what = match (flight.left, flight.lost, flight.held) {
        (Some(left), Some(reason), _) => {
            format!("{} after {:.1}", reason.name(), left.since(flight.sent))
        }
        (Some(left), None, Some((since, Some(until)))) => {
            format!("took {:.1}, held for {:.1}", left.since(flight.sent), until.since(since))
        }
        (Some(left), None, _) => format!("took {:.1}", left.since(flight.sent)),
        (None, _, Some((since, None))) => format!("held by a cut link since {since:.3}"),
        (None, ..) if flight.due < Time::MAX => {
            format!("will take {:.1}", flight.due.since(flight.sent))
        }
        (None, ..) => "under way".to_owned(),
    };
    format!("{sent}, {what}")
}

/// What is to be said of the ground: the time, and where it was counted, how much happened.
fn heat_hint(ground: Response, picture: &Picture, area: Area, at: Pos2) {
    let time = area.axis.time(at.x);
    let counted = picture.counted_at(area, (at.x, at.y)).and_then(|(lanes, count)| {
        let whose = match lanes {
            [] => return None,
            [lane] => lane.name.clone(),
            [first, .., last] => format!("{} to {}, {} lanes", first.name, last.name, lanes.len()),
        };
        let messages = if count == 1 { "message" } else { "messages" };
        Some(format!("{whose}: {count} {messages} left or came"))
    });
    ground.on_hover_ui_at_pointer(|ui| {
        ui.style_mut().wrap_mode = Some(TextWrapMode::Extend);
        ui.monospace(time.to_string());
        match counted {
            Some(words) => ui.label(words),
            None => ui.weak(strip::HINT),
        };
    });
}

/// Whether a lane is dragged by its name, or its menu is open.
fn is_held(ui: &Ui, id: Id) -> bool {
    ui.ctx().is_being_dragged(id) || Popup::is_id_open(ui.ctx(), id.with("popup"))
}

const fn selection(node: Node) -> Selection {
    match node {
        Node::Service(it) => Selection::Service(it),
        Node::Topic(it) => Selection::Topic(it),
    }
}

/// The lanes' names: a click selects, a drag moves the lane, a click on the eye hides it.
struct Names<'a> {
    app: &'a App,
    picture: &'a Picture,
    area: Area,
    theme: &'a Theme,
    /// Where they stand.
    column: Rect,
}

impl Names<'_> {
    fn ui(&self, ui: &Ui, out: &mut Vec<Command>) {
        let at = ui.ctx().pointer_hover_pos().filter(|it| self.column.contains(*it));
        let is_anything_held = ui.ctx().dragged_id().is_some() || Popup::is_any_open(ui.ctx());
        for (number, lane) in self.picture.lanes.iter().enumerate() {
            let id = || ui.scope_id().with(("lane", lane.node));
            // Of those that share a row only the one that a person is at: no other can be met.
            if self.picture.together <= 1
                || at.is_some_and(|at| (lane.y - at.y).abs() <= self.pitch() / 2.0)
                || is_anything_held && is_held(ui, id())
            {
                self.name(ui, id(), number, lane, out);
            }
        }
        let hidden = self.app.hidden_lanes();
        if hidden > 0 {
            let row = Rect::from_min_size(
                self.column.left_bottom() + vec2(0.0, 2.0),
                vec2(self.column.width(), TICKS - 2.0),
            );
            let response = ui.interact(row, ui.scope_id().with("hidden"), Sense::click());
            let label = format!("{hidden} hidden · show");
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &label));
            let colours = &self.theme.colours;
            let ink = if response.hovered() { colours.selection } else { colours.text_weak };
            let font = self.theme.text_font(self.theme.sizes.small - 0.5);
            ui.painter_at(row).text(row.left_center(), Align2::LEFT_CENTER, &label, font, ink);
            if response.on_hover_text(Command::ShowAllLanes.tooltip()).clicked() {
                out.push(Command::ShowAllLanes);
            }
        }
    }

    fn name(&self, ui: &Ui, id: Id, number: usize, lane: &Lane, out: &mut Vec<Command>) {
        let (node, pitch) = (lane.node, self.pitch());
        let row = Rect::from_center_size(
            pos2(self.column.center().x, lane.y),
            vec2(self.column.width(), pitch),
        );
        let response = ui.interact(row, id, Sense::click_and_drag());
        response
            .widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{} lane", lane.name)));
        let eye = Rect::from_center_size(
            pos2(row.right() - 7.0, row.center().y),
            vec2(16.0, pitch.min(16.0)),
        );
        let hide = ui.interact(eye, id.with("eye"), Sense::click());
        hide.widget_info(|| {
            WidgetInfo::labeled(Role::Button, true, format!("Hide {} lane", lane.name))
        });
        let is_pointed_at = response.hovered() || hide.hovered() || response.dragged();
        self.paint(ui, row, lane, is_pointed_at);
        if is_pointed_at && !response.dragged() {
            let colours = &self.theme.colours;
            let ink = if hide.hovered() { colours.selection } else { colours.text_weak };
            controls::paint_icon(ui.painter(), eye.center(), controls::Icon::Eye, ink);
        }
        if hide.on_hover_text(format!("Show no lane for {}", lane.name)).clicked() {
            out.push(Command::HideLane(node));
        }
        if response.clicked() {
            out.push(Command::Select(selection(node)));
        }
        if response.dragged()
            && let Some(pointer) = response.interact_pointer_pos()
        {
            ui.set_cursor_icon(CursorIcon::Grabbing);
            let near = |it: &Lane| (it.y - pointer.y).abs();
            let lanes = self.picture.lanes.iter().enumerate();
            let to = lanes.min_by(|a, b| near(a.1).total_cmp(&near(b.1))).map(|(to, _)| to);
            if let Some(to) = to.filter(|to| *to != number) {
                out.push(Command::MoveLane { node, to });
            }
        }
        response.context_menu(|ui| {
            if ui.button(format!("Hide {}", lane.name)).clicked() {
                out.push(Command::HideLane(node));
                ui.close();
            }
            for command in [Command::ShowAllLanes, Command::ResetLanes, Command::ToggleLanes] {
                controls::menu_item(ui, command, out);
            }
        });
        if !response.dragged() {
            let hint = format!("{}: click to look inside, drag to move its lane", lane.name);
            response.on_hover_text(hint);
        }
    }

    fn paint(&self, ui: &Ui, row: Rect, lane: &Lane, is_pointed_at: bool) {
        let pitch = self.pitch();
        if pitch < LEAST_NAME {
            return;
        }
        let colours = &self.theme.colours;
        let x = self.area.axis.x(self.app.playback.at);
        let is_down = lane.down.iter().any(|it| it.share >= 1.0 && it.x.0 <= x && x < it.x.1);
        let ink = if self.app.selection == Some(selection(lane.node)) {
            colours.selection
        } else if is_down {
            colours.bad
        } else {
            colours.text
        };
        let font = self.theme.text_font(self.theme.sizes.small.min(pitch));
        let room = row.width() - if is_pointed_at { 16.0 } else { 2.0 };
        let galley = controls::cut(ui.painter(), &lane.name, font, ink, room);
        let place = pos2(row.left(), row.center().y - galley.size().y / 2.0);
        ui.painter().galley(place, galley, ink);
    }

    fn pitch(&self) -> f32 {
        self.area.pitch(self.picture.lanes.len())
    }
}
