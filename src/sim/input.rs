//! Inputs: what reality tells the world of a live run, and the trace of them all.
//!
//! A live run is the same world. Everything a world waits for is an entry of its agenda; in a
//! live run an entry does not come out by its instant, but when what it stands for has really
//! come: a message through its channel or socket, a worker's work, a timer. Each comes back as
//! an [`Input`], which entry and when. World, model, seed, script and [`Trace`] make a function
//! again: taking the same inputs in once more gives the same records and the same digest.

use std::sync::Arc;

use crate::model::{
    Event, GroupId, InstanceId, Intervention, LinkId, MessageId, Model, Phase, ServiceId, Time,
    TopicId,
};

use super::agenda::Agenda;
use super::crossing::{Origin, Traveller};
use super::trace::Trace;
use super::world::{Observer, Scheduled, World};

/// Something that reality has told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// When, since the run began.
    pub at: Time,
    /// What.
    pub what: Happening,
}

/// What can happen outside a world.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Happening {
    /// What the entry of this number stands for has come.
    Released(u64),
    /// Nothing but time: the run was still going on.
    Reached,
    /// The broker has stored what was published, as this entry.
    Stored {
        /// Where.
        topic: TopicId,
        /// What was published.
        message: MessageId,
        /// The broker's number of it.
        entry: u64,
    },
    /// The broker has not stored what was published: it has it already, or has no room.
    Declined {
        /// Where.
        topic: TopicId,
        /// What was published.
        message: MessageId,
        /// Whether it has it already.
        duplicate: bool,
    },
    /// The broker has an entry that had been acked: it has forgotten that.
    Known {
        /// Where.
        topic: TopicId,
        /// The broker's number of it.
        entry: u64,
        /// What it holds.
        event: Arc<Event>,
    },
    /// The broker has delivered an entry.
    Delivered {
        /// From where.
        topic: TopicId,
        /// To whom.
        to: InstanceId,
        /// Which delivery of the entry, from 1.
        delivery: u16,
        /// Which delivery of the topic.
        lease: u32,
        /// The broker's number of it.
        entry: u64,
    },
    /// The broker has confirmed an ack: the entry is no more.
    Settled {
        /// Where.
        topic: TopicId,
        /// The broker's number of it.
        entry: u64,
    },
    /// The broker delivers an entry no more: it was delivered too often.
    Died {
        /// Where.
        topic: TopicId,
        /// The broker's number of it.
        entry: u64,
    },
    /// The broker has appended to a log what was published, as this entry.
    Appended {
        /// Where.
        topic: TopicId,
        /// In which partition.
        partition: u32,
        /// What was published.
        message: MessageId,
        /// The broker's number of it.
        entry: u64,
    },
    /// The broker's log has an entry that nobody here has published.
    Found {
        /// Where.
        topic: TopicId,
        /// In which partition.
        partition: u32,
        /// The broker's number of it.
        entry: u64,
        /// Where it comes from, if another process that shares the run has published it.
        origin: Option<Origin>,
        /// What it holds.
        event: Arc<Event>,
    },
    /// The broker has sent an entry of a log to a reader.
    Fetched {
        /// Of which group.
        group: GroupId,
        /// From which partition.
        partition: u32,
        /// In which epoch of its reading.
        epoch: u32,
        /// The broker's number of it.
        entry: u64,
    },
    /// What an entry holds that is about to be [`Fetched`](Self::Fetched), since the log holds it
    /// no more.
    Recalled {
        /// By which group.
        group: GroupId,
        /// From which partition.
        partition: u32,
        /// The broker's number of it.
        entry: u64,
        /// What it holds.
        event: Arc<Event>,
    },
    /// The broker has confirmed that a group has done what a partition has up to an entry.
    Committed {
        /// Which group.
        group: GroupId,
        /// Which partition.
        partition: u32,
        /// In which epoch of its reading.
        epoch: u32,
        /// The broker's number of the entry.
        entry: u64,
    },
    /// The broker was away; what it has kept of a group's commits is up to this entry, from which
    /// the group reads on.
    Resumed {
        /// Which group.
        group: GroupId,
        /// Which partition.
        partition: u32,
        /// In which epoch of its reading.
        epoch: u32,
        /// The broker's number of the entry; 0 for none.
        entry: u64,
    },
    /// The broker has deleted what a queue had before this entry.
    Purged {
        /// Where.
        topic: TopicId,
        /// The broker's number of it.
        entry: u64,
    },
    /// The broker has deleted what a partition had before this entry.
    Trimmed {
        /// Where.
        topic: TopicId,
        /// In which partition.
        partition: u32,
        /// The broker's number of it.
        entry: u64,
    },
    /// What the entry of this number stands for has come, for somebody in another process that
    /// shares the run.
    Gone(u64),
    /// A message has come from another process that shares the run.
    Brought(Box<Traveller>),
    /// The broker has stored what was published, as this entry, and it is consumed in another
    /// process that shares the run.
    Handed {
        /// Where.
        topic: TopicId,
        /// What was published.
        message: MessageId,
        /// The broker's number of it.
        entry: u64,
    },
    /// The broker has an entry that another process has published.
    Appeared {
        /// Where.
        topic: TopicId,
        /// The broker's number of it.
        entry: u64,
        /// Where it comes from.
        origin: Origin,
        /// What it holds.
        event: Arc<Event>,
    },
    /// In a run that was merged: what the entry of this number stands for has come, and goes from
    /// one of its processes to another.
    Crossed {
        /// Which entry.
        number: u64,
        /// To whom, as whoever sent it has chosen.
        to: InstanceId,
    },
    /// In a run that was merged: the broker has stored what was published, as this entry, and who
    /// has published it does not know yet.
    Entered {
        /// Where.
        topic: TopicId,
        /// In which partition of a log; 0 in a queue.
        partition: u32,
        /// What was published.
        message: MessageId,
        /// The broker's number of it.
        entry: u64,
    },
    /// In a run that was merged: who has published an entry hears that it was stored.
    Confirmed {
        /// Where.
        topic: TopicId,
        /// The broker's number of it.
        entry: u64,
    },
}

/// Who the brokers of a live run are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The world's own.
    #[default]
    Embedded,
    /// Queue topics are with a broker that is another program, logs with the world: so were all
    /// recordings once that were not embedded.
    RemoteQueues,
    /// Topics are with a broker that is another program.
    Remote,
    /// The same, and this is what one of several processes saw of the run that they share.
    Part,
}

/// What a world waits for, and until when at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// The number to release it by.
    pub number: u64,
    /// Not before this instant.
    pub due: Time,
    /// What brings it.
    pub by: By,
    /// Who has to do with it; `None` for what is done on a schedule, and for what a broker of the
    /// world's own does.
    pub of: Option<ServiceId>,
}

/// What brings what a world waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// A link, at the end of which a message comes out.
    Wire {
        /// The message.
        message: MessageId,
        /// The link.
        link: LinkId,
    },
    /// A worker, that is done with a piece of work.
    Worker {
        /// Whose.
        instance: InstanceId,
        /// Whether it works; else it waits for time to pass.
        works: bool,
    },
    /// Time, at which something begins that nobody has asked for: an arrival of a workload, a
    /// timer's tick.
    Source(ServiceId),
    /// Time.
    Clock,
}

impl World {
    /// The world of a live run before anything has happened: it does nothing by itself but
    /// begin, and then waits to be told.
    #[must_use]
    pub fn live(model: Arc<Model>, seed: u64, source: Source) -> Self {
        let mut world = Self::new(model, seed);
        world.agenda = Agenda::live();
        if source != Source::Embedded {
            world.with_remote_topics(source != Source::RemoteQueues);
        }
        if source == Source::Part {
            // What is published here and should be held there cannot be seen from here.
            world.beliefs = None;
        }
        world
    }

    /// Whether it waits to be told what has come.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        self.agenda.is_live()
    }

    /// Takes in what reality has told. False if that changed nothing: there is no such entry any
    /// more, or it is not due. Time never goes back: what comes too late comes now.
    pub fn take_in<O: Observer>(&mut self, input: &Input, observer: &mut O) -> bool {
        let plan = Arc::clone(&self.plan);
        self.prepare::<O>();
        if !self.begun {
            self.begin(&plan);
        }
        let at = self.now.max(input.at);
        let took = match input.what {
            Happening::Reached => {
                self.now = at;
                true
            }
            _ if self.stands_still() => false,
            Happening::Released(number) => {
                let entry = self.agenda.release(number, at);
                entry.inspect(|&(due, entry)| self.perform_late(&plan, at, due, entry)).is_some()
            }
            Happening::Gone(number) => self.go(&plan, number, at),
            Happening::Crossed { number, to } => self.cross(&plan, number, to, at),
            Happening::Brought(ref traveller) => {
                self.now = at;
                self.brought(&plan, traveller)
            }
            ref what => {
                self.now = at;
                self.hear_of(&plan, what)
            }
        };
        self.deliver_records(observer);
        took
    }

    /// Takes a whole trace in, and does what was done meanwhile: the run once more, from its
    /// beginning.
    pub fn retrace<O: Observer>(
        &mut self,
        trace: &Trace,
        script: &[Intervention],
        observer: &mut O,
    ) {
        // What is done before anything has come is done to a world that has begun.
        if !self.begun {
            self.step(observer);
        }
        let mut numbered = (0_u32..).zip(script).peekable();
        for input in trace.iter() {
            while let Some((number, it)) = numbered.next_if(|(_, it)| it.at < input.at) {
                self.intervene(it, number, observer);
            }
            self.take_in(&input, observer);
        }
        for (number, it) in numbered {
            self.intervene(it, number, observer);
        }
    }

    /// Tells of what it has begun to wait for since this was last asked, or since the last input.
    pub fn take_orders(&mut self, mut tell: impl FnMut(Order)) {
        let mut agenda = std::mem::take(&mut self.agenda);
        agenda.take_fresh(|number, due, entry| {
            let by = match entry {
                Scheduled::Leave(message)
                | Scheduled::Vanish(message)
                | Scheduled::Land(message) => {
                    By::Wire { message, link: self.messages.get(message).link }
                }
                Scheduled::Resume { task, .. } => {
                    let state = &self.tasks.slots[task as usize];
                    let works = state.phase == Phase::Working && !state.retrying;
                    By::Worker { instance: state.instance, works }
                }
                Scheduled::Arrival(service) | Scheduled::User(service) => By::Source(service),
                Scheduled::Timer { instance, .. } => By::Source(self.plan.service_of(instance)),
                _ => By::Clock,
            };
            tell(Order { number, due, by, of: self.whose(entry) });
        });
        self.agenda = agenda;
    }

    /// From this instant on it goes on by itself, by virtual time: a live run is gone
    /// on with as a simulated one.
    pub fn go_on_by_itself(&mut self, at: Time) {
        // What is overdue by then comes then: nothing is told of what was before.
        self.now = self.now.max(at);
        self.agenda.go_on_by_itself(self.now);
        self.take_over_queues();
        self.take_over_logs();
    }
}
