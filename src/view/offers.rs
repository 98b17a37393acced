//! What can be done to something, as a menu lists it: with names, keys, and why not.

use crate::app::{App, Command, Selection};
use crate::model::{
    Act, Deed, Distribution, Fault, FaultKind, GroupId, LinkId, Position, ServiceId, Setting, Span,
    TopicId, TopicKind,
};

/// A line of a menu.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    /// Something that can be done.
    Do(Box<Offer>),
    /// A menu of its own: its name and what is in it.
    More(String, Vec<Offer>),
    /// A line between what belongs together.
    Line,
}

/// Something that can be done.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// What it is called.
    pub label: String,
    /// What it does, in a sentence.
    pub hint: String,
    /// Its key; empty if it has none.
    pub keys: String,
    /// What does it.
    pub command: Command,
    /// Why it cannot be done now, if it cannot.
    pub why_not: Option<String>,
}

impl Offer {
    fn new(label: impl Into<String>, hint: impl Into<String>, command: Command) -> Self {
        let (label, hint) = (label.into(), hint.into());
        Self { label, hint, keys: String::new(), command, why_not: None }
    }

    fn act(label: impl Into<String>, hint: impl Into<String>, act: Act) -> Self {
        Self::new(label, hint, Command::Act(act))
    }

    fn only_if(self, holds: bool, why_not: &str) -> Self {
        Self { why_not: (!holds).then(|| why_not.to_owned()), ..self }
    }
}

fn line(offer: Offer) -> Entry {
    Entry::Do(Box::new(offer))
}

/// By how much an event is delayed where one does not say it.
pub const DELAYS: [Span; 5] = [
    Span::from_millis(50),
    Span::from_millis(250),
    Span::SECOND,
    Span::from_secs(5),
    Span::from_secs(30),
];

/// For how long something breaks where one does not say it.
const SPANS: [Span; 4] =
    [Span::SECOND, Span::from_secs(5), Span::from_secs(30), Span::from_secs(120)];

/// Everything that can be done to it.
#[must_use]
pub fn offers(app: &App, selection: Selection) -> Vec<Entry> {
    match selection {
        Selection::Event { .. } => of_event(app, selection),
        Selection::Service(service) => of_service(app, service),
        Selection::Topic(topic) => of_topic(app, topic),
        Selection::Link(link) => of_link(app, link),
        Selection::Anomaly { .. } => Vec::new(),
    }
}

/// A deed to an event: by its line in the table of actions.
#[must_use]
pub fn deed(app: &App, selection: Selection, deed: Deed) -> Offer {
    let named = match deed {
        Deed::Delay(_) => Deed::Delay(Span::SECOND),
        other => other,
    };
    let action = Command::Do(named).action();
    let (label, hint) =
        action.map_or(("Edit a field", "This copy says something else"), |it| (it.label, it.hint));
    let mut offer = Offer::new(label, hint, Command::Do(deed));
    offer.keys = action.and_then(|it| it.keys.first()).map(ToString::to_string).unwrap_or_default();
    if let Deed::Delay(by) = deed
        && by != Span::SECOND
    {
        (offer.label, offer.keys) = (format!("Delay {by}"), String::new());
        offer.hint = format!("It is {by} late; others may overtake it");
    }
    match app.copy_for(Some(selection), deed) {
        Ok(copy) => offer.command = Command::Act(Act::Message { copy, deed }),
        Err(why) => offer.why_not = Some(why),
    }
    offer
}

fn of_event(app: &App, selection: Selection) -> Vec<Entry> {
    let one = |it| line(deed(app, selection, it));
    let delays = DELAYS.map(|by| deed(app, selection, Deed::Delay(by)));
    let inspect = Offer::new(
        "Select, to edit a field…",
        "Everything that is known of it, beside the view",
        Command::Select(selection),
    );
    vec![
        one(Deed::Duplicate),
        one(Deed::Delay(Span::SECOND)),
        Entry::More("Delay by".into(), delays.into()),
        one(Deed::Drop),
        one(Deed::Swap),
        Entry::Line,
        one(Deed::LoseAnswer),
        one(Deed::Bury),
        Entry::Line,
        line(inspect),
    ]
}

/// The fault that counts of those that are on and like this one.
#[must_use]
pub fn fault_on<'a>(app: &'a App, kind: &FaultKind) -> Option<&'a Fault> {
    let scene = &app.run.answer.as_ref()?.scene;
    let on = app.model().faults.iter().zip(&scene.faults).filter(|(_, is_on)| **is_on);
    on.map(|(it, _)| it).filter(|it| it.kind.is_like(kind)).max_by_key(|it| it.at)
}

fn breaks(kind: FaultKind, lasts: Option<Span>) -> Act {
    Act::Break { kind, lasts }
}

/// The same for each of the usual lengths of time, and for good.
fn for_spans(kind: &FaultKind, hint: &str) -> Vec<Offer> {
    let mut offers: Vec<Offer> = SPANS
        .iter()
        .map(|span| {
            Offer::act(
                format!("for {span}"),
                format!("{hint} for {span}"),
                breaks(kind.clone(), Some(*span)),
            )
        })
        .collect();
    let hint = format!("{hint} until it is mended");
    offers.push(Offer::act("until it is mended", hint, breaks(kind.clone(), None)));
    offers
}

fn of_service(app: &App, service: ServiceId) -> Vec<Entry> {
    let model = app.model();
    let it = &model.services[service.index()];
    if it.workload.is_some() {
        return vec![line(Offer::new(
            "Select",
            "What is known of it",
            Command::Select(Selection::Service(service)),
        ))];
    }
    let crash = FaultKind::Crash { service, instance: None };
    let is_up = fault_on(app, &crash).is_none();
    let restarts = SPANS.map(|span| {
        let hint = "It crashes now, and starts again, empty, after that";
        Offer::act(format!("after {span}"), hint, breaks(crash.clone(), Some(span)))
            .only_if(is_up, "It is down.")
    });
    let slow = [2.0, 5.0, 20.0].map(|factor| {
        let kind = FaultKind::Slow { service, factor };
        let hint = "What it begins from now on takes so many times as long";
        Offer::act(format!("{factor}×"), hint, breaks(kind, None))
    });
    let kind = FaultKind::Slow { service, factor: 1.0 };
    let is_slow = fault_on(app, &kind).is_some();
    let mut slow = Vec::from(slow);
    slow.push(
        Offer::act("As fast as before", "It works at its own pace", Act::Mend(kind))
            .only_if(is_slow, "It is not slowed down."),
    );
    let is_paused = it.workers == Some(0);
    let before = app.run.base.services[service.index()].workers;
    let set = |workers| Act::Set(Setting::Workers { service, workers });
    let failing = [1, 3, 10].map(|count| {
        let hint = "The handlers that it begins next fail at once";
        Offer::act(format!("{count}"), hint, Act::FailNext { service, count })
    });
    let stop = "Its process is gone, and what it had in memory with it, until it is started";
    vec![
        line(Offer::act("Stop", stop, breaks(crash.clone(), None)).only_if(is_up, "It is down.")),
        line(
            Offer::act("Start again", "It starts, empty", Act::Mend(crash))
                .only_if(!is_up, "It is not stopped."),
        ),
        Entry::More("Crash and restart".into(), restarts.into()),
        Entry::Line,
        Entry::More("Slow down".into(), slow),
        line(if is_paused {
            Offer::act("Resume", "It takes up work again", set(before.filter(|it| *it > 0)))
        } else {
            Offer::act("Pause", "It lives, and takes nothing up", set(Some(0)))
        }),
        Entry::More("Fail the next handlers".into(), failing.into()),
    ]
}

fn of_topic(app: &App, topic: TopicId) -> Vec<Entry> {
    let model = app.model();
    let it = &model.topics[topic.index()];
    let outage = FaultKind::Outage { topic, forgets: Span::ZERO };
    let mut outages = for_spans(&outage, "Its broker answers nobody");
    let is_out = fault_on(app, &outage).is_some();
    outages.push(
        Offer::act("End it", "The broker is there again", Act::Mend(outage))
            .only_if(is_out, "The broker is there."),
    );
    let mut entries = vec![Entry::More("Broker outage".into(), outages)];
    if let TopicKind::Log(log) = &it.kind {
        let loss = FaultKind::LeaderLoss { topic };
        let hint = "Its leader is lost, and with it what no follower had yet, for 5 s";
        let why_not = "It has no followers: it is not replicated.";
        entries.push(line(
            Offer::act("Lose the leader", hint, breaks(loss, Some(Span::from_secs(5))))
                .only_if(log.replication.is_some(), why_not),
        ));
        entries.push(Entry::Line);
        for &group in &it.groups {
            let name = &model.groups[group.index()].name;
            entries.push(Entry::More(format!("{name} reads on"), replays(app, group)));
        }
    }
    entries.push(Entry::Line);
    let hint = "Everything that it holds is deleted, read or not";
    entries.push(line(Offer::act("Purge", hint, Act::Purge { topic })));
    entries
}

/// Where a group can be set to.
#[must_use]
pub fn replays(app: &App, group: GroupId) -> Vec<Offer> {
    let now = app.acting_at();
    let to = |label: String, hint: &str, to: Position| {
        let kind = FaultKind::Replay { group, to };
        Offer::act(label, hint, breaks(kind, Some(Span::ZERO)))
    };
    vec![
        to("from the start".into(), "It reads everything that is kept again", Position::Earliest),
        to(
            "from 1 s ago".into(),
            "It reads the last second again",
            Position::Time(now.back(Span::SECOND)),
        ),
        to(
            "from 10 s ago".into(),
            "It reads the last ten seconds again",
            Position::Time(now.back(Span::from_secs(10))),
        ),
        to("from the end".into(), "It leaves out what it has not read", Position::Latest),
    ]
}

/// The link in the other direction.
#[must_use]
pub fn reverse(app: &App, link: LinkId) -> Option<LinkId> {
    let it = &app.model().links[link.index()];
    app.model().link_between(it.to, it.from)
}

fn of_link(app: &App, link: LinkId) -> Vec<Entry> {
    let one = vec![link];
    let both: Vec<LinkId> = [Some(link), reverse(app, link)].into_iter().flatten().collect();
    let cut = |links: &[LinkId], hold| FaultKind::Cut { links: links.into(), hold };
    let shares = [0.05, 0.3, 1.0];
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    let loss = shares.map(|probability| {
        let kind = FaultKind::Loss { links: one.clone(), probability };
        Offer::act(percent(probability), "So many are lost on the way", breaks(kind, None))
    });
    let double = shares.map(|probability| {
        let kind = FaultKind::Duplicate { links: one.clone(), probability };
        Offer::act(percent(probability), "So many come twice", breaks(kind, None))
    });
    let delay = DELAYS.map(|by| {
        #[expect(clippy::cast_precision_loss, reason = "a span of minutes at most")]
        let extra = Distribution::Constant(by.0 as f64);
        let kind = FaultKind::Delay { links: one.clone(), extra, reorder: false };
        Offer::act(format!("by {by}"), "Everything takes so much longer", breaks(kind, None))
    });
    let disorder = FaultKind::Delay {
        links: one.clone(),
        extra: Distribution::Exponential { mean: 500e6 },
        reorder: true,
    };
    let kinds = [
        cut(&one, true),
        FaultKind::Loss { links: one.clone(), probability: 0.0 },
        FaultKind::Duplicate { links: one.clone(), probability: 0.0 },
        FaultKind::Delay { links: one.clone(), extra: Distribution::Constant(0.0), reorder: false },
    ];
    let mends = kinds.into_iter().filter(|kind| fault_on(app, kind).is_some()).map(|kind| {
        let name = crate::app::futures::fault_name(app.model(), &kind);
        let name = match kind {
            FaultKind::Cut { .. } => "Cut",
            FaultKind::Loss { .. } => "Loss",
            FaultKind::Duplicate { .. } => "Duplication",
            FaultKind::Delay { .. } => "Delay",
            _ => &name,
        };
        Offer::act(format!("End: {}", name.to_lowercase()), "As it was before", Act::Mend(kind))
    });
    let mut entries = vec![
        Entry::More(
            "Cut, and hold".into(),
            for_spans(&cut(&one, true), "Nothing passes, and it waits,"),
        ),
        Entry::More(
            "Cut, and lose".into(),
            for_spans(&cut(&one, false), "Nothing passes, and it is lost,"),
        ),
        Entry::More(
            "Cut both ways".into(),
            for_spans(&cut(&both, false), "Nothing passes either way"),
        ),
        Entry::Line,
        Entry::More("Lose".into(), loss.into()),
        Entry::More("Duplicate".into(), double.into()),
        Entry::More("Delay".into(), delay.into()),
        line(Offer::act(
            "Disorder",
            "Each is delayed for itself, half a second on average: they overtake one another",
            breaks(disorder, None),
        )),
    ];
    let mends: Vec<Entry> = mends.map(line).collect();
    if !mends.is_empty() {
        entries.push(Entry::Line);
        entries.extend(mends);
    }
    entries
}
