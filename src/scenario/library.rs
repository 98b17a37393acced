//! The scenarios that ship, built into the program.

use std::sync::OnceLock;

/// A scenario that ships.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What the command line calls it: its path in the library without the ending.
    pub name: &'static str,
    /// Its path in the repository.
    pub path: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! entries {
    ($($name:literal),* $(,)?) => {
        &[$(Entry {
            name: $name,
            path: concat!("scenarios/", $name, ".ron"),
            text: include_str!(concat!("../../scenarios/", $name, ".ron")),
        }),*]
    };
}

/// All of them; the first is what the window opens on.
#[must_use]
pub const fn entries() -> &'static [Entry] {
    entries![
        "payment/payment",
        "delivery/lost_ack",
        "delivery/old_price",
        "article/data_in_flight",
        "article/paying",
        "article/loose_coupling",
        "article/scalability",
        "article/load_levelling",
        "article/asynchronicity",
        "article/replay",
        "article/over_engineering",
        "article/duplicate_publish",
        "article/out_of_order",
        "article/no_acid",
        "article/responsive",
        "consuming/dual_write",
        "consuming/exactly_once",
        "consuming/lost_lease",
        "consuming/poison",
        "consuming/competing",
        "consuming/hot_partition",
        "consuming/retry_storm",
        "consuming/catch_up",
        "consuming/full_buffer",
        "consuming/read_your_write",
        "consuming/clock_skew",
        "queueing/mm1",
        "queueing/mmc",
        "queueing/md1",
        "queueing/mm1k",
        "queueing/tandem",
    ]
}

impl Entry {
    /// Its title and its sentence.
    #[must_use]
    pub fn about(&self) -> &'static (String, String) {
        static ABOUT: OnceLock<Vec<(String, String)>> = OnceLock::new();
        let about = ABOUT.get_or_init(|| {
            let read = |it: &Self| {
                let scenario = super::read(it.text, it.path)
                    .expect("the library is part of the program and read by a test");
                (scenario.title, scenario.sentence)
            };
            entries().iter().map(read).collect()
        });
        let place = entries().iter().position(|it| it.name == self.name).unwrap_or(0);
        &about[place]
    }
}

/// The one with this name, or with this last part of its name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Entry> {
    entries().iter().find(|it| it.name == name || it.name.rsplit('/').next() == Some(name))
}
