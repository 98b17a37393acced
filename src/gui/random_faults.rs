//! The question which faults are to be drawn by lot, and what would be drawn.

use egui::{Context, Id, Modal, RichText, Ui};

use crate::app::futures::act_name;
use crate::app::{App, Command, RandomFaults, RandomKind};
use crate::model::Time;
use crate::view::parameters::{Parameter, Unit};

use super::controls;
use super::theme::Theme;
use super::typed;

/// What was answered last.
#[derive(Debug)]
pub struct RandomQuestion {
    wish: RandomFaults,
    /// Whether a person has said until when; before, it is the end of the run.
    is_bounded: bool,
}

impl Default for RandomQuestion {
    fn default() -> Self {
        let kinds = vec![
            RandomKind::Crash,
            RandomKind::Slow,
            RandomKind::Cut,
            RandomKind::Loss,
            RandomKind::Duplicate,
        ];
        let wish =
            RandomFaults { seed: 1, kinds, per_minute: 8.0, from: Time::ZERO, to: Time::ZERO };
        Self { wish, is_bounded: false }
    }
}

impl RandomQuestion {
    /// Asks.
    pub fn ui(&mut self, ctx: &Context, app: &App, theme: &Theme, out: &mut Vec<Command>) {
        if !self.is_bounded {
            self.wish.to = Time::ZERO + app.whole();
        }
        let modal = Modal::new(Id::unique("random faults"));
        let modal = modal.frame(controls::modal_frame(ctx)).show(ctx, |ui| {
            ui.set_width(540.0);
            ui.spacing_mut().item_spacing.y = 6.0;
            ui.heading("Random faults");
            let text = "Drawn by lot from a seed: the same answers draw the same faults. They come \
                        in a branch of their own.";
            ui.add(egui::Label::new(RichText::new(text).color(theme.colours.text_weak)).wrap());
            ui.add_space(4.0);
            ui.columns(2, |columns| {
                self.figures(&mut columns[0], theme);
                self.kinds(&mut columns[1], theme);
            });
            ui.add_space(4.0);
            let drawn = self.wish.draw(&app.run.base);
            self.preview(ui, app, theme, &drawn);
            ui.add_space(6.0);
            ui.horizontal(|ui| {
                let make = egui::Button::new("Make the branch");
                if ui.add_enabled(!drawn.is_empty(), make).clicked() {
                    out.push(Command::RandomFaults(self.wish.clone()));
                }
                if ui.button("Another seed").on_hover_text("Draw again").clicked() {
                    self.wish.seed += 1;
                }
                if ui.button("Cancel").on_hover_text(Command::Dismiss.tooltip()).clicked() {
                    out.push(Command::Dismiss);
                }
            });
        });
        if modal.should_close() {
            out.push(Command::Dismiss);
        }
    }

    fn figures(&mut self, ui: &mut Ui, theme: &Theme) {
        let figure = |ui: &mut Ui, name: &str, unit, value, least, most| {
            let may_be_endless = false;
            let name = name.to_owned();
            let wish = Parameter { name, unit, value, least, most, may_be_endless };
            let id = Id::unique(("random faults", wish.name.clone()));
            typed::value(ui, theme, id, &wish)
        };
        #[expect(clippy::cast_precision_loss, reason = "a seed that a person types")]
        let seed = self.wish.seed as f64;
        if let Some(value) = figure(ui, "seed", Unit::Count, seed, 0.0, 1e15) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded")]
            let seed = value as u64;
            self.wish.seed = seed;
        }
        let rate = self.wish.per_minute;
        if let Some(value) = figure(ui, "faults a minute", Unit::Plain, rate, 0.1, 600.0) {
            self.wish.per_minute = value;
        }
        let [from, to] = [self.wish.from, self.wish.to].map(Time::as_secs_f64);
        if let Some(value) = figure(ui, "from", Unit::Time, from, 0.0, 1e9) {
            self.wish.from = Time::from_secs_f64(value);
        }
        if let Some(value) = figure(ui, "to", Unit::Time, to, 0.0, 1e9) {
            self.wish.to = Time::from_secs_f64(value);
            self.is_bounded = true;
        }
    }

    fn kinds(&mut self, ui: &mut Ui, theme: &Theme) {
        ui.spacing_mut().item_spacing.y = 1.0;
        for kind in RandomKind::ALL {
            let mut is_meant = self.wish.kinds.contains(&kind);
            ui.horizontal(|ui| {
                let switch = typed::switch(ui, theme, is_meant, kind.name());
                let label = ui.label(kind.name());
                if switch.clicked() || label.clicked() {
                    is_meant = !is_meant;
                    self.wish.kinds.retain(|it| *it != kind);
                    if is_meant {
                        self.wish.kinds.push(kind);
                    }
                }
            });
        }
    }

    fn preview(&self, ui: &mut Ui, app: &App, theme: &Theme, drawn: &[crate::model::Intervention]) {
        const LINES: usize = 6;
        let text = match drawn.len() {
            0 => "Nothing would be drawn.".to_owned(),
            1 => "One fault:".to_owned(),
            RandomFaults::MOST => format!("{} faults, the most there can be:", drawn.len()),
            count => format!("{count} faults:"),
        };
        ui.label(RichText::new(text).font(theme.strong_font(theme.sizes.body)));
        let line = |ui: &mut Ui, text: String| {
            let text = RichText::new(text)
                .font(theme.mono_font(theme.sizes.small))
                .color(theme.colours.text_weak);
            ui.add(egui::Label::new(text).truncate());
        };
        for it in drawn.iter().take(LINES) {
            let name = act_name(&app.run.base, &it.act);
            line(ui, format!("{:>7}  {name}", format!("{:.1}", it.at)));
        }
        if drawn.len() > LINES {
            line(ui, format!("         and {} more", drawn.len() - LINES));
        }
    }
}
