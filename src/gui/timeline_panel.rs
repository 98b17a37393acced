//! The timeline: transport, speed, the clock, the strip of the whole run, and a close-up of the
//! window that is looked at: its lanes, or a strip.

use egui::{Align, Layout, RichText, Ui};

use crate::app::{App, Command, Direction, Playback, View, Window};
use crate::model::Time;

use super::controls::{self, Face, Icon};
use super::spans::{self, Lane};
use super::theme::Theme;
use super::{branches_panel, jumps, lanes_panel, strip};

/// What the transport's row takes beside the clock and the slider of the speed, in points, where jumps
/// are in a menu.
const BESIDE: f32 = 650.0;
/// How long the slider is, at least and at most.
const SLIDER: (f32, f32) = (36.0, 130.0);

/// The transport's row, the strip of the whole run, and the close-up.
pub fn ui(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 5.0;
        let room = ui.available_width() - BESIDE - clock_width(ui, app, theme);
        transport(ui, app, theme, out);
        ui.add_space(14.0);
        speed(ui, app, room.clamp(SLIDER.0, SLIDER.1), theme, out);
        ui.add_space(18.0);
        clock(ui, app, theme);
        ui.add_space(10.0);
        jumps::ui(ui, app, theme, out);
        fork(ui, theme, out);
        jumps::places(ui, app, theme, out);
        let face = if app.settings.lanes { Face::Selected } else { Face::Plain };
        controls::command_icon(ui, theme, Icon::Lanes, face, Command::ToggleLanes, out);
        if app.broken.is_none() {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| progress(ui, app, theme));
        }
    });
    ui.add_space(2.0);
    if app.settings.view == View::Compare && !app.comparing.is_matrix {
        return strip::sides(ui, app, theme, out);
    }
    let names = lanes_panel::names_width(ui, app, theme);
    let rows = crate::view::faults::rows(app);
    let lane = |window, name| Lane { rows: &rows, window, margin: names, name };
    let whole = Window::of(Time::ZERO, app.whole());
    branches_panel::ui(ui, app, theme, names, out);
    spans::lane(ui, app, theme, &lane(whole, "Faults of the whole run"), out);
    strip::whole(ui, app, theme, names, out);
    spans::lane(ui, app, theme, &lane(app.window, "Faults of the close-up"), out);
    if app.settings.lanes {
        lanes_panel::ui(ui, app, theme, names, out);
    } else {
        strip::window(ui, app, theme, names, out);
    }
}

/// Makes another future from here on.
fn fork(ui: &mut Ui, theme: &Theme, out: &mut Vec<Command>) {
    let (icon, command) = (Icon::Fork, Command::Fork);
    controls::command_icon(ui, theme, icon, Face::Plain, command, out);
}

fn transport(ui: &mut Ui, app: &App, theme: &Theme, out: &mut Vec<Command>) {
    let mut button = |ui: &mut Ui, icon, face, command| {
        controls::command_icon(ui, theme, icon, face, command, out);
    };
    button(ui, Icon::Start, Face::Plain, Command::GoToStart);
    button(ui, Icon::StepBack, Face::Plain, Command::StepBack);
    let back = app.plays(Direction::Backward);
    let face = if back { Face::Selected } else { Face::Plain };
    button(ui, Icon::PlayBack, face, Command::PlayBackwards);
    let (icon, label) =
        if app.playback.playing { (Icon::Pause, "Pause") } else { (Icon::Play, "Play") };
    let tooltip = Command::TogglePlay.tooltip();
    if controls::icon_button(ui, theme, icon, Face::Accent, label, tooltip).clicked() {
        out.push(Command::TogglePlay);
    }
    let mut button = |ui: &mut Ui, icon, face, command| {
        controls::command_icon(ui, theme, icon, face, command, out);
    };
    button(ui, Icon::StepForward, Face::Plain, Command::StepForward);
    button(ui, Icon::End, Face::Plain, Command::GoToEnd);
}

fn speed(ui: &mut Ui, app: &App, length: f32, theme: &Theme, out: &mut Vec<Command>) {
    let label = ui.label(RichText::new("Speed").color(theme.colours.text_weak));
    let mut speed = app.playback.speed;
    let hint = format!(
        "How many simulated seconds pass in one  ({} faster, {} slower, {} real time)",
        key(&Command::Faster),
        key(&Command::Slower),
        key(&Command::NormalSpeed)
    );
    let response = ui.scope(|ui| {
        let style = ui.style_mut();
        style.spacing.slider_width = length;
        style.spacing.interact_size.y = 18.0;
        style.visuals.selection.bg_fill = theme.colours.selection;
        for widget in [&mut style.visuals.widgets.inactive, &mut style.visuals.widgets.hovered] {
            widget.bg_fill = theme.colours.control_active;
            widget.fg_stroke = egui::Stroke::new(2.0, theme.colours.text);
        }
        let slider = egui::Slider::new(&mut speed, Playback::SLOWEST..=Playback::FASTEST)
            .logarithmic(true)
            .smart_aim(false)
            .show_value(false);
        ui.add(slider).labelled_by(label.id).on_hover_text(hint)
    });
    let response = response.inner;
    if response.changed() {
        let faster = speed > app.playback.speed;
        // By a key the slider goes in steps, of which each is past the place where it snaps.
        let by_key = response.has_focus() && !response.dragged() && !response.clicked();
        out.push(match by_key.then(|| stepped(&response.ctx)).flatten() {
            Some(()) if faster => Command::Faster,
            Some(()) => Command::Slower,
            None => Command::SetSpeed(snapped(speed)),
        });
    }
    let slows = app.settings.slows;
    let face = if slows { Face::Selected } else { Face::Plain };
    controls::command_icon(ui, theme, Icon::Slow, face, Command::ToggleSlowing, out);
    let size = egui::Vec2::new(58.0, theme.sizes.control);
    let layout = Layout::left_to_right(Align::Center);
    ui.allocate_ui_with_layout(size, layout, |ui| {
        ui.set_min_width(size.x);
        let now = app.speed_now();
        let is_slowed = now < app.playback.speed;
        let ink = if is_slowed { theme.colours.accent } else { theme.colours.text };
        let text = RichText::new(speed_text(now)).color(ink);
        let label = ui.label(text.font(theme.mono_font(theme.sizes.mono)));
        if is_slowed {
            let set = speed_text(app.playback.speed);
            label.on_hover_text(format!("{set}, slowed down for what happens"));
        }
    });
}

/// Whether an arrow key is down.
fn stepped(ctx: &egui::Context) -> Option<()> {
    use egui::Key::{ArrowDown, ArrowLeft, ArrowRight, ArrowUp};
    let keys = [ArrowLeft, ArrowRight, ArrowUp, ArrowDown];
    ctx.input(|input| keys.iter().any(|it| input.key_down(*it))).then_some(())
}

fn key(command: &Command) -> String {
    let key = command.action().and_then(|action| action.keys.first());
    key.map(ToString::to_string).unwrap_or_default()
}

/// A speed near real time is real time.
fn snapped(speed: f64) -> f64 {
    if speed.log10().abs() < 0.12 { 1.0 } else { speed }
}

/// `0.05×`, `1×`, `2.5×`, `10 000×`.
#[must_use]
pub fn speed_text(speed: f64) -> String {
    if speed >= 9_999.5 {
        "10 000×".to_owned()
    } else if speed >= 99.5 {
        format!("{speed:.0}×")
    } else {
        #[expect(clippy::cast_possible_truncation, reason = "the power of ten of a speed")]
        #[expect(clippy::cast_sign_loss, reason = "clamped to zero and more")]
        let decimals = (1.0 - speed.log10().floor()).clamp(0.0, 5.0) as usize;
        let text = format!("{speed:.decimals$}");
        let text = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            &text
        };
        format!("{text}×")
    }
}

fn clock(ui: &mut Ui, app: &App, theme: &Theme) {
    ui.spacing_mut().item_spacing.x = 8.0;
    let font = theme.mono_font(theme.sizes.clock);
    let text = clock_text(app.playback.at, app.playback.speed);
    // What stands at its right stays there when the instant gets another digit.
    let widest = clock_text(Time::ZERO + app.whole(), app.playback.speed);
    let missing = widest.len().saturating_sub(text.len());
    let digit = ui.fonts_mut(|fonts| fonts.glyph_width(&font, '0'));
    ui.add_space(f32::from(u8::try_from(missing).unwrap_or(0)) * digit);
    let at = RichText::new(text).font(font).color(theme.colours.accent);
    ui.label(at).on_hover_text("The instant that is shown");
    let end = RichText::new(end_text(app)).font(theme.mono_font(theme.sizes.body));
    ui.label(end.color(theme.colours.text_weak)).on_hover_text("How long the run is");
}

fn end_text(app: &App) -> String {
    match app.run.end() {
        Some(end) => format!("/ {}", end.since(Time::ZERO)),
        None if app.is_listening() => "/ live".to_owned(),
        None => "/ no end".to_owned(),
    }
}

/// How much room the clock takes.
fn clock_width(ui: &Ui, app: &App, theme: &Theme) -> f32 {
    let width = |text: String, size: f32| {
        let font = theme.mono_font(size);
        ui.painter().layout_no_wrap(text, font, theme.colours.text).size().x
    };
    let widest = clock_text(Time::ZERO + app.whole(), app.playback.speed);
    width(widest, theme.sizes.clock) + 8.0 + width(end_text(app), theme.sizes.body)
}

/// Milliseconds; the slower time passes, the more decimals.
fn clock_text(at: Time, speed: f64) -> String {
    let decimals = if speed < 0.1 { 6 } else { 3 };
    format!("{at:.decimals$}")
}

/// How far the run is simulated, while it is, and where there is room to say so: the status line
/// says it, too.
fn progress(ui: &mut Ui, app: &App, theme: &Theme) {
    let progress = &app.run.progress;
    if progress.done || app.is_listening() {
        return;
    }
    let texts = match app.run.end() {
        Some(end) => {
            let share = progress.head.as_secs_f64() / end.as_secs_f64().max(1e-9);
            let share = format!("{:.0} %", 100.0 * share.clamp(0.0, 1.0));
            vec![format!("simulating … {share}"), share]
        }
        None => vec![format!("simulated to {:.1}", progress.head)],
    };
    let lay = |text| {
        let font = theme.text_font(theme.sizes.small);
        ui.painter().layout_no_wrap(text, font, theme.colours.text_weak)
    };
    let room = ui.available_width();
    if let Some(text) = texts.into_iter().map(lay).find(|it| it.size().x <= room) {
        ui.label(text).on_hover_text("The run is simulated ahead of the playhead");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_read_well() {
        for (speed, text) in [
            (0.001, "0.001×"),
            (0.0234, "0.023×"),
            (0.5, "0.5×"),
            (1.0, "1×"),
            (2.54, "2.5×"),
            (20.0, "20×"),
            (1234.5, "1234×"),
            (10_000.0, "10 000×"),
        ] {
            assert_eq!(speed_text(speed), text);
        }
    }

    #[test]
    fn the_slider_snaps_to_real_time() {
        assert!((snapped(1.2) - 1.0).abs() < 1e-12);
        assert!((snapped(2.0) - 2.0).abs() < 1e-12);
    }
}
