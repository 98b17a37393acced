//! The line at the bottom: which run this is, and how it goes.

use egui::{Align, Layout, RichText, Ui};

use crate::app::{App, Command, CompareCommand, View};
use crate::model::Time;
use crate::view::{branches, comparing};

use super::live_menu;
use super::theme::Theme;

/// The line. `frame` is the time the last picture took, in seconds.
pub fn ui(ui: &mut Ui, app: &App, theme: &Theme, frame: Option<f32>, out: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.x = 16.0;
    ui.horizontal_centered(|ui| {
        let text = |text: String| {
            RichText::new(text)
                .font(theme.mono_font(theme.sizes.small - 0.5))
                .color(theme.colours.text_weak)
        };
        let run = &app.run;
        live_menu::ui(ui, app, theme, out);
        // The columns of a comparison are other runs than this one.
        let is_one = app.settings.view != View::Compare || app.comparing.is_matrix;
        if is_one && app.scenario.variants.len() > 1 {
            ui.label(text(app.shown().name.clone())).on_hover_text(&app.shown().sentence);
        }
        if is_one && app.tree().branches().count() > 1 {
            let path = branches::path(app.tree(), app.branch().id);
            ui.label(text(path)).on_hover_text("The branch that is shown");
        }
        let seed = text(format!("seed {}", run.seed));
        let seed = ui.add(egui::Button::new(seed).frame_when_inactive(false).small());
        if seed.on_hover_text("The same seed is the same run; click for the next one").clicked() {
            out.push(Command::SetSeed(run.seed.wrapping_add(1)));
        }
        if let Some(digest) = run.progress.digest.as_ref().filter(|_| is_one) {
            let hint = "The digest of the run's records: the same for the same run, anywhere";
            ui.label(text(digest.clone())).on_hover_text(hint);
        }
        let first = if is_one { None } else { comparing::first_in_words(app) };
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some(frame) = frame {
                let frame = text(format!("{:.1} ms/frame", frame * 1e3));
                ui.label(frame).on_hover_text("How long the last picture took to make");
            }
            let progress = &run.progress;
            if app.live().is_none() {
                let speed = format!("{} records/s", count(progress.records_per_second));
                ui.label(text(speed)).on_hover_text("How fast the run was simulated");
            }
            if let Some(error) = &progress.error {
                let what = text("the simulator failed".to_owned()).color(theme.colours.bad);
                let hint = "This is a mistake of the program, and worth reporting together with \
                            the scenario and the seed. Another seed or variant begins anew.";
                ui.label(what).on_hover_text(format!("{hint}\n\n{error}"));
            } else if let Some(why) = progress.standstill {
                let what = text("time stands still".to_owned()).color(theme.colours.bad);
                ui.label(what).on_hover_text(why);
            } else {
                let head = if progress.done || app.live().is_some() {
                    format!("{} records", grouped(progress.records))
                } else {
                    format!("simulated to {:.1}", progress.head)
                };
                ui.label(text(head))
                    .on_hover_text(format!("How far the run is simulated\n\n{}", held(app)));
            }
            if let Some(answer) = &run.answer {
                let flying = text(format!("{} in flight", answer.scene.in_flight()));
                ui.label(flying).on_hover_text("Messages on links at the instant that is shown");
            }
            if let Some((at, words)) = first {
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    first_difference(ui, at, text(words), theme, out);
                });
            }
        });
    });
}

/// What is kept of the run to look back quickly, and whether there is room for it.
fn held(app: &App) -> String {
    let (held, settings) = (app.run.progress.held, &app.settings);
    let mut words = format!("{} of at most {} MiB", held.memory >> 20, settings.budget);
    if held.disk > 0 {
        words += &format!(", and {} of {} MiB on disk,", held.disk >> 20, settings.disk);
    }
    words += " are held to look back quickly";
    if app.run.progress.is_disk_full {
        words += "\n\nThe folder for temporary files has no room for more: what does not fit is \
                  simulated again when somebody looks there";
    }
    words
}

/// Where the columns of the comparison first differ; a click goes there.
fn first_difference(
    ui: &mut Ui,
    at: Option<Time>,
    words: RichText,
    theme: &Theme,
    out: &mut Vec<Command>,
) {
    if at.is_none() {
        ui.label(words);
        return;
    }
    let command = Command::Compare(CompareCommand::GoToFirst);
    let words = words.color(theme.colours.accent);
    let label = words.text().to_owned();
    let button = egui::Button::new(words).frame_when_inactive(false).small().truncate();
    let response = ui.add(button).on_hover_text(format!("{label}\n\n{}", command.tooltip()));
    if response.clicked() {
        out.push(command);
    }
}

/// `950`, `12 k`, `2.1 M`.
fn count(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{:.1} M", v / 1e6),
        v if v >= 1e4 => format!("{:.0} k", v / 1e3),
        v if v.is_finite() => format!("{v:.0}"),
        _ => "0".to_owned(),
    }
}

/// Digits in groups of three.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(2_130_000.0), "2.1 M");
        assert_eq!(count(12_345.0), "12 k");
        assert_eq!(count(12.0), "12");
        assert_eq!(grouped(1_234_567), "1 234 567");
        assert_eq!(grouped(12), "12");
    }
}
