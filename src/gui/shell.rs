//! The window: panels in, commands out, and `App::update` between one picture and the next.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::{Receiver, bounded};
use egui::{Panel, Ui};

use crate::app::{App, Command, Export, Look, Options, Overlay, Settings, View, Wake};

use crate::export::{csv, file, mermaid, svg};
use crate::view::ink::ink;
use crate::view::sequence;

use super::compare_panel::ComparePanel;
use super::controls::panel_frame;
use super::flow_panel::FlowPanel;
use super::frames::Frames;
use super::metrics_panel::MetricsPanel;
use super::overlays::{self, FileQuestion, Wanted};
use super::picture::Pictures;
use super::random_faults::RandomQuestion;
use super::sequence_panel::SequencePanel;
use super::theme::{self, Theme};
use super::{
    difference_panel, expectations_panel, faults_panel, inspector_panel, jumps, notices_panel,
    palette, problems_panel, shortcuts, status_bar, timeline_panel, top_bar,
};

/// A window that is less high than this is a low one, and this much width the timeline needs, in
/// points.
const LOW_WINDOW: f32 = 800.0;
const LEAST_TIMELINE: f32 = 960.0;
/// How wide the inspector is, at least and at most, in points.
const INSPECTOR: (f32, f32) = (240.0, 480.0);

/// Asks the desktop for a file, or for where to put one that would be called so; blocks until it is
/// chosen, `None` if none is.
pub type Chooser = fn(Wanted, &str) -> Option<PathBuf>;

/// The window's state: the program's, and what only the window knows.
pub struct Shell {
    app: App,
    chooser: Option<Chooser>,
    chosen: Option<(f64, Wanted, Receiver<Option<PathBuf>>)>,
    question: FileQuestion,
    random: RandomQuestion,
    title: String,
    frame: Option<f32>,
    frames: Option<Frames>,
    flow: FlowPanel,
    sequence: SequencePanel,
    metrics: MetricsPanel,
    compare: ComparePanel,
    pictures: Pictures,
}

impl Shell {
    /// The window as it opens. Without a `chooser` the path of a file is typed.
    #[must_use]
    pub fn new(
        ctx: &egui::Context,
        settings: Settings,
        options: Options,
        chooser: Option<Chooser>,
    ) -> Self {
        theme::install(ctx);
        ctx.options_mut(|options| {
            // Ctrl + and - are in the table of actions, and remembered.
            options.zoom_with_keyboard = false;
        });
        let waker = ctx.clone();
        let wake: Wake = Arc::new(move || waker.request_repaint());
        Self {
            app: App::new(settings, options, wake),
            chooser,
            chosen: None,
            question: FileQuestion::default(),
            random: RandomQuestion::default(),
            title: String::new(),
            frame: None,
            frames: Frames::wanted(),
            flow: FlowPanel::default(),
            sequence: SequencePanel::default(),
            metrics: MetricsPanel::default(),
            compare: ComparePanel::default(),
            pictures: Pictures::default(),
        }
    }

    /// The state of the program.
    #[must_use]
    pub const fn app(&self) -> &App {
        &self.app
    }

    /// Does what was asked, as a key or a button would.
    pub fn update(&mut self, command: Command) {
        self.app.update(command);
    }

    /// Saves what is seen in a file, as when it was chosen.
    pub fn save_as(&mut self, what: Export, path: &Path) {
        self.export(what, path.to_owned());
    }

    /// The program ends: what is not saved is kept.
    pub fn leave(&mut self) {
        self.app.leave();
    }

    /// One picture.
    pub fn ui(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        self.settle(&ctx);
        let theme = theme::current(&ctx);
        let mut out = Vec::new();
        shortcuts::take(&ctx, &mut out);
        overlays::dropped_files(&ctx, theme, &mut out);
        let view = self.panels(ui, theme, &mut out);
        let is_pictured = self.pictures.take(&ctx, view, &mut out);
        match self.app.overlay {
            Some(Overlay::Help) => shortcuts::help(&ctx, theme, &mut out),
            Some(Overlay::Palette) => palette::ui(&ctx, &self.app, theme, &mut out),
            Some(Overlay::RandomFaults) => self.random.ui(&ctx, &self.app, theme, &mut out),
            Some(Overlay::AskForFile) => {
                self.question.ui(&ctx, theme, Wanted::Scenario, "", &mut out);
            }
            Some(Overlay::AskWhereToSave) => {
                self.question.ui(&ctx, theme, Wanted::Picture, "", &mut out);
            }
            Some(Overlay::AskWhereToExport(what)) => {
                self.question.ui(&ctx, theme, Wanted::Export(what), "", &mut out);
            }
            Some(Overlay::AskForOther) => {
                self.question.ui(&ctx, theme, Wanted::Other, "", &mut out);
            }
            Some(Overlay::AskForSession) => {
                let usual = self.app.usual_file();
                self.question.ui(&ctx, theme, Wanted::Session, &usual, &mut out);
            }
            None => {}
        }
        let drawn =
            if self.app.settings.view == View::Flow { self.flow.drawn() } else { Vec::new() };
        if !is_pictured {
            overlays::toasts(&ctx, &self.app, theme, (view, &drawn), &mut out);
            jumps::looking(&ctx, &self.app, theme, &mut out);
        }
        for command in out {
            self.obey(&ctx, theme, command);
        }
        self.schedule(&ctx);
    }

    /// Lets time pass, and brings the context in line with the settings.
    fn settle(&mut self, ctx: &egui::Context) {
        // After a pause without pictures `stable_dt` is that of one picture, not the pause.
        let seconds = ctx.input(|input| f64::from(input.stable_dt)).min(0.25);
        self.app.update(Command::Tick(seconds));
        let preference = match self.app.settings.look {
            Look::System => egui::ThemePreference::System,
            Look::Light => egui::ThemePreference::Light,
            Look::Dark => egui::ThemePreference::Dark,
        };
        ctx.set_theme(preference);
        ctx.set_zoom_factor(self.app.settings.scale);
        self.take_choice(ctx, ctx.input(|input| input.time));
        let title = self.app.title();
        if title != self.title {
            ctx.send_viewport_cmd(egui::ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }

    /// Takes what the desktop's file chooser has to say. Where there is no chooser it says
    /// "nothing" at once, and the path is typed; later it means that a person cancelled.
    fn take_choice(&mut self, ctx: &egui::Context, now: f64) {
        let Some((asked, wanted, chosen)) = &self.chosen else { return };
        let Ok(path) = chosen.try_recv() else { return };
        let (was_shown, wanted) = (now - asked > 1.0, *wanted);
        self.chosen = None;
        match path {
            Some(path) => {
                let command = wanted.command(path);
                self.obey(ctx, theme::current(ctx), command);
            }
            None if was_shown && self.app.overlay == Some(wanted.overlay()) => {
                self.app.update(Command::Dismiss);
            }
            None => {}
        }
    }

    /// The panels; gives where the view is.
    fn panels(&self, ui: &mut Ui, theme: &Theme, out: &mut Vec<Command>) -> egui::Rect {
        let app = &self.app;
        Panel::top("top bar")
            .frame(panel_frame(theme, 6))
            .exact_size(44.0)
            .show(ui, |ui| top_bar::ui(ui, app, theme, out));
        Panel::bottom("status bar")
            .frame(panel_frame(theme, 2))
            .exact_size(26.0)
            .show(ui, |ui| status_bar::ui(ui, app, theme, self.frame, out));
        // In a low window the inspector stands beside the timeline too, if there is room beside it.
        let window = ui.ctx().content_rect().size();
        let beside = window.x - LEAST_TIMELINE;
        let is_beside = window.y < LOW_WINDOW && beside >= INSPECTOR.0;
        if is_beside {
            self.inspector(ui, theme, beside.min(INSPECTOR.1), out);
        }
        Panel::bottom("timeline")
            .frame(panel_frame(theme, 10))
            .resizable(false)
            .show(ui, |ui| timeline_panel::ui(ui, app, theme, out));
        if app.settings.faults {
            let shown = Panel::left("faults")
                .frame(panel_frame(theme, 12))
                .default_size(app.settings.faults_width)
                .size_range(280.0..=520.0)
                .show(ui, |ui| faults_panel::ui(ui, app, theme, out));
            let width = shown.response.rect.width();
            if (width - app.settings.faults_width).abs() > 0.5 {
                out.push(Command::SetFaultsWidth(width));
            }
        }
        if app.settings.expectations {
            Panel::left("expectations")
                .frame(panel_frame(theme, 12))
                .default_size(330.0)
                .size_range(260.0..=520.0)
                .show(ui, |ui| expectations_panel::ui(ui, app, theme, out));
        }
        if app.comparison.is_some() {
            Panel::right("differences")
                .frame(panel_frame(theme, 12))
                .default_size(330.0)
                .size_range(260.0..=520.0)
                .show(ui, |ui| difference_panel::ui(ui, app, theme, out));
        }
        if !is_beside {
            self.inspector(ui, theme, INSPECTOR.1, out);
        }
        if notices_panel::is_shown(app) {
            Panel::top("notices")
                .frame(panel_frame(theme, 6).fill(theme.colours.card))
                .resizable(false)
                .show(ui, |ui| notices_panel::ui(ui, app, theme, out));
        }
        if let Some(broken) = &app.broken {
            Panel::top("problems")
                .frame(panel_frame(theme, 10).fill(theme.colours.bad_fill))
                .resizable(false)
                .show(ui, |ui| problems_panel::ui(ui, app, broken, theme, out));
        }
        let frame = egui::Frame::new().fill(theme.colours.background);
        egui::CentralPanel::no_frame()
            .frame(frame)
            .show(ui, |ui| match app.settings.view {
                View::Flow => self.flow.ui(ui, app, theme, out),
                View::Sequence => self.sequence.ui(ui, app, theme, out),
                View::Metrics => self.metrics.ui(ui, app, theme, out),
                View::Compare => self.compare.ui(ui, app, theme, out),
            })
            .response
            .rect
    }

    fn inspector(&self, ui: &mut Ui, theme: &Theme, most: f32, out: &mut Vec<Command>) {
        let app = &self.app;
        // Columns need the room, and nothing in them is selected.
        if !app.settings.inspector || app.settings.view == View::Compare {
            return;
        }
        let shown = Panel::right("inspector")
            .frame(panel_frame(theme, 12))
            .default_size(app.settings.inspector_width)
            .size_range(INSPECTOR.0..=most)
            .show(ui, |ui| inspector_panel::ui(ui, app, theme, out));
        let width = shown.response.rect.width();
        if (width - app.settings.inspector_width.min(most)).abs() > 0.5 {
            out.push(Command::SetInspectorWidth(width));
        }
    }

    fn obey(&mut self, ctx: &egui::Context, theme: &Theme, command: Command) {
        match command {
            // Which look is on the screen when the desktop decides only the window knows.
            Command::ToggleLook => {
                let look = if theme.is_dark { Look::Light } else { Look::Dark };
                self.app.update(Command::SetLook(look));
            }
            Command::AskForFile => {
                self.app.update(command);
                self.choose(ctx, Wanted::Scenario);
            }
            Command::SaveSession | Command::SaveSessionAs => {
                self.app.update(command);
                if self.app.overlay == Some(Overlay::AskForSession) {
                    self.choose(ctx, Wanted::Session);
                }
            }
            Command::AskForOther => {
                self.app.update(command);
                self.choose(ctx, Wanted::Other);
            }
            Command::AskWhereToExport(Export::Series) if self.app.charted().is_none() => {
                let text = "There are no series yet: show the metrics (Ctrl 3).".to_owned();
                self.app.update(Command::Say { text, is_bad: true });
            }
            Command::AskWhereToExport(what) => {
                self.app.update(command);
                self.choose(ctx, Wanted::Export(what));
            }
            Command::SaveExport(what, path) => self.export(what, path),
            Command::CopyComparison => {
                let comparing = &self.app.comparing;
                let told = comparing.intervals.as_ref().or(comparing.compared.as_ref());
                let said = match told.filter(|_| comparing.is_done()) {
                    Some(told) => {
                        ctx.copy_text(told.markdown());
                        ("Copied as Markdown.".to_owned(), false)
                    }
                    None => {
                        let text = "There is no comparison yet: show it (Ctrl 4), and wait until all is measured.";
                        (text.to_owned(), true)
                    }
                };
                self.app.update(Command::Say { text: said.0, is_bad: said.1 });
            }
            Command::AskWhereToSave if sequence::shown(&self.app).is_none() => {
                self.app.update(nothing_to_take());
            }
            Command::AskWhereToSave => {
                self.app.update(command);
                self.choose(ctx, Wanted::Picture);
            }
            Command::CopySequence => {
                let said = match sequence::shown(&self.app) {
                    None => nothing_to_take(),
                    Some((diagram, title)) => {
                        ctx.copy_text(mermaid::mermaid(&diagram, &title));
                        let text = "Copied; paste it where Mermaid is drawn.".to_owned();
                        Command::Say { text, is_bad: false }
                    }
                };
                self.app.update(said);
            }
            Command::SaveSequence(path) => {
                self.app.update(Command::SaveSequence(path.clone()));
                let said = match sequence::shown(&self.app) {
                    None => nothing_to_take(),
                    Some((diagram, title)) => {
                        let text = svg::svg(&diagram, &title, ink(theme.is_dark));
                        let path = with_ending(path, "svg");
                        let (text, is_bad) = match file::write(&path, &text) {
                            Ok(()) => (format!("{} is saved.", path.display()), false),
                            Err(error) => (error, true),
                        };
                        Command::Say { text, is_bad }
                    }
                };
                self.app.update(said);
            }
            command => self.app.update(command),
        }
    }

    /// Saves what is seen.
    fn export(&mut self, what: Export, path: PathBuf) {
        self.app.update(Command::SaveExport(what, path.clone()));
        match what {
            Export::Series => {
                let Some(charted) = self.app.charted() else { return };
                let path = with_ending(path, "csv");
                let (text, is_bad) = match file::write(&path, csv::series(charted)) {
                    Ok(()) => (format!("{} is saved.", path.display()), false),
                    Err(error) => (error, true),
                };
                self.app.update(Command::Say { text, is_bad });
            }
            Export::Picture => self.pictures.ask(with_ending(path, "png")),
        }
    }

    /// Opens the desktop's file chooser, on a thread of its own: it blocks.
    fn choose(&mut self, ctx: &egui::Context, wanted: Wanted) {
        let (None, Some(chooser)) = (&self.chosen, self.chooser) else { return };
        let (sender, receiver) = bounded(1);
        let waker = ctx.clone();
        let usual = self.app.usual_file();
        let spawned = std::thread::Builder::new().name("file chooser".into()).spawn(move || {
            // The window may be gone by now; then nobody asks any more.
            let _ = sender.send(chooser(wanted, &usual));
            waker.request_repaint();
        });
        if spawned.is_ok() {
            self.chosen = Some((ctx.input(|input| input.time), wanted, receiver));
        }
    }

    /// Pictures follow one another only while something moves.
    fn schedule(&self, ctx: &egui::Context) {
        if self.app.quit {
            ctx.send_viewport_cmd(egui::ViewportCommand::Close);
        }
        if self.app.is_moving() {
            ctx.request_repaint();
        } else if self.app.is_looking() || self.app.is_listening() {
            ctx.request_repaint_after(std::time::Duration::from_millis(50));
        } else if let Some(toast) = self.app.toasts.first() {
            let soon = std::time::Duration::from_secs_f64(toast.seconds.clamp(0.02, 0.2));
            ctx.request_repaint_after(soon);
        }
    }
}

/// Under which name the settings are kept.
const SETTINGS: &str = "settings";

impl eframe::App for Shell {
    fn ui(&mut self, ui: &mut Ui, frame: &mut eframe::Frame) {
        self.frame = frame.info().cpu_usage;
        if let (Some(frames), Some(taken)) = (&mut self.frames, self.frame) {
            frames.push(&self.app, taken);
        }
        Self::ui(self, ui);
    }

    fn on_exit(&mut self, _: Option<&eframe::glow::Context>) {
        self.app.leave();
        if let Some(frames) = &self.frames {
            frames.write();
        }
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        eframe::set_value(storage, SETTINGS, &self.app.settings_to_keep());
    }

    fn persist_egui_memory(&self) -> bool {
        // The settings are ours; an open menu need not outlive the program.
        false
    }
}

/// Opens the window and stays until it is closed.
///
/// # Errors
/// If there is no display, or none that can be drawn on.
pub fn run(options: Options) -> Result<(), eframe::Error> {
    // Beside the settings.
    let keep_in = eframe::storage_dir("inflight").map(|it| it.join("kept"));
    let options = Options { keep_in, ..options };
    let viewport = egui::ViewportBuilder::default()
        .with_title("inflight")
        .with_app_id("inflight")
        .with_inner_size([1440.0, 900.0])
        .with_min_inner_size([960.0, 600.0])
        .with_icon(icon());
    let native = eframe::NativeOptions { viewport, ..Default::default() };
    let create = |cc: &eframe::CreationContext<'_>| {
        let settings = cc.storage.and_then(|storage| eframe::get_value(storage, SETTINGS));
        let settings = settings.unwrap_or_default();
        let shell = Shell::new(&cc.egui_ctx, settings, options, Some(choose_file));
        Ok(Box::new(shell) as Box<dyn eframe::App>)
    };
    eframe::run_native("inflight", native, Box::new(create))
}

fn choose_file(wanted: Wanted, usual: &str) -> Option<PathBuf> {
    let dialog = rfd::FileDialog::new().set_title(wanted.title());
    match wanted {
        Wanted::Scenario => {
            dialog.add_filter("Scenarios and sessions", &["ron", "inflight"]).pick_file()
        }
        Wanted::Session => {
            let usual = Path::new(usual);
            let dialog = match usual.parent().filter(|it| it.is_dir()) {
                Some(folder) => dialog.set_directory(folder),
                None => dialog,
            };
            let name = usual.file_name().unwrap_or_default().to_string_lossy();
            dialog.add_filter("Sessions", &["inflight"]).set_file_name(name).save_file()
        }
        Wanted::Picture => {
            dialog.add_filter("SVG", &["svg"]).set_file_name("sequence.svg").save_file()
        }
        Wanted::Export(Export::Series) => {
            dialog.add_filter("CSV", &["csv"]).set_file_name("series.csv").save_file()
        }
        Wanted::Export(Export::Picture) => {
            dialog.add_filter("PNG", &["png"]).set_file_name("view.png").save_file()
        }
        Wanted::Other => dialog.add_filter("Scenarios", &["ron"]).pick_file(),
    }
}

/// What is said where there is no diagram to be copied or saved.
fn nothing_to_take() -> Command {
    let text = "There is no sequence diagram yet: select an event, or show the close-up in the sequence view (Ctrl 2).";
    Command::Say { text: text.to_owned(), is_bad: true }
}

/// A file that is saved has this ending unless it has one of its own.
fn with_ending(path: PathBuf, ending: &str) -> PathBuf {
    if path.extension().is_some() { path } else { path.with_extension(ending) }
}

/// Three events in flight, on a dark ground.
fn icon() -> egui::IconData {
    const SIZE: u16 = 64;
    let colours = &theme::theme(true).colours;
    let dots = [(18.0, 13.0, 1.0), (41.0, 9.0, 0.65), (56.0, 5.5, 0.4)];
    let mut rgba = Vec::with_capacity(usize::from(SIZE) * usize::from(SIZE) * 4);
    for y in 0..SIZE {
        for x in 0..SIZE {
            let (x, y) = (f32::from(x) + 0.5, f32::from(y) + 0.5);
            let mut colour = egui::Rgba::from(colours.panel);
            for (centre, radius, strength) in dots {
                let distance = (x - centre).hypot(y - f32::from(SIZE) / 2.0);
                let cover = (radius - distance + 0.5).clamp(0.0, 1.0) * strength;
                colour = egui::lerp(colour..=egui::Rgba::from(colours.selection), cover);
            }
            rgba.extend(egui::Color32::from(colour).to_array());
        }
    }
    egui::IconData { rgba, width: u32::from(SIZE), height: u32::from(SIZE) }
}
