//! Queue topics beside a real broker: the same scripts are played to `nats-server` (`JetStream`)
//! in real time and to the engine in virtual time, and both must deliver the same messages as
//! the same deliveries in the same order, at the same times within a band.
#![expect(clippy::disallowed_methods, reason = "a real broker lives in real time")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use inflight::engine::broker::queue::{Accepted, Effect, Queue, Ticket};
use inflight::model::{EventId, InstanceId, MessageId, QueueTopic, ServiceId, Span, Time};

use crate::generate::Lots;

/// How far a time of the real broker may be from the virtual one: it sleeps and is scheduled.
const BAND_MS: u64 = 120;

/// What is done at an instant (ms).
#[derive(Clone, Debug)]
enum Act {
    Publish(char),
    Ack(char),
    Nack(char, u64),
    Reject(char),
    /// The consumer goes without a word.
    Leave,
    /// A consumer comes.
    Join,
}

#[derive(Clone, Debug)]
struct Script {
    settings: QueueTopic,
    acts: Vec<(u64, Act)>,
    until: u64,
}

/// A delivery: when (ms), of what, and which of it.
type Delivery = (u64, char, u16);

const fn ms(span: u64) -> Span {
    Span(span * 1_000_000)
}

fn plain() -> QueueTopic {
    QueueTopic {
        ack_wait: Some(ms(400)),
        dedupe_window: Some(ms(1000)),
        max_unacked: Some(1000),
        keeps_leases: true,
        ..QueueTopic::default()
    }
}

/// The engine's answer.
fn engine(script: &Script) -> Vec<Delivery> {
    let mut queue = Queue::new(script.settings.clone());
    let consumer = InstanceId(0);
    queue.connect(consumer, u32::MAX);
    let mut deliveries = Vec::new();
    let mut tickets: BTreeMap<char, Ticket> = BTreeMap::new();
    let mut effects = Vec::new();
    let mut acts = script.acts.iter().peekable();
    loop {
        let act_at = acts.peek().map(|(at, _)| Time(at * 1_000_000));
        let next = [act_at, queue.next_deadline()].into_iter().flatten().min();
        let Some(now) = next.filter(|it| it.0 <= script.until * 1_000_000) else { break };
        queue.tick(now, &mut effects);
        while let Some((_, act)) = acts.next_if(|(at, _)| at * 1_000_000 <= now.0) {
            match *act {
                Act::Publish(name) => {
                    let id = MessageId(name as u32);
                    let event = EventId::new(ServiceId(0), u64::from(name as u32));
                    let accepted = queue.publish(now, id, event, 0, &mut effects);
                    assert!(matches!(accepted, Accepted::Yes | Accepted::Duplicate));
                }
                Act::Ack(name) => queue.ack(tickets[&name], &mut effects),
                Act::Nack(name, after) => {
                    let until = (after > 0).then(|| now + ms(after));
                    queue.nack(now, tickets[&name], until, &mut effects);
                }
                Act::Reject(name) => queue.reject(tickets[&name], &mut effects),
                Act::Leave => queue.disconnect(now, consumer, &mut effects),
                Act::Join => queue.connect(consumer, u32::MAX),
            }
        }
        queue.hand_out(now, &mut effects);
        for effect in effects.drain(..) {
            if let Effect::Deliver { entry, ticket, delivery, .. } = effect {
                let name = char::from_u32(entry.0).unwrap();
                tickets.insert(name, ticket);
                deliveries.push((now.0 / 1_000_000, name, delivery));
            }
        }
    }
    deliveries
}

/// A `nats-server` of our own, on a free port, its store in a folder of its own.
struct Server {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Server {
    /// `None`, said loudly, where there is none to start.
    fn start() -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("inflight-nats-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let started = Command::new("nats-server")
            .args(["-a", "127.0.0.1", "-p", "-1", "-js", "-sd"])
            .arg(&folder)
            .arg("--ports_file_dir")
            .arg(&folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = started else {
            let what = "SKIPPED: the comparison with a real broker needs nats-server, which is not installed";
            assert!(std::env::var_os("INFLIGHT_REQUIRE_ALL").is_none(), "{what}");
            eprintln!("{what}");
            return None;
        };
        let ports = folder.join(format!("nats-server_{}.ports", child.id()));
        let mut server = Self { child, port: 0, folder };
        let begin = Instant::now();
        while server.port == 0 {
            assert!(begin.elapsed() < Duration::from_secs(30), "nats-server does not start");
            let text = std::fs::read_to_string(&ports).unwrap_or_default();
            let url = text.split('"').find(|it| it.starts_with("nats://")).unwrap_or_default();
            server.port = url.rsplit(':').next().and_then(|it| it.parse().ok()).unwrap_or(0);
            std::thread::yield_now();
        }
        Some(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A message that came: on which subscription, where answers go, and what it says.
struct Came {
    subscription: String,
    reply: String,
    payload: String,
}

/// A connection: the few words of the NATS protocol that the scripts need.
struct Client {
    stream: TcpStream,
    came: Receiver<Came>,
}

impl Client {
    fn connect(port: u16) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.write_all(b"CONNECT {\"verbose\":false,\"headers\":true}\r\n").unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut writer = stream.try_clone().unwrap();
        let (send, came) = channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            while {
                line.clear();
                reader.read_line(&mut line).is_ok_and(|it| it > 0)
            } {
                let words: Vec<&str> = line.split_whitespace().collect();
                match words.as_slice() {
                    ["PING"] => drop(writer.write_all(b"PONG\r\n")),
                    [kind @ ("MSG" | "HMSG"), _, subscription, rest @ ..] => {
                        let counts = if *kind == "MSG" { 1 } else { 2 };
                        let reply = if rest.len() > counts { rest[0] } else { "" };
                        let total: usize = rest[rest.len() - 1].parse().unwrap();
                        let mut payload = vec![0; total + 2];
                        if reader.read_exact(&mut payload).is_err() {
                            return;
                        }
                        let head =
                            if *kind == "MSG" { 0 } else { rest[rest.len() - 2].parse().unwrap() };
                        let payload = String::from_utf8_lossy(&payload[head..total]).into_owned();
                        let (subscription, reply) = ((*subscription).to_owned(), reply.to_owned());
                        if send.send(Came { subscription, reply, payload }).is_err() {
                            return;
                        }
                    }
                    _ => {}
                }
            }
        });
        Self { stream, came }
    }

    fn say(&mut self, line: &str) {
        self.stream.write_all(line.as_bytes()).unwrap();
    }

    fn publish(&mut self, subject: &str, reply: &str, payload: &str) {
        self.say(&format!("PUB {subject} {reply} {}\r\n{payload}\r\n", payload.len()));
    }

    /// Asks `JetStream`'s interface for something and waits until it is done.
    fn ask(&mut self, subject: &str, payload: &str) {
        self.publish(subject, "inbox", payload);
        let answer = self.came.recv_timeout(Duration::from_secs(30)).unwrap();
        assert!(!answer.payload.contains("\"error\""), "{subject}: {}", answer.payload);
    }
}

/// The real broker's answer.
fn real(script: &Script, port: u16, name: &str) -> Vec<Delivery> {
    let mut client = Client::connect(port);
    client.say("SUB inbox 1\r\n");
    let QueueTopic { ack_wait, backoff, max_deliveries, dedupe_window, max_unacked, .. } =
        &script.settings;
    let window = dedupe_window.map_or(0, |it| it.0);
    client.ask(
        &format!("$JS.API.STREAM.CREATE.{name}"),
        &format!(r#"{{"name":"{name}","subjects":["{name}.q"],"storage":"memory","retention":"workqueue","duplicate_window":{window}}}"#),
    );
    let waits: Vec<String> = backoff.iter().map(|it| it.0.to_string()).collect();
    let wait = ack_wait.map_or(0, |it| it.0);
    client.ask(
        &format!("$JS.API.CONSUMER.DURABLE.CREATE.{name}.c"),
        &format!(
            r#"{{"stream_name":"{name}","config":{{"durable_name":"c","deliver_subject":"{name}.d","ack_policy":"explicit","deliver_policy":"all","ack_wait":{wait},"max_deliver":{},"max_ack_pending":{},"backoff":[{}]}}}}"#,
            max_deliveries.map_or(-1, i64::from),
            max_unacked.unwrap_or(1000),
            waits.join(",")
        ),
    );
    client.say(&format!("SUB {name}.d 2\r\n"));
    let begin = Instant::now();
    let mut deliveries = Vec::new();
    let mut replies: BTreeMap<char, String> = BTreeMap::new();
    let end = (script.until, None);
    for (at, act) in script.acts.iter().map(|(at, act)| (*at, Some(act))).chain([end]) {
        let due = begin + Duration::from_millis(at);
        loop {
            let left = due.saturating_duration_since(Instant::now());
            match client.came.recv_timeout(left) {
                Ok(came) if came.subscription == "2" => {
                    // $JS.ACK.<stream>.<consumer>.<delivered>.<…>
                    let count = came.reply.split('.').nth(4).unwrap().parse().unwrap();
                    let letter = came.payload.chars().next().unwrap();
                    let at = u64::try_from(begin.elapsed().as_millis()).unwrap();
                    replies.insert(letter, came.reply);
                    deliveries.push((at, letter, count));
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => panic!("nats-server hung up"),
            }
        }
        // What was not delivered cannot be answered: a difference, which is seen in the end.
        let reply = |it: &char| replies.get(it).cloned().unwrap_or_else(|| "nobody".to_owned());
        match act {
            Some(Act::Publish(letter)) => {
                let head = format!("NATS/1.0\r\nNats-Msg-Id: {letter}\r\n\r\n");
                let all = head.len() + 1;
                client.say(&format!(
                    "HPUB {name}.q inbox {} {all}\r\n{head}{letter}\r\n",
                    head.len()
                ));
            }
            Some(Act::Ack(letter)) => client.publish(&reply(letter), "", "+ACK"),
            Some(Act::Nack(letter, 0)) => client.publish(&reply(letter), "", "-NAK"),
            Some(Act::Nack(letter, after)) => {
                let payload = format!("-NAK {{\"delay\":{}}}", after * 1_000_000);
                client.publish(&reply(letter), "", &payload);
            }
            Some(Act::Reject(letter)) => client.publish(&reply(letter), "", "+TERM"),
            Some(Act::Leave) => client.say("UNSUB 2\r\n"),
            Some(Act::Join) => client.say(&format!("SUB {name}.d 2\r\n")),
            None => {}
        }
    }
    deliveries
}

/// Scripts for single behaviours.
fn chosen() -> Vec<Script> {
    use Act::{Ack, Join, Leave, Nack, Publish, Reject};
    let script = |settings: QueueTopic, acts: &[(u64, Act)], until| Script {
        settings,
        acts: acts.to_vec(),
        until,
    };
    vec![
        script(
            plain(),
            &[(0, Publish('a')), (0, Publish('b')), (200, Ack('a')), (300, Ack('b'))],
            1000,
        ),
        script(plain(), &[(0, Publish('a')), (600, Ack('a'))], 1500),
        script(
            plain(),
            &[(0, Publish('a')), (500, Publish('b')), (700, Ack('a')), (700, Ack('b'))],
            1800,
        ),
        script(QueueTopic { max_deliveries: Some(3), ..plain() }, &[(0, Publish('a'))], 2200),
        script(
            plain(),
            &[
                (0, Publish('a')),
                (0, Publish('b')),
                (200, Nack('a', 0)),
                (300, Ack('a')),
                (300, Ack('b')),
            ],
            1000,
        ),
        script(plain(), &[(0, Publish('a')), (100, Nack('a', 300)), (600, Ack('a'))], 1500),
        script(plain(), &[(0, Publish('a')), (200, Reject('a'))], 1500),
        script(
            QueueTopic { max_unacked: Some(1), ..plain() },
            &[
                (0, Publish('a')),
                (0, Publish('b')),
                (200, Nack('a', 300)),
                (700, Ack('a')),
                (900, Ack('b')),
            ],
            1500,
        ),
        script(
            QueueTopic { max_unacked: Some(2), ..plain() },
            &[
                (0, Publish('a')),
                (0, Publish('b')),
                (0, Publish('c')),
                (150, Ack('b')),
                (250, Ack('c')),
                (250, Ack('a')),
            ],
            1500,
        ),
        script(
            QueueTopic {
                backoff: vec![ms(300), ms(500), ms(900)],
                max_deliveries: Some(5),
                ..plain()
            },
            &[(0, Publish('a'))],
            4000,
        ),
        script(
            plain(),
            &[
                (0, Publish('a')),
                (100, Ack('a')),
                (400, Publish('a')),
                (800, Publish('a')),
                (1200, Publish('a')),
                (1400, Ack('a')),
            ],
            2000,
        ),
        script(
            plain(),
            &[
                (0, Publish('a')),
                (100, Leave),
                (200, Publish('b')),
                (700, Join),
                (1000, Ack('a')),
                (1000, Ack('b')),
            ],
            2000,
        ),
    ]
}

/// A script by lots. Who acts on a message names one that was delivered, and does it well apart
/// from what the brokers do by themselves, so that no race decides.
fn made(lots: &mut Lots) -> Script {
    let settings = QueueTopic {
        ack_wait: Some(ms(lots.pick(&[500, 700]))),
        max_deliveries: lots.pick(&[None, Some(2), Some(3)]),
        max_unacked: Some(lots.pick(&[1, 2, 1000])),
        ..plain()
    };
    let mut script = Script { settings, acts: Vec::new(), until: 3800 };
    for (place, name) in (0..).zip('a'..'e') {
        script.acts.push((place * u64::from(lots.within(0, 1)) * 400, Act::Publish(name)));
    }
    script.acts.sort_by_key(|(at, _)| *at);
    for at in (250..3000).step_by(250) {
        let seen = engine(&Script { until: at, ..script.clone() });
        let all = engine(&script);
        let clear = all.iter().all(|(when, _, _)| when.abs_diff(at) > BAND_MS);
        if !clear || seen.is_empty() {
            continue;
        }
        let name = seen[lots.within(0, seen.len() as u32 - 1) as usize].1;
        let act = match lots.within(0, 5) {
            0 => Act::Nack(name, 0),
            1 => Act::Nack(name, 300),
            2 => Act::Reject(name),
            _ => Act::Ack(name),
        };
        script.acts.push((at, act));
        script.acts.sort_by_key(|(at, _)| *at);
    }
    script
}

/// Each message's deliveries, in order, but for those at the very end, where a few milliseconds
/// decide whether they are seen. What is more than a band apart keeps its order by its times.
fn by_message(deliveries: &[Delivery], until: u64) -> BTreeMap<char, Vec<(u16, u64)>> {
    let mut lists: BTreeMap<char, Vec<(u16, u64)>> = BTreeMap::new();
    for &(at, name, count) in deliveries.iter().filter(|it| it.0 + 2 * BAND_MS < until) {
        lists.entry(name).or_default().push((count, at));
    }
    lists
}

/// Whether two brokers did the same. A delivery near the end may be seen of one only.
fn agree(ours: &[Delivery], theirs: &[Delivery], until: u64) -> bool {
    let (ours, theirs) = (by_message(ours, until), by_message(theirs, until + BAND_MS));
    ours.iter().all(|(name, list)| {
        let Some(other) = theirs.get(name) else { return false };
        let few = list.len() <= other.len() && other.len() <= list.len() + 1;
        few && list.iter().zip(other).all(|(a, b)| a.0 == b.0 && a.1.abs_diff(b.1) <= BAND_MS)
    }) && theirs.keys().all(|name| ours.contains_key(name) || theirs[name].len() == 1)
}

/// Plays scripts to both at the same time, and gives those on which they differ, and how.
fn differences(scripts: &[Script], port: u16, round: usize) -> Vec<(Script, String)> {
    std::thread::scope(|scope| {
        let play = |number: usize, script: &Script| {
            let (script, name) = (script.clone(), format!("s{round}x{number}"));
            move || {
                let (ours, theirs) = (engine(&script), real(&script, port, &name));
                (!agree(&ours, &theirs, script.until)).then(|| {
                    let text = format!("{script:?}\n  engine {ours:?}\n  broker {theirs:?}\n");
                    (script, text)
                })
            }
        };
        let running: Vec<_> =
            scripts.iter().enumerate().map(|(it, script)| scope.spawn(play(it, script))).collect();
        running.into_iter().filter_map(|it| it.join().unwrap()).collect()
    })
}

#[test]
fn jetstream_delivers_what_the_engine_delivers() {
    let Some(server) = Server::start() else { return };
    let mut lots = Lots::new(11);
    let made = (0..24).map(|_| made(&mut lots));
    let mut scripts: Vec<Script> = chosen().into_iter().chain(made).collect();
    // On a busy machine the real one is late now and then: only what differs every time counts.
    let mut differing = Vec::new();
    for round in 0..3 {
        differing = differences(&scripts, server.port, round);
        scripts = differing.iter().map(|(script, _)| script.clone()).collect();
    }
    let texts: Vec<String> = differing.into_iter().map(|(_, text)| text).collect();
    assert!(texts.is_empty(), "{}", texts.join("\n"));
}
