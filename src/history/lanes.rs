//! What the lanes of the timeline show: every message that was on its way in a stretch of a run,
//! how many left and reached each node when, and which instances were down.

use crate::model::{
    DropReason, EventId, EventTypeId, InstanceId, LinkId, MessageId, Model, Record, Role, Span,
    Time, What,
};

use super::inquiry::{Found, Inquiry, SLICE_RECORDS, Stretch, share_done};
use super::moment::{Walk, place_of};
use super::runs::Runs;
use super::scene::{Place, Scene, SceneMessage};

/// Of more messages than this none are told one by one: they cannot be told apart.
pub const MOST_FLIGHTS: usize = 20_000;

/// How many colours events have.
pub const COLOURS: usize = 8;

/// After how many slices of work what was found so far is told.
const TELL_EVERY: u32 = 64;

/// The most columns: more than a wide screen has, with room at both sides.
const MOST_COLUMNS: u64 = 16_384;

/// A message on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flight {
    /// Its name while it was on its way; used again afterwards.
    pub message: MessageId,
    /// What it carries, or is about.
    pub event: EventId,
    /// Of which type.
    pub event_type: EventTypeId,
    /// What it is for.
    pub role: Role,
    /// From where to where.
    pub link: LinkId,
    /// When it was sent. Of one that a cut link held before the stretch began: when it was let
    /// go, if it was.
    pub sent: Time,
    /// When it was to leave its link, as was said last; [`Time::MAX`] while it is held.
    pub due: Time,
    /// When it left its link; `None` if it is still under way at the end of the stretch.
    pub left: Option<Time>,
    /// Which attempt, from 1.
    pub attempt: u16,
    /// Why it was lost on its link or at its end, if it was.
    pub lost: Option<DropReason>,
    /// From when a cut link held it, and until when, if it was let go.
    pub held: Option<(Time, Option<Time>)>,
}

/// What was found out about a stretch.
#[derive(Clone, Debug, PartialEq)]
pub struct Traffic {
    /// The stretch, as far as it has been looked at.
    pub stretch: Stretch,
    /// How much time a column covers. The first begins with the stretch.
    pub column: Span,
    /// How many messages were on their way.
    pub messages: u64,
    /// Each of them, those that were sent earlier first; `None` if there are too many.
    pub flights: Option<Vec<Flight>>,
    /// By node (services before topics): how many messages left or reached it.
    pub heat: Vec<Heat>,
    /// Instances that went down (false) or came up (true); at the very beginning of the stretch
    /// those that were down already.
    pub lives: Vec<(Time, InstanceId, bool)>,
}

/// How many messages left or reached a node: by the colours of their types, by column.
// Colour by colour, for most nodes have one or two of them, and there may be a thousand nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heat([Vec<u32>; COLOURS]);

impl Heat {
    /// The columns of each colour, from the first up to the last that has any.
    pub fn columns(&self) -> impl Iterator<Item = &[u32]> {
        self.0.iter().map(Vec::as_slice)
    }

    /// All columns together, by colour.
    #[must_use]
    pub fn sums(&self) -> [u32; COLOURS] {
        self.0.each_ref().map(|it| it.iter().sum())
    }

    fn count(&mut self, column: usize, colour: u8) {
        let columns = &mut self.0[usize::from(colour)];
        if column >= columns.len() {
            columns.resize(column + 1, 0);
        }
        columns[column] += 1;
    }
}

impl Traffic {
    /// How many of the messages were on their way between two instants, if each is known.
    #[must_use]
    pub fn count_between(&self, from: Time, until: Time) -> Option<usize> {
        let flights = self.flights.as_ref()?;
        let overlaps = |it: &&Flight| it.sent <= until && it.left.is_none_or(|left| left >= from);
        Some(flights.iter().filter(overlaps).count())
    }

    /// When a column begins.
    #[must_use]
    pub fn column_begin(&self, column: usize) -> Time {
        self.stretch.from + self.column * column as u64
    }
}

/// Asks for the traffic of a stretch.
pub struct LanesOf {
    stretch: Stretch,
    column: Span,
    walk: Option<Walk>,
    /// What is known of messages that are on their way, by [`MessageId`].
    open: Vec<Option<Open>>,
    found: Option<Traffic>,
    slices: u32,
}

/// A message that is on its way while the stretch is looked at.
#[derive(Clone, Copy)]
struct Open {
    link: LinkId,
    colour: u8,
    /// Its place among the flights.
    flight: usize,
}

impl LanesOf {
    /// About this stretch, counted in columns of so much time each: of more, should there be too
    /// many of them.
    #[must_use]
    pub fn new(stretch: Stretch, column: Span) -> Self {
        let length = stretch.until.since(stretch.from);
        let column = Span(column.0.max(length.0 / MOST_COLUMNS).max(1));
        Self { stretch, column, walk: None, open: Vec::new(), found: None, slices: 0 }
    }

    /// Goes to the beginning of the stretch. False while it is not there.
    fn approach(&self, walk: &mut Walk) -> bool {
        let Some(before) = self.stretch.from.0.checked_sub(1) else { return true };
        let mut seen = 0;
        while seen < SLICE_RECORDS {
            if !walk.step(Time(before), |_, _| seen += 1) {
                return true;
            }
        }
        false
    }

    /// What is to be said at the beginning of the stretch.
    fn arrive(&mut self, walk: &Walk) -> Traffic {
        let (scene, model) = (&walk.moment().scene, walk.moment().world.model());
        let mut under_way: Vec<_> = scene
            .alive()
            .filter(|(_, it)| it.place == Place::Link)
            .filter_map(|(id, it)| flight_of(id, it))
            .collect();
        under_way.sort_by_key(|it| it.sent);
        for (flight, it) in under_way.iter().enumerate() {
            let colour = colour_of(model, it.event_type);
            *slot(&mut self.open, it.message) = Some(Open { link: it.link, colour, flight });
        }
        // Before the very first record nobody is down: nobody has begun.
        let down = scene.instances.iter().enumerate().filter(|(_, it)| !it.up && scene.records > 0);
        let lives =
            down.map(|(index, _)| (self.stretch.from, InstanceId::from_index(index), false));
        let nodes = model.services.len() + model.topics.len();
        Traffic {
            stretch: Stretch { until: self.stretch.from, ..self.stretch.clone() },
            column: self.column,
            messages: under_way.len() as u64,
            flights: Some(under_way),
            heat: vec![Heat::default(); nodes],
            lives: lives.collect(),
        }
    }

    /// Takes the next record in.
    fn see(
        open: &mut Vec<Option<Open>>,
        found: &mut Traffic,
        record: &Record,
        scene: &Scene,
        model: &Model,
    ) {
        let at = record.at;
        match record.what {
            What::Sent { message, event_type, .. } => {
                let Some(it) = scene.message(message).and_then(|it| flight_of(message, it)) else {
                    return;
                };
                let colour = colour_of(model, event_type);
                let flight = usize::try_from(found.messages).unwrap_or(usize::MAX);
                *slot(open, message) = Some(Open { link: it.link, colour, flight });
                found.messages += 1;
                found.heat(model, at, place_of(model, model.links[it.link.index()].from), colour);
                if let Some(flights) = found.flights.as_mut() {
                    if flights.len() < MOST_FLIGHTS {
                        flights.push(it);
                    } else {
                        found.flights = None;
                    }
                }
            }
            What::Rescheduled { message, due } => {
                let flight = open.get(message.index()).copied().flatten().map(|it| it.flight);
                let flights = found.flights.as_mut();
                let Some(it) = flights.zip(flight).and_then(|(all, place)| all.get_mut(place))
                else {
                    return;
                };
                it.due = due;
                it.held = match it.held {
                    None | Some((_, Some(_))) if due == Time::MAX => Some((at, None)),
                    Some((since, None)) if due < Time::MAX => Some((since, Some(at))),
                    held => held,
                };
            }
            What::Up { instance } | What::Down { instance } => {
                found.lives.push((at, instance, matches!(record.what, What::Up { .. })));
            }
            what => {
                let Some(message) = message_of(&what) else { return };
                let is_there = scene.message(message).is_some_and(|it| it.place == Place::Link);
                let Some(known) = open.get_mut(message.index()).filter(|_| !is_there) else {
                    return;
                };
                let Some(it) = known.take() else { return };
                let lost = match what {
                    What::Dropped { reason, .. } => Some(reason),
                    _ => None,
                };
                if lost.is_none() {
                    found.heat(
                        model,
                        at,
                        place_of(model, model.links[it.link.index()].to),
                        it.colour,
                    );
                }
                let flights = found.flights.as_mut();
                if let Some(flight) = flights.and_then(|all| all.get_mut(it.flight)) {
                    (flight.left, flight.lost) = (Some(at), lost);
                }
            }
        }
    }
}

impl Traffic {
    fn heat(&mut self, model: &Model, at: Time, place: usize, colour: u8) {
        debug_assert!(place < model.services.len() + model.topics.len());
        let column = at.since(self.stretch.from).0 / self.column.0;
        let column = usize::try_from(column).expect("there are at most so many columns");
        self.heat[place].count(column, colour);
    }
}

impl Inquiry for LanesOf {
    type Answer = Traffic;

    fn begin(&mut self, runs: &mut Runs) {
        self.walk = Some(runs.walk(&self.stretch.script, self.stretch.from));
    }

    fn work(&mut self) -> Found<Traffic> {
        let Some(mut walk) = self.walk.take() else { return Found::Nothing };
        if self.found.is_none() {
            if self.approach(&mut walk) {
                self.found = Some(self.arrive(&walk));
            }
            self.walk = Some(walk);
            return Found::Nothing;
        }
        let Self { open, found, stretch, .. } = self;
        let Some(found) = found else { return Found::Nothing };
        // What may become another on the way are faults and manners, not nodes, links or types.
        let model = walk.moment().world.model().clone();
        let mut seen = 0;
        let mut is_over = false;
        while seen < SLICE_RECORDS && !is_over {
            is_over = !walk.step(stretch.until, |record, scene| {
                seen += 1;
                Self::see(open, found, record, scene, &model);
            });
        }
        if is_over {
            found.stretch.until = stretch.until;
            return self.found.take().map_or(Found::Nothing, Found::All);
        }
        // Of the instant of the last record there may be more.
        found.stretch.until = Time(walk.moment().world.now().0.saturating_sub(1));
        self.slices += 1;
        let is_to_tell = self.slices.is_multiple_of(TELL_EVERY);
        let answer = is_to_tell.then(|| found.clone());
        self.walk = Some(walk);
        answer.map_or(Found::Nothing, Found::SoFar)
    }

    fn progress(&self) -> f32 {
        let Self { walk, stretch, .. } = self;
        walk.as_ref().map_or(0.0, |walk| share_done(walk, stretch.from, stretch.until))
    }
}

/// What a message that is on its link says of itself.
fn flight_of(message: MessageId, it: &SceneMessage) -> Option<Flight> {
    Some(Flight {
        message,
        event: it.event,
        event_type: it.event_type,
        role: it.role,
        link: it.link?,
        sent: it.sent,
        due: it.due,
        left: None,
        attempt: it.attempt,
        lost: None,
        held: (it.due == Time::MAX).then_some((it.sent, None)),
    })
}

fn colour_of(model: &Model, event_type: EventTypeId) -> u8 {
    let count = u8::try_from(COLOURS).expect("there are eight");
    model.event_types[event_type.index()].colour % count
}

fn slot(open: &mut Vec<Option<Open>>, id: MessageId) -> &mut Option<Open> {
    if id.index() >= open.len() {
        open.resize(id.index() + 1, None);
    }
    &mut open[id.index()]
}

/// The message that may have left its link with this.
const fn message_of(what: &What) -> Option<MessageId> {
    match *what {
        What::Blocked { message, .. }
        | What::Queued { message, .. }
        | What::Started { message, .. }
        | What::PhaseChanged { message, .. }
        | What::Finished { message, .. }
        | What::Received { message }
        | What::Dropped { message, .. }
        | What::Appended { message, .. }
        | What::Enqueued { message, .. }
        | What::Leased { message, .. }
        | What::Settled { message, .. }
        | What::Skipped { message, .. } => Some(message),
        _ => None,
    }
}
