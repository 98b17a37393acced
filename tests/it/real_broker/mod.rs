//! Queue topics beside a real broker, `nats-server` 2.9.10 (`JetStream`).
//!
//! The same scripts are played to it in real time and to the engine in virtual time, and both
//! must deliver the same messages as the same deliveries at the same times within a band, say
//! the same of each publish, and hold as many messages in the end. What `JetStream` does, row by
//! row, and where it is tested (drawings are in `engine_semantics`):
//!
//! | `JetStream` 2.9.10 | tested by |
//! | --- | --- |
//! | same id again: a duplicate, with the first sequence | [`the_same_id_again`], and of every script each publish; `a_second_publish_of_an_id_is_dropped_before_it_is_delivered` |
//! | same id, other subject of the stream | not covered: a queue has one subject; the scope is the queue |
//! | attempts do not extend the window | [`the_same_id_again`]; `a_window_begins_with_the_first_publish_and_attempts_do_not_extend_it` |
//! | de-duplication after kill -9 and restart | [`a_killed_server_knows_its_ids_again`]; `an_outage_forgets_no_id` |
//! | no ack: again after `AckWait`, counted | [`without_an_ack`]; `who_never_acks_gets_it_again_and_again` |
//! | `MaxDeliver` 3: no fourth delivery | [`at_most_so_many_deliveries`]; `after_the_last_delivery_a_message_is_a_dead_letter_with_its_reason`. One difference: a real one keeps the message in its stream, ours is a dead letter |
//! | NAK: again at once, before newer ones | [`nacks`]; `a_nacked_message_takes_up_its_place_again` |
//! | NAK with a delay | [`nacks`]; `a_nack_with_delay_lets_newer_messages_pass` |
//! | TERM: not again | [`rejections`]; `a_rejected_message_is_a_dead_letter_at_once` |
//! | +WPI, in progress: the `AckWait` runs anew | [`still_at_work`]; `who_says_that_it_is_in_progress_is_not_taken_for_lost` |
//! | double ack, then kill -9 at once: acks lost | `a_broker_that_is_killed_forgets_the_acks_of_the_last_moments`; at the server it is a matter of when it writes to its disk, and so not played to it |
//! | batch of 5, 300 ms each, `AckWait` 1 s, two workers: seven executions | [`prefetched_messages_expire`]; `prefetched_messages_expire_and_are_handled_twice` |
//! | the same with one worker: seven if it is pushed to, six if it pulls | [`prefetched_messages_expire`] for the first; not covered for the second: whether the last ack or the next pull comes first is a race |
//! | late ack by the first worker after redelivery | [`late_answers`]; `a_late_ack_is_accepted_and_cancels_the_redelivery` |
//! | `BackOff` | [`backoff`]; `backoff_says_when_each_delivery_is_made_again` |
//! | `MaxAckPending` 1 keeps the order | [`few_in_flight`]; `one_in_flight_keeps_the_order_whatever_is_delivered_again` |
//! | published and acked, kill -9: all there | [`a_killed_server_knows_its_ids_again`]; `a_broker_that_is_away_delivers_nothing_and_loses_nothing` |
//! | `DeliverPolicy` all, by time, by sequence | not a queue's: `a_replay_is_a_position_set_back` |
//! | discard new: the fourth publish fails | [`a_stream_that_is_full`]; `a_full_queue_refuses_what_is_published`. One difference: a real one counts what is in flight too |
//! | work queue: an ack removes | what is left, of every script |
//! | `ReplayOriginal`, expected last sequence, republish, direct get, ordered consumer, interest | not covered: no such construct |
#![expect(clippy::disallowed_methods, reason = "a real broker lives in real time")]

pub mod nats;
mod script;

use std::time::{Duration, Instant};

use inflight::model::{Overflow, QueueTopic};

use crate::expert_mistakes::run;
use crate::generate::Lots;
use nats::{Client, Server};
use script::{Act, Script, Which, agree, engine, made, ms, plain, real};

use Act::{Join, Leave, Publish};

fn ack(name: char) -> Act {
    Act::Ack(name, Which::Last)
}

fn nack(name: char, after: u64) -> Act {
    Act::Nack(name, after, Which::Last)
}

fn reject(name: char) -> Act {
    Act::Reject(name, Which::Last)
}

/// A script with one consumer, who is there from the beginning.
fn script(settings: QueueTopic, acts: &[(u64, Act)], until: u64) -> Script {
    let acts = [(0, Join(0))].iter().chain(acts).cloned().collect();
    Script { settings, acts, until }
}

fn acks() -> Vec<Script> {
    let two = [(0, Publish('a')), (0, Publish('b')), (200, ack('a')), (300, ack('b'))];
    vec![script(plain(), &two, 1000)]
}

fn the_same_id_again() -> Vec<Script> {
    let again = [
        (0, Publish('a')),
        (100, ack('a')),
        (400, Publish('a')),
        (800, Publish('a')),
        (1200, Publish('a')),
        (1400, ack('a')),
    ];
    let while_it_waits = [(0, Publish('a')), (200, Publish('a')), (300, ack('a'))];
    vec![script(plain(), &again, 2000), script(plain(), &while_it_waits, 1000)]
}

fn without_an_ack() -> Vec<Script> {
    let late = [(0, Publish('a')), (600, ack('a'))];
    let newer = [(0, Publish('a')), (500, Publish('b')), (700, ack('a')), (700, ack('b'))];
    vec![
        script(plain(), &late, 1500),
        script(plain(), &newer, 1800),
        script(plain(), &[(0, Publish('a'))], 1800),
    ]
}

fn at_most_so_many_deliveries() -> Vec<Script> {
    let settings = QueueTopic { max_deliveries: Some(3), ..plain() };
    let nacked = [(0, Publish('a')), (150, nack('a', 0)), (300, nack('a', 0)), (450, nack('a', 0))];
    vec![script(settings.clone(), &[(0, Publish('a'))], 2200), script(settings, &nacked, 2000)]
}

fn nacks() -> Vec<Script> {
    let at_once = [
        (0, Publish('a')),
        (0, Publish('b')),
        (200, nack('a', 0)),
        (300, ack('a')),
        (300, ack('b')),
    ];
    let before_newer = [
        (0, Publish('a')),
        (150, Publish('b')),
        (150, nack('a', 0)),
        (300, ack('a')),
        (450, ack('b')),
    ];
    let delayed = [(0, Publish('a')), (100, nack('a', 300)), (600, ack('a'))];
    let one = QueueTopic { max_unacked: Some(1), ..plain() };
    vec![
        script(plain(), &at_once, 1000),
        script(one, &before_newer, 1000),
        script(plain(), &delayed, 1500),
    ]
}

fn rejections() -> Vec<Script> {
    vec![script(plain(), &[(0, Publish('a')), (200, reject('a'))], 1500)]
}

fn still_at_work() -> Vec<Script> {
    let said = [250, 500, 750, 1000].map(|at| (at, Act::Progress('a')));
    let done = [[(0, Publish('a'))].as_slice(), &said, &[(1250, ack('a'))]].concat();
    let silent = [[(0, Publish('a'))].as_slice(), &said[..2], &[(1200, ack('a'))]].concat();
    vec![script(plain(), &done, 2000), script(plain(), &silent, 2000)]
}

fn late_answers() -> Vec<Script> {
    let with = |act: Act| {
        let acts = [(0, Publish('a')), (550, act), (1300, ack('a'))];
        script(plain(), &acts, 1800)
    };
    vec![
        with(Act::Ack('a', Which::First)),
        with(Act::Reject('a', Which::First)),
        with(Act::Nack('a', 0, Which::First)),
        with(Act::Nack('a', 600, Which::First)),
    ]
}

fn backoff() -> Vec<Script> {
    let backoff = vec![ms(300), ms(500), ms(900)];
    let settings = QueueTopic { backoff, max_deliveries: Some(5), ..plain() };
    vec![script(settings, &[(0, Publish('a'))], 4000)]
}

fn few_in_flight() -> Vec<Script> {
    let one = [
        (0, Publish('a')),
        (0, Publish('b')),
        (200, nack('a', 300)),
        (700, ack('a')),
        (900, ack('b')),
    ];
    let two = [
        (0, Publish('a')),
        (0, Publish('b')),
        (0, Publish('c')),
        (150, ack('b')),
        (250, ack('c')),
        (250, ack('a')),
    ];
    vec![
        script(QueueTopic { max_unacked: Some(1), ..plain() }, &one, 1500),
        script(QueueTopic { max_unacked: Some(2), ..plain() }, &two, 1500),
    ]
}

fn consumers_that_come_and_go() -> Vec<Script> {
    let one = [
        (0, Publish('a')),
        (100, Leave(0)),
        (200, Publish('b')),
        (700, Join(0)),
        (1000, ack('a')),
        (1000, ack('b')),
    ];
    let two = [
        (0, Join(1)),
        (0, Publish('a')),
        (0, Publish('b')),
        (100, Leave(0)),
        (250, Publish('c')),
        (600, ack('a')),
        (600, ack('b')),
        (600, ack('c')),
    ];
    vec![script(plain(), &one, 2000), script(plain(), &two, 1500)]
}

/// While nobody consumes: what waits is all there is.
fn a_stream_that_is_full() -> Vec<Script> {
    let acts = [
        (0, Publish('a')),
        (0, Publish('b')),
        (0, Publish('c')),
        (150, Publish('d')),
        (300, Join(0)),
        (500, ack('b')),
        (500, ack('c')),
    ];
    [Overflow::Refuse, Overflow::DropOldest]
        .map(|overflow| {
            let settings = QueueTopic { capacity: Some(3), overflow, ..plain() };
            Script { settings, acts: acts.to_vec(), until: 1500 }
        })
        .to_vec()
}

fn what_waits_too_long() -> Vec<Script> {
    let settings = QueueTopic { expires: Some(ms(600)), dedupe_window: Some(ms(600)), ..plain() };
    let acts = [(0, Publish('a')), (500, Publish('b')), (850, Join(0)), (1000, ack('b'))];
    vec![Script { settings, acts: acts.to_vec(), until: 1500 }]
}

/// Plays scripts to both at the same time, and gives those on which they differ, and how.
fn differences(scripts: &[Script], port: u16, round: &str) -> Vec<(Script, String)> {
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

/// On a busy machine the real one is late now and then: only what differs every time counts.
fn agree_on(mut scripts: Vec<Script>, port: u16, name: &str) {
    let mut differing = Vec::new();
    for round in 0..4 {
        differing = differences(&scripts, port, &format!("{name}{round}"));
        scripts = differing.iter().map(|(script, _)| script.clone()).collect();
    }
    let texts: Vec<String> = differing.into_iter().map(|(_, text)| text).collect();
    assert!(texts.is_empty(), "{}", texts.join("\n"));
}

/// `INFLIGHT_SCRIPTS=1000` plays more of those that are made by lots.
#[test]
fn jetstream_delivers_what_the_engine_delivers() {
    let Some(server) = Server::start() else { return };
    let chosen = [
        acks(),
        the_same_id_again(),
        without_an_ack(),
        at_most_so_many_deliveries(),
        nacks(),
        rejections(),
        still_at_work(),
        late_answers(),
        backoff(),
        few_in_flight(),
        consumers_that_come_and_go(),
        a_stream_that_is_full(),
        what_waits_too_long(),
    ];
    agree_on(chosen.concat(), server.port, "c");
    let more = std::env::var("INFLIGHT_SCRIPTS").ok().map(|it| it.parse().unwrap());
    let mut left = more.unwrap_or(32);
    let mut lots = Lots::new(11);
    while left > 0 {
        let some = left.min(48);
        let scripts = (0..some).map(|_| made(&mut lots)).collect();
        agree_on(scripts, server.port, &format!("m{left}r"));
        left -= some;
    }
}

/// Tries a few times: on a busy machine a real worker is late now and then.
fn in_the_end(check: impl Fn(usize) -> Result<(), String>) {
    let tries: Vec<Result<(), String>> = (0..4)
        .map(check)
        .scan(false, |over, it| (!std::mem::replace(over, it.is_ok())).then_some(it))
        .collect();
    assert!(tries.iter().any(Result::is_ok), "{tries:?}");
}

/// A worker who takes up what is delivered, one after the other, 300 ms each, then acks; gives
/// how many it executed. One who pulls asks for five at a time.
fn work(client: &mut Client, name: &str, inbox: &str, pulls: bool, until: Instant) -> usize {
    let mut executed = 0;
    loop {
        if pulls {
            let ask = format!("$JS.API.CONSUMER.MSG.NEXT.{name}.c");
            client.publish(&ask, inbox, r#"{"batch":5,"expires":5000000000}"#);
        }
        // Of a pull, what comes within a blink; then no more is asked for until it is done.
        let Some(first) = client.until(until, |it| it.subscription == "9") else { return executed };
        let blink = Instant::now() + Duration::from_millis(50);
        let mut batch = vec![first];
        while pulls
            && batch.len() < 5
            && let Some(came) = client.until(blink, |it| it.subscription == "9")
        {
            batch.push(came);
        }
        for came in batch {
            std::thread::sleep(Duration::from_millis(300));
            client.publish(&came.reply, "", "+ACK");
            executed += 1;
        }
    }
}

/// How often five messages are executed by workers that come one after the other.
fn executions(port: u16, name: &str, pulls: bool, workers: u32) -> usize {
    let mut boss = Client::connect(port);
    boss.ask(
        &format!("$JS.API.STREAM.CREATE.{name}"),
        &format!(r#"{{"name":"{name}","subjects":["{name}.q"],"storage":"memory","retention":"workqueue"}}"#),
    );
    let kind = if pulls {
        String::new()
    } else {
        format!(r#""deliver_subject":"{name}.w","deliver_group":"g","#)
    };
    boss.ask(
        &format!("$JS.API.CONSUMER.DURABLE.CREATE.{name}.c"),
        &format!(r#"{{"stream_name":"{name}","config":{{"durable_name":"c",{kind}"ack_policy":"explicit","ack_wait":1000000000}}}}"#),
    );
    let until = Instant::now() + Duration::from_millis(2600);
    std::thread::scope(|scope| {
        let mut worker = |number: u32| {
            let mut client = Client::connect(port);
            let own = if pulls { format!("{name}.w{number}") } else { format!("{name}.w") };
            client.say(&format!("SUB {own} {} 9\r\n", if pulls { "" } else { "g" }));
            let (name, own) = (name.to_owned(), own);
            scope.spawn(move || work(&mut client, &name, &own, pulls, until))
        };
        let first = worker(0);
        for _ in 0..5 {
            boss.ask(&format!("{name}.q"), "m");
        }
        std::thread::sleep(Duration::from_millis(60));
        let others: Vec<_> = (1..workers).map(&mut worker).collect();
        others.into_iter().chain([first]).map(|it| it.join().unwrap()).sum()
    })
}

/// Five messages of 300 ms are handed out under an ack wait of 1 s: the last two expire while
/// the first worker has them, and are executed twice. (Our consumers are pushed to. One who
/// pulls five at a time and is alone gets the last one only twice, 6 executions, since the fourth
/// is acked before it asks again, and the ack of the fifth loses its race with the next pull.)
#[test]
fn prefetched_messages_expire() {
    let Some(server) = Server::start() else { return };
    for workers in [1, 2] {
        let text = format!(
            r#"events: {{ "E": Event() }},
                topics: {{ "q": Queue(profile: JetStream, ack_wait: "1s") }},
                workloads: {{ "s": Workload(arrivals: Every("1ms"), at_most: 5, event: "E", do: [Publish("E", "q")]) }},
                services: {{ "w": Service(instances: {workers}, consumes: {{ "q": Consume(prefetch: 5, on: {{ "E": [Work("300ms")] }}) }}) }},
                faults: [Crash(service: "w", instance: {workers}, at: "0s", for: "{}ms")],"#,
            if workers == 1 { 1 } else { 50 }
        );
        let report = run(&text, 10.0);
        let ours = report.services.iter().find(|it| it.name == "w").unwrap().completed;
        assert_eq!(ours, 7, "{workers} workers");
        in_the_end(|round| {
            let name = format!("trap{workers}x{round}");
            let theirs = executions(server.port, &name, workers == 2, workers);
            if theirs == 7 { Ok(()) } else { Err(format!("{workers} workers: {theirs}")) }
        });
    }
}

/// A server that is killed where it stands has all that it said it has, and knows its ids again.
#[test]
fn a_killed_server_knows_its_ids_again() {
    let Some(mut server) = Server::start() else { return };
    let mut client = Client::connect(server.port);
    let config =
        r#"{"name":"k","subjects":["k.q"],"storage":"file","duplicate_window":120000000000}"#;
    client.ask("$JS.API.STREAM.CREATE.k", config);
    client.say("SUB k.p.* 2\r\n");
    let most = || Instant::now() + Duration::from_secs(30);
    for number in 0..1000 {
        client.publish_as(&number.to_string(), "k.q", &format!("k.p.{number}"), "m");
    }
    for _ in 0..1000 {
        let ack = client.until(most(), |it| it.subscription == "2").unwrap();
        assert!(ack.number("seq").is_some_and(|it| it > 0), "{}", ack.payload);
    }
    server.kill_and_restart();
    let mut client = Client::connect(server.port);
    client.say("SUB k.p.* 2\r\n");
    let state = client.ask("$JS.API.STREAM.INFO.k", "");
    assert_eq!(state.number("messages"), Some(1000));
    client.publish_as("7", "k.q", "k.p.7", "m");
    let ack = client.until(most(), |it| it.subscription == "2").unwrap();
    assert!(ack.payload.contains("\"duplicate\": true"), "{}", ack.payload);
    assert_eq!(ack.number("seq"), Some(8));
}
