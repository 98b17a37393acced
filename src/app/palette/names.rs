//! Everything that has a name and can be found: commands, scenarios, files, variants, services,
//! topics, groups, links, marks, types of events.

use std::cmp::Reverse;

use crate::app::command::{ACTIONS, Command, Selection};
use crate::app::state::App;
use crate::model::{LinkId, Model, ServiceId, Time, TopicId, TopicKind};
use crate::scenario::library;

use super::rank::rank;

/// Something that has a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// What kind of thing it is.
    pub kind: Kind,
    /// What it is called.
    pub label: String,
    /// What is said of it beside its name.
    pub detail: String,
    /// The key that does it, if it is a command and has one.
    pub key: String,
    /// The colour and the letter it wears, if it is a type of event.
    pub badge: Option<(u8, char)>,
    /// Which of its characters were typed.
    pub spots: Vec<usize>,
    /// What is done when it is chosen.
    pub goal: Goal,
}

/// What is done with a name that is chosen.
#[derive(Clone, Debug, PartialEq)]
pub enum Goal {
    /// This.
    Do(Command),
    /// This is asked.
    Ask(String),
    /// The playhead goes there.
    Visit(Time),
}

/// The kinds of things that have a name, in the order in which they are listed if nothing is
/// typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A service or a workload.
    Service,
    /// A topic.
    Topic,
    /// A consumer group.
    Group,
    /// A type of event.
    EventType,
    /// A mark of the person.
    Mark,
    /// A variant of the scenario.
    Variant,
    /// A command.
    Command,
    /// A scenario of the library.
    Scenario,
    /// A file that was open.
    File,
    /// A link.
    Link,
}

impl Kind {
    /// What several of it are called.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Command => "Commands",
            Self::Mark => "Marks",
            Self::Service => "Services",
            Self::Topic => "Topics",
            Self::Group => "Groups",
            Self::Link => "Links",
            Self::EventType => "Types of events",
            Self::Variant => "Variants",
            Self::Scenario => "Scenarios",
            Self::File => "Recent files",
        }
    }

    /// What one of it is called, for a screen reader.
    #[must_use]
    pub const fn singular(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Mark => "mark",
            Self::Service => "service",
            Self::Topic => "topic",
            Self::Group => "group",
            Self::Link => "link",
            Self::EventType => "type of event",
            Self::Variant => "variant",
            Self::Scenario => "scenario",
            Self::File => "file",
        }
    }
}

/// At most so many of a kind are listed once something is typed.
const MOST: usize = 8;

/// What is found in what is said of a thing is worth less than what is found in its name.
const IN_DETAIL: i32 = 40;

/// The names that answer what was typed, by kind, the kind with the best answer first.
#[must_use]
pub fn ranked(all: &[Name], typed: &str) -> Vec<Name> {
    if typed.trim().is_empty() {
        let mut names = all.to_vec();
        names.sort_by_key(|it| it.kind);
        // They are the most, and the least asked for.
        names.retain(|it| it.kind != Kind::Link);
        return names;
    }
    let mut found: Vec<(i32, Name)> = all
        .iter()
        .filter_map(|name| {
            if let Some(it) = rank(typed, &name.label) {
                return Some((it.score, Name { spots: it.spots, ..name.clone() }));
            }
            // A letter or two are in almost every sentence.
            let is_long = typed.trim().chars().count() > 2;
            let is_said =
                is_long && name.detail.to_lowercase().contains(&typed.trim().to_lowercase());
            let score = rank(typed, &name.detail).filter(|_| is_said)?.score;
            Some((score - IN_DETAIL, name.clone()))
        })
        .collect();
    found.sort_by_key(|(score, name)| (Reverse(*score), name.kind));
    let mut kinds: Vec<Kind> = Vec::new();
    for (_, name) in &found {
        if !kinds.contains(&name.kind) {
            kinds.push(name.kind);
        }
    }
    let of_kind = |kind: Kind| found.iter().filter(move |it| it.1.kind == kind).take(MOST);
    kinds.into_iter().flat_map(of_kind).map(|it| it.1.clone()).collect()
}

/// Everything that has a name.
#[must_use]
pub fn all(app: &App) -> Vec<Name> {
    let mut names = Vec::new();
    let mut add = |kind, label: &str, detail: String, goal| {
        let (label, key, spots) = (label.to_owned(), String::new(), Vec::new());
        names.push(Name { kind, label, detail, key, badge: None, spots, goal });
    };
    let model = app.model();
    for (number, it) in model.services.iter().enumerate() {
        let what = if it.workload.is_some() { "workload" } else { "service" };
        let several = if it.instances > 1 { format!(" ×{}", it.instances) } else { String::new() };
        let goal = Selection::Service(ServiceId::from_index(number));
        let goal = Goal::Do(Command::Select(goal));
        add(Kind::Service, &it.name, format!("{what}{several}"), goal);
    }
    for (number, it) in model.topics.iter().enumerate() {
        let what = match &it.kind {
            TopicKind::Log(log) if log.partitions == 1 => "log, 1 partition".to_owned(),
            TopicKind::Log(log) => format!("log, {} partitions", log.partitions),
            TopicKind::Queue(_) => "queue".to_owned(),
        };
        let goal = Selection::Topic(TopicId::from_index(number));
        add(Kind::Topic, &it.name, what, Goal::Do(Command::Select(goal)));
    }
    for it in model.groups.iter().filter(|it| is_log(model, it.topic)) {
        let detail = format!("reads {}", model.topics[it.topic.index()].name);
        add(Kind::Group, &it.name, detail, Goal::Do(Command::Select(Selection::Topic(it.topic))));
    }
    for (number, it) in model.links.iter().enumerate() {
        let name = format!("{} → {}", model.node_name(it.from), model.node_name(it.to));
        let goal = Selection::Link(LinkId::from_index(number));
        add(Kind::Link, &name, String::new(), Goal::Do(Command::Select(goal)));
    }
    for it in app.made.marks.list() {
        let detail = if it.name.is_empty() { String::new() } else { it.at.to_string() };
        add(Kind::Mark, &it.label(), detail, Goal::Visit(it.at));
    }
    if app.scenario.variants.len() > 1 {
        for it in &app.scenario.variants {
            let goal = Goal::Do(Command::SelectVariant(it.name.clone()));
            add(Kind::Variant, &it.name, it.sentence.clone(), goal);
        }
    }
    for entry in library::entries() {
        let (title, sentence) = entry.about();
        let goal = Goal::Do(Command::OpenLibrary(entry.name.to_owned()));
        add(Kind::Scenario, title, sentence.clone(), goal);
    }
    for path in &app.settings.recent {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let goal = Goal::Do(Command::OpenFile(path.clone()));
        add(Kind::File, &name, path.display().to_string(), goal);
    }
    let own = [Command::TogglePalette, Command::Dismiss];
    for action in ACTIONS.iter().filter(|it| !own.contains(&it.command)) {
        let goal = Goal::Do(action.command.clone());
        let label = app.label_of(&action.command);
        add(Kind::Command, &label, action.hint.to_owned(), goal);
    }
    for name in &mut names {
        if let Goal::Do(command) = &name.goal
            && let Some(key) = command.action().and_then(|it| it.keys.first())
        {
            name.key = key.to_string();
        }
    }
    names.extend(types(model));
    names
}

/// A queue has one group, which is of no interest of its own.
fn is_log(model: &Model, topic: TopicId) -> bool {
    matches!(model.topics[topic.index()].kind, TopicKind::Log(_))
}

/// The types of events; to choose one is to ask for its events.
fn types(model: &Model) -> impl Iterator<Item = Name> {
    model.event_types.iter().map(|it| {
        let fields: Vec<&str> = it.fields.iter().map(|it| it.name.as_str()).collect();
        Name {
            kind: Kind::EventType,
            label: it.name.clone(),
            detail: fields.join(", "),
            key: String::new(),
            badge: Some((it.colour, it.letter)),
            spots: Vec::new(),
            goal: Goal::Ask(format!("type={}", it.name)),
        }
    })
}
