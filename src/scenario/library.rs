//! The scenarios that ship, built into the program.

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
        "queueing/mm1",
        "queueing/mmc",
        "queueing/md1",
        "queueing/mm1k",
        "queueing/tandem",
    ]
}

/// The one with this name, or with this last part of its name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Entry> {
    entries().iter().find(|it| it.name == name || it.name.rsplit('/').next() == Some(name))
}
