//! What a picture costs the processor, from state to triangles: `cargo bench --bench frame`
//! (words after `--` choose cases by name).
//!
//! Each case plays a scenario in the window's own code without a screen, with the worker done,
//! or busy simulating on its own thread. Prints the median, the 99th of a hundred and the worst
//! picture in ms; what the GPU does with the triangles is not in it. Then, in the same way, how long
//! it takes from a deed to the first picture of the future that it makes.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]

use std::path::PathBuf;
use std::time::Instant;

use egui::{Context, RawInput, Rect, Vec2};
use inflight::app::{Command, Options, Settings};
use inflight::gui::Shell;
use inflight::history::MAIN;
use inflight::model::{Act, FaultKind, ServiceId, Time};

const PICTURES: usize = 600;
const DT: f64 = 1.0 / 60.0;

/// So many events under way on the links between so many services.
fn crowd(services: u32, in_flight: u32) -> String {
    let rate = f64::from(in_flight) / f64::from(services);
    let parts = |it: u32| {
        (
            format!(
                "\"w{it}\": Workload(arrivals: Poisson(per_second: {rate}), event: \"Job\",
                 do: [Send(to: \"s{it}\", event: \"Job\")]),"
            ),
            format!("\"s{it}\": Service(workers: 9, answers: {{ \"Job\": [] }}),"),
        )
    };
    let (workloads, services): (String, String) = (0..services).map(parts).unzip();
    format!(
        "Scenario(format: 1, title: \"crowd\", until: \"20s\", events: {{ \"Job\": Event() }},
         links: Links(default: Link(latency: \"1s\")),
         workloads: {{ {workloads} }}, services: {{ {services} }})"
    )
}

fn picture(context: &Context, shell: &mut Option<Shell>, options: &Options, time: f64) -> f64 {
    let input = RawInput {
        screen_rect: Some(Rect::from_min_size(egui::Pos2::ZERO, Vec2::new(1440.0, 900.0))),
        time: Some(time),
        predicted_dt: DT as f32,
        ..RawInput::default()
    };
    let begin = Instant::now();
    let mut output = context.run_ui(input, |ui| {
        let new = || Shell::new(ui.ctx(), Settings::default(), options.clone(), None);
        shell.get_or_insert_with(new).ui(ui);
    });
    let triangles = context.tessellate(output.shapes, output.pixels_per_point);
    let seconds = begin.elapsed().as_secs_f64();
    std::hint::black_box(triangles);
    // No graphics card is there to take them.
    output.textures_delta.clear();
    seconds
}

fn case(name: &str, file: Option<PathBuf>, from: f64, is_done: bool) {
    let context = Context::default();
    let options = Options { file, ..Options::default() };
    let (mut shell, mut time) = (None, 0.0);
    let mut next = |shell: &mut Option<Shell>| {
        time += DT;
        picture(&context, shell, &options, time)
    };
    next(&mut shell);
    while is_done && !shell.as_ref().unwrap().app().run.progress.done {
        next(&mut shell);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    shell.as_mut().unwrap().update(Command::SeekTo(Time::from_secs_f64(from)));
    shell.as_mut().unwrap().update(Command::Play);
    while shell.as_ref().unwrap().app().run.answer.is_none() {
        next(&mut shell);
    }
    next(&mut shell);
    let begin = Instant::now();
    let mut times: Vec<f64> = (0..PICTURES)
        .map(|_| {
            let taken = next(&mut shell);
            // The rest of a sixtieth of a second is left to the worker, as a screen leaves it.
            std::thread::sleep(std::time::Duration::from_secs_f64((DT - taken).max(0.0)));
            taken
        })
        .collect();
    let wall = begin.elapsed().as_secs_f64();
    let app = shell.as_ref().unwrap().app();
    let flying = app.run.answer.as_ref().map_or(0, |it| it.scene.in_flight());
    let busy = if app.run.progress.done { "idle" } else { "busy" };
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times[(times.len() - 1) * share / 100] * 1e3;
    println!(
        "{name:<38} {flying:>9} {busy:>7} {:>8.2} {:>8.2} {:>8.2} {:>9.1}",
        at(50),
        at(99),
        at(100),
        times.len() as f64 / wall
    );
}

/// How often something is done to a run.
const DEEDS: u64 = 60;

/// From a deed at a random instant of a run that is simulated to its end until the window shows
/// the new future at the playhead, the rest of which is still simulated then.
fn future(name: &str, file: PathBuf) {
    let context = Context::default();
    let options = Options { file: Some(file), ..Options::default() };
    let (mut shell, mut time) = (None, 0.0);
    let mut next = |shell: &mut Option<Shell>| {
        time += DT;
        picture(&context, shell, &options, time)
    };
    let pause = || std::thread::sleep(std::time::Duration::from_millis(1));
    next(&mut shell);
    shell.as_mut().unwrap().update(Command::Pause);
    let records = loop {
        next(&mut shell);
        let progress = &shell.as_ref().unwrap().app().run.progress;
        if progress.done {
            break progress.records;
        }
        pause();
    };
    let end = shell.as_ref().unwrap().app().run.end().unwrap();
    let service = shell.as_ref().unwrap().app().model().services.iter();
    let service = service.clone().position(|it| it.workload.is_none()).unwrap();
    let (mut times, mut longest) = (Vec::new(), 0.0_f64);
    for number in 0..DEEDS {
        // Spread over the run, in no order.
        let at = Time(end.0 / DEEDS * (number * 37 % DEEDS) + number);
        shell.as_mut().unwrap().update(Command::SwitchBranch(MAIN));
        shell.as_mut().unwrap().update(Command::SeekTo(at));
        while !shell.as_ref().unwrap().app().run.serves(at) {
            next(&mut shell);
            pause();
        }
        let kind = FaultKind::Slow { service: ServiceId::from_index(service), factor: 2.0 };
        let begin = Instant::now();
        shell.as_mut().unwrap().update(Command::Act(Act::Break { kind, lasts: None }));
        loop {
            longest = longest.max(next(&mut shell));
            if shell.as_ref().unwrap().app().run.serves(at) {
                break;
            }
            pause();
        }
        // The picture that was just made may be of before.
        longest = longest.max(next(&mut shell));
        times.push(begin.elapsed().as_secs_f64());
        shell.as_mut().unwrap().update(Command::Undo);
    }
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times[(times.len() - 1) * share / 100] * 1e3;
    println!(
        "{name:<38} {records:>9} {:>8.2} {:>8.2} {:>8.2} {:>14.2}",
        at(50),
        at(99),
        at(100),
        longest * 1e3
    );
}

fn written(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("inflight-bench-{name}.ron"));
    std::fs::write(&path, text).unwrap();
    path
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let case = |name: &str, file, from, is_done| {
        if wanted.is_empty() || wanted.iter().any(|it| name.contains(it.as_str())) {
            case(name, file, from, is_done);
        }
    };
    println!(
        "{:<38} {:>9} {:>7} {:>8} {:>8} {:>8} {:>9}",
        "ms a picture", "in flight", "worker", "median", "p99", "worst", "pictures/s"
    );
    case("payment, in the outage", None, 21.0, true);
    let payment = inflight::scenario::library::find("payment").unwrap().text;
    let long = payment.replace("until: \"60s\"", "until: \"100h\"");
    assert_ne!(long, payment);
    case("payment of 100 hours", Some(written("long", &long)), 21.0, false);
    case("20 services", Some(written("20", &crowd(20, 2_000))), 5.0, true);
    case("2 links, 50 000 events", Some(written("50k", &crowd(2, 50_000))), 2.0, true);
    case("500 services, 20 000 events", Some(written("500", &crowd(500, 20_000))), 2.0, true);
    println!(
        "\n{:<38} {:>9} {:>8} {:>8} {:>8} {:>14}",
        "ms from a deed to its future", "records", "median", "p99", "worst", "worst picture"
    );
    let future = |name: &str, text: &str| {
        if wanted.is_empty() || wanted.iter().any(|it| name.contains(it.as_str())) {
            future(name, written("future", text));
        }
    };
    future("future: payment", &payment.replace("until: \"60s\"", "until: \"45min\""));
    let busy = crowd(20, 2_000).replace("until: \"20s\"", "until: \"120s\"");
    future("future: 20 services, 2 000 events", &busy);
}
