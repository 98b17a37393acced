//! Pictures of the view: asked for in one picture, taken of the next one, on which the question is
//! no longer seen, and written on a thread of its own.

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, unbounded};
use egui::{ColorImage, Rect};

use crate::app::Command;
use crate::export::{file, png};

/// The pictures that are asked for.
pub struct Pictures {
    wanted: Option<PathBuf>,
    /// In so many pictures of the window, this one counted, nothing is to lie over the view.
    bare: u8,
    sender: Sender<Command>,
    said: Receiver<Command>,
}

impl Default for Pictures {
    fn default() -> Self {
        let (sender, said) = unbounded();
        Self { wanted: None, bare: 0, sender, said }
    }
}

impl Pictures {
    /// Asks for a picture, to be written in this file.
    pub fn ask(&mut self, path: PathBuf) {
        self.wanted = Some(path);
    }

    /// Takes the picture that is asked for, of this part of the window, and says how those went
    /// that were. Gives whether one is being taken: then nothing is to lie over the view.
    pub fn take(&mut self, ctx: &egui::Context, part: Rect, out: &mut Vec<Command>) -> bool {
        out.extend(self.said.try_iter());
        if let Some(path) = self.wanted.take() {
            self.request(ctx, part, path);
            // It is taken of this picture of the window or of the next, as the system has it.
            self.bare = 2;
        }
        let is_bare = self.bare > 0;
        if is_bare {
            self.bare -= 1;
            ctx.request_repaint();
        }
        is_bare
    }

    fn request(&self, ctx: &egui::Context, part: Rect, path: PathBuf) {
        let (sender, scale, waker) = (self.sender.clone(), ctx.pixels_per_point(), ctx.clone());
        ctx.request_screenshot(move |image| {
            let write = move || {
                // The window may be gone by now; then nobody asks any more.
                let _ = sender.send(written(&image, part, scale, &path));
                waker.request_repaint();
            };
            // Without a thread it takes a moment longer.
            let spawned = std::thread::Builder::new().name("picture".into()).spawn(write);
            drop(spawned);
        });
    }
}

/// Writes a part of a picture; gives what is to be said of it.
fn written(image: &Arc<ColorImage>, part: Rect, scale: f32, path: &std::path::Path) -> Command {
    let image = image.region(&part, Some(scale));
    let [width, height] = image.size.map(|it| u32::try_from(it).unwrap_or(0));
    let saved = png::png(width, height, image.as_raw()).and_then(|it| file::write(path, it));
    let (text, is_bad) = match saved {
        Ok(()) => (format!("{} is saved.", path.display()), false),
        Err(error) => (error, true),
    };
    Command::Say { text, is_bad }
}
