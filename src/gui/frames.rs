//! How long pictures take, written to a file for whoever measures: set `INFLIGHT_FRAMES` to a path.

use std::fmt::Write;
use std::path::PathBuf;

use crate::app::App;
use crate::model::Time;

/// A picture that was made.
struct Picture {
    /// How long it took, in seconds.
    taken: f32,
    /// The instant that was shown.
    at: Time,
    /// Whether the scene that was shown is that of the playhead.
    serves: bool,
    /// How far the run was simulated.
    head: Time,
}

/// The pictures so far.
pub struct Frames {
    path: PathBuf,
    pictures: Vec<Picture>,
}

impl Frames {
    /// Where somebody asks for them.
    pub fn wanted() -> Option<Self> {
        let path = std::env::var_os("INFLIGHT_FRAMES")?;
        Some(Self { path: path.into(), pictures: Vec::new() })
    }

    /// A picture was made, and took so many seconds.
    pub fn push(&mut self, app: &App, taken: f32) {
        let at = app.playback.at;
        let (serves, head) = (app.run.serves(at), app.run.progress.head);
        let at = app.run.shown_at(at);
        self.pictures.push(Picture { taken, at, serves, head });
    }

    /// Writes a line for each: how long it took in ms, the instant shown, the head (both in seconds), and
    /// whether what was shown is the scene at the playhead.
    pub fn write(&self) {
        let mut text = String::new();
        for Picture { taken, at, serves, head } in &self.pictures {
            let (at, head) = (at.as_secs_f64(), head.as_secs_f64());
            let _written = writeln!(text, "{:.3} {at:.6} {head:.6} {serves}", taken * 1e3);
        }
        if let Err(error) = std::fs::write(&self.path, text) {
            eprintln!("{} cannot be written: {error}", self.path.display());
        }
    }
}
