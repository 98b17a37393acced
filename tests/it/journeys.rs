//! Journeys: what became of an event, what it came of and what it led to; and the sequence diagram
//! of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use inflight::export::{mermaid, svg};
use inflight::history::{Journey, JourneyOf, Run, Runs, SequenceOf, Stretch, work_out};
use inflight::model::{EventId, Model, Record, Script, Time, What};
use inflight::scenario::{self, library};
use inflight::sim::World;
use inflight::view::ink::ink;
use inflight::view::sequence::{Diagram, Measures, Picture, text};
use inflight::view::story::{entries, event_name};

use crate::swarm::each_seed;

pub fn model(name: &str, variant: &str) -> Arc<Model> {
    let entry = library::find(name).unwrap();
    let scenario = scenario::read(entry.text, entry.path).unwrap();
    let found = scenario.variants.iter().find(|it| it.name == variant).unwrap();
    Arc::clone(&found.model)
}

pub fn runs(model: &Arc<Model>, seed: u64) -> Runs {
    Runs::new(Arc::clone(model), seed, Run::BUDGET_BYTES)
}

pub fn journey(model: &Arc<Model>, seed: u64, event: EventId, until: f64) -> Journey {
    let until = Time::from_secs_f64(until);
    work_out(JourneyOf::new(Script::default(), event, until), &mut runs(model, seed))
}

pub fn event(model: &Model, service: &str, count: u64) -> EventId {
    let place = model.services.iter().position(|it| it.name == service).unwrap();
    EventId::new(inflight::model::ServiceId::from_index(place), count)
}

fn drawn(model: &Model, journey: &Journey) -> String {
    let mut text = String::new();
    for cause in journey.causes() {
        let name = event_name(model, cause.event, cause.event_type);
        let _ = writeln!(text, "{}  < {name}", cause.at);
    }
    for entry in entries(model, journey) {
        let _ = writeln!(text, "{}  {}", entry.at, entry.text);
    }
    for (depth, effect) in journey.effects() {
        let name = event_name(model, effect.event, effect.event_type);
        let who = &model.services[effect.event.producer().index()].name;
        let _ = writeln!(text, "{}  {}> {name} by {who}", effect.at, "  ".repeat(depth - 1));
    }
    text
}

#[test]
fn a_payment_is_told_from_its_arrival_to_its_receipt() {
    let model = model("payment", "notify");
    let it = journey(&model, model.seed, event(&model, "payments", 1), 60.0);
    insta::assert_snapshot!(drawn(&model, &it), @r#"
    0.059 s  < PaymentRequested #1
    0.059 s  < Submit #2
    0.265 s  < PaymentRequested #1
    0.848 s  published by payments
    1.069 s  appended to payments.events p5@0
    1.069 s  on its way to customers · attempt 1
    1.069 s  on its way to payments · attempt 1
    1.069 s  on its way to ledger · attempt 1
    1.069 s  on its way to receipts · attempt 1
    1.221 s  receipts begins
    1.273 s  noticed by payments
    1.295 s  noticed by customers
    1.310 s  ledger begins
    1.422 s  balance c-1 = 11.68 €
    1.422 s  bookings = 1
    1.422 s  ledger is done
    1.514 s  committed by payments
    1.526 s  committed by customers
    1.603 s  mails = 1
    1.603 s  receipts is done
    1.640 s  committed by ledger
    1.762 s  committed by receipts
    "#);
    insta::assert_snapshot!(sequence(&model, &it), @r#"
             customers               checkout                payments.events         payments                ledger                  receipts
    0.059 s  │ • PaymentRequested #1 │                       │                       │                       │                       │
             ┃─Submit #2────────────▶│                       │                       │                       │                       │  200.513 ms
    0.265 s  ┃                       ┃─PaymentRequested #1──>│                       │                       │                       │  182.493 ms
             ┃◀┄┄┄┄┄┄┄┄┄┄Accepted #2┄┃                       │                       │                       │                       │  212.69 ms
    0.447 s  ┃<──────────────────────────PaymentRequested #1─│                       │                       │                       │  223.462 ms
             ┃                       │                       │─PaymentRequested #1──>│                       │                       │  206.817 ms
             ┃                       │                       │─PaymentRequested #1──────────────────────────>│                       │  204.596 ms
             ┃                       │                       │─PaymentRequested #1──────────────────────────────────────────────────>│  189.694 ms
    0.848 s  ┃                       │                       │<──PaymentCompleted #1─┃                       │                       │  220.97 ms
    1.069 s  ┃<──────────────────────────PaymentCompleted #1─│                       │                       │                       │  225.966 ms
             ┃                       │                       │─PaymentCompleted #1──>│                       │                       │  203.427 ms
             ┃                       │                       │─PaymentCompleted #1──────────────────────────>│                       │  240.341 ms
             ┃                       │                       │─PaymentCompleted #1──────────────────────────────────────────────────>│  151.83 ms
    1.422 s  │                       │                       │                       │                       ┃ + balance c-1 = 11.68 €
             │                       │                       │                       │                       ┃ + bookings = 1        ┃
    1.603 s  │                       │                       │                       │                       │                       ┃ + mails = 1
    "#);
}

#[test]
fn a_lost_ack_and_what_came_of_it() {
    let model = model("delivery/lost_ack", "naive");
    let it = journey(&model, model.seed, event(&model, "payments", 66), 60.0);
    insta::assert_snapshot!(drawn(&model, &it), @r#"
    9.772 s  < PaymentCompleted #65
    9.772 s  published by payments
    9.836 s  waits in payments.completed
    9.836 s  on its way to ledger · attempt 1
    9.887 s  ledger begins
    10.144 s  balance c-2 = 477.04 €
    10.344 s  ledger is done
    10.344 s  ledger acks it
    10.404 s  ack lost on the way back
    10.836 s  not acked: waits again
    10.836 s  on its way to ledger · attempt 2
    10.883 s  waits at ledger
    11.082 s  ledger begins
    11.331 s  balance c-2 = 532.41 €
    11.331 s  balance: applied twice
    11.531 s  ledger is done
    11.531 s  ledger acks it
    11.591 s  acked, and gone from its queue
    "#);
    insta::assert_snapshot!(sequence(&model, &it), @r#"
              payments                            payments.completed                  ledger
     9.772 s  │ • PaymentCompleted #65            │                                   │
              ┃─PaymentCompleted #66─────────────>│                                   │  63.944 ms
     9.836 s  │                                   │─PaymentCompleted #66─────────────>│  50.606 ms
    10.000 s  │ ✕ ledger → payments.completed loses 30 %                              ┃
    10.144 s  │                                   │                                   ┃ + balance c-2 = 477.04 €
    10.344 s  │                                   │        ✕┄┄┄┄┄┄┄┄┄┄┄ack #66 · lost┄┃
    10.836 s  │                                   │─PaymentCompleted #66 · 2nd time──>│  46.652 ms
    11.331 s  │                                   │                                   ┃ + balance c-2 = 532.41 €
              │                                   │                                   ┃ ! balance: applied twice
    "#);
}

#[test]
fn a_message_that_was_dropped_says_why() {
    let text = r#"Scenario(
        format: 1, title: "dropped", seed: 1, until: "4s",
        requests: { "Ask": Request(), "Yes": Request() },
        links: Links(default: Link(latency: "10ms")),
        services: { "desk": Service(workers: 1, queue: Queue(capacity: 1, full: Drop),
            answers: { "Ask": [Work("1s"), Reply("Yes")] }) },
        workloads: { "people": Workload(arrivals: Every("100ms"), event: "Ask", until: "400ms",
            do: [Call(to: "desk", request: "Ask", timeout: "2s")]) },
        faults: [Crash(service: "desk", at: "500ms", for: "1s")],
    )"#;
    let scenario = scenario::read(text, "dropped.ron")
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let model = Arc::clone(&scenario.variants[0].model);
    let mut text = String::new();
    for count in [2, 4, 6] {
        let it = journey(&model, 1, event(&model, "people", count), 4.0);
        let _ = writeln!(text, "{}", drawn(&model, &it));
    }
    insta::assert_snapshot!(text, @r#"
    0.100 s  < Ask #1
    0.100 s  people asks desk
    0.110 s  desk begins
    0.500 s  lost in the crash of desk
    0.500 s  desk gives people no answer
    0.510 s  people is told so

    0.200 s  < Ask #3
    0.200 s  people asks desk
    0.210 s  waits at desk
    0.500 s  lost in the crash of desk
    0.500 s  desk gives people no answer
    0.510 s  people is told so

    0.300 s  < Ask #5
    0.300 s  people asks desk
    0.310 s  dropped at desk: queue full
    "#);
    let stretch =
        Stretch { script: Script::default(), from: Time::ZERO, until: Time::from_secs_f64(4.0) };
    let all = work_out(SequenceOf::new(stretch, 100, false), &mut runs(&model, 1));
    let diagram = Diagram::new(&model, &all.lines, all.until, false);
    insta::assert_snapshot!(text::text(&diagram), @r#"
             people                  desk
    0.100 s  │ • Ask #1              │
             ┃─Ask #2───────────────▶│  10 ms
    0.200 s  ┃ • Ask #3              ┃
             ┃─Ask #4───────────────▶┃  10 ms
    0.300 s  ┃ • Ask #5              ┃
             ┃─Ask #6 · queue full──✕┃
    0.500 s  ┃                       ┃ ✕ #2 crashed
             ┃◀┄┄┄┄┄┄┄┄┄┄┄failure #2┄┃  10 ms
             ┃                       │ ✕ #4 crashed
             ┃◀┄┄┄┄┄┄┄┄┄┄┄failure #4┄│  10 ms
             ┃                       │ ✕ desk crashes
    0.510 s  ┃ ✕ call failed         │
             ┃ ✕ call failed         │
    1.500 s  ┃                       │ + desk is up again
    2.300 s  ┃ ✕ timed out           │
    "#);
}

/// What brute force says of all events: what each came of, as their first message tells.
fn all_causes(model: &Arc<Model>, seed: u64, until: Time) -> BTreeMap<EventId, Option<EventId>> {
    let mut causes = BTreeMap::new();
    let mut world = World::new(Arc::clone(model), seed);
    while world.next_at().is_some_and(|next| next <= until) {
        let mut records: Vec<Record> = Vec::new();
        world.step(&mut |record: &Record| records.push(*record));
        for record in &records {
            let known = match record.what {
                What::Arrived { message, event, .. } | What::Sent { message, event, .. } => {
                    Some((event, world.event_of(message)))
                }
                What::Outboxed { outbox, event, .. } => {
                    world.outboxed(outbox, event).map(|it| (event, it))
                }
                _ => None,
            };
            if let Some((event, known)) = known
                && known.id == event
            {
                causes.entry(event).or_insert(known.cause);
            }
        }
    }
    causes
}

#[test]
fn causes_and_effects_are_those_of_brute_force() {
    each_seed(40, |seed, model| {
        let until = Time::from_secs_f64(30.0);
        let causes = all_causes(&model, seed, until);
        let mut runs = runs(&model, seed);
        while runs.get(&Script::default()).extend(until, 5_000) {}
        let step = (causes.len() / 6).max(1);
        for &event in causes.keys().step_by(step) {
            let it = work_out(JourneyOf::new(Script::default(), event, until), &mut runs);
            let mut chain = Vec::new();
            let mut next = causes[&event];
            while let Some(cause) = next {
                chain.push(cause);
                next = causes.get(&cause).copied().flatten();
            }
            chain.reverse();
            let told: Vec<EventId> = it.causes().iter().map(|it| it.event).collect();
            assert_eq!(told, chain, "what {event:?} came of");
            let comes_of = |mut of: EventId| loop {
                match causes.get(&of).copied().flatten() {
                    Some(cause) if cause == event => return true,
                    Some(cause) => of = cause,
                    None => return false,
                }
            };
            let expected: BTreeSet<EventId> =
                causes.keys().copied().filter(|it| comes_of(*it)).collect();
            let told: BTreeSet<EventId> = it.effects().iter().map(|it| it.1.event).collect();
            assert_eq!(told, expected, "what {event:?} led to");
        }
    });
}

#[test]
fn a_journey_is_the_same_wherever_the_run_has_come_to() {
    let model = model("payment", "poll");
    let id = event(&model, "customers", 40);
    let fresh = journey(&model, 5, id, 60.0);
    let mut runs = runs(&model, 5);
    let until = Time::from_secs_f64(60.0);
    while runs.get(&Script::default()).extend(until, 1_000) {}
    let known = work_out(JourneyOf::new(Script::default(), id, until), &mut runs);
    assert_eq!(fresh, known);
    assert!(!known.lines.is_empty());
}

#[test]
fn what_is_not_in_a_run_has_no_journey() {
    let model = model("payment", "call");
    let it = journey(&model, 1, event(&model, "customers", 1_000_000), 5.0);
    assert!(it.fact().is_none() && it.causes().is_empty() && it.effects().is_empty());
}

fn sequence(model: &Model, journey: &Journey) -> String {
    text::text(&Diagram::new(model, &journey.lines, journey.until, true))
}

/// Diagrams of generated scenarios: of some journeys, and of a stretch.
fn each_diagram(check: impl Fn(&Diagram)) {
    each_seed(60, |seed, model| {
        let until = Time::from_secs_f64(16.0);
        let mut runs = runs(&model, seed);
        let stretch = Stretch { script: Script::default(), from: Time::from_secs_f64(2.0), until };
        for is_brief in [true, false] {
            let all = work_out(SequenceOf::new(stretch.clone(), 300, is_brief), &mut runs);
            let mut diagram = Diagram::new(&model, &all.lines, all.until, is_brief);
            diagram.left_out = all.left_out;
            check(&diagram);
        }
        for service in 0..model.services.len() {
            let service = inflight::model::ServiceId::from_index(service);
            let event = EventId::new(service, 1 + seed % 5);
            let it = work_out(JourneyOf::new(Script::default(), event, until), &mut runs);
            check(&Diagram::new(&model, &it.lines, it.until, seed.is_multiple_of(2)));
        }
    });
}

#[test]
fn mermaid_of_a_payment() {
    let model = model("payment", "call");
    let it = journey(&model, model.seed, event(&model, "customers", 1), 60.0);
    let diagram = Diagram::new(&model, &it.lines, it.until, true);
    insta::assert_snapshot!(mermaid::mermaid(&diagram, "Payment"), @r#"
    ---
    title: "Payment"
    ---
    sequenceDiagram
        participant p0 as customers
        participant p1 as checkout
        participant p2 as payments
        participant p3 as ledger
        participant p4 as receipts
        Note right of p0: PaymentRequested #35;1
        activate p0
        p0->>p1: Submit #35;2
        activate p1
        p1->>p2: Pay #35;1
        activate p2
        p2->>p3: Book #35;6
        activate p3
        Note right of p3: balance c-1 = 11.68 €
        Note right of p3: bookings = 4
        p3-->>p2: reply to Book #35;6
        deactivate p3
        p2->>p4: MailReceipt #35;12
        activate p4
        Note right of p4: mails = 3
        p4-->>p2: reply to MailReceipt #35;12
        deactivate p4
        p2-->>p1: reply to Pay #35;1
        deactivate p2
        p1-->>p0: Complete #35;19
        deactivate p1
        deactivate p0
    "#);
}

#[test]
fn every_mermaid_declares_who_takes_part_and_ends_what_it_begins() {
    each_diagram(|diagram| {
        let text = mermaid::mermaid(diagram, "a \"made\" one");
        let lines: Vec<&str> = text.lines().skip(3).map(str::trim).collect();
        assert_eq!(lines[0], "sequenceDiagram");
        let mut active: BTreeMap<&str, i32> = BTreeMap::new();
        for line in &lines[1..] {
            // Nothing that Mermaid reads as its own is left in what is told.
            let plain = line.split_once(": ").map_or(*line, |it| it.0);
            if let Some(declared) = line.strip_prefix("participant ") {
                active.insert(declared.split_once(" as ").unwrap().0, 0);
            } else if let Some(who) = line.strip_prefix("activate ") {
                *active.get_mut(who).expect("it is declared") += 1;
            } else if let Some(who) = line.strip_prefix("deactivate ") {
                let count = active.get_mut(who).expect("it is declared");
                *count -= 1;
                assert!(*count >= 0, "{who} ends what it has not begun: {text}");
            } else if let Some(over) = plain.strip_prefix("Note over ") {
                assert!(over.split(',').all(|it| active.contains_key(it)), "{line}");
            } else if let Some(at) = plain.strip_prefix("Note right of ") {
                assert!(active.contains_key(at), "{line}");
            } else {
                let arrows = ["-->>", "->>", "--)", "-)", "--x", "-x"];
                let arrow = arrows.iter().find(|it| plain.contains(**it)).expect(line);
                let (from, to) = plain.split_once(arrow).unwrap();
                assert!(active.contains_key(from) && active.contains_key(to), "{line}");
            }
        }
        assert!(active.values().all(|it| *it == 0), "{text}");
    });
}

#[test]
fn every_svg_is_xml_with_all_its_text_in_sight() {
    each_diagram(|diagram| {
        for is_dark in [false, true] {
            let text = svg::svg(diagram, "a <made> & \"quoted\" one", ink(is_dark));
            let xml = roxmltree::Document::parse(&text).unwrap();
            let root = xml.root_element();
            let size = |name| root.attribute(name).unwrap().parse::<f32>().unwrap();
            let (width, height) = (size("width"), size("height"));
            for it in xml.descendants().filter(|it| it.has_tag_name("text")) {
                let number = |name| it.attribute(name).and_then(|it| it.parse::<f32>().ok());
                let (mut x, mut y) = (number("x").unwrap(), number("y").unwrap());
                for parent in it.ancestors() {
                    if let Some(moved) = parent.attribute("transform") {
                        let moved = moved.trim_start_matches("translate(").trim_end_matches(')');
                        let (dx, dy) = moved.split_once(' ').unwrap();
                        x += dx.parse::<f32>().unwrap();
                        y += dy.parse::<f32>().unwrap();
                    }
                }
                let size = number("font-size").unwrap_or(11.5);
                let long = it.text().unwrap_or("").chars().count() as f32 * size * 0.6;
                let (left, right) = match it.attribute("text-anchor") {
                    Some("end") => (x - long, x),
                    Some("middle") => (x - long / 2.0, x + long / 2.0),
                    _ => (x, x + long),
                };
                assert!(left >= 0.0 && right <= width, "{it:?} {left} {right} {width}");
                assert!(y - size >= 0.0 && y <= height, "{it:?} {y} {height}");
            }
        }
    });
}

#[test]
fn time_and_place_of_a_picture_answer_one_another() {
    each_diagram(|diagram| {
        let picture = Picture::new(diagram, &Measures::default());
        let Some((first, last)) = picture.span() else { return };
        let mut before = 0.0;
        for part in 0..=50 {
            let at = first + inflight::model::Span(last.since(first).0 / 50 * part);
            let y = picture.y(at);
            assert!(y >= before && y <= picture.height, "time runs down");
            before = y;
            let back = picture.time(y).as_secs_f64();
            assert!((back - at.as_secs_f64()).abs() < 0.02, "{at} is at {y}, which is {back}");
        }
        for (arrow, placed) in diagram.arrows.iter().zip(&picture.arrows) {
            assert!(placed.to.1 >= placed.from.1, "{arrow:?} {placed:?}");
        }
        for bar in &picture.bars {
            assert!(bar.bottom > bar.top && bar.bottom <= picture.height + 8.0, "{bar:?}");
        }
    });
}
