//! What is remembered from one start of the program to the next.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::sim::Room;

use super::inquiries::View;

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Look {
    /// As the desktop has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// The places of a scenario's nodes, by name.
type NamedPlaces = BTreeMap<String, (f32, f32)>;

/// What a person did to the lanes of a scenario, by the names of its nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NamedLanes {
    /// The order that they were put in, from the top; empty for their own.
    pub order: Vec<String>,
    /// Those that are not shown.
    pub hidden: Vec<String>,
}

/// What is remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Light or dark.
    pub look: Look,
    /// How much larger than they were made text and controls are.
    pub scale: f32,
    /// The speed that was set last.
    pub speed: f64,
    /// Whether it plays more slowly when something happens.
    pub slows: bool,
    /// How the run is shown.
    pub view: View,
    /// Whether the sequence view leaves out acks, commits and fetches.
    pub brief_sequence: bool,
    /// Whether the inspector is shown.
    pub inspector: bool,
    /// How wide the inspector is, in points.
    pub inspector_width: f32,
    /// Whether the close-up of the timeline has lanes.
    pub lanes: bool,
    /// How high the lanes are together, in points.
    pub lanes_height: f32,
    /// For each scenario, what was done to its lanes by hand.
    pub lanes_of: BTreeMap<String, NamedLanes>,
    /// Sections of the inspector that were opened or folded by hand: whether they are open.
    pub folds: BTreeMap<String, bool>,
    /// Whether the list of faults is shown.
    pub faults: bool,
    /// How wide the list of faults is, in points.
    pub faults_width: f32,
    /// Whether the list of expectations is shown.
    pub expectations: bool,
    /// How much memory a run with its futures may hold, in MiB.
    pub budget: u32,
    /// How much more of it may be put by on disk, in MiB.
    pub disk: u32,
    /// The NATS server that was run on last.
    pub nats: String,
    /// Files that were opened, the newest first.
    pub recent: Vec<PathBuf>,
    /// For each scenario, where its nodes were put by hand.
    pub places: BTreeMap<String, NamedPlaces>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            look: Look::default(),
            scale: 1.0,
            speed: 1.0,
            slows: false,
            view: View::default(),
            brief_sequence: true,
            inspector: true,
            inspector_width: 300.0,
            lanes: true,
            lanes_height: 138.0,
            lanes_of: BTreeMap::new(),
            folds: BTreeMap::new(),
            faults: false,
            faults_width: 330.0,
            expectations: false,
            budget: 512,
            disk: 2048,
            nats: "nats://127.0.0.1:4222".to_owned(),
            recent: Vec::new(),
            places: BTreeMap::new(),
        }
    }
}

impl Settings {
    const RECENT: usize = 8;
    /// Budgets of memory that can be chosen, in MiB.
    pub const BUDGETS: [u32; 6] = [64, 128, 256, 512, 1024, 2048];
    /// Budgets of disk that can be chosen, in MiB.
    pub const DISKS: [u32; 6] = [0, 1024, 2048, 4096, 8192, 16384];
    const SCALES: std::ops::RangeInclusive<f32> = 0.6..=3.0;

    /// Puts a file in front of those that were opened.
    pub fn remember_file(&mut self, path: &Path) {
        self.recent.retain(|recent| recent != path);
        self.recent.insert(0, path.to_owned());
        self.recent.truncate(Self::RECENT);
    }

    /// How much room a run with its futures may take.
    #[must_use]
    pub fn room(&self) -> Room {
        let bytes = |mebibytes: u32| (mebibytes as usize).saturating_mul(1 << 20);
        Room {
            memory: bytes(Self::bounded(self.budget, &Self::BUDGETS)),
            disk: bytes(Self::bounded(self.disk, &Self::DISKS)),
        }
    }

    /// A number of MiB within what can be chosen.
    #[must_use]
    pub fn bounded(mebibytes: u32, choices: &[u32; 6]) -> u32 {
        let [least, .., most] = *choices;
        mebibytes.clamp(least, most)
    }

    /// Makes text and controls larger or smaller, within reason.
    pub fn scale_by(&mut self, factor: f32) {
        self.scale = (self.scale * factor).clamp(*Self::SCALES.start(), *Self::SCALES.end());
        if (self.scale - 1.0).abs() < 0.04 {
            self.scale = 1.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_listed_once_and_the_newest_first() {
        let mut settings = Settings::default();
        for name in ["a", "b", "a"] {
            settings.remember_file(Path::new(name));
        }
        assert_eq!(settings.recent, [PathBuf::from("a"), PathBuf::from("b")]);
    }

    #[test]
    fn settings_of_an_older_version_can_be_read() {
        let settings: Settings = ron::from_str("(speed: 5.0, something_gone: true)").unwrap();
        assert!((settings.speed - 5.0).abs() < 1e-12 && settings.inspector);
    }
}
