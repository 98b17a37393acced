//! Comparisons and expectations: that they are fair, and say what is so.

use std::sync::Arc;

use inflight::history::{Runs, work_out};
use inflight::measure::Part;
use inflight::measure::compare::{self, Column, Good};
use inflight::measure::coupling::Slowdown;
use inflight::measure::first::first_turned_away;
use inflight::measure::matrix::{self, Harm};
use inflight::measure::{Judged, Over, Spread, Survey, Surveyed, judge, sentence, words};
use inflight::model::{AnomalyKind, FaultKind, Figure, Model, Script, ServiceId, Span, Stat, Time};
use inflight::scenario::{self, Scenario, library};
use inflight::view::meanings::meaning;

fn read(text: &str) -> Scenario {
    match scenario::read(text, "compared.ron") {
        Ok(scenario) => scenario,
        Err(problems) => panic!("{problems}"),
    }
}

fn shipped(name: &str) -> Scenario {
    read(library::find(name).unwrap().text)
}

fn end_of(model: &Model) -> Time {
    model.end.unwrap_or(Time::ZERO + Span::from_secs(60))
}

fn columns(scenario: &Scenario) -> Vec<Column> {
    let script = Script::default();
    let runs = scenario.variants.iter().map(|it| (&*it.model, &script, end_of(&it.model)));
    let outage = compare::outage_of_all(runs);
    let column = |variant: &scenario::Variant| {
        let (model, end) = (&variant.model, end_of(&variant.model));
        let mut runs = Runs::new(model.clone(), model.seed, 0);
        let survey = compare::survey(model, script.clone(), end, outage.as_ref());
        let of = (&script, end, outage.as_ref());
        compare::column(&variant.name, model, of, &work_out(survey, &mut runs)).unwrap()
    };
    scenario.variants.iter().map(column).collect()
}

fn judged(scenario: &Scenario) -> Vec<Judged> {
    let variants: Vec<(Arc<Model>, Time)> =
        scenario.variants.iter().map(|it| (it.model.clone(), end_of(&it.model))).collect();
    let found: Vec<Option<Surveyed>> = variants
        .iter()
        .enumerate()
        .map(|(place, (model, end))| {
            let survey = judge::survey(&scenario.expect, place, model, Script::default(), *end)?;
            Some(work_out(survey, &mut Runs::new(model.clone(), model.seed, 0)))
        })
        .collect();
    judge::judge(&scenario.expect, &variants, &found)
}

#[test]
fn payment_shows_what_coupling_costs() {
    let columns = columns(&shipped("payment"));
    let of = |name: &str| columns.iter().find(|it| it.name == name).unwrap();
    let during = |name: &str, figure: &dyn Fn(ServiceId) -> Figure| {
        let column = of(name);
        let users = column.workload("customers").unwrap();
        column.measured(Over::Outage).unwrap().figure(figure(users)).unwrap()
    };
    // Nobody whom a customer waits for needs the ledger, if events tell it.
    assert_eq!(during("notify", &Figure::Available), 1.0);
    assert_eq!(during("notify", &|_| Figure::BlastRadius), 0.0);
    // A chain of calls is up when all of it is; the ledger is down, so nobody is served but those
    // whom the third try carries over its repair. That try is with the ledger 0.41 + 2.18 s after the
    // customer came: two ways and 5 ms to `payments`; there the network (LogNormal 350 ms, p99 1.5 s: 426 ms
    // on the average), three ways there and two back, pauses of 250 and 500 ms. A failure holds one of the
    // 12 workers for 2.38 s; 6 a second would need 14.3 of them. 1.37 s after the crash all are held, and from
    // then on each second makes those who come 0.19 s later. Served is who comes x s after the crash:
    // x + 0.41 + 0.19 (x + 0.41 − 1.37 + 1) + 2.18 ≥ 8, so x ≥ 4.6 or 4.7, and (8 − 4.65) / 8 of 48 customers;
    // a standard deviation of that is 7 %.
    let served = during("call", &Figure::Available);
    assert!((served - 0.42).abs() < 0.15, "{served}");
    assert_eq!(during("call", &|_| Figure::BlastRadius), 3.0);
    // The caller is free after two ways of 200 ms and 5 ms of work, whatever the ledger does.
    let free = during("notify", &|it| Figure::Free(it, Stat::Mean));
    assert!((free - 0.405).abs() < 0.02, "{free}");
    // Ask every 500 ms, with 402 ms on the way: so often as the time that it takes holds that.
    let poll = of("poll");
    let users = poll.workload("customers").unwrap();
    let whole = |figure| poll.whole.figure(figure).unwrap();
    let takes = whole(Figure::Outcome(users, Stat::Mean)) - whole(Figure::Free(users, Stat::Mean));
    let asked = whole(Figure::Polls) / whole(Figure::Completed(users));
    assert!((asked * 0.902 / takes - 1.0).abs() < 0.04, "{asked} in {takes} s");
    // Who is told knows it after five ways of 200 ms, 5 ms of work, the network's 426 ms, and the wait for
    // those before in one of six partitions (M/G/1 with 1 a second, E[S²] = 0.268 s²: 0.268 / (2 · 0.574) =
    // 233 ms): 1.66 s. Who asks can be told after five ways, 5, 426 and 60 ms, 1.49 s, but asks only at 0.905 s,
    // which arrives 200 ms later, and every 902 ms from then on: at 1.105 s nobody is done, at 2.007 s all but
    // P(S + Exp(60 ms) > 0.942 s) = 7 %, and at 2.909 s all but 0.5 %: 2.007 + 0.076 · 0.902 + 0.202 s back = 2.28 s.
    // Of 108 customers the difference has a standard deviation of 0.09 s.
    let healthy = |name: &str| {
        let column = of(name);
        let users = column.workload("customers").unwrap();
        // Whoever comes later than that may meet the outage.
        let part = Part { from: Time::ZERO, until: Time::from_secs_f64(18.0), buckets: 1 };
        let survey = Survey::new(Script::default(), end_of(&column.model), vec![part]);
        let found = work_out(survey, &mut Runs::new(column.model.clone(), column.model.seed, 0));
        found.parts[0][0].figure(Figure::Outcome(users, Stat::Mean)).unwrap()
    };
    assert!((healthy("notify") - 1.66).abs() < 0.2, "{}", healthy("notify"));
    assert!((healthy("poll") - 2.28).abs() < 0.1, "{}", healthy("poll"));
    let later = healthy("poll") - healthy("notify");
    assert!((later - 0.61).abs() < 0.2, "{later}");
    // Knowledge: the ledger that is called is named by payments, and the one that listens by none.
    let known = |name: &str| {
        let column = of(name);
        let ledger = column.model.services.iter().position(|it| it.name == "ledger").unwrap();
        column.whole.figure(Figure::KnownBy(ServiceId::from_index(ledger)))
    };
    assert_eq!((known("call"), known("notify")), (Some(1.0), Some(0.0)));
}

#[test]
fn columns_have_the_same_arrivals_and_say_so() {
    let fair = compare::fairness(&columns(&shipped("payment")));
    assert!(fair.different.is_empty(), "{:?}", fair.different);
    assert!(fair.same[0].ends_with("arrivals at the same instants"), "{:?}", fair.same);
    assert!(fair.same.contains(&"what is drawn for each arrival".to_owned()));
    // Another rate is another world.
    let other = compare::fairness(&columns(&shipped("mm1k")));
    assert!(other.different.iter().any(|it| it.starts_with("arrivals")), "{other:?}");
}

#[test]
fn every_clause_of_a_sentence_is_true_of_its_column_and_not_of_others() {
    let mut seen = Vec::new();
    for name in ["payment", "lost_ack"] {
        let columns = columns(&shipped(name));
        let rows = compare::rows(&columns);
        for (place, column) in columns.iter().enumerate() {
            let clauses = sentence::clauses(&columns, &rows, place);
            assert!(!clauses.is_empty(), "{name} {}", column.name);
            for clause in &clauses {
                assert!(clause.holds(column), "{clause:?} of {}", column.name);
            }
            seen.push(format!("{}: {}", column.name, sentence::sentence(&clauses)));
        }
    }
    // A clause that says something else of another column does not hold there.
    let columns = columns(&shipped("payment"));
    let rows = compare::rows(&columns);
    let of_call = sentence::clauses(&columns, &rows, 1);
    assert!(!of_call[0].holds(&columns[0]), "{of_call:?}");
    assert!(seen[0].contains("while ledger is down, customers do not notice it"), "{seen:#?}");
    assert!(
        seen[1].contains("of the customers are not served, and 2 other parts show errors or stop"),
        "{seen:#?}"
    );
    assert!(seen[2].contains("questions taught nothing"), "{seen:#?}");
}

/// Of each shipped scenario: a column whose figures are not all another's says something else.
#[test]
fn sentences_tell_columns_apart() {
    for entry in library::entries() {
        let columns = columns(&shipped(entry.name));
        let rows = compare::rows(&columns);
        let all: Vec<String> = (0..columns.len())
            .map(|it| sentence::sentence(&sentence::clauses(&columns, &rows, it)))
            .collect();
        for (place, sentence) in all.iter().enumerate().filter(|_| columns.len() > 1) {
            assert!(!sentence.is_empty(), "{} {}", entry.name, columns[place].name);
            let is_apart = |other: usize| {
                rows.iter().any(|it| match (it.values[place], it.values[other]) {
                    (Some(one), Some(other)) => !compare::reads_the_same(one, other),
                    _ => false,
                })
            };
            for other in (0..place).filter(|it| is_apart(*it)) {
                assert_ne!(*sentence, all[other], "{}", entry.name);
            }
        }
    }
    let storm = columns(&shipped("retry_storm"));
    let rows = compare::rows(&storm);
    let naive = sentence::sentence(&sentence::clauses(&storm, &rows, 0));
    assert!(naive.contains("none of the customers is served"), "{naive}");
    // Whoever wrote it has one look at that.
    assert!(naive.ends_with("at the end: sold 79, charged 533."), "{naive}");
    // What matters most is said where nothing breaks, too: who is served, and what is lost in the end.
    let said = |name: &str, column: &str| {
        let columns = columns(&shipped(name));
        let place = columns.iter().position(|it| it.name == column).unwrap();
        sentence::sentence(&sentence::clauses(&columns, &compare::rows(&columns), place))
    };
    let call = said("paying", "call");
    assert!(
        call.starts_with("21.") && call.contains("% of the customers are not served"),
        "{call}"
    );
    let poll = said("paying", "poll");
    assert!(poll.starts_with("all customers are served"), "{poll}");
    let forgotten = said("replay", "forgotten");
    assert!(forgotten.contains("and 9999 never will be applied"), "{forgotten}");
    // What it is about stands on the cards.
    let orders = said("dual_write", "state first");
    assert!(orders.starts_with("at the end: orders 1200, parcels 1187"), "{orders}");
    let two_steps = said("no_acid", "two steps");
    assert!(two_steps.ends_with("at the end: wrong readings 42."), "{two_steps}");
}

#[test]
fn what_is_expected_is_said_in_a_sentence() {
    let scenario = read(
        r#"Scenario(format: 1, title: "said", events: { "Job": Event() }, requests: { "Ask": Request() },
            topics: { "jobs": Queue() },
            workloads: { "users": Workload(arrivals: Every("1s"), event: "Job",
                do: [Call(to: "shop", request: "Ask", timeout: "1s"), Publish("Job", "jobs")]) },
            services: { "shop": Service(answers: { "Ask": [] }),
                "ledger": Service(stores: { "sum": Counter(projection_of: "jobs") },
                    consumes: { "jobs": Consume(on: { "Job": [Update(store: "sum", increment: true)] }) }) },
            faults: [Crash(service: "shop", at: "3s", for: "1s")],
            variants: { "one": Variant(sentence: "One."), "two": Variant(sentence: "Two.") },
            expect: [
                Measured(that: Near(Available("users"), 0.42, 0.15), variants: ["one"], during: Fault(1)),
                Measured(that: Below(In("two", Free("users", P99)), Over(In("one", Free("users", P99)), 10))),
                Always(that: AtMost(Lag("ledger", "jobs"), 4), variants: ["one"], during: Between("0s", "4s")),
                Never(that: Above(AnomaliesSoFar("ledger", "sum", AppliedTwice), 0), variants: ["two"]),
                Within(limit: "2s", after: Mended(1), that: Equal(Up("shop"), 1), variants: ["two"]),
            ])"#,
    );
    let variants: Vec<(&str, &Model)> =
        scenario.variants.iter().map(|it| (it.name.as_str(), &*it.model)).collect();
    let said: Vec<String> =
        scenario.expect.iter().map(|it| words::expectation(it, &variants)).collect();
    assert_eq!(
        said,
        [
            "While shop is down, the share of users that are served is within 15 % of 42 %.",
            "The p99 of the time until users are free again is below the p99 of the time until users \
             are free again in “one” divided by 10.",
            "At every instant from 0 s to 4 s, how far ledger is behind on jobs is at most 4.",
            "At no instant, the number of anomalies “applied twice” of ledger’s sum so far is above 0.",
            "Within 2 s after the end of “shop is down”, the number of running instances of shop is 1.",
        ]
    );
    // Of what ships too, and not as the file has it.
    for entry in library::entries() {
        let scenario = shipped(entry.name);
        let variants: Vec<(&str, &Model)> =
            scenario.variants.iter().map(|it| (it.name.as_str(), &*it.model)).collect();
        for it in &scenario.expect {
            let said = words::expectation(it, &variants);
            assert!(said.ends_with('.') && !said.contains("(\""), "{}: {said}", entry.name);
        }
    }
}

#[test]
fn shipped_scenarios_show_what_they_say_and_breaking_one_is_seen() {
    // Those of queueing theory are long, and have a test of their own.
    for name in library::entries().iter().map(|it| it.name).filter(|it| !it.starts_with("queueing"))
    {
        let scenario = shipped(name);
        assert!(scenario.expect.len() >= 3, "{name} guards its point");
        for it in judged(&scenario) {
            let expectation = &scenario.expect[it.expectation];
            let found = judge::words(expectation, &it.verdict);
            assert!(it.verdict.passed, "{name}: {}: {found}", expectation.text);
        }
    }
    // A ledger that is down for a moment only no longer stops the shop.
    let text = library::find("payment").unwrap().text;
    let broken = text.replace("at: \"20s\", for: \"8s\"", "at: \"20s\", for: \"200ms\"");
    assert_ne!(text, broken);
    let scenario = read(&broken);
    let failed: Vec<_> = judged(&scenario).into_iter().filter(|it| !it.verdict.passed).collect();
    assert!(failed.iter().any(|it| {
        scenario.expect[it.expectation].text.contains("Near(Available(\"customers\"), 0.42")
    }));
}

/// One store that counts up every second, from 1 s on.
fn counting(expect: &str) -> Vec<Judged> {
    judged(&read(&format!(
        r#"Scenario(format: 1, title: "counting", until: "10s", services: {{ "clock": Service(
            stores: {{ "ticks": Counter() }}, timers: [Every("1s", [Update(store: "ticks", increment: true)])]) }},
            faults: [Crash(service: "clock", at: "4500ms", for: "1s")],
            expect: [{expect}])"#
    )))
}

#[test]
fn instants_decide_when_a_claim_must_hold() {
    let ticks = "Total(\"clock\", \"ticks\")";
    let verdict = |expect: &str| counting(expect).remove(0).verdict;
    let passes_at = |expect: &str, at: f64| {
        let it = verdict(expect);
        assert!(it.passed, "{expect}: {it:?}");
        assert_eq!(it.at, Time::from_secs_f64(at), "{expect}: {it:?}");
    };
    let fails_at = |expect: &str, at: f64| {
        let it = verdict(expect);
        assert!(!it.passed, "{expect}: {it:?}");
        assert_eq!(it.at, Time::from_secs_f64(at), "{expect}: {it:?}");
    };
    passes_at(&format!("Always(that: AtMost({ticks}, 4), during: Between(\"0s\", \"4s\"))"), 4.0);
    fails_at(&format!("Always(that: Below({ticks}, 3))"), 3.0);
    fails_at(&format!("Never(that: Equal({ticks}, 2))"), 2.0);
    passes_at(&format!("Never(that: Equal({ticks}, 99))"), 10.0);
    passes_at(&format!("Eventually(that: Equal({ticks}, 3))"), 3.0);
    fails_at(&format!("Eventually(that: Equal({ticks}, 99))"), 10.0);
    passes_at(&format!("By(at: \"3s\", that: Equal({ticks}, 3))"), 3.0);
    fails_at(&format!("By(at: \"2500ms\", that: Equal({ticks}, 3))"), 2.5);
    // Down at 4.5 s, up at 5.5 s.
    passes_at("Within(limit: \"1s\", after: Broken(1), that: Equal(Up(\"clock\"), 0))", 4.5);
    passes_at("Within(limit: \"2s\", after: Broken(1), that: Equal(Up(\"clock\"), 1))", 5.5);
    fails_at("Within(limit: \"500ms\", after: Broken(1), that: Equal(Up(\"clock\"), 1))", 5.0);
    // What is measured is what is so when the span is over; a span begins with what is so then.
    passes_at(&format!("Measured(that: Equal({ticks}, 4), during: Fault(1))"), 5.5);
    passes_at(
        &format!("Always(that: Equal({ticks}, 2), during: Between(\"2500ms\", \"2900ms\"))"),
        2.9,
    );
}

#[test]
fn what_has_no_meaning_meets_no_claim() {
    let it = counting(
        "Measured(that: AtLeast(Over(1, Total(\"clock\", \"ticks\")), 0), during: Between(\"0s\", \"500ms\"))",
    );
    assert!(!it[0].verdict.passed);
    assert_eq!(it[0].verdict.left, None);
}

#[test]
fn a_caller_slows_down_with_whom_it_calls_and_a_publisher_does_not() {
    // Five jobs a second; the second service takes 100 ms, and four times as long when it is slow:
    // then it gets 2.5 a second done, half as many, at a quarter of its speed.
    let text = |first: &str, more: &str| {
        format!(
            r#"Scenario(format: 1, title: "slow", events: {{ "Job": Event() }}, requests: {{ "Do": Request() }},
            links: Links(default: Link(latency: "0ms")), {more}
            workloads: {{ "users": Workload(arrivals: Every("200ms"), event: "Job", do: [Send(to: "first", event: "Job")]) }},
            services: {{ "first": Service(workers: 1, answers: {{ "Job": [{first}] }}), {} }})"#,
            if more.is_empty() {
                r#""second": Service(workers: 1, answers: { "Do": [Work("100ms")] })"#
            } else {
                r#""second": Service(workers: 1, consumes: { "jobs": Consume(on: { "Job": [Work("100ms")] }) })"#
            }
        )
    };
    let elasticity = |text: String| {
        let model = read(&text).variants[0].model.clone();
        let named = |name: &str| {
            ServiceId::from_index(model.services.iter().position(|it| it.name == name).unwrap())
        };
        let (from, until) = (Time::from_secs_f64(20.0), Time::from_secs_f64(120.0));
        let slow =
            Slowdown { watched: named("first"), slowed: named("second"), factor: 4.0, from, until };
        let mut runs = Runs::new(model.clone(), 1, 1 << 20);
        let [healthy, slowed] = slow
            .surveys(&Script::default(), until)
            .map(|it| work_out(it, &mut runs).parts.remove(0).remove(0));
        slow.elasticity(&healthy, &slowed).unwrap()
    };
    let call = elasticity(text("Call(to: \"second\", request: \"Do\")", ""));
    assert!((call - 0.5 / 0.75).abs() < 0.01, "{call}");
    let event = elasticity(text("Publish(\"Job\", \"jobs\")", "topics: { \"jobs\": Log() },"));
    assert!(event.abs() < 0.01, "{event}");
}

#[test]
fn who_hands_over_and_waits_for_nothing_is_not_said_to_be_served() {
    // A third of the orders is turned away, and nobody who orders is told so.
    let columns = columns(&shipped("load_levelling"));
    let labels: Vec<String> = compare::rows(&columns).into_iter().map(|it| it.label).collect();
    assert!(labels.iter().any(|it| it == "Messages turned away or lost"), "{labels:?}");
    assert!(!labels.iter().any(|it| it.starts_with("Completed")), "{labels:?}");
    // That is the first difference: in the burst, where there is room for ten.
    let found = first_turned_away(&columns).unwrap();
    assert_eq!(found.text, "a message is turned away at fulfilment in no queue");
    let at = found.at.as_secs_f64();
    let queue = columns[0].whole.slot.turned_away;
    assert!((60.0..61.5).contains(&at) && queue.is_some_and(|it| it.0 == found.at), "{at}");
    let unbounded = columns.iter().find(|it| it.name == "unbounded").unwrap();
    assert_eq!(unbounded.whole.slot.turned_away, None);
}

#[test]
fn a_spread_is_students() {
    // Mean 2, deviation 1, standard error 1/√3, t with two degrees of freedom 4.303.
    let spread = Spread::of(&[1.0, 2.0, 3.0]).unwrap();
    assert!((spread.mean - 2.0).abs() < 1e-12);
    assert!((spread.half_width.unwrap() - 4.303 / 3_f64.sqrt()).abs() < 1e-9);
    assert_eq!((spread.least, spread.most, spread.runs), (1.0, 3.0, 3));
    assert_eq!(Spread::of(&[5.0]).unwrap().half_width, None);
    assert_eq!(Spread::of(&[]), None);
}

#[test]
fn what_never_was_seen_is_bounded_by_the_rule_of_three() {
    assert!((Spread::rule_of_three(3000) - 0.001).abs() < 1e-12);
    assert_eq!(Spread::rule_of_three(0), 1.0);
    // Rows that are counts of what can happen to each say to how many; details stand only where
    // there is something.
    let columns = columns(&shipped("lost_ack"));
    let rows = compare::rows(&columns);
    let row = |label: &str| rows.iter().find(|it| it.label == label);
    let published: Vec<u64> = columns.iter().map(|it| it.whole.published_to(None)).collect();
    assert_eq!(row("Anomalies per thousand events").unwrap().trials, published);
    let twice = row("· applied twice (duplicate)").unwrap();
    assert!(twice.values[0].unwrap() > 0.0 && twice.values[2] == Some(0.0), "{twice:?}");
    assert!(row("· stale write (lost-update)").is_none());
    assert!(row("Parts to run and watch").unwrap().trials.is_empty());
}

#[test]
fn strategies_are_good_for_what_their_names_say() {
    let scenario = shipped("lost_ack");
    let model = matrix::without_faults(&scenario.variants[0].model);
    let end = end_of(&model);
    let consumer = matrix::consumers(&model).remove(0);
    let ways = matrix::ways(&model, &consumer);
    let twice = |way: &str, harm: Harm| {
        let strategy = &ways.iter().find(|it| it.0 == way).unwrap().1;
        let mut runs = Runs::new(model.clone(), model.seed, Runs::SMALL_BYTES);
        let script = matrix::script(&mut runs, &model, end, &consumer, strategy, harm);
        let found = work_out(matrix::survey(script, end), &mut runs);
        let figure = Figure::Anomalies(None, Some(AnomalyKind::AppliedTwice));
        found.parts[0][0].figure(figure).unwrap()
    };
    assert_eq!(twice("naive", Harm::None), 0.0);
    assert!(twice("naive", Harm::Duplicate) > 10.0);
    // Twelve acks were lost, of messages that then came again, each applied twice.
    assert_eq!(twice("naive", Harm::LostAck), 12.0);
    for harm in Harm::ALL {
        assert_eq!(twice("inbox", harm), 0.0, "{}", harm.name());
    }
    assert_eq!(twice("idempotent, in memory", Harm::LostAck), 0.0);
    assert!(
        scenario.variants[0]
            .model
            .faults
            .iter()
            .any(|it| { matches!(it.kind, FaultKind::Crash { .. }) })
    );
}

#[test]
fn every_figure_says_what_it_means() {
    let of_cards = meaning("what a card shows");
    for name in ["payment", "exactly_once", "paying", "load_levelling"] {
        let columns = columns(&shipped(name));
        let over = [Over::Whole, Over::Healthy, Over::Outage].into_iter();
        let rows = over.flat_map(|it| compare::rows_over(&columns, it));
        for row in rows.chain(compare::all_rows(&columns)) {
            let is_of_cards = meaning(&row.label) == of_cards;
            assert_eq!(is_of_cards, row.good == Good::Neither, "{}", row.label);
        }
    }
}
