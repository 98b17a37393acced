//! Scripts: what is done to a queue at which instant, by the engine's clock and by a real one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use inflight::engine::broker::queue::{Accepted, Effect, Queue, Ticket};
use inflight::model::{
    EventId, InstanceId, MessageId, Overflow, QueueTopic, ServiceId, Settlement, Span, Time,
};

use super::nats::Client;
use crate::generate::Lots;

/// How far a time of the real broker may be from the virtual one (ms): it sleeps and is
/// scheduled.
pub const BAND: u64 = 120;

/// What is done at an instant (ms). Messages have letters; who answers one answers the delivery
/// that is meant.
#[derive(Clone, Debug)]
pub enum Act {
    /// A letter twice is the same id twice.
    Publish(char),
    Ack(char, Which),
    /// Again after so many ms.
    Nack(char, u64, Which),
    Reject(char, Which),
    /// Still at work.
    Progress(char),
    /// This consumer goes without a word.
    Leave(u32),
    /// This consumer comes.
    Join(u32),
}

/// Which delivery of a message.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    First,
    Last,
}

impl Which {
    fn of<T: Clone>(self, list: Option<&Vec<T>>) -> Option<T> {
        match self {
            Self::First => list?.first().cloned(),
            Self::Last => list?.last().cloned(),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Script {
    pub settings: QueueTopic,
    pub acts: Vec<(u64, Act)>,
    pub until: u64,
}

/// What became of a publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Accepted,
    Duplicate,
    Refused,
}

/// What a broker did.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Deliveries: when (ms), of what, and which of it.
    pub deliveries: Vec<(u64, char, u16)>,
    /// What became of each publish.
    pub fates: Vec<(char, Fate)>,
    /// How many messages the queue holds in the end, with those that were given up and are still
    /// not answered: a real broker keeps them in its stream, ours puts them aside.
    pub left: u64,
}

pub const fn ms(span: u64) -> Span {
    Span(span * 1_000_000)
}

/// A queue as `JetStream` has it, with shorter times.
pub fn plain() -> QueueTopic {
    QueueTopic {
        ack_wait: Some(ms(400)),
        dedupe_window: Some(ms(1000)),
        max_unacked: Some(1000),
        keeps_leases: true,
        ..QueueTopic::default()
    }
}

/// The engine under a script.
struct Bench {
    queue: Queue,
    /// The letter of each message.
    names: Vec<char>,
    /// Of each letter, the deliveries, and of which message they were.
    tickets: BTreeMap<char, Vec<(Ticket, MessageId)>>,
    given_up: BTreeSet<MessageId>,
    effects: Vec<Effect>,
    answer: Answer,
}

impl Bench {
    fn act(&mut self, now: Time, act: &Act) {
        let delivery = |it: &char, which: Which| which.of(self.tickets.get(it)).unwrap();
        let (queue, out) = (&mut self.queue, &mut self.effects);
        match act {
            Act::Publish(name) => {
                let id = MessageId::from_index(self.names.len());
                self.names.push(*name);
                let event = EventId::new(ServiceId(0), u64::from(*name as u32));
                let fate = match queue.publish(now, id, event, 0, out) {
                    Accepted::Yes => Fate::Accepted,
                    Accepted::Duplicate => Fate::Duplicate,
                    Accepted::Full => Fate::Refused,
                };
                self.answer.fates.push((*name, fate));
            }
            Act::Ack(name, which) => {
                let (ticket, message) = delivery(name, *which);
                queue.ack(ticket, out);
                self.given_up.remove(&message);
            }
            Act::Nack(name, after, which) => {
                let until = (*after > 0).then(|| now + ms(*after));
                queue.nack(now, delivery(name, *which).0, until, out);
            }
            Act::Reject(name, which) => {
                let (ticket, message) = delivery(name, *which);
                queue.reject(ticket, out);
                self.given_up.remove(&message);
            }
            Act::Progress(name) => queue.extend(now, delivery(name, Which::Last).0),
            Act::Leave(consumer) => queue.disconnect(now, InstanceId(*consumer), out),
            Act::Join(consumer) => queue.connect(InstanceId(*consumer), u32::MAX),
        }
        self.see(now);
    }

    /// Notes what the queue wants done.
    fn see(&mut self, now: Time) {
        for effect in self.effects.drain(..) {
            match effect {
                Effect::Deliver { entry, ticket, delivery, .. } => {
                    let name = self.names[entry.index()];
                    self.tickets.entry(name).or_default().push((ticket, entry));
                    self.answer.deliveries.push((now.0 / 1_000_000, name, delivery));
                }
                Effect::Died(message, Settlement::TooOften) => {
                    self.given_up.insert(message);
                }
                _ => {}
            }
        }
    }
}

/// The engine's answer.
pub fn engine(script: &Script) -> Answer {
    let mut bench = Bench {
        queue: Queue::new(script.settings.clone()),
        names: Vec::new(),
        tickets: BTreeMap::new(),
        given_up: BTreeSet::new(),
        effects: Vec::new(),
        answer: Answer::default(),
    };
    let mut acts = script.acts.iter().peekable();
    loop {
        let act_at = acts.peek().map(|(at, _)| Time(at * 1_000_000));
        let next = [act_at, bench.queue.next_deadline()].into_iter().flatten().min();
        let Some(now) = next.filter(|it| it.0 <= script.until * 1_000_000) else { break };
        bench.queue.tick(now, &mut bench.effects);
        bench.see(now);
        while let Some((_, act)) = acts.next_if(|(at, _)| at * 1_000_000 <= now.0) {
            bench.act(now, act);
        }
        bench.queue.hand_out(now, &mut bench.effects);
        bench.see(now);
    }
    let held = bench.queue.messages().count() + bench.given_up.len();
    Answer { left: held as u64, ..bench.answer }
}

/// A stream and its consumer, a push consumer whose members share what comes, as a queue has
/// them.
fn set_up(client: &mut Client, settings: &QueueTopic, name: &str) {
    let QueueTopic { ack_wait, backoff, max_deliveries, dedupe_window, max_unacked, .. } = settings;
    let window = dedupe_window.map_or(0, |it| it.0);
    let most = settings.capacity.map_or(-1, i64::from);
    let discard = match settings.overflow {
        Overflow::Refuse => "new",
        Overflow::DropOldest => "old",
    };
    let age = settings.expires.map_or(0, |it| it.0);
    client.ask(
        &format!("$JS.API.STREAM.CREATE.{name}"),
        &format!(
            r#"{{"name":"{name}","subjects":["{name}.q"],"storage":"memory","retention":"workqueue","duplicate_window":{window},"max_msgs":{most},"discard":"{discard}","max_age":{age}}}"#
        ),
    );
    let waits: Vec<String> = backoff.iter().map(|it| it.0.to_string()).collect();
    let wait = ack_wait.map_or(0, |it| it.0);
    client.ask(
        &format!("$JS.API.CONSUMER.DURABLE.CREATE.{name}.c"),
        &format!(
            r#"{{"stream_name":"{name}","config":{{"durable_name":"c","deliver_subject":"{name}.d","deliver_group":"g","ack_policy":"explicit","deliver_policy":"all","ack_wait":{wait},"max_deliver":{},"max_ack_pending":{},"backoff":[{}]}}}}"#,
            max_deliveries.map_or(-1, i64::from),
            max_unacked.unwrap_or(1000),
            waits.join(",")
        ),
    );
}

/// The real broker's answer.
pub fn real(script: &Script, port: u16, name: &str) -> Answer {
    let mut client = Client::connect(port);
    set_up(&mut client, &script.settings, name);
    client.say(&format!("SUB {name}.p.* 2\r\n"));
    let begin = Instant::now();
    let mut answer = Answer::default();
    let mut replies: BTreeMap<char, Vec<String>> = BTreeMap::new();
    // The sequence that each id was accepted with.
    let mut sequences: BTreeMap<char, u64> = BTreeMap::new();
    let end = (script.until, None);
    for (at, act) in script.acts.iter().map(|(at, act)| (*at, Some(act))).chain([end]) {
        let due = begin + Duration::from_millis(at);
        while let Some(came) = client.next(due) {
            let at = u64::try_from(begin.elapsed().as_millis()).unwrap();
            if came.subscription == "2" {
                let letter = came.subject.chars().last().unwrap();
                let sequence = came.number("seq").unwrap_or(0);
                let fate = if came.payload.contains("\"error\"") {
                    Fate::Refused
                } else if came.payload.contains("\"duplicate\": true") {
                    assert_eq!(sequences[&letter], sequence, "a duplicate has the first sequence");
                    Fate::Duplicate
                } else {
                    sequences.insert(letter, sequence);
                    Fate::Accepted
                };
                answer.fates.push((letter, fate));
            } else {
                let letter = came.payload.chars().next().unwrap();
                answer.deliveries.push((at, letter, came.delivery()));
                replies.entry(letter).or_default().push(came.reply);
            }
        }
        // What was not delivered cannot be answered: a difference, which is seen in the end.
        let reply = |it: &char, which: Which| {
            which.of(replies.get(it)).unwrap_or_else(|| "nobody".to_owned())
        };
        match act {
            Some(Act::Publish(letter)) => {
                let id = letter.to_string();
                client.publish_as(&id, &format!("{name}.q"), &format!("{name}.p.{letter}"), &id);
            }
            Some(Act::Ack(letter, which)) => client.publish(&reply(letter, *which), "", "+ACK"),
            Some(Act::Nack(letter, 0, which)) => client.publish(&reply(letter, *which), "", "-NAK"),
            Some(Act::Nack(letter, after, which)) => {
                let payload = format!("-NAK {{\"delay\":{}}}", after * 1_000_000);
                client.publish(&reply(letter, *which), "", &payload);
            }
            Some(Act::Reject(letter, which)) => client.publish(&reply(letter, *which), "", "+TERM"),
            Some(Act::Progress(letter)) => client.publish(&reply(letter, Which::Last), "", "+WPI"),
            Some(Act::Leave(consumer)) => client.say(&format!("UNSUB {}\r\n", consumer + 10)),
            Some(Act::Join(consumer)) => {
                client.say(&format!("SUB {name}.d g {}\r\n", consumer + 10));
            }
            None => {}
        }
    }
    let state = client.ask(&format!("$JS.API.STREAM.INFO.{name}"), "");
    answer.left = state.number("messages").unwrap();
    client.ask(&format!("$JS.API.STREAM.DELETE.{name}"), "");
    answer
}

/// A script by lots. Who acts on a message names one that was delivered, and does it well apart
/// from what the brokers do by themselves, so that no race decides.
pub fn made(lots: &mut Lots) -> Script {
    let settings = QueueTopic {
        ack_wait: Some(ms(lots.pick(&[500, 700]))),
        max_deliveries: lots.pick(&[None, Some(2), Some(3)]),
        max_unacked: Some(lots.pick(&[1, 2, 1000])),
        // Not at an instant at which something may be published.
        dedupe_window: Some(ms(925)),
        ..plain()
    };
    let mut script = Script { settings, acts: vec![(0, Act::Join(0))], until: 3800 };
    let mut here = [true, false, false];
    for (place, name) in (0..).zip('a'..'e') {
        script.acts.push((place * u64::from(lots.within(0, 1)) * 400, Act::Publish(name)));
    }
    script.acts.sort_by_key(|(at, _)| *at);
    for at in (250..3000).step_by(250) {
        let seen = engine(&Script { until: at, ..script.clone() }).deliveries;
        let all = engine(&script).deliveries;
        let clear = all.iter().all(|(when, _, _)| when.abs_diff(at) > BAND);
        if !clear || seen.is_empty() {
            continue;
        }
        let name = seen[lots.within(0, seen.len() as u32 - 1) as usize].1;
        let which = lots.pick(&[Which::First, Which::Last, Which::Last]);
        let act = match lots.within(0, 9) {
            0 => Act::Nack(name, 0, which),
            1 => Act::Nack(name, 300, which),
            2 => Act::Reject(name, which),
            3 => Act::Publish(name),
            4 | 5 => {
                let consumer = lots.within(0, 2);
                let there = &mut here[consumer as usize];
                *there = !*there;
                if *there { Act::Join(consumer) } else { Act::Leave(consumer) }
            }
            _ => Act::Ack(name, which),
        };
        script.acts.push((at, act));
        script.acts.sort_by_key(|(at, _)| *at);
    }
    script
}

/// Each message's deliveries, in order.
fn by_message(answer: &Answer) -> BTreeMap<char, Vec<(u16, u64)>> {
    let mut lists: BTreeMap<char, Vec<(u16, u64)>> = BTreeMap::new();
    for &(at, name, count) in &answer.deliveries {
        lists.entry(name).or_default().push((count, at));
    }
    lists
}

/// Whether two brokers did the same: each message the same deliveries at the same times. What is
/// more than a band apart keeps its order by that. A delivery at the very end, where a few
/// milliseconds decide whether it is seen, may be one's only.
pub fn agree(ours: &Answer, theirs: &Answer, until: u64) -> bool {
    let (our_lists, their_lists) = (by_message(ours), by_message(theirs));
    let none = Vec::new();
    let same_deliveries = our_lists.keys().chain(their_lists.keys()).all(|name| {
        let one = our_lists.get(name).unwrap_or(&none);
        let other = their_lists.get(name).unwrap_or(&none);
        let both = one.len().min(other.len());
        let is_late = |it: &(u16, u64)| it.1 + 2 * BAND > until;
        one.iter().zip(other).all(|(a, b)| a.0 == b.0 && a.1.abs_diff(b.1) <= BAND)
            && one[both..].iter().chain(&other[both..]).all(is_late)
    });
    same_deliveries && ours.fates == theirs.fates && ours.left == theirs.left
}
