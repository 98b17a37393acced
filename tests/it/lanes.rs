//! The lanes of the timeline: every message that was on its way is there once, whichever way
//! the stretch was come to, and drawn where it was.

use std::sync::Arc;

use inflight::app::Window;
use inflight::history::lanes::{Heat, MOST_FLIGHTS};
use inflight::history::{LanesOf, Overview, Run, Runs, Scene, Stretch, Traffic, work_out};
use inflight::model::{Model, Node, Record, Script, ServiceId, Span, Time, TopicId, What};
use inflight::scenario::{self, library};
use inflight::sim::World;
use inflight::view::lanes::{Area, Known, Picture, text};
use inflight::view::time_axis::Axis;

use crate::generate::{CALM, Lots};
use crate::swarm::each_seed;

fn model(entry: &str, variant: &str) -> Arc<Model> {
    let entry = library::find(entry).unwrap();
    let variants = scenario::read(entry.text, entry.path).unwrap().variants;
    variants.into_iter().find(|it| it.name == variant).unwrap().model
}

fn at(seconds: f64) -> Time {
    Time::from_secs_f64(seconds)
}

fn ask(runs: &mut Runs, from: Time, until: Time) -> Traffic {
    let stretch = Stretch { script: Script::default(), from, until };
    work_out(LanesOf::new(stretch, Span::from_millis(10)), runs)
}

fn runs(model: &Arc<Model>, seed: u64, budget: usize) -> Runs {
    Runs::new(Arc::clone(model), seed, budget)
}

/// How many messages were on their way in a stretch, by a fold over all records up to its end:
/// those that are on their links just before it, and those that are sent in it.
fn counted(model: &Model, records: &[Record], from: Time, until: Time) -> (usize, usize, usize) {
    let mut scene = Scene::new(model);
    let mut before = 0;
    let (mut sent, mut has_begun) = (0, false);
    for record in records.iter().take_while(|it| it.at <= until) {
        if record.at >= from && !has_begun {
            before = scene.in_flight();
            has_begun = true;
        }
        scene.apply(record, model);
        sent += usize::from(has_begun && matches!(record.what, What::Sent { .. }));
    }
    if !has_begun {
        before = scene.in_flight();
    }
    (before, sent, scene.in_flight())
}

fn check(model: &Arc<Model>, records: &[Record], traffic: &Traffic) {
    let (from, until) = (traffic.stretch.from, traffic.stretch.until);
    let (before, sent, after) = counted(model, records, from, until);
    assert_eq!(traffic.messages, (before + sent) as u64, "{from:.9} to {until:.9}");
    let Some(flights) = &traffic.flights else {
        return assert!(before + sent > MOST_FLIGHTS);
    };
    assert_eq!(flights.len(), before + sent);
    assert_eq!(flights.iter().filter(|it| it.left.is_none()).count(), after);
    assert!(flights.is_sorted_by_key(|it| it.sent));
    let came = flights.iter().filter(|it| it.left.is_some() && it.lost.is_none()).count();
    let heat: u32 = traffic.heat.iter().flat_map(Heat::sums).sum();
    assert_eq!(heat as usize, sent + came, "what was sent left a node, what came reached one");
    for it in flights {
        assert!(it.sent <= until && it.left.is_none_or(|left| left >= from && left >= it.sent));
    }
}

#[test]
fn as_many_messages_as_a_fold_over_the_records_says() {
    each_seed(120, |seed, model| {
        let end = at(f64::from(CALM));
        let mut records = Vec::new();
        World::new(model.clone(), seed).run_until(end, &mut |it: &Record| records.push(*it));
        let mut lots = Lots::new(seed ^ 5);
        let mut runs = runs(&model, seed, lots.within(0, 2_000_000) as usize);
        for _ in 0..4 {
            // Between two records, or right at them.
            let mut instant = || match records.get(lots.within(0, 5_000) as usize) {
                Some(record) if lots.chance(60) => record.at,
                _ => Time(u64::from(lots.within(0, CALM * 1_000)) * 1_000_000),
            };
            let (one, other) = (instant(), instant());
            check(&model, &records, &ask(&mut runs, one.min(other), one.max(other).min(end)));
        }
    });
}

#[test]
fn what_is_known_of_a_stretch_does_not_hang_on_where_it_was_come_from() {
    for (entry, variant) in [("payment/payment", "poll"), ("delivery/lost_ack", "")] {
        let entry = library::find(entry).unwrap();
        let variants = scenario::read(entry.text, entry.path).unwrap().variants;
        let model = &variants.iter().find(|it| it.name == variant).unwrap_or(&variants[0]).model;
        let [mut far, mut near] = [0, Run::BUDGET_BYTES].map(|budget| runs(model, 7, budget));
        for runs in [&mut far, &mut near] {
            while runs.get(&Script::default()).extend(at(25.0), 1_000) {}
        }
        for (from, until) in [(0.0, 1.0), (7.3, 7.4), (19.5, 22.5), (24.0, 27.0)] {
            let (from, until) = (at(from), at(until));
            let of_far = ask(&mut far, from, until);
            assert_eq!(of_far, ask(&mut near, from, until));
            assert_eq!(of_far, ask(&mut runs(model, 7, 0), from, until), "nothing simulated yet");
        }
    }
}

#[test]
fn the_overview_guesses_what_is_counted_where_it_is_looked_at() {
    let model = model("payment/payment", "notify");
    let mut runs = runs(&model, 42, Run::BUDGET_BYTES);
    let script = Script::default();
    while runs.get(&script).extend(at(60.0), 100_000) {}
    let traffic = ask(&mut runs, Time::ZERO, at(60.0));
    let overview = runs.get(&script).overview();
    for (place, heat) in traffic.heat.iter().enumerate() {
        let counted: u32 = heat.sums().iter().sum();
        let guessed = overview.between(0, overview.len(), |it| u64::from(it.passed[place]));
        let off = guessed.abs_diff(u64::from(counted));
        assert!(off * 20 <= guessed, "node {place}: {guessed} for {counted}");
    }
}

#[test]
fn a_stretch_in_two_halves_has_what_it_has_as_a_whole() {
    let model = model("payment/payment", "notify");
    let mut runs = runs(&model, 42, Run::BUDGET_BYTES);
    let whole = ask(&mut runs, at(2.0), at(4.0));
    let [left, right] = [(2.0, 3.0), (3.0 + 1e-9, 4.0)].map(|(a, b)| ask(&mut runs, at(a), at(b)));
    let under_way = left.flights.as_ref().unwrap().iter().filter(|it| it.left.is_none());
    let under_way = under_way.count() as u64;
    assert!(under_way > 3, "some are on their way from the one half into the other");
    assert_eq!(whole.messages + under_way, left.messages + right.messages);
    let all = whole.flights.unwrap();
    for it in right.flights.unwrap() {
        assert!(all.contains(&it), "{it:?} is the same seen from either");
    }
}

/// The lanes of the model in the order of the scenario, between two instants, as text.
fn drawn(model: &Arc<Model>, seed: u64, from: f64, until: f64, columns: u16, rows: u16) -> String {
    let (from, until) = (at(from), at(until));
    let mut runs = runs(model, seed, Run::BUDGET_BYTES);
    let traffic = ask(&mut runs, from, until);
    let services = (0..model.services.len()).map(|it| Node::Service(ServiceId::from_index(it)));
    let topics = (0..model.topics.len()).map(|it| Node::Topic(TopicId::from_index(it)));
    let lanes: Vec<Node> = services
        .take(2)
        .chain(topics)
        .chain((2..model.services.len()).map(|it| Node::Service(ServiceId::from_index(it))))
        .collect();
    let mut overview = Overview::default();
    overview.lives = traffic.lives.iter().copied().collect();
    let known = Known {
        model,
        lanes: &lanes,
        traffic: Some(&traffic),
        overview: &overview,
        script: &[],
        head: until,
    };
    let axis = Axis { window: Window { from, to: until }, left: 0.0, right: f32::from(columns) };
    let height = f32::from(rows) * lanes.len() as f32;
    let picture = Picture::new(known, Area { axis, top: 0.0, bottom: height });
    let text = text(model, &traffic, &picture, (usize::from(columns), height as usize));
    text.trim_matches('\n').to_owned()
}

/// Pairs of a workload and its service, and more messages than can be told apart.
const MANY: usize = 120;

fn many() -> Arc<Model> {
    let pair = |it: usize| {
        (
            format!(
                "\"w{it}\": Workload(arrivals: Poisson(per_second: 100), event: \"Job\",
                 do: [Send(to: \"s{it}\", event: \"Job\")]),"
            ),
            format!("\"s{it}\": Service(workers: Unlimited, answers: {{ \"Job\": [] }}),"),
        )
    };
    let (workloads, services): (String, String) = (0..MANY / 2).map(pair).unzip();
    let text = format!(
        "Scenario(format: 1, title: \"many\", events: {{ \"Job\": Event() }},
         links: Links(default: Link(latency: \"1s\")),
         workloads: {{ {workloads} }}, services: {{ {services} }})"
    );
    scenario::read(&text, "many.ron").unwrap().variants.remove(0).model
}

#[test]
fn lanes_too_thin_to_be_told_apart_share_a_row_of_the_heat_and_nothing_is_left_out() {
    let model = many();
    let mut runs = runs(&model, 1, Run::BUDGET_BYTES);
    let traffic = ask(&mut runs, Time::ZERO, at(5.0));
    let lanes: Vec<Node> = model.services.iter().enumerate().map(|(it, _)| it).map(node).collect();
    while runs.get(&Script::default()).extend(at(5.0), 100_000) {}
    let overview = runs.get(&Script::default()).overview().clone();
    let heat = |traffic, height: f32, from: f64, until: f64| {
        let window = Window { from: at(from), to: at(until) };
        let known = Known {
            model: &model,
            lanes: &lanes,
            traffic,
            overview: &overview,
            script: &[],
            head: at(5.0),
        };
        let axis = Axis { window, left: 0.0, right: 600.0 };
        let area = Area { axis, top: 10.0, bottom: 10.0 + height };
        (Picture::new(known, area), area)
    };
    let count = |it: &Picture| it.heat.iter().map(|it| it.count.unwrap()).sum::<u32>();
    for (from, until) in [(0.0, 5.0), (1.3, 2.1)] {
        let (high, _) = heat(Some(&traffic), 1_200.0, from, until);
        assert_eq!((high.together, high.lines.len()), (1, 0), "too many to draw one by one");
        assert!(count(&high) > 5_000);
        for (height, together) in [(360.0, 1), (359.0, 2), (120.0, 3), (50.0, 8), (0.1, MANY)] {
            let (low, area) = heat(Some(&traffic), height, from, until);
            assert_eq!((low.together, low.lanes.len()), (together, MANY));
            assert_eq!(count(&low), count(&high), "{height}");
            let rows = MANY.div_ceil(together);
            assert!(low.heat.iter().all(|it| it.row < rows), "{height}");
            // Guessed, where nothing is counted: something in every row, as there is in every lane.
            let (guessed, _) = heat(None, height, from, until);
            let seen: std::collections::BTreeSet<_> =
                guessed.heat.iter().map(|it| it.row).collect();
            assert!(seen.into_iter().eq(0..rows), "{height}");
            for cell in &low.heat {
                let (x, y) = (f32::midpoint(cell.x.0, cell.x.1), low.row_y(cell.row).unwrap());
                assert!(area.top < y && y < area.bottom);
                let lanes = low.row(cell.row);
                assert!(!lanes.is_empty() && lanes.len() <= together);
                let first = lanes.first().map(|it| it.node);
                let (found, count) = low.counted_at(area, (x, y)).unwrap();
                assert_eq!((found.first().map(|it| it.node), Some(count)), (first, cell.count));
            }
        }
    }
}

fn node(service: usize) -> Node {
    Node::Service(ServiceId::from_index(service))
}

#[test]
fn the_first_payment_that_is_notified() {
    let model = model("payment/payment", "notify");
    insta::assert_snapshot!(drawn(&model, 42, 0.0, 1.6, 96, 4), @r"
    customers       ───S\\\S\\\───────────S\─///S\\\───────/o·///o─────/S\\───/o·──/o·───────SS\S\\\──S\─/oS\\S\S\\\
                           \\\ \\\        //\\\//   \\\  // ///  ·  ///    \\//  ·/   ·· //// // \\\\\\\\\\ ·· \\\\\
                              \\  \\\  /// /// \\\     \////   · ////      //\\\ / ·  ///   //     \\\//\\\\\////  /
                                \\\ ///\ //       \\ /// //\  ///  ·     //     /  ///  ·· /        / /\\ ///\\\////
    checkout        ───────────────A\\──A\\─────────A\\\/───oA\\\·──··─//─────//─oA\\─··─//·───────///──·A\\\──A\A\\
                                      \\\  \\\    //  / \\\      \\\ //      /       \\ /   ·    ////     ···\\\\ /\
                                         \\\  \\//  //     \\\     //\\\    /         //\\·  ··// /         ··· //\\
                                            \\ /\\ /          \\\ /  ·  \\\/         /    \\\ /· /            ·/
    payments.events ──────────────────────────R\\\R\\\───────────R\\\─·────R\\\──///C\\───·──R\\C\\\───────·//C\\\──
                                               \\\\\\ \\\          \\\\\    \\/\\\  \ \\\\ ///\\\\\\\\\\·///·   \·\\
                                                \ \ \\\\ \\\\    ···\\· \\///\\   \\\\··///\\  \\\\\\////\\     ·\\·
                                                 \ \\\\ \\\  \\\· ·· \\///\\\  \     /// \\  \\\ ·///\\\   \\\ ···\/
    payments        ──────────────────────────────\──\\\\──o───·o··─·─C\\\───o──\\─··C·\───\\───\C─\\──\\────·o··─C\
                                                   \   \ \   ·· ·· ·    \ \      \\  · \ ··  \\· \  \\   \\ ····  ·
                                                    \   \\\  ···· ·      \ \\  ·· \\ · ·\     ·\\ \   \   \\···  ·
                                                     \   \\\·· ·  ·       \  \·    \\ ·  \    ·  \ \   \ ·· \   ·
    ledger          ──────────────────────────────────\───\oo─·──·─────────\\─o────·\\────\──·────o─\───\·─·─o─·────
                                                       \   \ ·  ·            \    ·   \   \ ·        \   \·
                                                        \   \  ·              \  ·     \   \         \   ·\
                                                         \ · \·                \·       \ · \         \ ·  \
    receipts        ──────────────────────────────────────o───o─────────────────o────────o───o─────────o────o───────
    ");
}

#[test]
fn the_first_payment_that_is_called() {
    let model = model("payment/payment", "call");
    insta::assert_snapshot!(drawn(&model, 42, 0.0, 1.6, 96, 4), @r"
    customers ───S\\\S\\\───────────S\\───S\\─────────────────────S\\\─────────────────SS\S\\───S\───S\\S\S\\\
                     \\\ \\\\          \\\   \\                       \\\\                \\\\\   \\\    \\\\\
                        \\\\ \\\          \\\\ \\\                        \\\\               \\\\\   \\\     \
                            \\  \\\           \\\ \\                         \\\                \\\\    \\\
    checkout  ────────────────oP\\─oP\\\─────────P\\P\\\────────────────────────oP\\\────────────oP\P\\────P\\
                                 \\\    \\\\        \\\ \\\                          \\\\            \\\\
                                    \\\     \\\\       \\\ \\\\                          \\\\           \\\
                                       \\       \\\       \\   \\\                           \\\          \\\
    payments  ───────────────────────────o─────────o─────B\\\────o─────────────────────///B\\\──o───────────oo
                                                             \\\\                   ///     \ \\\
                                                                \\\\             ///         \  \\\\        //
                                                                    \\\       ///             \     \\\  ///
    ledger    ─────────────────────────────────────────────────────────o─────B─────────────────\\──────oB─────
                                                                                                 \          //
                                                                                                  \\      //
                                                                                                    \    /
    receipts  ───────────────────────────────────────────────────────────────────────────────────────o──M─────
    ");
}

#[test]
fn an_outage_is_seen_in_its_lane() {
    let model = model("payment/payment", "call");
    insta::assert_snapshot!(drawn(&model, 42, 19.6, 21.2, 96, 4), @r"
    customers ─S\\\//////S\\\───///o───────SS\\\S\\S\\\───///o────────///////o───//o─────S\\\o─///o──S\\\S\\\\
               ////\\\/////  \\\              \\\\  \\\\\\         ///////    ///       /// /\\\         \\\\
              / ////////\////   \\\              \\//// \\\\   /////////   ///       ///////    \\\          \
              // //// ///\\\       \\\           ///\\\\    /// /////    //        /////           \\
    checkout  //C/C//C──────oP\\──────oP\\\──///C─────oPP\\C─//P\C\──///C───────//C//C───────────────oP\\\────
              ////              \\\      //\\\         // \\\\\\  /\\\\     ///////                       \\\
              /                    \\////     \\\\  /////////\\///\\   \//// ///                             \
                                   ///\\         ///\//  /  ///  \\\\///   //\
    payments  \M\───B\B\\─//M\─///B\\───//M\///MP\─/B\\/P─/P───────BP\\o//P─B\\────────B\\B\\\/B\B\BB\\\──────
              \\\\\    /\\\\//\\/   \\\\  //\//  \\\\//\\\       //   /\\\     \\\      ///\\\\\\ \\\\\\\\\\//
                 \\\///  /////\ \\  /\\///\ /\\///\  \\// \\  ///  ////   \\\\    \\//// ///  \\\\\\  \\/////\
              \\  //\\/////// \\\ ///// \ //\///   \/ / \\ //// /////         \\\ // \\ //       \\\\/////\\\
    ledger    ─ooB────B\B//─────oB─B\\#\//\/B###\\////####B#//#B#///#############B#####B############B##B#####B
                       //\            \/\//\     /\/ \    //   ///
                      /  \\\          ////\ \\  ///\\ \ //   ///
                     /     \         / /  \\  \/ /   \ /    / /
    receipts  ──────M───────o───────M─M────oo─MoM─────M─o──M─M────────────────────────────────────────────────
    ");
}
