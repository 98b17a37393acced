//! Where the flow view is seen from: points of the layout to points of the screen.

use egui::{Painter, Pos2, Rect, pos2, vec2};

use crate::app::Camera;
use crate::gui::theme::Theme;
use crate::view::layout::Placed;

/// What is kept free around a fitted layout, in points of the screen.
const MARGIN: f32 = 28.0;

/// The largest a fitted layout is drawn.
const MOST_FIT: f32 = 1.35;

/// What a layout covers: its least and its greatest corner.
pub type Bounds = ((f32, f32), (f32, f32));

/// A view of a layout.
pub struct View {
    /// Where it is drawn.
    pub screen: Rect,
    /// Points of the screen to a point of the layout.
    pub scale: f32,
    /// The point of the layout in the middle of the screen.
    middle: Pos2,
    /// Where on the screen that middle is.
    anchor: Pos2,
}

impl View {
    /// The view of what lies within these bounds through a camera. `keep_free` is what the
    /// legend covers, if it would cover a node.
    pub fn new(screen: Rect, bounds: Bounds, camera: Camera, keep_free: f32) -> Self {
        Self::within(screen, bounds, camera, keep_free, MARGIN)
    }

    /// The same with another margin around it.
    pub fn within(
        screen: Rect,
        (least, most): Bounds,
        camera: Camera,
        keep_free: f32,
        margin: f32,
    ) -> Self {
        let size = vec2((most.0 - least.0).max(1.0), (most.1 - least.1).max(1.0));
        let mut free = screen;
        free.max.y = (free.max.y - keep_free).max(free.min.y);
        let room = free.size() - vec2(2.0 * margin, 2.0 * margin);
        let fit = (room.x / size.x).min(room.y / size.y).clamp(0.05, MOST_FIT);
        let middle = pos2(
            f32::midpoint(least.0, most.0) + camera.offset.0,
            f32::midpoint(least.1, most.1) + camera.offset.1,
        );
        Self { screen, scale: fit * camera.zoom, middle, anchor: free.center() }
    }

    /// The view, fitted above the legend where that would cover a node, and beside it where it
    /// would not.
    pub fn beside(
        screen: Rect,
        bounds: Bounds,
        nodes: &[Placed],
        legend: Rect,
        camera: Camera,
    ) -> Self {
        let fitted = Self::new(screen, bounds, Camera::FIT, 0.0);
        let covers = nodes.iter().any(|it| fitted.rect(it).expand(8.0).intersects(legend));
        let keep_free = if covers { screen.bottom() - legend.top() - MARGIN / 2.0 } else { 0.0 };
        Self::new(screen, bounds, camera, keep_free)
    }

    /// A point of the layout on the screen.
    pub fn to_screen(&self, at: Pos2) -> Pos2 {
        self.anchor + (at - self.middle) * self.scale
    }

    /// A node's rectangle on the screen.
    pub fn rect(&self, placed: &Placed) -> Rect {
        super::rect_of(self, placed)
    }

    /// The camera after zooming so that what is under the pointer stays there.
    pub fn zoomed_around(&self, camera: Camera, at: Pos2, factor: f32) -> Camera {
        let zoomed = Camera { zoom: camera.zoom * factor, ..camera }.bounded();
        let factor = zoomed.zoom / camera.zoom;
        let away = (at - self.anchor) / self.scale;
        let kept = away - away / factor;
        let (x, y) = camera.offset;
        Camera { offset: (x + kept.x, y + kept.y), ..zoomed }
    }
}

/// The dots in the background, which say that it moves.
pub fn paint_grid(painter: &Painter, view: &View, theme: &Theme) {
    let step = 64.0 * view.scale;
    if step < 18.0 {
        return;
    }
    let origin = view.to_screen(Pos2::ZERO);
    let first = |from: f32, origin: f32| from + (origin - from).rem_euclid(step);
    let mut y = first(view.screen.top(), origin.y);
    while y < view.screen.bottom() {
        let mut x = first(view.screen.left(), origin.x);
        while x < view.screen.right() {
            painter.circle_filled(pos2(x, y), 1.0, theme.colours.grid);
            x += step;
        }
        y += step;
    }
}
